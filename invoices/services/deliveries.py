"""The outbox: a delivery is written with the result that it tells, and posted until the receiver has it."""

import random
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from invoicedata import metrics
from invoicedata.models import Mga, WebhookSecret
from invoices import webhooks
from invoices.models import InvoiceRequest, WebhookAttempt, WebhookDelivery
from invoices.services import receivers
from invoices.services.events import record_event

JITTER = 0.2
LEASE = timedelta(seconds=30)  # longer than an attempt may take


def publish(request: InvoiceRequest, event: str) -> WebhookDelivery:
    """The request's stored answer, to be delivered. Inside the caller's transaction; its body never changes again."""
    delivery, _ = WebhookDelivery.objects.get_or_create(
        request=request,
        event=event,
        defaults={
            "mga": request.mga,
            "url": request.webhook_url,
            "receiver": receivers.origin_of(request.webhook_url),
            "body": request.response,
        },
    )
    return delivery


def deliver(delivery_id: str) -> None:
    """One attempt, if one is due and nobody else is at it."""
    delivery = _claim(delivery_id)
    if delivery is None:
        return
    body = delivery.body.encode()
    started = timezone.now()
    headers = webhooks.make_headers(signing_secrets(delivery.mga, started), delivery.pk, started, body)
    attempt = webhooks.send(delivery.url, body, headers, delivery.mga.private_hosts())
    with transaction.atomic():
        state = _record(delivery, attempt, started)
    metrics.WEBHOOKS.labels(state).observe(attempt.milliseconds / 1000)


def redeliver(rows: QuerySet[WebhookDelivery], actor: AbstractBaseUser | None = None) -> int:
    """Has deliveries that are over posted again, each with its own id and body, and a new schedule of retries. How
    many; not those whose bodies were deleted, as their time was over."""
    over = rows.exclude(state=WebhookDelivery.State.PENDING).exclude(body="")
    with transaction.atomic():
        chosen = list(over.select_related("mga").defer("body").select_for_update(of=("self",)))
        for delivery in chosen:
            record_event(delivery.mga, delivery.pk, "webhook.replayed", actor=actor, data={"was": delivery.state})
        return WebhookDelivery.objects.filter(pk__in=[delivery.pk for delivery in chosen]).update(
            state=WebhookDelivery.State.PENDING,
            next_attempt_at=timezone.now(),
            schedule_start=F("attempt_count"),
            delivered_at=None,
        )


def signing_secrets(mga: Mga, now: datetime) -> list[str]:
    """The one of X-Request-Signature first, then the others that are valid; a tenant without one gets one."""
    current = Q(valid_until=None) | Q(valid_until__gt=now)
    secrets = list(WebhookSecret.objects.filter(current, mga=mga).order_by("-created_at", "-id"))
    if not secrets:
        secrets = [WebhookSecret.objects.create(mga=mga)]
    secrets.sort(key=lambda secret: secret.signs_from > now)  # those to come stay behind those that have
    return [secret.secret for secret in secrets]


def due(now: datetime) -> list[WebhookDelivery]:
    """Deliveries to attempt now, without their bodies."""
    return list(WebhookDelivery.objects.due(now).order_by("next_attempt_at").defer("body")[:500])


def _claim(delivery_id: str) -> WebhookDelivery | None:
    now = timezone.now()
    fence = uuid.uuid4().hex
    claimed = (
        WebhookDelivery.objects.due(now)
        .filter(pk=delivery_id)
        .update(fence=fence, lease_until=now + LEASE, attempt_count=F("attempt_count") + 1)
    )
    return WebhookDelivery.objects.select_related("mga").get(pk=delivery_id) if claimed else None


def _record(delivery: WebhookDelivery, attempt: webhooks.Attempt, started: datetime) -> str:
    """The delivery's state after this attempt."""
    WebhookAttempt.objects.create(
        delivery=delivery,
        number=delivery.attempt_count,
        started_at=started,
        milliseconds=attempt.milliseconds,
        status_code=attempt.status_code,
        error=attempt.error[:200],
        answer=attempt.answer,
    )
    values = {"lease_until": None} | _next(delivery, attempt)
    WebhookDelivery.objects.filter(pk=delivery.pk, fence=delivery.fence).update(**values)
    return str(values.get("state", WebhookDelivery.State.PENDING))


def _next(delivery: WebhookDelivery, attempt: webhooks.Attempt) -> dict[str, object]:
    now = timezone.now()
    if attempt.succeeded:
        receivers.note_success(delivery)
        return {"state": WebhookDelivery.State.DELIVERED, "delivered_at": now}
    is_off = receivers.note_failure(delivery, attempt.error)
    made = delivery.attempt_count - delivery.schedule_start
    if attempt.is_permanent or made > len(settings.WEBHOOK_RETRY_SECONDS):
        return {"state": WebhookDelivery.State.DEAD}
    if is_off:
        return {"state": WebhookDelivery.State.HELD}
    base = settings.WEBHOOK_RETRY_SECONDS[made - 1]
    asked = min(max(attempt.retry_after or 0, base), 2 * base)
    return {"next_attempt_at": now + timedelta(seconds=asked * random.uniform(1 - JITTER, 1 + JITTER))}
