"""The dashboard's figures, and confidences recalibrated from what people corrected."""

import json
import random
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from invoicedata.models import Mga
from invoices.models import Calibration, Invoice
from invoices.services import calibration, review
from invoices.services.confidences import recalibrate
from invoices.services.review import Changes, Pointed
from tests.admin.test_review_desk import flag
from tests.factories import make_document, make_invoice, make_mga

pytestmark = pytest.mark.django_db
DASHBOARD = "/admin/invoices/invoice/dashboard/"


def figures(client: Client, query: str = "") -> dict[str, Any]:
    page = client.get(f"{DASHBOARD}?{query}").content.decode()
    (told,) = re.findall(r'<script id="figures" type="application/json">(.*?)</script>', page)
    return json.loads(told)


def test_figures_follow_from_what_people_did(admin_client: Client, admin_user: Any) -> None:
    mga = make_mga()
    make_invoice(mga, status="processed", supplier_name="Straight Ltd")
    corrected = make_invoice(mga, status="scanned", supplier_name="Wrong Ltd", invoice_number="A-1")
    review.approve(corrected.pk, admin_user, 0, Changes({"invoice_number": Pointed("A-2")}), accept=True, seconds=30)
    fine = make_invoice(mga, status="scanned", supplier_name="Right Ltd", invoice_number="B-1")
    review.approve(fine.pk, admin_user, 0, accept=True, seconds=10)
    flag(make_invoice(mga, status="flagged", currency="EUR"), money_at_stake="12.50", rule="totals.lines")
    make_invoice(make_mga("other"), status="flagged", created_at=timezone.now() - timedelta(days=20))

    told = figures(admin_client, f"tenant={mga.pk}&days=7")
    assert len(told["days"]) == 7 and told["days"][-1] == timezone.now().date().isoformat()
    assert (told["straight"]["alone"], told["straight"]["read"]) == (1, 4)
    assert (told["reviews"]["count"], told["reviews"]["median"], told["reviews"]["medians"][-1]) == (2, 20, 20)
    accuracy = {row["field"]: (row["values"], row["corrected"], row["share"]) for row in told["accuracy"]}
    assert accuracy["invoice_number"] == (2, 1, 0.5) and accuracy["supplier_name"] == (2, 0, 1.0)
    assert told["accuracy"][0]["field"] == "invoice_number"
    assert told["suppliers"] == [{"supplier": "Wrong Ltd", "corrections": 1, "invoices": 1}]
    assert told["stakes"] == [["EUR", "12.50"]] and told["rules"] == [{"rule": "totals.lines", "invoices": 1}]
    flagged = {row["status"]: row["counts"] for row in figures(admin_client, "days=30")["statuses"]}["flagged"]
    assert (flagged[-1], flagged[-21]) == (1, 1)


def test_the_dashboard_needs_the_right_and_few_queries(client: Client, admin_client: Client) -> None:
    stranger = get_user_model().objects.create_user("sam", is_staff=True)
    client.force_login(stranger)
    assert client.get(DASHBOARD).status_code == 403
    counts = []
    for number in range(3):
        flag(make_invoice(make_mga(f"mga-{number}"), status="flagged"))
        with CaptureQueriesContext(connection) as queries:
            page = admin_client.get(DASHBOARD)
        counts.append(len(queries))
    assert counts[1] == counts[2] <= 22
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*json)|\son\w+=|\sstyle=", page.content.decode())


def make_approved(mga: Mga, count: int, told: float, right: float) -> None:
    """Invoices whose every value was read with a confidence, and was right in another share."""
    document = make_document(mga)
    chance = random.Random(7)
    names = ("invoice_number", "order_number", "venue", "customer_name")
    for number in range(count):
        values = {name: f"{name} {number}" for name in names}
        read = {name: value if chance.random() < right else "misread" for name, value in values.items()}
        Invoice.objects.create(
            mga=mga,
            document=document,
            part=document.invoices.count(),
            filename="x",
            confidence=told,
            approved_at=timezone.now(),
            reading={n: {"value": v, "confidence": told, "method": "ocr"} for n, v in read.items()},
            **values,
        )


def test_confidences_that_promise_too_much_are_recalibrated() -> None:
    mga = make_mga()
    make_approved(mga, 60, told=0.95, right=0.7)
    make_approved(mga, 30, told=0.6, right=0.4)
    known = calibration.fit(mga)
    assert known.in_use and known.values == 360 and known.loss_with < known.loss_without
    reading = {
        "venue": {"value": "a", "confidence": 0.95, "method": "ocr"},
        "currency": {"value": "EUR", "confidence": 1.0, "method": "e-invoice"},
    }
    mended = recalibrate(reading, mga.pk)
    assert 0.6 < mended["venue"]["confidence"] < 0.8 and mended["venue"]["read_confidence"] == 0.95
    assert mended["currency"] == reading["currency"]
    assert recalibrate(mended, mga.pk) == mended  # nothing is recalibrated twice
    assert recalibrate(reading, make_mga("other").pk) == reading
    high = next(point for point in known.curve if point["from"] == 0.95)
    assert high["told"] == 0.95 and abs(high["right"] - high["mended"]) < 0.1


def test_confidences_that_hold_or_are_too_few_stay_as_they_are() -> None:
    mga, small = make_mga(), make_mga("small")
    make_approved(mga, 100, told=0.9, right=0.9)
    make_approved(small, 10, told=0.95, right=0.2)
    calibration.fit_all()
    reading = {"venue": {"value": "a", "confidence": 0.9, "method": "ocr"}}
    assert abs(recalibrate(reading, mga.pk)["venue"]["confidence"] - 0.9) < 0.03
    assert recalibrate(reading, small.pk) == reading
    assert not Calibration.objects.get(mga=small).in_use


def test_a_calibration_is_shown_switched_off_and_measured_again(admin_client: Client) -> None:
    mga = make_mga()
    make_approved(mga, 90, told=0.95, right=0.7)
    calibration.fit(mga)
    url = reverse("admin:invoices_calibration_change", args=[mga.pk])
    page = admin_client.get(url).content.decode()
    assert "In use" in page and "data-curve" in page
    admin_client.post(url, {"is_off": "on"})
    reading = {"venue": {"value": "a", "confidence": 0.95, "method": "ocr"}}
    assert recalibrate(reading, mga.pk) == reading
    changelist = reverse("admin:invoices_calibration_changelist")
    admin_client.post(changelist, {"action": "fit_again", "_selected_action": [mga.pk]})
    assert Calibration.objects.get().is_off and Calibration.objects.get().values == 360
