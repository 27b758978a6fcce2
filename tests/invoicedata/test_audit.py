"""The record of what happened: what is written down, that it stays as it was, and that a change shows."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from invoicedata import audit, refusals, tokens
from invoicedata.events import record_event
from invoicedata.models import AccessToken, Event, Mga
from invoices.services import retention
from tests.factories import make_client, make_mga

pytestmark = pytest.mark.django_db


@pytest.fixture
def mga() -> Mga:
    return make_mga()


@pytest.fixture
def chain(mga: Mga) -> list[Event]:
    for number in range(5):
        record_event(mga, f"inv_{number}", "invoice.approved", data={"seconds": 1.5, "fields": ["ü", number]})
    while audit.seal_events():
        pass
    return list(Event.objects.order_by("position"))


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def without_trigger(statement: str, *values: Any) -> None:
    """As somebody does who may change the database itself."""
    table = " ON invoices_event" if connection.vendor == "postgresql" else ""
    sql(f"DROP TRIGGER event_append_only{table}")
    sql(statement, *values)


def verify(*options: str) -> str:
    out = io.StringIO()
    call_command("audit", "verify", *options, stdout=out, stderr=out)
    return out.getvalue()


def head() -> str:
    return verify().split("Unbroken up to ")[1].strip()


def test_an_unbroken_chain_is_told(chain: list[Event]) -> None:
    assert [event.position for event in chain] == list(range(1, len(chain) + 1))
    assert f"{len(chain)} events checked, 0 not sealed yet." in verify()
    assert head() == f"{len(chain)}:{chain[-1].seal}"


@pytest.mark.parametrize(
    "change",
    [
        "action = 'invoice.rejected'",
        "subject = 'inv_9'",
        "actor_id = 4711",
        "data = '{}'",
        "at = '2020-01-01'",
        "seal = ''",
    ],
)
def test_an_event_cannot_be_changed(chain: list[Event], change: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        sql(f"UPDATE invoices_event SET {change} WHERE id = %s", chain[2].pk)


@pytest.mark.parametrize("change", ["action = 'invoice.rejected'", "subject = 'inv_9'", "data = '{}'", "mga_id = NULL"])
def test_a_change_behind_the_triggers_back_shows(chain: list[Event], change: str) -> None:
    without_trigger(f"UPDATE invoices_event SET {change} WHERE id = %s", chain[2].pk)
    (problem,) = audit.verify().problems
    assert f"(id {chain[2].pk}) is not as it was sealed" in problem
    with pytest.raises(CommandError, match="not as it was written"):
        verify()


def test_a_missing_event_shows(chain: list[Event]) -> None:
    chain[2].delete()
    assert audit.verify().problems == ["Between positions 2 and 4 events are missing."]


def test_a_missing_beginning_shows(chain: list[Event]) -> None:
    Event.objects.filter(position__lte=2).delete()
    assert "Events up to position 2 are missing" in audit.verify().problems[0]


def test_an_event_that_was_slipped_in_shows(chain: list[Event]) -> None:
    chain[2].delete()
    Event.objects.create(subject="inv_2", action="invoice.rejected", position=3, seal=chain[2].seal)
    assert len(audit.verify().problems) == 1


def test_a_cut_off_end_shows_to_who_noted_it(chain: list[Event]) -> None:
    noted = head()
    Event.objects.filter(position__gte=4).delete()
    assert verify()  # the rest is a chain
    with pytest.raises(CommandError):
        verify("--since", noted)


def test_a_head_that_is_still_there_is_fine(chain: list[Event], mga: Mga) -> None:
    noted = head()
    record_event(mga, "x", "invoice.approved")
    assert "Unbroken" in verify("--since", noted)


def test_a_chain_of_another_key_is_no_chain(chain: list[Event], settings: Settings) -> None:
    old = settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = ["another one"]
    assert audit.verify().problems
    settings.ENCRYPTION_KEYS = ["another one", *old]
    assert not audit.verify().problems


def test_old_events_go_and_the_rest_is_still_a_chain(chain: list[Event], mga: Mga, settings: Settings) -> None:
    settings.KEEP_EVENTS_DAYS = 30
    assert retention.purge(timezone.now() + timedelta(days=31)).events == len(chain)
    record_event(mga, "later", "invoice.approved")
    assert "Unbroken" in verify()
    assert not set(Event.objects.values_list("pk", flat=True)) & {event.pk for event in chain}
    Event.objects.filter(position=Event.objects.order_by("position").first().position).delete()  # type: ignore[union-attr]
    assert audit.verify().problems


def test_an_event_rolls_back_with_what_it_tells_of(mga: Mga) -> None:
    before = Event.objects.count()
    with pytest.raises(RuntimeError), transaction.atomic():
        tokens.issue_token(mga)
        raise RuntimeError
    assert Event.objects.count() == before


def actions() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("action", flat=True))


def test_tokens_and_secrets_leave_events_without_themselves(mga: Mga) -> None:
    token = tokens.issue_token(mga)
    record = AccessToken.objects.get()
    tokens.revoke_token(record)
    tokens.revoke_token(record)
    tokens.revoke_all_tokens(mga)
    secret = tokens.rotate_webhook_secret(mga, timedelta(hours=1))
    tokens.rotate_signing_key()
    found = [action for action in actions() if action != "tenant.created"]
    assert found == ["token.issued", "token.revoked", "tokens.revoked", "webhook_secret.rotated", "signing_key.rotated"]
    assert Event.objects.get(action="token.revoked").subject == str(record.pk)
    written = json.dumps(list(Event.objects.values("subject", "data")))
    assert token not in written and secret not in written


def test_signing_in_and_out_and_failing_to_are_written_down(client: Client, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    ada = User.objects.create_superuser("ada", password="correct horse battery")
    client.post("/admin/login/", {"username": "ada", "password": "wrong"})
    client.post("/admin/login/", {"username": "nobody@example.com", "password": "secret-typed-here"})
    client.post("/admin/login/", {"username": "ada", "password": "correct horse battery"})
    client.post("/admin/logout/")
    events = list(Event.objects.order_by("pk").values_list("action", "subject", "actor_id"))
    ours = f"user:{ada.pk}"
    assert events == [
        ("staff.sign_in_failed", ours, None),
        ("staff.sign_in_failed", "", None),
        ("staff.signed_in", ours, ada.pk),
        ("staff.signed_out", ours, ada.pk),
    ]
    assert Event.objects.filter(data__address="127.0.0.1").count() == 4
    assert "nobody" not in json.dumps(list(Event.objects.values("subject", "data")))


def test_a_setting_that_staff_change_is_written_down_without_its_value(admin_client: Client, mga: Mga) -> None:
    address = f"/admin/invoicedata/mga/{mga.pk}/change/"
    form = admin_client.get(address).context["adminform"].form
    values = {name: "" if (value := form[name].value()) is None else value for name in form.fields}
    admin_client.post(
        address, values | {"name": "Very secret name", "tokens_valid_after_0": "", "tokens_valid_after_1": ""}
    )
    event = Event.objects.get(action="admin.changed")
    assert (event.mga, event.subject, event.actor.username) == (mga, f"invoicedata.mga:{mga.pk}", "admin")  # type: ignore[union-attr]
    assert event.data == {"changes": [{"changed": {"fields": ["Name"]}}]}


def test_a_refused_token_is_written_down_with_its_record(mga: Mga) -> None:
    client = make_client(mga)
    record = AccessToken.objects.get()
    tokens.revoke_token(record)
    refusals.recent_refusals.counts.clear()
    assert client.get("/api/invoices").status_code == 401
    event = Event.objects.get(action="access.refused")
    assert (event.mga, event.subject, event.data["code"]) == (mga, str(record.pk), "AUTH_TOKEN_INVALID")
    assert event.data["route"] == "api/invoices"


def test_a_permission_that_lacks_is_written_down(mga: Mga) -> None:
    refusals.recent_refusals.counts.clear()
    client = Client(headers={"Authorization": f"Bearer {tokens.issue_token(mga, permissions=['invoice:lookup'])}"})
    assert client.get("/api/invoices").status_code == 403
    assert Event.objects.get(action="access.refused").mga == mga


def test_who_tries_many_tokens_does_not_fill_the_database(client: Client) -> None:
    refusals.recent_refusals.counts.clear()
    for _ in range(3 * refusals.MOST_A_MINUTE):
        client.get("/api/invoices", headers={"Authorization": "Bearer x.y.z"})
    assert refusals.MOST_A_MINUTE <= Event.objects.count() <= 2 * refusals.MOST_A_MINUTE  # a minute may end within


def test_who_it_was_stays_when_their_account_is_deleted(mga: Mga, admin_client: Client) -> None:
    bob = User.objects.create_user("bob")
    record_event(mga, "inv_1", "invoice.approved", actor=bob)
    number = bob.pk
    bob.delete()
    event = Event.objects.get(action="invoice.approved")
    assert event.actor_id == number
    for address in ("", f"{event.pk}/change/"):
        assert f"user {number} (deleted)" in admin_client.get(f"/admin/invoicedata/event/{address}").content.decode()


def test_the_record_is_exported(chain: list[Event], tmp_path: Path, admin_client: Client) -> None:
    for name in ("events.jsonl", "events.csv"):
        call_command("audit", "export", str(tmp_path / name), "--mga", "acme", stderr=io.StringIO())
    rows = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [row["seal"] for row in rows] == [event.seal for event in chain]
    with (tmp_path / "events.csv").open() as file:
        assert [json.loads(row["data"]) for row in csv.DictReader(file)] == [event.data for event in chain]
    action = {"action": "download", "_selected_action": [event.pk for event in chain]}
    downloaded = admin_client.post("/admin/invoicedata/event/", action).content.decode()
    assert [row["seal"] for row in csv.DictReader(io.StringIO(downloaded))] == [event.seal for event in chain]


@pytest.mark.parametrize("arguments", [("x.doc",), ("x.csv", "--from", "soon"), ("no/such/folder/x.csv",)], ids=str)
def test_an_export_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError):
        call_command("audit", "export", *arguments)


def test_staff_check_the_chain(chain: list[Event], admin_client: Client) -> None:
    action = {"action": "check_chain", "_selected_action": [chain[0].pk]}
    assert (
        "events checked: all are as they were written"
        in admin_client.post("/admin/invoicedata/event/", action, follow=True).content.decode()
    )
    chain[1].delete()
    assert "events are missing" in admin_client.post("/admin/invoicedata/event/", action, follow=True).content.decode()
