"""The Dagster code location: every asset, check, job and sensor below ``pipelines.defs``."""

import dagster as dg

import pipelines.defs
from pipelines.mlflow_tracking import Mlflow
from pipelines.resources import Announcer, Database

defs = dg.load_definitions_from_package_module(
    pipelines.defs,
    resources={
        "database": Database(url=dg.EnvVar("CS2_DATABASE_URL")),
        "announcer": Announcer(url=dg.EnvVar("CS2_REDIS_URL")),
        "mlflow": Mlflow(url=dg.EnvVar("CS2_MLFLOW_URL")),
    },
    executor=dg.in_process_executor,  # one process a run: pandas, numba and mlflow are imported once
)
