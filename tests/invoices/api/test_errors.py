"""Whatever goes wrong under /api/ is JSON in the shape of the contract, never a page."""

import logging
from typing import Any

import pytest
from django.core.exceptions import SuspiciousOperation, TooManyFilesSent
from django.db import OperationalError
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings
from rest_framework import exceptions

from invoicedata.models import Mga, Permission
from invoicedata.uploads import UploadTooLargeError
from invoices.api import errors
from tests.factories import make_client
from tests.invoices.api.conftest import Reader, Send

PROCESS = "/api/v1/invoice/C-1001/process"


def assert_failed(response: Any, status: int, code: str) -> None:
    assert response.status_code == status
    assert response["Content-Type"] == "application/json"
    body = response.json()
    assert set(body) == {"requestId", "status", "completedAt", "error"}
    assert (body["status"], body["error"]["code"]) == ("failed", code)
    assert body["error"]["message"]
    assert body["requestId"] == response["X-Request-ID"]
    assert body["completedAt"].endswith("Z")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/api", 404, "NOT_FOUND"),
        ("get", "/api/", 404, "NOT_FOUND"),
        ("get", "/api/v1/nothing", 404, "NOT_FOUND"),
        ("post", "/api/v2/invoice/C-1/process", 404, "NOT_FOUND"),
        ("get", "/api/v1/invoice", 404, "NOT_FOUND"),
        ("get", "/api/v1/invoice/process", 404, "NOT_FOUND"),
        ("get", "/api/v1/invoice/requests/", 404, "NOT_FOUND"),
        ("get", "/api/v1/invoice/requests/req_%00", 404, "NOT_FOUND"),
        ("get", PROCESS, 405, "METHOD_NOT_ALLOWED"),
        ("put", PROCESS, 405, "METHOD_NOT_ALLOWED"),
        ("delete", PROCESS, 405, "METHOD_NOT_ALLOWED"),
        ("options", PROCESS, 405, "METHOD_NOT_ALLOWED"),
        ("post", "/api/v1/health", 405, "METHOD_NOT_ALLOWED"),
        ("post", "/api/v1/invoice//process", 400, "INVALID_CUSTOMER_ID"),
        ("post", "/api/v1/invoice/a%2Fb/process", 400, "INVALID_CUSTOMER_ID"),
        ("post", "/api/v1/invoice/a%00b/process", 400, "INVALID_CUSTOMER_ID"),
        ("post", "/api/v1/invoice/a%0Ab/process", 400, "INVALID_CUSTOMER_ID"),
        ("post", "/api/v1/invoice/%20/process", 400, "INVALID_CUSTOMER_ID"),
        ("post", f"/api/v1/invoice/{'x' * 129}/process", 400, "INVALID_CUSTOMER_ID"),
        ("post", "/api/v1/invoice/a%2Fb/lookup", 400, "INVALID_CUSTOMER_ID"),
        ("get", "/api/v1/invoice/a%2Fb/lookup/INV-1", 400, "INVALID_CUSTOMER_ID"),
        ("get", "/api/v1/invoice//lookup/INV-1", 400, "INVALID_CUSTOMER_ID"),
    ],
)
def test_a_wrong_request_is_answered_in_the_contracts_shape(
    client: Client, method: str, path: str, status: int, code: str
) -> None:
    assert_failed(getattr(client, method)(path), status, code)


def test_a_format_we_do_not_write_is_not_acceptable(client: Client) -> None:
    response = client.get("/api/v1/health", headers={"Accept": "application/xml"})
    assert_failed(response, 406, "NOT_ACCEPTABLE")


def test_a_format_parameter_changes_nothing(client: Client) -> None:
    assert_failed(client.get("/api/v1/invoice/C-7/lookup/INV-1?format=xml"), 404, "CUSTOMER_NOT_FOUND")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_only_multipart_forms_are_taken(client: Client, content_type: str) -> None:
    assert_failed(client.post(PROCESS, b"{}", content_type=content_type), 415, "UNSUPPORTED_MEDIA_TYPE")


