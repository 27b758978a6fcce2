from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.detail import Detail
from ...models.invoices_response import InvoicesResponse
from ...models.list_invoices_sort import ListInvoicesSort
from ...models.list_invoices_status import ListInvoicesStatus
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    limit: int | Unset = 50,
    offset: int | Unset = 0,
    sort: ListInvoicesSort | Unset = ListInvoicesSort.VALUE_1,
    status: ListInvoicesStatus | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["limit"] = limit

    params["offset"] = offset

    json_sort: str | Unset = UNSET
    if not isinstance(sort, Unset):
        json_sort = sort.value

    params["sort"] = json_sort

    json_status: str | Unset = UNSET
    if not isinstance(status, Unset):
        json_status = status.value

    params["status"] = json_status

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/invoices",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Detail | InvoicesResponse | None:
    if response.status_code == 200:
        response_200 = InvoicesResponse.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Detail.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Detail.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Detail.from_dict(response.json())

        return response_403

    if response.status_code == 429:
        response_429 = Detail.from_dict(response.json())

        return response_429

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Detail | InvoicesResponse]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 50,
    offset: int | Unset = 0,
    sort: ListInvoicesSort | Unset = ListInvoicesSort.VALUE_1,
    status: ListInvoicesStatus | Unset = UNSET,
) -> Response[Detail | InvoicesResponse]:
    """List invoices, page by page, narrowed and sorted

     The tenant's invoices, page by page.

    Args:
        limit (int | Unset):  Default: 50.
        offset (int | Unset):  Default: 0.
        sort (ListInvoicesSort | Unset):  Default: ListInvoicesSort.VALUE_1.
        status (ListInvoicesStatus | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Detail | InvoicesResponse]
    """

    kwargs = _get_kwargs(
        limit=limit,
        offset=offset,
        sort=sort,
        status=status,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 50,
    offset: int | Unset = 0,
    sort: ListInvoicesSort | Unset = ListInvoicesSort.VALUE_1,
    status: ListInvoicesStatus | Unset = UNSET,
) -> Detail | InvoicesResponse | None:
    """List invoices, page by page, narrowed and sorted

     The tenant's invoices, page by page.

    Args:
        limit (int | Unset):  Default: 50.
        offset (int | Unset):  Default: 0.
        sort (ListInvoicesSort | Unset):  Default: ListInvoicesSort.VALUE_1.
        status (ListInvoicesStatus | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Detail | InvoicesResponse
    """

    return sync_detailed(
        client=client,
        limit=limit,
        offset=offset,
        sort=sort,
        status=status,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 50,
    offset: int | Unset = 0,
    sort: ListInvoicesSort | Unset = ListInvoicesSort.VALUE_1,
    status: ListInvoicesStatus | Unset = UNSET,
) -> Response[Detail | InvoicesResponse]:
    """List invoices, page by page, narrowed and sorted

     The tenant's invoices, page by page.

    Args:
        limit (int | Unset):  Default: 50.
        offset (int | Unset):  Default: 0.
        sort (ListInvoicesSort | Unset):  Default: ListInvoicesSort.VALUE_1.
        status (ListInvoicesStatus | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Detail | InvoicesResponse]
    """

    kwargs = _get_kwargs(
        limit=limit,
        offset=offset,
        sort=sort,
        status=status,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 50,
    offset: int | Unset = 0,
    sort: ListInvoicesSort | Unset = ListInvoicesSort.VALUE_1,
    status: ListInvoicesStatus | Unset = UNSET,
) -> Detail | InvoicesResponse | None:
    """List invoices, page by page, narrowed and sorted

     The tenant's invoices, page by page.

    Args:
        limit (int | Unset):  Default: 50.
        offset (int | Unset):  Default: 0.
        sort (ListInvoicesSort | Unset):  Default: ListInvoicesSort.VALUE_1.
        status (ListInvoicesStatus | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Detail | InvoicesResponse
    """

    return (
        await asyncio_detailed(
            client=client,
            limit=limit,
            offset=offset,
            sort=sort,
            status=status,
        )
    ).parsed
