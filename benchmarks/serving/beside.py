"""Compare the forecast endpoint with the bare framework and with MLflow's model server."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from rich.table import Table

from benchmarks.serving import testbed
from benchmarks.serving.load import Run, in_turn, load
from cs2.forecasting.evaluation.walk_forward import questions_about
from cs2.forecasting.matches import FloatArray
from cs2.forecasting.model.features import FEATURE_NAMES, features

FORECAST = "/forecast/get_team1_win_probability"
MLFLOW_PATH = "/invocations"
WARM_SECONDS = 3


def bare_framework(bench: testbed.Testbed) -> list[Table]:
    """Compare with an endpoint that does nothing: in FastAPI, and in an ASGI layer before it."""
    bodies, url = bench.requests, testbed.free_url()
    command = testbed.uvicorn("benchmarks.serving.bare:create_app", url)
    with (
        bench.api() as api,
        testbed.running(command, url, ready="/ready", core=bench.core, log=bench.folder / "bare.log") as bare,
    ):
        targets = [(api, FORECAST), (bare, "/nothing"), (bare, "/nothing-at-once")]
        for server, path in targets:
            load(server, path, bodies, seconds=WARM_SECONDS)
        runs = in_turn([lambda target=target: load_fresh(bench, *target, bodies) for target in targets])  # type: ignore[misc]
        table = _table(
            ("forecast, everything on", "bare FastAPI: token check, no more", "bare ASGI layer: token check, no more"),
            runs,
        )
        table.caption = f"API: {api.megabytes():.0f} MB, ready {api.seconds_to_ready:.1f} s after its start"
    with bench.api() as restarted:
        table.caption += f"; {restarted.seconds_to_ready:.1f} s from its disk cache"
    return [table]


def mlflow_server(bench: testbed.Testbed) -> list[Table]:
    """Compare with ``mlflow models serve``, which predicts from features with the same model."""
    with bench.api() as api, _mlflow(bench) as mlflow:
        bodies, rows = bench.requests, _feature_rows(bench)
        targets = [(api, FORECAST, bodies), (mlflow, MLFLOW_PATH, rows)]
        for target in targets:
            load(*target, seconds=WARM_SECONDS)
        runs = in_turn([lambda target=target: load_fresh(bench, *target) for target in targets], rounds=3)  # type: ignore[misc]
        table = _table(("forecast, everything on", "mlflow models serve, the model alone"), runs)
        table.caption = f"p99: {runs[0].p99_ms / runs[1].p99_ms:.2f} of MLflow's; MLflow: {mlflow.megabytes():.0f} MB"
    return [table]


@contextmanager
def _mlflow(bench: testbed.Testbed) -> Iterator[testbed.ServerProcess]:
    import mlflow.sklearn  # noqa: PLC0415 - takes seconds
    from mlflow.models import infer_signature  # noqa: PLC0415

    folder, url = bench.folder / "mlflow-model", testbed.free_url()
    shutil.rmtree(folder, ignore_errors=True)
    X = pd.DataFrame(_features(bench), columns=list(FEATURE_NAMES))
    mlflow.sklearn.save_model(
        bench.data.estimator,
        folder,
        serialization_format="skops",
        signature=infer_signature(X, bench.data.estimator.predict_proba(X.to_numpy())),
        pyfunc_predict_fn="predict_proba",
        pip_requirements=["scikit-learn", "skops"],
    )
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder), "--host", "127.0.0.1"]
    command += ["--port", url.rpartition(":")[2], "--env-manager", "local", "--workers", "1"]
    variables = {"MLFLOW_DISABLE_TELEMETRY": "true", "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    log = bench.folder / "mlflow.log"
    with testbed.running(command, url, ready="/ping", core=bench.core, log=log, **variables) as server:
        yield server


def _features(bench: testbed.Testbed) -> FloatArray:
    questions = questions_about(bench.data.history).take(slice(-testbed.N_REQUESTS, None))
    return features(bench.data.snapshot.state, questions)


def _feature_rows(bench: testbed.Testbed) -> Path:
    columns = list(FEATURE_NAMES)
    bodies = [{"dataframe_split": {"columns": columns, "data": [row]}} for row in _features(bench).tolist()]
    return testbed.write_lines(bench.folder / "features", bodies)


def load_fresh(bench: testbed.Testbed, server: testbed.ServerProcess, path: str, bodies: Path, **how: int) -> Run:
    """Load a server while the stream is empty."""
    bench.delete_events()
    return load(server, path, bodies, **how)


def _table(names: tuple[str, ...], runs: list[Run]) -> Table:
    table = Table("32 connections", "requests a s", "ours", "CPU µs each", "ours", "p50 ms", "p99 ms", box=None)
    first = runs[0]
    for name, run in zip(names, runs, strict=True):
        table.add_row(
            name,
            f"{run.per_second:,.0f}",
            f"{first.per_second / run.per_second:.2f}",
            f"{run.cpu_us:.0f}",
            f"{run.cpu_us / first.cpu_us:.2f}",
            f"{run.p50_ms:.2f}",
            f"{run.p99_ms:.2f}",
        )
    return table
