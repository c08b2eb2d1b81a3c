"""Outcomes in MongoDB."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from cs2.messages import OUTCOMES_COLLECTION, ForecastOutcome, outcome_document

BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """How many documents were written and removed."""

    written: int
    removed: int


def store_outcomes(database: Any, outcomes: Sequence[ForecastOutcome]) -> Changes:
    """Make the collection hold exactly these outcomes. One that differs only in ``judged_at`` is not rewritten.

    An interrupted call leaves some documents unchanged; the next call completes them.

    Raises:
        pymongo.errors.PyMongoError: If MongoDB does not answer.
    """
    from pymongo import DeleteOne, ReplaceOne

    collection = database[OUTCOMES_COLLECTION]
    stored = {document["_id"]: _content(document) for document in collection.find()}
    current = {outcome.forecast_id: outcome_document(outcome) for outcome in outcomes}
    changed = [document for key, document in current.items() if _content(document) != stored.get(key)]
    obsolete = [key for key in stored if key not in current]
    writes: Iterator[Any] = iter(
        [
            *(ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in changed),
            *(DeleteOne({"_id": key}) for key in obsolete),
        ]
    )
    while batch := list(islice(writes, BATCH)):
        collection.bulk_write(batch, ordered=False)
    return Changes(written=len(changed), removed=len(obsolete))


def _content(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "judged_at"}
