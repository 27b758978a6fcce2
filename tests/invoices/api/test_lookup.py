from typing import Any

import pytest
from django.test import Client

from invoicedata.models import Mga
from pims.errors import PimsError
from pims.models import CustomerLink
from tests.factories import make_pims_record, pims_record
from tests.invoices.api.conftest import Reader, Send, make_reading

ADDRESS = "/api/v1/invoice/C-1001/lookup"


def test_a_number_is_looked_up(client: Client, mga: Mga) -> None:
    make_pims_record(mga)
    response = client.get(f"{ADDRESS}/INV-1042")
    assert response.status_code == 200
    body = response.json()
    assert (body["status"], body["source"], body["requestId"]) == ("completed", "PIMS", response["X-Request-ID"])
    data = body["data"]
    assert (data["invoiceNumber"], data["totalAmount"], data["currency"]) == ("INV-1042", 108.0, "USD")
    assert data["customer"] == {
        "customerId": "C-1001",
        "firstName": "Dana",
        "lastName": "Whitfield",
        "email": "dana@example.com",
    }
    assert [line["totalPrice"] for line in data["lineItems"]] == [60.0, 48.0]


@pytest.mark.parametrize(
    ("number", "path"),
    [
        ("INV-1042", "inv-1042"),
        ("INV-1042", "INV%201042"),
        ("INV-1042", "INV-1042/"),
        ("2025/INV/7", "2025/INV/7"),
        ("2025/INV/7", "2025%2FINV%2F7"),
        ("2025/INV/7", "2025%2FINV%2F7/"),
        ("A/lookup/9", "A/lookup/9"),
        ("RÉF 12", "R%C3%89F%2012"),
        ("100%", "100%25"),
    ],
)
def test_a_number_may_be_written_in_many_ways(client: Client, mga: Mga, number: str, path: str) -> None:
    make_pims_record(mga, invoiceNumber=number)
    response = client.get(f"{ADDRESS}/{path}")
    assert response.status_code == 200
    assert response.json()["data"]["invoiceNumber"] == number


@pytest.mark.parametrize("path", ["%00", "INV%00", "INV%0A1", "%20", "-", "x" * 101, "%7F1"])
def test_an_odd_number_is_refused(client: Client, mga: Mga, path: str) -> None:
    response = client.get(f"{ADDRESS}/{path}")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "INVALID_INVOICE_NUMBER")


def test_a_number_that_is_not_there_is_not_found(client: Client, mga: Mga) -> None:
    make_pims_record(mga)
    response = client.get(f"{ADDRESS}/INV-9")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "INVOICE_NOT_FOUND")


def test_an_unknown_customer_is_not_found(client: Client, mga: Mga) -> None:
    make_pims_record(mga)
    response = client.get("/api/v1/invoice/C-7/lookup/INV-1042")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "CUSTOMER_NOT_FOUND")


def test_another_customers_invoice_is_not_found(client: Client, mga: Mga) -> None:
    make_pims_record(mga)
    make_pims_record(mga, invoiceNumber="INV-2", customer={"id": "C-2", "name": "Sam"}, meta={"sourceId": "s-2"})
    response = client.get("/api/v1/invoice/C-2/lookup/INV-1042")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "INVOICE_NOT_FOUND")


def test_a_linked_customer_is_found_under_the_insurers_id(client: Client, mga: Mga) -> None:
    connection = make_pims_record(mga)
    CustomerLink.objects.create(connection=connection, customer_id="MGA-77", pims_customer_id="C-1001")
    response = client.get("/api/v1/invoice/MGA-77/lookup/INV-1042")
    assert response.status_code == 200
    assert response.json()["data"]["customer"]["customerId"] == "MGA-77"


def test_two_invoices_that_nothing_tells_apart_are_ambiguous(client: Client, mga: Mga) -> None:
    make_pims_record(mga)
    make_pims_record(mga, total="99.00", lineItems=pims_record()["lineItems"][:1], meta={"sourceId": "s-other"})
    response = client.get(f"{ADDRESS}/INV-1042")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "INVOICE_AMBIGUOUS")


def raise_pims_error(*_: Any, **__: Any) -> None:
    raise PimsError("no answer within 10 seconds")


def test_a_practice_system_that_is_down_fails_the_lookup(
    client: Client, mga: Mga, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("invoices.services.requests.find_invoice", raise_pims_error)
    response = client.get(f"{ADDRESS}/INV-1042")
    assert (response.status_code, response.json()["error"]["code"]) == (500, "PIMS_LOOKUP_FAILED")
    assert "no answer within 10 seconds" in caplog.text
    assert b"10 seconds" not in response.content


def test_a_posted_invoice_is_looked_up_by_the_number_it_shows(send: Send, reader: Reader, mga: Mga) -> None:
    make_pims_record(mga)
    body = send("lookup").json()
    assert (body["source"], body["data"]["invoiceNumber"]) == ("PIMS", "INV-1042")


def test_a_posted_invoice_that_is_not_there_gives_no_data(send: Send, reader: Reader, mga: Mga) -> None:
    response = send("lookup")
    assert response.status_code == 200
    body = response.json()
    assert body["status"] == "completed"
    assert "source" not in body
    assert "data" not in body
    failed = [check["field"] for check in body["validationResults"]["checks"] if check["status"] == "failed"]
    assert failed == ["invoiceNumber"]
    assert "Harbour Vets" not in response.content.decode()


def test_a_posted_invoice_without_a_number_gives_no_data(send: Send, reader: Reader, mga: Mga) -> None:
    reader.outcome = make_reading(invoice_number=None)
    response = send("lookup")
    assert response.status_code == 200
    assert "data" not in response.json()


def test_a_posted_lookup_fails_when_the_practice_system_is_down(
    send: Send, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoices.services.completion.find_invoice", raise_pims_error)
    response = send("lookup")
    assert (response.status_code, response.json()["error"]["code"]) == (500, "PIMS_LOOKUP_FAILED")
