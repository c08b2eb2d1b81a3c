"""Stored forecasts are joined with results: each has its match, or a reason why it is not scored."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import numpy as np
import pytest
from sqlalchemy import text

from cs2.forecasting.evaluation.baselines import elo_log_odds, series_by_maps
from cs2.forecasting.matches import UNKNOWN, MatchQuestions
from cs2.forecasting.probability import sigmoid
from cs2.forecasting.ratings.engine import compute_ratings
from cs2.messages import FORECASTS_COLLECTION, OUTCOMES_COLLECTION, parse_outcome
from cs2.settings import SourceName, get_settings
from pipelines.defs.etl.assets import match_tables
from pipelines.defs.evaluation.assets import forecast_outcomes
from pipelines.defs.evaluation.sensors import evaluation_sensor
from pipelines.etl.landing import land
from pipelines.etl.repository import load_history
from pipelines.resources import Database, Mongo
from tests.testkit.documents import forecast
from tests.testkit.rows import A, B, C, Row, map_row, published, series_row

MATCHES = [
    *(map_row(f"2025-12-{day:02}", winner=1 + day % 3 // 2, team1_players=A, team2_players=B) for day in range(1, 15)),
    map_row("2026-01-05", map="Nuke", winner=2, team1_players=A, team2_players=B, hltv_match_id="1"),
    map_row("2026-01-05", map="Mirage", hltv_match_id="1", best_of="3", team1_rank="3", team2_rank="40"),
    map_row("2026-01-05", map="Train", hltv_match_id="1", best_of="3"),
    map_row("2026-01-12", map="Nuke", hltv_match_id="2"),
    map_row("2026-01-12", map="Nuke", winner=2, hltv_match_id="3"),
    map_row("2026-01-20", map="Nuke", hltv_match_id="4", winner_conflict="1"),
]
SERIES = [series_row("2026-01-25", "Alpha", "Gamma", winner=2, team2_players=C)]


class History:
    """The tables of results, the collection of forecasts, and the asset that joins them."""

    def __init__(self, database: Database, mongo: Mongo, instance: dg.DagsterInstance) -> None:
        self.database, self.mongo, self.instance = database, mongo, instance

    def play(self, maps: list[Row], series: list[Row] = SERIES) -> None:
        with self.database.engine() as engine, engine.begin() as connection:
            land(connection, SourceName.ARCHIVE, published(maps, series))
        assert dg.materialize([match_tables], instance=self.instance, resources={"database": self.database}).success

    def ids(self, table: str) -> dict[str, int]:
        with self.database.transaction() as session:
            return {row.name: row.id for row in session.execute(text(f"SELECT name, id FROM {table}"))}

    def store_forecast(
        self, played_on: str, *, map: str = "Nuke", team1: str = "Alpha", team2: str = "Beta", **more: Any
    ) -> str:
        teams, maps = self.ids("teams"), self.ids("maps")
        named = [maps[one] for one in more.pop("maps", ())] or None
        question = {"team1": teams[team1], "team2": teams[team2], "map_id": maps[map], "named_maps": named}
        document = forecast(played_on, **question, **more)
        with self.mongo.database() as stored:
            stored[FORECASTS_COLLECTION].insert_one(document)
        return str(document["_id"])

    def score(self) -> dict[str, Any]:
        resources = {"database": self.database, "mongo": self.mongo}
        result = dg.materialize([forecast_outcomes], instance=self.instance, resources=resources)
        (event,) = result.asset_materializations_for_node("forecast_outcomes")
        return {name: value.value for name, value in event.metadata.items()}

    def outcomes(self) -> dict[str, dict[str, Any]]:
        with self.mongo.database() as stored:
            return {document["_id"]: document for document in stored[OUTCOMES_COLLECTION].find()}


@pytest.fixture
def history(
    database: Database, mongo: Mongo, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> Iterator[History]:
    monkeypatch.setenv("CS2_SOURCES", "archive")
    monkeypatch.setenv("CS2_CLOCK_DATE", "2026-01-31")
    get_settings.cache_clear()
    history = History(database, mongo, instance)
    history.play(MATCHES)
    yield history
    get_settings.cache_clear()


def test_each_forecast_has_a_result_or_a_reason(history: History) -> None:
    five = [number for number, *_ in _players(history, A)]
    scored = {
        "as played": (history.store_forecast("2026-01-05"), 2),
        "sides exchanged": (history.store_forecast("2026-01-05", team1="Beta", team2="Alpha"), 1),
        "played a day late": (history.store_forecast("2026-01-04"), 2),
        "long before": (history.store_forecast("2026-01-05", as_of="2025-12-31"), 2),
        "the five who played": (history.store_forecast("2026-01-05", lineup1=five), 2),
        "series of maps": (history.store_forecast("2026-01-05", best_of=3), 1),
        "its maps named": (history.store_forecast("2026-01-05", best_of=3, maps=["Nuke", "Mirage", "Train"]), 1),
        "series without maps": (history.store_forecast("2026-01-25", best_of=1, team2="Gamma"), 2),
    }
    left_out = {
        "no result": [
            history.store_forecast("2026-01-06"),
            history.store_forecast("2026-01-03"),
            history.store_forecast("2026-01-05", team2="Gamma"),
            history.store_forecast("2026-01-05", best_of=5),
            history.store_forecast("9999-12-31"),
        ],
        "two matches of that kind on one day": [
            history.store_forecast("2026-01-12"),
            history.store_forecast("2026-01-11"),
        ],
        "the result is in doubt": [history.store_forecast("2026-01-20")],
        "results of the day or later were known": [
            history.store_forecast("2026-01-05", as_of="2026-01-05"),
            history.store_forecast("2026-01-05", trained_through="2026-01-05"),
        ],
        "another lineup or other maps than requested": [
            history.store_forecast("2026-01-05", lineup1=[*five[:4], 99]),
            history.store_forecast("2026-01-05", best_of=3, maps=["Nuke", "Mirage", "Nuke"]),
        ],
    }
    metadata = history.score()
    assert metadata["statuses"] == {"scored": len(scored), **{reason: len(ids) for reason, ids in left_out.items()}}
    winners = {forecast_id: document["winner"] for forecast_id, document in history.outcomes().items()}
    assert winners == dict(scored.values())


def test_an_outcome_has_day_tier_and_both_elos_before_it(history: History) -> None:
    on_nuke, exchanged = (
        history.store_forecast("2026-01-04"),
        history.store_forecast("2026-01-05", team1="Beta", team2="Alpha", map="Mirage"),
    )
    of_series = history.store_forecast("2026-01-05", best_of=3)
    history.score()
    outcomes = {forecast_id: parse_outcome(document) for forecast_id, document in history.outcomes().items()}
    assert {str(outcome.played_on) for outcome in outcomes.values()} == {"2026-01-05"}
    assert outcomes[on_nuke].tier == "others"
    assert outcomes[exchanged].tier == "both in the top 100, not both in the top 30"
    with history.database.one_state() as connection:
        known = load_history(connection)
    before = compute_ratings(known, through=20457)  # 2026-01-04
    teams = history.ids("teams")
    lineups = [[number for number, *_ in _players(history, side)] for side in (A, B)]
    question = MatchQuestions(
        map_id=np.array([history.ids("maps")["Nuke"]]),
        team_ids=np.array([[teams["Alpha"], teams["Beta"]]]),
        player_ids=np.array([lineups]),
        day=np.array([20458]),
    )
    assert (question.player_ids != UNKNOWN).all()
    log_odds = elo_log_odds(before.state, question)[0]
    assert abs(log_odds).min() > 0.01, "the Elos differ between the teams"
    assert list(outcomes[on_nuke].baselines.values()) == pytest.approx(sigmoid(log_odds).tolist())
    assert outcomes[exchanged].baselines["team_elo"] == pytest.approx(1 - sigmoid(log_odds[:1])[0])
    (series,) = series_by_maps(log_odds[:1], np.array([3]))
    assert outcomes[of_series].baselines["team_elo"] == pytest.approx(series)


def test_scoring_twice_writes_once_and_follows_corrections(history: History) -> None:
    one, other = history.store_forecast("2026-01-05"), history.store_forecast("2026-01-05", map="Mirage")
    first = history.score()
    assert (first["forecasts"], first["scored"], first["written"], first["removed"]) == (2, 2, 2, 0)
    before = history.outcomes()
    second = history.score()
    assert (second["scored"], second["written"], second["removed"]) == (2, 0, 0)
    assert history.outcomes() == before
    nuke, mirage, train, *later = MATCHES[14:]
    corrected = [
        *MATCHES[:14],
        {**nuke, "winner": "1", "score1": "13", "score2": "7"},
        mirage,
        {**train, "winner": "2", "score1": "7", "score2": "13"},  # a best-of-3 does not end 3:0
        *later,
    ]
    history.play(corrected)
    assert history.score()["written"] >= 1
    assert history.outcomes()[one]["winner"] == 1
    disputed = [*corrected[:15], {**corrected[15], "winner_conflict": "1"}, *corrected[16:]]
    history.play(disputed)
    assert history.score()["removed"] == 1
    assert set(history.outcomes()) == {one}
    assert other not in history.outcomes()


def test_new_results_and_a_new_day_start_a_run(
    history: History, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = None

    def tick() -> dg.RunRequest | dg.SkipReason:
        nonlocal cursor
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        decision = evaluation_sensor(context)
        cursor = context.cursor
        assert isinstance(decision, dg.RunRequest | dg.SkipReason)
        return decision

    assert isinstance(tick(), dg.RunRequest)
    assert isinstance(tick(), dg.SkipReason)
    history.play([*MATCHES, map_row("2026-01-30")])
    assert isinstance(tick(), dg.RunRequest), "new results"
    assert isinstance(tick(), dg.SkipReason)
    monkeypatch.setenv("CS2_CLOCK_DATE", "2026-02-01")
    get_settings.cache_clear()
    assert isinstance(tick(), dg.RunRequest), "a new day"
    assert evaluation_sensor.default_status is dg.DefaultSensorStatus.RUNNING
    with dg.DagsterInstance.ephemeral() as empty:
        assert isinstance(evaluation_sensor(dg.build_sensor_context(instance=empty)), dg.SkipReason)


def _players(history: History, lineup: str) -> list[tuple[int]]:
    query = text("SELECT id FROM players WHERE nickname = ANY(:names) ORDER BY id")
    with history.database.transaction() as session:
        return [(row.id,) for row in session.execute(query, {"names": lineup.split("|")})]
