"""Provet Cloud, against a practice that ignores filters it does not know."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pims.errors import PimsPermissionError, PimsProtocolError
from tests.pims.conftest import Connect, Practice
from tests.pims.stub import Fault
from tests.pims.stub.provet import ProvetMount, invoice, payment

GOLDEN = json.loads((Path(__file__).parent / "golden" / "provet.json").read_text())
NUMBER = "HV10000000005"
DAY = date(2025, 3, 4)


@pytest.fixture
def provet(connect: Connect, db: None) -> Practice:
    return connect(ProvetMount)


def only(found: Any, wanted: Any) -> Any:
    """What was found, of the keys that the golden result has."""
    if isinstance(wanted, dict):
        return {key: only(found[key], value) for key, value in wanted.items()}
    if isinstance(wanted, list):
        assert len(found) == len(wanted)
        return [only(a, b) for a, b in zip(found, wanted, strict=True)]
    return found


def test_an_invoice_becomes_the_canonical_record(provet: Practice) -> None:
    found = provet.find(NUMBER)
    assert only(found, GOLDEN) == GOLDEN
    assert len(provet.mount.calls) <= 8


def test_practice_and_customer_come_with_it(provet: Practice) -> None:
    found = provet.find(NUMBER)
    assert (
        found["practice"] | {"name": "Pretend Vets Oy", "address": "Clinic Road 2, 00200 Helsinki"} == found["practice"]
    )
    assert found["customer"] == {
        "id": "77",
        "name": "Maija Example",
        "email": "maija@example.test",
        "phone": "+358 40 555 0100",
        "address": "Fake Street 1, 00100 Helsinki, FI",
    }


def test_an_ignored_number_filter_is_noticed_and_the_day_searched_instead(provet: Practice) -> None:
    provet.mount.declared["invoice"].discard("invoice_number")
    assert only(provet.find(NUMBER, issue_date=DAY), GOLDEN) == GOLDEN
    assert provet.search(NUMBER) == ()
    assert provet.search("HV99999999999", issue_date=DAY) == ()


def test_ignored_filters_of_lines_and_payments_bring_in_nobody_elses(provet: Practice) -> None:
    provet.mount.declared["invoicerow"].clear()
    provet.mount.declared["invoicepayment"].clear()
    assert only(provet.find(NUMBER), GOLDEN) == GOLDEN


def test_lines_of_all_pages_are_read(provet: Practice) -> None:
    provet.mount.page_size = 1
    found = provet.find(NUMBER)
    assert [line["description"] for line in found["lineItems"]] == [line["description"] for line in GOLDEN["lineItems"]]


def test_pages_that_lead_in_a_circle_are_told(provet: Practice) -> None:
    provet.mount.next_link = f"{provet.mount.base_url}/invoicerow/?page=1"
    with pytest.raises(PimsProtocolError, match="circle"):
        provet.find(NUMBER)


def test_a_next_link_to_another_host_is_refused_and_gets_no_token(provet: Practice) -> None:
    provet.mount.next_link = provet.mount.base_url.replace("127.0.0.1", "localhost") + "/invoicerow/?page=2"
    with pytest.raises(PimsProtocolError, match="not followed"):
        provet.find(NUMBER)
    assert all("localhost" not in request.headers["host"] for request in provet.mount.requests)


def test_every_call_has_its_trailing_slash(provet: Practice) -> None:
    provet.find(NUMBER)
    assert all(request.path.endswith("/") for request in provet.mount.requests)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"status": 99}, "VOID"),
        ({"status": 0}, "DRAFT"),
        ({"credit_note": True}, "CREDIT_NOTE"),
        ({"due_sum": 0.0}, "PAID"),
        ({"due_sum": -5.0}, "PAID"),
        ({"due_sum": 62.08}, "OPEN"),
        ({"due_sum": 62.08, "invoice_due_date": "2025-03-09"}, "OVERDUE"),
        ({"due_sum": 22.08, "status": 4}, "PARTIALLY_PAID"),
    ],
)
def test_the_status_follows_from_flags_and_balance(provet: Practice, change: dict[str, Any], status: str) -> None:
    provet.mount.tables["invoice"][1] |= change
    assert provet.find(NUMBER)["status"] == status


def test_a_credit_note_names_what_it_corrects_whatever_its_sign(provet: Practice) -> None:
    provet.mount.tables["invoice"][1] |= {"credit_note": True, "credit_note_original_invoice": "invoice/4"}
    found = provet.find(NUMBER)
    assert (found["status"], found["total"], found["meta"]["originalInvoice"]) == ("CREDIT_NOTE", "62.08", "4")


def test_an_invoice_with_a_credit_note_says_so(provet: Practice) -> None:
    provet.mount.tables["invoice"][1] |= {"related_credit_note": ["invoice/9"]}
    assert "has_credit_note" in provet.find(NUMBER)["meta"]["warnings"]


def test_a_negative_invoice_stays_one(provet: Practice) -> None:
    provet.mount.tables["invoice"][1] |= {"total": -10.0, "total_vat": 0.0, "total_with_vat": -10.0, "due_sum": 0}
    found = provet.find(NUMBER)
    assert (found["total"], found["status"]) == ("-10.00", "PAID")


def test_a_fee_in_a_line_is_kept_not_recomputed(provet: Practice) -> None:
    provet.mount.tables["invoicerow"][0] |= {"quantity": 0.028, "price_with_vat": 55.0, "sum_total": 11.54}
    line = provet.find(NUMBER)["lineItems"][0]
    assert (line["quantity"], line["unitPrice"], line["totalPrice"]) == ("0.028", "55.00", "11.54")


def test_payments_of_an_unknown_shape_are_left_out_with_a_warning(provet: Practice) -> None:
    del provet.mount.tables["invoicepayment"][0]["sum"]
    found = provet.find(NUMBER)
    assert (found["payments"], found["balanceDue"]) == (None, "22.08")
    assert "payment_shape_unknown" in found["meta"]["warnings"]


@pytest.mark.parametrize(
    ("change", "status"), [({"cancelled": True}, "CANCELLED"), ({"sum": -40.0}, "REFUNDED"), ({}, "COMPLETED")]
)
def test_a_payments_status(provet: Practice, change: dict[str, Any], status: str) -> None:
    provet.mount.tables["invoicepayment"][0] |= payment(**change)
    assert provet.find(NUMBER)["payments"][0]["status"] == status


def test_a_department_tells_twins_apart(provet: Practice) -> None:
    provet.mount.tables["invoice"].append(invoice(id=7, department="department/2"))
    assert len(provet.search(NUMBER)) == 2
    provet.connection.options |= {"department_id": "1"}
    assert [candidate.source_id for candidate in provet.search(NUMBER)] == ["5"]


def test_the_prefix_need_not_be_printed(provet: Practice) -> None:
    provet.connection.options |= {"prints_prefix": False}
    assert [candidate.number for candidate in provet.search("Invoice 10000000005")] == ["10000000005"]


def test_without_a_payee_the_departments_name_is_taken(provet: Practice) -> None:
    provet.mount.tables["invoice"][1] |= {"receiver_name": ""}
    assert provet.find(NUMBER)["practice"]["name"] == "Pretend Vets Centre"


def test_credentials_may_go_in_the_body(provet: Practice) -> None:
    provet.connection.options |= {"credentials_in_body": True}
    assert provet.search(NUMBER)


def test_missing_permissions_are_named(provet: Practice) -> None:
    provet.mount.fault("client", Fault(403, body="{}"), always=True)
    assert "customer_unavailable" in provet.find(NUMBER)["meta"]["warnings"]
    trials = provet.ask(lambda connector: list(connector.check()))
    assert [trial.name for trial in trials if "General: Patients and clients" in trial.problem] == ["Read client"]
    provet.mount.fault("invoice", Fault(403, body="{}"), always=True)
    with pytest.raises(PimsPermissionError, match="Financial: Invoices"):
        provet.search(NUMBER)
