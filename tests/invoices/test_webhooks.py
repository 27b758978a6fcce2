"""Webhooks: signed, sent where they may go, retried, and given up in the end."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings
from standardwebhooks import Webhook

from invoicedata.models import WebhookSecret
from invoices import webhooks
from invoices.errors import InvalidWebhookUrlError
from invoices.models import InvoiceRequest, WebhookAttempt, WebhookDelivery
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
