"""``cs2 rows`` on PostgreSQL: an operator retracts and restores rows, and sees why others are rejected."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from cli.main import app
from cs2.settings import SourceName, get_settings
from cs2.storage.engine import make_engine
from pipelines.etl.landing import land
from pipelines.etl.repository import store
from pipelines.sources.archive import ArchiveSource
from tests.testkit.rows import rebuilt_from

HEADER = "date,map,team1,team2,winner,score1,score2,hltv_map_id\n"
LINES = "2026-01-05,Nuke,Alpha,Beta,1,13,7,1\n2026-01-06,Train,Gamma,Beta,2,7,13,2\n2026-01-07,Nuke,Alpha,alpha,1,,,3\n"


@pytest.fixture
def folder(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / "maps.csv").write_text(HEADER + LINES)
    settings = {"DATA_DIR": str(tmp_path), "ARCHIVE_DIR": str(folder), "DATABASE_URL": postgres_url}
    for name, value in (settings | {"SOURCES": "archive", "CLOCK_DATE": "2026-01-31"}).items():
        monkeypatch.setenv(f"CS2_{name}", value)
    monkeypatch.setenv("COLUMNS", "200")
    get_settings.cache_clear()
    yield folder
    get_settings.cache_clear()


@pytest.fixture
def engine(folder: Path, postgres_url: str) -> Iterator[Engine]:
    engine = make_engine(postgres_url)
    load(engine, folder)
    yield engine
    engine.dispose()


def load(engine: Engine, folder: Path) -> None:
    """Land the folder, and rebuild the tables."""
    settings = get_settings()
    with engine.begin() as connection:
        land(connection, SourceName.ARCHIVE, ArchiveSource(folder).published(settings.current_day()))
    with engine.begin() as connection:
        store(connection, rebuilt_from(connection))


def cs2(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, ["rows", *arguments])
    assert result.exit_code == status, result.output
    return result.output


def listed(*arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in cs2(*arguments, "--json").splitlines()]


def teams_of_results(engine: Engine) -> set[str]:
    query = "SELECT teams.name FROM map_results JOIN teams ON teams.id = team1_id"
    with engine.connect() as connection:
        return set(connection.scalars(text(query)))


def test_rows_are_listed_with_their_states(engine: Engine) -> None:
    rows = listed("list")
    assert [row["state"] for row in rows] == ["rejected: a team against itself", "used", "used"]
    assert rows[1]["payload"]["team1"] == "Gamma"
    [of_result] = listed("list", "--result", str(rows[1]["result_id"]))
    assert of_result["id"] == rows[1]["id"]
    assert [row["id"] for row in listed("list", "--find", "gamma")] == [rows[1]["id"]]
    assert [row["id"] for row in listed("list", "--date", "2026-01-05")] == [rows[2]["id"]]
    assert listed("list", "--kind", "series") == []
    assert "more rows than 1" in cs2("list", "--limit", "1")
    assert "no such row is stored" in cs2("list", "--source", "valve")
    assert "there is no kind match" in cs2("list", "--kind", "match", status=2)


def test_a_retracted_row_stays_out_when_its_source_corrects_it_until_it_is_restored(
    engine: Engine, folder: Path
) -> None:
    [row] = listed("list", "--find", "Gamma")
    output = cs2("retract", str(row["id"]), "--reason", "the match was annulled", "--by", "ann")
    assert "archive map of 2026-01-06, Gamma - Beta, Train: retracted" in output
    assert "cs2 ingest" in output
    assert teams_of_results(engine) == {"Alpha", "Gamma"}, "nothing changes before the next rebuild"

    (folder / "maps.csv").write_text(HEADER + LINES.replace("Gamma,Beta,2,7", "Gamma,Beta,2,9"))
    load(engine, folder)
    assert teams_of_results(engine) == {"Alpha"}
    [row] = listed("list", "--retracted")
    assert row["state"] == "retracted by ann: the match was annulled"
    assert "already retracted by ann" in cs2("retract", str(row["id"]), "--reason", "again", status=2)

    assert "restored" in cs2("restore", str(row["id"]), "--by", "bob")
    load(engine, folder)
    assert teams_of_results(engine) == {"Alpha", "Gamma"}
    with engine.connect() as connection:
        [kept] = connection.execute(text("SELECT reason, retracted_by, restored_by FROM row_retractions"))
    assert tuple(kept) == ("the match was annulled", "ann", "bob")


def test_a_retraction_follows_a_row_whose_key_is_corrected(engine: Engine, folder: Path) -> None:
    [row] = listed("list", "--find", "Gamma")  # its key holds an id that the file loses
    without_ids = "".join(line.rsplit(",", 1)[0] + ",\n" for line in LINES.splitlines())
    (folder / "maps.csv").write_text(HEADER + without_ids)
    load(engine, folder)
    cs2("retract", str(row["id"]), "--reason", "the match was annulled")
    assert [each["state"].split()[0] for each in listed("list", "--find", "Gamma")] == ["retracted"]
    (folder / "maps.csv").write_text(HEADER + without_ids.replace("Gamma", "Gamma Gaming"))
    load(engine, folder)
    assert teams_of_results(engine) == {"Alpha"}


def test_a_row_that_only_its_source_retracted_cannot_be_restored(engine: Engine, folder: Path) -> None:
    [row] = listed("list", "--find", "Gamma")
    (folder / "maps.csv").write_text(HEADER + "".join(LINES.splitlines(True)[::2]))
    load(engine, folder)
    output = cs2("restore", str(row["id"]), status=2)
    assert "not retracted by an operator; it is retracted: no longer in the source" in output.replace("\n", " ")


def test_unknown_rows_and_empty_reasons_are_refused(engine: Engine) -> None:
    assert "no stored row has the id 999" in cs2("retract", "999", "--reason", "x", status=2)
    assert "no stored row has the id 999" in cs2("restore", "999", status=2)
    [row] = listed("list", "--find", "Gamma")
    assert "give a reason" in cs2("retract", str(row["id"]), "--reason", " ", status=2)


def test_rejected_rows_are_listed_with_reason_file_and_line(engine: Engine) -> None:
    [row] = listed("rejected")
    assert row["reasons"] == ["a team against itself"]
    assert row["file"] == "maps.csv:4"
    assert listed("rejected", "--reason", "forfeit") == []
    output = cs2("rejected", "--reason", "itself")
    assert "maps.csv:4" in output
    assert "a team against itself" in output


def test_rejected_rows_have_the_place_where_they_were_read(engine: Engine, folder: Path) -> None:
    (folder / "maps.csv").unlink()
    assert [row["file"] for row in listed("rejected")] == ["maps.csv:4"]


def test_a_line_that_is_no_row_is_listed_and_goes_when_it_is_corrected(engine: Engine, folder: Path) -> None:
    whole = (folder / "maps.csv").read_text()
    (folder / "maps.csv").write_text(whole + "2025-07-09,too,few\n")
    load(engine, folder)
    [line] = listed("rejected", "--reason", "fields")
    assert line["file"] == "maps.csv:5"
    assert "2025-07-09,too,few" in cs2("rejected", "--reason", "fields")
    (folder / "maps.csv").write_text(whole)
    load(engine, folder)
    assert listed("rejected", "--reason", "fields") == []


def test_a_row_that_moved_to_another_file_is_missed_there(engine: Engine, folder: Path) -> None:
    (folder / "maps.csv").rename(folder / "maps-new.csv")
    load(engine, folder)
    assert "Gamma" in teams_of_results(engine)
    (folder / "maps-new.csv").write_text(HEADER + "".join(LINES.splitlines(True)[::2]))
    load(engine, folder)
    assert "Gamma" not in teams_of_results(engine)
