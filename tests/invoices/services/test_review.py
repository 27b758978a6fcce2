"""What people decide stands beside the reading, above it, and is never lost."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from invoices import tasks
from invoices.errors import (
    ReviewBlockedError,
    ReviewClosedError,
    ReviewConflictError,
    ReviewHeldError,
    ReviewValueError,
)
from invoices.models import Correction, Event, Finding, Invoice, InvoiceLine, WebhookDelivery
from invoices.services import queue, review
from invoices.services.recording import record_reading
from invoices.services.review import Changes, Pointed
from tests.factories import make_document, make_invoice, make_mga
from tests.invoices.api.conftest import Reader, Send, client, make_reading, mga, send  # noqa: F401

pytestmark = pytest.mark.django_db


def make_reviewer(name: str = "ada") -> AbstractBaseUser:
    return get_user_model().objects.create_user(name, is_staff=True)


def make_read_invoice(**changes: Any) -> Invoice:
    """An invoice as a reading leaves it: number, day, total, two lines of 60.00 and 48.00."""
    document = make_document(make_mga())
    record_reading(document, make_reading(**changes))
    return document.invoices.get()


def typed(**fields: str) -> Changes:
    return Changes(fields={name: Pointed(text) for name, text in fields.items()})


def lines_of(invoice: Invoice) -> list[dict[str, Any]]:
    """The table as the page sends it back when nothing was touched."""
    return [{"id": line.pk} | review.line_json(line) for line in invoice.lines.all()]


def test_a_correction_stands_beside_the_reading() -> None:
    invoice, ada = make_read_invoice(), make_reviewer()
    pointed = Pointed("1.234,50 EUR", page=1, box=(0.1, 0.2, 0.3, 0.4))
    review.save(invoice.pk, ada, invoice.version, Changes(fields={"gross_total": pointed}), seconds=7)
    invoice.refresh_from_db()
    correction = Correction.objects.get()
    assert invoice.gross_total == Decimal("1234.50")
    assert invoice.reading["gross_total"]["value"] == "108.00"
    assert invoice.origin("gross_total")["method"] == "staff"
    assert (correction.before, correction.after, correction.actor_id) == ("108.00", "1234.50", ada.pk)
    assert (correction.seconds, correction.page, correction.box) == (7, 1, [0.1, 0.2, 0.3, 0.4])


def test_the_event_of_a_correction_names_fields_and_no_personal_data() -> None:
    invoice = make_read_invoice()
    review.save(invoice.pk, make_reviewer(), invoice.version, typed(customer_name="Mary Jones"))
    event = Event.objects.get(action="invoice.corrected")
    assert event.data["fields"] == ["customer_name"]
    assert "Mary" not in str(event.data)


def test_reading_again_never_overrides_a_person() -> None:
    invoice = make_read_invoice()
    table = lines_of(invoice)
    table[1]["description"] = "Rabies vaccine"
    changes = Changes(typed(gross_total="118.00").fields, confirmed=["due_date"], lines=table)
    review.save(invoice.pk, make_reviewer(), invoice.version, changes)
    record_reading(invoice.document, make_reading(gross_total=Decimal("9.00"), due_date=None, invoice_number="NEW-1"))
    again = Invoice.objects.get(pk=invoice.pk)
    assert (again.gross_total, again.due_date) == (Decimal("118.00"), date(2025, 3, 18))
    assert again.invoice_number == "NEW-1"
    assert again.reading["gross_total"]["value"] == "9.00"
    assert [line.description for line in again.lines.all()] == ["Consultation", "Rabies vaccine"]


def test_an_invoice_with_corrections_outlives_a_reading_that_finds_none() -> None:
    invoice = make_read_invoice()
    review.save(invoice.pk, make_reviewer(), invoice.version, typed(venue="Mill"))
    reading = make_reading()
    record_reading(invoice.document, type(reading)(reading.pages, ()))
    assert Invoice.objects.filter(pk=invoice.pk).exists()


def test_who_writes_on_an_old_version_is_told_and_nothing_is_stored() -> None:
    invoice, ada = make_read_invoice(), make_reviewer()
    review.save(invoice.pk, ada, invoice.version, typed(venue="Mill"))
    with pytest.raises(ReviewConflictError):
        review.save(invoice.pk, ada, invoice.version, typed(venue="Barn"))
    assert Invoice.objects.get().venue == "Mill"
    assert Correction.objects.count() == 1


def test_a_reading_meanwhile_is_a_conflict() -> None:
    invoice = make_read_invoice()
    record_reading(invoice.document, make_reading())
    with pytest.raises(ReviewConflictError):
        review.approve(invoice.pk, make_reviewer(), invoice.version)


@pytest.mark.parametrize(
    ("field", "text"),
    [("gross_total", "about ten"), ("issue_date", "soon"), ("currency", "euros"), ("kind", "letter"), ("mga", "other")],
)
def test_what_is_no_value_is_refused_with_the_field(field: str, text: str) -> None:
    invoice = make_read_invoice()
    with pytest.raises(ReviewValueError) as refused:
        review.save(invoice.pk, make_reviewer(), invoice.version, typed(**{field: text}))
    assert field in refused.value.errors
    invoice.refresh_from_db()
    assert (invoice.version, Correction.objects.count()) == (1, 0)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("gross_total", "1,234.50", Decimal("1234.50")),
        ("gross_total", "1234,5", Decimal("1234.50")),
        ("issue_date", "4 March 2025", date(2025, 3, 4)),
        ("issue_date", "04.03.2025", date(2025, 3, 4)),
        ("issue_date", "", None),
        ("currency", "eur", "EUR"),
        ("supplier_name", "  Harbour \n Vets ", "Harbour Vets"),
    ],
)
def test_values_are_taken_as_people_type_and_pages_print_them(field: str, text: str, value: Any) -> None:
    assert review.parse_value(Invoice, field, text) == value


def test_lines_are_changed_added_removed_and_each_is_recorded() -> None:
    invoice, ada = make_read_invoice(), make_reviewer()
    first, second = lines_of(invoice)
    table = [{**second, "quantity": "3", "net_amount": "72"}, {"description": "Nail clip", "net_amount": "12,00"}]
    review.save(invoice.pk, ada, invoice.version, Changes(lines=table))
    rows = list(invoice.lines.all())
    assert [(row.position, row.description, row.quantity) for row in rows] == [
        (1, "Vaccine", Decimal(3)),
        (2, "Nail clip", None),
    ]
    assert rows[1].method == "staff"
    found = {(c.field, c.line): (c.before, c.after) for c in Correction.objects.all()}
    assert found[("quantity", 1)] == ("2.00", "3.00")
    assert found[("net_amount", 1)] == ("48.00", "72.00")
    assert found[("line", 2)] == (None, {"description": "Nail clip", "net_amount": "12.00"})
    removed = Correction.objects.get(after__isnull=True)
    assert removed.before["description"] == first["description"]


def test_a_table_sent_back_untouched_changes_nothing() -> None:
    invoice = make_read_invoice()
    review.save(invoice.pk, make_reviewer(), invoice.version, Changes(lines=lines_of(invoice)))
    assert Correction.objects.count() == 0
    assert "lines" not in Invoice.objects.get().corrected


def test_a_bad_cell_is_named() -> None:
    invoice = make_read_invoice()
    table = lines_of(invoice)
    table[1]["quantity"] = "many"
    with pytest.raises(ReviewValueError) as refused:
        review.save(invoice.pk, make_reviewer(), invoice.version, Changes(lines=table))
    assert list(refused.value.errors) == ["lines.2.quantity"]


def test_lines_of_another_invoice_cannot_be_taken() -> None:
    invoice = make_read_invoice()
    foreign = InvoiceLine.objects.create(invoice=make_invoice(make_mga("other")), position=1, description="Secret")
    review.save(invoice.pk, make_reviewer(), invoice.version, Changes(lines=[{"id": foreign.pk, "description": "x"}]))
    assert foreign.invoice.lines.get().description == "Secret"


def test_a_preview_says_what_the_checks_would_and_stores_nothing() -> None:
    invoice = make_read_invoice()
    seen = review.preview(invoice, typed(gross_total="108.50", issue_date="never"))
    assert [c.rule for c in seen.checks if c.status == "warning" and "add up to 108" in c.message] == ["totals.lines"]
    assert list(seen.errors) == ["issue_date"]
    assert Invoice.objects.get().gross_total == Decimal("108.00")


def test_approval_runs_the_checks_again_and_closes_what_is_solved() -> None:
    invoice, ada = make_read_invoice(invoice_number=None), make_reviewer()
    with pytest.raises(ReviewBlockedError) as blocked:
        review.approve(invoice.pk, ada, invoice.version)
    assert "invoiceNumber" in blocked.value.messages[0]
    approved = review.approve(invoice.pk, ada, invoice.version, typed(invoice_number="INV-9"), seconds=12)
    assert (approved.status, approved.open_findings) == (Invoice.Status.PROCESSED, 0)
    assert approved.approved_at is not None
    assert Event.objects.get(action="invoice.approved").data["seconds"] == 12
    with pytest.raises(ReviewClosedError):
        review.save(invoice.pk, ada, approved.version, typed(venue="Mill"))


def test_approving_in_spite_of_a_failed_check_is_a_persons_decision() -> None:
    invoice, ada = make_read_invoice(invoice_number=None), make_reviewer()
    approved = review.approve(invoice.pk, ada, invoice.version, accept=True)
    finding = approved.findings.get(rule="required", field="invoiceNumber")
    assert (finding.state, finding.decided_by_id) == (Finding.State.IGNORED, ada.pk)
    reopened = review.reopen(invoice.pk, ada, approved.version)
    assert (reopened.status, reopened.approved_at) == (Invoice.Status.FLAGGED, None)


def test_a_rejected_invoice_stays_flagged_and_says_why() -> None:
    invoice, ada = make_read_invoice(), make_reviewer()
    rejected = review.reject(invoice.pk, ada, invoice.version, "Not addressed to us")
    assert rejected.status == Invoice.Status.FLAGGED
    assert invoice.findings.get(rule="review.rejected").message == "Rejected: Not addressed to us"
    assert not Invoice.objects.awaiting_review().exists()
    review.reopen(invoice.pk, ada, rejected.version)
    assert invoice.findings.get(rule="review.rejected").state == Finding.State.RESOLVED


def test_a_rejection_needs_a_reason() -> None:
    invoice = make_read_invoice()
    with pytest.raises(ReviewValueError):
        review.reject(invoice.pk, make_reviewer(), invoice.version, "  ")


def test_another_reviewer_waits_until_the_lock_ends() -> None:
    invoice, ada, ben = make_read_invoice(), make_reviewer("ada"), make_reviewer("ben")
    review.claim(invoice, ada)
    with pytest.raises(ReviewHeldError, match="ada is reviewing"):
        review.claim(invoice, ben)
    with pytest.raises(ReviewHeldError):
        review.approve(invoice.pk, ben, invoice.version)
    Invoice.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert review.claim(invoice, ben).claimed_by == ben


def test_a_lead_takes_over_and_that_is_recorded() -> None:
    invoice, ada, ben = make_read_invoice(), make_reviewer("ada"), make_reviewer("ben")
    review.claim(invoice, ada)
    review.claim(invoice, ben, take_over=True)
    assert Event.objects.get(action="review.taken_over").data == {"from": ada.pk}
    review.release(invoice, ada)  # no longer theirs to release
    assert Invoice.objects.get().claimed_by == ben


def test_postponing_lets_go_and_needs_a_future_moment() -> None:
    invoice, ada = make_read_invoice(), make_reviewer()
    review.claim(invoice, ada)
    with pytest.raises(ReviewValueError):
        review.postpone(invoice.pk, ada, invoice.version, timezone.now())
    later = timezone.now() + timedelta(days=1)
    review.postpone(invoice.pk, ada, invoice.version, later)
    invoice.refresh_from_db()
    assert (invoice.claimed_by, invoice.postponed_until) == (None, later)


def test_a_corrected_name_is_another_supplier() -> None:
    invoice = make_read_invoice()
    before = invoice.supplier
    review.save(invoice.pk, make_reviewer(), invoice.version, typed(supplier_name="Quay Animal Hospital"))
    invoice.refresh_from_db()
    assert invoice.supplier != before and invoice.supplier.name == "Quay Animal Hospital"


@pytest.mark.django_db(transaction=True)
def test_approval_completes_the_request_that_waited_and_sends_the_webhook(
    send: Send,  # noqa: F811
    client: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:
    reader = Reader()
    reader.outcome = make_reading(invoice_number=None)
    monkeypatch.setattr("ocr.read", reader)
    monkeypatch.setattr(queue, "nudge_job", tasks.run_job)
    settings.WEBHOOK_PRIVATE_HOSTS = ["127.0.0.1"]
    request_id = send(webhookUrl="http://127.0.0.1:9/hook").json()["requestId"]
    status = f"/api/v1/invoice/requests/{request_id}"
    assert client.get(status).json()["error"]["code"] == "OCR_INCOMPLETE"
    invoice = Invoice.objects.get()
    review.approve(invoice.pk, make_reviewer(), invoice.version, typed(invoice_number="INV-77"))
    answer = client.get(status)
    assert (answer.status_code, answer.json()["data"]["invoiceNumber"]) == (200, "INV-77")
    assert {c["message"] for c in answer.json()["validationResults"]["checks"]} >= {
        "invoiceNumber was checked by staff."
    }
    assert sorted(d.event for d in WebhookDelivery.objects.all()) == ["invoice.completed", "invoice.failed"]
    assert reader.calls == 1
