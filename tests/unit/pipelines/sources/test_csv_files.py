"""CSV files line by line: separators, encodings, quotes, widths and a last line that may be cut."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources.base import SourceError
from pipelines.sources.csv_files import NO_LINE_END, OPEN_QUOTE, REPEATED_HEADER, CsvTable, read_csv_file

COLUMNS = ("date", "team1", "winner")
HEADER = "date,team1,winner\n"
TWO_ROWS = "2025-11-01,Ravens,1\n2025-11-02,Harbor,2\n"


def read(folder: Path, content: str | bytes, name: str = "maps.csv") -> CsvTable:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    table = read_csv_file(folder / name, COLUMNS)
    n_rows = len(table.frame) + len(table.bad_lines)
    assert n_rows == len(table.line_numbers) + len(table.bad_lines)
    assert table.n_lines == 1 + n_rows + table.n_empty + table.n_further, "every line has one meaning"
    return table


def teams(table: CsvTable) -> list[str]:
    return list(table.frame["team1"])


def bad_lines(table: CsvTable) -> dict[int, str]:
    return {line.number: line.reason for line in table.bad_lines}


@pytest.mark.parametrize(
    "content",
    [
        HEADER + TWO_ROWS,
        (HEADER + TWO_ROWS).replace(",", ";"),
        (HEADER + TWO_ROWS).replace(",", "\t"),
        (HEADER + TWO_ROWS).replace("\n", "\r\n"),
        (HEADER + TWO_ROWS).replace("\n", "\r"),
        (HEADER + TWO_ROWS).encode("utf-16"),
        (HEADER + TWO_ROWS).encode("utf-8-sig"),
        "Date, TEAM1 ,winner\n" + TWO_ROWS,
        HEADER + TWO_ROWS.replace("\n", ",\n"),
        HEADER.replace("\n", ",\n") + TWO_ROWS.replace("\n", ",\n"),
        HEADER.replace("\n", ",\n") + TWO_ROWS,
        ",date,team1,winner\n0,2025-11-01,Ravens,1\n1,2025-11-02,Harbor,2\n",
        "\n\n" + HEADER + "\n" + TWO_ROWS + ",,\n   \n",
        HEADER + '2025-11-01,"Ravens",1\n"2025-11-02",Harbor,"2"\n',
    ],
    ids=[
        *("plain", "semicolons", "tabs", "crlf", "cr", "utf-16", "byte order mark", "capitals and spaces"),
        *("commas after rows", "commas after all", "comma after header", "index column", "empty lines", "quotes"),
    ],
)
def test_what_has_one_meaning_is_read(tmp_path: Path, content: str | bytes) -> None:
    table = read(tmp_path, content)
    assert list(table.frame) == list(COLUMNS)
    assert table.frame.to_numpy().tolist() == [["2025-11-01", "Ravens", "1"], ["2025-11-02", "Harbor", "2"]]
    assert table.bad_lines == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2025-11-03,Ravens, Inc,1", "4 fields, but the header has 3"),
        ("2025-11-03,Ravens,1,", "4 fields, but the header has 3: a ',' too many at its end"),
        ("2025-11-03,Ravens", "2 fields, but the header has 3"),
        ('2025-11-03,"Ravens,1', OPEN_QUOTE),
        ("Date,Team1,Winner", REPEATED_HEADER),
    ],
)
def test_one_bad_line_is_one_rejection(tmp_path: Path, line: str, reason: str) -> None:
    table = read(tmp_path, f"{HEADER}2025-11-01,Ravens,1\n{line}\n2025-11-02,Harbor,2\n")
    assert bad_lines(table) == {3: reason}
    assert table.bad_lines[0].text == line
    assert teams(table) == ["Ravens", "Harbor"]
    assert table.line_numbers == [2, 4]


def test_two_stray_quotes_swallow_no_line_between_them(tmp_path: Path) -> None:
    table = read(tmp_path, f'{HEADER}2025-11-03,"Bad,1\n{TWO_ROWS}2025-11-04,x",1\n2025-11-05,Last,1\n')
    assert bad_lines(table) == {2: OPEN_QUOTE}
    assert teams(table) == ["Ravens", "Harbor", 'x"', "Last"]


def test_a_quoted_text_over_two_lines_is_one_row(tmp_path: Path) -> None:
    table = read(tmp_path, f'{HEADER}2025-11-03,"Two\nlines, one team",1\n{TWO_ROWS}')
    assert teams(table) == ["Two\nlines, one team", "Ravens", "Harbor"]
    assert table.line_numbers == [2, 4, 5]
    assert table.n_further == 1


def test_text_after_a_closing_quote_is_named(tmp_path: Path) -> None:
    table = read(tmp_path, f'{HEADER}2025-11-03,"Ra"vens,1\n{TWO_ROWS}')
    assert "a quoted text does not end with its field" in bad_lines(table)[2]
    assert teams(table) == ["Ravens", "Harbor"]


@pytest.mark.parametrize("name", ["maps.csv", "maps.csv.gz"])
def test_a_last_line_without_an_end_is_not_stored_until_it_has_one(tmp_path: Path, name: str) -> None:
    whole = HEADER + TWO_ROWS
    for end in range(len(HEADER) + 1, len(whole)):
        content = whole[:end].encode()
        table = read(tmp_path, gzip.compress(content) if name.endswith("gz") else content, name=name)
        complete = whole[:end].count("\n") - 1
        assert teams(table) == ["Ravens", "Harbor"][:complete]
        expected = {} if whole[:end].endswith("\n") else {complete + 2: NO_LINE_END}
        assert bad_lines(table) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_file_cut_within_a_letter_has_a_cut_last_line(tmp_path: Path, encoding: str) -> None:
    table = read(tmp_path, (HEADER + TWO_ROWS + "2025-11-03,Вихрь").encode(encoding)[:-1])
    assert teams(table) == ["Ravens", "Harbor"]
    assert bad_lines(table) == {4: NO_LINE_END}


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        (
            HEADER.encode() + b"2025-11-01,\xc2\xe8\xf5\xf0\xfc,1\n",
            "maps.csv",
            "line 2 has the byte 0xc2, which is not UTF-8",
        ),
        (b"PK\x03\x04...", "maps.csv", "a zip archive or spreadsheet"),
        (b"PK\x03\x04...", "maps.csv.gz", "not a readable CSV file"),
        (b"", "maps.csv", "the file is empty"),
        (b"\n \n", "maps.csv", "the file is empty"),
        (b"date,team1,winner,winner\n", "maps.csv", "column winner stands twice in the header"),
        (b"date,team1,Winner,winner\n", "maps.csv", "column winner stands twice in the header"),
        (b'date,"team1,winner\n', "maps.csv", "its header"),
    ],
)
def test_a_file_that_is_none_is_named_with_the_reason(tmp_path: Path, content: bytes, name: str, problem: str) -> None:
    with pytest.raises(SourceError, match=name) as error:
        read(tmp_path, content, name)
    assert problem in str(error.value)


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "maps.csv").mkdir()
    with pytest.raises(SourceError, match=r"maps\.csv: not a readable CSV file"):
        read_csv_file(tmp_path / "maps.csv", COLUMNS)


def test_columns_of_the_pipeline_are_not_read_from_a_file(tmp_path: Path) -> None:
    table = read(tmp_path, "date,team1,winner,row_key,problem,source_rank\n2025-11-01,Ravens,1,a,b,c\n")
    assert list(table.frame) == list(COLUMNS)


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet='a1,"\n\r;\x00 é', max_size=80))
def test_whatever_stands_below_the_header_adds_up(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    read(tmp_path_factory.getbasetemp(), HEADER + text)
