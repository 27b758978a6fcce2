"""Every error under /api/ as JSON, in the shape of the contract that the path belongs to.

Contract 1: {requestId, status: "failed", completedAt, error: {code, message}}. Contract 2: {detail}.
"""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response

from invoicedata.authentication import AuthTokenMissing
from invoicedata.permissions import HasTokenPermission
from invoicedata.refusals import record_refusal
from invoicedata.uploads import UploadTooLargeError
from invoices import answers, jsontext
from invoices.errors import (
    FileTooLargeError,
    InvalidRequestError,
    InvoiceDataError,
    NotFoundError,
    RateLimitedError,
    UnavailableError,
)

logger = logging.getLogger(__name__)

API = "/api/"
CONTRACT_2 = "/api/invoices"
CODES = {
    400: InvalidRequestError.code,
    403: HasTokenPermission.code,
    404: NotFoundError.code,
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: RateLimitedError.code,
}
UNREADABLE = "The request is malformed: send multipart/form-data with its Content-Length."
CLIENT_ERRORS = (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError)


@dataclass(frozen=True, slots=True)
class Failure:
    """What a client is told about an error."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


INTERNAL_FAILURE = Failure(500, InvoiceDataError.code, "Internal server error")


def judge(error: Exception) -> Failure:
    """The failure that an exception means to the client. What nobody foresaw is an internal error."""
    if isinstance(error, UploadTooLargeError):
        error = FileTooLargeError()
    if isinstance(error, OperationalError | InterfaceError):  # the database is down, restarting, or overwhelmed
        error = UnavailableError()
    if isinstance(error, InvoiceDataError):
        headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
        return Failure(error.http_status, error.code, str(error), headers)
    if isinstance(error, Http404):
        return Failure(404, CODES[404], NotFoundError.message)
    if isinstance(error, PermissionDenied):
        return Failure(403, CODES[403], HasTokenPermission.message)
    if isinstance(error, exceptions.APIException):
        return judge_api_exception(error)
    if isinstance(error, CLIENT_ERRORS):
        return Failure(400, CODES[400], UNREADABLE)
    return INTERNAL_FAILURE


def judge_api_exception(error: exceptions.APIException) -> Failure:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(math.ceil(wait))
    if isinstance(error, exceptions.NotAuthenticated):
        return Failure(error.status_code, AuthTokenMissing.default_code, AuthTokenMissing.default_detail, headers)
    code = CODES.get(error.status_code) or first_text(error.get_codes()).upper()
    return Failure(error.status_code, code, first_text(error.detail), headers)


def first_text(detail: Any) -> str:
    """The first message (or code) of DRF's nested errors; with the field it is about."""
    if isinstance(detail, dict) and detail:
        name, inner = next(iter(detail.items()))
        return f"{name}: {first_text(inner)}"
    if isinstance(detail, list) and detail:
        return first_text(detail[0])
    return str(detail)


def invoice_data_body(request_id: str, failure: Failure) -> dict[str, Any]:
    """Contract 1's errorResponse."""
    return answers.failed(request_id, timezone.now(), failure.code, failure.message)


def invoices_body(failure: Failure) -> dict[str, Any]:
    """Contract 2's error."""
    return {"detail": failure.message}


def handle_invoice_data_error(error: Exception, context: dict[str, Any]) -> Response:
    """Contract 1's exception handler."""
    failure = judged_and_logged(error, context["request"])
    body = invoice_data_body(context["request"].request_id, failure)
    return Response(body, status=failure.status, headers=dict(failure.headers))


def handle_invoices_error(error: Exception, context: dict[str, Any]) -> Response:
    """Contract 2's exception handler."""
    failure = judged_and_logged(error, context["request"])
    return Response(invoices_body(failure), status=failure.status, headers=dict(failure.headers))


def judged_and_logged(error: Exception, request: HttpRequest) -> Failure:
    failure = judge(error)
    if failure.status in (401, 403):
        record_refusal(request, failure.code, getattr(error, "record", None))
    if failure is INTERNAL_FAILURE or failure.code == UnavailableError.code:
        logger.error("%s", failure.message, exc_info=error)
    elif failure.status >= 500:
        logger.warning("%s: %s", failure.code, error.__cause__ or error)
    return failure


def is_api(request: HttpRequest) -> bool:
    return f"{request.path}/".startswith(API)


def api_response(request: HttpRequest, failure: Failure) -> HttpResponse:
    """For errors outside of any view: no route fits, or the request is refused before it gets there."""
    if request.path == CONTRACT_2 or request.path.startswith(f"{CONTRACT_2}/"):
        body = invoices_body(failure)
    else:
        body = invoice_data_body(getattr(request, "request_id", ""), failure)
    return HttpResponse(
        jsontext.encode(body), status=failure.status, content_type="application/json", headers=dict(failure.headers)
    )


def no_such_address(request: HttpRequest) -> HttpResponse:
    """The last route under /api/: JSON also with DEBUG, where Django would show its own page."""
    return api_response(request, judge(Http404()))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400."""
    return api_response(request, judge(exception)) if is_api(request) else defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403."""
    record_refusal(request, HasTokenPermission.code)
    return (
        api_response(request, judge(exception)) if is_api(request) else defaults.permission_denied(request, exception)
    )


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404."""
    return api_response(request, judge(exception)) if is_api(request) else defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500."""
    return api_response(request, INTERNAL_FAILURE) if is_api(request) else defaults.server_error(request)
