"""What is measured runs here: real servers, a real model, the API alone on one core and everything else on another."""

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

from cli.stack import servers
from cs2.calendar import date_of
from cs2.forecasting.evaluation.walk_forward import build_training_set
from cs2.forecasting.matches import UNKNOWN, MatchHistory
from cs2.forecasting.model.estimators import fit_logistic
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.regression_cases import build_regression_cases
from cs2.forecasting.ratings.engine import compute_ratings
from cs2.forecasting.ratings.snapshot import RatingSnapshot
from cs2.messages import EVENTS_STREAM
from cs2.settings import Settings
from cs2.storage.engine import make_engine
from pipelines.etl.ids import Identities
from pipelines.etl.match_history import history_from_tables
from pipelines.etl.rebuild import rebuild
from pipelines.etl.repository import store
from pipelines.etl.tabulate import Tables
from pipelines.sources.archive import ArchiveSource
from pipelines.sources.base import MatchSource
from pipelines.sources.simulated import SimulatedSource
from serving.auth.tokens import Tokens
from serving.forecast.disk_cache import FOLDER
from tests.testkit.databases import TEMPLATE, migrate_template
from tests.testkit.published_models import publish
from tests.testkit.servers import TestServers, wait_until_well

KEY = "k" * 40
N_QUESTIONS = 1500


def cores() -> tuple[int, int]:
    """One core for the server that is measured, one for the load and all other servers."""
    found = sorted(os.sched_getaffinity(0))
    if len(found) < 2:
        sys.exit("make bench needs two cores: one for the server, one for the load")
    return found[0], found[1]


@dataclass(frozen=True, slots=True)
class Served:
    """What is served, and what to ask."""

    settings: Settings
    estimator: Any
    model: MapModel
    snapshot: RatingSnapshot
    history: MatchHistory
    questions: Sequence[dict[str, Any]]
    described: str


@dataclass(frozen=True, slots=True)
class Site:
    """Where the parts are measured: what is served, a folder, and the core of the server that is measured."""

    served: Served
    folder: Path
    core: int

    @property
    def data(self) -> Path:
        """The API's folder."""
        return self.folder / "data"

    @property
    def questions(self) -> Path:
        """Bodies of requests, one a line."""
        return lines(self.folder / "questions", self.served.questions)

    @contextmanager
    def api(self) -> Iterator["Child"]:
        """The API, until the block ends."""
        url = free_url()
        told = environment(self.served.settings, self.data)
        command = [sys.executable, "-m", "serving", "--port", url.rpartition(":")[2]]
        with running(command, url, ready="/health/ready", core=self.core, log=self.folder / "api.log", **told) as api:
            yield api

    def forget_events(self) -> None:
        """Empty the stream: without a sink it would fill the memory."""
        with Redis.from_url(self.served.settings.redis_url) as redis:
            redis.delete(EVENTS_STREAM)


@dataclass(slots=True)
class Child:
    """A process that is measured."""

    process: psutil.Popen
    url: str
    seconds_to_ready: float

    def cpu_seconds(self) -> float:
        """Of the process and its children, user and system, since they started."""
        family = [self.process, *self.process.children(recursive=True)]
        return sum(sum(member.cpu_times()[:2]) for member in family)

    def megabytes(self) -> float:
        """Resident memory of the process and its children."""
        return sum(one.memory_info().rss for one in (self.process, *self.process.children(recursive=True))) / 2**20


@contextmanager
def running(
    command: Sequence[str], url: str, *, ready: str, core: int, log: Path, seconds: float = 180, **environment: str
) -> Iterator[Child]:
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
            wait_until_well(lambda: servers.http_check(f"{url}{ready}"), command[2], seconds)
        yield Child(process, url, time.perf_counter() - began)
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
    """The command that serves another application than the API."""
    return [
        sys.executable, "-m", "uvicorn", "--factory", factory, "--host", "127.0.0.1",
        "--port", url.rpartition(":")[2], "--no-access-log",
    ]  # fmt: skip


