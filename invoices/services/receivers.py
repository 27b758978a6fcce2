"""Receivers of webhooks that fail for days: switched off, told of, and switched on again by the first success."""

import logging
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from invoices.models import WebhookDelivery, WebhookReceiver
from invoices.services.events import record_event

logger = logging.getLogger(__name__)

LEAST_FAILURES = 10  # in a row: one webhook alone, retried for long, says little
NOTICE = """Webhooks to {origin} have failed since {since:%Y-%m-%d %H:%M} UTC, the last one with: {error}.

They are held back from now on. Each new one is tried once; as soon as one arrives, those that were held back follow,
with the ids and bodies they have. Every result can be fetched in the meantime from the statusUrl of its request.
"""


def origin_of(url: str) -> str:
    """Scheme, host and port: what a receiver is known by."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"[:300]


def note_success(delivery: WebhookDelivery) -> None:
    """In the transaction that stores the attempt."""
    receiver = _row(delivery)
    if receiver is not None:
        _switch_on(receiver)


def note_failure(delivery: WebhookDelivery, error: str) -> bool:
    """Whether the receiver is switched off, by now. In the transaction that stores the attempt."""
    WebhookReceiver.objects.get_or_create(mga=delivery.mga, origin=origin_of(delivery.url))
    receiver = _row(delivery)
    if receiver is None:  # it took another webhook in this very moment
        return False
    WebhookReceiver.objects.filter(pk=receiver.pk).update(failures=F("failures") + 1, last_error=error[:200])
    failed_for = timezone.now() - receiver.failing_since
    is_over = failed_for >= timedelta(hours=settings.WEBHOOK_DISABLE_HOURS) and receiver.failures >= LEAST_FAILURES
    if is_over and receiver.disabled_at is None:
        _switch_off(receiver, error)
        return True
    return receiver.disabled_at is not None


def switch_on(receiver: WebhookReceiver, actor: AbstractBaseUser) -> int:
    """By hand. How many webhooks that were held back are delivered now."""
    with transaction.atomic():
        return _switch_on(receiver, actor)


def _row(delivery: WebhookDelivery) -> WebhookReceiver | None:
    rows = WebhookReceiver.objects.select_for_update(of=("self",)).select_related("mga")
    return rows.filter(mga=delivery.mga_id, origin=origin_of(delivery.url)).first()


def _switch_off(receiver: WebhookReceiver, error: str) -> None:
    mga, origin = receiver.mga, receiver.origin
    WebhookReceiver.objects.filter(pk=receiver.pk).update(disabled_at=timezone.now())
    waiting = WebhookDelivery.objects.filter(mga=mga, receiver=origin, state=WebhookDelivery.State.PENDING)
    held = waiting.update(state=WebhookDelivery.State.HELD)
    record_event(mga, f"receiver {receiver.pk}", "webhook.receiver_disabled", data={"origin": origin, "held": held})
    logger.error("Webhooks of %s to %s are switched off: they failed since %s.", mga, origin, receiver.failing_since)
    text = NOTICE.format(origin=origin, since=receiver.failing_since, error=error)
    transaction.on_commit(lambda: _tell(mga.contact_email, f"Webhooks to {origin} are switched off", text))


def _switch_on(receiver: WebhookReceiver, actor: AbstractBaseUser | None = None) -> int:
    WebhookReceiver.objects.filter(pk=receiver.pk).delete()
    if receiver.disabled_at is None:
        return 0
    rows = WebhookDelivery.objects.filter(mga=receiver.mga, receiver=receiver.origin, state=WebhookDelivery.State.HELD)
    held = rows.update(
        state=WebhookDelivery.State.PENDING, next_attempt_at=timezone.now(), schedule_start=F("attempt_count")
    )
    data = {"origin": receiver.origin, "delivered": held}
    record_event(receiver.mga, f"receiver {receiver.pk}", "webhook.receiver_enabled", actor=actor, data=data)
    return held


def _tell(address: str, subject: str, text: str) -> None:
    if not address:
        return
    try:
        send_mail(subject, text, None, [address])
    except OSError:
        logger.exception("The notice could not be sent by e-mail.")
