from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.error_response import ErrorResponse
from ...models.invoice_response import InvoiceResponse
from ...types import Response


def _get_kwargs(
    customer_id: str,
    invoice_number: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/invoice/{customer_id}/lookup/{invoice_number}".format(
            customer_id=quote(str(customer_id), safe=""),
            invoice_number=quote(str(invoice_number), safe=""),
        ),
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ErrorResponse | InvoiceResponse | None:
    if response.status_code == 200:
        response_200 = InvoiceResponse.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = ErrorResponse.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = ErrorResponse.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = ErrorResponse.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = ErrorResponse.from_dict(response.json())

        return response_404

    if response.status_code == 429:
        response_429 = ErrorResponse.from_dict(response.json())

        return response_429

    if response.status_code == 500:
        response_500 = ErrorResponse.from_dict(response.json())

        return response_500

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ErrorResponse | InvoiceResponse]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    customer_id: str,
    invoice_number: str,
    *,
    client: AuthenticatedClient,
) -> Response[ErrorResponse | InvoiceResponse]:
    """Directly retrieve invoice data by number

     Data from the practice system.

    Args:
        customer_id (str):
        invoice_number (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorResponse | InvoiceResponse]
    """

    kwargs = _get_kwargs(
        customer_id=customer_id,
        invoice_number=invoice_number,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    customer_id: str,
    invoice_number: str,
    *,
    client: AuthenticatedClient,
) -> ErrorResponse | InvoiceResponse | None:
    """Directly retrieve invoice data by number

     Data from the practice system.

    Args:
        customer_id (str):
        invoice_number (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorResponse | InvoiceResponse
    """

    return sync_detailed(
        customer_id=customer_id,
        invoice_number=invoice_number,
        client=client,
    ).parsed


async def asyncio_detailed(
    customer_id: str,
    invoice_number: str,
    *,
    client: AuthenticatedClient,
) -> Response[ErrorResponse | InvoiceResponse]:
    """Directly retrieve invoice data by number

     Data from the practice system.

    Args:
        customer_id (str):
        invoice_number (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorResponse | InvoiceResponse]
    """

    kwargs = _get_kwargs(
        customer_id=customer_id,
        invoice_number=invoice_number,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    customer_id: str,
    invoice_number: str,
    *,
    client: AuthenticatedClient,
) -> ErrorResponse | InvoiceResponse | None:
    """Directly retrieve invoice data by number

     Data from the practice system.

    Args:
        customer_id (str):
        invoice_number (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorResponse | InvoiceResponse
    """

    return (
        await asyncio_detailed(
            customer_id=customer_id,
            invoice_number=invoice_number,
            client=client,
        )
    ).parsed
