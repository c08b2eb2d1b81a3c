"""``cs2 forecast --local`` with the disk cache of the service, and ``cs2 openapi``."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli.forecast import forecast
from cli.openapi import openapi
from tests.testkit.published_models import Models
from tests.testkit.service import Running
from tests.testkit.toy_league import TODAY

app = typer.Typer()
app.command("forecast")(forecast)
app.command("openapi")(openapi)


@pytest.fixture
async def data_dir(running: Running, models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    models.publish()
    async with running() as service:
        answer = (await service.forecast()).json()
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    monkeypatch.setenv("CS2_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CS2_CLOCK_DATE", str(TODAY))
    return tmp_path


def run_forecast(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["forecast", "--local", *arguments])
    return result.exit_code, result.output


def test_the_command_answers_like_the_service(data_dir: Path) -> None:
    code, output = run_forecast("--map", "nuke", "--team1", "team vitalite", "--team2", "FURIA", "--json")
    assert code == 0
    served = json.loads((data_dir / "answer.json").read_text())
    answer = json.loads(output)
    assert answer["team1_win_probability"] == served["team1_win_probability"]
    assert "Vitality" in run_forecast("--map", "Nuke", "--team1", "Vitality", "--team2", "FURIA")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--map", "Nuk", "--team1", "Vitality", "--team2", "FURIA"), "did you mean Nuke"),
        (("--map", "Nuke", "--team1", "Vitallity", "--team2", "FURIA"), "did you mean Vitality"),
        (("--map", "Nuke", "--team1", "FURIA", "--team2", "FURIA"), "both sides"),
        (("--map", "Nuke", "--team1", "id:999999", "--team2", "FURIA"), "no team has the id"),
        (("--map", "Nuke", "--team1", "Vitality", "--team2", "FURIA", "--on", "soon"), "YYYY-MM-DD"),
    ],
)
@pytest.mark.usefixtures("data_dir")
def test_wrong_input_exits_with_status_2(arguments: tuple[str, ...], message: str) -> None:
    code, output = run_forecast(*arguments)
    assert code == 2
    assert message in " ".join(output.split())


def test_without_a_cache_the_command_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CS2_DATA_DIR", str(tmp_path))
    code, output = run_forecast("--map", "Nuke", "--team1", "a", "--team2", "b")
    assert code == 1
    assert "no copy of a model" in output


def test_the_openapi_document_needs_no_server() -> None:
    result = CliRunner().invoke(app, ["openapi"])
    assert result.exit_code == 0
    document = json.loads(result.output)
    operation = document["paths"]["/forecast/get_team1_win_probability"]["post"]
    assert "application/problem+json" in operation["responses"]["422"]["content"]
    assert operation["requestBody"]["content"]["application/json"]["examples"]


def test_players_can_be_named(data_dir: Path) -> None:
    teams = ("--map", "Nuke", "--team1", "Vitality", "--team2", "FURIA", "--json")
    players = [option for number in range(1, 6) for option in ("--player1", f"player{number}")]
    code, output = run_forecast(*teams, *players)
    assert code == 0
    served = json.loads((data_dir / "answer.json").read_text())
    assert json.loads(output)["team1_win_probability"] == served["team1_win_probability"]
    code, output = run_forecast(*teams, *players[:8])
    assert code == 2
    assert "name five" in output
    code, output = run_forecast(*teams, *players[:8], "--player1", "ZywO")
    assert code == 2
    assert "ZywOo" in output
