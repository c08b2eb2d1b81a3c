"""PandaScore's matches from a local server that pages, filters and sorts as theirs does."""

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pyrate_limiter import Duration, Rate

from cs2.settings import Settings, SourceName, get_settings
from pipelines.defs.etl.sensors import new_results_sensor
from pipelines.etl.ids import Identities
from pipelines.etl.rebuild import rebuild
from pipelines.sources import incremental as polled
from pipelines.sources import pandascore
from pipelines.sources.base import RowKind, SourceError
from pipelines.sources.http import JsonApi
from pipelines.sources.pandascore import PandaScoreSource
from pipelines.sources.registry import make_source
from pipelines.sources.response_cache import ResponseCache
from tests.testkit.web import Reply, Request, Site, site

TODAY = date(2026, 9, 1)
TOKEN = "a-secret-of-the-tests"


def match(number: int, **changes: Any) -> dict[str, Any]:
    """In the shape of ../shared/data/samples/pandascore; ``test_the_sample_is_read`` reads the sample itself."""
    sides = [{"type": "Team", "opponent": {"id": team, "name": name}} for team, name in ((1, "Alpha"), (2, "Beta"))]
    found = {
        "id": number,
        "status": "finished",
        "scheduled_at": "2026-08-10T11:00:00Z",
        "begin_at": "2026-08-10T11:05:00Z",
        "modified_at": f"2026-08-10T13:{number // 60:02}:{number % 60:02}Z",
        "match_type": "best_of",
        "number_of_games": 3,
        "forfeit": False,
        "draw": False,
        "winner_id": 2,
        "opponents": sides,
        "league": {"name": "League"},
        "serie": {"full_name": "Summer 2026"},
        "tournament": {"tier": "s", "type": "offline"},
        "odds": {"team1": 1.01},
    }
    return found | changes


class Host:
    """Its matches, and what it does to requests."""

    def __init__(self, *matches: dict[str, Any]) -> None:
        self.matches = list(matches)
        self.down: Reply | None = None

    def __call__(self, request: Request) -> Reply:
        if self.down is not None:
            return self.down
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply({"error": "Token is missing"}, status=401)
        assert request.path == "/csgo/matches"
        assert request.params["sort"] == "modified_at"
        since, _ = request.params["range[modified_at]"].split(",")
        size, number = int(request.params["page[size]"]), int(request.params["page[number]"])
        found = sorted((m for m in self.matches if m["modified_at"] >= since), key=lambda m: m["modified_at"])
        return Reply(found[size * (number - 1) : size * number], headers={"X-Total": str(len(found))})


@contextmanager
def connected(host: Host, database_url: str, *, pause: float = 0.0) -> Iterator[tuple[PandaScoreSource, Site]]:
    with site(host) as server:

        def connect() -> JsonApi:
            return JsonApi(server.url, rates=(Rate(1_000, Duration.SECOND),), token=TOKEN, sleep=lambda _: None)

        yield PandaScoreSource(ResponseCache(database_url, SourceName.PANDASCORE), connect, every_seconds=pause), server


def look(source: PandaScoreSource) -> dict[RowKind, list[dict[str, str]]]:
    assert source.fingerprint(TODAY) is not None
    frames = source.published(TODAY).frames
    return {kind: frame.to_dict("records") for kind, frame in frames.items()}  # type: ignore[misc]


@pytest.mark.real_data
def test_the_sample_is_read(postgres_url: str, shared_data: Path) -> None:
    sample = json.loads((shared_data / "samples" / "pandascore" / "match_shape.json").read_text())
    with connected(Host(sample), postgres_url) as (source, _):
        [row] = look(source)[RowKind.SERIES]
    assert (row["team1"], row["team2"], row["winner"], row["best_of"]) == ("A", "B", "1", "3")
    assert (row["date"], row["event"], row["tier"]) == ("2026-08-10", "L L Summer 2026", "s")


