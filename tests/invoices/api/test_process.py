import json
import re
import threading
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from invoicedata.models import Mga
from invoices import tasks
from invoices.models import Document, Finding, Invoice, InvoiceRequest, Job
from invoices.services import intake, requests
from ocr import Reader as FileReader
from ocr import shared_reader
from ocr.errors import CorruptFileError, NothingLegibleError, ReaderCrashedError
from pims.errors import PimsError
from tests.documents import make_pdf
from tests.factories import make_pims_record
from tests.invoices.api.conftest import Reader, Send, make_reading, together

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
# What a name server would answer is not asked for: the address is a public one.
WEBHOOK = "https://93.184.215.14/hooks"


def checks(body: dict[str, Any], field: str) -> list[str]:
    return [check["status"] for check in body["validationResults"]["checks"] if check["field"] == field]


def test_what_was_read_is_the_answer_where_the_practice_has_nothing(send: Send, reader: Reader) -> None:
    response = send()
    assert response.status_code == 200
    body = response.json()
    assert (body["status"], body["source"]) == ("completed", "OCR")
    assert TIMESTAMP.fullmatch(body["completedAt"])
    assert body["requestId"] == response["X-Request-ID"]
    data = body["data"]
    assert (data["invoiceNumber"], data["invoiceDate"], data["dueDate"]) == ("INV-1042", "2025-03-04", "2025-03-18")
    assert (data["totalAmount"], data["currency"], data["balanceDue"]) == (108.0, "USD", 58.0)
    assert data["status"] == "partially_paid"
    assert data["practice"]["practiceName"] == "Harbour Vets"
    assert data["customer"] == {"customerId": "C-1001", "firstName": "Dana", "lastName": "Whitfield"}
    assert [(line["description"], line["totalPrice"]) for line in data["lineItems"]] == [
        ("Consultation", 60.0),
        ("Vaccine", 48.0),
    ]
    assert [(p["paymentDate"], p["amount"], p["method"]) for p in data["payments"]] == [("2025-03-04", 50.0, "Card")]


def test_amounts_are_numbers_with_two_decimals(send: Send, reader: Reader) -> None:
    reader.outcome = make_reading(gross_total=Decimal("108.5"))
    text = send().content.decode()
    assert '"totalAmount":108.50' in text
    assert '"unitPrice":60.00' in text


def test_the_practices_own_data_is_the_answer_where_it_has_the_invoice(send: Send, reader: Reader, mga: Mga) -> None:
    make_pims_record(mga)
    body = send().json()
    assert body["source"] == "PIMS"
    assert body["data"]["invoiceNumber"] == "INV-1042"
    assert checks(body, "totalAmount") == ["passed"]
    assert body["validationResults"]["passed"] is True


def test_an_altered_amount_shows(send: Send, reader: Reader, mga: Mga) -> None:
    make_pims_record(mga)
    reader.outcome = make_reading(gross_total=Decimal("1108.00"))
    body = send().json()
    assert (body["source"], body["data"]["totalAmount"]) == ("PIMS", 108.0)
    assert "failed" in checks(body, "totalAmount")
    assert body["validationResults"]["passed"] is False
    messages = [check["message"] for check in body["validationResults"]["checks"] if check["status"] == "failed"]
    assert any("108.00" in message and "1108.00" in message for message in messages)


def test_an_invoice_of_another_customer_does_not_count(send: Send, reader: Reader, mga: Mga) -> None:
    make_pims_record(mga, customer={"id": "C-9999", "name": "Sam Ortiz"})
    body = send().json()
    assert body["source"] == "OCR"
    assert checks(body, "customer.customerId") == ["failed"]


def test_the_answer_says_which_practice_system_has_the_invoice(send: Send, reader: Reader, mga: Mga) -> None:
    make_pims_record(mga)
    assert send().json()["pims"] == {"connection": "local", "kind": "local", "matchedOn": "number"}


