"""The forecast endpoint beside the bare framework, and beside MLflow's own server of models."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from rich.table import Table

from benchmarks.serving import plant
from benchmarks.serving.load import Run, in_turn, load
from cs2.forecasting.evaluation.walk_forward import questions_about
from cs2.forecasting.matches import FloatArray
from cs2.forecasting.model.features import FEATURE_NAMES, features

FORECAST = "/forecast/get_team1_win_probability"
MLFLOW_PATH = "/invocations"
WARM_SECONDS = 3


def bare_framework(site: plant.Site) -> list[Table]:
    """Everything on, beside an endpoint that does nothing: by FastAPI, and by a layer before it."""
    bodies, url = site.questions, plant.free_url()
    command = plant.uvicorn("benchmarks.serving.bare:create_app", url)
    with (
        site.api() as api,
        plant.running(command, url, ready="/ready", core=site.core, log=site.folder / "bare.log") as bare,
    ):
        asked = [(api, FORECAST), (bare, "/nothing"), (bare, "/nothing-at-once")]
        for server, path in asked:
            load(server, path, bodies, seconds=WARM_SECONDS)
        runs = in_turn([lambda one=one: fresh(site, *one, bodies) for one in asked])  # type: ignore[misc]
        table = _table(
            ("forecast, everything on", "bare FastAPI: token check, no more", "bare ASGI layer: token check, no more"),
            runs,
        )
        table.caption = f"API: {api.megabytes():.0f} MB, ready {api.seconds_to_ready:.1f} s after its start"
    with site.api() as again:
        table.caption += f"; {again.seconds_to_ready:.1f} s from its copy of the model"
    return [table]


def mlflow_server(site: plant.Site) -> list[Table]:
    """Beside ``mlflow models serve`` with the same model, stored as the pipelines log it: features to a probability."""
    with site.api() as api, _mlflow(site) as mlflow:
        bodies, rows = site.questions, _feature_rows(site)
        asked = [(api, FORECAST, bodies), (mlflow, MLFLOW_PATH, rows)]
        for one in asked:
            load(*one, seconds=WARM_SECONDS)
        runs = in_turn([lambda one=one: fresh(site, *one) for one in asked], rounds=3)  # type: ignore[misc]
        table = _table(("forecast, everything on", "mlflow models serve, the model alone"), runs)
        table.caption = f"p99: {runs[0].p99_ms / runs[1].p99_ms:.2f} of MLflow's; MLflow: {mlflow.megabytes():.0f} MB"
    return [table]


@contextmanager
def _mlflow(site: plant.Site) -> Iterator[plant.Child]:
    import mlflow.sklearn  # noqa: PLC0415 - takes seconds
    from mlflow.models import infer_signature  # noqa: PLC0415

    folder, url = site.folder / "mlflow-model", plant.free_url()
    shutil.rmtree(folder, ignore_errors=True)
    X = pd.DataFrame(_features(site), columns=list(FEATURE_NAMES))
    mlflow.sklearn.save_model(
        site.served.estimator,
        folder,
        serialization_format="skops",
        signature=infer_signature(X, site.served.estimator.predict_proba(X.to_numpy())),
        pyfunc_predict_fn="predict_proba",
        pip_requirements=["scikit-learn", "skops"],
    )
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder), "--host", "127.0.0.1"]
    command += ["--port", url.rpartition(":")[2], "--env-manager", "local", "--workers", "1"]
    told = {"MLFLOW_DISABLE_TELEMETRY": "true", "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    log = site.folder / "mlflow.log"
    with plant.running(command, url, ready="/ping", core=site.core, log=log, **told) as server:
        yield server


def _features(site: plant.Site) -> FloatArray:
    fixtures = questions_about(site.served.history).take(slice(-plant.N_QUESTIONS, None))
    return features(site.served.snapshot.state, fixtures)


def _feature_rows(site: plant.Site) -> Path:
    columns = list(FEATURE_NAMES)
    bodies = [{"dataframe_split": {"columns": columns, "data": [row]}} for row in _features(site).tolist()]
    return plant.lines(site.folder / "features", bodies)


def fresh(site: plant.Site, server: plant.Child, path: str, bodies: Path, **how: int) -> Run:
    """A load on an empty stream."""
    site.forget_events()
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
