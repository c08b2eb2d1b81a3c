"""Landing and rebuilding as Dagster runs them, and the sensor on a watched folder."""

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import text

from cs2.settings import get_settings
from pipelines.defs.etl import checks
from pipelines.defs.etl.assets import DESCRIPTIONS, match_tables, raw_rows
from pipelines.defs.etl.jobs import ACCEPT_LOSSES_TAG, range_tags
from pipelines.defs.etl.partitions import MONTHS
from pipelines.defs.etl.sensors import new_results_sensor
from pipelines.resources import Database
from pipelines.sources.months import FIRST_MONTH

HEADER = "date,map,team1,team2,winner,score1,score2,team1_players,team2_players\n"
LINEUPS = "ana|bob|cid|dan|eve,fay|gus|hal|ida|jim"
CHECKS = [
    checks.map_results_keep_their_contract,
    checks.series_keep_their_contract,
    checks.lineups_keep_their_contract,
    checks.every_row_is_accounted_for,
]


def row(day: str, *, team1: str = "Alpha", winner: str = "1") -> str:
    return f"{day},Nuke,{team1},Beta,{winner},13,7,{LINEUPS}\n"


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Configure an empty watched folder; today is 2026-01-31."""
    monkeypatch.setenv("CS2_SOURCES", "archive")
    monkeypatch.setenv("CS2_ARCHIVE_DIR", str(tmp_path))
    monkeypatch.setenv("CS2_CLOCK_DATE", "2026-01-31")
    get_settings.cache_clear()
    yield tmp_path
    get_settings.cache_clear()


def write(archive: Path, *rows: str, name: str = "maps.csv", age_seconds: float = 60) -> None:
    (archive / name).write_text(HEADER + "".join(rows))
    os.utime(archive / name, (time.time() - age_seconds,) * 2)


def materialize(
    database: Database,
    instance: dg.DagsterInstance,
    first: str = "2025-12-01",
    last: str = "2026-01-01",
    *,
    accept_losses: bool = False,
) -> dg.ExecuteInProcessResult:
    job = dg.define_asset_job("job", selection=dg.AssetSelection.all())
    definitions = dg.Definitions(
        [raw_rows, match_tables], jobs=[job], asset_checks=CHECKS, resources={"database": database}
    )
    return definitions.resolve_job_def("job").execute_in_process(
        instance=instance,
        tags=range_tags(first, last) | ({ACCEPT_LOSSES_TAG: "true"} if accept_losses else {}),
        raise_on_error=False,
    )


def tick(instance: dg.DagsterInstance, cursor: str | None) -> dg.SensorResult | dg.SkipReason:
    result = new_results_sensor(dg.build_sensor_context(instance=instance, cursor=cursor))
    assert isinstance(result, dg.SensorResult | dg.SkipReason)
    return result


def requested_ranges(result: dg.SensorResult | dg.SkipReason) -> list[tuple[str, str]]:
    """Return the first and last month of each requested run."""
    assert isinstance(result, dg.SensorResult), result
    tags = [request.tags for request in result.run_requests or ()]
    return [(t["dagster/asset_partition_range_start"], t["dagster/asset_partition_range_end"]) for t in tags]


def count(database: Database, table: str) -> int:
    with database.transaction() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_one_run_lands_its_months_and_rebuilds_every_table(
    archive: Path, database: Database, instance: dg.DagsterInstance
) -> None:
    write(archive, row("2025-11-05"), row("2025-12-05"), row("2026-01-05"), row("2026-01-06", team1="Beta"))
    result = materialize(database, instance)
    assert result.success
    [landed] = result.asset_materializations_for_node("raw_rows")[:1]
    assert landed.metadata["rows_landed"].value == 3  # November is outside of the range
    assert instance.get_materialized_partitions(dg.AssetKey("raw_rows")) == {"2025-12-01", "2026-01-01"}
    for table in DESCRIPTIONS:
        assert instance.get_latest_materialization_event(dg.AssetKey(table)) is not None
    assert (count(database, "map_results"), count(database, "rejected_rows")) == (2, 1)
    evaluations = result.get_asset_check_evaluations()
    assert len(evaluations) == len(CHECKS)
    assert all(evaluation.passed for evaluation in evaluations)


def test_metadata_count_stored_and_rejected_rows(
    archive: Path, database: Database, instance: dg.DagsterInstance
) -> None:
    write(archive, row("2026-01-05"), row("2026-01-06", team1="Beta", winner="5"))
    materialize(database, instance)
    event = instance.get_latest_materialization_event(dg.AssetKey("map_results"))
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["map_rows_stored"].value == 1
    assert event.asset_materialization.metadata["map_rows_rejected"].value == 1
    rejected = instance.get_latest_materialization_event(dg.AssetKey("rejected_rows"))
    assert rejected is not None
    assert rejected.asset_materialization is not None
    reasons = rejected.asset_materialization.metadata["reasons"].value
    assert reasons == {"a team against itself": 1, "winner is neither 1 nor 2": 1}


def metadata_of(instance: dg.DagsterInstance, asset: str) -> dict[str, object]:
    """Return the metadata of the newest materialization."""
    event = instance.get_latest_materialization_event(dg.AssetKey(asset))
    assert event is not None
    assert event.asset_materialization is not None
    return {name: entry.value for name, entry in event.asset_materialization.metadata.items()}


def test_a_removed_row_is_retracted_and_counted(
    archive: Path, database: Database, instance: dg.DagsterInstance
) -> None:
    write(archive, row("2025-11-05"), row("2025-12-05"), row("2026-01-05"))
    materialize(database, instance, first="2025-11-01")
    write(archive, row("2025-12-05"), row("2026-01-05"), age_seconds=50)
    result = materialize(database, instance)
    assert result.success, "the month of the removed row is outside of the range"
    assert count(database, "map_results") == 2
    assert metadata_of(instance, "raw_rows")["rows_retracted"] == 1
    assert metadata_of(instance, "map_results")["map_rows_retracted_by_source"] == 1
    assert metadata_of(instance, "rejected_rows")["map_rows_retracted_by_source"] == 1
    assert all(evaluation.passed for evaluation in result.get_asset_check_evaluations())


def test_a_folder_that_lost_all_rows_fails_the_run_until_it_is_confirmed(
    archive: Path, database: Database, instance: dg.DagsterInstance
) -> None:
    write(archive, row("2025-12-05"), row("2026-01-05"))
    materialize(database, instance)
    write(archive)
    refused = materialize(database, instance)
    assert not refused.success
    [failure] = refused.get_step_failure_events()
    assert "2 of 2 stored map rows are no longer in the source archive" in str(failure.event_specific_data)
    assert count(database, "map_results") == 2
    assert materialize(database, instance, accept_losses=True).success
    assert count(database, "map_results") == 0


def test_repeated_rows_are_warned_of(archive: Path, database: Database, instance: dg.DagsterInstance) -> None:
    write(archive, row("2026-01-05"), row("2026-01-05"))
    materialize(database, instance)
    assert count(database, "map_results") == 2
    assert metadata_of(instance, "raw_rows")["warnings"] == [
        "archive: maps.csv: 1 rows without an id repeat another row in every column: each counts as a match"
    ]


def test_the_sensor_requests_a_month_that_lost_its_rows(archive: Path, instance: dg.DagsterInstance) -> None:
    write(archive, row("2025-10-05"), row("2026-01-05"))
    first = tick(instance, None)
    assert isinstance(first, dg.SensorResult)
    write(archive, row("2026-01-05"), age_seconds=30)
    assert requested_ranges(tick(instance, first.cursor)) == [("2025-10-01", "2025-10-01")]


def test_an_unreadable_file_fails_the_run_and_keeps_the_tables(
    archive: Path, database: Database, instance: dg.DagsterInstance
) -> None:
    write(archive, row("2026-01-05"))
    assert materialize(database, instance).success
    (archive / "maps.csv").write_text("date,team1\n2026-01-06,Alpha\n")
    result = materialize(database, instance)
    assert not result.success
    assert count(database, "map_results") == 1


def test_a_check_detects_a_missing_row(archive: Path, database: Database, instance: dg.DagsterInstance) -> None:
    write(archive, row("2026-01-05"))
    materialize(database, instance)
    with database.transaction() as session:
        session.execute(text("DELETE FROM map_results"))
    result = checks.every_row_is_accounted_for(dg.build_asset_check_context(instance=instance), database=database)
    assert isinstance(result, dg.AssetCheckResult)
    assert not result.passed


def test_a_check_detects_a_broken_contract(archive: Path, database: Database, instance: dg.DagsterInstance) -> None:
    write(archive, row("2026-01-05"))
    materialize(database, instance)
    with database.transaction() as session:
        session.execute(text("UPDATE lineups SET roster = '1,2,3'"))
    result = checks.lineups_keep_their_contract(database=database)
    assert isinstance(result, dg.AssetCheckResult)
    assert not result.passed


def test_the_sensor_requests_changed_months_only(archive: Path, instance: dg.DagsterInstance) -> None:
    write(archive, row("2025-10-05"), row("2025-11-05"), row("2026-01-05"))
    first = tick(instance, None)
    assert requested_ranges(first) == [("2025-10-01", "2025-11-01"), ("2026-01-01", "2026-01-01")]
    write(archive, row("2025-10-05"), row("2025-11-05"), row("2026-01-05"), row("2026-01-06"), age_seconds=30)
    assert isinstance(first, dg.SensorResult)
    assert requested_ranges(tick(instance, first.cursor)) == [("2026-01-01", "2026-01-01")]


def test_a_second_file_requests_its_months_only(archive: Path, instance: dg.DagsterInstance) -> None:
    write(archive, row("2025-12-05"))
    first = tick(instance, None)
    assert isinstance(first, dg.SensorResult)
    write(archive, row("2026-01-05"), name="maps-2026-01.csv")
    assert requested_ranges(tick(instance, first.cursor)) == [("2026-01-01", "2026-01-01")]


def test_a_tick_without_news_has_a_skip_reason(archive: Path, instance: dg.DagsterInstance) -> None:
    write(archive, row("2026-01-05"))
    first = tick(instance, None)
    assert isinstance(first, dg.SensorResult)
    second = tick(instance, first.cursor)
    assert isinstance(second, dg.SkipReason)
    assert second.skip_message == "archive: nothing new since the last poll"


def test_a_touched_file_moves_the_cursor_and_requests_nothing(archive: Path, instance: dg.DagsterInstance) -> None:
    write(archive, row("2026-01-05"))
    first = tick(instance, None)
    assert isinstance(first, dg.SensorResult)
    write(archive, row("2026-01-05"), age_seconds=30)
    context = dg.build_sensor_context(instance=instance, cursor=first.cursor)
    skipped = new_results_sensor(context)
    assert isinstance(skipped, dg.SkipReason)
    assert skipped.skip_message == "archive: the source was written, but no row changed"
    assert context.cursor != first.cursor


def test_a_file_being_written_is_skipped(archive: Path, instance: dg.DagsterInstance) -> None:
    write(archive, row("2026-01-05"), age_seconds=0)
    skipped = tick(instance, None)
    assert isinstance(skipped, dg.SkipReason)
    assert str(skipped.skip_message).startswith("archive: incomplete: a file is being written")


def test_an_unreadable_file_is_named_and_polled_again(archive: Path, instance: dg.DagsterInstance) -> None:
    (archive / "maps.csv").write_text("date,team1\n2026-01-06,Alpha\n")
    os.utime(archive / "maps.csv", (1, 1))
    skipped = tick(instance, None)
    assert isinstance(skipped, dg.SkipReason)
    assert "maps.csv: column map, team2, winner is missing" in str(skipped.skip_message)
    write(archive, row("2026-01-05"))
    assert requested_ranges(tick(instance, None)) == [("2026-01-01", "2026-01-01")]


def test_a_reverted_correction_is_requested_each_time(archive: Path, instance: dg.DagsterInstance) -> None:
    cursor, keys = None, set()
    for age_seconds, winner in ((60, "1"), (50, "2"), (40, "1"), (30, "2")):
        write(archive, row("2026-01-05", winner=winner), age_seconds=age_seconds)
        result = tick(instance, cursor)
        assert isinstance(result, dg.SensorResult)
        keys |= {request.run_key for request in result.run_requests or ()}
        cursor = result.cursor
    assert len(keys) == 4


def test_the_same_observation_has_the_same_run_key(archive: Path, instance: dg.DagsterInstance) -> None:
    write(archive, row("2026-01-05"))
    one, other = tick(instance, None), tick(instance, None)  # as if the first cursor had been lost
    assert isinstance(one, dg.SensorResult)
    assert isinstance(other, dg.SensorResult)
    assert [r.run_key for r in one.run_requests or ()] == [r.run_key for r in other.run_requests or ()]
    assert json.loads(str(one.cursor))["observations"]["archive"]["months"].keys() == {"2026-01-01"}


def test_the_sensor_is_running_by_default() -> None:
    assert new_results_sensor.default_status is dg.DefaultSensorStatus.RUNNING


def test_partitions_reach_to_the_running_month() -> None:
    keys = MONTHS.get_partition_keys()
    today = datetime.now(UTC).date()
    assert (keys[0], keys[-1]) == (FIRST_MONTH, today.replace(day=1).isoformat())
