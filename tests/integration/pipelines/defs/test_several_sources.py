"""Several sources watched at once: each on its own, the others going on where one is down, no fact landed twice."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import text

from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.settings import get_settings
from pipelines.defs.etl.assets import match_tables, raw_rows
from pipelines.defs.etl.checks import every_row_is_accounted_for
from pipelines.defs.etl.jobs import SOURCE_TAG, range_tags
from pipelines.defs.etl.sensors import new_results_sensor
from pipelines.defs.ratings.assets import rating_snapshots
from pipelines.resources import Announcer, Database
from pipelines.sources import pandascore
from tests.integration.pipelines.sources.test_pandascore import TOKEN, Host, match
from tests.testkit.asset_environment import NOBODY
from tests.testkit.web import Reply, Site, site

ROSTERS = "ana|bob|cid|dan|eve,fay|gus|hal|ida|jim"
HEADER = "date,map,team1,team2,winner,score1,score2,team1_players,team2_players\n"


@pytest.fixture
def host() -> Host:
    return Host(match(1))


@pytest.fixture
def two(tmp_path: Path, host: Host, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A watched folder and PandaScore's server; today is in September 2026."""
    (tmp_path / "archive").mkdir()
    with site(host) as server:
        for name, value in {
            "SOURCES": "archive,pandascore",
            "DATA_DIR": str(tmp_path),
            "CLOCK_DATE": "2026-09-01",
            "PANDASCORE_URL": server.url,
            "PANDASCORE_TOKEN": TOKEN,
            "POLL_MINUTES": "0.000001",
            "DATABASE_URL": postgres_url,
        }.items():
            monkeypatch.setenv(f"CS2_{name}", value)
        monkeypatch.setattr(pandascore.PandaScoreSource, "since", "2026-01-01T00:00:00Z")
        get_settings.cache_clear()
        yield server
    get_settings.cache_clear()


def write(folder: Path, *days: str, winner: str = "1", age: float = 60) -> None:
    file = folder / "archive" / "maps.csv"
    file.write_text(HEADER + "".join(f"{day},Nuke,Alpha,Beta,{winner},,,{ROSTERS}\n" for day in days))
    os.utime(file, (time.time() - age,) * 2)


