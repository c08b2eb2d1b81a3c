from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.entry_page import EntryPage
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    search: None | str | Unset = UNSET,
    name: None | str | Unset = UNSET,
    after: int | Unset = 0,
    limit: int | Unset = 50,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_search: None | str | Unset
    if isinstance(search, Unset):
        json_search = UNSET
    else:
        json_search = search
    params["search"] = json_search

    json_name: None | str | Unset
    if isinstance(name, Unset):
        json_name = UNSET
    else:
        json_name = name
    params["name"] = json_name

    params["after"] = after

    params["limit"] = limit

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/players",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> EntryPage | Problem | None:
    if response.status_code == 200:
        response_200 = EntryPage.from_dict(response.json())

        return response_200

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[EntryPage | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    search: None | str | Unset = UNSET,
    name: None | str | Unset = UNSET,
    after: int | Unset = 0,
    limit: int | Unset = 50,
) -> Response[EntryPage | Problem]:
    """List Players

     List players with their aliases, in the order of their ids.

    Args:
        search (None | str | Unset): Part of a name or alias; case, accents and typos do not
            matter.
        name (None | str | Unset): A whole name or alias; case and accents do not matter.
        after (int | Unset): Id of the entry before the page (`next_after`). Default: 0.
        limit (int | Unset): Largest number of entries of a page. Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EntryPage | Problem]
    """

    kwargs = _get_kwargs(
        search=search,
        name=name,
        after=after,
        limit=limit,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    search: None | str | Unset = UNSET,
    name: None | str | Unset = UNSET,
    after: int | Unset = 0,
    limit: int | Unset = 50,
) -> EntryPage | Problem | None:
    """List Players

     List players with their aliases, in the order of their ids.

    Args:
        search (None | str | Unset): Part of a name or alias; case, accents and typos do not
            matter.
        name (None | str | Unset): A whole name or alias; case and accents do not matter.
        after (int | Unset): Id of the entry before the page (`next_after`). Default: 0.
        limit (int | Unset): Largest number of entries of a page. Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EntryPage | Problem
    """

    return sync_detailed(
        client=client,
        search=search,
        name=name,
        after=after,
        limit=limit,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    search: None | str | Unset = UNSET,
    name: None | str | Unset = UNSET,
    after: int | Unset = 0,
    limit: int | Unset = 50,
) -> Response[EntryPage | Problem]:
    """List Players

     List players with their aliases, in the order of their ids.

    Args:
        search (None | str | Unset): Part of a name or alias; case, accents and typos do not
            matter.
        name (None | str | Unset): A whole name or alias; case and accents do not matter.
        after (int | Unset): Id of the entry before the page (`next_after`). Default: 0.
        limit (int | Unset): Largest number of entries of a page. Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EntryPage | Problem]
    """

    kwargs = _get_kwargs(
        search=search,
        name=name,
        after=after,
        limit=limit,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    search: None | str | Unset = UNSET,
    name: None | str | Unset = UNSET,
    after: int | Unset = 0,
    limit: int | Unset = 50,
) -> EntryPage | Problem | None:
    """List Players

     List players with their aliases, in the order of their ids.

    Args:
        search (None | str | Unset): Part of a name or alias; case, accents and typos do not
            matter.
        name (None | str | Unset): A whole name or alias; case and accents do not matter.
        after (int | Unset): Id of the entry before the page (`next_after`). Default: 0.
        limit (int | Unset): Largest number of entries of a page. Default: 50.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EntryPage | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            search=search,
            name=name,
            after=after,
            limit=limit,
        )
    ).parsed
