"""The converter on the real data: the spellings are right, and what it writes fits the archive."""

from pathlib import Path

import pytest

from pipelines.sources.archive import COLUMNS
from pipelines.sources.base import RowKind
from pipelines.sources.csv_files import read_csv_file
from scripts.convert_more.__main__ import Inputs, convert, read_inputs
from scripts.convert_more.bridge import agreement_with_lineups, agreement_with_table, build_bridge
from scripts.convert_more.tables import read_table

pytestmark = pytest.mark.real_data

CUT = "2024-10-01"


@pytest.fixture(scope="module")
def inputs(shared_data: Path) -> Inputs:
    return read_inputs(shared_data / "more", shared_data / "archive")


def test_spellings_agree_with_the_table_of_right_nicknames(shared_data: Path, inputs: Inputs) -> None:
    sides = [side for each in inputs.maps for side in each.sides()]
    frame = read_table(shared_data / "more", "bo3gg_slug_to_archive_nickname", ("player_slug", "archive_nickname"))
    table = dict(zip(frame["player_slug"], frame["archive_nickname"], strict=True))
    bridge = build_bridge(sides, inputs.lineups)
    agreement = agreement_with_table(bridge, [line.slug for line in inputs.lines], table)
    assert agreement.appearances > 160_000
    assert agreement.share >= 0.999


def test_votes_of_earlier_maps_name_players_of_later_maps_rightly(inputs: Inputs) -> None:
    sides = [side for each in inputs.maps for side in each.sides()]
    earlier = build_bridge([side for side in sides if side.day < CUT], [])
    agreement = agreement_with_lineups(earlier, [side for side in sides if side.day >= CUT])
    assert agreement.named > 50_000
    assert agreement.share_of_named >= 0.985


def test_every_nickname_that_is_written_is_one_of_the_archive(
    shared_data: Path, inputs: Inputs, tmp_path: Path
) -> None:
    convert(shared_data / "more", tmp_path, inputs)
    written = read_csv_file(tmp_path / "lineups.csv", COLUMNS[RowKind.LINEUP][1]).frame
    assert len(written) > 1_500
    names = {name for side in (1, 2) for text in written[f"team{side}_players"] for name in text.split("|") if name}
    assert names <= {name for lineup in inputs.lineups for name in lineup}
    for kind in (RowKind.PLAYER_MAP, RowKind.VETO):
        stem, columns = COLUMNS[kind]
        assert len(read_csv_file(tmp_path / f"{stem}.csv", columns).frame) > 10_000
