"""bo3.gg: weeks of polling on a virtual clock, against a host that is late, corrects itself and limits requests.

BO3GG_PER_DAY=60 pytest -s -k a_day_of_polls tests/integration/pipelines/sources/test_bo3gg_polling.py
"""

import os
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.etl.id_register import Identities
from pipelines.etl.rebuild import rebuild
from pipelines.sources import bo3gg_requests, incremental
from pipelines.sources.base import MonthlySource, RowKind, SourceError
from pipelines.sources.bo3gg import Bo3ggSource
from pipelines.sources.observation import SourceObservation, observe_source
from tests.testkit.bo3gg_host import PREFIX, SINCE, bo3gg_source, host_time
from tests.testkit.bo3gg_world import Bo3ggWorld, Clock

ORIGIN = datetime(2026, 8, 1, tzinfo=UTC)
BEGIN = ORIGIN + timedelta(days=31)
PER_DAY = 5
MEASURED_PER_DAY = int(os.environ.get("BO3GG_PER_DAY", "15"))


def world(clock: Clock, n_days: int, per_day: int = PER_DAY) -> Bo3ggWorld:
    """A host whose matches end ``n_days`` after its origin."""
    return Bo3ggWorld(clock, ORIGIN, n_days * per_day, per_day=per_day)


def poll(source: Bo3ggSource) -> None:
    """Poll until everything is fetched."""
    source.poll()
    while not source.cache.load_state().is_readable:
        source.poll()


def rows_of(source: Bo3ggSource, clock: Clock) -> dict[RowKind, list[dict[str, str]]]:
    frames = source.published(clock.now().date()).frames
    return {kind: frame.to_dict("records") for kind, frame in frames.items()}  # type: ignore[misc]


def expected_maps(host: Bo3ggWorld, first: int, last: int) -> dict[str, str]:
    """Winner of each map, by key of its row."""
    return {
        f"{number + 1}/{game['id']}": str(host.winner(number))
        for number in range(first, last)
        if host.is_listed(number)
        for game in host.games_of(number)
    }


