"""The nightly purge: deletes what a tenant keeps no longer. Each kind has its days; 0 keeps it for ever."""

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from invoicedata import audit
from invoicedata.limits import DAY
from invoicedata.models import Mga, Usage
from invoices.models import Document, InvoiceRequest, WebhookDelivery
from invoices.services.erasure import erase_document, forget_deleted_pages
from invoices.services.events import record_event
from invoices.services.rendering import forget_pictures
from invoices.services.requests import KEY_LIFETIME

logger = logging.getLogger(__name__)

BATCH = 200
Row = TypeVar("Row", bound=Model)


@dataclass(slots=True)
class Purged:
    """How many of each kind went."""

    documents: int = 0
    files: int = 0
    payloads: int = 0
    deliveries: int = 0
    events: int = 0


def purge(now: datetime) -> Purged:
    """One round over all tenants. It may stop at any moment: the next round goes on."""
    purged = Purged()
    for mga in Mga.objects.all():
        purge_tenant(mga, now, purged)
    InvoiceRequest.objects.filter(idempotency_key__isnull=False, accepted_at__lt=now - KEY_LIFETIME).update(
        idempotency_key=None
    )
    Session.objects.filter(expire_date__lt=now).delete()
    Usage.objects.filter(window_start__lt=int(now.timestamp()) - 2 * DAY).delete()
    if days := settings.KEEP_EVENTS_DAYS:
        purged.events = audit.purge(now - timedelta(days=days))
    forget_deleted_pages()
    logger.info("Purged: %s", ", ".join(f"{count} {kind}" for kind, count in asdict(purged).items()))
    return purged


def purge_tenant(mga: Mga, now: datetime, purged: Purged) -> None:
    finished = Document.objects.for_mga(mga).exclude(state=Document.State.PENDING)
    if oldest := _oldest(mga, "keep_results_days", now):
        for document in _batches(finished.filter(created_at__lt=oldest)):
            with transaction.atomic():
                erase_document(document)
            purged.documents += 1
    if oldest := _oldest(mga, "keep_files_days", now):
        for document in _batches(finished.filter(created_at__lt=oldest).exclude(file="")):
            forget_file(document)
            purged.files += 1
    over = WebhookDelivery.objects.filter(mga=mga).exclude(state=WebhookDelivery.State.PENDING)
    if oldest := _oldest(mga, "keep_payloads_days", now):
        purged.payloads += over.filter(created_at__lt=oldest).exclude(body="").update(body="")
    if oldest := _oldest(mga, "keep_deliveries_days", now):
        purged.deliveries += over.filter(created_at__lt=oldest).delete()[1].get("invoices.WebhookDelivery", 0)


def _oldest(mga: Mga, kind: str, now: datetime) -> datetime | None:
    days = mga.limit(kind)
    return now - timedelta(days=days) if days else None


def _batches(rows: QuerySet[Row]) -> Iterator[Row]:
    """The rows, asked for anew after each batch, as what was done to them takes them out."""
    while batch := list(rows.order_by("pk")[:BATCH]):
        yield from batch


def forget_file(document: Document) -> None:
    """Deletes the file, the pictures and the words of its pages; what was read into values stays."""
    name = document.file.name or ""
    with transaction.atomic():
        document.pages.update(words=[])
        Document.objects.filter(pk=document.pk).update(file="")
        record_event(document.mga, document.pk, "document.file_deleted")
        forget_pictures(document)
        default_storage.delete(name)


def run_purge() -> Purged:
    return purge(timezone.now())