class Watch:
    """Ticks of the sensor, one after the other, as the daemon makes them."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance, self.cursor, self.keys = instance, None, []  # type: ignore[var-annotated]

    def tick(self) -> list[tuple[str, str]]:
        """Source and first month of each run that is asked for."""
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor)
        result = new_results_sensor(context)
        self.said = result.skip_message if isinstance(result, dg.SkipReason) else None
        self.cursor = result.cursor if isinstance(result, dg.SensorResult) else context.cursor
        requests = result.run_requests or [] if isinstance(result, dg.SensorResult) else []
        self.keys += [request.run_key for request in requests]
        return [(r.tags[SOURCE_TAG], r.tags["dagster/asset_partition_range_start"]) for r in requests]


def test_every_source_is_watched_with_a_cursor_of_its_own(
    two: Site, host: Host, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    write(tmp_path, "2026-07-01")
    watch = Watch(instance)
    assert watch.tick() == [("archive", "2026-07-01"), ("pandascore", "2026-08-01")]
    assert watch.tick() == []
    assert str(watch.said).count("nothing new since the last look") == 2
    host.matches.append(match(2, begin_at="2026-08-20T10:00:00Z", modified_at="2026-08-20T12:00:00Z"))
    assert watch.tick() == [("pandascore", "2026-08-01")]
    write(tmp_path, "2026-07-01", winner="2", age=30)
    assert watch.tick() == [("archive", "2026-07-01")]
    assert len(set(watch.keys)) == len(watch.keys)


def test_a_source_that_is_down_is_skipped_with_the_reason_while_the_other_goes_on(
    two: Site, host: Host, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    host.down = Reply(status=401)
    write(tmp_path, "2026-07-01")
    watch = Watch(instance)
    assert watch.tick() == [("archive", "2026-07-01")]
    assert watch.tick() == []
    assert "archive: nothing new" in str(watch.said)
    assert "pandascore: the source cannot be read: " in str(watch.said)
    host.down = None
    assert watch.tick() == [("pandascore", "2026-08-01")]


def test_sources_that_are_turned_on_or_off_are_looked_at_anew_and_asked_for_once_more(
    two: Site, tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "2026-07-01")
    watch = Watch(instance)
    for sources in ("archive", "archive,pandascore", "archive"):
        monkeypatch.setenv("CS2_SOURCES", sources)
        get_settings.cache_clear()
        assert len(watch.tick()) == len(sources.split(","))
        assert watch.tick() == []
    assert len(set(watch.keys)) == len(watch.keys) == 4


@pytest.mark.parametrize("is_told", [True, False])
def test_after_an_upgrade_that_raises_the_features_everything_is_asked_for_once_more(
    two: Site, tmp_path: Path, instance: dg.DagsterInstance, is_told: bool
) -> None:
    """Ratings of older features are served by nobody: they are made anew though no result came."""
    write(tmp_path, "2026-06-01")
    watch = Watch(instance)
    asked = watch.tick()
    assert ("archive", "2026-06-01") in asked
    assert watch.tick() == []
    older = json.loads(str(watch.cursor))
    assert older.pop("features_version") == FEATURES_VERSION
    watch.cursor = json.dumps(older | ({"features_version": FEATURES_VERSION - 1} if is_told else {}))  # type: ignore[assignment]
    assert watch.tick() == asked
    assert len(set(watch.keys)) == 2 * len(asked)
    assert watch.tick() == []


def test_a_cursor_of_an_older_release_is_forgotten(two: Site, tmp_path: Path, instance: dg.DagsterInstance) -> None:
    write(tmp_path, "2026-07-01")
    watch = Watch(instance)
    watch.cursor = json.dumps({"fingerprint": "x", "months": {"2026-07-01": "y"}})  # type: ignore[assignment]
    assert len(watch.tick()) == 2


def ingest(database: Database, instance: dg.DagsterInstance, source: str = "") -> dg.ExecuteInProcessResult:
    job = dg.define_asset_job("job", selection=dg.AssetSelection.all())
    definitions = dg.Definitions(
        [raw_rows, match_tables, rating_snapshots],
        jobs=[job],
        asset_checks=[every_row_is_accounted_for],
        resources={"database": database, "announcer": Announcer(url=f"redis://{NOBODY}/0")},
    )
    tags = {**range_tags("2026-07-01", "2026-09-01"), **({SOURCE_TAG: source} if source else {})}
    return definitions.resolve_job_def("job").execute_in_process(instance=instance, tags=tags, raise_on_error=False)


def stored(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.engine() as engine, engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_run_lands_its_source_and_a_backfill_all_that_can_be_read(
    two: Site, host: Host, tmp_path: Path, database: Database, instance: dg.DagsterInstance
) -> None:
    write(tmp_path, "2026-08-10")
    watch = Watch(instance)
    watch.tick()  # fetches
    landed = "SELECT source, count(*) FROM raw_rows GROUP BY source ORDER BY source"
    assert ingest(database, instance, "archive").success
    assert stored(database, landed) == [("archive", 1)]
    assert ingest(database, instance).success
    assert stored(database, landed) == [("archive", 1), ("pandascore", 1)]
    (tmp_path / "archive" / "maps.csv").write_text("date,team1\n")
    result = ingest(database, instance)
    assert result.success
    [told] = result.asset_materializations_for_node("raw_rows")[:1]
    assert "archive: " in str(told.metadata["left_out"].value)
    assert "column map" in str(told.metadata["left_out"].value)
    assert not ingest(database, instance, "archive").success


def test_one_match_of_two_sources_is_stored_once_and_a_late_correction_flows_into_the_ratings(
    two: Site, host: Host, tmp_path: Path, database: Database, instance: dg.DagsterInstance
) -> None:
    write(tmp_path, "2026-08-10")  # pandascore tells of the same day and teams, and that Beta won the series
    watch = Watch(instance)
    for source, _ in watch.tick():
        assert ingest(database, instance, source).success
    matches = "SELECT winner, (SELECT count(*) FROM map_results) FROM series"
    assert stored(database, matches) == [(2, 1)]
    before = stored(database, "SELECT sha256 FROM rating_snapshots ORDER BY id")
    host.matches[0] = match(1, winner_id=1, modified_at="2026-08-12T00:00:00Z")
    write(tmp_path, "2026-08-10", winner="2", age=30)
    for source, _ in watch.tick():
        result = ingest(database, instance, source)
        assert result.success
        assert all(evaluation.passed for evaluation in result.get_asset_check_evaluations())
    assert stored(database, matches) == [(1, 1)]
    assert stored(database, "SELECT winner FROM map_results") == [(2,)]
    assert stored(database, "SELECT sha256 FROM rating_snapshots ORDER BY id")[len(before) :]
    assert watch.tick() == []


def test_the_token_is_in_no_run_and_no_log(
    two: Site, tmp_path: Path, database: Database, instance: dg.DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "2026-07-01")
    watch = Watch(instance)
    watch.tick()
    assert ingest(database, instance).success
    told = json.dumps([str(run.run_config) + str(run.tags) for run in instance.get_runs()])
    events = "".join(str(entry.to_json()) for run in instance.get_runs() for entry in instance.all_logs(run.run_id))
    assert "rows_landed" in events
    assert TOKEN not in told + events + str(watch.cursor) + "".join(capfd.readouterr())
