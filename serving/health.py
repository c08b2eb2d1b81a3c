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
    bundle, problems, outbox = services.keeper.current, services.keeper.problems, services.outbox
    served = bundle.model is not None and bundle.ratings is not None
    missing = {} if bundle.model else {"model": "no model is served yet"}
    missing |= {} if bundle.ratings else {"ratings": "no ratings are served yet"}
    found = {**missing, **problems}
    if outbox.redis_problem:
        found["redis"] = f"{outbox.redis_problem}; {outbox.spooled_bytes} bytes wait in the local file"
    if outbox.spool_problem:
        found["history"] = outbox.spool_problem
    found |= {f"task {name}": problem for name, problem in services.supervisor.problems().items()}
    names = ("postgresql", "redis", "mlflow", "model", "ratings", "copy", "history")
    tasks = [f"task {name}" for name in services.supervisor.states]
    return Readiness(
        is_ready=served and not outbox.spool_problem and "task history" not in found,
        model_version=bundle.model.record.version if bundle.model else None,
        snapshot_id=bundle.ratings.record.id if bundle.ratings else None,
        ratings_as_of=bundle.ratings.record.as_of if bundle.ratings else None,
        components={
            name: Component(is_well=name not in found, detail=found.get(name, "well")) for name in (*names, *tasks)
        },
    )
