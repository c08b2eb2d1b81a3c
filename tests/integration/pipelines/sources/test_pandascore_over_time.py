"""PandaScore as time passes: deletions, corrections, limits, and a clock that jumps."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from pipelines.sources import pandascore
from pipelines.sources.base import WITHDRAWN, PublishedRows, RowKind, SourceError
from pipelines.sources.observation import SourceObservation, observe_source
from pipelines.sources.pandascore import PandaScoreSource
from tests.testkit.pandascore_host import PandaScoreHost, VirtualClock, pandascore_match, pandascore_source
from tests.testkit.web import Reply, Site

TODAY = date(2026, 9, 1)
PAUSE = timedelta(minutes=15)
ANNOUNCED: dict[str, Any] = {
    "status": "not_started", "begin_at": None, "scheduled_at": "2026-09-03T18:00:00Z", "winner_id": None
}  # fmt: skip


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def host(clock: VirtualClock) -> PandaScoreHost:
    return PandaScoreHost(clock=clock)


@pytest.fixture
def polled(host: PandaScoreHost, clock: VirtualClock, postgres_url: str) -> Iterator[tuple[PandaScoreSource, Site]]:
    with pandascore_source(host, postgres_url, pause_seconds=PAUSE.total_seconds(), now=clock) as source_and_server:
        yield source_and_server


def keys(published: PublishedRows) -> list[tuple[RowKind, str]]:
    return [(kind, key) for kind, frame in published.frames.items() for key in frame["row_key"]]


def withdrawn(published: PublishedRows) -> dict[tuple[RowKind, str], str]:
    """Return why, by kind and key."""
    return {
        (kind, row["row_key"]): row[WITHDRAWN]
        for kind, frame in published.withdrawn.items()
        for row in frame.to_dict("records")
    }


def poll_again(source: PandaScoreSource, clock: VirtualClock) -> PublishedRows:
    clock.pass_time(minutes=15)
    source.poll()
    return source.published(TODAY)


def test_a_deleted_match_withdraws_its_rows(
    polled: tuple[PandaScoreSource, Site], host: PandaScoreHost, clock: VirtualClock
) -> None:
    source, _ = polled
    host.matches += [pandascore_match(1), pandascore_match(2, **ANNOUNCED), pandascore_match(3)]
    first = poll_again(source, clock)
    assert sorted(keys(first)) == [("fixture", "2"), ("series", "1"), ("series", "3")]
    assert (RowKind.SERIES, "1") not in withdrawn(first)
    host.delete(1, "2026-08-11T00:00:00Z", reason="Merged with 3")
    host.delete(2, "2026-08-11T00:00:00Z")
    second = poll_again(source, clock)
    assert keys(second) == [("series", "3")]
    reasons = withdrawn(second)
    assert reasons.keys() == {(kind, key) for kind in ("series", "fixture") for key in ("1", "2")}
    assert reasons[RowKind.SERIES, "1"] == "the match was deleted: Merged with 3"


def test_a_deletion_requests_a_run_even_if_its_month_is_empty_then(
    polled: tuple[PandaScoreSource, Site], host: PandaScoreHost, clock: VirtualClock
) -> None:
    source, _ = polled
    host.matches.append(pandascore_match(1, begin_at="2026-07-10T11:00:00Z"))
    first = observe_source(source, TODAY, SourceObservation())
    assert isinstance(first, SourceObservation)
    host.delete(1, "2026-08-11T00:00:00Z")
    clock.pass_time(minutes=15)
    second = observe_source(source, TODAY, first)
    assert isinstance(second, SourceObservation)
    assert second.changed_ranges(first) == [("2026-07-01", "2026-07-01")]
    july = source.published(TODAY).in_months([date(2026, 7, 1)])
    assert withdrawn(july).keys() == {("series", "1"), ("fixture", "1")}
    assert withdrawn(source.published(TODAY).in_months([date(2026, 8, 1)])) == {}
    clock.pass_time(minutes=15)
    assert observe_source(source, TODAY, second) == "nothing new since the last poll"


def test_a_restored_match_has_its_rows_again(
    polled: tuple[PandaScoreSource, Site], host: PandaScoreHost, clock: VirtualClock
) -> None:
    source, _ = polled
    host.matches.append(pandascore_match(1))
    poll_again(source, clock)
    host.delete(1, "2026-08-11T00:00:00Z")
    assert keys(poll_again(source, clock)) == []
    host.matches.append(pandascore_match(1, modified_at="2026-08-12T00:00:00Z"))
    restored = poll_again(source, clock)
    assert keys(restored) == [("series", "1")]
    assert withdrawn(restored) == {}


@pytest.mark.parametrize(
    ("before", "change", "kinds"),
    [
        (ANNOUNCED, {"status": "canceled"}, {"series", "fixture"}),
        (ANNOUNCED, {"status": "postponed", "scheduled_at": None}, {"series", "fixture"}),
        (ANNOUNCED, {"opponents": []}, {"series", "fixture"}),
        ({}, {"forfeit": True}, {"series"}),
        ({}, {"draw": True, "winner_id": None}, {"series"}),
        ({}, {"status": "not_started", "winner_id": None}, {"series"}),
        (ANNOUNCED, {"scheduled_at": "2026-10-05T18:00:00Z"}, {"series"}),
        (ANNOUNCED, {"status": "finished", "winner_id": 1, "begin_at": "2026-08-30T18:00:00Z"}, set()),
    ],
)  # fmt: skip
def test_a_changed_match_withdraws_what_it_no_longer_is(
    polled: tuple[PandaScoreSource, Site],
    host: PandaScoreHost,
    clock: VirtualClock,
    before: dict[str, Any],
    change: dict[str, Any],
    kinds: set[str],
) -> None:
    source, _ = polled
    host.matches.append(pandascore_match(1, **before))
    poll_again(source, clock)
    host.matches[0] = pandascore_match(1, **{**before, **change, "modified_at": "2026-08-31T00:00:00Z"})
    published = poll_again(source, clock)
    assert {kind for kind, _ in withdrawn(published)} == kinds
    assert not set(keys(published)) & withdrawn(published).keys(), "no row is published and withdrawn at once"


def test_deletions_on_several_pages_and_of_other_objects_are_read(
    polled: tuple[PandaScoreSource, Site], host: PandaScoreHost, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pandascore, "PAGE_SIZE", 3)
    source, _ = polled
    host.matches += [pandascore_match(number) for number in range(8)]
    poll_again(source, clock)
    for number in range(7):
        host.delete(number, f"2026-08-1{number + 1}T00:00:00Z")
    host.delete(7, "2026-08-20T00:00:00Z", kind="tournament")  # a tournament with the id of a match
    assert keys(poll_again(source, clock)) == [("series", "7")]


def test_a_list_of_deletions_that_ends_in_an_error_is_read_from_the_beginning(
    polled: tuple[PandaScoreSource, Site], host: PandaScoreHost, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest come first: to continue after the first page would lose the older ones."""
    monkeypatch.setattr(pandascore, "PAGE_SIZE", 2)
    source, _ = polled
    host.matches += [pandascore_match(number) for number in range(5)]
    poll_again(source, clock)
    for number in range(5):
        host.delete(number, f"2026-08-1{number + 1}T00:00:00Z")
    host.requests_per_hour = 7  # four for the first poll, then matches and two of three pages
    with pytest.raises(SourceError, match="Retry-After"):
        poll_again(source, clock)
    clock.pass_time(hours=1)
    host.requests_per_hour = 1_000
    assert keys(poll_again(source, clock)) == []


