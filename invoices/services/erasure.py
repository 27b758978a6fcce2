"""Deleting for good: of a customer on request, of everybody after the time that the tenant keeps things.

A document goes in one transaction with all that was made from it; its file goes last, before the commit: whoever sends
the same bytes at that moment waits, and stores them anew. What fails leaves the document's rows, and running again goes
on.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac

from invoicedata.models import Mga
from invoices.models import Document, Erasure, InvoiceRequest, Practice
from invoices.services.events import record_event
from invoices.services.rendering import forget_pictures
from invoices.services.templates import forget_soon
from pims.erasure import erase_customer_records

SALT = "invoices.erasure"


@dataclass(slots=True)
class Erased:
    """How much was deleted. shared: documents that another customer's request refers to as well; these are kept."""

    documents: int = 0
    requests: int = 0
    records: int = 0
    shared: int = 0


def erase_customer(mga: Mga, customer_id: str, *, actor: AbstractBaseUser | None = None) -> Erased:
    """Deletes everything of the MGA's customer: files, readings, invoices, answers, webhooks, imported records.

    A tombstone stays: when, by whom, how much, and a keyed hash of the customer's id. Erasing twice is no harm.
    """
    erased = Erased()
    for document in documents_of(mga, customer_id):
        with transaction.atomic():
            if _others(document, customer_id).exists():
                erased.shared += 1
                requests = document.requests.filter(customer_id=customer_id)
                erased.requests += requests.count()
                requests.delete()
                document.invoices.filter(customer_id=customer_id).update(customer_id="")
            else:
                erased.requests += document.requests.count()
                erase_document(document)
                erased.documents += 1
    with transaction.atomic():
        erased.records = erase_customer_records(mga, customer_id)
        tombstone = Erasure.objects.create(
            mga=mga,
            customer_hash=hash_customer(mga, customer_id),
            actor_id=actor.pk if actor else None,
            documents=erased.documents,
            requests=erased.requests,
            records=erased.records,
        )
        record_event(mga, str(tombstone.pk), "customer.erased", actor=actor, data={"documents": erased.documents})
    forget_deleted_pages()
    return erased


def documents_of(mga: Mga, customer_id: str) -> QuerySet[Document]:
    """What came in for the customer, or holds an invoice of theirs."""
    theirs = Q(requests__customer_id=customer_id) | Q(invoices__customer_id=customer_id)
    return Document.objects.for_mga(mga).filter(theirs).distinct()


def _others(document: Document, customer_id: str) -> QuerySet[InvoiceRequest]:
    return InvoiceRequest.objects.filter(document=document).exclude(customer_id=customer_id)


def erase_document(document: Document) -> None:
    """The document and all that was made from it. Inside the caller's transaction."""
    practices = set(document.invoices.values_list("supplier", flat=True))
    practices |= set(document.delivery_notes.values_list("supplier", flat=True))
    name = document.file.name
    forget_soon(document.invoices.all())
    document.requests.all().delete()  # with their jobs and webhooks
    document.invoices.all().delete()  # with their lines, payments, findings, corrections, pairings
    document.delivery_notes.all().delete()
    mga, subject = document.mga, document.pk
    forget_pictures(document)
    document.delete()  # with its pages and jobs
    _erase_unknown_practices(practices)
    record_event(mga, subject, "document.erased")
    if name:
        default_storage.delete(name)


def _erase_unknown_practices(candidates: Collection[str | None]) -> None:
    """Suppliers that nobody vouches for and that nothing refers to any more: they were read off the page."""
    unused = Practice.objects.filter(pk__in=candidates, verified=False, invoices=None, delivery_notes=None)
    unused.delete()


def hash_customer(mga: Mga, customer_id: str) -> str:
    """What a tombstone keeps: it tells whether this customer was erased, and not who that is."""
    return salted_hmac(SALT, f"{mga.pk}\0{customer_id}", algorithm="sha256").hexdigest()


def forget_deleted_pages() -> None:
    """SQLite overwrites what is deleted (secure_delete); its write-ahead log still has it, until this empties it."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
