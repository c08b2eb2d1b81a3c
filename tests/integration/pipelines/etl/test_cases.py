"""Small files that went wrong (`../shared/cases`): one bad row is one rejection, and the others are stored."""

from datetime import date
from pathlib import Path

import pytest

from pipelines.etl.id_register import Identities
from pipelines.etl.rebuild import TableSet, rebuild
from pipelines.sources.archive import ArchiveSource
from pipelines.sources.base import RowKind, SourceError
from pipelines.sources.csv_files import NO_LINE_END, OPEN_QUOTE, REPEATED_HEADER

pytestmark = pytest.mark.real_data

TOO_MANY = "11 fields, but the header has 10"
ITSELF = "a team against itself"


@pytest.fixture(scope="module")
def cases(shared_data: Path) -> Path:
    return shared_data.parent / "cases"


def read(folder: Path) -> TableSet:
    """Rebuild from a folder; every published row has an outcome."""
    frames = ArchiveSource(folder).published(date(2026, 1, 31)).frames
    result = rebuild(frames, Identities())
    assert len(result.outcomes) == sum(len(frame) for frame in frames.values())
    return result


@pytest.mark.parametrize(
    ("folder", "kind", "stored", "reasons"),
    [
        ("01-two-spellings", RowKind.MAP, 2, {ITSELF: 1}),
        ("01b-series-two-spellings", RowKind.SERIES, 1, {ITSELF: 1}),
        ("01c-no-id", RowKind.MAP, 1, {ITSELF: 1}),
        ("01d-no-id-fixed", RowKind.MAP, 2, {}),
        ("01e-with-lineups", RowKind.MAP, 1, {ITSELF: 1}),
        ("01f-one-lineup-missing", RowKind.MAP, 1, {ITSELF: 1}),
        ("60-real-way", RowKind.MAP, 1, {ITSELF: 1}),
        ("03-nul", RowKind.MAP, 2, {"a name has a control character": 1}),
        ("03b-nul-quoted", RowKind.MAP, 2, {"a name has a control character": 1}),
        ("04-fixture-9999", RowKind.FIXTURE, 1, {"start_time is no time as YYYY-MM-DDTHH:MM": 1}),
        ("05a-map-number", RowKind.MAP, 2, {"map_number is not from 1 to 15": 1}),
        ("05b-rank", RowKind.MAP, 0, {"team1_rank is not from 1 to 100,000": 1}),
        ("05c-1e20", RowKind.MAP, 0, {"team1_rank is not from 1 to 100,000": 1}),
        ("05d-points-inf", RowKind.MAP, 1, {"team1_points is not from -1,000,000 to 1,000,000": 1}),
        ("06a-stray-quote-eof", RowKind.MAP, 202, {OPEN_QUOTE: 1}),
        ("07a-trailing-comma", RowKind.MAP, 2, {}),
        ("07b-trailing-comma-one-row", RowKind.MAP, 2, {f"{TOO_MANY}: a ',' too many at its end": 1}),
        ("07c-comma-in-name", RowKind.MAP, 2, {TOO_MANY: 1}),
        ("07d-unnamed-index", RowKind.MAP, 2, {}),
        ("08a-semicolons", RowKind.MAP, 2, {}),
        ("08b-utf16", RowKind.MAP, 2, {}),
        ("08c-bom-crlf", RowKind.MAP, 2, {}),
        ("08h-header-only", RowKind.MAP, 0, {}),
        ("08i-header-twice", RowKind.MAP, 3, {REPEATED_HEADER: 1}),
        ("08k-upper-header", RowKind.MAP, 2, {}),
        ("08l-spaced-header", RowKind.MAP, 2, {}),
        ("19-short-row", RowKind.MAP, 1, {NO_LINE_END: 1}),
        ("19-short-row-then", RowKind.MAP, 3, {}),
        ("20-thousands", RowKind.STANDING, 3, {}),
        ("21-winner-forms", RowKind.MAP, 6, {"winner is neither 1 nor 2": 4}),
        ("12-placeholders", RowKind.MAP, 2, {"a team is not known yet": 3}),
        ("12b-dashes", RowKind.MAP, 2, {"a team is not known yet": 1}),
        ("22-long-name", RowKind.MAP, 2, {"a name has more than 100 letters": 1}),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason_and_the_others_are_stored(
    cases: Path, folder: str, kind: RowKind, stored: int, reasons: dict[str, int]
) -> None:
    result = read(cases / folder)
    of_kind = result.outcomes[result.outcomes["kind"] == kind]
    assert (of_kind["outcome"] == "stored").sum() == stored
    assert result.rejections() == reasons


@pytest.mark.parametrize(
    ("folder", "problem"),
    [
        ("08d-cp1251", "line 4 has the byte 0xc2, which is not UTF-8"),
        ("08e-zip-as-gz", "Not a gzipped file"),
        ("08f-gz-truncated", "Compressed file ended before"),
        ("08g-empty", "the file is empty"),
        ("08j-dup-columns", "column winner stands twice"),
        ("08m-xlsx-named-csv", "a zip archive or spreadsheet"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(cases: Path, folder: str, problem: str) -> None:
    with pytest.raises(SourceError, match=rf"{folder}/maps\.csv.*{problem}"):
        read(cases / folder)


def test_numbers_with_separators_are_read_where_they_have_one_meaning(cases: Path) -> None:
    assert read(cases / "20-thousands").tables.standings["points"].tolist() == [1900.5, 1850.0, 1700.5]


def test_a_row_that_was_cut_leaves_nothing_behind_when_it_is_whole(cases: Path) -> None:
    assert set(read(cases / "19-short-row").tables.teams["name"]) == {"Ravens", "Harbor"}
    assert set(read(cases / "19-short-row-then").tables.teams["name"]) == {"Ravens", "Harbor", "Lanterns"}


def test_days_outside_the_game_are_counted_as_rejected(cases: Path) -> None:
    result = read(cases / "10-dates")
    assert result.rejections() == {
        "date is not a day as YYYY-MM-DD": 9,
        "date is before 2012-09-01, the first month of results": 2,
    }


def test_forfeits_draws_and_maps_to_be_announced_are_rejected(cases: Path) -> None:
    result = read(cases / "11-forfeits")
    rounds = result.tables.map_results[["rounds1", "rounds2"]].max(axis=1)
    assert rounds.min() > 1
    assert rounds.max() == 25
    assert result.rejections()["a forfeit: no map was played"] == 4


def test_starts_of_the_years_1_and_1970_are_rejected(cases: Path) -> None:
    result = read(cases / "23-fixture-zero-time")
    assert result.rejections() == {
        "start_time is no time as YYYY-MM-DDTHH:MM": 2,
        "start_time is before 2012-09-01": 1,
    }


def test_names_without_latin_letters_are_different_teams(cases: Path) -> None:
    teams = set(read(cases / "02-non-latin").tables.teams["name"])
    assert {"Вихрь", "龙虎", "Harbor", "Lanterns"} == teams


def test_spaces_and_invisible_signs_make_no_other_team_but_other_letters_do(cases: Path) -> None:
    aliases = read(cases / "13-names").tables.team_aliases
    ravens = aliases.loc[aliases["name"] == "Ravens", "team_id"].tolist()
    assert (aliases["team_id"] == ravens[0]).sum() >= 4  # the right-to-left, zero-width and full-width spellings
    assert aliases["team_id"].nunique() == 7


def test_the_fourth_map_of_a_best_of_three_is_marked(cases: Path) -> None:
    result = read(cases / "17-formats")
    marked = result.tables.map_results[~result.tables.map_results["is_rated"]]
    assert marked["map_number"].tolist() == [4]


def test_an_id_that_stands_twice_in_a_file_is_one_map_and_equal_rows_without_ids_are_two(cases: Path) -> None:
    assert len(read(cases / "15-duplicate-id-one-file").tables.map_results) == 2
    assert len(read(cases / "15b-duplicate-no-id").tables.map_results) == 4
    with_ids, without = (
        ArchiveSource(cases / name).published(date(2026, 1, 31)).warnings
        for name in ("15-duplicate-id-one-file", "15b-duplicate-no-id")
    )
    assert with_ids == ("maps.csv: 2 rows repeat the id of another row: the last row of an id counts",)
    assert without == ("maps.csv: 2 rows without an id repeat another row in every column: each counts as a match",)