def environment(settings: Settings, folder: Path) -> dict[str, str]:
    """What API and sink are told."""
    names = ("database_url", "redis_url", "mongo_url", "mlflow_url")
    told = {f"CS2_{name.upper()}": str(getattr(settings, name)) for name in names}
    assert settings.clock_date is not None
    return {**told, "CS2_JWT_KEY": KEY, "CS2_CLOCK_DATE": settings.clock_date.isoformat(), "CS2_DATA_DIR": str(folder)}


def free_url() -> str:
    """Where nobody listens yet."""
    return f"http://127.0.0.1:{servers.free_port()}"


def token() -> str:
    """As from a log-in, for longer than the benchmarks take."""
    return Tokens(KEY, minutes=600).issue(1)


@contextmanager
def servers_with_data(data: Path | None, folder: Path) -> Iterator[Served]:
    """Start the servers, store and publish what an archive (or the simulated league) comes to."""
    stack = TestServers()
    try:
        stack.start()
        migrate_template(stack)
        settings = Settings(
            database_url=stack.postgres_url(TEMPLATE),
            redis_url=stack.redis_url(0),
            mongo_url=stack.mongo_url(),
            mlflow_url=free_url(),  # nobody: the blob is in the copies
            data_dir=folder,
        )
        yield _publish(settings, data, folder)
    finally:
        stack.stop()


def _publish(settings: Settings, data: Path | None, folder: Path) -> Served:
    source: MatchSource = ArchiveSource(data) if data else SimulatedSource()
    last = date.max if data else date(2025, 12, 31)
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
    publish(
        settings.database_url,
        settings.mlflow_url,
        blob=blob,
        regression_cases=build_regression_cases(model, training.X),
        ratings=snapshot.to_bytes(),
        as_of=as_of,
        artifact_uri="mlflow-artifacts:/benchmark",
    )
    copies = folder / FOLDER
    copies.mkdir(parents=True)
    (copies / sha256(blob).hexdigest()).write_bytes(blob)
    name = f"{data.name} ({data})" if data else "simulated league"
    return Served(
        settings=settings.model_copy(update={"clock_date": as_of + timedelta(days=1)}),
        estimator=estimator,
        model=model,
        snapshot=snapshot,
        history=history,
        questions=_questions(history, tables),
        described=f"{name}: {len(history):,} maps and series, {len(tables.teams):,} teams, "
        f"{len(tables.players):,} players",
    )


def _questions(history: MatchHistory, tables: Tables) -> list[dict[str, Any]]:
    """The newest maps, asked for in turn by ids, by names, and by ids with both lineups."""
    known = (history.player_ids != UNKNOWN).all(axis=(1, 2)) & history.is_map
    rows = [int(row) for row in known.nonzero()[0][-N_QUESTIONS:]]
    maps = dict(zip(tables.maps["id"], tables.maps["name"], strict=True))
    teams = dict(zip(tables.teams["id"], tables.teams["name"], strict=True))
    twice = tables.teams["name"].str.casefold().duplicated(keep=False)
    namesakes = set(tables.teams["id"][twice])
    found: list[dict[str, Any]] = []
    for number, row in enumerate(rows):
        map_id, (one, two) = int(history.map_id[row]), (int(team) for team in history.team_ids[row])
        if number % 3 == 1 and not {one, two} & namesakes:
            found.append({"map": maps[map_id], "team1": teams[one], "team2": teams[two]})
            continue
        question: dict[str, Any] = {"map_id": map_id, "team1_id": one, "team2_id": two}
        if number % 3 == 2:
            first, second = history.player_ids[row].tolist()
            question |= {"team1_player_ids": first, "team2_player_ids": second}
        found.append(question)
    return found


def lines(path: Path, bodies: Sequence[Any]) -> Path:
    """Bodies of requests, one a line, for wrk."""
    path.write_bytes(b"\n".join(orjson.dumps(body) for body in bodies))
    return path


def subprocess_output(command: Sequence[str], **environment: str) -> str:
    """What a command prints.

    Raises:
        subprocess.CalledProcessError: If it fails.
    """
    told = {**os.environ, **environment}
    return subprocess.run(list(command), check=True, capture_output=True, text=True, env=told).stdout
