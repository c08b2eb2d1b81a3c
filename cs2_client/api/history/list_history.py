import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.history_page import HistoryPage
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    team_id: int | None | Unset = UNSET,
    map_id: int | None | Unset = UNSET,
    first_day: datetime.date | None | Unset = UNSET,
    last_day: datetime.date | None | Unset = UNSET,
    model_version: int | None | Unset = UNSET,
    everybody: bool | Unset = False,
    before: None | Unset | UUID = UNSET,
    limit: int | Unset = 50,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_team_id: int | None | Unset
    if isinstance(team_id, Unset):
        json_team_id = UNSET
    else:
        json_team_id = team_id
    params["team_id"] = json_team_id

    json_map_id: int | None | Unset
    if isinstance(map_id, Unset):
        json_map_id = UNSET
    else:
        json_map_id = map_id
    params["map_id"] = json_map_id

    json_first_day: None | str | Unset
    if isinstance(first_day, Unset):
        json_first_day = UNSET
    elif isinstance(first_day, datetime.date):
        json_first_day = first_day.isoformat()
    else:
        json_first_day = first_day
    params["first_day"] = json_first_day

    json_last_day: None | str | Unset
    if isinstance(last_day, Unset):
        json_last_day = UNSET
    elif isinstance(last_day, datetime.date):
        json_last_day = last_day.isoformat()
    else:
        json_last_day = last_day
    params["last_day"] = json_last_day

    json_model_version: int | None | Unset
    if isinstance(model_version, Unset):
        json_model_version = UNSET
    else:
        json_model_version = model_version
    params["model_version"] = json_model_version

    params["everybody"] = everybody

    json_before: None | str | Unset
    if isinstance(before, Unset):
        json_before = UNSET
    elif isinstance(before, UUID):
        json_before = str(before)
    else:
        json_before = before
    params["before"] = json_before

    params["limit"] = limit

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/forecast/history",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> HistoryPage | Problem | None:
    if response.status_code == 200:
        response_200 = HistoryPage.from_dict(response.json())

        return response_200

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

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
) -> Response[HistoryPage | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    team_id: int | None | Unset = UNSET,
    map_id: int | None | Unset = UNSET,
    first_day: datetime.date | None | Unset = UNSET,
    last_day: datetime.date | None | Unset = UNSET,
    model_version: int | None | Unset = UNSET,
    everybody: bool | Unset = False,
    before: None | Unset | UUID = UNSET,
    limit: int | Unset = 50,
) -> Response[HistoryPage | Problem]:
    """List History

     List your own forecasts with their outcomes, the newest first. Admins can list the forecasts of all
    users.

    Args:
        team_id (int | None | Unset): Only forecasts with this team.
        map_id (int | None | Unset): Only forecasts of this map, and series with it.
        first_day (datetime.date | None | Unset): Only forecasts answered on this day (UTC) or
            later.
        last_day (datetime.date | None | Unset): Only forecasts answered on this day (UTC) or
            earlier.
        model_version (int | None | Unset): Only forecasts of this model.
        everybody (bool | Unset): Include the forecasts of all users; for admins only. Default:
            False.
        before (None | Unset | UUID): Id of the forecast before the page (`next_before`).
        limit (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[HistoryPage | Problem]
    """

    kwargs = _get_kwargs(
        team_id=team_id,
        map_id=map_id,
        first_day=first_day,
        last_day=last_day,
        model_version=model_version,
        everybody=everybody,
        before=before,
        limit=limit,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    team_id: int | None | Unset = UNSET,
    map_id: int | None | Unset = UNSET,
    first_day: datetime.date | None | Unset = UNSET,
    last_day: datetime.date | None | Unset = UNSET,
    model_version: int | None | Unset = UNSET,
    everybody: bool | Unset = False,
    before: None | Unset | UUID = UNSET,
    limit: int | Unset = 50,
) -> HistoryPage | Problem | None:
    """List History

     List your own forecasts with their outcomes, the newest first. Admins can list the forecasts of all
    users.

    Args:
        team_id (int | None | Unset): Only forecasts with this team.
        map_id (int | None | Unset): Only forecasts of this map, and series with it.
        first_day (datetime.date | None | Unset): Only forecasts answered on this day (UTC) or
            later.
        last_day (datetime.date | None | Unset): Only forecasts answered on this day (UTC) or
            earlier.
        model_version (int | None | Unset): Only forecasts of this model.
        everybody (bool | Unset): Include the forecasts of all users; for admins only. Default:
            False.
        before (None | Unset | UUID): Id of the forecast before the page (`next_before`).
        limit (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        HistoryPage | Problem
    """

    return sync_detailed(
        client=client,
        team_id=team_id,
        map_id=map_id,
        first_day=first_day,
        last_day=last_day,
        model_version=model_version,
        everybody=everybody,
        before=before,
        limit=limit,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    team_id: int | None | Unset = UNSET,
    map_id: int | None | Unset = UNSET,
    first_day: datetime.date | None | Unset = UNSET,
    last_day: datetime.date | None | Unset = UNSET,
    model_version: int | None | Unset = UNSET,
    everybody: bool | Unset = False,
    before: None | Unset | UUID = UNSET,
    limit: int | Unset = 50,
) -> Response[HistoryPage | Problem]:
    """List History

     List your own forecasts with their outcomes, the newest first. Admins can list the forecasts of all
    users.

    Args:
        team_id (int | None | Unset): Only forecasts with this team.
        map_id (int | None | Unset): Only forecasts of this map, and series with it.
        first_day (datetime.date | None | Unset): Only forecasts answered on this day (UTC) or
            later.
        last_day (datetime.date | None | Unset): Only forecasts answered on this day (UTC) or
            earlier.
        model_version (int | None | Unset): Only forecasts of this model.
        everybody (bool | Unset): Include the forecasts of all users; for admins only. Default:
            False.
        before (None | Unset | UUID): Id of the forecast before the page (`next_before`).
        limit (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[HistoryPage | Problem]
    """

    kwargs = _get_kwargs(
        team_id=team_id,
        map_id=map_id,
        first_day=first_day,
        last_day=last_day,
        model_version=model_version,
        everybody=everybody,
        before=before,
        limit=limit,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    team_id: int | None | Unset = UNSET,
    map_id: int | None | Unset = UNSET,
    first_day: datetime.date | None | Unset = UNSET,
    last_day: datetime.date | None | Unset = UNSET,
    model_version: int | None | Unset = UNSET,
    everybody: bool | Unset = False,
    before: None | Unset | UUID = UNSET,
    limit: int | Unset = 50,
) -> HistoryPage | Problem | None:
    """List History

     List your own forecasts with their outcomes, the newest first. Admins can list the forecasts of all
    users.

    Args:
        team_id (int | None | Unset): Only forecasts with this team.
        map_id (int | None | Unset): Only forecasts of this map, and series with it.
        first_day (datetime.date | None | Unset): Only forecasts answered on this day (UTC) or
            later.
        last_day (datetime.date | None | Unset): Only forecasts answered on this day (UTC) or
            earlier.
        model_version (int | None | Unset): Only forecasts of this model.
        everybody (bool | Unset): Include the forecasts of all users; for admins only. Default:
            False.
        before (None | Unset | UUID): Id of the forecast before the page (`next_before`).
        limit (int | Unset):  Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        HistoryPage | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            team_id=team_id,
            map_id=map_id,
            first_day=first_day,
            last_day=last_day,
            model_version=model_version,
            everybody=everybody,
            before=before,
            limit=limit,
        )
    ).parsed
