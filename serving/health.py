"""Whether the service lives, and whether it can answer forecasts."""

from datetime import date
from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from serving.dependencies import ServicesDep
from serving.lifespan import Services

router = APIRouter(prefix="/health", tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Component(BaseModel):
    """One thing that the service depends on."""

    is_well: bool
    detail: str


class Readiness(BaseModel):
    """Whether forecasts are answered, and how each dependency is.

    A dependency may be away while forecasts are answered: from memory, and with the events in the local file.
    """

    model_config = ConfigDict(protected_namespaces=())

    is_ready: bool
    model_version: int | None
    snapshot_id: int | None
    ratings_as_of: date | None
    components: dict[str, Component]


@router.get("/live")
async def live() -> Alive:
    """Answers as long as the process does."""
    return Alive()


@router.get("/ready", responses={int(HTTPStatus.SERVICE_UNAVAILABLE): {"model": Readiness}})
async def ready(services: ServicesDep, response: Response) -> Readiness:
    """Names each dependency and why it is not well. 503 where a forecast would be refused."""
    found = readiness(services)
    if not found.is_ready:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return found


def readiness(services: Services) -> Readiness:
    """How everything is."""
    snapshot, problems, publisher = services.refresher.current, services.refresher.problems, services.events
    served = snapshot.model is not None and snapshot.ratings is not None
    missing = {} if snapshot.model else {"model": "no model is served yet"}
    missing |= {} if snapshot.ratings else {"ratings": "no ratings are served yet"}
    found = {**missing, **problems}
    if publisher.redis_problem:
        found["redis"] = f"{publisher.redis_problem}; {publisher.fallback_bytes} bytes wait in the local file"
    if publisher.fallback_problem:
        found["history"] = publisher.fallback_problem
    found |= {f"task {name}": problem for name, problem in services.supervisor.problems().items()}
    names = ("postgresql", "redis", "mlflow", "model", "ratings", "copy", "history")
    tasks = [f"task {name}" for name in services.supervisor.states]
    return Readiness(
        is_ready=served and not publisher.fallback_problem and "task history" not in found,
        model_version=snapshot.model.record.version if snapshot.model else None,
        snapshot_id=snapshot.ratings.record.id if snapshot.ratings else None,
        ratings_as_of=snapshot.ratings.record.as_of if snapshot.ratings else None,
        components={
            name: Component(is_well=name not in found, detail=found.get(name, "well")) for name in (*names, *tasks)
        },
    )
