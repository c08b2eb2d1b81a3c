"""PandaScore: fetching, parsing, and the state of polling, against a local server."""

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from cs2.settings import Settings, SourceName, get_settings
from pipelines.defs.etl.sensors import new_results_sensor
from pipelines.etl.id_register import Identities
from pipelines.etl.rebuild import rebuild
from pipelines.sources import incremental, pandascore
from pipelines.sources.base import RowKind, SourceError
from pipelines.sources.pandascore import PandaScoreSource
from pipelines.sources.registry import make_source
from pipelines.sources.response_cache import ResponseCache
from tests.testkit.pandascore_host import TOKEN, PandaScoreHost, pandascore_match, pandascore_source, polled_rows
from tests.testkit.web import Reply, Request, site

TODAY = date(2026, 9, 1)


def poll(source: PandaScoreSource) -> str | None:
    source.poll()
    return source.fingerprint(TODAY)


def rows_of(source: PandaScoreSource) -> dict[RowKind, list[dict[str, str]]]:
    return polled_rows(source, TODAY)


@pytest.mark.real_data
def test_the_sample_is_read(postgres_url: str, shared_data: Path) -> None:
    sample = json.loads((shared_data / "samples" / "pandascore" / "match_shape.json").read_text())
    with pandascore_source(PandaScoreHost(sample), postgres_url) as (source, _):
        [row] = rows_of(source)[RowKind.SERIES]
    assert (row["team1"], row["team2"], row["winner"], row["best_of"]) == ("A", "B", "1", "3")
    assert (row["date"], row["event"], row["tier"]) == ("2026-08-10", "L L Summer 2026", "s")


def test_finished_matches_are_series_and_announced_ones_fixtures(postgres_url: str) -> None:
    changes = {"status": "not_started", "begin_at": None, "scheduled_at": "2026-10-03T18:00:00Z", "winner_id": None}
    host = PandaScoreHost(pandascore_match(1), pandascore_match(2, **changes))
    with pandascore_source(host, postgres_url) as (source, _):
        rows = rows_of(source)
        rebuilt = rebuild(source.published(TODAY).frames, Identities())
    assert [row["row_key"] for row in rows[RowKind.SERIES]] == ["1"]
    [fixture] = rows[RowKind.FIXTURE]
    assert (fixture["date"], fixture["start_time"], fixture["best_of"]) == ("2026-10-03", "2026-10-03T18:00:00Z", "3")
    assert fixture["month"] == "2026-09-01"  # the partitions end with the running month
    assert rebuilt.rejected() == 0
    assert rebuilt.tables.series["best_of"].tolist() == [3]
    assert rebuilt.tables.events["name"].tolist() == ["League Summer 2026"]


@pytest.mark.parametrize(
    "changes", [{"forfeit": True}, {"draw": True}, {"status": "canceled"}, {"winner_id": None}, {"opponents": []}]
)
def test_a_match_without_an_outcome_has_no_row(changes: dict[str, Any], postgres_url: str) -> None:
    with pandascore_source(PandaScoreHost(pandascore_match(1, **changes)), postgres_url) as (source, _):
        assert rows_of(source) == {}


def test_prices_are_in_no_row(postgres_url: str) -> None:
    host = PandaScoreHost(pandascore_match(1), pandascore_match(2, status="not_started"))
    with pandascore_source(host, postgres_url) as (source, _):
        for rows in rows_of(source).values():
            assert not any("odds" in name or "1.01" in value for row in rows for name, value in row.items())


def test_a_page_whose_matches_changed_at_one_time_is_passed(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pandascore, "PAGE_SIZE", 3)
    same_time = [pandascore_match(number, modified_at="2026-08-10T13:00:07Z") for number in range(10, 18)]
    host = PandaScoreHost(*map(pandascore_match, range(7)), *same_time, pandascore_match(40))
    with pandascore_source(host, postgres_url) as (source, _):
        assert len(rows_of(source)[RowKind.SERIES]) == 16


def test_a_match_that_changes_during_a_fetch_hides_no_other(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pandascore, "PAGE_SIZE", 3)
    host = PandaScoreHost(*map(pandascore_match, range(9)))

    def shifting(request: Request) -> Reply:
        reply = host(request)
        host.matches[0] = pandascore_match(0, modified_at="2026-08-10T14:00:00Z")  # moves to the end
        return reply

    with pandascore_source(shifting, postgres_url) as (source, _):
        assert len(rows_of(source)[RowKind.SERIES]) == 9


def test_a_later_poll_fetches_what_changed_only(postgres_url: str) -> None:
    host = PandaScoreHost(pandascore_match(1), pandascore_match(2))
    with pandascore_source(host, postgres_url) as (source, server):
        first = poll(source)
        host.matches[0] = pandascore_match(1, winner_id=1, modified_at="2026-08-12T00:00:00Z")
        rows = rows_of(source)[RowKind.SERIES]
        assert source.fingerprint(TODAY) != first
    assert [row["winner"] for row in rows] == ["1", "2"]
    requests = [request for request in server.requests if request.path == "/csgo/matches"]
    assert requests[-1].params["range[modified_at]"].startswith("2026-08-1")


def test_no_request_is_made_before_the_pause_is_over(postgres_url: str) -> None:
    host = PandaScoreHost(pandascore_match(1))
    with pandascore_source(host, postgres_url, pause_seconds=3600) as (source, server):
        assert poll(source) == poll(source) is not None
        assert [request.path for request in server.requests] == ["/csgo/matches", "/deletions"]


