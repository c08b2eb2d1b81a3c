"""bo3.gg: fetching and parsing of matches, maps and players, against a local server."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.etl.id_register import Identities
from pipelines.etl.rebuild import rebuild
from pipelines.sources import bo3gg_requests
from pipelines.sources.base import RowKind, SourceError
from pipelines.sources.bo3gg import Bo3ggSource
from pipelines.sources.bo3gg_responses import NOT_STORED
from tests.testkit.bo3gg_host import (
    DISCIPLINE,
    GAMES_OF,
    NOW,
    SINCE,
    TODAY,
    Bo3ggHost,
    bo3gg_game,
    bo3gg_match,
    bo3gg_player_stats,
    bo3gg_source,
)
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
    played = bo3gg_match(game["match_id"], team1={"id": 1, "name": "Isurus"}, winner_team_id=1, games=[game])
    host = Bo3ggHost(played, games=(game,))
    host.player_stats[game["id"]] = [stats]
    with bo3gg_source(host, postgres_url) as (source, _):
        matches = {match["id"]: match for match in upcoming["results"]}
        source.cache.store("match", matches.items(), days=dict.fromkeys(matches, date(2025, 11, 12)))
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
    known |= {"team1_source_id", "team2_source_id"}
    assert set(rows[RowKind.FIXTURE][0]) == known
    assert set(rows[RowKind.SERIES][0]) == known | {"winner", "team1_players", "team2_players", "veto"}


def test_a_map_whose_clans_match_no_team_is_rejected(postgres_url: str) -> None:
    unknown = bo3gg_game(1, winner_clan_name="one", loser_clan_name="two")
    with bo3gg_source(Bo3ggHost(bo3gg_match(7), games=(unknown,)), postgres_url) as (source, _):
        rows_of(source)
        rebuilt = rebuild(source.published(TODAY).frames, Identities())
    assert rebuilt.rejections()["winner is neither 1 nor 2"] == 1


def test_a_later_poll_requests_the_list_only(postgres_url: str) -> None:
    old = [bo3gg_match(number, NOW - timedelta(days=20)) for number in range(100, 104)]
    host = Bo3ggHost(*old, bo3gg_match(7), games=(bo3gg_game(1),))
    with bo3gg_source(host, postgres_url) as (source, server):
        assert len(rows_of(source)[RowKind.SERIES]) == 5
        n_requests = len(server.requests)
        host.matches[-1]["winner_team_id"] = 1  # the host corrects a result
        winners = {row["row_key"]: row["winner"] for row in rows_of(source)[RowKind.SERIES]}
        assert winners["7"] == "1"
        assert [request.path for request in server.requests[n_requests:]] == ["/api/v1/matches"]


def test_late_statistics_are_requested_once_the_match_says_that_it_has_some(postgres_url: str) -> None:
    host = Bo3ggHost(bo3gg_match(7, parsed_status="waiting"), games=(bo3gg_game(1),))
    host.player_stats[10] = []
    with bo3gg_source(host, postgres_url) as (source, server):
        assert RowKind.PLAYER_MAP not in rows_of(source)
        assert not [request for request in server.requests if "players_stats" in request.path]
        host.player_stats[10] = bo3gg_player_stats(10)
        host.matches[0]["parsed_status"] = "done"
        assert len(rows_of(source)[RowKind.PLAYER_MAP]) == 10


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"bo_type": "3"}, "match 7: field bo_type"),
        ({"team1": {"id": 1, "title": "Alpha"}}, "match 7: field team1.name"),
    ],
)
def test_a_changed_field_is_named_and_its_response_stored(
    changes: dict[str, Any], problem: str, postgres_url: str
) -> None:
    changed = bo3gg_match(7, **changes)
    with bo3gg_source(Bo3ggHost(changed), postgres_url) as (source, _):
        source.poll()
        with pytest.raises(SourceError, match=problem):
            source.published(TODAY)
        [(_, stored)] = source.cache.load("match")
        assert stored.items() >= {name: value for name, value in changed.items() if name not in NOT_STORED}.items()


@pytest.mark.parametrize("field", ["start_date", "discipline_id"])
def test_a_match_without_day_or_game_is_named_and_its_page_stored(field: str, postgres_url: str) -> None:
    answer = {"results": [bo3gg_match(7) | {field: None}]}
    with bo3gg_source(lambda _: Reply(answer), postgres_url) as (source, _):
        with pytest.raises(SourceError, match=f"bo3gg /matches: match 7: field {field}"):
            source.poll()
        assert source.cache.load("unexpected") == [(0, {"path": "/matches", "answer": answer})]


def test_a_response_of_another_structure_is_named_and_stored(postgres_url: str) -> None:
    problem = "bo3gg /matches: field results is missing or not a list"
    with bo3gg_source(lambda _: Reply({"data": [1]}), postgres_url) as (source, _):
        with pytest.raises(SourceError, match=problem):
            source.poll()
        assert source.cache.load("unexpected") == [(0, {"path": "/matches", "answer": {"data": [1]}})]


def test_other_games_are_dropped_where_the_host_ignores_the_filter(postgres_url: str) -> None:
    others = [bo3gg_match(number, discipline_id=2) for number in range(100, 350)]
    host = Bo3ggHost(*others, bo3gg_match(7, NOW - timedelta(hours=2)), games=(bo3gg_game(1),))
    host.unknown_filters = {DISCIPLINE}
    with bo3gg_source(host, postgres_url) as (source, _):
        rows = rows_of(source)
        assert source.cache.load_keys("match") == {7}
    assert [row["row_key"] for row in rows[RowKind.MAP]] == ["7/10"]


def test_other_days_stop_the_source_where_the_host_ignores_the_filter(postgres_url: str) -> None:
    host = Bo3ggHost(bo3gg_match(1, NOW - timedelta(days=900)), bo3gg_match(7))
    host.unknown_filters = {SINCE}
    with bo3gg_source(host, postgres_url) as (source, _):
        with pytest.raises(SourceError, match=r"match 1 starts .* ignores the filter of start_date"):
            source.poll()
        assert source.cache.load_keys("match") == set()


def test_games_of_other_matches_are_dropped_where_the_host_ignores_the_filter(postgres_url: str) -> None:
    host = Bo3ggHost(bo3gg_match(7), games=(bo3gg_game(1), bo3gg_game(2, match_id=99)))
    host.unknown_filters = {GAMES_OF}
    host.games[0]["winner_clan_name"], host.games[0]["loser_clan_name"] = "one", "two"
    with bo3gg_source(host, postgres_url) as (source, _):
        rows_of(source)
        assert [(key, len(games)) for key, games in source.cache.load("games")] == [(7, 1)]


def test_a_host_with_shorter_pages_is_read_to_the_end(postgres_url: str) -> None:
    host = Bo3ggHost(*(bo3gg_match(number, NOW - timedelta(hours=number)) for number in range(1, 25)))
    host.max_page = 7
    with bo3gg_source(host, postgres_url) as (source, _):
        assert len(rows_of(source)[RowKind.SERIES]) == 24


def test_many_matches_at_one_time_are_read_to_the_end(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bo3gg_requests, "PAGE_SIZE", 10)
    host = Bo3ggHost(*(bo3gg_match(number) for number in range(1, 26)))
    with bo3gg_source(host, postgres_url) as (source, _):
        assert len(rows_of(source)[RowKind.SERIES]) == 25


UNKNOWN_CLANS = {"winner_clan_name": "one", "loser_clan_name": "two"}


def test_clans_that_fit_no_team_are_resolved_by_the_ids_of_the_host(postgres_url: str) -> None:
    host = Bo3ggHost(bo3gg_match(7), games=(bo3gg_game(1, **UNKNOWN_CLANS),))
    host.player_stats[10] = bo3gg_player_stats(10, ("one", "two"))
    host.clans[10] = {
        "winner_team_clan": {"clan_name": "one", "team_id": 1}, "loser_team_clan": {"clan_name": "two", "team_id": None}
    }  # fmt: skip
    with bo3gg_source(host, postgres_url) as (source, _):
        [row] = rows_of(source)[RowKind.MAP]
    assert (row["winner"], row["score1"], row["score2"]) == ("1", "13", "6")
    assert row["team1_players"] == "player00|player01|player02|player03|player04"


def test_clans_that_fit_no_team_are_resolved_by_the_score_of_the_maps(postgres_url: str) -> None:
    first, second = bo3gg_game(1, **UNKNOWN_CLANS), bo3gg_game(2, **UNKNOWN_CLANS)
    host = Bo3ggHost(bo3gg_match(7, maps_score=[True, False]), games=(first, second))
    with bo3gg_source(host, postgres_url) as (source, server):
        rows = rows_of(source)[RowKind.MAP]
        assert not [request for request in server.requests if request.path.endswith("/games")]
    assert [(row["winner"], row["score1"], row["score2"]) for row in rows] == [("1", "13", "6"), ("2", "6", "13")]


def test_vetoes_and_player_ids_are_landed(postgres_url: str) -> None:
    host = Bo3ggHost(bo3gg_match(7), games=(bo3gg_game(1),))
    steps = ((3, 3, None, "de_ancient"), (1, 2, 1, "de_nuke"), (2, 1, 2, "de_mirage"))
    host.vetoes[7] = [
        {"order": order, "choice_type": choice, "team_id": team, "maps": {"map_name": name}}
        for order, choice, team, name in steps
    ]
    with bo3gg_source(host, postgres_url) as (source, _):
        rows = rows_of(source)
        rebuilt = rebuild(source.published(TODAY).frames, Identities())
    assert rows[RowKind.SERIES][0]["veto"] == "ban Alpha Nuke|pick Team Beta Mirage|decider Ancient"
    assert rows[RowKind.MAP][0]["team2_player_ids"] == "0|1|2|3|4"
    line = rows[RowKind.PLAYER_MAP][0]
    assert (line["player_id"], line["player_slug"], line["steam_profile_id"]) == ("0", "player00-cs-go", "900")
    assert rebuilt.rejected() == 0


def test_a_player_without_a_nickname_has_the_name_of_his_page(postgres_url: str) -> None:
    host = Bo3ggHost(bo3gg_match(7), games=(bo3gg_game(1),))
    for line in host.player_stats[10]:
        line["steam_profile"]["player"]["nickname"] = None
    host.player_stats[10][0]["steam_profile"]["player"] = None
    with bo3gg_source(host, postgres_url) as (source, _):
        [row] = rows_of(source)[RowKind.MAP]
    assert row["team2_players"] == "player01|player02|player03|player04|steam00"


def test_a_map_without_statistics_on_the_host_stops_nothing(postgres_url: str) -> None:
    host = Bo3ggHost(bo3gg_match(7), games=(bo3gg_game(1), bo3gg_game(2)))
    del host.player_stats[10]
    with bo3gg_source(host, postgres_url) as (source, _):
        assert len(rows_of(source)[RowKind.PLAYER_MAP]) == 10
