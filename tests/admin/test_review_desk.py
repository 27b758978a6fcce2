"""The review desk over HTTP: who may, what it answers, what it refuses."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from invoices import tasks
from invoices.admin import review as desk_views
from invoices.models import Correction, Document, Finding, Invoice, Job, Pairing
from invoices.services import queue, review
from tests.admin.desk import make_flagged_invoice
from tests.factories import make_delivery_note, make_invoice, make_mga

pytestmark = pytest.mark.django_db
FIXED = "tests.ocr.engines:FixedEngine"
QUEUE = "/admin/invoices/invoice/queue/"


def address(invoice: Invoice, action: str = "") -> str:
    base = reverse("admin:invoices_invoice_review", args=[invoice.pk])
    return f"{base}{action}/" if action else base


def post(client: Client, invoice: Invoice, action: str, **body: Any) -> Any:
    return client.post(
        address(invoice, action), json.dumps({"version": invoice.version} | body), content_type="application/json"
    )


def flag(invoice: Invoice, **values: Any) -> Invoice:
    Finding.objects.create(**{"invoice": invoice, "rule": "r", "severity": "warning", "message": "Look"} | values)
    invoice.open_findings = 1
    invoice.save()
    return invoice


@pytest.fixture
def flagged(tmp_path: Path) -> Invoice:
    return make_flagged_invoice(make_mga())


def test_a_viewer_may_not_review(client: Client, flagged: Invoice) -> None:
    viewer = get_user_model().objects.create_user("vera", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_invoice"))
    client.force_login(viewer)
    assert [client.get(url).status_code for url in (QUEUE, address(flagged), address(flagged, "state"))] == [403] * 3
    assert post(client, flagged, "approve", accept=True).status_code == 403
    flagged.refresh_from_db()
    assert flagged.approved_at is None


def test_the_state_says_what_to_look_at_and_why(admin_client: Client, flagged: Invoice) -> None:
    state = admin_client.get(address(flagged, "state")).json()
    fields = {field["name"]: field for field in state["fields"]}
    assert [name for name, field in fields.items() if field["doubtful"]] == ["invoice_number", "gross_total"]
    assert fields["gross_total"]["value"] == "108.00" and fields["gross_total"]["page"] == 1
    assert len(fields["gross_total"]["box"]) == 4 and fields["gross_total"]["evidence"]
    assert [line["values"]["quantity"] for line in state["lines"]] == ["1", "2"]
    assert len(state["findings"]) == 2


def test_the_state_takes_the_same_queries_for_more_lines(
    admin_client: Client, flagged: Invoice, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(14):
        admin_client.get(address(flagged, "state"))


def test_saving_stores_corrections_and_answers_the_new_state(admin_client: Client, flagged: Invoice) -> None:
    fields = {"invoice_number": {"text": "INV-2000", "page": 1, "box": [0.1, 0.1, 0.2, 0.2]}}
    answer = post(admin_client, flagged, "save", fields=fields, confirmed=["gross_total"], seconds=12).json()
    field = answer["state"]["fields"][[f["name"] for f in answer["state"]["fields"]].index("invoice_number")]
    assert (field["value"], field["byStaff"], field["doubtful"]) == ("INV-2000", True, False)
    assert answer["state"]["findings"] == []
    correction = Correction.objects.get()
    assert (correction.field, correction.after, correction.seconds) == ("invoice_number", "INV-2000", 12)


def test_lines_are_edited_as_a_table(admin_client: Client, flagged: Invoice) -> None:
    lines = admin_client.get(address(flagged, "state")).json()["lines"]
    lines[1]["values"] |= {"description": "Rabies vaccine", "net_amount": "48,00"}
    new = {"id": 0, "values": {"description": "Bandage", "net_amount": "5"}}
    assert post(admin_client, flagged, "save", lines=[*lines, new]).status_code == 200
    assert list(flagged.lines.values_list("description", flat=True)) == ["Consultation", "Rabies vaccine", "Bandage"]


def test_what_is_no_value_is_named_and_nothing_stored(admin_client: Client, flagged: Invoice) -> None:
    answer = post(admin_client, flagged, "save", fields={"gross_total": {"text": "a lot"}})
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "invalid" and "gross_total" in answer.json()["error"]["errors"]
    assert not Correction.objects.exists()


def test_preview_tells_what_the_checks_would_say(admin_client: Client, flagged: Invoice) -> None:
    answer = post(admin_client, flagged, "preview", fields={"gross_total": {"text": "200.00"}}).json()
    assert any("200.00" in check["message"] for check in answer["checks"])
    flagged.refresh_from_db()
    assert str(flagged.gross_total) == "108.00"


def test_an_old_version_and_a_held_invoice_are_refused(admin_client: Client, flagged: Invoice) -> None:
    other = get_user_model().objects.create_user("bob", is_staff=True)
    answer = post(admin_client, flagged, "save", version=flagged.version - 1)
    assert answer.json()["error"]["code"] == "conflict"
    review.claim(flagged, other)
    assert post(admin_client, flagged, "approve").json()["error"]["code"] == "held"
    assert "bob" in admin_client.get(address(flagged, "state")).json()["heldBy"]
    assert post(admin_client, flagged, "claim", takeOver=True).json()["ok"]


def test_what_still_fails_blocks_until_it_is_accepted(admin_client: Client, flagged: Invoice) -> None:
    Invoice.objects.filter(pk=flagged.pk).update(invoice_number="")
    answer = post(admin_client, flagged, "approve").json()
    assert answer["error"]["code"] == "blocked" and "invoiceNumber" in answer["error"]["messages"][0]
    assert post(admin_client, flagged, "approve", accept=True).json()["ok"]
    flagged.refresh_from_db()
    assert flagged.approved_at is not None


def test_rejecting_needs_a_reason_and_postponing_leaves_the_queue(admin_client: Client, flagged: Invoice) -> None:
    assert post(admin_client, flagged, "reject", reason=" ").json()["error"]["code"] == "invalid"
    assert post(admin_client, flagged, "postpone", **{"for": "hour"}).json()["ok"]
    assert "Postponed <b>1</b>" in admin_client.get(QUEUE).content.decode()
    flagged.refresh_from_db()
    assert flagged.postponed_until is not None and flagged.postponed_until > timezone.now() + timedelta(minutes=59)


@pytest.mark.parametrize(
    "body", [b"no json", b"[]", b'{"version": "x"}', b'{"fields": [1]}', b'{"fields": {"a": 1}}', b'{"lines": [{}]}'],
    ids=str,
)  # fmt: skip
def test_what_no_page_sends_is_refused(admin_client: Client, flagged: Invoice, body: bytes) -> None:
    answer = admin_client.post(address(flagged, "save"), body, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "invalid")


def test_words_and_regions_are_read_off_the_page(admin_client: Client, flagged: Invoice) -> None:
    words = admin_client.get(address(flagged, "words/1")).json()["words"]
    (number,) = [word for word in words if word[0] == "INV-1042"]
    box = [number[1] - 0.01, number[2] - 0.004, number[3] + 0.01, number[4] + 0.004]
    answer = admin_client.post(address(flagged, "region"), json.dumps({"page": 1, "box": box}), "application/json")
    assert answer.json() == {"text": "INV-1042"}
    for wrong in ({"page": 9, "box": box}, {"page": 1, "box": [1]}, {"page": 1}, {"page": 1, "box": [0, 0, 1, "x"]}):
        answer = admin_client.post(address(flagged, "region"), json.dumps(wrong), "application/json")
        assert answer.status_code == 404


def test_a_region_without_words_is_recognised_anew(admin_client: Client, flagged: Invoice) -> None:
    words = admin_client.get(address(flagged, "words/1")).json()["words"]
    (number,) = [word for word in words if word[0] == "INV-1042"]
    flagged.document.pages.update(words=[])
    answer = admin_client.post(
        address(flagged, "region"), json.dumps({"page": 1, "box": number[1:]}), "application/json"
    )
    assert answer.json() == {"text": "INV-1042"}


def test_the_queue_is_narrowed_and_sorted(admin_client: Client) -> None:
    mga, other = make_mga(), make_mga("other")
    flag(make_invoice(mga, invoice_number="OLD-1"), money_at_stake="1.00")
    flag(make_invoice(mga, invoice_number="BIG-2"), money_at_stake="900.00", rule="totals.lines")
    flag(make_invoice(other, invoice_number="ELSE-3"))
    make_invoice(mga, invoice_number="FINE-4")

    def shown(query: str) -> list[str]:
        page = admin_client.get(f"{QUEUE}?{query}").content.decode()
        found = {number: page.find(number) for number in ("OLD-1", "BIG-2", "ELSE-3", "FINE-4")}
        return sorted((n for n, at in found.items() if at >= 0), key=lambda n: found[n])

    assert set(shown("")) == {"OLD-1", "BIG-2", "ELSE-3"}
    assert shown(f"tenant={mga.pk}&sort=stake") == ["BIG-2", "OLD-1"]
    assert shown("rule=totals.lines") == ["BIG-2"]
    assert shown("q=else") == ["ELSE-3"]


def test_the_queue_shows_views_filters_and_what_is_at_stake(admin_client: Client, admin_user: Any) -> None:
    mga = make_mga()
    late = timezone.now().date() - timedelta(days=3)
    flag(
        make_invoice(mga, invoice_number="MINE-1", confidence=0.8, due_date=late, currency="EUR"), money_at_stake="5.00"
    )
    flag(make_invoice(mga, invoice_number="HELD-2", venue="The Mill", confidence=0.5), severity="error")
    flag(make_invoice(mga, invoice_number="LATER-3", postponed_until=timezone.now() + timedelta(hours=1)))
    review.claim(Invoice.objects.get(invoice_number="MINE-1"), admin_user)
    review.claim(Invoice.objects.get(invoice_number="HELD-2"), get_user_model().objects.create_user("bob"))

    def shown(query: str) -> set[str]:
        page = admin_client.get(f"{QUEUE}?{query}").content.decode()
        return {number for number in ("MINE-1", "HELD-2", "LATER-3") if f">{number}</a>" in page}

    assert shown("") == {"MINE-1", "HELD-2"}
    for query in ("view=mine", "view=overdue", "confidence=middle", "severity=warning"):
        assert shown(query) == {"MINE-1"}, query
    assert shown("view=postponed") == {"LATER-3"}
    assert shown("venue=The+Mill") == shown("severity=error") == shown("confidence=low") == {"HELD-2"}
    page = admin_client.get(QUEUE).content.decode()
    assert "<b>5.00</b> EUR" in page and "1 held by others" in page and "overdue" in page
    later = Invoice.objects.get(invoice_number="LATER-3")
    admin_client.post(f"{QUEUE}?view=postponed", {"invoice": [later.pk], "back": "1"})
    assert shown("") == {"MINE-1", "HELD-2", "LATER-3"}


def test_the_next_invoice_is_the_next_of_the_narrowed_and_sorted_queue(admin_client: Client) -> None:
    mga = make_mga()
    small = flag(make_invoice(mga, invoice_number="SMALL"), money_at_stake="1.00")
    flag(make_invoice(mga, invoice_number="ELSE", supplier_name="Other"), money_at_stake="5.00")
    big = flag(make_invoice(mga, invoice_number="BIG"), money_at_stake="9.00")
    query = f"?supplier={small.supplier_name.replace(' ', '+')}&sort=stake"
    assert admin_client.get(f"{QUEUE}next/{query}")["Location"].startswith(address(big))
    state = admin_client.get(f"{address(big, 'state')}{query}").json()
    assert (state["next"], state["query"]) == (address(small), query)
    assert admin_client.get(f"{address(small, 'state')}{query}").json()["next"] == address(big)


def test_a_person_pairs_and_unpairs_delivery_notes(admin_client: Client, flagged: Invoice) -> None:
    note = make_delivery_note(flagged.mga, number="DN-7", supplier_name=flagged.supplier_name, delivery_date=None)
    (candidate,) = admin_client.get(address(flagged, "state")).json()["candidates"]
    assert candidate["note"] == note.pk and "DN-7" in candidate["label"]
    state = post(admin_client, flagged, "pair", note=note.pk, status="confirmed").json()["state"]
    (delivery,) = state["deliveries"]
    assert (delivery["status"], delivery["byStaff"], state["candidates"]) == ("confirmed", True, [])
    other = make_invoice(flagged.mga)
    answer = post(admin_client, other, "pair", note=note.pk, status="confirmed").json()
    assert "belongs to" in answer["error"]["message"]
    flagged.refresh_from_db()
    state = post(admin_client, flagged, "pair", note=note.pk, status="rejected").json()["state"]
    assert state["deliveries"] == [] and Pairing.objects.get().decided_by is not None
    theirs = make_delivery_note(make_mga("other"))
    flagged.refresh_from_db()
    assert (
        "no such" in post(admin_client, flagged, "pair", note=theirs.pk, status="confirmed").json()["error"]["message"]
    )


def test_a_document_is_read_again_with_another_engine(
    admin_client: Client, flagged: Invoice, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(queue, "nudge_rereading", tasks.run_rereading)
    document = flagged.document
    Document.objects.update(state=Document.State.READ)
    Job.objects.create(mga=flagged.mga, not_before=timezone.now() + timedelta(hours=1))  # does not keep it waiting
    assert post(admin_client, flagged, "reread", engine="magic").json()["error"]["code"] == "refused"
    with django_capture_on_commit_callbacks(execute=True):
        assert post(admin_client, flagged, "reread", engine=FIXED).json()["error"]["code"] == "refused"
        monkeypatch.setitem(desk_views.ENGINES, FIXED, "a fixed one")
        assert post(admin_client, flagged, "reread", engine=FIXED).json()["ok"]
    document.refresh_from_db()
    assert (document.engine, document.reread_since) == (FIXED, None)
    assert {page.method for page in document.pages.all()} == {"ocr"}  # though the file has a text layer
    assert not admin_client.get(address(flagged, "state")).json()["rereading"]


def test_the_history_tells_who_did_what(admin_client: Client, flagged: Invoice) -> None:
    post(admin_client, flagged, "save", fields={"invoice_number": {"text": "INV-9"}})
    told = admin_client.get(address(flagged, "history")).json()["history"]
    assert ("Invoice number: INV-1042 → INV-9", "admin") in [(row["what"], row["who"]) for row in told]
    assert "Corrected or confirmed" in [row["what"] for row in told]


def test_a_decision_is_taken_back(admin_client: Client, flagged: Invoice) -> None:
    version = post(admin_client, flagged, "approve", accept=True).json()["version"]
    flagged.version = version
    assert post(admin_client, flagged, "reopen").json()["state"]["decided"] is False
    flagged.refresh_from_db()
    version = post(admin_client, flagged, "postpone", **{"for": "day"}).json()["version"]
    flagged.version = version
    assert post(admin_client, flagged, "back").json()["ok"]
    flagged.refresh_from_db()
    assert flagged.postponed_until is None and flagged.approved_at is None


def test_the_queue_takes_the_same_queries_for_more_rows(admin_client: Client) -> None:
    mga = make_mga()
    counts = []
    for number in range(3):
        flag(make_invoice(mga, invoice_number=f"N-{number}"))
        with CaptureQueriesContext(connection) as queries:
            admin_client.get(QUEUE)
        counts.append(len(queries))
    assert counts[1] == counts[2] <= 16


def test_many_are_approved_at_once_but_not_those_with_errors(admin_client: Client, flagged: Invoice) -> None:
    bad = make_flagged_invoice(flagged.mga)
    Invoice.objects.filter(pk=bad.pk).update(invoice_number="")
    page = admin_client.post(QUEUE, {"invoice": [flagged.pk, bad.pk], "approve": "1"}, follow=True).content.decode()
    assert "1 approved." in page and "invoiceNumber was not found" in page
    assert set(Invoice.objects.filter(approved_at__isnull=False)) == {flagged}


def test_invoices_are_handed_on(admin_client: Client, flagged: Invoice) -> None:
    bob = get_user_model().objects.create_superuser("bob")
    admin_client.post(QUEUE, {"invoice": [flagged.pk], "assign": "1", "to": bob.pk})
    flagged.refresh_from_db()
    assert flagged.claimed_by == bob
    assert "bob is at it" in admin_client.get(QUEUE).content.decode()


def test_next_opens_what_waits_longest_and_nobody_holds(admin_client: Client, flagged: Invoice) -> None:
    second = make_flagged_invoice(flagged.mga)
    assert admin_client.get(f"{QUEUE}next/")["Location"] == address(flagged)
    review.claim(flagged, get_user_model().objects.create_user("bob", is_staff=True))
    assert admin_client.get(f"{QUEUE}next/")["Location"] == address(second)
    Invoice.objects.update(approved_at=timezone.now())
    assert admin_client.get(f"{QUEUE}next/")["Location"] == QUEUE


def test_pages_hold_no_inline_script_or_style(admin_client: Client, flagged: Invoice) -> None:
    for url in (QUEUE, address(flagged)):
        answer = admin_client.get(url)
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*json)|\son\w+=|\sstyle=", answer.content.decode()), url
        assert "'unsafe" not in answer["Content-Security-Policy"]
