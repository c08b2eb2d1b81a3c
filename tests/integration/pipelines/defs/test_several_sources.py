"""Several sources have separate cursors and failures; a match that two sources report is stored once."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.settings import get_settings
from pipelines.defs.etl import sensors
from pipelines.resources import Database
from pipelines.sources import pandascore
from pipelines.sources.archive import ArchiveSource
from tests.testkit.pandascore_host import TOKEN, PandaScoreHost, pandascore_match
from tests.testkit.source_watch import SourceWatch, ingest, query, write_archive
from tests.testkit.web import Reply, Site, site


@pytest.fixture
def host() -> PandaScoreHost:
    return PandaScoreHost(pandascore_match(1))


@pytest.fixture
def sources(tmp_path: Path, host: PandaScoreHost, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Configure a watched folder and PandaScore on a local server; today is 2026-09-01."""
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


def test_every_source_has_its_own_cursor(
    sources: Site, host: PandaScoreHost, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    write_archive(tmp_path, "2026-07-01")
    watch = SourceWatch(instance)
    assert watch.tick() == [("archive", "2026-07-01"), ("pandascore", "2026-08-01")]
    assert watch.tick() == []
    assert str(watch.skip_reason).count("nothing new since the last poll") == 2
    host.matches.append(pandascore_match(2, begin_at="2026-08-20T10:00:00Z", modified_at="2026-08-20T12:00:00Z"))
    assert watch.tick() == [("pandascore", "2026-08-01")]
    write_archive(tmp_path, "2026-07-01", winner="2", age_seconds=30)
    assert watch.tick() == [("archive", "2026-07-01")]
    assert len(set(watch.run_keys)) == len(watch.run_keys)


def test_a_source_that_is_down_stops_no_other(
    sources: Site, host: PandaScoreHost, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    host.failure = Reply(status=401)
    write_archive(tmp_path, "2026-07-01")
    watch = SourceWatch(instance)
    assert watch.tick() == [("archive", "2026-07-01")]
    assert watch.tick() == []
    assert "archive: nothing new" in str(watch.skip_reason)
    assert "pandascore: the source cannot be read: " in str(watch.skip_reason)
    host.failure = None
    assert watch.tick() == [("pandascore", "2026-08-01")]


def test_a_source_that_takes_long_delays_no_other(
    sources: Site, tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster ends a tick after a minute. Reading goes on in the background, and a later tick requests the runs."""
    may_go_on, poll = threading.Event(), ArchiveSource.poll

    def slow_poll(source: ArchiveSource) -> None:
        assert may_go_on.wait(60)
        poll(source)

    write_archive(tmp_path, "2026-07-01")
    watch = SourceWatch(instance)
    monkeypatch.setattr(ArchiveSource, "poll", slow_poll)
    monkeypatch.setattr(sensors, "TICK_SECONDS", 0.1)
    requested: list[tuple[str, str]] = []
    while not requested:
        requested += watch.tick()
    assert requested == [("pandascore", "2026-08-01")]
    assert watch.tick() == []
    assert "archive: incomplete: reading for " in str(watch.skip_reason)
    monkeypatch.setattr(sensors, "TICK_SECONDS", 60.0)
    may_go_on.set()
    assert watch.tick() == [("archive", "2026-07-01")]
    assert watch.tick() == []
    assert "archive: nothing new" in str(watch.skip_reason)


def test_a_changed_list_of_sources_requests_all_of_them(
    sources: Site, tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_archive(tmp_path, "2026-07-01")
    watch = SourceWatch(instance)
    for names in ("archive", "archive,pandascore", "archive"):
        monkeypatch.setenv("CS2_SOURCES", names)
        get_settings.cache_clear()
        assert len(watch.tick()) == len(names.split(","))
        assert watch.tick() == []
    assert len(set(watch.run_keys)) == len(watch.run_keys) == 4


@pytest.mark.parametrize("is_versioned", [True, False])
def test_a_new_version_of_the_features_requests_everything(
    sources: Site, tmp_path: Path, instance: dg.DagsterInstance, is_versioned: bool
) -> None:
    """Serving ignores ratings of older features, so they are computed even without a new result."""
    write_archive(tmp_path, "2026-06-01")
    watch = SourceWatch(instance)
    requested = watch.tick()
    assert ("archive", "2026-06-01") in requested
    assert watch.tick() == []
    older = json.loads(str(watch.cursor))
    assert older.pop("features_version") == FEATURES_VERSION
    watch.cursor = json.dumps(older | ({"features_version": FEATURES_VERSION - 1} if is_versioned else {}))
    assert watch.tick() == requested
    assert len(set(watch.run_keys)) == 2 * len(requested)
    assert watch.tick() == []


def test_a_cursor_of_an_older_release_is_dropped(sources: Site, tmp_path: Path, instance: dg.DagsterInstance) -> None:
    write_archive(tmp_path, "2026-07-01")
    watch = SourceWatch(instance)
    watch.cursor = json.dumps({"fingerprint": "x", "months": {"2026-07-01": "y"}})
    assert len(watch.tick()) == 2


def test_a_tagged_run_lands_one_source_and_a_backfill_all(
    sources: Site, host: PandaScoreHost, tmp_path: Path, database: Database, instance: dg.DagsterInstance
) -> None:
    write_archive(tmp_path, "2026-08-10")
    watch = SourceWatch(instance)
    watch.tick()  # polls PandaScore
    landed = "SELECT source, count(*) FROM raw_rows GROUP BY source ORDER BY source"
    assert ingest(database, instance, "archive").success
    assert query(database, landed) == [("archive", 1)]
    assert ingest(database, instance).success
    assert query(database, landed) == [("archive", 1), ("pandascore", 1)]
    (tmp_path / "archive" / "maps.csv").write_text("date,team1\n")
    result = ingest(database, instance)
    assert result.success
    [landed_event] = result.asset_materializations_for_node("raw_rows")[:1]
    assert "archive: " in str(landed_event.metadata["left_out"].value)
    assert "column map" in str(landed_event.metadata["left_out"].value)
    assert not ingest(database, instance, "archive").success


def test_a_late_correction_of_a_merged_match_reaches_the_ratings(
    sources: Site, host: PandaScoreHost, tmp_path: Path, database: Database, instance: dg.DagsterInstance
) -> None:
    write_archive(tmp_path, "2026-08-10")  # PandaScore has the same day and teams, and Beta as the winner
    watch = SourceWatch(instance)
    for source, _ in watch.tick():
        assert ingest(database, instance, source).success
    matches = "SELECT winner, (SELECT count(*) FROM map_results) FROM series"
    assert query(database, matches) == [(2, 1)]
    before = query(database, "SELECT sha256 FROM rating_snapshots ORDER BY id")
    host.matches[0] = pandascore_match(1, winner_id=1, modified_at="2026-08-12T00:00:00Z")
    write_archive(tmp_path, "2026-08-10", winner="2", age_seconds=30)
    for source, _ in watch.tick():
        result = ingest(database, instance, source)
        assert result.success
        assert all(evaluation.passed for evaluation in result.get_asset_check_evaluations())
    assert query(database, matches) == [(1, 1)]
    assert query(database, "SELECT winner FROM map_results") == [(2,)]
    assert query(database, "SELECT sha256 FROM rating_snapshots ORDER BY id")[len(before) :]
    assert watch.tick() == []


def test_the_token_is_in_no_run_and_no_log(
    sources: Site, tmp_path: Path, database: Database, instance: dg.DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    write_archive(tmp_path, "2026-07-01")
    watch = SourceWatch(instance)
    watch.tick()
    assert ingest(database, instance).success
    runs = json.dumps([str(run.run_config) + str(run.tags) for run in instance.get_runs()])
    events = "".join(str(entry.to_json()) for run in instance.get_runs() for entry in instance.all_logs(run.run_id))
    assert "rows_landed" in events
    assert TOKEN not in runs + events + str(watch.cursor) + "".join(capfd.readouterr())
