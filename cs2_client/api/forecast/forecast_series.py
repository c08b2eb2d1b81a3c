from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.series_answer import SeriesAnswer
from ...models.series_request import SeriesRequest
from ...types import Response


def _get_kwargs(
    *,
    body: SeriesRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/forecast/series",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Problem | SeriesAnswer | None:
    if response.status_code == 200:
        response_200 = SeriesAnswer.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 413:
        response_413 = Problem.from_dict(response.json())

        return response_413

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
) -> Response[Problem | SeriesAnswer]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: SeriesRequest,
) -> Response[Problem | SeriesAnswer]:
    """Forecast Series

     Forecast a best-of-1, 3 or 5: the probability that team 1 wins it, every score line and each map.

    If the maps are not known yet, the forecast is an average over the likely vetoes of both teams.

    Args:
        body (SeriesRequest): Request for the forecast of a series. Maps are given in the order of
            play, by id or by name.

            Without maps, the forecast averages over the likely vetoes.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | SeriesAnswer]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: SeriesRequest,
) -> Problem | SeriesAnswer | None:
    """Forecast Series

     Forecast a best-of-1, 3 or 5: the probability that team 1 wins it, every score line and each map.

    If the maps are not known yet, the forecast is an average over the likely vetoes of both teams.

    Args:
        body (SeriesRequest): Request for the forecast of a series. Maps are given in the order of
            play, by id or by name.

            Without maps, the forecast averages over the likely vetoes.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | SeriesAnswer
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: SeriesRequest,
) -> Response[Problem | SeriesAnswer]:
    """Forecast Series

     Forecast a best-of-1, 3 or 5: the probability that team 1 wins it, every score line and each map.

    If the maps are not known yet, the forecast is an average over the likely vetoes of both teams.

    Args:
        body (SeriesRequest): Request for the forecast of a series. Maps are given in the order of
            play, by id or by name.

            Without maps, the forecast averages over the likely vetoes.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | SeriesAnswer]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: SeriesRequest,
) -> Problem | SeriesAnswer | None:
    """Forecast Series

     Forecast a best-of-1, 3 or 5: the probability that team 1 wins it, every score line and each map.

    If the maps are not known yet, the forecast is an average over the likely vetoes of both teams.

    Args:
        body (SeriesRequest): Request for the forecast of a series. Maps are given in the order of
            play, by id or by name.

            Without maps, the forecast averages over the likely vetoes.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | SeriesAnswer
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
