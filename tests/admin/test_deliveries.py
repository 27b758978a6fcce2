"""What staff do with files and deliveries in the admin: split, merge, pair, unpair, move."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

import ocr
from invoices.models import DeliveryNoteLine, Document, Event, Invoice, InvoiceLine, Pairing
from invoices.services import pairing
from invoices.services.intake import local_copy
from invoices.services.judging import judge_document
from invoices.services.reading import reader_options
from invoices.services.recording import record_reading
from tests.documents import INVOICE_LINES, make_pdf
from tests.factories import make_delivery_note, make_document, make_invoice, make_mga, pair

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch() -> Document:
    """A file with two invoices, read."""
    other = [line.replace("INV-1042", "INV-1043") for line in INVOICE_LINES]
    document = Document(mga=make_mga(), filename="batch.pdf", sha256="1" * 64, size=1, media_type="application/pdf")
    document.file.save("x.pdf", ContentFile(make_pdf(more=[other])))
    with local_copy(document) as path:
        record_reading(document, ocr.read(path, reader_options()))
    judge_document(document)
    return document


def test_a_file_is_merged_and_split_by_hand(batch: Document, admin_client: Client) -> None:
    address = reverse("admin:invoices_document_cut", args=[batch.pk])
    page = admin_client.get(address).content.decode()
    assert page.count('name="begins"') == 2 and page.count("checked") == 2
    admin_client.post(address, {"begins": ["1"], "kind_1": ""})
    assert [row.page_numbers for row in batch.invoices.all()] == [[1, 2]]
    admin_client.post(address, {"begins": ["1", "2"], "kind_1": "", "kind_2": "statement"})
    assert [(part.kind, part.page_numbers) for part in batch.parts.all()] == [("invoice", [1]), ("statement", [2])]
    assert list(batch.invoices.values_list("invoice_number", flat=True)) == ["INV-1042"]
    assert Event.objects.filter(action="document.cut", actor__isnull=False).count() == 2


def test_many_files_are_cut_by_an_action(batch: Document, admin_client: Client) -> None:
    unread = make_document(batch.mga, filename="unread.pdf", state=Document.State.PENDING)
    data = {"action": "merge", "_selected_action": [batch.pk, unread.pk]}
    page = admin_client.post(reverse("admin:invoices_document_changelist"), data, follow=True).content.decode()
    assert "1 cut so" in page and "nread.pdf: The document was not read" in page
    assert batch.invoices.count() == 1


def test_documents_that_somebody_should_look_at_are_listed(batch: Document, admin_client: Client) -> None:
    batch.parts.filter(number=1).update(needs_look=True)
    make_document(batch.mga, filename="fine.pdf")
    page = admin_client.get(reverse("admin:invoices_document_changelist"), {"parts": "look"}).content.decode()
    assert "batch.pdf" in page and "fine.pdf" not in page


@pytest.fixture
def papers() -> tuple[Invoice, Any]:
    mga = make_mga("hotel")
    invoice = make_invoice(mga, order_number="PO-1")
    InvoiceLine.objects.create(invoice=invoice, position=1, sku="A1", description="Olive oil", quantity=4)
    note = make_delivery_note(mga, supplier_name="ACME Corp", order_number="PO-1")
    DeliveryNoteLine.objects.create(note=note, position=1, sku="A1", description="Olive oil", quantity=3)
    pairing.pair_document(note.document)
    return invoice, note


def post(client: Client, invoice: Invoice, **data: Any) -> str:
    address = reverse("admin:invoices_invoice_deliveries", args=[invoice.pk])
    return client.post(address, data, follow=True).content.decode()


def test_deliveries_are_unpaired_paired_and_moved(papers: tuple[Invoice, Any], admin_client: Client) -> None:
    invoice, note = papers
    page = post(admin_client, invoice)
    assert "differs" in page and "Unpair" in page
    post(admin_client, invoice, reject=Pairing.objects.get().pk)
    assert Pairing.objects.get().status == Pairing.Status.REJECTED
    assert not invoice.findings.filter(rule="delivery.short", state="open").exists()
    post(admin_client, invoice, pair=note.pk)
    assert Pairing.objects.get().status == Pairing.Status.CONFIRMED
    assert invoice.findings.filter(rule="delivery.short", state="open").exists()
    other = make_invoice(invoice.mga, invoice_number="INV-2")
    row = Pairing.objects.get()
    post(admin_client, invoice, move=row.pk, **{f"to_{row.pk}": other.pk})
    assert Pairing.objects.get(status=Pairing.Status.CONFIRMED).invoice == other
    told = Event.objects.filter(action__startswith="pairing.", actor__isnull=False).order_by("pk")
    assert [(event.action, event.subject) for event in told] == [
        ("pairing.rejected", invoice.pk),
        ("pairing.confirmed", invoice.pk),
        ("pairing.rejected", invoice.pk),
        ("pairing.confirmed", other.pk),
    ]


def test_another_tenants_note_is_not_paired(papers: tuple[Invoice, Any], admin_client: Client) -> None:
    invoice, _ = papers
    theirs = make_delivery_note(make_mga("theirs"))
    address = reverse("admin:invoices_invoice_deliveries", args=[invoice.pk])
    assert admin_client.post(address, {"pair": theirs.pk}).status_code == 404


def test_pairings_are_decided_by_an_action(papers: tuple[Invoice, Any], admin_client: Client) -> None:
    data = {"action": "reject", "_selected_action": [Pairing.objects.get().pk]}
    admin_client.post(reverse("admin:invoices_pairing_changelist"), data)
    assert Pairing.objects.get().status == Pairing.Status.REJECTED


def test_who_may_only_look_changes_nothing(papers: tuple[Invoice, Any], batch: Document, client: Client) -> None:
    staff = get_user_model().objects.create_user("visitor", is_staff=True)
    client.force_login(staff)
    invoice, _ = papers
    pair(invoice, make_delivery_note(invoice.mga))
    assert client.post(reverse("admin:invoices_invoice_deliveries", args=[invoice.pk]), {}).status_code == 403
    assert client.get(reverse("admin:invoices_document_cut", args=[batch.pk])).status_code == 403