def test_no_body_at_all_is_a_missing_file(client: Client) -> None:
    assert_failed(client.generic("POST", PROCESS), 400, "INVOICE_FILE_MISSING")


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=\x07"])
def test_a_malformed_form_is_refused(client: Client, boundary: str) -> None:
    response = client.generic("POST", PROCESS, b"--x\r\n\r\n", f"multipart/form-data{boundary}")
    assert_failed(response, 400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("permission", "method", "path"),
    [
        (Permission.INVOICE_LOOKUP, "post", PROCESS),
        (Permission.INVOICE_PROCESS, "post", "/api/v1/invoice/C-1001/lookup"),
        (Permission.INVOICE_PROCESS, "get", "/api/v1/invoice/C-1001/lookup/INV-1"),
        (Permission.INVOICES_READ, "get", f"/api/v1/invoice/requests/req_{'0' * 32}"),
    ],
)
def test_a_permission_that_is_lacking_is_named(mga: Mga, permission: str, method: str, path: str) -> None:
    client = make_client(mga, [permission])
    assert_failed(getattr(client, method)(path), 403, "AUTH_PERMISSION_DENIED")


def test_a_token_for_lookups_does_not_see_what_was_processed(mga: Mga, send: Send, reader: Reader) -> None:
    request_id = send().json()["requestId"]
    lookups = make_client(mga, [Permission.INVOICE_LOOKUP])
    assert_failed(lookups.get(f"/api/v1/invoice/requests/{request_id}"), 403, "AUTH_PERMISSION_DENIED")


def test_an_unforeseen_error_is_logged_and_says_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ValueError("password=hunter2")

    monkeypatch.setattr("invoices.services.requests.find_invoice", fail)
    with caplog.at_level(logging.ERROR):
        response = client.get("/api/v1/invoice/C-1001/lookup/INV-1")
    assert_failed(response, 500, "INTERNAL_ERROR")
    assert b"hunter2" not in response.content
    logged = next(record for record in caplog.records if record.name == "invoices.api.errors")
    assert logged.exc_info is not None


@pytest.mark.parametrize("path", ["/api/v1/invoice/C-1001/lookup/INV-1", "/api/invoices"])
def test_a_database_that_is_away_is_a_reason_to_come_again(
    client: Client, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("connection to db-7 refused")

    monkeypatch.setattr("invoicedata.authentication.TokenAuthentication.authenticate", fail)
    response = client.get(path)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert b"db-7" not in response.content


def test_pages_are_not_shown_for_debugging_either(client: Client, settings: Settings) -> None:
    settings.DEBUG = True
    assert_failed(client.get("/api/v1/nothing"), 404, "NOT_FOUND")


def test_a_foreign_host_is_refused_in_json(client: Client) -> None:
    assert_failed(client.get("/api/v1/health", headers={"Host": "evil.example"}), 400, "INVALID_REQUEST")


@pytest.mark.parametrize("path", ["/api/invoices/a/b/c", "/api/invoices/a/b"])
def test_contract_2_has_its_own_shape(client: Client, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, set(response.json())) == (404, {"detail"})


def test_the_rest_of_the_site_keeps_its_pages(client: Client) -> None:
    response = client.get("/nowhere")
    assert (response.status_code, response["Content-Type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (exceptions.Throttled(wait=7), 429, "RATE_LIMITED"),
        (exceptions.ValidationError({"limit": ["Too small."]}), 400, "INVALID_REQUEST"),
        (exceptions.ParseError(), 400, "INVALID_REQUEST"),
        (TooManyFilesSent(), 400, "INVALID_REQUEST"),
        (SuspiciousOperation(), 400, "INVALID_REQUEST"),
        (UploadTooLargeError(), 400, "FILE_TOO_LARGE"),
        (ZeroDivisionError(), 500, "INTERNAL_ERROR"),
    ],
)
def test_exceptions_have_their_meaning(error: Exception, status: int, code: str) -> None:
    failure = errors.judge(error)
    assert (failure.status, failure.code) == (status, code)


def test_who_asks_too_often_is_told_how_long_to_wait() -> None:
    assert errors.judge(exceptions.Throttled(wait=6.2)).headers == {"Retry-After": "7"}


def test_a_server_error_outside_the_views_is_json(rf: RequestFactory) -> None:
    assert errors.server_error(rf.get("/api/v1/health")).status_code == 500
    response = errors.server_error(rf.get("/api/invoices"))
    assert response.content == b'{"detail":"Internal server error"}'


@pytest.mark.parametrize("path", ["/api/v1/health", "/api/v1/nothing", "/api/schema", PROCESS])
def test_answers_cannot_be_run_framed_sniffed_or_kept(path: str, client: Client) -> None:
    response = client.get(path)
    assert response["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response["X-Frame-Options"] == "DENY"
