"""Users who wish to be forgotten, in MongoDB: their forecasts stay, nameless.

The wish is written first, then what is stored is changed; the sink stores first, then looks for wishes. Whichever comes
first, one of the two sees the other's work: a late event cannot slip through.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cs2.messages import FORECASTS_COLLECTION

ERASURES_COLLECTION = "erasures"


async def anonymise_user(database: Any, user_id: int, through: datetime) -> None:
    """Make nameless what a user asked for until ``through``, stored already or not yet.

    Raises:
        pymongo.errors.PyMongoError: If MongoDB does not answer; asking again does no harm.
    """
    await database[ERASURES_COLLECTION].update_one({"_id": user_id}, {"$max": {"through": through}}, upsert=True)
    await _make_nameless(database, user_id, through)


async def anonymise_late_events(database: Any, user_ids: Iterable[int]) -> None:
    """Make nameless what was stored just now of users who wish it.

    Raises:
        pymongo.errors.PyMongoError: If MongoDB does not answer.
    """
    async for wish in database[ERASURES_COLLECTION].find({"_id": {"$in": list(user_ids)}}):
        await _make_nameless(database, wish["_id"], wish["through"])


async def _make_nameless(database: Any, user_id: int, through: datetime) -> None:
    wanted = {"user_id": user_id, "occurred_at": {"$lte": through}}
    await database[FORECASTS_COLLECTION].update_many(wanted, {"$set": {"user_id": None}})
