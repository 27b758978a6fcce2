from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.accepted_response import AcceptedResponse
from ...models.error_response import ErrorResponse
from ...models.invoice_response import InvoiceResponse
from ...models.invoice_upload import InvoiceUpload
from ...types import UNSET, Response, Unset


def _get_kwargs(
    customer_id: str,
    *,
    body: InvoiceUpload,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/v1/invoice/{customer_id}/process".format(
            customer_id=quote(str(customer_id), safe=""),
        ),
    }

    _kwargs["files"] = body.to_multipart()

    headers["Content-Type"] = "multipart/form-data; boundary=+++"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> AcceptedResponse | ErrorResponse | InvoiceResponse | None:
    if response.status_code == 200:
        response_200 = InvoiceResponse.from_dict(response.json())

        return response_200

    if response.status_code == 202:
        response_202 = AcceptedResponse.from_dict(response.json())

        return response_202

    if response.status_code == 400:
        response_400 = ErrorResponse.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = ErrorResponse.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = ErrorResponse.from_dict(response.json())

        return response_403

    if response.status_code == 415:
        response_415 = ErrorResponse.from_dict(response.json())

        return response_415

    if response.status_code == 429:
        response_429 = ErrorResponse.from_dict(response.json())

        return response_429

    if response.status_code == 500:
        response_500 = ErrorResponse.from_dict(response.json())

        return response_500

    if response.status_code == 503:
        response_503 = ErrorResponse.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[AcceptedResponse | ErrorResponse | InvoiceResponse]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    customer_id: str,
    *,
    client: AuthenticatedClient,
    body: InvoiceUpload,
    idempotency_key: str | Unset = UNSET,
) -> Response[AcceptedResponse | ErrorResponse | InvoiceResponse]:
    """Process invoice image and return data from best available source

     The document is read, the invoice number looked up in the practice system, and its data returned;
    what was
    read where the practice system has nothing.

    Args:
        customer_id (str):
        idempotency_key (str | Unset):
        body (InvoiceUpload):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AcceptedResponse | ErrorResponse | InvoiceResponse]
    """

    kwargs = _get_kwargs(
        customer_id=customer_id,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    customer_id: str,
    *,
    client: AuthenticatedClient,
    body: InvoiceUpload,
    idempotency_key: str | Unset = UNSET,
) -> AcceptedResponse | ErrorResponse | InvoiceResponse | None:
    """Process invoice image and return data from best available source

     The document is read, the invoice number looked up in the practice system, and its data returned;
    what was
    read where the practice system has nothing.

    Args:
        customer_id (str):
        idempotency_key (str | Unset):
        body (InvoiceUpload):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AcceptedResponse | ErrorResponse | InvoiceResponse
    """

    return sync_detailed(
        customer_id=customer_id,
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    customer_id: str,
    *,
    client: AuthenticatedClient,
    body: InvoiceUpload,
    idempotency_key: str | Unset = UNSET,
) -> Response[AcceptedResponse | ErrorResponse | InvoiceResponse]:
    """Process invoice image and return data from best available source

     The document is read, the invoice number looked up in the practice system, and its data returned;
    what was
    read where the practice system has nothing.

    Args:
        customer_id (str):
        idempotency_key (str | Unset):
        body (InvoiceUpload):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AcceptedResponse | ErrorResponse | InvoiceResponse]
    """

    kwargs = _get_kwargs(
        customer_id=customer_id,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    customer_id: str,
    *,
    client: AuthenticatedClient,
    body: InvoiceUpload,
    idempotency_key: str | Unset = UNSET,
) -> AcceptedResponse | ErrorResponse | InvoiceResponse | None:
    """Process invoice image and return data from best available source

     The document is read, the invoice number looked up in the practice system, and its data returned;
    what was
    read where the practice system has nothing.

    Args:
        customer_id (str):
        idempotency_key (str | Unset):
        body (InvoiceUpload):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AcceptedResponse | ErrorResponse | InvoiceResponse
    """

    return (
        await asyncio_detailed(
            customer_id=customer_id,
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
