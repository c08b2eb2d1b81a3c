"""The jobs of the code location in process, on the simulated league."""

from typing import Any

import dagster as dg

from tests.testkit.asset_environment import AssetEnvironment

FIRST, LAST = "2023-01-01", "2023-08-01"
"""Months that are ingested."""


class Chain:
    """The jobs of the code location, with the connections of the test."""

    def __init__(self, environment: AssetEnvironment) -> None:
        from pipelines.definitions import defs

        self.environment = environment
        self.defs = dg.Definitions(
            assets=defs.assets,
            asset_checks=defs.asset_checks,
            jobs=defs.jobs,
            resources=environment.resources(),
            executor=defs.executor,
        )

    def run(self, job: str, **arguments: Any) -> dg.ExecuteInProcessResult:
        definition = self.defs.resolve_job_def(job)
        return definition.execute_in_process(instance=self.environment.instance, raise_on_error=False, **arguments)

    def ingest(self) -> dg.ExecuteInProcessResult:
        from pipelines.defs.etl.jobs import range_tags

        return self.run("ingest_job", tags=range_tags(FIRST, LAST))
