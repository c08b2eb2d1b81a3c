"""Forecasts of matches to come, as events for the history: what serving would have answered."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from uuid_utils import uuid7

from cs2.answers import contributions_by_feature, players_on_both_sides, series_answer
from cs2.contracts import ModelUsed, Named, SeriesEvent, SeriesRequest, TeamUsed
from cs2.forecasting.history import UNKNOWN, Fixtures
from cs2.forecasting.model import MapModel
from cs2.forecasting.series import forecast_series
from cs2.forecasting.snapshot import RatingSnapshot
from cs2.storage.models import MlModel
from pipelines.automatic.due import Due

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecaster:
    """Model, ratings and names of one moment.

    Attributes:
        row: The model's row.
        model: The model.
        snapshots: Ratings by id.
        maps: Names of maps by id.
        players: Nicknames by id.
        clock: Tells the moment.
    """

    row: MlModel
    model: MapModel
    snapshots: Mapping[int, RatingSnapshot]
    maps: Mapping[int, str]
    players: Mapping[int, str]
    clock: Callable[[], datetime]

    def event(self, due: Due) -> SeriesEvent | None:
        """The forecast of a match, each team with its latest five; None where it has begun meanwhile."""
        began = time.perf_counter()
        snapshot = self.snapshots[due.snapshot_id]
        lineups = [snapshot.latest_lineup(team.id) for team in due.teams]
        fixture = Fixtures(
            map_id=np.array([UNKNOWN]),
            team_ids=np.array([[team.id for team in due.teams]]),
            player_ids=np.array([[lineup or [UNKNOWN] * 5 for lineup in lineups]]),
            day=np.array([(due.played_on - EPOCH) // timedelta(days=1)]),
        )
        found = forecast_series(self.model, snapshot, fixture, due.best_of)
        one, two = (self._used(team, lineup) for team, lineup in zip(due.teams, lineups, strict=True))
        now = self.clock()
        event_id = str(uuid7(nanoseconds=int(now.timestamp() * 1e9)))
        answer = series_answer(
            found,
            forecast_id=event_id,
            best_of=due.best_of,
            is_on_named_maps=False,
            map_name=lambda number: self.maps.get(number, str(number)),
            warnings=[*found.warnings, *players_on_both_sides(one, two)],
            model=ModelUsed(
                version=self.row.version,
                trained_through=self.row.trained_through,
                ratings_as_of=EPOCH + timedelta(days=snapshot.as_of),
            ),
            teams=(one, two),
            played_on=due.played_on,
        )
        if now >= due.start_time:
            return None
        return SeriesEvent(
            event_id=event_id,
            occurred_at=now,
            user_id=None,
            fixture_id=due.fixture_id,
            contributions=contributions_by_feature(found.contributions),
            model_version=self.row.version,
            snapshot_id=due.snapshot_id,
            latency_ms=(time.perf_counter() - began) * 1000,
            request=SeriesRequest(team1_id=one.id, team2_id=two.id, best_of=due.best_of, played_on=due.played_on),
            response=answer,
        )

    def _used(self, team: Named, lineup: list[int] | None) -> TeamUsed:
        players = [Named(id=player, name=self.players.get(player, str(player))) for player in lineup or ()]
        return TeamUsed(id=team.id, name=team.name, players=players)
