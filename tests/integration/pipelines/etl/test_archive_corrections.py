"""Corrected and removed rows of the real archive: no ghosts, and ids stay."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine, text

from cs2.settings import SourceName
from cs2.storage.engine import make_engine
from pipelines.etl.landing import LandingCounts, land
from pipelines.etl.repository import store
from pipelines.sources.archive import ArchiveSource
from pipelines.sources.base import SourceError
from tests.testkit.rows import rebuilt_from

pytestmark = pytest.mark.real_data

TODAY = date(2026, 1, 31)
FIRST, MONTH, LAST = "2025-04-01", "2025-06", "2025-08-31"
"""Days of the archive that are copied: the rules read a row and its neighbours. The month is a file of its own."""

N_RENAMED = 20


@dataclass(frozen=True, slots=True)
class Archive:
    """A copy of five months of the real archive, and a database."""

    folder: Path
    engine: Engine

    @property
    def month_file(self) -> Path:
        return self.folder / f"maps-{MONTH}.csv"

    def read(self) -> pd.DataFrame:
        return pd.read_csv(self.month_file, dtype=str, keep_default_na=False)

    def write(self, maps: pd.DataFrame) -> None:
        maps.to_csv(self.month_file, index=False)
        os.utime(self.month_file, (time.time(),) * 2)

    def land(self, *months: str) -> LandingCounts:
        """Land some months, or all of them."""
        rows = ArchiveSource(self.folder).published(TODAY)
        with self.engine.begin() as connection:
            chosen = rows.in_months([date.fromisoformat(month) for month in months]) if months else rows
            return land(connection, SourceName.ARCHIVE, chosen)

    def results(self) -> pd.DataFrame:
        """Rebuild, and return every map result with the ids that must stay."""
        with self.engine.begin() as connection:
            store(connection, rebuilt_from(connection))
            return pd.read_sql_query(
                text(
                    "SELECT map_results.id, map_results.natural_key, series_id, played_on, map_number, winner, rounds1,"
                    " maps.name AS map, one.name AS team1, other.name AS team2 FROM map_results"
                    " JOIN maps ON maps.id = map_id JOIN teams one ON one.id = team1_id"
                    " JOIN teams other ON other.id = team2_id"
                ),
                connection,
            )


@pytest.fixture
def archive(shared_data: Path, tmp_path: Path, postgres_url: str) -> Iterator[Archive]:
    maps = pd.DataFrame()
    for name in ("maps", "series", "rankings"):
        rows = pd.read_csv(shared_data / "archive" / f"{name}.csv.gz", dtype=str, keep_default_na=False)
        rows = rows[rows["date"].between(FIRST, LAST)]
        is_apart = rows["date"].str.startswith(MONTH) & (name == "maps")
        rows[~is_apart].to_csv(tmp_path / f"{name}.csv.gz", index=False)
        maps = rows[is_apart] if name == "maps" else maps
    engine = make_engine(postgres_url)
    archive = Archive(tmp_path, engine)
    archive.write(maps)
    yield archive
    engine.dispose()


def without_ids(maps: pd.DataFrame, team: str) -> pd.Series:
    """Rows of a team that no id tells apart."""
    return (maps["hltv_map_id"] == "") & ((maps["team1"] == team) | (maps["team2"] == team))


def test_corrections_leave_no_ghost_and_keep_the_ids(archive: Archive) -> None:
    archive.land()
    before = archive.results()
    maps = archive.read()

    renamed = maps.index[without_ids(maps, "FaZe")][:N_RENAMED]
    assert len(renamed) == N_RENAMED
    corrected = maps.copy()
    for column in ("team1", "team2"):
        corrected.loc[renamed, column] = corrected.loc[renamed, column].replace("FaZe", "FaZe Clan")
    moved = corrected.index[without_ids(maps, "Vitality")].difference(renamed)[:3]
    corrected.loc[moved, "date"] = [
        f"{pd.Timestamp(day) + pd.Timedelta(days=1):%Y-%m-%d}" for day in corrected.loc[moved, "date"]
    ]
    removed = corrected.index[without_ids(maps, "MOUZ")].difference(renamed).difference(moved)[0]
    archive.write(corrected.drop(index=removed))

    counts = archive.land()
    assert (counts.retracted, counts.corrected) == (N_RENAMED + 4, N_RENAMED + 3)
    after = archive.results()
    assert len(after) == len(before) - 1, "one row was removed, and no other map is gone or stands twice"
    joined = before.merge(after, on="id", suffixes=("", "_after"), how="left")
    gone = joined[joined["natural_key_after"].isna()]
    assert len(gone) == 1
    kept = joined.drop(index=gone.index)
    assert (kept["map"] == kept["map_after"]).all()
    assert (kept["winner"] == kept["winner_after"]).all()
    assert (kept["team1"] == kept["team1_after"]).all()
    assert (kept["series_id"] == kept["series_id_after"]).all(), "ids of series stay, too"
    assert (kept["natural_key"] != kept["natural_key_after"]).sum() == N_RENAMED + 3
    assert (kept["played_on"] != kept["played_on_after"]).sum() == 3

    archive.write(maps)
    archive.land()
    restored = archive.results()
    pd.testing.assert_frame_equal(
        restored.sort_values("id", ignore_index=True), before.sort_values("id", ignore_index=True)
    )


def test_a_file_that_shrinks_is_refused_and_one_that_is_gone_retracts_nothing(archive: Archive) -> None:
    archive.land()
    header, *rows = archive.month_file.read_text().splitlines(keepends=True)
    archive.month_file.write_text(header + "".join(rows[:100]))
    with pytest.raises(SourceError, match=r"map rows are no longer in the source archive"):
        archive.land()
    archive.month_file.unlink()
    archive.land()
    with archive.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM raw_rows WHERE kind = 'map'")) > 5_000
        assert connection.scalar(text("SELECT count(*) FROM raw_rows WHERE retraction IS NOT NULL")) == 0
