from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.forecast_answer import ForecastAnswer
from ...models.forecast_request import ForecastRequest
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    *,
    body: ForecastRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/forecast/get_team1_win_probability",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ForecastAnswer | Problem | None:
    if response.status_code == 200:
        response_200 = ForecastAnswer.from_dict(response.json())

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
) -> Response[ForecastAnswer | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: ForecastRequest,
) -> Response[ForecastAnswer | Problem]:
    """Get Team1 Win Probability

     Forecast one map: the probability that team 1 wins it.

    Name map, teams and players by id or by name. Without lineups each team plays with its latest five.

    Args:
        body (ForecastRequest): Request for the forecast of one map, which is given by id or by
            name.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ForecastAnswer | Problem]
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
    body: ForecastRequest,
) -> ForecastAnswer | Problem | None:
    """Get Team1 Win Probability

     Forecast one map: the probability that team 1 wins it.

    Name map, teams and players by id or by name. Without lineups each team plays with its latest five.

    Args:
        body (ForecastRequest): Request for the forecast of one map, which is given by id or by
            name.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ForecastAnswer | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: ForecastRequest,
) -> Response[ForecastAnswer | Problem]:
    """Get Team1 Win Probability

     Forecast one map: the probability that team 1 wins it.

    Name map, teams and players by id or by name. Without lineups each team plays with its latest five.

    Args:
        body (ForecastRequest): Request for the forecast of one map, which is given by id or by
            name.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ForecastAnswer | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: ForecastRequest,
) -> ForecastAnswer | Problem | None:
    """Get Team1 Win Probability

     Forecast one map: the probability that team 1 wins it.

    Name map, teams and players by id or by name. Without lineups each team plays with its latest five.

    Args:
        body (ForecastRequest): Request for the forecast of one map, which is given by id or by
            name.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ForecastAnswer | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
