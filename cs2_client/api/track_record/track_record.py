from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.track_record_page import TrackRecordPage
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    before: int | None | Unset = UNSET,
    limit: int | Unset = 50,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_before: int | None | Unset
    if isinstance(before, Unset):
        json_before = UNSET
    else:
        json_before = before
    params["before"] = json_before

    params["limit"] = limit

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/track-record",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | TrackRecordPage | None:
    if response.status_code == 200:
        response_200 = TrackRecordPage.from_dict(response.json())

        return response_200

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

    if response.status_code == 503:
        response_503 = Problem.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | TrackRecordPage]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    before: int | None | Unset = UNSET,
    limit: int | Unset = 50,
) -> Response[Problem | TrackRecordPage]:
    """Track Record

     Show every match with an automatic forecast, each with the last forecast before its start.

    No token is needed. Forecasts that users requested are not included.

    Args:
        before (int | None | Unset): Id of the match before the page (`next_before`).
        limit (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | TrackRecordPage]
    """

    kwargs = _get_kwargs(
        before=before,
        limit=limit,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    before: int | None | Unset = UNSET,
    limit: int | Unset = 50,
) -> Problem | TrackRecordPage | None:
    """Track Record

     Show every match with an automatic forecast, each with the last forecast before its start.

    No token is needed. Forecasts that users requested are not included.

    Args:
        before (int | None | Unset): Id of the match before the page (`next_before`).
        limit (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | TrackRecordPage
    """

    return sync_detailed(
        client=client,
        before=before,
        limit=limit,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    before: int | None | Unset = UNSET,
    limit: int | Unset = 50,
) -> Response[Problem | TrackRecordPage]:
    """Track Record

     Show every match with an automatic forecast, each with the last forecast before its start.

    No token is needed. Forecasts that users requested are not included.

    Args:
        before (int | None | Unset): Id of the match before the page (`next_before`).
        limit (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | TrackRecordPage]
    """

    kwargs = _get_kwargs(
        before=before,
        limit=limit,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    before: int | None | Unset = UNSET,
    limit: int | Unset = 50,
) -> Problem | TrackRecordPage | None:
    """Track Record

     Show every match with an automatic forecast, each with the last forecast before its start.

    No token is needed. Forecasts that users requested are not included.

    Args:
        before (int | None | Unset): Id of the match before the page (`next_before`).
        limit (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | TrackRecordPage
    """

    return (
        await asyncio_detailed(
            client=client,
            before=before,
            limit=limit,
        )
    ).parsed
