"""The public track record over HTTP."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from serving.dependencies import ServicesDep
from serving.errors import WrongFieldError, problems
from serving.track_record.schemas import RecordQuery, TrackRecordPage

router = APIRouter(tags=["track record"])

_PAGE = problems(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE)


@router.get("/track-record", responses=_PAGE)
async def track_record(query: Annotated[RecordQuery, Query()], services: ServicesDep) -> TrackRecordPage:
    """Show every match with an automatic forecast, each with the last forecast before its start.

    No token is needed. Forecasts that users requested are not included.
    """
    record = await services.track_record.current()
    try:
        items = list(record.page(before=query.before, limit=query.limit + 1))
    except KeyError as error:
        message = f"no match of the record has the id {query.before}; leave it out to get the first page"
        raise WrongFieldError("unknown-fixture", "before", message) from error
    has_more = len(items) > query.limit
    items = items[: query.limit]
    return TrackRecordPage(
        computed_at=record.computed_at,
        totals=record.totals,
        items=items,
        next_before=items[-1].fixture_id if has_more else None,
    )