def test_a_changed_list_of_deletions_is_named(
    polled: tuple[PandaScoreSource, Site], host: PandaScoreHost, clock: VirtualClock
) -> None:
    source, _ = polled
    host.incidents.append({"id": 1, "modified_at": "2026-08-11T00:00:00Z", "kind": "match"})
    with pytest.raises(SourceError, match="pandascore /deletions: field type is missing or not str"):
        poll_again(source, clock)


def test_a_clock_that_jumps_forward_and_back_silences_no_source(
    polled: tuple[PandaScoreSource, Site], host: PandaScoreHost, clock: VirtualClock
) -> None:
    source, server = polled
    host.matches.append(pandascore_match(1))
    poll_again(source, clock)
    clock.pass_time(days=365)
    poll_again(source, clock)
    clock.pass_time(days=-365)
    host.matches.append(pandascore_match(2))
    assert len(keys(poll_again(source, clock))) == 2, "the clock is back: the source is polled within its interval"
    n_requests = len(server.requests)
    source.poll()
    assert len(server.requests) == n_requests, "the pause holds again"


def test_a_failure_reported_by_a_clock_that_jumped_is_retried(
    polled: tuple[PandaScoreSource, Site], host: PandaScoreHost, clock: VirtualClock
) -> None:
    source, _ = polled
    clock.pass_time(days=365)
    host.failure = Reply(status=429, headers={"Retry-After": "3600"})
    with pytest.raises(SourceError, match="Retry-After 3600 s"):
        source.poll()
    host.failure = None
    clock.pass_time(days=-365)
    host.matches.append(pandascore_match(1))
    assert keys(poll_again(source, clock)) == [("series", "1")]


def test_a_month_of_polling_follows_every_change_within_the_limit(
    polled: tuple[PandaScoreSource, Site], host: PandaScoreHost, clock: VirtualClock
) -> None:
    """A match a day is announced, played a day later, and each fifth one is deleted after that."""
    source, server = polled
    host.requests_per_hour = 10
    for day in range(1, 31):
        moment = f"2026-08-{day:02}T10:00:00Z"
        host.matches.append(pandascore_match(day, **{**ANNOUNCED, "scheduled_at": moment, "modified_at": moment}))
        if day > 1:
            played = {"begin_at": f"2026-08-{day - 1:02}T10:00:00Z", "modified_at": moment}
            host.matches = [
                pandascore_match(day - 1, **played) if match["id"] == day - 1 else match for match in host.matches
            ]
        if day % 5 == 0:
            host.delete(day - 3, f"2026-08-{day:02}T12:00:00Z")
        for _ in range(4):
            clock.pass_time(hours=6)
            source.poll()
            source.poll()  # not due
    deleted = set(range(2, 28, 5))
    published = source.published(date(2026, 8, 30))
    assert {int(key) for kind, key in keys(published) if kind == "series"} == set(range(1, 30)) - deleted
    assert {int(key) for kind, key in keys(published) if kind == "fixture"} == {30}
    assert {int(key) for kind, key in withdrawn(published) if kind == "fixture"} == deleted
    assert len(server.requests) == 30 * 4 * 2
