"""Answers to generated requests, good and bad, are as the OpenAPI document says. `make fuzz` tries thousands more."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from pytest_django.fixtures import Settings
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.transport.serialization import Binary

from invoicedata.wsgi import application
from scripts import fuzz_hooks  # registers how files are made, and what counts as blank
from scripts.fuzz_api import EXCLUDED_CHECKS
from tests.documents import make_pdf
from tests.factories import issue_token, make_invoice, make_mga, make_pims_record

OPERATIONS = [
    ("GET", "/api/v1/health"),
    ("GET", "/api/v1/invoice/requests/{requestId}"),
    ("POST", "/api/v1/invoice/{customerId}/lookup"),
    ("GET", "/api/v1/invoice/{customerId}/lookup/{invoiceNumber}"),
    ("POST", "/api/v1/invoice/{customerId}/process"),
    ("GET", "/api/invoices"),
    ("POST", "/api/invoices"),
    ("GET", "/api/invoices/{id}"),
]


@pytest.fixture
def document(db: None) -> Iterator[BaseSchema]:
    # As Django's own test client does: the end of a request must not close the connection of the test's transaction.
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi("/api/schema", application)
    for signal in signals:
        signal.connect(close_old_connections)


def test_every_operation_is_tried(document: BaseSchema) -> None:
    assert {(found.ok().method.upper(), found.ok().path) for found in document.get_all_operations()} == set(OPERATIONS)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_are_as_documented(
    document: BaseSchema, settings: Settings, tmp_path: Path, method: str, path: str
) -> None:
    settings.SYNC_WAIT_SECONDS = 0
    settings.FILE_UPLOAD_TEMP_DIR = settings.MEDIA_ROOT = tmp_path
    mga = make_mga()
    make_invoice(mga)
    make_pims_record(mga)
    headers = {"Authorization": f"Bearer {issue_token(mga)}"}
    operation = document[path][method]
    excluded = CHECKS.get_by_names(EXCLUDED_CHECKS.split(","))

    @profile(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of(*(operation.as_strategy(mode) for mode in GenerationMode)))
    def answers(case: Case) -> None:
        case.call_and_validate(headers=headers, excluded_checks=excluded)

    answers()


def test_a_form_with_a_file_is_tried_and_one_with_an_empty_file_is_not() -> None:
    assert fuzz_hooks.filter_body(None, {"invoice": Binary(make_pdf())})
    assert not fuzz_hooks.filter_body(None, {"invoice": Binary(b"")})
