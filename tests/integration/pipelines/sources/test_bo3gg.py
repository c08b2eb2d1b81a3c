"""bo3.gg's matches, maps and players from a local server that pages and filters as theirs does."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyrate_limiter import Duration, Rate

from cs2.settings import SourceName
from pipelines.etl.ids import Identities
from pipelines.etl.rebuild import rebuild
from pipelines.sources import bo3gg
from pipelines.sources.base import RowKind, SourceError
from pipelines.sources.bo3gg import Bo3ggSource
from pipelines.sources.http import JsonApi
from pipelines.sources.response_cache import ResponseCache
from tests.testkit.web import Reply, Request, Site, site

NOW = datetime.now(UTC)
TODAY = NOW.date()
YESTERDAY = NOW - timedelta(days=1)
TEAMS = {"team1": {"id": 1, "name": "Alpha"}, "team2": {"id": 2, "name": "Team Beta"}}


def match(number: int, begins: datetime = YESTERDAY, **changes: Any) -> dict[str, Any]:
    found = {
        "id": number, "status": "finished", "start_date": begins.strftime("%Y-%m-%dT%H:%M:%S.000+00:00"), "bo_type": 3,
        "tier": "s", "forfeit": False, "winner_team_id": 2, **TEAMS,
        "tournament": {"id": 5, "name": "Cup", "event_type": "lan"},
        "bet_updates": {"team_1": {"coeff": 1.01}, "team_2": {"coeff": 21.0}},
        "ai_predictions": {"prediction_winner_team_id": 1},
    }  # fmt: skip
    return found | changes


def game(number: int, **changes: Any) -> dict[str, Any]:
    found = {
        "id": 10 * number, "match_id": 7, "number": number, "map_name": "de_dust2", "status": "finished",
        "winner_clan_name": "BETA", "winner_clan_score": 13, "loser_clan_name": "alpha gg", "loser_clan_score": 6,
    }  # fmt: skip
    return found | changes


def lines(game_id: int) -> list[dict[str, Any]]:
    found = []
    for side, clan in enumerate(("BETA", "alpha gg")):
        for place in range(5):
            who = {"nickname": f"steam{side}{place}", "player": {"id": place, "nickname": f"player{side}{place}"}}
            found.append(
                {"id": 100 * game_id + 10 * side + place, "clan_name": clan, "kills": 20, "death": 11, "adr": 81.5,
                 "kast": 0.75, "player_rating": 6.1, "steam_profile": who}
            )  # fmt: skip
    return found


class Host:
    def __init__(self, *matches: dict[str, Any], games: tuple[dict[str, Any], ...] = ()) -> None:
        self.matches, self.games = list(matches), games
        self.players: dict[int, Any] = {one["id"]: lines(one["id"]) for one in games}

    def __call__(self, request: Request) -> Reply:
        path, params = request.path.removeprefix("/api/v1"), request.params
        if path == "/matches":
            assert params["filter[matches.discipline_id][eq]"] == "1"
            since = params["filter[matches.start_date][gt]"]
            found = sorted((m for m in self.matches if m["start_date"][:19] > since), key=lambda m: m["start_date"])
            first = int(params["page[offset]"])
            page = found[first : first + int(params["page[limit]"])]
            return Reply({"total": {"count": len(found)}, "results": page})
        if path == "/games":
            wanted = int(params["filter[games.match_id][eq]"])
            return Reply({"results": [one for one in self.games if one["match_id"] == wanted]})
        return Reply(self.players[int(path.split("/")[2])])


@contextmanager
def connected(host: Any, database_url: str) -> Iterator[tuple[Bo3ggSource, Site]]:
    with site(host) as server:

        def connect() -> JsonApi:
            url = f"{server.url}/api/v1"
            return JsonApi(url, rates=(Rate(1_000, Duration.SECOND),), sleep=lambda _: None)

        yield Bo3ggSource(ResponseCache(database_url, SourceName.BO3GG), connect, every_seconds=0), server


def look(source: Bo3ggSource, today: date = TODAY) -> dict[RowKind, list[dict[str, str]]]:
    assert source.fingerprint(today) is not None
    frames = source.published(today).frames
    return {kind: frame.to_dict("records") for kind, frame in frames.items()}  # type: ignore[misc]


def test_a_match_gives_its_series_its_maps_with_lineups_and_the_players_statistics(postgres_url: str) -> None:
    with connected(Host(match(7), games=(game(1), game(2, map_name="de_nuke"))), postgres_url) as (source, _):
        rows = look(source)
        rebuilt = rebuild(source.published(TODAY).frames, Identities())
    [series] = rows[RowKind.SERIES]
    assert (series["team1"], series["team2"], series["winner"], series["best_of"]) == ("Alpha", "Team Beta", "2", "3")
    first, second = rows[RowKind.MAP]
    assert (first["map"], second["map"], first["map_number"]) == ("Dust2", "Nuke", "1")
    assert (first["winner"], first["score1"], first["score2"]) == ("2", "6", "13")
    assert first["team2_players"] == "player00|player01|player02|player03|player04"
    assert rows[RowKind.PLAYER_MAP][0]["kast"] == "75.0"
    assert "rating" not in rows[RowKind.PLAYER_MAP][0]  # theirs is on another scale
    assert rebuilt.rejected() == 0
    assert rebuilt.counts["series_rows_joined_to_maps"] == 1
    assert len(rebuilt.tables.player_map_stats) == 20
    assert rebuilt.tables.series["is_lan"].tolist() == [True]


@pytest.mark.real_data
def test_the_samples_are_read(postgres_url: str, shared_data: Path) -> None:
    samples = shared_data / "samples" / "bo3gg"
    upcoming, one, line = (
        json.loads((samples / f"{name}.json").read_text()) for name in ("matches_list", "game", "players_stats_row")
    )
    line["kast"] = 0.68  # the sample describes it in words
    played = match(one["match_id"], team1={"id": 1, "name": "Isurus"}, winner_team_id=1)
    host = Host(played, games=(one,))
    host.players[one["id"]] = [line]
    with connected(host, postgres_url) as (source, _):
        source.payloads.keep("match", [(found["id"], found) for found in upcoming["results"]])
        rows = look(source)
        [fixture] = [
            row for kind, row in source.rows(date(2025, 11, 11)) if kind is RowKind.FIXTURE
        ]  # fmt: skip
    assert (fixture["team1"], fixture["team2"], fixture["date"]) == ("The MongolZ", "Passion UA", "2025-11-12")
    [played_map] = rows[RowKind.MAP]
    assert (played_map["winner"], played_map["score1"], played_map["score2"]) == ("1", "13", "6")
    assert rows[RowKind.PLAYER_MAP][0]["player"] == "ataraXia"


def test_prices_and_predictions_are_in_no_row(postgres_url: str) -> None:
    coming = match(8, NOW + timedelta(days=1), status="upcoming", winner_team_id=None)
    with connected(Host(match(7), coming, games=(game(1),)), postgres_url) as (source, _):
        rows = look(source)
    assert [row["row_key"] for row in rows[RowKind.FIXTURE]] == ["8"]
    known = {"row_key", "month", "date", "start_time", "event", "tier", "lan", "best_of", "team1", "team2"}
    assert set(rows[RowKind.FIXTURE][0]) == known
    assert set(rows[RowKind.SERIES][0]) == known | {"winner", "team1_players", "team2_players"}


def test_a_map_whose_clans_are_nobody_is_rejected_and_not_guessed(postgres_url: str) -> None:
    nobody = game(1, winner_clan_name="one", loser_clan_name="two")
    with connected(Host(match(7), games=(nobody,)), postgres_url) as (source, _):
        look(source)
        rebuilt = rebuild(source.published(TODAY).frames, Identities())
    assert rebuilt.rejections()["winner is neither 1 nor 2"] == 1


def test_nothing_is_asked_twice_but_the_last_days(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bo3gg, "PAGE_SIZE", 2)
    old = [match(number, NOW - timedelta(days=20)) for number in range(100, 104)]
    host = Host(*old, match(7), games=(game(1),))
    with connected(host, postgres_url) as (source, server):
        assert len(look(source)[RowKind.SERIES]) == 5
        asked = len(server.requests)
        host.matches[-1]["winner_team_id"] = 1  # a correction
        winners = {row["row_key"]: row["winner"] for row in look(source)[RowKind.SERIES]}
        assert winners["7"] == "1"
        assert [request.path for request in server.requests[asked:]] == ["/api/v1/matches"]


def test_statistics_that_come_late_are_asked_for_again(postgres_url: str) -> None:
    host = Host(match(7), games=(game(1),))
    host.players[10] = []
    with connected(host, postgres_url) as (source, _):
        assert RowKind.PLAYER_MAP not in look(source)
        host.players[10] = lines(10)
        assert len(look(source)[RowKind.PLAYER_MAP]) == 10


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"bo_type": "3"}, "match 7: field bo_type"),
        ({"team1": {"id": 1, "title": "Alpha"}}, "match 7: field team1.name"),
        ({"start_date": 1762905600}, "match 7: field start_date"),
    ],
)
def test_a_changed_field_stops_the_source_by_name_and_its_answer_is_kept(
    changes: dict[str, Any], told: str, postgres_url: str
) -> None:
    changed = match(7, **changes)
    with connected(lambda _: Reply({"results": [changed]}), postgres_url) as (source, _):
        source.payloads.keep("games", [(7, [])])
        source.fingerprint(TODAY)
        with pytest.raises(SourceError, match=told):
            source.published(TODAY)
        assert dict(source.payloads.all("match"))[7] == changed


def test_a_list_of_another_form_is_named_and_kept(postgres_url: str) -> None:
    problem = "bo3gg /matches: field results is missing or no list"
    with connected(lambda _: Reply({"data": [1]}), postgres_url) as (source, _):
        with pytest.raises(SourceError, match=problem):
            source.fingerprint(TODAY)
        assert source.payloads.all("unread") == [(0, {"path": "/matches", "answer": {"data": [1]}})]