def test_after_a_week_of_downtime_all_maps_arrive(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(incremental, "STEP_SECONDS", 0.0)  # a request a poll
    clock = Clock(BEGIN)
    host = world(clock, 60, per_day=60)
    with bo3gg_source(host, postgres_url, pause_seconds=900, now=clock.now) as (source, server):
        source.cache.store("match", (), cursor=host_time(BEGIN)[:19])  # as an older release left it
        clock.advance(7 * 86_400)
        n_polls, before = 0, source.fingerprint(clock.now().date())
        while source.fingerprint(clock.now().date()) == before:
            source.poll()
            n_polls += 1
        maps = {row["row_key"]: row["winner"] for row in rows_of(source, clock)[RowKind.MAP]}
    assert {request.path for request in server.requests} == {f"{PREFIX}/matches"}, "the maps wait for statistics"
    first = host.first_after(BEGIN)
    last = host.first_after(clock.now())
    wanted = expected_maps(host, first, last)
    assert len(wanted) > 600
    assert wanted.items() <= maps.items(), "a map of the week is missing or has another winner"
    with capsys.disabled():
        print(f"\na week of downtime: {last - first} matches, {len(wanted)} maps after {n_polls} requests")


def test_a_month_of_polling_stores_each_match_once_with_its_final_score(
    postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock(BEGIN)
    host = world(clock, 64)
    requests_by_day: Counter[int] = Counter()
    with bo3gg_source(host, postgres_url, pause_seconds=10_000, now=clock.now) as (source, server):
        source.cache.store("match", (), cursor=host_time(BEGIN)[:19])
        for _ in range(30 * 6):
            n_before = len(server.requests)
            poll(source)
            requests_by_day[(clock.now() - BEGIN).days] += len(server.requests) - n_before
            clock.advance(4 * 3600)
        rows = rows_of(source, clock)
        rebuilt = rebuild(source.published(clock.now().date()).frames, Identities())
    settled = host.first_after(clock.now() - timedelta(days=3))  # later ones may still be corrected
    first = host.first_after(BEGIN)
    maps = Counter(row["row_key"] for row in rows[RowKind.MAP])
    assert max(maps.values()) == 1
    wanted = expected_maps(host, first, settled)
    winners = {row["row_key"]: row["winner"] for row in rows[RowKind.MAP]}
    assert wanted == {key: winners.get(key) for key in wanted}, "a map is missing, or is not corrected"
    series = {row["row_key"]: row["winner"] for row in rows[RowKind.SERIES]}
    assert {str(n + 1): str(host.winner(n)) for n in range(first, settled)}.items() <= series.items()
    with_stats = {row["row_key"].rsplit("/", 1)[0] for row in rows[RowKind.PLAYER_MAP]}
    stats_wanted = {key for key in wanted if host.has_stats(int(key.split("/")[0]) - 1)}
    assert stats_wanted <= with_stats, "statistics that came late are missing"
    assert all(row["veto"] for row in rows[RowKind.SERIES] if int(row["row_key"]) - 1 in range(first, settled))
    assert rebuilt.rejected() == 0
    per_day = [requests_by_day[day] for day in range(1, 30)]
    with capsys.disabled():
        print(f"\na month of polls every four hours, {PER_DAY} matches a day: {max(per_day)} requests a day at most")
    assert max(per_day) < 60


def test_a_day_of_polls_takes_some_hundred_requests(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock(BEGIN)
    host = world(clock, 60, per_day=MEASURED_PER_DAY)
    with bo3gg_source(host, postgres_url, pause_seconds=900, now=clock.now) as (source, server):
        source.cache.store("match", (), cursor=host_time(BEGIN - timedelta(days=1))[:19])
        poll(source)
        n_before = len(server.requests)
        for _ in range(96):
            clock.advance(900)
            poll(source)
        paths = [request.path for request in server.requests[n_before:]]
    n_list = paths.count(f"{PREFIX}/matches")
    with capsys.disabled():
        print(
            f"\na day of polls every 15 minutes, {MEASURED_PER_DAY} matches a day: {len(paths)} requests, "
            f"{n_list} of the list"
        )
    assert len(paths) < 100 + 10 * MEASURED_PER_DAY


def test_a_killed_poll_continues_where_it_ended(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bo3gg_requests, "PAGE_SIZE", 10)
    clock = Clock(BEGIN)
    host = world(clock, 60)
    with bo3gg_source(host, postgres_url, now=clock.now) as (source, server), source.connect() as api:
        steps = source.fetch(api)
        for _ in range(5):
            next(steps)
        del steps  # the process ends here
        before = [request.params[SINCE] for request in server.requests]
        n_stored = len(source.cache.load_keys("match"))
        next(source.fetch(api))
        after = server.requests[-1].params[SINCE]
        assert after > max(before), "pages are requested again"
        assert len(source.cache.load_keys("match")) > n_stored


def test_a_host_that_limits_requests_is_obeyed(postgres_url: str) -> None:
    clock = Clock(BEGIN)
    host = world(clock, 60, per_day=2)
    host.requests_per_minute = 20
    with bo3gg_source(host, postgres_url, pause_seconds=300, now=clock.now, sleep=clock.advance) as (source, _):
        for _ in range(200):
            with suppress(SourceError):
                source.poll()
            state = source.cache.load_state()
            if state.is_readable:
                break
            clock.advance(60)
        assert state.is_readable, "the polls never end"
        assert host.refused < 30, "the host's pause is not obeyed"


@pytest.mark.parametrize("jump", [timedelta(days=3650), timedelta(days=-3650)])
def test_a_clock_that_jumped_does_not_stop_the_list(jump: timedelta, postgres_url: str) -> None:
    clock = Clock(BEGIN)
    host = world(clock, 60)
    with (
        bo3gg_source(host, postgres_url, pause_seconds=900, now=clock.now) as (source, server),
        source.connect() as api,
    ):
        clock.moment += jump
        list(source.fetch(api))
        clock.moment = BEGIN
        n_before = len(server.requests)
        list(source.fetch(api))
        assert len(server.requests) > n_before
        assert len(source.cache.load_keys("match")) > 29 * PER_DAY


def test_only_months_with_new_responses_are_read_again(postgres_url: str) -> None:
    clock = Clock(BEGIN)
    host = world(clock, 60)
    today = clock.now().date()
    with bo3gg_source(host, postgres_url, pause_seconds=900, now=clock.now) as (source, _):
        assert isinstance(source, MonthlySource)
        poll(source)
        first = observe_source(source, today, SourceObservation())
        assert isinstance(first, SourceObservation)
        assert set(first.months) == {"2026-08-01", "2026-09-01"}
        clock.advance(3 * 3600)
        poll(source)
        second = observe_source(source, today, first)
        assert isinstance(second, SourceObservation)
        assert second.changed_ranges(first) != []
        assert isinstance(observe_source(source, today, second), str), "nothing changed"
        parts = list(source.published_by_month(today, [today.replace(day=1)]))
        assert {month for part in parts for frame in part.frames.values() for month in frame["month"]} == {"2026-09-01"}