def test_an_altered_number_names_the_practices_own(send: Send, reader: Reader, mga: Mga) -> None:
    make_pims_record(mga)
    reader.outcome = make_reading(invoice_number="INV-9042")
    body = send().json()
    assert (body["source"], body["data"]["invoiceNumber"]) == ("OCR", "INV-9042")
    (message,) = [
        check["message"]
        for check in body["validationResults"]["checks"]
        if (check["field"], check["status"]) == ("invoiceNumber", "failed")
    ]
    assert "INV-9042" in message and "INV-1042" in message
    finding = Finding.objects.get(rule="pims.invoiceNumber")
    assert (finding.printed, finding.recorded, finding.state) == ("INV-9042", "INV-1042", "open")
    invoice = Invoice.objects.get()
    assert invoice.status == Invoice.Status.FLAGGED and (invoice.alteration_score or 0) > 0.5


def test_a_number_that_could_not_be_read_costs_nothing_where_the_practice_knows_the_rest(
    send: Send, reader: Reader, mga: Mga
) -> None:
    make_pims_record(mga)
    reader.outcome = make_reading(invoice_number=None)
    body = send().json()
    assert (body["source"], body["data"]["invoiceNumber"]) == ("PIMS", "INV-1042")
    assert body["pims"]["matchedOn"] == "customer, day and total"
    assert checks(body, "pims") == ["warning"]


def test_an_invoice_of_another_customer_is_a_finding_for_staff(send: Send, reader: Reader, mga: Mga) -> None:
    make_pims_record(mga, customer={"id": "C-9999", "name": "Sam Ortiz"})
    send()
    assert Finding.objects.get(rule="pims.customer_id").severity == Finding.Severity.ERROR


