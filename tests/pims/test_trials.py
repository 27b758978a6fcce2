"""Setting a connection up, testing it, and looking at what the system answers."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from pims.access import read_secrets
from pims.models import Connection
from pims.trials import shape_of
from tests.factories import make_mga
from tests.pims.conftest import SITES, Connect, Practice
from tests.pims.stub import Fault
from tests.pims.stub.ezyvet import EzyvetMount
from tests.pims.stub.provet import ProvetMount
from tests.pims.stub.vetspire import VetspireMount

pytestmark = pytest.mark.django_db
NUMBERS = {EzyvetMount: "112345", ProvetMount: "HV10000000005", VetspireMount: "884213"}


def probe(*options: str) -> str:
    out = io.StringIO()
    call_command("pims_probe", *options, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("kind", NUMBERS, ids=lambda kind: kind.vendor)
def test_a_probe_tells_what_works_and_shows_no_value(kind: type, connect: Connect) -> None:
    practice = connect(kind)
    told = probe(str(practice.connection.pk), "--number", NUMBERS[kind], "--shapes")
    assert "FAILED" not in told and f"ok      Find {NUMBERS[kind]}" in told
    shapes = told[told.index("calls.") :]
    assert '"text"' in shapes and '"number"' in shapes
    assert NUMBERS[kind] not in shapes and "secret" not in told
    for value in SITES[kind.vendor]["secrets"].values():  # type: ignore[attr-defined]
        assert f'"{value}"' not in shapes


def test_a_probe_names_the_missing_permission(ezyvet: Practice) -> None:
    ezyvet.mount.fault("payment", Fault(403, body="{}"), always=True)
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("pims_probe", str(ezyvet.connection.pk), stdout=out)
    assert "FAILED  Read payment: The practice system refuses" in out.getvalue()


def test_a_number_that_is_not_there_fails_the_probe(ezyvet: Practice) -> None:
    with pytest.raises(SystemExit):
        probe(str(ezyvet.connection.pk), "--number", "999999")


def test_a_connection_is_found_by_name_within_its_tenant(ezyvet: Practice) -> None:
    other = make_mga("other")
    Connection.objects.create(mga=other, name=ezyvet.connection.name)
    with pytest.raises(CommandError, match="--mga"):
        probe(ezyvet.connection.name)
    assert "ok" in probe(ezyvet.connection.name, "--mga", "acme")
    with pytest.raises(CommandError, match="no connection"):
        probe("nobody")


def test_a_shape_has_names_and_types_only() -> None:
    body = {"a": [{"b": 1}, {"c": "x"}], "d": None, "e": True, "f": []}
    assert shape_of(body) == {"a": [{"b": "number", "c": "text"}], "d": "null", "e": "boolean", "f": []}


def test_staff_add_a_connection_enter_its_credentials_and_test_it(admin_client: Client, ezyvet: Practice) -> None:
    make_mga("other")
    values = {"mga": "other", "name": "clinic", "kind": "ezyvet", "time_zone": "Pacific/Auckland", "currency": "NZD"}
    answer = admin_client.post(reverse("admin:pims_connection_add"), values | {"enabled": "on"})
    connection = Connection.objects.get(name="clinic")
    page = reverse("admin:pims_connection_change", args=[connection.pk])
    assert answer["Location"] == page

    formset = {"customer_links-TOTAL_FORMS": "0", "customer_links-INITIAL_FORMS": "0"}
    secrets = {"secret_partner_id": "p", "secret_client_id": "c", "secret_client_secret": "hush-hush"}
    options = {"option_base_url": ezyvet.mount.base_url, "option_includes_tax_default": "exclusive", "option_scope": ""}
    admin_client.post(page, values | formset | secrets | options | {"enabled": "on"})
    connection.refresh_from_db()
    assert read_secrets(connection) == {"partner_id": "p", "client_id": "c", "client_secret": "hush-hush"}
    assert connection.options == {"base_url": ezyvet.mount.base_url}
    shown = admin_client.get(page).content.decode()
    assert "hush-hush" not in shown and "Stored, encrypted" in shown

    admin_client.post(page, values | formset | options)  # credentials left blank stay
    connection.refresh_from_db()
    assert read_secrets(connection)["client_secret"] == "hush-hush"
    ezyvet.mount.secrets = {"partner_id": "p", "client_id": "c", "client_secret": "hush-hush"}
    told = admin_client.post(reverse("admin:pims_connection_test", args=[connection.pk]), follow=True).content.decode()
    assert "Sign in and read invoices" in told


def test_what_a_connection_lacks_is_said_in_the_form(admin_client: Client) -> None:
    connection = Connection.objects.create(mga=make_mga(), name="clinic", kind="vetspire")
    values = {"mga": "acme", "name": "clinic", "kind": "vetspire", "time_zone": "UTC", "option_scan_days": "30"}
    formset = {"customer_links-TOTAL_FORMS": "0", "customer_links-INITIAL_FORMS": "0"}
    page = reverse("admin:pims_connection_change", args=[connection.pk])
    assert "This field is required" in admin_client.post(page, values | formset).content.decode()
    admin_client.post(page, values | formset | {"secret_api_key": "k"})
    connection.refresh_from_db()
    assert (connection.options, json.loads(connection.secrets)) == (
        {"scan_days": 30, "itemise_payments": False},
        {"api_key": "k"},
    )
