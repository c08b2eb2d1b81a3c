"""Runs of the running Dagster, through its GraphQL interface: launch a job, follow it, know how it ended.

httpx instead of ``dagster_graphql.DagsterGraphQLClient``: importing that costs the command three seconds, and it
cannot follow a run's events.
"""

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx
from rich.console import Console

from cli.run_outcome import RunOutcome

REQUEST_SECONDS = 60.0
POLL_SECONDS = 0.5
FINISHED = frozenset({"SUCCESS", "FAILURE", "CANCELED"})

_FIND_JOBS = """
query FindJobs { repositoriesOrError { __typename
  ... on RepositoryConnection { nodes { name location { name } jobs { name } } }
  ... on PythonError { message } } }
"""

_UNDER_WAY = """
query UnderWay($job: String!) { runsOrError(filter: {pipelineName: $job, statuses:
    [QUEUED, NOT_STARTED, STARTING, STARTED]}, limit: 1) { __typename
  ... on Runs { results { runId } }
  ... on Error { message } } }
"""

_LAUNCH = """
mutation Launch($params: ExecutionParams!) { launchRun(executionParams: $params) { __typename
  ... on LaunchRunSuccess { run { runId } }
  ... on RunConfigValidationInvalid { errors { message } }
  ... on Error { message } } }
"""

_FOLLOW = """
query Follow($run: ID!, $cursor: String) { runOrError(runId: $run) { __typename
  ... on Run { status eventConnection(afterCursor: $cursor) { cursor hasMore events { __typename
    ... on MessageEvent { message stepKey eventType }
    ... on MaterializationEvent { assetKey { path } metadataEntries { ...Entry } }
    ... on AssetCheckEvaluationEvent { evaluation { assetKey { path } checkName success severity description } }
    ... on ErrorEvent { error { message className causes { message className } } } } } }
  ... on Error { message } } }
fragment Entry on MetadataEntry { label
  ... on IntMetadataEntry { intRepr } ... on FloatMetadataEntry { floatValue } ... on TextMetadataEntry { text }
  ... on BoolMetadataEntry { boolValue } ... on UrlMetadataEntry { url } ... on JsonMetadataEntry { jsonString } }
"""


_SHOWN = """
query Shown { assetNodes { assetMaterializations(limit: 1) { runId } latestMaterializationByPartition { runId } } }
"""

_OLD = """
query Old($before: Float!, $cursor: String) { runsOrError(limit: 200, cursor: $cursor, filter: {createdBefore: $before,
    statuses: [SUCCESS, FAILURE, CANCELED]}) { __typename ... on Runs { results { runId } } ... on Error { message } } }
"""

_DELETE = """
mutation Delete($run: String!) { deletePipelineRun(runId: $run) { __typename ... on Error { message } } }
"""


_DAEMON = """
query Daemon { instance { daemonHealth { daemonStatus(daemonType: "QUEUED_RUN_COORDINATOR") { lastHeartbeatTime } } } }
"""

SILENT_SECONDS = 90.0
"""Three of the daemon's heartbeats: after so long without one, who waits for it to start a run waits in vain."""


class DagsterError(Exception):
    """Dagster cannot be reached, or refused."""


