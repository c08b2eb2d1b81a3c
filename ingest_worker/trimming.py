"""Trim the stream: remove only entries that every group has acknowledged."""

from redis.asyncio import Redis

from cs2.messages import EVENTS_STREAM


async def trim_stream(redis: Redis) -> None:
    """Remove the entries before the oldest one that a group has not acknowledged.

    The last delivered id is read before the pending entries. So an entry that is delivered between the two reads comes
    after the bound, and is not removed.
    """
    bounds = []
    for group in await redis.xinfo_groups(EVENTS_STREAM):
        delivered = group["last-delivered-id"]
        oldest_pending = (await redis.xpending(EVENTS_STREAM, group["name"]))["min"]
        after_delivered = _next_id(delivered)
        bounds.append(min(after_delivered, _parts(oldest_pending)) if oldest_pending else after_delivered)
    if bounds:
        milliseconds, sequence = min(bounds)
        await redis.xtrim(EVENTS_STREAM, minid=f"{milliseconds}-{sequence}", approximate=False)


def _parts(entry_id: bytes | str) -> tuple[int, int]:
    text = entry_id.decode() if isinstance(entry_id, bytes) else entry_id
    milliseconds, sequence = text.split("-")
    return int(milliseconds), int(sequence)


def _next_id(entry_id: bytes | str) -> tuple[int, int]:
    milliseconds, sequence = _parts(entry_id)
    return milliseconds, sequence + 1