def test_a_finished_match_is_a_series_and_one_to_come_a_fixture(postgres_url: str) -> None:
    coming = match(2, status="not_started", begin_at=None, scheduled_at="2026-10-03T18:00:00Z", winner_id=None)
    with connected(Host(match(1), coming), postgres_url) as (source, _):
        rows = look(source)
        rebuilt = rebuild(source.published(TODAY).frames, Identities())
    assert [row["row_key"] for row in rows[RowKind.SERIES]] == ["1"]
    [fixture] = rows[RowKind.FIXTURE]
    assert (fixture["date"], fixture["start_time"], fixture["best_of"]) == ("2026-10-03", "2026-10-03T18:00:00Z", "3")
    assert fixture["month"] == "2026-09-01"  # there is no partition of a month to come
    assert rebuilt.rejected() == 0
    assert rebuilt.tables.series["best_of"].tolist() == [3]
    assert rebuilt.tables.events["name"].tolist() == ["League Summer 2026"]


@pytest.mark.parametrize(
    "changes", [{"forfeit": True}, {"draw": True}, {"status": "canceled"}, {"winner_id": None}, {"opponents": []}]
)
def test_what_was_not_played_out_is_no_result(changes: dict[str, Any], postgres_url: str) -> None:
    with connected(Host(match(1, **changes)), postgres_url) as (source, _):
        assert look(source) == {}


def test_prices_are_in_no_row(postgres_url: str) -> None:
    with connected(Host(match(1), match(2, status="not_started")), postgres_url) as (source, _):
        for rows in look(source).values():
            assert not any("odds" in name or "1.01" in value for row in rows for name, value in row.items())


def test_all_pages_are_fetched_also_where_a_page_is_of_one_moment(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pandascore, "PAGE_SIZE", 3)
    same = [match(number, modified_at="2026-08-10T13:00:07Z") for number in range(10, 18)]
    with connected(Host(*map(match, range(7)), *same, match(40)), postgres_url) as (source, _):
        assert len(look(source)[RowKind.SERIES]) == 16


def test_a_match_that_changes_while_it_is_paged_shifts_no_other_out_of_sight(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pandascore, "PAGE_SIZE", 3)
    host = Host(*map(match, range(9)))

    def shifting(request: Request) -> Reply:
        reply = host(request)
        host.matches[0] = match(0, modified_at="2026-08-10T14:00:00Z")  # to the end, as soon as the first page is out
        return reply

    with connected(shifting, postgres_url) as (source, _):  # type: ignore[arg-type]
        assert len(look(source)[RowKind.SERIES]) == 9


def test_a_later_look_asks_only_for_what_changed_and_sees_the_correction(postgres_url: str) -> None:
    host = Host(match(1), match(2))
    with connected(host, postgres_url) as (source, server):
        look(source)
        first = source.fingerprint(TODAY)
        host.matches[0] = match(1, winner_id=1, modified_at="2026-08-12T00:00:00Z")
        rows = look(source)[RowKind.SERIES]
        assert source.fingerprint(TODAY) != first
    assert [row["winner"] for row in rows] == ["1", "2"]
    assert server.requests[-1].params["range[modified_at]"].startswith("2026-08-1")


def test_between_two_looks_nothing_is_asked(postgres_url: str) -> None:
    with connected(Host(match(1)), postgres_url, pause=3600) as (source, server):
        assert source.fingerprint(TODAY) == source.fingerprint(TODAY)
        assert len(server.requests) == 1


def test_a_long_fetch_goes_on_where_the_last_look_ended(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pandascore, "PAGE_SIZE", 2)
    monkeypatch.setattr(polled, "STEP_SECONDS", 0.0)
    with connected(Host(*map(match, range(7))), postgres_url, pause=3600) as (source, _):
        looks = [source.fingerprint(TODAY) for _ in range(20)]
        done = next(number for number, seen in enumerate(looks) if seen is not None)
        assert 2 <= done < 10  # None: still fetching, so that the sensor waits
        assert len(source.published(TODAY).frames[RowKind.SERIES]) == 7


