"""Anonymise the stored forecasts of a user in MongoDB: the forecasts stay, without the user's id.

This module stores the request in ``erasures`` first and changes the stored forecasts second. The sink stores forecasts
first and reads ``erasures`` second. Whatever the order of the two, one of them sees what the other wrote, so that no
late event keeps the user's id.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cs2.messages import FORECASTS_COLLECTION

ERASURES_COLLECTION = "erasures"


async def anonymise_user(database: Any, user_id: int, through: datetime) -> None:
    """Remove a user from the forecasts answered until ``through``, those not stored yet included.

    Raises:
        pymongo.errors.PyMongoError: If MongoDB does not answer; the call can be repeated.
    """
    await database[ERASURES_COLLECTION].update_one({"_id": user_id}, {"$max": {"through": through}}, upsert=True)
    await _remove_user(database, user_id, through)


async def anonymise_late_events(database: Any, user_ids: Iterable[int]) -> None:
    """Remove users who have asked for it from forecasts that were stored after their request.

    Raises:
        pymongo.errors.PyMongoError: If MongoDB does not answer.
    """
    async for erasure in database[ERASURES_COLLECTION].find({"_id": {"$in": list(user_ids)}}):
        await _remove_user(database, erasure["_id"], erasure["through"])


async def _remove_user(database: Any, user_id: int, through: datetime) -> None:
    query = {"user_id": user_id, "occurred_at": {"$lte": through}}
    await database[FORECASTS_COLLECTION].update_many(query, {"$set": {"user_id": None}})
