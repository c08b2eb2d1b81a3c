"""Keeps what is served equal to what PostgreSQL says: at start, when told, and on a timer."""

import asyncio
import gc
from collections.abc import Sequence
from contextlib import suppress

import structlog
from sqlalchemy.exc import SQLAlchemyError

from serving.dictionaries.index import Dictionaries
from serving.forecast.blobs import Blobs, BlobUnavailableError
from serving.forecast.disk_cache import DiskCache
from serving.forecast.repository import ServedRows, Wanted
from serving.forecast.serving_snapshot import ModelRecord, RefusedError, ServedModel, ServedRatings, ServingSnapshot
from serving.supervision import TaskState

RETRY_SECONDS = 1.0
"""Sooner than the timer, while PostgreSQL or MLflow are away."""

log = structlog.get_logger(__name__)


class ModelRefresher:
    """Holds the snapshot that is served.

    Attributes:
        current: What is served: one reference, so that a request sees model, ratings and dictionaries of one moment.
        problems: What is not as it should be, by what it is about: shown in ``/health/ready``.
        swaps: How many models and ratings were taken into service.
        rejections: How many of them failed a check.
    """

    def __init__(self, *, rows: ServedRows, blobs: Blobs, copies: DiskCache, model_refresh_seconds: float) -> None:
        self._rows = rows
        self._blobs = blobs
        self._copies = copies
        self._reconcile_seconds = model_refresh_seconds
        self._news = asyncio.Event()
        self._fingerprint: str | None = None
        self.current = ServingSnapshot()
        self.problems: dict[str, str] = {}
        self.swaps = {"model": 0, "ratings": 0}
        self.rejections = {"model": 0, "ratings": 0}

    async def start(self) -> None:
        """Take what was served last from disk, then what PostgreSQL says, as far as either can be had."""
        try:
            copy = await asyncio.to_thread(self._copies.load)
        except (RefusedError, OSError) as error:
            self._report("copy", str(error))
        else:
            self.current = copy or self.current
        await self.refresh()
        _leave_out_of_collection()

    def refresh_soon(self) -> None:
        """There may be something new: reconcile soon."""
        self._news.set()

    async def run(self, state: TaskState) -> None:
        """Reconcile whenever told, and on the timer."""
        while True:
            state.mark_healthy()
            seconds = RETRY_SECONDS if {"postgresql", "mlflow"} & self.problems.keys() else self._reconcile_seconds
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), min(seconds, self._reconcile_seconds))
            self._news.clear()
            await self.refresh()

    async def refresh(self) -> None:
        """Serve what PostgreSQL says, as far as it can be verified; the rest stays as it is and is reported."""
        before = self.current
        try:
            wanted = await self._rows.read(
                known_ratings=before.ratings.record if before.ratings else None, known_fingerprint=self._fingerprint
            )
        except (SQLAlchemyError, OSError) as error:
            self._report("postgresql", f"{type(error).__name__}: {str(error).splitlines()[0]}")
            return
        self._report("postgresql", None)
        after = await self._assemble(before, wanted)
        self._fingerprint = wanted.dictionaries_fingerprint
        is_new = after.model is not before.model or after.ratings is not before.ratings
        is_new |= after.dictionaries is not before.dictionaries
        if is_new:
            self.current = after
            self.swaps["model"] += after.model is not before.model
            self.swaps["ratings"] += after.ratings is not before.ratings
            _leave_out_of_collection()
            log.info("serving", **_names(after))
        if is_new or "copy" in self.problems:
            await self._save(after)

    async def _assemble(self, before: ServingSnapshot, wanted: Wanted) -> ServingSnapshot:
        """Load beside the old one what is new."""
        rows = wanted.dictionaries
        if rows is None or rows == before.dictionaries.rows:
            dictionaries = before.dictionaries
        else:
            dictionaries = await asyncio.to_thread(Dictionaries, rows)
        return ServingSnapshot(
            model=await self._model(before.model, wanted.model),
            ratings=await self._ratings(before.ratings, wanted, dictionaries.rows.retired),
            dictionaries=dictionaries,
        )

    async def _model(self, before: ServedModel | None, record: ModelRecord | None) -> ServedModel | None:
        if record is None or (before is not None and before.record == record):
            self._report("model", None)
            self._report("mlflow", None)
            return before if record is not None else None
        try:
            blob = await self._blob(record)
            model = await asyncio.to_thread(ServedModel.verified, record, blob)
        except BlobUnavailableError as error:
            self._report("mlflow", str(error))
            return before
        except RefusedError as error:
            self._report("mlflow", None)
            self._report("model", f"version {record.version} is refused: {error}")
            return before
        self._report("mlflow", None)
        self._report("model", None)
        return model

    async def _blob(self, record: ModelRecord) -> bytes:
        """From disk where an intact copy is kept, else from MLflow."""
        kept = await asyncio.to_thread(self._copies.get, record.sha256)
        return kept if kept is not None else await self._blobs.fetch(record.artifact_uri)

    async def _ratings(
        self, before: ServedRatings | None, wanted: Wanted, retired: Sequence[int]
    ) -> ServedRatings | None:
        data = wanted.ratings_data
        if data is None and before is not None and before.retired != retired:
            data = before.data  # the same ratings, another pool
        if wanted.ratings is None or data is None:
            self._report("ratings", None)
            return before if wanted.ratings is not None else None
        try:
            ratings = await asyncio.to_thread(ServedRatings.verified, wanted.ratings, data, retired)
        except RefusedError as error:
            self._report("ratings", f"ratings {wanted.ratings.id} are refused: {error}")
            return before
        self._report("ratings", None)
        return ratings

    async def _save(self, snapshot: ServingSnapshot) -> None:
        try:
            await asyncio.to_thread(self._copies.save, snapshot)
        except OSError as error:
            self._report("copy", f"no copy of what is served can be kept: {error}")
        else:
            self._report("copy", None)

    def _report(self, about: str, problem: str | None) -> None:
        """Note or clear a problem; the log gets each change once."""
        if problem == self.problems.get(about):
            return
        if problem is None:
            del self.problems[about]
            log.info("problem_over", about=about)
        else:
            self.problems[about] = problem
            if about in self.rejections:
                self.rejections[about] += 1
            log.warning("problem", about=about, problem=problem)


def _leave_out_of_collection() -> None:
    """Let the garbage collector pass over what stays: each full search of it held up all requests.

    Under load 99% of the answers then took up to 33 ms instead of 270. What is replaced is freed as soon as nobody
    refers to it: it has no cycles.
    """
    gc.collect()
    gc.freeze()


def _names(snapshot: ServingSnapshot) -> dict[str, int | None]:
    return {
        "model_version": snapshot.model.record.version if snapshot.model else None,
        "snapshot_id": snapshot.ratings.record.id if snapshot.ratings else None,
        "maps": len(snapshot.dictionaries.maps),
        "teams": len(snapshot.dictionaries.teams),
        "players": len(snapshot.dictionaries.players),
    }
