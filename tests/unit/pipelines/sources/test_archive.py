"""Watched folder: files that are read, files that are rejected, and files being written."""

import gzip
import os
import time
from datetime import date
from pathlib import Path

import pytest

from pipelines.sources.archive import SETTLED_SECONDS, ArchiveSource
from pipelines.sources.base import RowKind, SourceError

TODAY = date(2026, 1, 31)
HEADER = "date,map,team1,team2,winner,hltv_map_id\n"
FIXTURES = "start_time,event,best_of,team1,team2"
ROWS = HEADER + "2026-01-01,Nuke,Alpha,Beta,1,\n2026-01-02,Mirage,Alpha,Beta,2,\n"


def write(folder: Path, text: str | bytes, name: str = "maps.csv", age: float = 60) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.utime(path, (time.time() - age,) * 2)
    return path


def rows(folder: Path, kind: RowKind = RowKind.MAP, today: date = TODAY) -> list[tuple[str, str]]:
    frame = ArchiveSource(folder).published(today).frames[kind]
    return list(zip(frame["date"], frame["winner"], strict=True))


def test_files_are_optional_and_others_are_ignored(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    write(tmp_path, "anything", name="odds.csv")
    assert set(ArchiveSource(tmp_path).published(TODAY).frames) == {RowKind.MAP}


def test_a_gzipped_file_is_read_like_a_plain_one(tmp_path: Path) -> None:
    write(tmp_path, gzip.compress(ROWS.encode()), name="maps.csv.gz")
    assert rows(tmp_path) == [("2026-01-01", "1"), ("2026-01-02", "2")]


def test_player_maps_are_not_taken_for_maps(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    write(tmp_path, "date,hltv_match_id,map,player,kills,deaths\n2026-01-01,1,Nuke,ana,9,8\n", name="player_maps.csv")
    frames = ArchiveSource(tmp_path).published(TODAY).frames
    assert (len(frames[RowKind.MAP]), len(frames[RowKind.PLAYER_MAP])) == (2, 1)


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        ("date,map,team1,team2\n2026-01-01,Nuke,A,B\n", "maps.csv", "column winner is missing"),
        ("", "maps.csv", "not a CSV file"),
        (b"\x00\xff\xfe\x81" * 50, "maps.csv", "not a readable CSV file"),
        ("date,map\n1,2\n1,2,3,4,5\n", "maps.csv", "column team1, team2, winner is missing"),
        (gzip.compress(ROWS.encode() * 99)[:-20], "maps.csv.gz", "not a readable CSV file"),
        (ROWS.encode(), "maps.csv.gz", "not a readable CSV file"),
        (HEADER + "first of May,Nuke,A,B,1,\n", "maps.csv", "column date holds no date as YYYY-MM-DD"),
        (FIXTURES + "\nsoon,Cup,3,A,B\n", "fixtures.csv", "column start_time holds no date as YYYY-MM-DD"),
        ("date,event,best_of,team1,team2\n", "fixtures.csv", "column start_time is missing"),
    ],
    ids=[  # gzip writes the time into its header
        *("no winner", "empty", "binary", "ragged", "gzip cut off", "no gzip", "no date", "no start", "no start time"),
    ],
)
def test_a_malformed_file_is_named_in_one_line(tmp_path: Path, content: str | bytes, name: str, problem: str) -> None:
    write(tmp_path, ROWS)
    write(tmp_path, content, name=name)
    with pytest.raises(SourceError) as error:
        ArchiveSource(tmp_path).published(TODAY)
    message = str(error.value)
    assert name in message
    assert problem in message
    assert "\n" not in message


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"the folder has no maps\*\.csv"):
        ArchiveSource(tmp_path).published(TODAY)
    with pytest.raises(SourceError, match="this folder does not exist"):
        ArchiveSource(tmp_path / "nowhere").published(TODAY)


