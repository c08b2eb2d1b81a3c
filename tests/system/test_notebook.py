"""Execute ``examples/forecast_and_judge.ipynb`` against a running service and sink."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import httpx
import nbformat
import pytest
from nbclient import NotebookClient

from cli.stack import servers
from cli.stack.temporary import wait_until_healthy
from cs2.forecasting.simulation.league import simulate_league
from pipelines.sources.base import RowKind
from pipelines.sources.simulated import SEED, league_frames
from tests.testkit.archive_service import serve_archive
from tests.testkit.archives import write
from tests.testkit.leagues import FIRST_DAY, SMALL, day_number
from tests.testkit.paths import ROOT
from tests.testkit.service import JWT_KEY

NOTEBOOK = ROOT / "examples" / "forecast_and_judge.ipynb"
CUT, LAST = date(2023, 8, 17), date(2023, 9, 1)

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:.*zmq:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # Jupyter's own
]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    league = simulate_league(4, FIRST_DAY, day_number(2023, 9, 1), SMALL)
    frames = league_frames(league, SEED)
    maps = frames[RowKind.MAP].assign(winner_conflict="0", date_suspect="0")
    return write(tmp_path / "archive", {"maps": maps, "series": frames[RowKind.SERIES]})


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        child.terminate()
        child.wait(20)


def test_the_notebook_forecasts_and_scores_a_weekend(
    archive: Path,
    tmp_path: Path,
    postgres_url: str,
    redis_url: str,
    mongo_url: str,
    mongo_database: str,
    mlflow_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    serve_archive(archive, CUT, LAST, postgres_url, mlflow_url)
    port = servers.free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "CS2_DATABASE_URL": postgres_url,
        "CS2_REDIS_URL": redis_url,
        "CS2_MONGO_URL": mongo_url,
        "CS2_MONGO_DATABASE": mongo_database,
        "CS2_MLFLOW_URL": mlflow_url,
        "CS2_DATA_DIR": str(tmp_path / "service"),
        "CS2_CLOCK_DATE": str(CUT),
        "CS2_JWT_KEY": JWT_KEY,
    }
    api = [sys.executable, "-m", "uvicorn", "--factory", "serving.app:create_app", "--port", str(port)]
    monkeypatch.setenv("CS2_API_URL", url)
    monkeypatch.setenv("CS2_ARCHIVE", str(archive))
    monkeypatch.delenv("MPLBACKEND", raising=False)

    def problem() -> str | None:
        try:
            return None if httpx.get(f"{url}/health/ready").is_success else "not ready"
        except httpx.TransportError as error:
            return str(error)

    with running(api, environment), running([sys.executable, "-m", "ingest_worker"], environment):
        wait_until_healthy(problem, "the API")
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "\n".join(
        output.get("text", "") + output.get("data", {}).get("text/plain", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )
    counts = re.search(r"(\d+) forecasts, (\d+) maps that the service could not", printed)
    assert counts is not None, printed
    assert int(counts[1]) > 20
    assert int(counts[2]) == 0
    scores = {name: float(value) for name, value in re.findall(r"^(.*?)  +([\d.]+)$", printed, re.MULTILINE)}
    assert 0.4 < scores["log loss"] < 0.9
    assert scores["log loss of a coin"] == pytest.approx(0.6931)
    assert any("image/png" in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))
    assert "won by" in printed


def test_the_notebook_is_stored_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in notebook.cells)
