"""``cs2 identities`` on PostgreSQL: the evidence, and an operator's decision that is landed like any row."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.exit_codes import ExitCode
from cli.main import app
from cs2.settings import SourceName
from cs2.storage.engine import make_engine
from pipelines.etl.landing import land
from pipelines.etl.repository import store
from tests.testkit.rows import A, map_row, published, rebuilt_from

RENAME = [map_row("2025-01-01", "Apogee", team1_players=A), map_row("2025-01-09", "Betclic", team1_players=A)]
BACK = [map_row("2022-01-01", "Phoenix", "Gamma"), map_row("2025-01-09", "Phoenix", "Delta")]
DECISION = {"date": "2025-02-01", "about": "team", "name1": "Apogee", "name2": "Betclic", "verdict": "two"}


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, postgres_url: str, tmp_path: Any) -> None:
    monkeypatch.setenv("CS2_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CS2_DATABASE_URL", postgres_url)
    monkeypatch.setenv("COLUMNS", "200")


def rebuild(url: str, *decisions: dict[str, str]) -> None:
    """Land the rows and rebuild the tables."""
    engine = make_engine(url)
    others = {"identity": list(decisions)} if decisions else {}
    with engine.begin() as connection:
        land(connection, SourceName.ARCHIVE, published(maps=[*RENAME, *BACK], **others))
    with engine.begin() as connection:
        store(connection, rebuilt_from(connection))
    engine.dispose()


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["identities", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_doubtful_findings_come_first_and_are_filtered(postgres_url: str) -> None:
    assert "no decision about such a name is stored" in run()
    rebuild(postgres_url)
    found = json.loads(run("--json"))
    assert [(each["name"], each["is_doubtful"]) for each in found] == [("Phoenix", True), ("Apogee", False)]
    assert [each["name"] for each in json.loads(run("--json", "--name", "BETC"))] == ["Apogee"]
    assert [each["name"] for each in json.loads(run("--json", "--doubtful"))] == ["Phoenix"]
    assert json.loads(run("--json", "--about", "player")) == []
    shown = run("--limit", "1")
    assert "came back with other members" in shown
    assert "1 of 2; the others: --limit 2" in shown


def test_a_decision_is_landed_and_wins(postgres_url: str) -> None:
    rebuild(postgres_url)
    (link,) = json.loads(run("--json", "--name", "Apogee"))
    assert (link["is_one"], link["decided_by"]) == (True, "evidence")
    rebuild(postgres_url, DECISION)
    (decided,) = json.loads(run("--json", "--name", "Apogee"))
    assert (decided["is_one"], decided["decided_by"], decided["decided_on"]) == (False, "operator", "2025-02-01")
    assert decided["first_id"] == link["first_id"]
    assert decided["second_id"] != link["first_id"]


def test_a_wrong_kind_is_explained() -> None:
    result = CliRunner().invoke(app, ["identities", "--about", "map"])
    assert result.exit_code == ExitCode.WRONG_INPUT
    assert "--about takes team or player, not map" in result.output
