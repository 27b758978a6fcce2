"""A system that a profile describes: what comes out of its answers, and what keeps a wrong profile from being used."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from pims.connectors.base import Hints
from pims.errors import PimsConfigError, PimsProtocolError
from pims.models import Connection
from pims.profiles import EXAMPLE, EXAMPLE_SAMPLE, load_profile
from tests.factories import make_mga
from tests.pims.conftest import Connect, Practice
from tests.pims.stub.rest import RestMount, invoice


@pytest.fixture
def clinic(connect: Connect, db: None) -> Practice:
    return connect(RestMount)


def with_profile(practice: Practice, **changes: Any) -> Practice:
    practice.connection.options |= {"profile": {**EXAMPLE, **changes}}
    return practice


def test_an_invoice_becomes_the_canonical_record(clinic: Practice) -> None:
    found = clinic.find("V-2041")
    values = ("invoiceNumber", "invoiceDate", "dueDate", "currency", "total", "balanceDue", "status")
    assert [found[name] for name in values] == [
        "V-2041",
        "2026-03-04",
        "2026-03-18",
        "EUR",
        "120.50",
        "20.50",
        "PARTIALLY_PAID",
    ]
    assert (found["customer"]["id"], found["customer"]["name"]) == ("501", "Ida Sample")
    assert [(line["description"], line["quantity"], line["totalPrice"]) for line in found["lineItems"]] == [
        ("Consultation", "1", "60.50"),
        ("Vaccination", "2", "60.00"),
    ]
    assert [(p["date"], p["amount"], p["method"]) for p in found["payments"]] == [("2026-03-04", "100.00", "card")]
    assert clinic.mount.calls == ["invoices", "invoices/{id}/lines"]


def test_an_ignored_filter_never_brings_in_another_invoice(clinic: Practice) -> None:
    clinic.mount.ignores_filters = True
    assert [candidate.number for candidate in clinic.search("V-2041")] == ["V-2041"]
    assert clinic.search("V-9999") == ()


def test_words_of_the_system_become_ours(clinic: Practice) -> None:
    clinic.mount.invoices[1]["state"] = "void"
    assert clinic.find("V-2041")["status"] == "VOID"


def test_all_pages_are_read_by_link(clinic: Practice) -> None:
    clinic.mount.page_size = 1
    step = {"path": "invoices/{id}/lines", "select": "data", "paginate": {"kind": "next", "link": "next"}}
    assert len(with_profile(clinic, lines=step).find("V-2041")["lineItems"]) == 2


def test_all_pages_are_read_by_number(clinic: Practice) -> None:
    clinic.mount.page_size = 1
    step = {"path": "invoices/{id}/lines", "select": "data", "paginate": {"kind": "page", "size": 1}}
    assert len(with_profile(clinic, lines=step).find("V-2041")["lineItems"]) == 2


def test_a_link_to_another_host_is_refused(clinic: Practice) -> None:
    step = {
        "path": "invoices/{id}/lines",
        "select": "data",
        "paginate": {"kind": "next", "link": "'http://evil.test/'"},
    }
    with pytest.raises(PimsProtocolError, match="not followed"):
        with_profile(clinic, lines=step).find("V-2041")


def test_a_token_may_be_fetched(clinic: Practice) -> None:
    clinic.connection.secrets = json.dumps({"client_id": "c", "client_secret": "s"})
    url = f"{clinic.mount.base_url}/token"
    assert with_profile(clinic, auth={"kind": "oauth2", "token_url": url}).find("V-2041")["total"] == "120.50"
    assert clinic.mount.token_calls == 1


def test_a_value_of_another_kind_is_told_with_its_path(clinic: Practice) -> None:
    clinic.mount.invoices[1]["total_cents"] = "a lot"
    with pytest.raises(PimsProtocolError, match=r"total.*total_cents"):
        clinic.find("V-2041")
    clinic.mount.invoices[1] = invoice(total_cents=None)
    with pytest.raises(PimsProtocolError, match="total: is missing"):
        clinic.find("V-2041")


def test_the_customers_invoices_of_a_day_can_be_asked_for(clinic: Practice) -> None:
    step = {"path": "invoices", "query": {"day": "{date}"}, "select": "data"}
    with_profile(clinic, alike=step)
    hints = Hints(total=Decimal("120.50"), issue_date=date(2026, 3, 4))
    found = clinic.ask(lambda connector: connector.search_alike(hints, {"501"})).candidates
    assert [(candidate.number, candidate.customer_id) for candidate in found] == [("V-2041", "501")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": 2}, "version"),
        ({"verify": ""}, "verify"),
        ({"fields": {"invoiceNumber": "number"}}, "must have invoiceDate"),
        ({"fields": {**EXAMPLE["fields"], "grandTotal": "x"}}, "grandTotal"),
        ({"line": {"description": "text"}}, "totalPrice"),
        ({"verify": "number["}, "JMESPath"),
        ({"find": {"path": "invoices/{id}"}}, r"\{id\}"),
        ({"find": {"path": "invoices/{number.__class__}"}}, "number.__class__"),
        ({"find": {"path": "invoices/{"}}, r"\{"),
        ({"surprise": 1}, "surprise"),
        ({"auth": {"kind": "magic"}}, "magic"),
    ],
)
def test_a_profile_that_is_not_right_is_refused_and_says_why(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(PimsConfigError, match=reason):
        load_profile({**EXAMPLE, **change})


@given(st.one_of(st.none(), st.integers(), st.text(max_size=8), st.lists(st.text(max_size=3), max_size=3)))
def test_whatever_a_profile_is_it_is_loaded_or_refused(value: Any) -> None:
    for name in ("fields", "find", "line", "verify"):
        try:
            load_profile({**EXAMPLE, name: value})
        except PimsConfigError:
            continue


# --- The admin --------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(db: None) -> str:
    connection = Connection.objects.create(mga=make_mga(), name="clinic", kind="rest_profile", currency="EUR")
    return reverse("admin:pims_connection_profile", args=[connection.pk])


def post(client: Client, page: str, profile: Any = EXAMPLE, sample: Any = EXAMPLE_SAMPLE, button: str = "save") -> str:
    values = {"profile": json.dumps(profile), "sample": json.dumps(sample), button: "1"}
    return client.post(page, values, follow=True).content.decode()


def test_a_profile_is_tried_on_a_sample_and_then_saved(admin_client: Client, page: str) -> None:
    assert "&quot;verify&quot;" in admin_client.get(page).content.decode()
    told = post(admin_client, page, button="try")
    assert "An invoice comes out: V-2041 of 2026-03-04, 120.50 EUR, 2 lines" in told
    assert "<code>invoice.total_cents</code></td><td>120.50</td>" in told
    assert Connection.objects.get().options == {}
    assert "The profile is saved" in post(admin_client, page)
    assert Connection.objects.get().options["profile"]["version"] == 1


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        ({"find": {"data": []}}, "No record stands there"),
        ({"find": {"data": [{"number": "V-1"}]}}, "Nothing stands there, and it is needed"),
        ({"find": EXAMPLE_SAMPLE["find"]}, "No line stands there"),
        ([1, 2], "No record stands there"),
    ],
)
def test_a_profile_from_which_no_invoice_comes_is_not_saved(
    admin_client: Client, page: str, sample: Any, reason: str
) -> None:
    assert reason in post(admin_client, page, sample=sample)
    assert Connection.objects.get().options == {}


def test_a_profile_that_is_no_profile_is_told_in_the_form(admin_client: Client, page: str) -> None:
    assert "JMESPath" in post(admin_client, page, profile={**EXAMPLE, "verify": "["})
    assert "Enter a valid JSON" in admin_client.post(page, {"profile": "{", "sample": "{}"}).content.decode()


def test_saving_the_other_settings_keeps_the_profile(admin_client: Client, page: str) -> None:
    post(admin_client, page)
    connection = Connection.objects.get()
    values = {"mga": "acme", "name": "clinic", "kind": "rest_profile", "time_zone": "UTC", "currency": "EUR"}
    formset = {"customer_links-TOTAL_FORMS": "0", "customer_links-INITIAL_FORMS": "0"}
    settings = {"option_base_url": "https://api.example.com", "secret_token": "hush"}
    admin_client.post(reverse("admin:pims_connection_change", args=[connection.pk]), values | formset | settings)
    connection.refresh_from_db()
    assert connection.options["profile"]["version"] == 1
    assert connection.options["base_url"] == "https://api.example.com"


def test_other_kinds_have_no_profile_and_none_is_needed(admin_client: Client, db: None) -> None:
    connection = Connection.objects.create(mga=make_mga(), name="x", kind="vetspire")
    assert admin_client.get(reverse("admin:pims_connection_profile", args=[connection.pk])).status_code == 404
    bare = Connection.objects.create(
        mga_id="acme", name="y", kind="rest_profile", options={"base_url": "https://a.test"}
    )
    told = admin_client.post(reverse("admin:pims_connection_test", args=[bare.pk]), follow=True).content.decode()
    assert "no profile yet" in told
