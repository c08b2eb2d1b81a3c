"""Outcome of a Dagster run, collected from the events of the GraphQL API."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Failure:
    """One exception that ended a step.

    Attributes:
        step: Name of the step.
        kinds: Names of the exception classes, the innermost last.
        message: Message of the innermost exception, one line or more.
    """

    step: str
    kinds: tuple[str, ...]
    message: str


@dataclass(slots=True)
class RunOutcome:
    """Status, metadata and failures of a run.

    Attributes:
        run_id: Id of the run.
        status: SUCCESS, FAILURE or CANCELED at its end.
        metadata: Metadata of the materialized assets, by asset.
        failed_checks: Description by name of the checks that failed with severity ERROR, by asset.
        failures: Exceptions of steps.
    """

    run_id: str
    status: str = "NOT_STARTED"
    metadata: dict[str, dict[str, Any]] = field(default_factory=dict)
    failed_checks: dict[str, dict[str, str]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def add(self, event: dict[str, Any]) -> str | None:
        """Add one event of the run; return the line to print for it, if any."""
        step = event.get("stepKey") or ""
        match event["__typename"]:
            case "ExecutionStepStartEvent":
                return f"{step} …"
            case "MaterializationEvent":
                asset = "/".join(event["assetKey"]["path"])
                self.metadata.setdefault(asset, {}).update(
                    {entry["label"]: _value(entry) for entry in event["metadataEntries"]}
                )
            case "AssetCheckEvaluationEvent":
                check = event["evaluation"]
                name, text = check["checkName"], check["description"] or ""
                if not check["success"] and check["severity"] == "ERROR":
                    self.failed_checks.setdefault("/".join(check["assetKey"]["path"]), {})[name] = text
                return f"{'passed' if check['success'] else 'FAILED'}: {name}{f' ({text})' if text else ''}"
            case "ExecutionStepFailureEvent" | "RunFailureEvent" if event.get("error"):
                chain = [event["error"], *event["error"]["causes"]]
                failure = Failure(
                    step, tuple(error["className"] or "" for error in chain), chain[-1]["message"].strip()
                )
                self.failures.append(failure)
        return None


def _value(entry: dict[str, Any]) -> Any:
    if "intRepr" in entry:
        return int(entry["intRepr"])
    for key in ("floatValue", "text", "boolValue", "url", "jsonString"):
        if key in entry:
            return entry[key]
    return None
