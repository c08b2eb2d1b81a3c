"""``cs2 report`` on MongoDB writes one self-contained page."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pymongo
import pytest
from typer.testing import CliRunner

from cli.main import app
from cs2.forecasting.evaluation import metrics
from cs2.forecasting.probability import sigmoid
from cs2.messages import FORECASTS_COLLECTION, OUTCOMES_COLLECTION, ForecastOutcome, outcome_document
from tests.testkit.documents import forecast

FIRST, N = date(2026, 1, 5), 300


@pytest.fixture
def history(mongo_url: str, mongo_database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    monkeypatch.setenv("CS2_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CS2_MONGO_URL", mongo_url)
    monkeypatch.setenv("CS2_MONGO_DATABASE", mongo_database)
    monkeypatch.setenv("CS2_DATABASE_URL", "postgresql+psycopg://cs2@127.0.0.1:1/cs2")
    with pymongo.MongoClient(mongo_url) as client:
        yield client[mongo_database]
        client.drop_database(mongo_database)


def fill(history: Any) -> tuple[np.ndarray, np.ndarray]:
    """Store scored forecasts of four weeks, a fifth of them automatic series forecasts. Return the map forecasts."""
    random = np.random.default_rng(1)
    forecasts, outcomes, of_maps = [], [], []
    for n in range(N):
        p, day = float(sigmoid(random.normal())), FIRST + timedelta(days=n // 11)
        is_series = n % 5 == 0
        question = {"best_of": 3, "fixture_id": n + 1} if is_series else {"map_id": 1 + n % 3}
        document = forecast(
            str(day), team1=n + 1, team2=n + 1000, probability=p, model_version=1 + n // 150, **question
        )
        won = bool(random.random() < p)
        forecasts.append(document)
        outcome = ForecastOutcome(
            forecast_id=document["_id"],
            winner=1 if won else 2,
            played_on=day,
            tier="others" if n % 2 else "both in Valve's top 30",
            baselines={"team_elo": float(sigmoid(random.normal())), "player_elo": 0.5},
            judged_at=datetime.now(UTC),
        )
        outcomes.append(outcome_document(outcome))
        if not is_series:
            of_maps.append((p, won))
    forecasts[0]["response"]["team1"]["name"] = "<script>alert(1)</script>"
    unscored = forecast("2026-01-06", probability=0.7)
    history[FORECASTS_COLLECTION].insert_many([*forecasts, unscored])
    history[OUTCOMES_COLLECTION].insert_many(outcomes)
    p, won = (np.array(column) for column in zip(*of_maps, strict=True))
    return p, won


def report(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["report", *arguments])
    return result.exit_code, result.output


def test_the_page_has_every_table_and_needs_no_other_file(history: Any, tmp_path: Path) -> None:
    p, won = fill(history)
    out = tmp_path / "report.html"
    code, output = report("--from", "2026-01-01", "--to", "2026-02-28", "--out", str(out))
    assert code == 0, output
    assert f"{N} of {N + 1} forecasts are scored" in output
    page = out.read_text()
    assert f"<td>forecast</td><td>{metrics.log_loss(p, won):.4f}</td>" in page
    assert f"{metrics.brier_score(p, won):.4f}" in page
    for heading in ("By week", "By model version", "By tier", "By map", "Automatic forecasts", "Drift", "2026-W02"):
        assert heading in page
    assert f"{N // 5} matches with an automatic forecast" in page
    assert "127.0.0.1" in page, "the page says that drift was not measured because PostgreSQL is away"
    assert page.count('src="data:image/png;base64,') == 2
    assert not re.search(r"(src|href)=['\"](?!data:)", page)
    assert "<script>" not in page, "names are untrusted, so the page escapes them"
    assert "&lt;script&gt;alert(1)" in page
    assert not re.search(r">(nan|None)<", page)


def test_only_the_requested_days_are_in_it(history: Any, tmp_path: Path) -> None:
    fill(history)
    code, output = report("--from", "2026-01-06", "--to", "2026-01-07", "--out", str(tmp_path / "r.html"))
    assert (code, output.split(" forecasts")[0]) == (0, "22 of 23")


def test_days_without_forecasts_make_a_page(history: Any, tmp_path: Path) -> None:
    code, _ = report("--from", "2025-01-01", "--to", "2025-01-02", "--out", str(tmp_path / "r.html"))
    assert code == 0
    assert "No forecast of these days is scored" in (tmp_path / "r.html").read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        ("soon", "2026-01-02", "r.html"),
        ("2026-01-03", "2026-01-02", "r.html"),
        ("2026-01-01", "2026-01-02", "no/r.html"),
    ],
)
def test_wrong_input_exits_with_status_2(history: Any, tmp_path: Path, arguments: tuple[str, str, str]) -> None:
    first, last, name = arguments
    assert report("--from", first, "--to", last, "--out", str(tmp_path / name))[0] == 2
    assert not (tmp_path / name).exists()


def test_without_mongodb_it_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CS2_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CS2_MONGO_URL", "mongodb://127.0.0.1:1/?directConnection=true")
    code, output = report("--from", "2026-01-01", "--to", "2026-01-02", "--out", str(tmp_path / "r.html"))
    assert code == 1
    assert "the history cannot be read" in output
