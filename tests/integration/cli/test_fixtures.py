"""``cs2 fixtures`` on PostgreSQL."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.testkit.published_models import Models
from tests.testkit.toy_league import TODAY


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["fixtures", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_next_matches_are_listed_with_forecasts(
    models: Models,
    announce_match: Callable[..., None],
    forecast_matches: Callable[[], None],
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CS2_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CS2_DATABASE_URL", postgres_url)
    monkeypatch.setenv("CS2_CLOCK_DATE", TODAY.isoformat())
    monkeypatch.setenv("COLUMNS", "160")
    assert run() == "no upcoming match is announced\n"
    models.publish()
    announce_match(1, 24 * 8, event=None, best_of=None)
    announce_match(2, 18)
    forecast_matches()
    listed = json.loads(run("--json"))
    assert [(one["id"], one["forecast"] is None) for one in listed] == [(2, False), (1, True)]
    shown = f"{listed[0]['forecast']['team1_win_probability']:.3f}"
    _, first, last = run().splitlines()
    assert first.split()[:2] == ["2026-01-06", "17:59"]
    assert shown in first
    assert ("Vitality" in last, shown in last) == (True, False)
    assert len(json.loads(run("--json", "--limit", "1"))) == 1
