"""Contract 2 through its real addresses."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from invoices.models import DeliveryNote, Document, Invoice, InvoiceLine, Pairing
from tests.documents import make_pdf
from tests.factories import make_client, make_delivery_note, make_document, make_invoice, make_mga, pair
from tests.invoices.api.conftest import Reader

pytestmark = pytest.mark.django_db

EXAMPLE = {
    "id": "inv_001",
    "filename": "invoice_001.pdf",
    "supplier": "ACME Corp",
    "date": "2024-01-15",
    "total_value": 150.50,
    "status": "scanned",
    "confidence": 0.95,
    "venue": "Royal Oak Hotel",
    "issues_count": 2,
    "paired": False,
    "delivery_note_ids": ["dn_001", "dn_002"],
    "source_filename": "multi_invoice_batch.pdf",
}
EXAMPLE_DETAIL = EXAMPLE | {
    "line_items": [
        {"sku": "ITEM001", "desc": "Widget A", "qty": 2, "unit_price": 25.00, "total": 50.00, "uom": "each"}
    ],
    "delivery_notes": [
        {"id": "dn_001", "number": "DN-001", "date": "2024-01-14"},
        {"id": "dn_002", "number": "DN-002", "date": "2024-01-14"},
    ],
}


def make_example(client_mga: Any) -> Invoice:
    """The rows behind the contract's example bodies."""
    batch = make_document(client_mga, filename="multi_invoice_batch.pdf")
    invoice = make_invoice(client_mga, id="inv_001", document=batch, filename="invoice_001.pdf", open_findings=2)
    InvoiceLine.objects.create(
        invoice=invoice,
        position=1,
        sku="ITEM001",
        description="Widget A",
        quantity=Decimal(2),
        unit_price=Decimal(25),
        net_amount=Decimal(50),
        unit="each",
    )
    for number in ("001", "002"):
        pair(invoice, make_delivery_note(client_mga, id=f"dn_{number}", number=f"DN-{number}"))
    return invoice


def without_additions(body: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name in example}


def test_the_contracts_list_comes_out_key_for_key() -> None:
    mga = make_mga()
    make_example(mga)
    answer = make_client(mga).get("/api/invoices")
    body = answer.json()
    assert {name: body[name] for name in ("count", "total", "limit", "offset")} == {
        "count": 1,
        "total": 1,
        "limit": 50,
        "offset": 0,
    }
    assert without_additions(body["invoices"][0], EXAMPLE) == EXAMPLE
    assert b'"total_value":150.50,' in answer.content


def test_the_contracts_detail_comes_out_key_for_key() -> None:
    mga = make_mga()
    make_example(mga)
    body = make_client(mga).get("/api/invoices/inv_001/").json()
    assert without_additions(body, EXAMPLE_DETAIL) == EXAMPLE_DETAIL


def test_an_invoice_is_the_same_in_the_list_and_alone() -> None:
    mga = make_mga()
    example = make_example(mga)
    pair(example, make_delivery_note(mga, id="dn_003"), Pairing.Status.CONFIRMED)
    make_invoice(mga, supplier_name="", issue_date=None, gross_total=None, venue="", confidence=0.123456)
    make_invoice(mga, gross_total=Decimal("-12.30"))
    client = make_client(mga)
    for row in client.get("/api/invoices").json()["invoices"]:
        alone = client.get(f"/api/invoices/{row['id']}").json()
        assert {name: alone[name] for name in alone if name not in ("line_items", "delivery_notes")} == row


def test_an_unknown_value_keeps_its_type_and_is_named() -> None:
    mga = make_mga()
    make_invoice(mga, supplier_name="", issue_date=None, gross_total=None, venue="")
    body = make_client(mga).get("/api/invoices").json()["invoices"][0]
    assert (body["supplier"], body["date"], body["total_value"], body["venue"]) == ("", "", 0, "")
    assert body["missing_fields"] == ["supplier", "date", "total_value", "venue"]
    assert "source_filename" not in body


