"""Whatever one cell of a file holds: the row is stored or rejected with a reason, and every other row is stored."""

import csv
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from cs2.settings import SourceName
from cs2.storage.engine import make_engine
from pipelines.etl.id_register import Identities
from pipelines.etl.landing import land
from pipelines.etl.rebuild import TableSet, rebuild
from pipelines.etl.repository import load_identities, load_newest_rows, store
from pipelines.etl.validation import TABLE_SCHEMAS
from pipelines.sources.archive import COLUMNS, ArchiveSource
from pipelines.sources.base import RowKind
from tests.testkit.rows import A, B

TODAY = date(2026, 1, 31)
ID = "{id}"
"""Stands for the number of the row in the cells of a valid row."""

SIDES = {"team1_players": "", "team2_players": "", "team1_rank": "5", "team2_rank": "6"}
SIDES |= {"team1_points": "1500.5", "team2_points": "1200"}
MATCH = {"team1": f"Home {ID}", "team2": f"Guest {ID}", "winner": "1", "event": "Cup", "lan": "1", "best_of": "3"}
VALID = {
    RowKind.MAP: {
        **{"date": "2025-11-01", "start_time": "2025-11-01T18:00", "map": "Nuke", **MATCH, **SIDES},
        **{"score1": "13", "score2": "7", "map_number": "1", "hltv_match_id": f"m{ID}", "hltv_map_id": ID},
        **{"sources": "hltv", "score_exact": "1", "winner_conflict": "0", "date_suspect": "0", "notes": "x"},
    },
    RowKind.SERIES: {"date": "2025-11-03", **MATCH, **SIDES, "number_on_day": "0"},
    RowKind.STANDING: {
        **{"date": "2025-11-05", "team": f"Ranked {ID}", "roster": f"a{ID}|b|c|d|e", "rank": "1", "points": "1900.5"},
        **{"starting_points": "1800", "region": "Europe"},
    },
    RowKind.PLAYER_MAP: {
        **{"date": "2025-11-10", "hltv_match_id": f"s{ID}", "map": "Nuke", "map_no": "1", "player": "ana"},
        **{
            "team1": "Alpha",
            "team2": "Beta",
            "kills": "20",
            "deaths": "10",
            "adr": "80.5",
            "kast": "70",
            "rating": "1.1",
        },
    },
    RowKind.FIXTURE: {
        **{"start_time": "2026-02-01T18:00Z", "event": "Cup", "best_of": "3"},
        **{"team1": f"Home {ID}", "team2": f"Guest {ID}"},
    },
}
LONG = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=9_000))
EXTREMES = [
    *(
        "",
        " ",
        "\x00",
        "a\x00b",
        LONG,
        LONG.upper()[:101],
        "1e20",
        "-1e20",
        "1e400",
        "9" * 400,
        "inf",
        "-inf",
        "nan",
        "None",
    ),
    *("-1", "0", "2", "3", "99999999999", "2147483648", "32768", "1.5", "1,900", "1,900.5", "1 850", "0001-01-01"),
    *(
        "9999-12-31",
        "2025-02-30",
        "2025-11-01T25:99",
        "\x1b[31m",
        "\x85",
        "\u2028",
        "a\tb",
        "🔥🔥",
        "\u202eRavens",
        "\u200b",
    ),
    *(
        '"',
        '""',
        'a "b" c',
        "a\nb",
        "a\r\nb",
        "|",
        "||||",
        "a|a|a|a|a",
        "x|" * 500,
        f"{LONG}|fay|gus|hal|ida",
        "Z" + "\u0301" * 300,
        "'; DROP TABLE maps;--",
    ),
    *("True", "team1", "Home", "TBD", "-", "?", "the", "null", "1.0", "０", "\ufeff1", "\\N", "\\.", "{}", "%s"),
]


def rows_of(kind: RowKind, values: list[tuple[str, str]]) -> list[dict[str, str]]:
    """Return a valid row, a row for each changed cell (column, value), and another valid row."""
    rows = []
    for number, (column, value) in enumerate([("", ""), *values, ("", "")], start=1):
        row = {name: cell.replace(ID, str(number)) for name, cell in VALID[kind].items()}
        rows.append(row | {column: value} if column else row)
    return rows


def write(folder: Path, kind: RowKind, rows: list[dict[str, str]]) -> None:
    with (folder / f"{COLUMNS[kind][0]}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(VALID[kind]))
        writer.writeheader()
        writer.writerows(rows)


def write_map_of_statistics(folder: Path) -> None:
    row = VALID[RowKind.MAP] | {"team1": "Alpha", "team2": "Beta", "team1_players": A, "team2_players": B}
    row |= {"date": "2025-11-10", "start_time": "", "hltv_map_id": "999999", "hltv_match_id": "of statistics"}
    with (folder / "maps-of-statistics.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row)


def check(result: TableSet, frames: dict[RowKind, pd.DataFrame]) -> None:
    """Every row has an outcome, a rejected one a reason, and the valid rows are used."""
    for name, schema in TABLE_SCHEMAS.items():
        schema.validate(getattr(result.tables, name), lazy=True)
    outcomes = result.outcomes.set_index(["kind", "index"])
    assert outcomes.index.is_unique
    assert len(outcomes) == sum(map(len, frames.values()))
    rejected = outcomes[outcomes["outcome"] == "rejected"]
    assert rejected["reasons"].map(len).min() > 0 if len(rejected) else True
    for kind, frame in frames.items():
        last = frame["line_number"].astype(int).max()
        for index, line in zip(frame.index, frame["line_number"].astype(int), strict=True):
            if line in (2, last):
                assert outcomes.loc[(kind, index), "outcome"] != "rejected", (kind, line, outcomes.loc[(kind, index)])


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    engine = make_engine(postgres_url)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("kind", VALID)
def test_every_extreme_in_every_column_leaves_the_other_rows_stored(
    engine: Engine, kind: RowKind, tmp_path: Path
) -> None:
    values = [(column, value) for column in VALID[kind] for value in EXTREMES]
    write(tmp_path, kind, rows_of(kind, values))
    write_map_of_statistics(tmp_path)
    published = ArchiveSource(tmp_path).published(TODAY)
    with engine.begin() as connection:
        land(connection, SourceName.ARCHIVE, published)
    with engine.begin() as connection:
        frames = load_newest_rows(connection, [SourceName.ARCHIVE])
        result = rebuild(frames, load_identities(connection))
        check(result, frames)
        store(connection, result)
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT count(*) FROM rejected_rows")).scalar_one()
    assert stored == result.rejected()


cells = st.one_of(st.sampled_from(EXTREMES), st.text(max_size=30), st.from_regex(r"[0-9.,eE+ -]{1,12}", fullmatch=True))
changes = st.sampled_from(list(VALID)).flatmap(
    lambda kind: st.tuples(
        st.just(kind), st.lists(st.tuples(st.sampled_from(list(VALID[kind])), cells), min_size=1, max_size=8)
    )
)


@settings(max_examples=25, deadline=None)
@given(changes)
def test_whatever_a_cell_holds_the_other_rows_are_stored(change: tuple[RowKind, list[tuple[str, str]]]) -> None:
    kind, values = change
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, kind, rows_of(kind, values))
        write_map_of_statistics(folder)
        frames = dict(ArchiveSource(folder).published(TODAY).frames)
    check(rebuild(frames, Identities()), frames)
