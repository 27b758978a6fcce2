"""Every page of the admin opens, in a number of queries that does not grow, and keeps secrets."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.fixtures import Settings

from invoicedata.models import AccessToken, Mga, WebhookSecret
from invoicedata.tokens import issue_token
from invoices.models import (
    Document,
    Event,
    Finding,
    Invoice,
    InvoiceRequest,
    Job,
    Payment,
    Practice,
    SupplierTemplate,
    WebhookDelivery,
    WebhookReceiver,
)
from invoices.services import queue
from tests.documents import make_pdf
from tests.factories import make_delivery_note, make_document, make_invoice, make_mga, make_pims_record, pair
from tests.invoices.api.conftest import Reader

pytestmark = pytest.mark.django_db
MODELS = [model for model in admin.site._registry if model._meta.app_label in ("invoicedata", "invoices", "pims")]

SPOT = {"beside": "zorp", "above": "", "shape": "AA-999", "x": 0.2, "y": 0.1}
TEMPLATE = {
    "kind": "invoice",
    "sender": "acme corp",
    "marks": ["acme.test"],
    "words": ["zorp"],
    "spots": {"invoice_number": [SPOT]},
    "constants": {"currency": "GBP"},
    "columns": [{"role": "total", "heading": "plom", "middle": 0.5, "left": 0.4, "right": 0.6}],
}


def fill(mga: Mga) -> None:
    """A row or more of everything that the admin lists."""
    invoice = make_invoice(mga, reading={"gross_total": {"confidence": 0.9, "method": "ocr", "page": 1}})
    pair(invoice, make_delivery_note(mga))
    Finding.objects.create(invoice=invoice, rule="r", severity="warning", message="Look at this")
    Payment.objects.create(invoice=invoice, position=1, amount=1)
    request = InvoiceRequest.objects.create(mga=mga, document=invoice.document, operation="process", customer_id="C1")
    Job.objects.create(mga=mga, document=invoice.document, request=request)
    WebhookDelivery.objects.create(mga=mga, request=request, event="e", url="https://x.example/", body="{}")
    WebhookReceiver.objects.get_or_create(mga=mga, origin="https://x.example")
    Event.objects.create(mga=mga, subject=invoice.pk, action="invoice.status")
    WebhookSecret.objects.create(mga=mga)
    issue_token(mga)
    supplier = Practice.objects.create(mga=mga, name="ACME Corp", name_key="acmecorp")
    SupplierTemplate.objects.create(mga=mga, supplier=supplier, kind="invoice", template=TEMPLATE)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_a_list_opens_and_takes_the_same_queries_for_more_rows(model: Any, admin_client: Client) -> None:
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    counts = []
    for number in range(3):
        mga = make_mga(f"mga-{number}")
        make_pims_record(mga)
        fill(mga)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert admin_client.get(url).status_code == 200
        counts.append(len(queries))
    assert counts[1] == counts[2]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_a_row_opens_and_shows_no_secret(model: Any, admin_client: Client) -> None:
    mga = make_mga()
    make_pims_record(mga)
    fill(mga)
    row = model.objects.first()
    if row is None:
        pytest.skip("nothing makes such a row yet")
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk])
    page = admin_client.get(url)
    assert page.status_code == 200
    assert WebhookSecret.objects.first().secret not in page.content.decode()


def test_the_overview_counts_and_needs_few_queries(admin_client: Client) -> None:
    fill(make_mga())
    with CaptureQueriesContext(connection) as queries:
        page = admin_client.get("/admin/").content.decode()
    assert "Scanned" in page and "ACME Corp" in page
    assert len(queries) <= 8


def test_an_empty_overview_says_what_to_do(admin_client: Client) -> None:
    assert "Upload documents" in admin_client.get("/admin/").content.decode()


def test_no_page_holds_inline_script_or_style(admin_client: Client) -> None:
    fill(make_mga())
    pages = ["/admin/", reverse("admin:invoices_document_add"), reverse("admin:invoicedata_accesstoken_add")]
    pages += [reverse("admin:invoices_invoice_change", args=[Invoice.objects.get().pk])]
    for page in pages:
        answer = admin_client.get(page)
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*json)|\son\w+=|\sstyle=", answer.content.decode()), page
        assert "'unsafe" not in answer["Content-Security-Policy"]


def test_a_token_is_issued_and_shown_once(admin_client: Client) -> None:
    mga = make_mga()
    values = {"mga": mga.pk, "permissions": ["invoices:read"], "hours": "2", "note": "trial"}
    page = admin_client.post(reverse("admin:invoicedata_accesstoken_add"), values)
    (token,) = re.findall(r"<code>(\S+)</code>", page.content.decode())
    assert "no-store" in page["Cache-Control"]
    assert Client().get("/api/invoices", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    record = AccessToken.objects.get()
    admin_client.post(
        reverse("admin:invoicedata_accesstoken_changelist"), {"action": "revoke", "_selected_action": [record.pk]}
    )
    assert Client().get("/api/invoices", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_new_webhook_secret_is_shown_once_and_the_old_one_ends(admin_client: Client) -> None:
    mga = make_mga()
    old = WebhookSecret.objects.create(mga=mga)
    page = admin_client.post(
        reverse("admin:invoicedata_mga_changelist"),
        {"action": "rotate_webhook_secret", "_selected_action": [mga.pk]},
    )
    assert WebhookSecret.objects.exclude(pk=old.pk).get().secret in page.content.decode()
    old.refresh_from_db()
    assert old.valid_until is not None


def test_files_are_uploaded_and_each_is_answered(
    admin_client: Client, reader: Reader, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    monkeypatch.setattr(queue, "nudge_job", lambda job_id: None)
    files = [SimpleUploadedFile("a.pdf", make_pdf()), SimpleUploadedFile("b.exe", b"MZ" + bytes(100))]
    answer = admin_client.post(
        reverse("admin:invoices_document_add"),
        {"mga": make_mga().pk, "venue": "Mill", "kind": "", "file": files},
        headers={"Accept": "application/json"},
    )
    taken, refused = answer.json()["files"]
    assert taken["message"] == "received, being read"
    assert "PDF, JPEG, PNG, TIFF or e-invoice" in refused["error"]
    assert [document.filename for document in Document.objects.all()] == ["a.pdf"]


def test_a_page_is_drawn_by_us_and_the_original_only_downloaded(admin_client: Client) -> None:
    document = make_document(make_mga(), page_count=1)
    document.file.save("x", ContentFile(make_pdf()))
    picture = admin_client.get(reverse("admin:invoices_document_page", args=[document.pk, 1]))
    assert picture["Content-Type"] == "image/jpeg" and picture.content.startswith(b"\xff\xd8")
    assert admin_client.get(reverse("admin:invoices_document_page", args=[document.pk, 2])).status_code == 404
    original = admin_client.get(reverse("admin:invoices_document_original", args=[document.pk]))
    assert original["Content-Disposition"].startswith("attachment")
    assert original["Content-Type"] == "application/octet-stream"


def test_nobody_without_a_staff_account_sees_a_page_or_a_file(client: Client) -> None:
    document = make_document(make_mga(), page_count=1)
    for name, args in (("document_page", [document.pk, 1]), ("document_original", [document.pk])):
        assert client.get(reverse(f"admin:invoices_{name}", args=args)).status_code == 302


def test_a_template_shows_what_it_knows_and_is_silenced(admin_client: Client) -> None:
    fill(make_mga())
    template = SupplierTemplate.objects.get()
    url = reverse("admin:invoices_suppliertemplate_change", args=[template.pk])
    page = admin_client.get(url).content.decode()
    assert "zorp" in page and "AA-999" in page and "under “plom”" in page
    admin_client.post(url, {"muted": ["currency", "lines"]})
    template.refresh_from_db()
    assert template.muted == ["currency", "lines"]
    assert Event.objects.filter(action="template.muted", actor__isnull=False).exists()


def test_templates_are_switched_off_and_on(admin_client: Client) -> None:
    fill(make_mga())
    template = SupplierTemplate.objects.get()
    url = reverse("admin:invoices_suppliertemplate_changelist")
    for action, state in (("switch_off", "off"), ("switch_on", "draft")):
        admin_client.post(url, {"action": action, "_selected_action": [template.pk]})
        template.refresh_from_db()
        assert template.state == state