@pytest.mark.parametrize(
    ("status", "paired", "shown"),
    [("suggested", False, True), ("confirmed", True, True), ("rejected", False, False)],
)
def test_a_rejected_note_is_not_shown_and_only_a_confirmed_one_pairs(status: str, paired: bool, shown: bool) -> None:
    mga = make_mga()
    note = make_delivery_note(mga)
    pair(make_invoice(mga), note, status)
    body = make_client(mga).get("/api/invoices").json()["invoices"][0]
    assert body["paired"] is paired
    assert body["delivery_note_ids"] == ([note.pk] if shown else [])
    assert body["pairing_status"] == (status if shown else "none")


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        (
            "status=SCANNED",
            "Invalid status parameter. Must be one of: pending, scanned, processed, matched, flagged, error",
        ),
        ("limit=0", "Invalid limit parameter. Must be a positive integer"),
        ("limit=-1", "Invalid limit parameter. Must be a positive integer"),
        ("limit=ten", "Invalid limit parameter. Must be a positive integer"),
        ("limit=1.5", "Invalid limit parameter. Must be a positive integer"),
        ("offset=-1", "Invalid offset parameter. Must be a non-negative integer"),
        ("offset=x", "Invalid offset parameter. Must be a non-negative integer"),
        ("date_from=yesterday", "Invalid date_from parameter. Enter a valid date."),
        ("status=flagged&status=error", "Invalid status parameter. Must be given once"),
        ("search=%00", "Invalid search parameter. Control characters are not allowed"),
    ],
)
def test_a_wrong_parameter_is_refused_with_its_sentence(query: str, detail: str) -> None:
    answer = make_client(make_mga()).get(f"/api/invoices?{query}")
    assert (answer.status_code, answer.json()) == (400, {"detail": detail})


def test_a_wrong_sort_is_refused_and_the_keys_are_named() -> None:
    answer = make_client(make_mga()).get("/api/invoices?sort=price")
    assert answer.status_code == 400
    assert "date, supplier, total_value, status, confidence, venue, filename" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "limit", "offset"),
    [
        ("", 50, 0),
        ("limit=50&limit=50&limit=", 50, 0),
        ("limit=&offset=&status=&sort=&unknown=1", 50, 0),
        ("limit=5000", 200, 0),
        ("offset=9" + "9" * 25, 50, None),
    ],
)
def test_blank_unknown_and_large_parameters_are_taken(query: str, limit: int, offset: int | None) -> None:
    answer = make_client(make_mga()).get(f"/api/invoices?{query}")
    assert answer.status_code == 200
    assert answer.json()["limit"] == limit
    assert offset is None or answer.json()["offset"] == offset


def test_past_the_end_is_an_empty_page_with_the_total() -> None:
    mga = make_mga()
    make_invoice(mga)
    body = make_client(mga).get("/api/invoices?offset=7").json()
    assert (body["invoices"], body["count"], body["total"]) == ([], 0, 1)


def test_pages_follow_each_other_without_gap_or_repetition() -> None:
    mga = make_mga()
    ids = {make_invoice(mga, gross_total=Decimal(5)).pk for _ in range(7)}
    client = make_client(mga)
    pages = [client.get(f"/api/invoices?sort=total_value&limit=3&offset={o}").json()["invoices"] for o in (0, 3, 6)]
    found = [invoice["id"] for page in pages for invoice in page]
    assert len(found) == 7 and set(found) == ids


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("date", ["c", "b", "a"]),
        ("-date", ["a", "b", "c"]),
        ("total_value", ["c", "a", "b"]),
        ("-total_value", ["b", "a", "c"]),
        ("supplier", ["b", "a", "c"]),
        ("-issues_count", ["c", "b", "a"]),
        ("-created_at", ["c", "b", "a"]),
    ],
)
def test_the_list_is_sorted_and_what_is_unknown_comes_first(sort: str, order: list[str]) -> None:
    mga = make_mga()
    make_invoice(mga, venue="a", issue_date=date(2024, 3, 1), gross_total=Decimal(2), supplier_name="M")
    make_invoice(
        mga, venue="b", issue_date=date(2024, 2, 1), gross_total=Decimal(9), supplier_name="A", open_findings=1
    )
    make_invoice(mga, venue="c", issue_date=None, gross_total=None, supplier_name="Z", open_findings=2)
    found = make_client(mga).get(f"/api/invoices?sort={sort}").json()["invoices"]
    assert [invoice["venue"] for invoice in found] == order


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=flagged", {"two"}),
        ("supplier=beta", {"two"}),
        ("venue=royal", {"one"}),
        ("date_from=2024-02-01", {"two"}),
        ("date_to=2024-01-31", {"one"}),
        ("paired=true", {"one"}),
        ("paired=false", {"two"}),
        ("min_confidence=0.9", {"one"}),
        ("search=b77", {"two"}),
        ("search=acme", {"one"}),
        ("status=error", set()),
    ],
)
def test_the_list_is_narrowed(query: str, expected: set[str]) -> None:
    mga = make_mga()
    one = make_invoice(mga, filename="one")
    pair(one, make_delivery_note(mga), Pairing.Status.CONFIRMED)
    make_invoice(
        mga,
        filename="two",
        supplier_name="Beta Ltd",
        venue="Mill",
        issue_date=date(2024, 2, 2),
        confidence=0.5,
        status=Invoice.Status.FLAGGED,
        invoice_number="B-77",
        number_key="B77",
    )
    found = make_client(mga).get(f"/api/invoices?{query}").json()["invoices"]
    assert {invoice["filename"] for invoice in found} == expected


