"""Valve's sample beside the real archive."""

import tarfile
from datetime import date
from pathlib import Path

import pytest

from pipelines.sources.archive import ArchiveSource
from pipelines.sources.base import PublishedRows, RowKind
from pipelines.sources.git import Checkout
from pipelines.sources.valve import ValveSource
from tests.testkit.repositories import commit
from tests.testkit.rows import outcomes, together


@pytest.mark.real_data
def test_valves_sample_beside_the_archive_adds_no_match(shared_data: Path, tmp_path: Path) -> None:
    """The archive contains the sample's series, so only older team names differ from the archive's tables."""
    with tarfile.open(shared_data / "valve_vrs_sample.tar.gz") as sample:
        sample.extractall(tmp_path, filter="data")
    commit(tmp_path)
    today = date(2026, 1, 31)
    recent = {
        kind: frame[frame["date"] >= "2025-01-01"].reset_index(drop=True)
        for kind, frame in ArchiveSource(shared_data / "archive").published(today).frames.items()
    }
    valve = ValveSource(Checkout(tmp_path)).published(today)
    assert valve.frames[RowKind.SERIES]["date"].min() >= "2025-01-01"
    alone, both = together(PublishedRows(recent)), together(PublishedRows(recent), valve)
    published_rows = len(valve.frames[RowKind.SERIES])
    merged = outcomes(both, RowKind.SERIES).count("merged") - outcomes(alone, RowKind.SERIES).count("merged")
    rejected = both.rejections()["a team against itself"] - alone.rejections()["a team against itself"]
    columns = ["natural_key", "first_day", "last_day", "winner", "best_of"]
    assert both.tables.series[columns].equals(alone.tables.series[columns])
    assert (merged, rejected) == (7_856, 8)
    assert merged + rejected == published_rows
    assert both.tables.standings["natural_key"].tolist() == alone.tables.standings["natural_key"].tolist()
