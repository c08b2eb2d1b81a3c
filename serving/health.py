"""Health over HTTP: whether the process runs, and whether it can answer forecasts."""

from datetime import date
from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from serving.dependencies import ServicesDep
from serving.lifespan import Services

router = APIRouter(prefix="/health", tags=["health"])


class Alive(BaseModel):
    """The process runs."""

    status: Literal["alive"] = "alive"


class Component(BaseModel):
    """Health of a dependency or background task."""

    is_well: bool
    detail: str


class Readiness(BaseModel):
    """Whether forecasts are answered, and the health of each component.

    Forecasts can be answered while a dependency is unavailable: from memory, with the events in the fallback file.
    """

    model_config = ConfigDict(protected_namespaces=())

    is_ready: bool
    model_version: int | None
    snapshot_id: int | None
    ratings_as_of: date | None
    components: dict[str, Component]


@router.get("/live")
async def live() -> Alive:
    """Answer while the process runs."""
    return Alive()


@router.get("/ready", responses={int(HTTPStatus.SERVICE_UNAVAILABLE): {"model": Readiness}})
async def ready(services: ServicesDep, response: Response) -> Readiness:
    """Show the health of each component, with the reason if it is unhealthy. 503 if forecasts cannot be answered."""
    current = readiness(services)
    if not current.is_ready:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return current


def readiness(services: Services) -> Readiness:
    """Return the health of every dependency and background task."""
    snapshot, publisher = services.refresher.current, services.events
    problems = {} if snapshot.model else {"model": "no model is served yet"}
    problems |= {} if snapshot.ratings else {"ratings": "no ratings are served yet"}
    problems |= services.refresher.problems
    if publisher.redis_problem:
        problems["redis"] = f"{publisher.redis_problem}; {publisher.fallback_bytes} bytes wait in the local file"
    if publisher.fallback_problem:
        problems["history"] = publisher.fallback_problem
    problems |= {f"task {name}": problem for name, problem in services.supervisor.problems().items()}
    names = ("postgresql", "redis", "mlflow", "model", "ratings", "copy", "history")
    tasks = [f"task {name}" for name in services.supervisor.states]
    is_serving = snapshot.model is not None and snapshot.ratings is not None
    return Readiness(
        is_ready=is_serving
        and not publisher.fallback_problem
        and "task history" not in problems
        and not services.stopping.is_set(),
        model_version=snapshot.model.record.version if snapshot.model else None,
        snapshot_id=snapshot.ratings.record.id if snapshot.ratings else None,
        ratings_as_of=snapshot.ratings.record.as_of if snapshot.ratings else None,
        components={
            name: Component(is_well=name not in problems, detail=problems.get(name, "well"))
            for name in (*names, *tasks)
        },
    )