class DagsterRuns:
    """A session with the Dagster webserver at ``url``."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._client = httpx.Client(timeout=REQUEST_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def run_url(self, run_id: str) -> str:
        """The run in Dagster's UI."""
        return f"{self.url}/runs/{run_id}"

    def launch(
        self, job: str, *, tags: Mapping[str, str] | None = None, run_config: Mapping[str, Any] | None = None
    ) -> str:
        """Start a job and return the id of its run.

        Raises:
            DagsterError: If Dagster cannot be reached, has no such job, or refuses the configuration.
        """
        repository, location = self._find(job)
        selector = {"repositoryName": repository, "repositoryLocationName": location, "jobName": job}
        parameters = {
            "selector": selector,
            "mode": "default",
            "runConfigData": dict(run_config or {}),
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in (tags or {}).items()]},
        }
        answer = self._ask(_LAUNCH, params=parameters)["launchRun"]
        if answer["__typename"] != "LaunchRunSuccess":
            reasons = [error["message"] for error in answer.get("errors", [])] or [answer.get("message", "")]
            raise DagsterError(f"Dagster did not start {job}: {'; '.join(reasons)}")
        return str(answer["run"]["runId"])

    def under_way(self, job: str) -> str | None:
        """The run of a job that waits or runs at the moment.

        Raises:
            DagsterError: If Dagster cannot be reached.
        """
        answer = self._ask(_UNDER_WAY, job=job)["runsOrError"]
        if answer["__typename"] != "Runs":
            raise DagsterError(f"Dagster at {self.url}: {answer.get('message', answer['__typename'])}")
        return next((str(run["runId"]) for run in answer["results"]), None)

    def follow(self, outcome: RunOutcome) -> Iterator[str]:
        """Yield what the run tells, line by line, until it ends; ``outcome`` fills on the way.

        Raises:
            DagsterError: If Dagster cannot be reached any more, or the run waits for a daemon that is dead.
        """
        cursor: str | None = None
        began = time.time()
        while True:
            run = self._ask(_FOLLOW, run=outcome.run_id, cursor=cursor)["runOrError"]
            if run["__typename"] != "Run":
                raise DagsterError(f"run {outcome.run_id}: {run.get('message', run['__typename'])}")
            page = run["eventConnection"]
            if run["status"] != outcome.status:
                outcome.status = run["status"]
                yield outcome.status.lower().replace("_", " ")
            cursor = page["cursor"]
            for event in page["events"]:
                line = outcome.take(event)
                if line:
                    yield line
            if run["status"] in FINISHED and not page["hasMore"] and not page["events"]:
                return
            if run["status"] == "QUEUED":
                self._check_daemon(outcome.run_id, began)
            if not page["events"]:
                time.sleep(POLL_SECONDS)  # Dagster's webserver offers nothing to wait on but a websocket

    def _check_daemon(self, run_id: str, began: float) -> None:
        """Raise where nobody will start a queued run; a daemon that has just been started gets its time, too."""
        if time.time() - began < SILENT_SECONDS:
            return
        status = self._ask(_DAEMON)["instance"]["daemonHealth"]["daemonStatus"]
        silent = time.time() - (status["lastHeartbeatTime"] or 0.0)
        if silent > SILENT_SECONDS:
            since = f"for {silent:.0f} s" if status["lastHeartbeatTime"] else "ever"
            raise DagsterError(
                f"run {run_id} is queued, but Dagster's daemon gave no sign of life {since}: the run starts when the "
                "daemon is back; see: cs2 status"
            )

    def old_runs(self, before: datetime) -> list[str]:
        """Finished runs of before a moment, without those that an asset's or a month's state in the UI stems from.

        Raises:
            DagsterError: If Dagster cannot be reached.
        """
        shown: set[str] = set()
        for node in self._ask(_SHOWN)["assetNodes"]:
            newest = [*node["assetMaterializations"], *node["latestMaterializationByPartition"]]
            shown |= {event["runId"] for event in newest if event}
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = self._ask(_OLD, before=before.timestamp(), cursor=cursor)["runsOrError"]
            if page["__typename"] != "Runs":
                raise DagsterError(f"Dagster at {self.url}: {page.get('message', page['__typename'])}")
            if not page["results"]:
                return [run for run in found if run not in shown]
            cursor = page["results"][-1]["runId"]
            found += [run["runId"] for run in page["results"]]

    def delete(self, run_id: str) -> None:
        """Delete a run and its events.

        Raises:
            DagsterError: If Dagster cannot be reached, or refuses.
        """
        answer = self._ask(_DELETE, run=run_id)["deletePipelineRun"]
        if answer["__typename"] not in {"DeletePipelineRunSuccess", "RunNotFoundError"}:
            raise DagsterError(f"run {run_id}: {answer.get('message', answer['__typename'])}")

    def _find(self, job: str) -> tuple[str, str]:
        answer = self._ask(_FIND_JOBS)["repositoriesOrError"]
        if answer["__typename"] != "RepositoryConnection":
            raise DagsterError(f"Dagster at {self.url} cannot load its code: {answer.get('message', '')}")
        for node in answer["nodes"]:
            if job in {known["name"] for known in node["jobs"]}:
                return node["name"], node["location"]["name"]
        raise DagsterError(f"Dagster at {self.url} has no job {job}; is its code server up? see: cs2 status")

    def _ask(self, query: str, **variables: Any) -> dict[str, Any]:
        try:
            response = self._client.post(f"{self.url}/graphql", json={"query": query, "variables": variables})
            response.raise_for_status()
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            message = f"Dagster at {self.url} cannot be reached ({error}); is it running? see: cs2 status"
            raise DagsterError(message) from error
        if answer.get("errors"):
            raise DagsterError(f"Dagster at {self.url}: {answer['errors'][0]['message']}")
        data: dict[str, Any] = answer["data"]
        return data


def follow_to_the_end(runs: DagsterRuns, run_id: str, console: Console) -> RunOutcome:
    """Show what a run does until it ends, and why it failed where it crashed.

    Raises:
        DagsterError: If Dagster cannot be reached any more.
    """
    console.print(f"Dagster run: {runs.run_url(run_id)}")
    outcome = RunOutcome(run_id)
    with console.status("waiting for Dagster …") as status:
        for line in runs.follow(outcome):
            status.update(line)
            console.print(f"  {line}", markup=False, highlight=False)
    for failure in outcome.failures:
        if failure.step and "DagsterAssetCheckFailedError" not in failure.kinds:
            console.print(f"{failure.step} failed: {failure.message}", style="red", markup=False)
    return outcome
