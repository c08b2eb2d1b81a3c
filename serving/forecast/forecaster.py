"""Answers the questions of requests in flight together: numpy takes as long for one map as for thirty."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol

from cs2.messages import ForecastRequest
from serving.forecast.event_publisher import MAX_GROUP, EventPublisher
from serving.forecast.predict import Answered, answer_maps
from serving.forecast.resolve import ResolvedRequest
from serving.forecast.serving_snapshot import ServingSnapshot


class Asker(Protocol):
    """Who asks."""

    @property
    def snapshot(self) -> ServingSnapshot:
        """From which the answer has to come."""
        ...

    def event(self, request: ForecastRequest, found: Answered) -> bytes:
        """The event that tells of the answer, as JSON."""
        ...


@dataclass(slots=True)
class _Asked:
    question: ResolvedRequest
    request: ForecastRequest
    asker: Asker
    kept: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    found: Answered | None = None


class Forecaster:
    """Computes, before each turn of the publisher, the questions that came during the last one.

    A question that comes alone is computed at once. The more come, the less each costs.
    """

    def __init__(self, publisher: EventPublisher) -> None:
        self._publisher = publisher
        self._asked: list[_Asked] = []
        publisher.before_turn = self._answer

    async def answer(self, question: ResolvedRequest, request: ForecastRequest, asker: Asker) -> Answered:
        """The answer, once its event is in the history's keeping.

        Args:
            question: What is asked, understood.
            request: The same, as it was asked.
            asker: Who asks.

        Raises:
            ProblemError: If it cannot be answered or kept.
        """
        self._publisher.require_room(len(self._asked))
        asked = _Asked(question, request, asker)
        self._asked.append(asked)
        self._publisher.wake()
        await asked.kept
        assert asked.found is not None
        return asked.found

    def _answer(self) -> None:
        waiting, self._asked = self._asked, []
        for snapshot, of_bundle in groupby(waiting, key=lambda asked: asked.asker.snapshot):
            group = list(of_bundle)
            for start in range(0, len(group), MAX_GROUP):
                self._answer_group(snapshot, group[start : start + MAX_GROUP])

    def _answer_group(self, snapshot: ServingSnapshot, group: Sequence[_Asked]) -> None:
        try:
            answers = answer_maps(snapshot, [asked.question for asked in group])
            events = [asked.asker.event(asked.request, found) for asked, found in zip(group, answers, strict=True)]
        except Exception as error:  # noqa: BLE001 - it is raised again in the request that it belongs to
            if len(group) > 1:
                for asked in group:
                    self._answer_group(snapshot, [asked])
            elif not group[0].kept.done():  # a client that went away has cancelled it
                group[0].kept.set_exception(error)
            return
        for asked, found, event in zip(group, answers, events, strict=True):
            asked.found = found
            self._publisher.keep([event], asked.kept)
