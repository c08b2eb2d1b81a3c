"""Outcomes in MongoDB: what differs is written, what is no outcome any more is taken away."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pymongo import DeleteOne, ReplaceOne

from cs2.messages import OUTCOMES_COLLECTION, ForecastOutcome, outcome_document

BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What was written."""

    written: int
    removed: int


def store_outcomes(database: Any, outcomes: Sequence[ForecastOutcome]) -> Changes:
    """Make the collection hold these outcomes; one that is there already, but for its moment, stays as it is.

    A write that is cut off leaves some as they were: doing it again mends them.

    Raises:
        pymongo.errors.PyMongoError: If MongoDB does not answer.
    """
    collection = database[OUTCOMES_COLLECTION]
    stored = {document["_id"]: _content(document) for document in collection.find()}
    wanted = {outcome.forecast_id: outcome_document(outcome) for outcome in outcomes}
    changed = [document for key, document in wanted.items() if _content(document) != stored.get(key)]
    gone = [key for key in stored if key not in wanted]
    writes: Iterator[Any] = iter(
        [
            *(ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in changed),
            *(DeleteOne({"_id": key}) for key in gone),
        ]
    )
    while batch := list(islice(writes, BATCH)):
        collection.bulk_write(batch, ordered=False)
    return Changes(written=len(changed), removed=len(gone))


def _content(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "judged_at"}
