"""What approved invoices teach, when it is used, and what it never does."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

import ocr
from invoicedata.models import Mga
from invoices import tasks
from invoices.models import Invoice, SupplierTemplate
from invoices.services import erasure, learning, queue, review, sweeping, templates
from invoices.services.reading import reader_options
from invoices.services.recording import record_reading
from invoices.services.review import Changes, Pointed
from tests.documents import make_pdf
from tests.factories import make_document, make_mga

pytestmark = pytest.mark.django_db
State = SupplierTemplate.State
LINES = [{"description": "Flea drops", "quantity": "2", "unit_price": "14.50", "net_amount": "29.00"}]


@pytest.fixture
def ada() -> AbstractBaseUser:
    return get_user_model().objects.create_user("ada", is_staff=True)


@pytest.fixture(autouse=True)
def _learns_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "nudge_learning", tasks.run_learning)


def page(number: str, day: str, fee: str, supplier: str = "Zindo Brothers", mail: str = "post@zindo.test") -> list[str]:
    """An invoice in words that no lexicon knows."""
    return [
        supplier,
        f"7 Mill Lane, Leeds   {mail}",
        "",
        f"Zorp: {number}          Blick: {day}",
        "",
        "Quix                   Vurn      Wax      Plom",
        f"Flea drops                2    {fee}    {2 * Decimal(fee)}",
        "",
        f"Gront                                  {2 * Decimal(fee)}",
    ]


def receive(mga: Mga, folder: Path, lines: list[str]) -> Invoice:
    """The invoice of a document that was read as a job reads it."""
    path = folder / f"{len(list(folder.iterdir()))}.pdf"
    path.write_bytes(make_pdf(lines))
    document = make_document(mga, kind_hint="invoice")
    record_reading(document, ocr.read(path, reader_options(), templates.find_templates(mga)))
    return document.invoices.get()


def approve(invoice: Invoice, ada: AbstractBaseUser, commit: DjangoCaptureOnCommitCallbacks, **values: str) -> None:
    lines = LINES if values else None
    changes = Changes(fields={name: Pointed(text) for name, text in values.items()}, lines=lines)
    with commit(execute=True):
        review.approve(invoice.pk, ada, invoice.version, changes, accept=True)


def teach(
    mga: Mga, folder: Path, ada: AbstractBaseUser, commit: DjangoCaptureOnCommitCallbacks, number: str = "QX-4411-B"
) -> SupplierTemplate:
    invoice = receive(mga, folder, page(number, "2025-03-04", "14.50"))
    approve(
        invoice, ada, commit, supplier_name="Zindo Brothers", invoice_number=number, issue_date="2025-03-04",
        gross_total="29.00", currency="GBP",
    )  # fmt: skip
    return SupplierTemplate.objects.get()


def test_the_next_document_of_a_corrected_layout_is_read_right(
    tmp_path: Path, ada: AbstractBaseUser, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    mga = make_mga()
    before = receive(mga, tmp_path, page("QX-4412-C", "2025-04-05", "11.25"))
    template = teach(mga, tmp_path, ada, django_capture_on_commit_callbacks)
    after = receive(mga, tmp_path, page("QX-4412-C", "2025-04-05", "11.25"))
    assert (template.state, template.examples) == (State.ACTIVE, 1)
    assert template.right_with > template.right_without
    assert before.invoice_number != "QX-4412-C"
    assert (after.invoice_number, after.gross_total, after.currency) == ("QX-4412-C", Decimal("22.50"), "GBP")
    assert [(line.description, line.quantity, line.net_amount) for line in after.lines.all()] == [
        ("Flea drops", 2, Decimal("22.50"))
    ]
    assert after.supplier == template.supplier


def test_it_is_not_used_for_another_supplier_or_tenant(
    tmp_path: Path, ada: AbstractBaseUser, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    mga = make_mga()
    teach(mga, tmp_path, ada, django_capture_on_commit_callbacks)
    own = receive(mga, tmp_path, page("QX-1", "2025-03-04", "9.00"))
    stranger = receive(mga, tmp_path, page("QX-7-A", "2025-03-04", "9.00", "Plumb Fellows", "all@plumb.test"))
    elsewhere = receive(make_mga("other"), tmp_path, page("QX-7-A", "2025-03-04", "9.00"))
    assert own.supplier_name == "Zindo Brothers"
    assert stranger.supplier_name != "Zindo Brothers"
    assert elsewhere.reading.get("supplier_name", {}).get("method") != "template"


def test_what_reads_no_better_with_it_stays_a_draft(
    tmp_path: Path, ada: AbstractBaseUser, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    mga = make_mga()
    path = tmp_path / "known.pdf"
    path.write_bytes(make_pdf())
    document = make_document(mga)
    record_reading(document, ocr.read(path, reader_options()))
    approve(document.invoices.get(), ada, django_capture_on_commit_callbacks)
    template = SupplierTemplate.objects.get()
    assert (template.state, template.right_with) == (State.DRAFT, template.right_without)
    assert "as well without" in template.verdict


def test_a_switched_off_template_is_silent_until_it_is_switched_on(
    tmp_path: Path, ada: AbstractBaseUser, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    mga = make_mga()
    template = teach(mga, tmp_path, ada, django_capture_on_commit_callbacks)
    templates.switch_off(template, ada)
    teach(mga, tmp_path, ada, django_capture_on_commit_callbacks, "QX-4413-D")
    template.refresh_from_db()
    assert (template.state, template.examples) == (State.OFF, 2)
    assert receive(mga, tmp_path, page("QX-8-Z", "2025-03-04", "9.00")).invoice_number != "QX-8-Z"
    with django_capture_on_commit_callbacks(execute=True):
        templates.switch_on(template, ada)
    assert receive(mga, tmp_path, page("QX-8-Z", "2025-03-04", "9.00")).invoice_number == "QX-8-Z"


def test_a_muted_field_is_read_as_if_nothing_was_learned_of_it(
    tmp_path: Path, ada: AbstractBaseUser, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    mga = make_mga()
    template = teach(mga, tmp_path, ada, django_capture_on_commit_callbacks)
    with django_capture_on_commit_callbacks(execute=True):
        templates.mute(template, ada, ["invoice_number"])
    invoice = receive(mga, tmp_path, page("QX-8-Z", "2025-03-04", "9.00"))
    assert invoice.invoice_number != "QX-8-Z"
    assert invoice.supplier_name == "Zindo Brothers"


def test_a_lost_nudge_is_given_again(
    tmp_path: Path,
    ada: AbstractBaseUser,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    monkeypatch.setattr(queue, "nudge_learning", lambda template_id: None)
    template = teach(make_mga(), tmp_path, ada, django_capture_on_commit_callbacks)
    assert template.template is None
    monkeypatch.setattr(queue, "nudge_learning", tasks.run_learning)
    sweeping.sweep(timezone.now())
    template.refresh_from_db()
    assert template.state == State.DRAFT
    sweeping.sweep(timezone.now() + timedelta(minutes=2))
    template.refresh_from_db()
    assert (template.state, template.due_since) == (State.ACTIVE, None)


def test_learning_twice_comes_to_the_same(
    tmp_path: Path, ada: AbstractBaseUser, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    template = teach(make_mga(), tmp_path, ada, django_capture_on_commit_callbacks)
    SupplierTemplate.objects.update(due_since=timezone.now())
    learning.learn_template(template.pk)
    again = SupplierTemplate.objects.get()
    assert (again.template, again.marks, again.state) == (template.template, template.marks, template.state)


def test_what_was_learned_of_an_erased_invoice_is_forgotten(
    tmp_path: Path, ada: AbstractBaseUser, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    teach(make_mga(), tmp_path, ada, django_capture_on_commit_callbacks)
    Invoice.objects.get().supplier.__class__.objects.update(verified=True)  # type: ignore[union-attr]
    with django_capture_on_commit_callbacks(execute=True):
        erasure.erase_document(Invoice.objects.get().document)
    assert not SupplierTemplate.objects.exists()
