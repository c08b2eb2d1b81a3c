"""bo3.gg: fetching and parsing of matches, maps and players, against a local server."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.etl.id_register import Identities
from pipelines.etl.rebuild import rebuild
from pipelines.sources import bo3gg
from pipelines.sources.base import RowKind, SourceError
from pipelines.sources.bo3gg import Bo3ggSource
from tests.testkit.bo3gg_host import NOW, TODAY, Bo3ggHost, bo3gg_game, bo3gg_match, bo3gg_player_stats, bo3gg_source
from tests.testkit.web import Reply


def rows_of(source: Bo3ggSource, today: date = TODAY) -> dict[RowKind, list[dict[str, str]]]:
    source.poll()
    assert source.fingerprint(today) is not None
    frames = source.published(today).frames
    return {kind: frame.to_dict("records") for kind, frame in frames.items()}  # type: ignore[misc]


def test_a_match_has_a_series_maps_with_lineups_and_statistics(postgres_url: str) -> None:
    host = Bo3ggHost(bo3gg_match(7), games=(bo3gg_game(1), bo3gg_game(2, map_name="de_nuke")))
    with bo3gg_source(host, postgres_url) as (source, _):
        rows = rows_of(source)
        rebuilt = rebuild(source.published(TODAY).frames, Identities())
    [series] = rows[RowKind.SERIES]
    assert (series["team1"], series["team2"], series["winner"], series["best_of"]) == ("Alpha", "Team Beta", "2", "3")
    first, second = rows[RowKind.MAP]
    assert (first["map"], second["map"], first["map_number"]) == ("Dust2", "Nuke", "1")
    assert (first["winner"], first["score1"], first["score2"]) == ("2", "6", "13")
    assert first["team2_players"] == "player00|player01|player02|player03|player04"
    assert rows[RowKind.PLAYER_MAP][0]["kast"] == "75.0"
    assert "rating" not in rows[RowKind.PLAYER_MAP][0]  # the host's rating has another scale
    assert rebuilt.rejected() == 0
    assert rebuilt.counts["series_rows_joined_to_maps"] == 1
    assert len(rebuilt.tables.player_map_stats) == 20
    assert rebuilt.tables.series["is_lan"].tolist() == [True]


@pytest.mark.real_data
def test_the_samples_are_read(postgres_url: str, shared_data: Path) -> None:
    samples = shared_data / "samples" / "bo3gg"
    upcoming, game, stats = (
        json.loads((samples / f"{name}.json").read_text()) for name in ("matches_list", "game", "players_stats_row")
    )
    stats["kast"] = 0.68  # the sample contains a description instead of a number
    played = bo3gg_match(game["match_id"], team1={"id": 1, "name": "Isurus"}, winner_team_id=1)
    host = Bo3ggHost(played, games=(game,))
    host.player_stats[game["id"]] = [stats]
    with bo3gg_source(host, postgres_url) as (source, _):
        source.cache.store("match", [(match["id"], match) for match in upcoming["results"]])
        rows = rows_of(source)
        [fixture] = [row for kind, row in source.rows(date(2025, 11, 11)) if kind is RowKind.FIXTURE]
    assert (fixture["team1"], fixture["team2"], fixture["date"]) == ("The MongolZ", "Passion UA", "2025-11-12")
    [played_map] = rows[RowKind.MAP]
    assert (played_map["winner"], played_map["score1"], played_map["score2"]) == ("1", "13", "6")
    assert rows[RowKind.PLAYER_MAP][0]["player"] == "ataraXia"


def test_prices_and_predictions_are_in_no_row(postgres_url: str) -> None:
    announced = bo3gg_match(8, NOW + timedelta(days=1), status="upcoming", winner_team_id=None)
    with bo3gg_source(Bo3ggHost(bo3gg_match(7), announced, games=(bo3gg_game(1),)), postgres_url) as (source, _):
        rows = rows_of(source)
    assert [row["row_key"] for row in rows[RowKind.FIXTURE]] == ["8"]
    known = {"row_key", "month", "date", "start_time", "event", "tier", "lan", "best_of", "team1", "team2"}
    assert set(rows[RowKind.FIXTURE][0]) == known
    assert set(rows[RowKind.SERIES][0]) == known | {"winner", "team1_players", "team2_players"}


def test_a_map_whose_clans_match_no_team_is_rejected(postgres_url: str) -> None:
    unknown = bo3gg_game(1, winner_clan_name="one", loser_clan_name="two")
    with bo3gg_source(Bo3ggHost(bo3gg_match(7), games=(unknown,)), postgres_url) as (source, _):
        rows_of(source)
        rebuilt = rebuild(source.published(TODAY).frames, Identities())
    assert rebuilt.rejections()["winner is neither 1 nor 2"] == 1


def test_a_later_poll_requests_the_last_days_only(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bo3gg, "PAGE_SIZE", 2)
    old = [bo3gg_match(number, NOW - timedelta(days=20)) for number in range(100, 104)]
    host = Bo3ggHost(*old, bo3gg_match(7), games=(bo3gg_game(1),))
    with bo3gg_source(host, postgres_url) as (source, server):
        assert len(rows_of(source)[RowKind.SERIES]) == 5
        n_requests = len(server.requests)
        host.matches[-1]["winner_team_id"] = 1  # the host corrects a result
        winners = {row["row_key"]: row["winner"] for row in rows_of(source)[RowKind.SERIES]}
        assert winners["7"] == "1"
        assert [request.path for request in server.requests[n_requests:]] == ["/api/v1/matches"]


def test_late_statistics_are_requested_with_the_next_poll(postgres_url: str) -> None:
    host = Bo3ggHost(bo3gg_match(7), games=(bo3gg_game(1),))
    host.player_stats[10] = []
    with bo3gg_source(host, postgres_url) as (source, _):
        assert RowKind.PLAYER_MAP not in rows_of(source)
        host.player_stats[10] = bo3gg_player_stats(10)
        assert len(rows_of(source)[RowKind.PLAYER_MAP]) == 10


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"bo_type": "3"}, "match 7: field bo_type"),
        ({"team1": {"id": 1, "title": "Alpha"}}, "match 7: field team1.name"),
        ({"start_date": 1762905600}, "match 7: field start_date"),
    ],
)
def test_a_changed_field_is_named_and_its_response_stored(
    changes: dict[str, Any], problem: str, postgres_url: str
) -> None:
    changed = bo3gg_match(7, **changes)
    with bo3gg_source(lambda _: Reply({"results": [changed]}), postgres_url) as (source, _):
        source.cache.store("games", [(7, [])])
        source.poll()
        with pytest.raises(SourceError, match=problem):
            source.published(TODAY)
        assert dict(source.cache.load("match"))[7] == changed


def test_a_response_of_another_structure_is_named_and_stored(postgres_url: str) -> None:
    problem = "bo3gg /matches: field results is missing or not a list"
    with bo3gg_source(lambda _: Reply({"data": [1]}), postgres_url) as (source, _):
        with pytest.raises(SourceError, match=problem):
            source.poll()
        assert source.cache.load("unexpected") == [(0, {"path": "/matches", "answer": {"data": [1]}})]
