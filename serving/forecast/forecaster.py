"""Answers the questions of requests in flight together: numpy takes as long for one map as for thirty."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol

from serving.forecast.bundle import Bundle
from serving.forecast.outbox import Outbox
from serving.forecast.questions import Question
from serving.forecast.service import Answered, answer_maps


class Asker(Protocol):
    """Who waits for an answer."""

    @property
    def bundle(self) -> Bundle:
        """From which the answer has to come."""
        ...

    def event(self, found: Answered) -> bytes:
        """The event that tells of the answer, as JSON."""
        ...


@dataclass(slots=True)
class _Asked:
    question: Question
    asker: Asker
    kept: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    found: Answered | None = None


class Forecaster:
    """Computes, in one go, the questions that come in one turn of the event loop, and has their events kept.

    Alone, a question waits for nobody: the turn ends at once.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._asked: list[_Asked] = []

    async def answer(self, question: Question, asker: Asker) -> Answered:
        """The answer, once its event is in the history's keeping.

        Raises:
            ProblemError: If it cannot be answered or kept.
        """
        asked = _Asked(question, asker)
        if not self._asked:
            asyncio.get_running_loop().call_soon(self._answer)
        self._asked.append(asked)
        await asked.kept
        assert asked.found is not None
        return asked.found

    def _answer(self) -> None:
        waiting, self._asked = self._asked, []
        for bundle, of_bundle in groupby(waiting, key=lambda asked: asked.asker.bundle):
            group = list(of_bundle)
            try:
                self._answer_group(bundle, group)
            except Exception as error:  # noqa: BLE001 - it is raised again, in the request that it belongs to
                if len(group) == 1:
                    _fail(group[0], error)
                else:
                    self._one_by_one(bundle, group)

    def _one_by_one(self, bundle: Bundle, group: Sequence[_Asked]) -> None:
        """A question that cannot be answered fails its own request only."""
        for asked in group:
            try:
                self._answer_group(bundle, [asked])
            except Exception as error:  # noqa: BLE001 - as above
                _fail(asked, error)

    def _answer_group(self, bundle: Bundle, group: Sequence[_Asked]) -> None:
        answers = answer_maps(bundle, [asked.question for asked in group])
        events = [asked.asker.event(found) for asked, found in zip(group, answers, strict=True)]
        for asked, found, event in zip(group, answers, events, strict=True):
            asked.found = found
            self._outbox.keep([event], asked.kept)


def _fail(asked: _Asked, error: Exception) -> None:
    if not asked.kept.done():  # a client that went away has cancelled it
        asked.kept.set_exception(error)
