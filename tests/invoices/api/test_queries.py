"""Answers cost the same number of queries however much there is."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from invoicedata.models import Mga
from invoices.api.invoices.filters import InvoiceFilter
from invoices.models import Invoice
from tests.documents import make_pdf
from tests.factories import make_pims_record
from tests.invoices.api.conftest import Reader, Send, make_reading, together

Call = Callable[[], Any]


@pytest.fixture(autouse=True)
def _nothing_is_limited(settings: Settings) -> None:
    """Requests are counted in blocks: the first one would cost a query more than the others."""
    settings.ADDRESS_REQUESTS_PER_MINUTE = 0
    settings.TENANT_LIMITS = dict.fromkeys(settings.TENANT_LIMITS, 0)


def count(call: Call) -> int:
    with CaptureQueriesContext(connection) as queries:
        response = call()
    assert response.status_code == 200
    return len(queries)


def test_a_lookup_costs_the_same_for_a_long_invoice(client: Client, mga: Mga) -> None:
    lines = [{"description": f"Item {n}", "totalPrice": "1.00"} for n in range(60)]
    make_pims_record(mga)
    make_pims_record(mga, invoiceNumber="LONG-1", lineItems=lines, meta={"sourceId": "long"})
    for n in range(20):
        make_pims_record(mga, invoiceNumber=f"X-{n}", meta={"sourceId": f"x-{n}"})
    short = count(lambda: client.get("/api/v1/invoice/C-1001/lookup/INV-1042"))
    long = count(lambda: client.get("/api/v1/invoice/C-1001/lookup/LONG-1"))
    assert short == long <= 6


def test_the_answer_to_a_request_costs_the_same_for_a_long_invoice(client: Client, send: Send, reader: Reader) -> None:
    first = send().json()["requestId"]
    reader.outcome = together(*(make_reading(invoice_number=f"INV-{n}") for n in range(9)))
    second = send(content=make_pdf(size=61_000)).json()["requestId"]
    short = count(lambda: client.get(f"/api/v1/invoice/requests/{first}"))
    long = count(lambda: client.get(f"/api/v1/invoice/requests/{second}"))
    assert short == long <= 4


def test_health_costs_few_queries(client: Client, send: Send, reader: Reader, settings: Any) -> None:
    send()
    client.get("/api/v1/health")  # the first one asks for migrations
    few = count(lambda: client.get("/api/v1/health"))
    for n in range(5):
        send(content=make_pdf(size=61_000 + n))
    assert count(lambda: client.get("/api/v1/health")) == few <= 5


@pytest.mark.parametrize("operation", ["process", "lookup"])
def test_taking_a_request_in_costs_the_same_however_many_there_are(
    send: Send, workers_stand_still: list[str], operation: str
) -> None:
    def submit(size: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert send(operation, content=make_pdf(size=size)).status_code == 202
        return len(queries)

    first = submit(61_000)
    for n in range(10):
        submit(62_000 + n)
    assert submit(63_000) == first <= 15


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite reads every row")
@pytest.mark.django_db
def test_a_search_is_answered_from_its_index() -> None:
    rows = InvoiceFilter({"search": "R-12"}, queryset=Invoice.objects.order_by()).qs
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan TO off; SET LOCAL enable_indexscan TO off")
    assert rows.explain().count("Bitmap Index Scan on invoice_search") == 4