def test_a_pause_that_the_host_asks_for_is_kept_over_looks(postgres_url: str) -> None:
    host = Host(match(1))
    host.down = Reply(status=429, headers={"Retry-After": "3600"})
    with connected(host, postgres_url) as (source, server):
        for _ in range(3):
            with pytest.raises(SourceError, match="asks to wait 3600 s"):
                source.fingerprint(TODAY)
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
def test_a_changed_field_stops_the_source_by_name_and_its_answer_is_kept(
    changes: dict[str, Any], field: str, postgres_url: str
) -> None:
    with connected(Host(match(1), match(2, **changes)), postgres_url) as (source, _):
        assert source.fingerprint(TODAY) is not None
        with pytest.raises(SourceError, match=rf"pandascore match 2: field {field}"):
            source.published(TODAY)
        kept = dict(source.payloads.all("match"))
    assert kept[2] == json.loads(json.dumps(match(2, **changes)))


def test_a_field_that_is_gone_is_named(postgres_url: str) -> None:
    broken = copy.deepcopy(match(1))
    broken["number_games"] = broken.pop("number_of_games")
    with connected(Host(broken), postgres_url) as (source, _):
        source.fingerprint(TODAY)
        with pytest.raises(SourceError, match="field number_of_games: Field required"):
            source.published(TODAY)


def test_an_answer_without_time_of_change_is_named(postgres_url: str) -> None:
    with site(lambda _: Reply([{"id": 1, "changed_at": "2026"}])) as server:
        source = PandaScoreSource(
            ResponseCache(postgres_url, SourceName.PANDASCORE),
            lambda: JsonApi(server.url, rates=(Rate(1_000, Duration.SECOND),)),
            every_seconds=0,
        )
        with pytest.raises(SourceError, match="field modified_at is missing or no str"):
            source.fingerprint(TODAY)


def test_pages_out_of_order_are_not_taken_for_complete_ones(postgres_url: str) -> None:
    with site(lambda _: Reply([match(2), match(1)])) as server:
        source = PandaScoreSource(
            ResponseCache(postgres_url, SourceName.PANDASCORE),
            lambda: JsonApi(server.url, rates=(Rate(1_000, Duration.SECOND),)),
            every_seconds=0,
        )
        with pytest.raises(SourceError, match="not in the order of modified_at"):
            source.fingerprint(TODAY)


def test_texts_that_postgresql_would_refuse_as_jsonb_are_kept_as_they_came(postgres_url: str) -> None:
    odd = match(1, league={"name": "NUL \x00 and half a pair \ud800"})
    payloads = ResponseCache(postgres_url, SourceName.PANDASCORE)
    payloads.keep("match", [(1, odd), (1, odd)])
    version = payloads.version()
    payloads.keep("match", [(1, odd)])
    assert payloads.all("match") == [(1, odd)]
    assert payloads.version() == version  # the same answer is no news
    payloads.keep("match", [(1, match(1))])
    assert payloads.version() != version
    assert ResponseCache(postgres_url, SourceName.BO3GG).all("match") == []


def test_without_a_token_the_sensor_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_token_comes_from_the_environment_and_shows_nowhere(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CS2_PANDASCORE_TOKEN", TOKEN)
    with site(Host(match(1))) as server:
        settings = Settings(
            sources=(SourceName.PANDASCORE,), database_url=postgres_url, pandascore_url=server.url, data_dir=tmp_path
        )
        source = make_source(SourceName.PANDASCORE, settings)
        assert source.fingerprint(TODAY) is not None
        assert len(source.published(TODAY).frames[RowKind.SERIES]) == 1
    assert TOKEN not in repr(settings) + settings.model_dump_json()
    notes = [source.payloads.note(name) for name in ("modified_at", "not_before", "problem")]
    assert TOKEN not in str([source.payloads.all("match"), source.payloads.all("unread"), notes])
    assert list(tmp_path.rglob("*")) == []  # nothing is kept in files
