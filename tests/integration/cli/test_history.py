"""``cs2 history export`` on MongoDB."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pymongo
import pytest
from typer.testing import CliRunner
from uuid_utils import uuid7

from cli.main import app
from cs2.messages import FORECASTS_COLLECTION

MAP = {"map": {"id": 3, "name": "Nuke"}}
SERIES = {"best_of": 3, "scores": [], "maps": []}


def document(day: int, kind: str, what: dict[str, Any], user_id: int | None) -> dict[str, Any]:
    response = {
        "team1_win_probability": 0.6,
        "interval": [0.5, 0.7],
        "warnings": ["one, with a comma", 'two "quoted"'],
        "model": {"version": 4, "trained_through": "2026-01-01", "ratings_as_of": "2026-01-02"},
        "team1": {"id": 1, "name": "Vitality", "players": []},
        "team2": {"id": 2, "name": "Ünïcode; team", "players": []},
        "played_on": "2026-01-05",
        **what,
    }
    return {
        "_id": str(uuid7()),
        "kind": kind,
        "occurred_at": datetime(2026, 1, day, 23, 59, 59, tzinfo=UTC),
        "user_id": user_id,
        "batch_id": None,
        "contributions": {"elo": 0.25},
        "response": response,
        "model_version": 4,
        "snapshot_id": 7,
    }


@pytest.fixture
def documents(mongo_url: str, mongo_database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setenv("CS2_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CS2_MONGO_URL", mongo_url)
    monkeypatch.setenv("CS2_MONGO_DATABASE", mongo_database)
    forecasts = [document(1, "map", MAP, 1), document(2, "series", SERIES, None), document(3, "map", MAP, 2)]
    with pymongo.MongoClient(mongo_url) as client:
        client[mongo_database][FORECASTS_COLLECTION].insert_many(forecasts)
        yield forecasts
        client.drop_database(mongo_database)


def export(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["history", "export", *arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize("name", ["forecasts.parquet", "forecasts.csv"])
def test_every_forecast_is_a_row(documents: Any, tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    code, output = export("--out", str(out))
    assert code == 0, output
    assert "3 forecasts written to" in output
    frame = pd.read_parquet(out) if name.endswith("parquet") else pd.read_csv(out)
    assert list(frame["forecast_id"]) == [row["_id"] for row in documents]
    assert list(frame["kind"]) == ["map", "series", "map"]
    assert list(frame["map"].fillna("")) == ["Nuke", "", "Nuke"]
    assert frame["user_id"].isna().tolist() == [False, True, False]
    assert frame["team2"][0] == "Ünïcode; team"
    assert frame["warnings"][0] == 'one, with a comma; two "quoted"'
    assert pd.to_datetime(frame["occurred_at"])[0] == documents[0]["occurred_at"]
    assert json.loads(frame["contributions"][0]) == {"elo": 0.25}
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.usefixtures("documents")
@pytest.mark.parametrize(
    ("arguments", "count"),
    [(("--from", "2026-01-02"), 2), (("--to", "2026-01-02"), 2), (("--from", "2026-01-02", "--to", "2026-01-02"), 1)],
)
def test_an_export_is_limited_by_two_days(tmp_path: Path, arguments: tuple[str, ...], count: int) -> None:
    out = tmp_path / "some.parquet"
    assert export("--out", str(out), *arguments)[0] == 0
    assert len(pd.read_parquet(out)) == count


@pytest.mark.parametrize("arguments", [("--out", "x.txt"), ("--out", "x.csv", "--from", "soon")])
def test_wrong_input_exits_with_status_2(arguments: tuple[str, ...]) -> None:
    code, output = export(*arguments)
    assert code == 2
    assert "YYYY-MM-DD" in " ".join(output.split())


def test_an_unavailable_mongodb_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CS2_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CS2_MONGO_URL", "mongodb://127.0.0.1:1/?directConnection=true")
    monkeypatch.setattr("cli.history.SERVER_MS", 200)
    code, output = export("--out", str(tmp_path / "x.csv"))
    assert code == 1
    assert "the export failed" in output
    assert not (tmp_path / "x.csv").exists()
