"""The state that the sensor stores of a source, and the months that it requests."""

import os
import time
from datetime import date
from pathlib import Path

import pytest

from cs2.settings import SourceName
from pipelines.sources.archive import ArchiveSource
from pipelines.sources.observation import SensorCursor, SourceObservation, load_cursor, observe_source

TODAY = date(2026, 1, 31)
SOURCES = (SourceName.ARCHIVE, SourceName.VALVE)


def write(folder: Path, *days: str, age_seconds: float = 60) -> ArchiveSource:
    rows = "".join(f"{day},Nuke,Alpha,Beta,1\n" for day in days)
    (folder / "maps.csv").write_text("date,map,team1,team2,winner\n" + rows)
    os.utime(folder / "maps.csv", (time.time() - age_seconds,) * 2)
    return ArchiveSource(folder)


def observe(source: ArchiveSource, before: SourceObservation) -> SourceObservation:
    observation = observe_source(source, TODAY, before)
    assert isinstance(observation, SourceObservation)
    return observation


def test_changed_and_removed_months_are_ranges(tmp_path: Path) -> None:
    first = observe(write(tmp_path, "2025-10-05", "2025-11-05", "2026-01-05"), SourceObservation())
    assert first.changed_ranges(SourceObservation()) == [("2025-10-01", "2025-11-01"), ("2026-01-01", "2026-01-01")]
    second = observe(write(tmp_path, "2025-11-05", "2026-01-05", "2026-01-06", age_seconds=30), first)
    assert second.changed_ranges(first) == [("2025-10-01", "2025-10-01"), ("2026-01-01", "2026-01-01")]
    assert second.including_months_of(first) == second, "a month that is gone is requested once"
    assert observe(write(tmp_path, "2025-11-05", age_seconds=20), second).changed_ranges(second) == [
        ("2026-01-01", "2026-01-01")
    ]


def test_months_that_a_partial_source_does_not_publish_again_are_remembered() -> None:
    first = SourceObservation(fingerprint="1", months={"2025-10-01": "a", "2025-11-01": "b"})
    second = SourceObservation(fingerprint="2", months={"2025-11-01": "c"})
    assert second.changed_ranges(first) == [("2025-11-01", "2025-11-01")]
    assert second.including_months_of(first).months == {"2025-10-01": "a", "2025-11-01": "c"}


def test_a_month_before_the_first_partition_requests_nothing() -> None:
    assert SourceObservation(months={"2012-08-01": "a"}).changed_ranges(SourceObservation()) == []


def test_a_source_that_did_not_change_is_not_read(tmp_path: Path) -> None:
    source = write(tmp_path, "2026-01-05")
    assert observe_source(source, TODAY, observe(source, SourceObservation())) == "nothing new since the last poll"


def test_a_file_being_written_is_incomplete(tmp_path: Path) -> None:
    reason = observe_source(write(tmp_path, "2026-01-05", age_seconds=0), TODAY, SourceObservation())
    assert str(reason).startswith("incomplete: a file is being written")


def test_a_cursor_survives_a_tick() -> None:
    cursor = SensorCursor(
        sources=list(SOURCES),
        features_version=3,
        turn=1,
        observations={SourceName.ARCHIVE: SourceObservation(fingerprint="f", months={"2026-01-01": "a"})},
    )
    assert load_cursor(cursor.model_dump_json(), SOURCES, 3) == cursor


@pytest.mark.parametrize(("sources", "features_version"), [(SOURCES[:1], 3), (SOURCES, 4)])
def test_other_sources_or_features_begin_a_new_turn(sources: tuple[SourceName, ...], features_version: int) -> None:
    cursor = SensorCursor(sources=list(SOURCES), features_version=3, observations={SOURCES[0]: SourceObservation()})
    new = load_cursor(cursor.model_dump_json(), sources, features_version)
    assert new == SensorCursor(sources=list(sources), features_version=features_version, turn=1)


@pytest.mark.parametrize("text", [None, "", "not JSON", '{"fingerprint": "x", "months": {}}'])
def test_without_a_valid_cursor_nothing_was_observed(text: str | None) -> None:
    assert load_cursor(text, SOURCES, 3) == SensorCursor(sources=list(SOURCES), features_version=3)