def test_a_fingerprint_makes_no_request_and_changes_no_state(postgres_url: str) -> None:
    with pandascore_source(PandaScoreHost(pandascore_match(1)), postgres_url) as (source, server):
        assert source.fingerprint(TODAY) is None  # the source has fetched no page yet
        assert server.requests == []
        source.poll()
        state, n_requests = source.cache.load_state(), len(server.requests)
        assert source.fingerprint(TODAY) == source.fingerprint(TODAY)
        assert (source.cache.load_state(), len(server.requests)) == (state, n_requests)


def test_a_long_fetch_continues_with_the_next_poll(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pandascore, "PAGE_SIZE", 2)
    monkeypatch.setattr(incremental, "STEP_SECONDS", 0.0)
    host = PandaScoreHost(*map(pandascore_match, range(7)))
    with pandascore_source(host, postgres_url, pause_seconds=3600) as (source, _):
        fingerprints = [poll(source) for _ in range(20)]
        n_incomplete = next(n for n, fingerprint in enumerate(fingerprints) if fingerprint is not None)
        assert 2 <= n_incomplete < 10
        assert len(source.published(TODAY).frames[RowKind.SERIES]) == 7


def test_a_pause_that_the_host_demands_holds_for_all_polls(postgres_url: str) -> None:
    host = PandaScoreHost(pandascore_match(1))
    host.failure = Reply(status=429, headers={"Retry-After": "3600"})
    with pandascore_source(host, postgres_url) as (source, server):
        for _ in range(3):
            with pytest.raises(SourceError, match="Retry-After 3600 s"):
                source.poll()
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"number_of_games": "3"}, "number_of_games"),
        ({"winner_id": {"id": 2}}, "winner_id"),
        ({"forfeit": 0}, "forfeit"),
        ({"opponents": [{"type": "Team", "opponent": {"id": 1, "title": "Alpha"}}]}, "opponents.0.opponent.name"),
        ({"begin_at": "tomorrow"}, "begin_at"),
    ],
)
def test_a_changed_field_is_named_and_its_response_stored(
    changes: dict[str, Any], field: str, postgres_url: str
) -> None:
    host = PandaScoreHost(pandascore_match(1), pandascore_match(2, **changes))
    with pandascore_source(host, postgres_url) as (source, _):
        assert poll(source) is not None
        with pytest.raises(SourceError, match=rf"pandascore match 2: field {field}"):
            source.published(TODAY)
        stored = dict(source.cache.load("match"))
    assert stored[2] == json.loads(json.dumps(pandascore_match(2, **changes)))


def test_a_missing_field_is_named(postgres_url: str) -> None:
    renamed = copy.deepcopy(pandascore_match(1))
    renamed["number_games"] = renamed.pop("number_of_games")
    with pandascore_source(PandaScoreHost(renamed), postgres_url) as (source, _):
        source.poll()
        with pytest.raises(SourceError, match="pandascore match 1: field number_of_games: Field required"):
            source.published(TODAY)


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ([{"id": 1, "changed_at": "2026"}], "field modified_at is missing or not str"),
        ([pandascore_match(2), pandascore_match(1)], "not sorted by modified_at"),
        ({"matches": []}, "not a list of matches"),
    ],
)
def test_a_page_of_another_structure_is_stored_and_named(page: Any, problem: str, postgres_url: str) -> None:
    with pandascore_source(lambda _: Reply(page), postgres_url) as (source, _):
        with pytest.raises(SourceError, match=f"pandascore /csgo/matches: {problem}"):
            source.poll()
        assert source.cache.load("unexpected") == [(0, {"path": "/csgo/matches", "answer": page})]
        assert source.cache.load_cursor() is None


def test_texts_that_jsonb_rejects_are_stored_as_received(postgres_url: str) -> None:
    odd = pandascore_match(1, league={"name": "NUL \x00 and half a pair \ud800"})
    cache = ResponseCache(postgres_url, SourceName.PANDASCORE)
    cache.store("match", [(1, odd), (1, odd)])
    version = cache.version()
    cache.store("match", [(1, odd)])
    assert cache.load("match") == [(1, odd)]
    assert cache.version() == version  # an equal response is not stored again
    cache.store("match", [(1, pandascore_match(1))])
    assert cache.version() != version
    assert ResponseCache(postgres_url, SourceName.BO3GG).load("match") == []


def test_without_a_token_the_sensor_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CS2_SOURCES", "pandascore")
    monkeypatch.delenv("CS2_PANDASCORE_TOKEN", raising=False)
    get_settings.cache_clear()
    try:
        with dg.DagsterInstance.ephemeral() as instance:
            skipped = new_results_sensor(dg.build_sensor_context(instance=instance))
    finally:
        get_settings.cache_clear()
    assert isinstance(skipped, dg.SkipReason)
    assert "set CS2_PANDASCORE_TOKEN in the environment" in str(skipped.skip_message)


def test_the_token_is_read_from_the_environment_and_never_shown(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CS2_PANDASCORE_TOKEN", TOKEN)
    with site(PandaScoreHost(pandascore_match(1))) as server:
        settings = Settings(
            sources=(SourceName.PANDASCORE,), database_url=postgres_url, pandascore_url=server.url, data_dir=tmp_path
        )
        source = make_source(SourceName.PANDASCORE, settings)
        assert isinstance(source, PandaScoreSource)
        assert poll(source) is not None
        assert len(source.published(TODAY).frames[RowKind.SERIES]) == 1
    assert TOKEN not in repr(settings) + settings.model_dump_json()
    cache = source.cache
    stored = [cache.load("match"), cache.load("unexpected"), cache.load_cursor(), cache.load_state()]
    assert TOKEN not in str(stored)
    assert list(tmp_path.rglob("*")) == []  # no file was written