def test_a_practice_system_that_is_down_is_a_warning(
    send: Send, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoices.services.completion.find_invoice", raise_pims_error)
    body = send().json()
    assert (body["status"], body["source"]) == ("completed", "OCR")
    assert checks(body, "pims") == ["warning"]


def raise_pims_error(*_: Any, **__: Any) -> None:
    raise PimsError("no answer within 10 seconds")


@pytest.mark.parametrize("missing", ["invoice_number", "issue_date", "gross_total"])
def test_missing_required_data_is_no_answer_but_is_not_lost(send: Send, reader: Reader, missing: str) -> None:
    reader.outcome = make_reading(**{missing: None})
    response = send()
    body = response.json()
    assert (response.status_code, body["status"]) == (500, "failed")
    assert body["error"]["code"] == "OCR_INCOMPLETE"
    assert "data" not in body
    field = {"invoice_number": "invoiceNumber", "issue_date": "invoiceDate", "gross_total": "totalAmount"}[missing]
    assert "failed" in checks(body, field)
    assert body["partialData"]["practice"]["practiceName"] == "Harbour Vets"
    assert field not in body["partialData"]
    assert Invoice.objects.get().status == Invoice.Status.FLAGGED


def test_the_tenants_currency_is_taken_with_a_warning(send: Send, reader: Reader, mga: Mga) -> None:
    reader.outcome = make_reading(currency=None)
    body = send().json()
    assert body["data"]["currency"] == "USD"
    assert "warning" in checks(body, "currency")


def test_nothing_legible_is_a_failure_of_reading(send: Send, reader: Reader) -> None:
    reader.outcome = NothingLegibleError()
    response = send()
    assert (response.status_code, response.json()["error"]["code"]) == (500, "OCR_FAILED")
    assert response.json()["requestId"] == response["X-Request-ID"]


def test_a_file_that_turns_out_to_be_damaged_is_refused(send: Send, reader: Reader) -> None:
    reader.outcome = CorruptFileError()
    response = send()
    assert (response.status_code, response.json()["error"]["code"]) == (400, "INVALID_FILE_FORMAT")


def test_several_invoices_in_a_file_are_all_returned(send: Send, reader: Reader) -> None:
    reader.outcome = together(make_reading(), make_reading(invoice_number="INV-1043"))
    body = send().json()
    assert body["data"]["invoiceNumber"] == "INV-1042"
    assert [data["invoiceNumber"] for data in body["additionalInvoices"]] == ["INV-1043"]
    assert "warning" in [check["status"] for check in body["validationResults"]["checks"]]


def test_the_practice_keeps_its_id(send: Send, reader: Reader) -> None:
    first = send().json()["data"]["practice"]["practiceId"]
    again = send(content=make_pdf(size=61_000)).json()["data"]["practice"]["practiceId"]
    assert first == again


def test_the_same_bytes_are_one_invoice_and_two_requests(send: Send, reader: Reader) -> None:
    first, second = send().json(), send().json()
    assert first["requestId"] != second["requestId"]
    assert first["data"]["invoiceId"] == second["data"]["invoiceId"]
    assert checks(second, "duplicate") == ["warning"]
    assert (Document.objects.count(), Invoice.objects.count(), reader.calls) == (1, 1, 1)


def test_a_blank_webhook_url_is_none(send: Send, reader: Reader) -> None:
    assert send(webhookUrl=" ").status_code == 200


def test_with_a_webhook_the_answer_is_always_accepted(send: Send, reader: Reader, client: Client) -> None:
    response = send(webhookUrl=WEBHOOK)
    assert response.status_code == 202
    body = response.json()
    assert set(body) == {"requestId", "status", "acceptedAt", "statusUrl"}
    assert (body["status"], body["requestId"]) == ("accepted", response["X-Request-ID"])
    assert TIMESTAMP.fullmatch(body["acceptedAt"])
    assert body["statusUrl"] == response["Location"]
    assert body["statusUrl"] == f"http://testserver/api/v1/invoice/requests/{body['requestId']}"
    assert client.get(body["statusUrl"]).json()["data"]["invoiceNumber"] == "INV-1042"


def test_behind_a_proxy_the_status_url_is_the_public_one(
    send: Send, settings: Settings, workers_stand_still: list[str]
) -> None:
    settings.HTTPS, settings.PUBLIC_URL = True, "https://invoices.example.com"
    assert send()["Location"].startswith("https://invoices.example.com/api/v1/invoice/requests/req_")


def test_a_slow_reading_is_accepted_and_answered_later(
    send: Send, client: Client, reader: Reader, workers_stand_still: list[str]
) -> None:
    response = send()
    assert response.status_code == 202
    status_url = response["Location"]
    running = client.get(status_url)
    assert (running.status_code, running.json()) == (202, response.json())
    assert running["X-Request-ID"] == response.json()["requestId"]
    tasks.run_job(workers_stand_still[0])
    done = client.get(status_url)
    assert (done.status_code, done.json()["status"]) == (200, "completed")
    assert done.json()["requestId"] == response.json()["requestId"]


def test_a_failure_is_kept_with_its_status(
    send: Send, client: Client, reader: Reader, workers_stand_still: list[str]
) -> None:
    reader.outcome = NothingLegibleError()
    status_url = send()["Location"]
    tasks.run_job(workers_stand_still[0])
    done = client.get(status_url)
    assert (done.status_code, done.json()["error"]["code"]) == (500, "OCR_FAILED")


@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.215.14/hooks",
        "https://127.0.0.1/hooks",
        "https://[::1]/hooks",
        "https://10.0.0.1/hooks",
        "https://169.254.169.254/latest/meta-data",
        "https://user:secret@93.184.215.14/hooks",
        "https://93.184.215.14:22/hooks",
        "https://93.184.215.14/#fragment",
        "ftp://93.184.215.14/hooks",
        "javascript:alert(1)",
        "//93.184.215.14/hooks",
        "https://",
        "https://" + "a" * 2100,
        "https://93.184.215.14/\x00",
        "https://exämple.test/hooks",
        "nonsense",
    ],
)
def test_a_webhook_url_is_judged_before_any_work(send: Send, reader: Reader, url: str) -> None:
    response = send(webhookUrl=url)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "INVALID_WEBHOOK_URL")
    assert (reader.calls, InvoiceRequest.objects.count()) == (0, 0)