def test_a_row_with_an_unreadable_date_is_published(tmp_path: Path) -> None:
    write(tmp_path, ROWS + "2026-01-99,Nuke,Alpha,Beta,1,\n")
    frame = ArchiveSource(tmp_path).published(TODAY).frames[RowKind.MAP]
    assert frame["month"].tolist() == ["2026-01-01"] * 3


def test_results_after_today_are_not_published(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    assert rows(tmp_path, today=date(2026, 1, 1)) == [("2026-01-01", "1")]


def test_equal_rows_of_a_file_have_different_keys(tmp_path: Path) -> None:
    write(tmp_path, ROWS + "2026-01-01,Nuke,Alpha,Beta,2,\n")
    assert len(set(ArchiveSource(tmp_path).published(TODAY).frames[RowKind.MAP]["row_key"])) == 3


def test_fixtures_ahead_belong_to_the_running_month(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    lines = ["2026-02-01T01:30+02:00,Cup,3,Alpha,Beta", "2026-01-02T18:00,Cup,3,Alpha,Beta", "soon,Cup,3,Alpha,Beta"]
    write(tmp_path, "\n".join([FIXTURES, *lines, ""]), name="fixtures.csv")
    source = ArchiveSource(tmp_path)
    frames = source.published(date(2026, 1, 1)).frames
    assert frames[RowKind.MAP]["date"].tolist() == ["2026-01-01"]
    assert frames[RowKind.FIXTURE][["date", "month"]].to_numpy().tolist() == [
        ["2026-01-31", "2026-01-01"],
        ["2026-01-02", "2026-01-01"],
        ["", "2026-01-01"],
    ]
    write(tmp_path, FIXTURES + "\n2026-02-03T18:00,Cup,3,Alpha,Beta\n", name="fixtures.csv")
    assert source.published(TODAY).frames[RowKind.FIXTURE]["month"].tolist() == ["2026-01-01"]
    assert source.published(date(2026, 3, 1)).frames[RowKind.FIXTURE]["month"].tolist() == ["2026-02-01"]


def test_a_fixture_moved_within_its_day_keeps_its_key(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    keys = []
    for start in ("2026-02-01T18:00", "2026-02-01T20:30", "2026-02-02T20:30"):
        write(tmp_path, f"{FIXTURES}\n{start},Cup,3,Alpha,Beta\n", name="fixtures.csv")
        keys += ArchiveSource(tmp_path).published(TODAY).frames[RowKind.FIXTURE]["row_key"].tolist()
    assert keys[0] == keys[1] != keys[2]


def test_the_newest_file_corrects_a_row_of_an_older_one(tmp_path: Path) -> None:
    write(tmp_path, ROWS, age=100)
    write(tmp_path, HEADER + "2026-01-02,Mirage,Alpha,Beta,1,\n2026-01-03,Nuke,C,D,2,\n", name="maps-2026.csv", age=50)
    assert sorted(rows(tmp_path)) == [("2026-01-01", "1"), ("2026-01-02", "1"), ("2026-01-03", "2")]


def test_a_map_with_an_id_keeps_its_key_when_corrected(tmp_path: Path) -> None:
    source = ArchiveSource(tmp_path)
    write(tmp_path, HEADER + "2026-01-01,Nuke,Alpha,Beta,1,77\n")
    before = source.published(TODAY).frames[RowKind.MAP]["row_key"].tolist()
    write(tmp_path, HEADER + "2026-01-02,Nuke,Alfa,Beta,1,77\n")
    assert source.published(TODAY).frames[RowKind.MAP]["row_key"].tolist() == before


def test_a_file_being_written_has_no_fingerprint(tmp_path: Path) -> None:
    source = ArchiveSource(tmp_path)
    write(tmp_path, ROWS, age=0)
    assert source.fingerprint(TODAY) is None
    write(tmp_path, ROWS, age=SETTLED_SECONDS + 1)
    first = source.fingerprint(TODAY)
    assert first is not None
    assert source.fingerprint(date(2026, 2, 1)) != first
    write(tmp_path, ROWS + "2026-01-03,Nuke,Alpha,Beta,2,\n")
    assert source.fingerprint(TODAY) != first


def test_digests_change_with_rows_and_not_with_their_order(tmp_path: Path) -> None:
    source = ArchiveSource(tmp_path)
    write(tmp_path, ROWS + "2025-12-01,Nuke,Alpha,Beta,2,\n")
    before = source.published(TODAY).month_digests()
    write(tmp_path, HEADER + "".join(reversed((ROWS + "2025-12-01,Nuke,Alpha,Beta,2,\n").splitlines(True)[1:])))
    assert source.published(TODAY).month_digests() == before
    write(tmp_path, ROWS + "2025-12-01,Nuke,Alpha,Beta,1,\n")
    after = source.published(TODAY).month_digests()
    assert {month for month in after if after[month] != before[month]} == {"2025-12-01"}


def test_every_unreadable_file_is_named(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    write(tmp_path, "", name="maps-empty.csv")
    write(tmp_path, "date,team1\n", name="series.csv")
    with pytest.raises(SourceError, match=r"maps-empty\.csv.*; .*series\.csv: column"):
        ArchiveSource(tmp_path).published(TODAY)


def test_rows_and_bad_lines_name_their_file_and_line(tmp_path: Path) -> None:
    write(tmp_path, ROWS + "2026-01-03,Nuke\n2026-01-04,Nuke,Alpha,Beta,1,\n")
    frame = ArchiveSource(tmp_path).published(TODAY).frames[RowKind.MAP]
    assert set(frame["file_name"]) == {"maps.csv"}
    assert frame["line_number"].tolist() == ["2", "3", "4", "5"]
    assert frame["problem"].tolist() == ["", "", "2 fields, but the header has 6", ""]
    assert frame["line_text"].tolist()[2] == "2026-01-03,Nuke"
    assert frame["month"].tolist() == ["2026-01-01"] * 4


def test_a_row_that_only_moved_changes_no_digest(tmp_path: Path) -> None:
    source, december, bad = ArchiveSource(tmp_path), "2025-12-01,Nuke,Alpha,Beta,2,\n", "2026-01-02,Nuke\n"
    write(tmp_path, ROWS + bad)
    before = source.published(TODAY)
    write(tmp_path, HEADER + december + ROWS.removeprefix(HEADER) + bad)
    moved = source.published(TODAY)
    assert moved.frames[RowKind.MAP]["line_number"].tolist() != before.frames[RowKind.MAP]["line_number"].tolist()
    assert moved.month_digests()["2026-01-01"] == before.month_digests()["2026-01-01"]
    assert set(before.frames[RowKind.MAP]["row_key"]) < set(moved.frames[RowKind.MAP]["row_key"])


def test_a_file_with_only_bad_lines_is_refused_unless_its_one_line_may_be_cut(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    write(tmp_path, HEADER + "2026-01-05,Nu", name="maps-new.csv")
    frame = ArchiveSource(tmp_path).published(TODAY).frames[RowKind.MAP]
    assert frame["month"].tolist() == ["2026-01-01"] * 3
    write(tmp_path, HEADER + "1;2\n3;4\n", name="maps-new.csv")
    with pytest.raises(SourceError, match="no line can be read, such as line 2: 1 fields, but the header has 6"):
        ArchiveSource(tmp_path).published(TODAY)


def test_a_long_key_is_shortened_and_stays_unique(tmp_path: Path) -> None:
    long = "x" * 5_000
    header = "date,map,team1,team2,winner,hltv_match_id\n"
    write(tmp_path, header + "".join(f"2026-01-01,Nuke,Alpha,Beta,1,{long}{end}\n" for end in "ab"))
    keys = ArchiveSource(tmp_path).published(TODAY).frames[RowKind.MAP]["row_key"]
    assert keys.nunique() == 2
    assert keys.str.len().max() <= 100
