"""Roles, and staff who are limited to some tenants: no list, page, file or figure of another's reaches them."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from invoicedata.models import Mga, StaffLimit
from invoices.models import Invoice
from tests.admin.test_admin import MODELS, fill
from tests.admin.test_review_desk import QUEUE, flag
from tests.documents import make_pdf
from tests.factories import make_invoice, make_mga, make_pims_record

pytestmark = pytest.mark.django_db
FOR_ALL_TENANTS = {"signingkey"}


def make_staff(name: str, role: str = "", mga: Mga | None = None) -> Any:
    """With the role's permissions, or all of them; limited to a tenant, if one is given."""
    user = get_user_model().objects.create_user(name, is_staff=True)
    if role:
        user.groups.add(Group.objects.get(name=role))
    else:
        user.user_permissions.set(Permission.objects.all())
    if mga is not None:
        StaffLimit.objects.create(user=user).tenants.add(mga)
    return user


@pytest.fixture
def limited(client: Client) -> Client:
    """A client of somebody who may do everything, with tenant "own" only; tenant "secret" has rows of every kind."""
    own = make_mga("own", name="Own tenant")
    other = make_mga("secret", name="Hidden tenant")
    make_pims_record(other)
    fill(other)
    client.force_login(make_staff("lea", mga=own))
    return client


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_a_limited_person_finds_nothing_of_another_tenant(model: Any, limited: Client) -> None:
    name = f"{model._meta.app_label}_{model._meta.model_name}"
    listed = limited.get(reverse(f"admin:{name}_changelist"))
    if model._meta.model_name in FOR_ALL_TENANTS:
        assert listed.status_code == 403
        return
    assert listed.status_code == 200
    assert listed.context["cl"].queryset.filter(pk__in=others_rows(model)).count() == 0
    assert "Hidden tenant" not in listed.content.decode()
    for row in others_rows(model):
        assert limited.get(reverse(f"admin:{name}_change", args=[row.pk])).status_code == 302, row


def others_rows(model: Any) -> Any:
    path = admin.site._registry[model].tenant_path
    return model.objects.filter(**{path: "secret"})


def test_pages_files_queue_and_api_keep_to_the_limit(limited: Client) -> None:
    invoice = Invoice.objects.get(mga="secret")
    Invoice.objects.filter(pk=invoice.pk).update(open_findings=1)
    document = invoice.document
    document.file.save("x", ContentFile(make_pdf()))
    hidden = [
        reverse("admin:invoices_document_page", args=[document.pk, 1]),
        reverse("admin:invoices_document_original", args=[document.pk]),
        reverse("admin:invoices_invoice_review", args=[invoice.pk]),
        f"/api/invoices/{invoice.pk}",
    ]
    assert [limited.get(url).status_code for url in hidden] == [404] * 4
    assert limited.get("/api/invoices").json()["total"] == 0
    for url in ("/admin/", QUEUE, reverse("admin:invoices_document_add"), reverse("admin:invoicedata_accesstoken_add")):
        page = limited.get(url).content.decode()
        assert invoice.invoice_number not in page and "Hidden tenant" not in page, url
    sent = limited.post(reverse("admin:invoices_document_add"), {"mga": "secret", "kind": ""})
    assert sent.status_code == 404
    token = {"mga": "secret", "permissions": ["invoices:read"], "hours": 1}
    limited.post(reverse("admin:invoicedata_accesstoken_add"), token)
    assert Mga.objects.get(pk="secret").access_tokens.count() == 1  # the one that was there


def test_without_a_limit_all_is_seen(client: Client) -> None:
    flag(make_invoice(make_mga("one"), invoice_number="ONE-1"))
    flag(make_invoice(make_mga("two"), invoice_number="TWO-2"))
    client.force_login(make_staff("ada", "Reviewer"))
    page = client.get(QUEUE).content.decode()
    assert "ONE-1" in page and "TWO-2" in page


def test_roles_allow_what_they_are_for(client: Client) -> None:
    mga = make_mga()
    invoice = flag(make_invoice(mga))
    pages = {
        "queue": QUEUE,
        "upload": reverse("admin:invoices_document_add"),
        "jobs": reverse("admin:invoices_job_changelist"),
        "templates": reverse("admin:invoices_suppliertemplate_changelist"),
        "connections": reverse("admin:pims_connection_changelist"),
        "tokens": reverse("admin:invoicedata_accesstoken_changelist"),
        "people": reverse("admin:auth_user_changelist"),
        "invoice": reverse("admin:invoices_invoice_change", args=[invoice.pk]),
    }
    allowed = {}
    for role in ("Reviewer", "Lead", "Operator"):
        client.force_login(make_staff(role.lower(), role))
        allowed[role] = {name for name, url in pages.items() if client.get(url).status_code == 200}
    assert allowed == {
        "Reviewer": {"queue", "templates", "invoice"},
        "Lead": {"queue", "templates", "invoice", "upload"},
        "Operator": {"templates", "invoice", "upload", "jobs", "connections"},
    }


def test_only_a_lead_hands_on_and_approves_many(client: Client) -> None:
    mga = make_mga()
    invoice = flag(make_invoice(mga))
    ada, lead = make_staff("ada", "Reviewer"), make_staff("lea", "Lead")
    client.force_login(ada)
    assert client.post(QUEUE, {"invoice": [invoice.pk], "assign": "1", "to": ada.pk}).status_code == 403
    assert client.post(QUEUE, {"invoice": [invoice.pk], "approve": "1"}).status_code == 403
    client.force_login(lead)
    client.post(QUEUE, {"invoice": [invoice.pk], "assign": "1", "to": ada.pk})
    invoice.refresh_from_db()
    assert invoice.claimed_by == ada


def test_nothing_is_handed_to_somebody_who_cannot_review_it(client: Client) -> None:
    mga = make_mga()
    invoice = flag(make_invoice(mga))
    client.force_login(make_staff("lea", "Lead"))
    for user in (make_staff("olga", "Operator"), make_staff("rob", "Reviewer", make_mga("else"))):
        page = client.post(QUEUE, {"invoice": [invoice.pk], "assign": "1", "to": user.pk}, follow=True)
        assert "cannot review" in page.content.decode()
        invoice.refresh_from_db()
        assert invoice.claimed_by is None
