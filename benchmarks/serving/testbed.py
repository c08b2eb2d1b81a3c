"""Test environment: real servers and a real model. The measured process has one core, everything else another."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import psutil
import skops.io
from redis import Redis
from sqlalchemy.orm import Session

from cli.stack import servers
from cli.stack.temporary import TemporaryServers, wait_until_healthy
from cs2.calendar import date_of
from cs2.forecasting.evaluation.walk_forward import build_training_set
from cs2.forecasting.matches import UNKNOWN, MatchHistory
from cs2.forecasting.model.estimators import fit_logistic
from cs2.forecasting.model.features import STORED_FEATURE_NAMES
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.regression_cases import build_regression_cases
from cs2.forecasting.ratings.engine import compute_ratings
from cs2.forecasting.ratings.snapshot import FEATURES_VERSION, RatingSnapshot
from cs2.messages import EVENTS_STREAM
from cs2.settings import Settings
from cs2.storage import migrate
from cs2.storage.engine import make_engine
from cs2.storage.model_registry import promote, record_gate_result, store_snapshot
from cs2.storage.tables import ModelRow
from pipelines.etl.id_register import Identities
from pipelines.etl.match_history import history_from_tables
from pipelines.etl.rebuild import rebuild
from pipelines.etl.repository import store
from pipelines.etl.tabulate import Tables
from pipelines.sources.archive import ArchiveSource
from pipelines.sources.base import MatchSource
from pipelines.sources.simulated import SimulatedSource
from serving.auth.tokens import Tokens
from serving.forecast.disk_cache import FOLDER

KEY = "k" * 40
N_REQUESTS = 1500


def cores() -> tuple[int, int]:
    """Return a core for the measured process, and one for the load and the other servers."""
    available = sorted(os.sched_getaffinity(0))
    if len(available) < 2:
        sys.exit("make bench needs two cores: one for the server, one for the load")
    return available[0], available[1]


@dataclass(frozen=True, slots=True)
class BenchmarkData:
    """Model, ratings and history of the API, and the requests that it receives."""

    settings: Settings
    estimator: Any
    model: MapModel
    snapshot: RatingSnapshot
    history: MatchHistory
    requests: Sequence[dict[str, Any]]
    description: str


@dataclass(frozen=True, slots=True)
class Testbed:
    """Data, folder, and the core of the measured process."""

    data: BenchmarkData
    folder: Path
    core: int

    @property
    def data_dir(self) -> Path:
        """Data folder of the API."""
        return self.folder / "data"

    @property
    def requests(self) -> Path:
        """File of request bodies, one a line."""
        return write_lines(self.folder / "requests", self.data.requests)

    @contextmanager
    def api(self) -> Iterator["ServerProcess"]:
        """Run the API until the block ends."""
        url = free_url()
        variables = environment(self.data.settings, self.data_dir)
        command = [sys.executable, "-m", "serving", "--port", url.rpartition(":")[2]]
        with running(
            command, url, ready="/health/ready", core=self.core, log=self.folder / "api.log", **variables
        ) as api:
            yield api

    def delete_events(self) -> None:
        """Empty the stream, which no sink reads."""
        with Redis.from_url(self.data.settings.redis_url) as redis:
            redis.delete(EVENTS_STREAM)


@dataclass(slots=True)
class ServerProcess:
    """A measured process."""

    process: psutil.Popen
    url: str
    seconds_to_ready: float

    def cpu_seconds(self) -> float:
        """User and system time of the process and its children since their start."""
        family = [self.process, *self.process.children(recursive=True)]
        return sum(sum(member.cpu_times()[:2]) for member in family)

    def megabytes(self) -> float:
        """Resident memory of the process and its children."""
        return (
            sum(member.memory_info().rss for member in (self.process, *self.process.children(recursive=True))) / 2**20
        )


@contextmanager
def running(
    command: Sequence[str], url: str, *, ready: str, core: int, log: Path, seconds: float = 180, **environment: str
) -> Iterator[ServerProcess]:
    """Run a process on one core until the block ends."""
    own = os.sched_getaffinity(0)
    began = time.perf_counter()
    os.sched_setaffinity(0, {core})  # inherited
    try:
        with log.open("ab") as output:
            process = psutil.Popen(
                list(command), env={**os.environ, **environment}, stdout=output, stderr=output, start_new_session=True
            )
    finally:
        os.sched_setaffinity(0, own)
    try:
        if ready:
            wait_until_healthy(lambda: servers.http_check(f"{url}{ready}"), command[2], seconds)
        yield ServerProcess(process, url, time.perf_counter() - began)
    finally:
        family = process.children(recursive=True)
        process.terminate()
        try:
            process.wait(20)
        except psutil.TimeoutExpired:
            process.kill()
        for member in family:
            if member.is_running():
                member.kill()


def uvicorn(factory: str, url: str) -> list[str]:
    """Return the command that serves another application than the API."""
    return [
        sys.executable, "-m", "uvicorn", "--factory", factory, "--host", "127.0.0.1",
        "--port", url.rpartition(":")[2], "--no-access-log",
    ]  # fmt: skip


def environment(settings: Settings, folder: Path) -> dict[str, str]:
    """Return the environment variables of API and sink."""
    names = ("database_url", "redis_url", "mongo_url", "mlflow_url")
    variables = {f"CS2_{name.upper()}": str(getattr(settings, name)) for name in names}
    assert settings.clock_date is not None
    return {
        **variables,
        "CS2_JWT_KEY": KEY,
        "CS2_CLOCK_DATE": settings.clock_date.isoformat(),
        "CS2_DATA_DIR": str(folder),
    }


def free_url() -> str:
    """Return a URL with a free port."""
    return f"http://127.0.0.1:{servers.free_port()}"


def token() -> str:
    """Return a token that outlives the benchmarks."""
    return Tokens(KEY, minutes=600).issue(1)


@contextmanager
def servers_with_data(archive: Path | None, folder: Path) -> Iterator[BenchmarkData]:
    """Start the servers; store and publish an archive or the simulated league."""
    stack = TemporaryServers()
    try:
        stack.start()
        settings = Settings(
            database_url=stack.postgres_url("postgres"),
            redis_url=stack.redis_url(0),
            mongo_url=stack.mongo_url(),
            mlflow_url=free_url(),  # no server: the disk cache has the blob
            data_dir=folder,
        )
        migrate.upgrade(settings.database_url)
        yield _publish(settings, archive, folder)
    finally:
        stack.stop()


def _publish(settings: Settings, archive: Path | None, folder: Path) -> BenchmarkData:
    source: MatchSource = ArchiveSource(archive) if archive else SimulatedSource()
    last = date.max if archive else date(2025, 12, 31)
    rebuilt = rebuild(source.published(last).frames, Identities())
    engine = make_engine(settings.database_url)
    with engine.begin() as connection:
        store(connection, replace(rebuilt, outcomes=rebuilt.outcomes[:0]))
    engine.dispose()
    tables = rebuilt.tables
    history = history_from_tables(tables.map_results, tables.series, tables.lineups)
    day = int(history.day.max())
    training = build_training_set(history, through=day)
    estimator, snapshot = fit_logistic(training), compute_ratings(history, through=day)
    model, blob = MapModel.from_estimator(estimator), skops.io.dumps(estimator)
    as_of = date_of(day)
    _promote_model(settings, blob, build_regression_cases(model, training.X), snapshot.to_bytes(), as_of)
    cache = folder / FOLDER
    cache.mkdir(parents=True)
    (cache / sha256(blob).hexdigest()).write_bytes(blob)
    name = f"{archive.name} ({archive})" if archive else "simulated league"
    return BenchmarkData(
        settings=settings.model_copy(update={"clock_date": as_of + timedelta(days=1)}),
        estimator=estimator,
        model=model,
        snapshot=snapshot,
        history=history,
        requests=_requests(history, tables),
        description=f"{name}: {len(history):,} maps and series, {len(tables.teams):,} teams, "
        f"{len(tables.players):,} players",
    )


def _promote_model(
    settings: Settings, blob: bytes, regression_cases: dict[str, Any], ratings: bytes, as_of: date
) -> None:
    engine = make_engine(settings.database_url)
    with Session(engine) as session, session.begin():
        row = ModelRow(
            status="candidate",
            estimator="logistic_regression",
            mlflow_run_id="benchmark",
            dagster_run_id="benchmark",
            artifact_uri="mlflow-artifacts:/benchmark",
            sha256=sha256(blob).hexdigest(),
            features_version=FEATURES_VERSION,
            feature_names=list(STORED_FEATURE_NAMES),
            parameters={},
            regression_cases=regression_cases,
            metrics={},
            trained_from=as_of,
            trained_through=as_of,
            n_maps=0,
            snapshot_id=store_snapshot(
                session, as_of=as_of, features_version=FEATURES_VERSION, data=ratings, n_rated=0
            ).id,
        )
        session.add(row)
        session.flush()
        record_gate_result(session, row.version, passed=True, reasons=[], metrics={})
        promote(session, row.version)
    engine.dispose()


def _requests(history: MatchHistory, tables: Tables) -> list[dict[str, Any]]:
    """Return requests for the newest maps: in turn by ids, by names, and by ids with both lineups."""
    has_lineups = (history.player_ids != UNKNOWN).all(axis=(1, 2)) & history.is_map
    rows = [int(row) for row in has_lineups.nonzero()[0][-N_REQUESTS:]]
    maps = dict(zip(tables.maps["id"], tables.maps["name"], strict=True))
    teams = dict(zip(tables.teams["id"], tables.teams["name"], strict=True))
    homonyms = set(tables.teams["id"][tables.teams["name"].str.casefold().duplicated(keep=False)])
    requests: list[dict[str, Any]] = []
    for number, row in enumerate(rows):
        map_id, (team1, team2) = int(history.map_id[row]), (int(team) for team in history.team_ids[row])
        if number % 3 == 1 and not {team1, team2} & homonyms:
            requests.append({"map": maps[map_id], "team1": teams[team1], "team2": teams[team2]})
            continue
        request: dict[str, Any] = {"map_id": map_id, "team1_id": team1, "team2_id": team2}
        if number % 3 == 2:
            lineup1, lineup2 = history.player_ids[row].tolist()
            request |= {"team1_player_ids": lineup1, "team2_player_ids": lineup2}
        requests.append(request)
    return requests


def write_lines(path: Path, bodies: Sequence[Any]) -> Path:
    """Write request bodies for wrk, one a line."""
    path.write_bytes(b"\n".join(orjson.dumps(body) for body in bodies))
    return path


def subprocess_output(command: Sequence[str], **environment: str) -> str:
    """Run a command and return its output.

    Raises:
        subprocess.CalledProcessError: If it fails.
    """
    variables = {**os.environ, **environment}
    return subprocess.run(list(command), check=True, capture_output=True, text=True, env=variables).stdout