def test_the_same_key_gives_the_same_answer(send: Send, reader: Reader) -> None:
    first = send(headers={"Idempotency-Key": "k-1"})
    again = send(headers={"Idempotency-Key": "k-1"})
    assert again.content == first.content
    assert again["X-Request-ID"] == first.json()["requestId"]
    assert (InvoiceRequest.objects.count(), Job.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    "other",
    [
        {"content": make_pdf(size=61_000)},
        {"customer": "C-2"},
        {"operation": "lookup"},
        {"webhookUrl": WEBHOOK},
    ],
)
def test_a_key_with_another_request_is_refused(send: Send, reader: Reader, other: dict[str, Any]) -> None:
    send(headers={"Idempotency-Key": "k-1"})
    response = send(headers={"Idempotency-Key": "k-1"}, **other)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "IDEMPOTENCY_KEY_REUSED")
    assert InvoiceRequest.objects.count() == 1


@pytest.mark.parametrize("key", ["k" * 256, "tab\there", "schlüssel"])
def test_an_odd_key_is_refused(send: Send, reader: Reader, key: str) -> None:
    response = send(headers={"Idempotency-Key": key})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "INVALID_IDEMPOTENCY_KEY")


def test_a_full_queue_asks_to_come_again(send: Send, reader: Reader, settings: Settings, mga: Mga) -> None:
    settings.MAX_QUEUED_JOBS = 1
    Job.objects.create(mga=mga)
    response = send()
    assert (response.status_code, response.json()["error"]["code"]) == (503, "SERVICE_BUSY")
    assert int(response["Retry-After"]) > 0


def test_who_wants_an_answer_at_once_is_not_taken_where_too_many_wait(
    send: Send, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "_places", threading.BoundedSemaphore(1))
    with requests.place_to_wait():
        response = send()
        assert (response.status_code, response.json()["error"]["code"]) == (503, "SERVICE_BUSY")
        assert int(response["Retry-After"]) > 0
        assert Document.objects.count() == 0
        assert send(webhookUrl=WEBHOOK).status_code == 202
    assert send().status_code == 200


def test_a_child_that_was_killed_is_not_the_files_fault(
    send: Send, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspect, crashes = FileReader.inspect, iter([ReaderCrashedError()])

    def crash_once(self: Any, path: Any) -> Any:
        for error in crashes:
            raise error
        return inspect(self, path)

    monkeypatch.setattr(FileReader, "inspect", crash_once)
    assert send().status_code == 200


def test_a_reader_that_others_hold_for_long_asks_to_come_again(
    send: Send, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "LOOK_PATIENCE_SECONDS", 0.05)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with shared_reader():
            held.set()
            done.wait(10)

    other = threading.Thread(target=hold)
    other.start()
    held.wait(10)
    response = send()
    done.set()
    other.join()
    assert (response.status_code, response.json()["error"]["code"]) == (503, "SERVICE_BUSY")
    assert Document.objects.count() == 0


@pytest.mark.parametrize("path", ["process", "process/"])
def test_a_slash_at_the_end_changes_nothing(send: Send, reader: Reader, path: str) -> None:
    assert send(path).status_code == 200


def test_a_customer_may_be_called_requests(send: Send, reader: Reader, client: Client) -> None:
    response = send(customer="requests")
    assert response.status_code == 200
    assert response.json()["data"]["customer"]["customerId"] == "requests"
    assert client.get("/api/v1/invoice/requests/lookup").status_code == 405


@pytest.mark.parametrize("customer", ["C-1", "a b", "ü", "..", "100%25", "a&b=c", "x" * 128, "%E6%97%A5"])
def test_customer_ids_are_free_text(send: Send, reader: Reader, customer: str) -> None:
    assert send(customer=customer).status_code == 200


def test_the_stored_answer_is_the_answer_that_was_sent(send: Send, reader: Reader) -> None:
    response = send()
    stored = InvoiceRequest.objects.get().response
    assert json.loads(stored if isinstance(stored, str) else json.dumps(stored)) == response.json()
