"""Dagster code location: everything below ``pipelines.defs``, with the resources and the executor of its runs."""

from pathlib import Path

import dagster as dg

from pipelines.resources import Announcer, Database, Mlflow, Mongo

defs = dg.Definitions.merge(
    dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
    dg.Definitions(
        resources={
            "database": Database(url=dg.EnvVar("CS2_DATABASE_URL")),
            "announcer": Announcer(url=dg.EnvVar("CS2_REDIS_URL")),
            "mlflow": Mlflow(url=dg.EnvVar("CS2_MLFLOW_URL")),
            "mongo": Mongo(
                url=dg.EnvVar("CS2_MONGO_URL"), name=dg.EnvVar("CS2_MONGO_DATABASE").get_value("cs2") or "cs2"
            ),
        },
        executor=dg.in_process_executor,  # one process a run: pandas, numba and mlflow are imported once
    ),
)
