"""Images of the deployed stack, built and run from their Dockerfiles without a container engine."""

import ast
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from cli.stack.temporary import wait_until_healthy
from cs2.messages import DEAD_EVENTS_STREAM, EVENT_FIELD, EVENTS_STREAM, FORECASTS_COLLECTION
from tests.system.deployed.composing import OURS, Composed, image_of
from tests.system.deployed.guarded import GuardedServers
from tests.system.deployed.installing import Image, make, make_builder
from tests.testkit.images import DOCKERFILES
from tests.testkit.sink import forecast_event

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]


COMMAND = ["python", "-m", "cli"]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Image]]:
    base = tmp_path_factory.mktemp("images")
    builder = make_builder(base / "builder")
    first, *others = DOCKERFILES
    made = {first.parent.name: make(first, base / first.parent.name, builder)}  # installs uv for all images
    with ThreadPoolExecutor() as pool:
        makings = {path.parent.name: pool.submit(make, path, base / path.parent.name, builder) for path in others}
    yield made | {name: making.result() for name, making in makings.items()}
    shutil.rmtree(base)  # the images take gigabytes, and pytest keeps temporary folders


@pytest.fixture(scope="module")
def guarded() -> Iterator[GuardedServers]:
    servers = GuardedServers()
    try:
        servers.start(["cs2", "dagster", "mlflow"])
        yield servers
    finally:
        servers.stop()


@pytest.fixture(scope="module")
def composed(
    images: dict[str, Image], guarded: GuardedServers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Composed]:
    # The watched folder is empty: the sensor starts no run, which would slow other tests down.
    variables = {"CS2_SOURCES": "archive"}
    (images["pipelines"].root / "archive").mkdir()
    logs = tmp_path_factory.mktemp("logs")
    running = Composed(images, guarded.ports, guarded.folder / "secrets", variables, logs)
    try:
        running.up()
        print({name: round(seconds, 1) for name, seconds in running.seconds.items()})
        yield running
    finally:
        running.down()


@pytest.mark.parametrize("folder", ["serving", "pipelines", "ingest_worker"])
def test_every_module_of_a_part_imports_in_its_image(images: dict[str, Image], folder: str) -> None:
    image = images[folder]
    paths = [path.relative_to(image.root / "app") for path in (image.root / "app" / folder).rglob("*.py")]
    modules = sorted(".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths)
    names = {name for path in paths for name in imported_inside_functions(image.root / "app" / path)}
    lines = [f"import {name}" for name in [*modules, *sorted(names)] if not name.endswith("__main__")]
    command = [str(image.root / "venv" / "bin" / "python"), "-c", "\n".join(lines)]
    variables = {"HOME": str(image.root), "CS2_JWT_KEY": "k" * 40}
    completed = subprocess.run(
        command, cwd=image.root / "app", env=variables, capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stderr[-2000:]


def imported_inside_functions(path: Path) -> set[str]:
    """Return the modules that a file imports inside functions."""
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    modules = set()
    for node in (inner for function in functions for inner in ast.walk(function)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
    return modules


def test_every_service_passes_its_health_check(composed: Composed) -> None:
    assert set(composed.seconds) == set(OURS)
    assert {image_of(name) for name in OURS} == set(composed.images)


def test_the_api_reaches_its_servers_and_knows_its_key(composed: Composed) -> None:
    with httpx.Client(base_url=composed.url("api"), timeout=30) as api:
        components = api.get("/health/ready").json()["components"]
        ill = {name: state["detail"] for name, state in components.items() if not state["is_well"]}
        assert set(ill) == {"model", "ratings"}, ill
        account = {"username": "deployed", "password": "correct horse battery"}
        assert api.post("/auth/register", json=account).status_code == 201
        token = api.post("/auth/login", data=account).json()["access_token"]
        history = api.get("/forecast/history", headers={"authorization": f"Bearer {token}"})
        assert history.status_code == 200, history.text  # MongoDB requires a password


def test_the_sink_takes_an_event_to_mongodb(composed: Composed, guarded: GuardedServers) -> None:
    payload = forecast_event()
    with guarded.redis() as client, guarded.mongo() as mongo:
        client.xadd(EVENTS_STREAM, {EVENT_FIELD: payload})
        stored = mongo["cs2"][FORECASTS_COLLECTION]
        query = {"_id": json.loads(payload)["event_id"]}
        wait_until_healthy(lambda: None if stored.find_one(query) else "not stored", "the event in MongoDB")
        assert client.xlen(DEAD_EVENTS_STREAM) == 0


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["users", "list"], "no account is registered yet|deployed"),
        (["models", "list"], "no model"),
        (["dead-letters", "list"], "no dead letters"),
        (["prune", "--before", "2026-01-01", "--forecasts"], "0 old forecasts"),
        (["history", "export", "--out", "/data/history.csv"], "forecasts written"),
    ],
)
def test_the_command_reaches_every_server(composed: Composed, words: list[str], answer: str) -> None:
    code, output = composed.run("cs2", [*COMMAND, *words])
    assert code == 0, output
    assert re.search(answer, output), output


def test_the_web_server_shows_the_jobs_of_the_code_server(composed: Composed) -> None:
    query = "{ repositoriesOrError { ... on RepositoryConnection { nodes { jobs { name } sensors { name } } } } }"
    answer = httpx.post(f"{composed.url('dagster-webserver')}/graphql", json={"query": query}, timeout=60).json()
    (repository,) = answer["data"]["repositoriesOrError"]["nodes"]
    assert {"ingest_job", "train_job"} <= {job["name"] for job in repository["jobs"]}
    assert "new_results_sensor" in {sensor["name"] for sensor in repository["sensors"]}


@pytest.mark.parametrize(("host", "status"), [("mlflow:5000", 200), ("localhost:5000", 200), ("elsewhere:5000", 403)])
def test_mlflow_answers_to_its_own_names_only(composed: Composed, host: str, status: int) -> None:
    url = f"{composed.url('mlflow')}/api/2.0/mlflow/experiments/search"
    assert httpx.post(url, json={"max_results": 1}, headers={"host": host}, timeout=30).status_code == status


def test_no_secret_is_in_a_log(composed: Composed, guarded: GuardedServers) -> None:
    for log in composed.logs.iterdir():
        text = log.read_text(errors="replace")
        assert not any(secret and secret in text for secret in guarded.secrets.values()), log.name
