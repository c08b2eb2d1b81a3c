"""Make lineups.csv, vetoes.csv and player_maps.csv for an archive folder from other public match data.

Reads the player lines of bo3.gg and the picks of HLTV, resolves the spellings of players by rule, and writes three
files that belong into the archive folder. ``--check`` writes nothing: it prints how often the spellings are right.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pipelines.spelling import Lineup
from scripts.convert_more.archive_maps import (
    ArchiveMap,
    Bo3Map,
    match_maps,
    read_archive_lineups,
    read_archive_maps,
    read_bo3_maps,
)
from scripts.convert_more.bridge import (
    Agreement,
    Bridge,
    Side,
    agreement_with_lineups,
    agreement_with_table,
    build_bridge,
)
from scripts.convert_more.errors import ConversionError
from scripts.convert_more.picks import VETO_COLUMNS, PlayOrder, veto_rows
from scripts.convert_more.players import (
    LINEUP_COLUMNS,
    PLAYER_COLUMNS,
    PlayedMap,
    PlayerLine,
    lineup_rows,
    played_maps,
    player_rows,
    read_player_lines,
)
from scripts.convert_more.tables import read_table, write_table

SINCE = "2023-12-31"
"""The day before the first match of bo3.gg in these files."""

JUDGED_FROM = ("2024-07-01", "2024-10-01", "2025-01-01")
"""Days from which ``--check`` judges the votes of the days before."""

TARGET = 0.98
"""Share of appearances that must agree with the table of right nicknames."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What all outputs follow from.

    Attributes:
        lines: Player lines of bo3.gg.
        bo3: Maps of bo3.gg.
        maps: Maps that both sources have.
        archive: Maps of the archive.
        lineups: Lineups of the archive.
    """

    lines: list[PlayerLine]
    bo3: list[Bo3Map]
    maps: list[PlayedMap]
    archive: list[ArchiveMap]
    lineups: list[Lineup]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="scripts/convert-more", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--more", type=Path, required=True, metavar="DIR", help="folder of the bo3gg_* and hltv_* files"
    )
    parser.add_argument(
        "--archive", type=Path, required=True, metavar="DIR", help="archive folder with maps and series"
    )
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--out", type=Path, metavar="DIR", help="folder to write to; it is created")
    target.add_argument("--check", action="store_true", help=f"print the agreement; exit 1 if it is below {TARGET:.0%}")
    options = parser.parse_args(arguments)
    try:
        inputs = read_inputs(options.more, options.archive)
        if options.check:
            return check(options.more, options.archive, inputs)
        convert(options.more, options.out, inputs)
    except ConversionError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _report(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def read_inputs(more: Path, archive_folder: Path) -> Inputs:
    """Read both sources and pair their maps.

    Raises:
        ConversionError: If a file is missing or cannot be read.
    """
    _report(f"reading {archive_folder}")
    archive = read_archive_maps(archive_folder, since=SINCE)
    lineups = read_archive_lineups(archive_folder)
    _report(f"reading {more}")
    bo3 = read_bo3_maps(more)
    lines = read_player_lines(more)
    paired = match_maps(bo3, archive)
    _report(f"{len(paired):,} of {len(bo3):,} maps of bo3.gg are in the archive")
    return Inputs(lines, bo3, played_maps(paired, bo3, lines), archive, lineups)


def _sides(inputs: Inputs) -> list[Side]:
    return [side for each in inputs.maps for side in each.sides()]


def convert(more: Path, out: Path, inputs: Inputs) -> None:
    """Write the three files.

    Raises:
        ConversionError: If a file is missing, cannot be read or cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConversionError(f"{out} cannot be created: {error}") from error
    bridge = _build(_sides(inputs), inputs.lineups)
    for name, columns, (rows, left_out) in (
        ("lineups.csv", LINEUP_COLUMNS, lineup_rows(inputs.maps, bridge)),
        ("player_maps.csv", PLAYER_COLUMNS, player_rows(inputs.maps, bridge)),
        ("vetoes.csv", VETO_COLUMNS, veto_rows(more, PlayOrder(more, inputs.archive, inputs.bo3))),
    ):
        n_rows = write_table(out / name, columns, rows)
        _report(f"{out / name}: {n_rows:,} rows{_left_out(left_out)}")


def _left_out(reasons: Counter[str]) -> str:
    parts = "; ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items()))
    return f"; left out: {parts}" if parts else ""


def _build(sides: Sequence[Side], lineups: Sequence[Lineup]) -> Bridge:
    bridge = build_bridge(sides, lineups)
    n_sides = sum(side.is_known_to_both for side in sides)
    _report(f"{n_sides:,} lineups that both sources know give {len(bridge.by_vote):,} players a nickname")
    return bridge


def check(more: Path, archive_folder: Path, inputs: Inputs) -> int:
    """Print how often the spellings are right; return 1 if that is less often than ``TARGET``.

    Raises:
        ConversionError: If a file is missing or cannot be read.
    """
    sides = _sides(inputs)
    days = {line.map_id: each.archive.row["date"] for each in inputs.maps for side in each.lines for line in side}
    frame = read_table(more, "bo3gg_slug_to_archive_nickname", ("player_slug", "archive_nickname"))
    truth = dict(zip(frame["player_slug"], frame["archive_nickname"], strict=True))
    table = Table("votes from", "judged on", "by", "appearances", "named", "right", "of all", "of named", box=None)

    def add(votes: str, judged: str, by: str, agreement: Agreement) -> None:
        counts = (agreement.appearances, agreement.named, agreement.right)
        shares = (f"{agreement.share:.2%}", f"{agreement.share_of_named:.2%}")
        table.add_row(votes, judged, by, *(f"{count:,}" for count in counts), *shares)

    bridge = _build(sides, inputs.lineups)
    reached = agreement_with_table(bridge, [line.slug for line in inputs.lines], truth)
    add("all maps", "all", "table", reached)
    add("all maps", "all", "archive's lineups", agreement_with_lineups(bridge, sides))
    for day in JUDGED_FROM:
        voting = [side if side.day < day else replace(side, lineup=()) for side in sides]
        earlier = _build(voting, read_archive_lineups(archive_folder, before=day))
        later = [line.slug for line in inputs.lines if days.get(line.map_id, "") >= day]
        add(f"before {day}", f"from {day}", "table", agreement_with_table(earlier, later, truth))
        judged = agreement_with_lineups(earlier, [side for side in sides if side.day >= day])
        add(f"before {day}", f"from {day}", "archive's lineups", judged)
    Console(width=140, soft_wrap=True).print(table)
    return 0 if reached.share >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
