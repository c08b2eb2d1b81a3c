"""Rows of the real wide CSV file, and its winners compared with the archive."""

from collections import Counter
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from pipelines.etl.id_register import Identities
from pipelines.etl.rebuild import rebuild
from pipelines.sources.base import RowKind
from pipelines.sources.kaggle import KaggleSource

pytestmark = pytest.mark.real_data

TODAY = date(2026, 1, 31)


def test_the_real_file_has_these_rows(shared_data: Path) -> None:
    published = KaggleSource(shared_data / "kaggle").published(TODAY)
    assert {kind: len(frame) for kind, frame in published.frames.items()} == {
        "map": 304, "series": 587, "player_map": 2_838,
    }  # fmt: skip
    rebuilt = rebuild(published.frames, Identities())
    assert rebuilt.rejections() == {"its map or player is not among the map results": 383, "no map is named": 3}
    assert rebuilt.counts["series_rows_joined_to_maps"] == 138
    assert len(rebuilt.tables.player_map_stats) == 2_445


def test_winners_of_the_real_file_are_those_of_the_archive(shared_data: Path) -> None:
    maps = KaggleSource(shared_data / "kaggle").published(TODAY).frames[RowKind.MAP]
    archive = pd.read_csv(shared_data / "archive" / "maps.csv.gz", dtype=str, keep_default_na=False)

    def winners(rows: pd.DataFrame) -> dict[tuple[str, str, frozenset[str]], str]:
        return {
            (row["date"], row["map"], frozenset((row["team1"], row["team2"]))): row[f"team{row['winner']}"]
            for row in rows.to_dict("records")
        }

    known = winners(archive)
    agreement = Counter(known[key] == winner for key, winner in winners(maps).items() if key in known)
    assert agreement == {True: 164}
