"""Webhooks: signed, sent where they may go, retried, and given up in the end."""

import hashlib
import hmac
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.management import CommandError, call_command
from django.test import Client, TestCase
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings
from requests.adapters import HTTPAdapter
from standardwebhooks import Webhook
from urllib3.util import Retry

from invoicedata.models import WebhookSecret
from invoices import webhooks
from invoices.errors import InvalidWebhookUrlError
from invoices.models import Event, InvoiceRequest, WebhookAttempt, WebhookDelivery, WebhookReceiver
from invoices.services import deliveries
from tests.factories import make_document, make_mga


@dataclass
class Receiver:
    """A real HTTP server that answers as it is told and remembers what it got."""

    url: str = ""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status, headers = state.answers.pop(0) if state.answers else (200, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def delivery(receiver: Receiver, settings: Settings, db: None) -> WebhookDelivery:
    settings.WEBHOOK_PRIVATE_HOSTS = ["127.0.0.1"]
    mga = make_mga()
    request = InvoiceRequest.objects.create(
        mga=mga,
        document=make_document(mga),
        operation="process",
        customer_id="C1",
        webhook_url=receiver.url,
        response='{"requestId":"r","status":"completed"}',
    )
    return deliveries.publish(request, "invoice.completed")


def make_due() -> None:
    WebhookDelivery.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def test_a_delivery_is_posted_once_and_both_signatures_verify(delivery: WebhookDelivery, receiver: Receiver) -> None:
    deliveries.deliver(delivery.pk)
    deliveries.deliver(delivery.pk)
    ((headers, body),) = receiver.received
    secret = WebhookSecret.objects.get().secret
    assert body == delivery.body.encode()
    assert headers["content-type"] == "application/json"
    assert headers["x-request-signature"] == hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    assert Webhook(secret).verify(body, headers) == json.loads(body)
    assert headers["webhook-id"] == delivery.pk
    delivery.refresh_from_db()
    assert delivery.state == WebhookDelivery.State.DELIVERED


def test_a_failure_is_tried_again_with_the_same_id_and_body(delivery: WebhookDelivery, receiver: Receiver) -> None:
    receiver.answers = [(500, {}), (302, {"Location": "http://127.0.0.1:1/"}), (200, {})]
    for _ in range(3):
        make_due()
        deliveries.deliver(delivery.pk)
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1
    assert len({body for _, body in receiver.received}) == 1
    assert list(WebhookAttempt.objects.values_list("number", "status_code")) == [(1, 500), (2, 302), (3, 200)]
    assert WebhookDelivery.objects.get().state == WebhookDelivery.State.DELIVERED


def test_the_pauses_grow(delivery: WebhookDelivery, receiver: Receiver) -> None:
    receiver.answers = [(503, {})] * 3
    pauses = []
    for _ in range(3):
        make_due()
        deliveries.deliver(delivery.pk)
        pauses.append((WebhookDelivery.objects.get().next_attempt_at - timezone.now()).total_seconds())
    assert 3 < pauses[0] < 7 and 200 < pauses[1] < 400 and 1300 < pauses[2] < 2400


def test_retry_after_is_heeded_within_twice_the_pause(delivery: WebhookDelivery, receiver: Receiver) -> None:
    receiver.answers = [(429, {"Retry-After": "9"})]
    deliveries.deliver(delivery.pk)
    assert 6 < (WebhookDelivery.objects.get().next_attempt_at - timezone.now()).total_seconds() < 12


def test_gone_is_the_end(delivery: WebhookDelivery, receiver: Receiver) -> None:
    receiver.answers = [(410, {})]
    deliveries.deliver(delivery.pk)
    assert WebhookDelivery.objects.get().state == WebhookDelivery.State.DEAD


def test_after_ten_attempts_it_is_given_up(delivery: WebhookDelivery, receiver: Receiver) -> None:
    receiver.answers = [(500, {})] * 10
    for _ in range(12):
        make_due()
        deliveries.deliver(delivery.pk)
    assert len(receiver.received) == 10
    assert WebhookDelivery.objects.get().state == WebhookDelivery.State.DEAD


def test_a_receiver_that_is_not_there_is_a_failed_attempt(delivery: WebhookDelivery) -> None:
    WebhookDelivery.objects.update(url="http://127.0.0.1:1/hook")
    deliveries.deliver(delivery.pk)
    assert WebhookAttempt.objects.get().error == "ConnectionError"
    assert WebhookDelivery.objects.get().state == WebhookDelivery.State.PENDING


def test_a_new_secret_signs_and_the_old_one_still_verifies(delivery: WebhookDelivery, receiver: Receiver) -> None:
    old = WebhookSecret.objects.create(mga=delivery.mga, valid_until=timezone.now() + timedelta(hours=1))
    new = WebhookSecret.objects.create(mga=delivery.mga)
    deliveries.deliver(delivery.pk)
    ((headers, body),) = receiver.received
    assert Webhook(old.secret).verify(body, headers) == Webhook(new.secret).verify(body, headers)
    assert headers["x-request-signature"] == webhooks.sign_body(new.secret, body)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.1.2.3/x",
        "https://192.168.0.9/",
        "https://169.254.169.254/latest/meta-data",
        "https://168.63.129.16/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://0x7f000001/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fec0::1]/",
        "https://[fe80::1]/",
        "https://user:secret@93.184.216.34/",
        "https://93.184.216.34:22/",
        "https://93.184.216.34:0/",
        "https://93.184.216.34:99999/",
        "https://93.184.216.34/#part",
        "https://93.184.216.34\\@127.0.0.1/",
        "https://exa mple.com/",
        "https:///hook",
        "//93.184.216.34/hook",
        "ftp://93.184.216.34/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "hook",
        "https://93.184.216.34/" + "a" * 2048,
        "https://93.184.216.34/\x00",
        "https://bücher.example/",
    ],
)
def test_a_url_that_leads_elsewhere_than_to_the_public_web_is_refused(url: str) -> None:
    with pytest.raises(InvalidWebhookUrlError):
        webhooks.check_url(url)


