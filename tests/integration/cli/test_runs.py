"""Runs of a real Dagster webserver, with toy jobs that succeed, are rejected, or crash."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer import Typer
from typer.testing import CliRunner

from cli.exit_codes import ExitCode
from cli.ingest import ingest, report_ingest
from cli.run_outcome import RunOutcome
from cli.runs import DagsterError, DagsterRuns
from cli.train import report_training, train
from tests.testkit.dagster_webserver import run_toy, webserver


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=160)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_promoted_model_is_reported(dagster_url: str, console: Console) -> None:
    outcome = run_toy(dagster_url, console)
    assert report_training(outcome, console) == ExitCode.OK
    assert "passed: better_than_elo (log loss 0.6412 against 0.6582)" in shown(console)
    assert "version 7 is the champion" in shown(console)


def test_a_rejected_model_is_no_crash(dagster_url: str, console: Console) -> None:
    outcome = run_toy(dagster_url, console, gate={"refused": True})
    assert outcome.status == "FAILURE"
    assert report_training(outcome, console) == ExitCode.MODEL_REFUSED
    assert "refused version 7" in shown(console)
    assert "better_than_elo: log loss 0.6412 against 0.6582" in shown(console)


def test_a_crash_is_reported_with_its_innermost_reason(dagster_url: str, console: Console) -> None:
    outcome = run_toy(dagster_url, console, candidate_model={"crash": True})
    assert report_training(outcome, console) == ExitCode.FAILURE
    assert "MLflow at http://127.0.0.1:1 does not answer" in shown(console)


def test_an_unknown_job_is_named(dagster_url: str) -> None:
    with DagsterRuns(dagster_url) as runs, pytest.raises(DagsterError, match="no job ingest_job"):
        runs.launch("ingest_job")


def test_wrong_configuration_is_reported(dagster_url: str) -> None:
    with DagsterRuns(dagster_url) as runs, pytest.raises(DagsterError, match="did not start train_job"):
        runs.launch("train_job", run_config={"ops": {"gate": {"config": {"refused": "perhaps"}}}})


def test_a_queued_run_without_a_daemon_is_an_error(
    tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.runs.SILENT_SECONDS", 2.0)
    with webserver(tmp_path, "QueuedRunCoordinator") as url, pytest.raises(DagsterError, match="no heartbeat ever"):
        run_toy(url, console)


def test_there_is_no_active_run_when_nothing_runs(dagster_url: str) -> None:
    with DagsterRuns(dagster_url) as runs:
        assert runs.active_run("train_job") is None


@pytest.mark.parametrize("command", [train, ingest])
def test_an_unreachable_server_is_named_with_its_address(
    command: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CS2_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CS2_DAGSTER_URL", "http://127.0.0.1:1")
    app = Typer()
    app.command()(command)
    result = CliRunner().invoke(app)
    assert result.exit_code == ExitCode.FAILURE
    assert "http://127.0.0.1:1 cannot be reached" in result.output.replace("\n", "")
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("date,map,team1,team2\n2026-01-02,Nuke,a,b\n", "column winner is missing"),
        ("date,map,team1,team2,winner\nyesterday,Nuke,a,b,1\n", "no date as YYYY-MM-DD"),
        ("\x00\x01", "column date, map, team1, team2, winner is missing"),
    ],
)
def test_a_wrong_file_gets_one_line_and_is_not_copied(
    content: str, problem: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CS2_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("CS2_SOURCES", "archive")
    folder = tmp_path / "january"
    folder.mkdir()
    (folder / "maps.csv").write_text(content)
    app = Typer()
    app.command()(ingest)
    result = CliRunner().invoke(app, ["--path", str(folder)])
    assert result.exit_code == ExitCode.WRONG_INPUT
    assert problem in " ".join(result.output.split())
    assert not (tmp_path / "data" / "archive").exists()


def test_the_counts_of_an_ingest_are_printed(console: Console) -> None:
    outcome = RunOutcome("run", status="SUCCESS")
    outcome.metadata["map_results"] = {"map_rows_stored": 70000, "map_rows_rejected": 725, "map_results": 70000}
    assert report_ingest(outcome, console) == ExitCode.OK
    (line,) = [line for line in shown(console).splitlines() if "maps" in line]
    assert [part for part in line.split() if part[0].isdigit()] == ["70,725", "70,000", "0", "725"]
