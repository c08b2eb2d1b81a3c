"""``cs2 check`` on small archive folders: what it prints, its JSON document and its exit status."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app

HEADER = "date,map,team1,team2,winner,best_of,map_number,hltv_match_id,hltv_map_id\n"
GOOD = "2025-11-01,Nuke,Ravens,Harbor,1,3,1,m1,1\n2025-11-01,Train,Ravens,Harbor,1,3,2,m1,2\n"
SERIES = "date,team1,team2,winner,team1_players,team2_players\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "maps.csv").write_text(HEADER + GOOD)
    return tmp_path


def check(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["check", str(folder), "--today", "2026-01-31", *options])


def test_a_folder_of_usable_rows_has_exit_status_0(folder: Path) -> None:
    (folder / "notes.txt").write_text("")
    result = check(folder)
    assert result.exit_code == 0, result.output
    assert "not read: notes.txt" in result.output


def test_every_bad_row_is_named_with_file_line_and_reason(folder: Path) -> None:
    bad = '2025-11-02,Nuke,"Ravens,Harbor,1,,,,\n\n2025-11-03,Nuke,TBD,Harbor,1,,,,\n2025-11-03,Nuke,Ravens\n'
    (folder / "maps.csv").write_text(HEADER + GOOD + bad)
    result = check(folder)
    assert result.exit_code == 1
    assert 'maps.csv line 4: a quote (") opens in this line and does not close: 2025-11-02' in result.output
    assert "maps.csv line 6: a team is not known yet: 2025-11-03, Nuke, TBD, Harbor, 1" in result.output
    assert "maps.csv line 7: 3 fields, but the header has 9: 2025-11-03,Nuke,Ravens" in result.output
    assert "rejected 1: a team is not known yet" in result.output


def test_what_becomes_of_each_line_adds_up(folder: Path) -> None:
    third = "2025-11-01,Inferno,Ravens,Harbor,2,3,3,m1,3\n"
    (folder / "maps.csv").write_text(HEADER + GOOD + third + "2026-02-01,Nuke,Ravens,Harbor,1,,,,\n\nend")
    (folder / "maps-2.csv").write_text(HEADER + GOOD.splitlines(keepends=True)[0])
    (folder / "series.csv").write_text(SERIES + "2025-11-01,Ravens,Harbor,1,,\n")
    result = check(folder, "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    files = {file["name"]: file for file in document["files"]}
    for file in files.values():
        parts = (count for name, count in file.items() if name not in ("name", "kind", "lines"))
        assert file["lines"] == sum(parts), file
    maps = files["maps.csv"]
    assert (maps["lines"], maps["empty"], maps["later"], maps["rejected"]) == (7, 1, 1, 1)
    assert maps["repeated"] + files["maps-2.csv"]["repeated"] == 1
    assert files["series.csv"]["merged"] == 1
    [rejected] = document["rejected"]
    assert (rejected["file_name"], rejected["line_number"]) == ("maps.csv", 7)
    [marked] = document["marked"]
    assert (marked["file_name"], marked["line_number"], marked["mark"]) == ("maps.csv", 4, "never_played")
    assert document["exit_status"] == 1


def test_unreadable_files_are_named_and_the_others_checked(folder: Path) -> None:
    (folder / "maps-empty.csv").write_text("")
    (folder / "series.csv").write_text("date\n")
    (folder / "maps.csv").write_text(HEADER + GOOD + "soon,Nuke,Ravens,Harbor,1,,,,\n")
    result = check(folder)
    assert result.exit_code == 2
    assert "maps-empty.csv: not a CSV file (the file is empty)" in result.output
    assert "series.csv: column team1, team2" in result.output
    assert "maps.csv line 4: date is not a day as YYYY-MM-DD" in result.output


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nowhere"], "this folder does not exist"),
        ([".", "--today", "May"], "--today 'May' is not a day as YYYY-MM-DD"),
    ],
)
def test_wrong_input_has_exit_status_2(
    arguments: list[str], problem: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(app, ["check", *arguments])
    assert result.exit_code == 2
    assert problem in result.output


def test_a_row_cannot_write_control_sequences_to_the_terminal(folder: Path) -> None:
    (folder / "maps.csv").write_text(HEADER + GOOD + "2025-11-02,Nuke,Rav\x1b[31mens,Harbor,1,,,,\n")
    result = check(folder)
    assert result.exit_code == 1
    assert "\x1b" not in result.output