def test_another_tenants_invoice_is_the_same_404_as_none_at_all() -> None:
    theirs = make_invoice(make_mga("theirs"))
    client = make_client(make_mga("mine"))
    assert client.get("/api/invoices").json()["total"] == 0
    for identifier in (theirs.pk, "inv_" + "0" * 32, "x", "inv_%00"):
        answer = client.get(f"/api/invoices/{identifier}")
        assert (answer.status_code, answer.json()) == (404, {"detail": "Invoice not found"})


def test_without_a_token_the_answer_is_401_and_without_the_permission_403() -> None:
    mga = make_mga()
    answer = Client().get("/api/invoices")
    assert (answer.status_code, list(answer.json())) == (401, ["detail"])
    assert answer["WWW-Authenticate"].startswith("Bearer")
    refused = make_client(mga, ["invoice:process"]).get("/api/invoices")
    assert (refused.status_code, list(refused.json())) == (403, ["detail"])


def test_staff_read_with_their_session_and_others_do_not() -> None:
    make_invoice(make_mga())
    users = get_user_model().objects
    client = Client()
    client.force_login(users.create_superuser("lead", password="x"))
    assert client.get("/api/invoices").json()["total"] == 1
    client.force_login(users.create_user("visitor", password="x"))
    assert client.get("/api/invoices").status_code == 403


def test_the_list_takes_the_same_queries_however_long_it_is(
    django_assert_num_queries: DjangoAssertNumQueries, settings: Settings
) -> None:
    settings.ADDRESS_REQUESTS_PER_MINUTE = 0  # requests are counted in blocks: the first one would cost one more
    settings.TENANT_LIMITS = dict.fromkeys(settings.TENANT_LIMITS, 0)
    mga = make_mga()
    for _ in range(20):
        pair(make_invoice(mga), make_delivery_note(mga))
    client = make_client(mga)
    with django_assert_num_queries(2):  # key with token and tenant, page with total
        assert client.get("/api/invoices").json()["count"] == 20


def test_an_upload_is_accepted_and_shows_in_the_list(reader: Reader, django_capture_on_commit_callbacks: Any) -> None:
    client = make_client(make_mga())
    upload = SimpleUploadedFile("march.pdf", make_pdf(), "application/pdf")
    answer = client.post("/api/invoices", {"file": upload, "venue": "Royal Oak"})
    assert answer.status_code == 202
    assert answer.json() | {"filename": "march.pdf", "status": "accepted", "duplicate": False} == answer.json()
    assert Document.objects.get(pk=answer.json()["id"]).venue_hint == "Royal Oak"
    listed = client.get("/api/invoices").json()["invoices"]
    assert [(invoice["status"], invoice["venue"]) for invoice in listed] == [("pending", "Royal Oak")]


@pytest.mark.parametrize(
    "parts", [{}, {"file": ["a", "b"]}, {"other": ["a"]}], ids=["no file", "two files", "another name"]
)
def test_an_upload_without_exactly_one_file_is_refused(reader: Reader, parts: dict[str, list[str]]) -> None:
    files = {part: [SimpleUploadedFile(f"{n}.pdf", make_pdf()) for n in names] for part, names in parts.items()}
    answer = make_client(make_mga()).post("/api/invoices", files)
    assert answer.status_code == 400
    assert "exactly one file" in answer.json()["detail"]
    assert not Document.objects.exists() and not DeliveryNote.objects.exists()