@pytest.mark.parametrize("url", ["https://93.184.216.34/hook?x=1", "https://93.184.216.34:8443/"])
def test_a_public_https_address_is_taken(url: str) -> None:
    webhooks.check_url(url)


def test_a_private_host_is_reached_only_when_the_operator_names_it(receiver: Receiver) -> None:
    refused = webhooks.send(receiver.url, b"{}", {})
    assert (refused.succeeded, refused.error, receiver.received) == (False, webhooks.NOT_ALLOWED, [])
    assert webhooks.send(receiver.url, b"{}", {}, ["127.0.0.1"]).succeeded


def test_what_was_given_up_is_delivered_again_with_the_same_id_and_a_new_schedule(
    delivery: WebhookDelivery, receiver: Receiver, settings: Settings
) -> None:
    settings.WEBHOOK_RETRY_SECONDS = [1]
    receiver.answers = [(500, {})] * 3
    for _ in range(2):
        make_due()
        deliveries.deliver(delivery.pk)
    assert WebhookDelivery.objects.get().state == WebhookDelivery.State.DEAD
    assert deliveries.redeliver(WebhookDelivery.objects.all()) == 1
    for _ in range(2):
        make_due()
        deliveries.deliver(delivery.pk)
    assert WebhookDelivery.objects.get().state == WebhookDelivery.State.DELIVERED
    assert list(WebhookAttempt.objects.values_list("number", flat=True)) == [1, 2, 3, 4]
    assert len({(headers["webhook-id"], body) for headers, body in receiver.received}) == 1
    assert Event.objects.get(action="webhook.replayed").data == {"was": "dead"}


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (("--mga", "acme"), 0),
        (("--mga", "acme", "--state", "delivered"), 1),
        (("--mga", "acme", "--state", "over"), 1),
        (("--mga", "other", "--state", "over"), 0),
        (("--since", "2020-01-01T00:00:00Z", "--state", "over"), 1),
        (("--since", "2999-01-01T00:00:00Z", "--state", "over"), 0),
        (("--id", "evt_none", "--state", "over"), 0),
    ],
    ids=str,
)
def test_webhooks_to_deliver_again_are_chosen(
    delivery: WebhookDelivery, options: tuple[str, ...], count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    deliveries.deliver(delivery.pk)
    call_command("redeliver", *options, "--dry-run")
    assert f"{count} would be delivered again" in capsys.readouterr().out
    assert WebhookDelivery.objects.get().state == WebhookDelivery.State.DELIVERED
    call_command("redeliver", *options)
    assert WebhookDelivery.objects.filter(state="pending").count() == count


@pytest.mark.parametrize("options", [(), ("--since", "soon")], ids=str)
def test_redelivering_needs_to_know_which(options: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="--since"):
        call_command("redeliver", *options)


def fail(delivery: WebhookDelivery, receiver: Receiver, times: int, status: int = 500) -> None:
    receiver.answers = [(status, {})] * times
    for _ in range(times):
        make_due()
        deliveries.deliver(delivery.pk)


def test_a_receiver_that_fails_for_days_is_switched_off_and_the_tenant_told(
    delivery: WebhookDelivery, receiver: Receiver, settings: Settings, mailoutbox: list[Any]
) -> None:
    delivery.mga.contact_email = "ops@acme.example"
    delivery.mga.save()
    other = publish_another(delivery)
    fail(delivery, receiver, 9)
    assert WebhookReceiver.objects.get().failures == 9
    WebhookReceiver.objects.update(failing_since=timezone.now() - timedelta(hours=121), failures=11)
    with TestCase.captureOnCommitCallbacks(execute=True):
        fail(delivery, receiver, 1)
    assert WebhookReceiver.objects.get().disabled_at is not None
    assert Event.objects.get(action="webhook.receiver_disabled").data == {"origin": delivery.receiver, "held": 2}
    (notice,) = mailoutbox
    assert notice.to == ["ops@acme.example"] and delivery.receiver in notice.body and "answered 500" in notice.body
    other.refresh_from_db()
    assert other.state == WebhookDelivery.State.HELD


def publish_another(delivery: WebhookDelivery) -> WebhookDelivery:
    request = InvoiceRequest.objects.create(
        mga=delivery.mga,
        document=make_document(delivery.mga),
        operation="process",
        customer_id="C1",
        webhook_url=delivery.url,
        response='{"requestId":"r2","status":"completed"}',
    )
    return deliveries.publish(request, "invoice.completed")


@pytest.fixture
def switched_off(delivery: WebhookDelivery, receiver: Receiver) -> WebhookReceiver:
    """A receiver that is off, with one webhook held back."""
    fail(delivery, receiver, 1)
    WebhookReceiver.objects.update(disabled_at=timezone.now())
    fail(delivery, receiver, 1)
    assert WebhookDelivery.objects.get().state == WebhookDelivery.State.HELD
    return WebhookReceiver.objects.get()


def test_the_first_webhook_that_arrives_switches_its_receiver_on_and_the_others_follow(
    delivery: WebhookDelivery, receiver: Receiver, switched_off: WebhookReceiver
) -> None:
    failed, arrived = publish_another(delivery), publish_another(delivery)
    receiver.answers = [(500, {}), (200, {}), (200, {}), (200, {})]
    deliveries.deliver(failed.pk)
    failed.refresh_from_db()
    assert failed.state == WebhookDelivery.State.HELD
    deliveries.deliver(arrived.pk)
    assert not WebhookReceiver.objects.exists()
    for waiting in (delivery, failed):
        deliveries.deliver(waiting.pk)
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {WebhookDelivery.State.DELIVERED}
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 3


def test_staff_switch_a_receiver_on_again(
    delivery: WebhookDelivery, switched_off: WebhookReceiver, admin_client: Client
) -> None:
    url = reverse("admin:invoices_webhookreceiver_changelist")
    admin_client.post(url, {"action": "switch_on", "_selected_action": [switched_off.pk]})
    assert WebhookDelivery.objects.get().state == WebhookDelivery.State.PENDING
    assert Event.objects.get(action="webhook.receiver_enabled").actor is not None


def test_failures_of_a_day_switch_nothing_off(delivery: WebhookDelivery, receiver: Receiver) -> None:
    fail(delivery, receiver, 2)
    WebhookReceiver.objects.update(failing_since=timezone.now() - timedelta(hours=24), failures=50)
    fail(delivery, receiver, 1)
    assert WebhookReceiver.objects.get().disabled_at is None
    receiver.answers = []
    make_due()
    deliveries.deliver(delivery.pk)
    assert not WebhookReceiver.objects.exists()


def test_an_address_that_is_not_allowed_is_given_up_at_once(delivery: WebhookDelivery, settings: Settings) -> None:
    settings.WEBHOOK_PRIVATE_HOSTS = []
    deliveries.deliver(delivery.pk)
    assert WebhookDelivery.objects.get().state == WebhookDelivery.State.DEAD
    assert WebhookAttempt.objects.get().error == webhooks.NOT_ALLOWED


def test_a_tenant_has_private_hosts_of_its_own(
    delivery: WebhookDelivery, receiver: Receiver, settings: Settings
) -> None:
    settings.WEBHOOK_PRIVATE_HOSTS = []
    host = receiver.url.split("/")[2]
    delivery.mga.webhook_private_hosts = f"10.0.0.5\n{host}\n"
    delivery.mga.save()
    webhooks.check_url(receiver.url, delivery.mga.private_hosts())
    deliveries.deliver(delivery.pk)
    assert WebhookDelivery.objects.get().state == WebhookDelivery.State.DELIVERED
    with pytest.raises(InvalidWebhookUrlError):
        webhooks.check_url(receiver.url, make_mga("other").private_hosts())


def test_a_body_that_was_deleted_is_not_delivered_again(delivery: WebhookDelivery) -> None:
    WebhookDelivery.objects.update(state=WebhookDelivery.State.DEAD, body="")
    assert deliveries.redeliver(WebhookDelivery.objects.all()) == 0


def test_retry_after_may_be_a_date(delivery: WebhookDelivery, receiver: Receiver) -> None:
    later = format_datetime(timezone.now() + timedelta(seconds=9), usegmt=True)
    receiver.answers = [(503, {"Retry-After": later})]
    deliveries.deliver(delivery.pk)
    assert 5 < (WebhookDelivery.objects.get().next_attempt_at - timezone.now()).total_seconds() < 12


def test_a_secret_that_is_staged_verifies_at_once_and_takes_over_later(
    delivery: WebhookDelivery, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    old = WebhookSecret.objects.create(mga=delivery.mga).secret
    call_command("rotate_webhook_secret", "acme", "--after", "24")
    new = capsys.readouterr().out.strip()
    deliveries.deliver(delivery.pk)
    ((headers, body),) = receiver.received
    assert Webhook(old).verify(body, headers) == Webhook(new).verify(body, headers)
    assert headers["x-request-signature"] == webhooks.sign_body(old, body)
    now = timezone.now()
    assert deliveries.signing_secrets(delivery.mga, now + timedelta(hours=25)) == [new, old]
    assert deliveries.signing_secrets(delivery.mga, now + timedelta(hours=49)) == [new]


@pytest.mark.parametrize("options", [("none",), ("acme", "--after", "-1"), ("acme", "--overlap", "1e9")], ids=str)
def test_a_wrong_rotation_is_refused_and_changes_nothing(options: tuple[str, ...], delivery: WebhookDelivery) -> None:
    with pytest.raises(CommandError):
        call_command("rotate_webhook_secret", *options)
    assert not WebhookSecret.objects.exists()


def test_staff_deliver_again(delivery: WebhookDelivery, admin_client: Client) -> None:
    deliveries.deliver(delivery.pk)
    url = reverse("admin:invoices_webhookdelivery_changelist")
    admin_client.post(url, {"action": "deliver_again", "_selected_action": [delivery.pk]})
    assert WebhookDelivery.objects.get().state == WebhookDelivery.State.PENDING


@pytest.mark.parametrize(("language", "program"), [("python", sys.executable), ("javascript", "node")])
def test_the_documented_receivers_take_what_is_genuine_and_nothing_else(
    language: str, program: str, tmp_path: Path
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    text = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
    (code,) = re.findall(rf"```{language} receiver\n(.*?)```", text, re.DOTALL)
    script = tmp_path / "receiver.cjs"
    script.write_text(code, encoding="utf-8")
    secret, body, now = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"requestId": "req_1"}', timezone.now()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"WEBHOOK_SECRET": secret, "PORT": str(port)}
    process = subprocess.Popen([program, str(script)], env=environment, stdout=subprocess.PIPE, text=True)
    session = requests.Session()
    session.mount("http://", HTTPAdapter(max_retries=Retry(connect=20, backoff_factor=0.1)))

    def answer(secrets: list[str], moment: datetime, sent: bytes) -> int:
        headers = webhooks.make_headers(secrets, "evt_1", moment, body)
        return session.post(f"http://127.0.0.1:{port}/", data=sent, headers=headers, timeout=10).status_code

    try:
        other = "whsec_" + "A" * 32
        assert answer([secret], now, body) == 204
        assert answer([other, secret], now, body) == 204  # a second copy, while the secret is being replaced
        assert answer([other], now, body) == 401
        assert answer([secret], now, body + b" ") == 401
        assert answer([secret], now - timedelta(minutes=6), body) == 401
    finally:
        process.terminate()
        printed, _ = process.communicate(timeout=10)
    assert printed.split() == ["req_1"]
