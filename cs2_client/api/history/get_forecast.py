from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.explained_forecast import ExplainedForecast
from ...models.on_its_way import OnItsWay
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    forecast_id: UUID,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/forecast/{forecast_id}".format(
            forecast_id=quote(str(forecast_id), safe=""),
        ),
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ExplainedForecast | OnItsWay | Problem | None:
    if response.status_code == 200:
        response_200 = ExplainedForecast.from_dict(response.json())

        return response_200

    if response.status_code == 202:
        response_202 = OnItsWay.from_dict(response.json())

        return response_202

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

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
) -> Response[ExplainedForecast | OnItsWay | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    forecast_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Response[ExplainedForecast | OnItsWay | Problem]:
    """Get Forecast

     Show one of your own forecasts, or an automatic one, with its outcome and an explanation: the
    contribution of
    each feature in log-odds, which sum to the forecast.

    Args:
        forecast_id (UUID):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ExplainedForecast | OnItsWay | Problem]
    """

    kwargs = _get_kwargs(
        forecast_id=forecast_id,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    forecast_id: UUID,
    *,
    client: AuthenticatedClient,
) -> ExplainedForecast | OnItsWay | Problem | None:
    """Get Forecast

     Show one of your own forecasts, or an automatic one, with its outcome and an explanation: the
    contribution of
    each feature in log-odds, which sum to the forecast.

    Args:
        forecast_id (UUID):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ExplainedForecast | OnItsWay | Problem
    """

    return sync_detailed(
        forecast_id=forecast_id,
        client=client,
    ).parsed


async def asyncio_detailed(
    forecast_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Response[ExplainedForecast | OnItsWay | Problem]:
    """Get Forecast

     Show one of your own forecasts, or an automatic one, with its outcome and an explanation: the
    contribution of
    each feature in log-odds, which sum to the forecast.

    Args:
        forecast_id (UUID):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ExplainedForecast | OnItsWay | Problem]
    """

    kwargs = _get_kwargs(
        forecast_id=forecast_id,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    forecast_id: UUID,
    *,
    client: AuthenticatedClient,
) -> ExplainedForecast | OnItsWay | Problem | None:
    """Get Forecast

     Show one of your own forecasts, or an automatic one, with its outcome and an explanation: the
    contribution of
    each feature in log-odds, which sum to the forecast.

    Args:
        forecast_id (UUID):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ExplainedForecast | OnItsWay | Problem
    """

    return (
        await asyncio_detailed(
            forecast_id=forecast_id,
            client=client,
        )
    ).parsed
