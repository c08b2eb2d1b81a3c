"""Launch, follow, list and delete runs of the running Dagster, through its GraphQL API.

It uses httpx instead of ``dagster_graphql.DagsterGraphQLClient``, whose import takes three seconds and which cannot
follow the events of a run.
"""

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx
from rich.console import Console

from cli.http_client import http_client
from cli.run_outcome import RunOutcome

REQUEST_SECONDS = 60.0
POLL_SECONDS = 0.5
FINISHED = frozenset({"SUCCESS", "FAILURE", "CANCELED"})

_FIND_JOBS = """
query FindJobs { repositoriesOrError { __typename
  ... on RepositoryConnection { nodes { name location { name } jobs { name } } }
  ... on PythonError { message } } }
"""

_ACTIVE = """
query Active($job: String!) { runsOrError(filter: {pipelineName: $job, statuses:
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


_CURRENT = """
query Current { assetNodes { assetMaterializations(limit: 1) { runId } latestMaterializationByPartition { runId } } }
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
"""Seconds without a heartbeat (three intervals) after which the daemon counts as dead: it will not start a run."""


class DagsterError(Exception):
    """Dagster cannot be reached, or rejected a request."""


class DagsterRuns:
    """A session with the Dagster webserver at ``url``."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._client = http_client(self.url, REQUEST_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def run_url(self, run_id: str) -> str:
        """Return the URL of a run in Dagster's UI."""
        return f"{self.url}/runs/{run_id}"

    def launch(
        self, job: str, *, tags: Mapping[str, str] | None = None, run_config: Mapping[str, Any] | None = None
    ) -> str:
        """Start a job and return the id of its run.

        Raises:
            DagsterError: If Dagster cannot be reached, has no such job, or rejects the configuration.
        """
        repository, location = self._find(job)
        selector = {"repositoryName": repository, "repositoryLocationName": location, "jobName": job}
        parameters = {
            "selector": selector,
            "mode": "default",
            "runConfigData": dict(run_config or {}),
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in (tags or {}).items()]},
        }
        answer = self._query(_LAUNCH, params=parameters)["launchRun"]
        if answer["__typename"] != "LaunchRunSuccess":
            reasons = [error["message"] for error in answer.get("errors", [])] or [answer.get("message", "")]
            raise DagsterError(f"Dagster did not start {job}: {'; '.join(reasons)}")
        return str(answer["run"]["runId"])

    def active_run(self, job: str) -> str | None:
        """Return the id of a run of the job that is queued or running.

        Raises:
            DagsterError: If Dagster cannot be reached.
        """
        answer = self._query(_ACTIVE, job=job)["runsOrError"]
        if answer["__typename"] != "Runs":
            raise DagsterError(f"Dagster at {self.url}: {answer.get('message', answer['__typename'])}")
        return next((str(run["runId"]) for run in answer["results"]), None)

    def follow(self, outcome: RunOutcome) -> Iterator[str]:
        """Yield a line for each event until the run ends, and add the events to ``outcome``.

        Raises:
            DagsterError: If Dagster cannot be reached, or the run is queued and the daemon is dead.
        """
        cursor: str | None = None
        began = time.monotonic()
        while True:
            run = self._query(_FOLLOW, run=outcome.run_id, cursor=cursor)["runOrError"]
            if run["__typename"] != "Run":
                raise DagsterError(f"run {outcome.run_id}: {run.get('message', run['__typename'])}")
            page = run["eventConnection"]
            if run["status"] != outcome.status:
                outcome.status = run["status"]
                yield outcome.status.lower().replace("_", " ")
            cursor = page["cursor"]
            for event in page["events"]:
                line = outcome.add(event)
                if line:
                    yield line
            if run["status"] in FINISHED and not page["hasMore"] and not page["events"]:
                return
            if run["status"] == "QUEUED":
                self._check_daemon(outcome.run_id, began)
            if not page["events"]:
                time.sleep(POLL_SECONDS)  # the webserver pushes events over a websocket only

    def _check_daemon(self, run_id: str, began: float) -> None:
        """Raise if the daemon is dead, so that a queued run will not start. A new daemon gets time for a heartbeat."""
        if time.monotonic() - began < SILENT_SECONDS:
            return
        status = self._query(_DAEMON)["instance"]["daemonHealth"]["daemonStatus"]
        silent = abs(time.time() - (status["lastHeartbeatTime"] or 0.0))  # a clock that was set back: in the future
        if silent > SILENT_SECONDS:
            since = f"for {silent:.0f} s" if status["lastHeartbeatTime"] else "ever"
            raise DagsterError(
                f"run {run_id} is queued, but Dagster's daemon has sent no heartbeat {since}: the run starts when the "
                "daemon runs again; see: cs2 status"
            )

    def old_runs(self, before: datetime) -> list[str]:
        """Return finished runs before a moment, except those behind the current state of an asset or month.

        Raises:
            DagsterError: If Dagster cannot be reached.
        """
        current: set[str] = set()
        for node in self._query(_CURRENT)["assetNodes"]:
            newest = [*node["assetMaterializations"], *node["latestMaterializationByPartition"]]
            current |= {event["runId"] for event in newest if event}
        finished: list[str] = []
        cursor: str | None = None
        while True:
            page = self._query(_OLD, before=before.timestamp(), cursor=cursor)["runsOrError"]
            if page["__typename"] != "Runs":
                raise DagsterError(f"Dagster at {self.url}: {page.get('message', page['__typename'])}")
            if not page["results"]:
                return [run for run in finished if run not in current]
            cursor = page["results"][-1]["runId"]
            finished += [run["runId"] for run in page["results"]]

    def delete(self, run_id: str) -> None:
        """Delete a run and its events.

        Raises:
            DagsterError: If Dagster cannot be reached, or rejects the request.
        """
        answer = self._query(_DELETE, run=run_id)["deletePipelineRun"]
        if answer["__typename"] not in {"DeletePipelineRunSuccess", "RunNotFoundError"}:
            raise DagsterError(f"run {run_id}: {answer.get('message', answer['__typename'])}")

    def _find(self, job: str) -> tuple[str, str]:
        answer = self._query(_FIND_JOBS)["repositoriesOrError"]
        if answer["__typename"] != "RepositoryConnection":
            raise DagsterError(f"Dagster at {self.url} cannot load its code: {answer.get('message', '')}")
        for node in answer["nodes"]:
            if job in {node_job["name"] for node_job in node["jobs"]}:
                return node["name"], node["location"]["name"]
        raise DagsterError(f"Dagster at {self.url} has no job {job}; is its code server up? see: cs2 status")

    def _query(self, query: str, **variables: Any) -> dict[str, Any]:
        try:
            response = self._client.post("/graphql", json={"query": query, "variables": variables})
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
    """Print the events of a run until it ends, and the reasons if it fails.

    Raises:
        DagsterError: If Dagster cannot be reached.
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
