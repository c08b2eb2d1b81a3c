"""The Dagster code location: complete, documented, and loaded without the heavy packages."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.testkit.paths import ROOT

ASSETS = {
    *("boosting_model", "candidate_model", "champion_model", "elo_model", "events", "fixture_forecasts", "fixtures"),
    *("forecast_outcomes", "identity_findings", "lineups", "live_quality", "map_results", "maps", "player_map_stats"),
    *("players", "rating_snapshots", "raw_rows", "rejected_rows", "series", "standings", "teams", "vetoes"),
}
HEAVY = ("mlflow", "sklearn", "numba", "matplotlib", "scipy", "pandera")
IMPORTED = f"import sys, pipelines.definitions; print([name for name in {HEAVY} if name in sys.modules])"


def run(*command: str | Path) -> str:
    result = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def dg(*arguments: str) -> str:
    """Run Dagster's ``dg`` command, as a developer does."""
    return run(Path(sys.executable).with_name("dg"), *arguments)


@pytest.fixture(scope="module")
def listed() -> Any:
    return json.loads(dg("list", "defs", "--json"))


def names(listed: Any, kind: str) -> set[str]:
    return {definition["name"] for definition in listed[kind]}


def test_dg_accepts_the_definitions() -> None:
    assert "All definitions loaded successfully" in dg("check", "defs")


def test_every_definition_is_loaded(listed: Any) -> None:
    assert {asset["asset_key"] for asset in listed["assets"]} == ASSETS
    assert len(listed["asset_checks"]) == 23
    assert names(listed, "sensors") == {
        "fixtures_sensor",
        "new_results_sensor",
        "retraining_sensor",
        "evaluation_sensor",
    }
    assert names(listed, "jobs") == {"evaluation_job", "forecast_job", "ingest_job", "train_job"}
    assert names(listed, "resources") == {"announcer", "database", "mlflow", "mongo"}


@pytest.mark.parametrize("attribute", ["owners", "tags", "kinds", "description"])
def test_every_asset_is_documented(listed: Any, attribute: str) -> None:
    assert [asset["asset_key"] for asset in listed["assets"] if not asset[attribute]] == []


def test_every_check_and_job_has_a_description(listed: Any) -> None:
    definitions = [*listed["asset_checks"], *listed["jobs"]]
    assert [definition["name"] for definition in definitions if not definition["description"]] == []


def test_loading_the_definitions_imports_no_heavy_package() -> None:
    assert run(sys.executable, "-c", IMPORTED).strip() == "[]"
