"""The page of the admin that shows an invoice beside the practice system's record."""

import re
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from invoices.models import Invoice, InvoiceLine
from invoices.services.reconciling import keep_record, reconcile
from pims.lookup import find_invoice
from pims.models import Connection, PimsRecord
from tests.factories import make_invoice, make_mga, make_pims_record

pytestmark = pytest.mark.django_db
BOX = [0.6, 0.5, 0.7, 0.52]


@pytest.fixture
def altered() -> Invoice:
    mga = make_mga()
    make_pims_record(mga)
    invoice = make_invoice(
        mga,
        invoice_number="INV-1042",
        issue_date="2025-03-04",
        gross_total=Decimal("1108.00"),
        currency="USD",
        page_numbers=[1],
        reading={"gross_total": {"confidence": 0.95, "page": 1, "box": BOX}},
    )
    for position, (description, amount) in enumerate((("Consultation", "60.00"), ("Vaccine", "148.00")), start=1):
        InvoiceLine.objects.create(
            invoice=invoice, position=position, description=description, net_amount=amount, confidence=0.9
        )
    found = find_invoice(mga, "INV-1042", customer_id="C-1001")
    assert found.invoice is not None
    keep_record(invoice, found.invoice, found.connection)
    invoice.save()
    invoice.refresh_from_db()
    reconcile(invoice)
    return invoice


def shown(client: Client, invoice: Invoice) -> str:
    return client.get(reverse("admin:invoices_invoice_comparison", args=[invoice.pk])).content.decode()


def test_both_sides_are_shown_and_what_differs_is_marked_on_the_page(admin_client: Client, altered: Invoice) -> None:
    page = shown(admin_client, altered)
    assert "Looks altered" in page and "1108.00 instead of 108.00" in page
    row = re.search(r'<tr id="gross_total" class="row-different">.*?</tr>', page, re.DOTALL)
    assert row and "1,108.00" in row[0] and "108.00" in row[0] and "differs" in row[0]
    assert re.search(
        r'<rect id="mark-gross_total" class="mark-different" x="60.0" y="50.0" width="10.0" height="2.0"', page
    )
    line = re.search(r'<tr id="line1" class="row-different">.*?</tr>', page, re.DOTALL)
    assert line and "148.00" in line[0] and "48.00" in line[0]


def test_an_invoice_without_a_record_says_so(admin_client: Client) -> None:
    assert "nothing to compare" in shown(admin_client, make_invoice(make_mga()))


def test_asking_again_shows_what_changed(admin_client: Client, altered: Invoice) -> None:
    record = PimsRecord.objects.get()
    PimsRecord.objects.update(payload=record.payload | {"balanceDue": "0.00", "status": "PAID"})
    address = reverse("admin:invoices_invoice_ask_again", args=[altered.pk])
    page = admin_client.post(address, follow=True).content.decode()
    assert "has changed" in page and "balanceDue, status changed" in page
    Connection.objects.update(enabled=False)
    assert admin_client.post(address).status_code == 404


def test_who_may_only_look_cannot_ask_again(client: Client, altered: Invoice) -> None:
    viewer = get_user_model().objects.create_user("vera", is_staff=True)
    client.force_login(viewer)
    address = reverse("admin:invoices_invoice_comparison", args=[altered.pk])
    assert client.get(address).status_code == 403
    viewer.user_permissions.add(Permission.objects.get(codename="view_invoice"))
    page = client.get(address)
    assert page.status_code == 200 and "Ask again" not in page.content.decode()
    assert client.post(reverse("admin:invoices_invoice_ask_again", args=[altered.pk])).status_code == 403


def test_the_list_can_be_narrowed_to_what_looks_altered(admin_client: Client, altered: Invoice) -> None:
    make_invoice(altered.mga, invoice_number="PLAIN-7")
    address = reverse("admin:invoices_invoice_changelist")
    found = admin_client.get(address, {"altered": "yes"}).content.decode()
    assert "INV-1042" in found and "PLAIN-7" not in found and "98 %" in found
    assert "PLAIN-7" in admin_client.get(address, {"altered": "unknown"}).content.decode()
