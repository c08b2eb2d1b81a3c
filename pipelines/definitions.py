"""The Dagster code location: every asset and check below ``pipelines.defs``, the jobs, the sensors, the connections."""

import dagster as dg

from pipelines import defs as domains
from pipelines.defs.etl.jobs import ingest_job
from pipelines.defs.etl.sensors import new_results_sensor
from pipelines.defs.evaluation.jobs import judge_job
from pipelines.defs.evaluation.sensors import judging_sensor
from pipelines.defs.fixtures.jobs import forecast_job
from pipelines.defs.fixtures.sensors import fixtures_sensor
from pipelines.defs.training.jobs import train_job
from pipelines.defs.training.sensors import retraining_sensor
from pipelines.mlflow_client import MlflowTracking
from pipelines.resources import Announcer, Database, Mongo

defs = dg.Definitions(
    assets=dg.load_assets_from_package_module(domains),
    asset_checks=dg.load_asset_checks_from_package_module(domains),
    jobs=[forecast_job, ingest_job, judge_job, train_job],
    sensors=[fixtures_sensor, judging_sensor, new_results_sensor, retraining_sensor],
    resources={
        "database": Database(url=dg.EnvVar("CS2_DATABASE_URL")),
        "announcer": Announcer(url=dg.EnvVar("CS2_REDIS_URL")),
        "mlflow": MlflowTracking(url=dg.EnvVar("CS2_MLFLOW_URL")),
        "mongo": Mongo(url=dg.EnvVar("CS2_MONGO_URL"), name=dg.EnvVar("CS2_MONGO_DATABASE").get_value("cs2") or "cs2"),
    },
    executor=dg.in_process_executor,  # one process a run: pandas, numba and mlflow are imported once
)
