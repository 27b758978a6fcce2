"""Requests of contract 1: taken in, waited for, answered."""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, BinaryIO

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from invoicedata.database import release_connection
from invoicedata.models import Mga
from invoices import answers, webhooks
from invoices.errors import (
    CustomerNotFoundError,
    IdempotencyKeyReusedError,
    InvalidCustomerIdError,
    InvalidIdempotencyKeyError,
    InvalidInvoiceNumberError,
    InvoiceAmbiguousError,
    InvoiceNotFoundError,
    PimsLookupFailedError,
    QueueFullError,
)
from invoices.models import Document, InvoiceRequest
from invoices.services import intake, jobs, quotas
from pims.errors import PimsError
from pims.lookup import Outcome, find_invoice, is_customer_known
from pims.numbers import normalise

logger = logging.getLogger(__name__)

CUSTOMER_ID_LENGTH = 128
NUMBER_LENGTH = 100
KEY_LENGTH = 255
KEY_LIFETIME = timedelta(hours=24)
_places = threading.BoundedSemaphore(settings.SYNC_WAITING)  # of this process, to wait in for an answer
LOOK_SECONDS = 0.1  # between two looks at the running requests


def check_customer_id(customer_id: str) -> None:
    if not 1 <= len(customer_id) <= CUSTOMER_ID_LENGTH or "/" in customer_id or not is_plain(customer_id):
        raise InvalidCustomerIdError


def check_invoice_number(number: str) -> None:
    if not 1 <= len(number) <= NUMBER_LENGTH or not is_plain(number) or not normalise(number):
        raise InvalidInvoiceNumberError


def is_plain(text: str) -> bool:
    """Without control characters and halves of characters, which no database takes."""
    return bool(text.strip()) and all(letter.isprintable() for letter in text)


def submit(
    mga: Mga,
    *,
    request_id: str,
    operation: str,
    customer_id: str,
    file: BinaryIO,
    filename: str,
    size: int,
    webhook_url: str = "",
    idempotency_key: str | None = None,
) -> InvoiceRequest:
    """Takes a request in: the file, the request and its job are stored together, or nothing is.

    The same key with the same request returns the stored one. Raises an InvoiceDataError for what is refused.
    """
    check_customer_id(customer_id)
    if idempotency_key is not None and not (
        1 <= len(idempotency_key) <= KEY_LENGTH and idempotency_key.isascii() and is_plain(idempotency_key)
    ):
        raise InvalidIdempotencyKeyError
    if webhook_url:
        webhooks.check_url(webhook_url, mga.private_hosts())
    jobs.refuse_when_full()
    quotas.take_upload(mga, size)
    with intake.check_file(file, filename, strict=True) as checked:
        asked = "\0".join((operation, customer_id, webhook_url, checked.sha256))
        fingerprint = hashlib.sha256(asked.encode()).hexdigest()
        if (known := find_by_key(mga, idempotency_key, fingerprint)) is not None:
            return known
        try:
            with transaction.atomic():
                document, is_duplicate = intake.store(mga, checked, source=Document.Source.API)
                request = InvoiceRequest.objects.create(
                    id=request_id,
                    mga=mga,
                    document=document,
                    operation=operation,
                    customer_id=customer_id,
                    webhook_url=webhook_url,
                    is_duplicate=is_duplicate,
                    idempotency_key=idempotency_key,
                    fingerprint=fingerprint,
                )
                jobs.enqueue(mga, document=document, request=request)
        except IntegrityError:  # the same key arrived twice at the same moment
            known = find_by_key(mga, idempotency_key, fingerprint)
            if known is None:
                raise
            return known
    return request


def find_by_key(mga: Mga, key: str | None, fingerprint: str) -> InvoiceRequest | None:
    """The request that has this key, within its 24 hours. Raises IdempotencyKeyReusedError for another request."""
    if key is None:
        return None
    oldest = timezone.now() - KEY_LIFETIME
    InvoiceRequest.objects.filter(mga=mga, idempotency_key=key, accepted_at__lt=oldest).update(idempotency_key=None)
    known = InvoiceRequest.objects.filter(mga=mga, idempotency_key=key).first()
    if known is not None and known.fingerprint != fingerprint:
        raise IdempotencyKeyReusedError
    return known


@contextmanager
def place_to_wait() -> Iterator[None]:
    """For a caller that wants its answer at once. Raises QueueFullError, before anything of theirs is taken, where so
    many wait that this one would keep others from being served."""
    if not _places.acquire(blocking=False):
        raise QueueFullError(
            "Too many callers wait for their answers. Send the request again later, or with a webhookUrl."
        )
    try:
        yield
    finally:
        _places.release()


def wait(request: InvoiceRequest, seconds: float) -> InvoiceRequest:
    """The request once it is answered, or as it stands after `seconds`."""
    if request.state == InvoiceRequest.State.RUNNING and seconds > 0:
        release_connection()
        _lookout.wait(request.pk, seconds)
        request.refresh_from_db(fields=["state", "http_status", "response", "completed_at"])
    return request


class Lookout:
    """Looks at the running requests of all callers of this process that wait, in one query: fifty callers that each
    looked for themselves would keep everybody else from being served. Its thread lives as long as somebody waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, list[threading.Event]] = {}
        self._is_looking = False

    def wait(self, request_id: str, seconds: float) -> None:
        """Until the request is answered, or for `seconds`."""
        answered = threading.Event()
        with self._lock:
            self._waiting.setdefault(request_id, []).append(answered)
            if not self._is_looking:
                self._is_looking = True
                threading.Thread(target=self._look, daemon=True).start()
        answered.wait(seconds)
        with self._lock:
            self._waiting[request_id].remove(answered)
            if not self._waiting[request_id]:
                del self._waiting[request_id]

    def _look(self) -> None:
        time.sleep(LOOK_SECONDS)
        while waiting := self._those_who_wait():
            try:
                running = InvoiceRequest.objects.filter(pk__in=waiting, state=InvoiceRequest.State.RUNNING)
                answered = set(waiting).difference(running.values_list("pk", flat=True))
            except Exception:
                logger.exception("The requests that callers wait for could not be looked at; trying again.")
                answered = set()
            finally:
                release_connection()
            with self._lock:
                for request_id in answered:
                    for event in self._waiting.get(request_id, ()):
                        event.set()
            time.sleep(LOOK_SECONDS)
        connection.close()  # this thread's own

    def _those_who_wait(self) -> list[str]:
        with self._lock:
            self._is_looking = bool(self._waiting)
            return list(self._waiting)


_lookout = Lookout()


def answer(request: InvoiceRequest, status_url: Callable[[str], str]) -> tuple[int, dict[str, Any] | str]:
    """(status, body): the stored answer as JSON text, or the 202 of a request that is still running."""
    if request.state == InvoiceRequest.State.RUNNING or request.http_status is None:
        return 202, answers.accepted(request.pk, request.accepted_at, status_url(request.pk))
    return request.http_status, request.response


def look_up(mga: Mga, customer_id: str, number: str, request_id: str) -> dict[str, Any]:
    """The body for an invoice that is looked up by its number. Raises the errors of a lookup that finds nothing."""
    check_customer_id(customer_id)
    check_invoice_number(number)
    try:
        found = find_invoice(mga, number, customer_id=customer_id)
    except PimsError as error:
        raise PimsLookupFailedError from error
    if found.outcome is Outcome.AMBIGUOUS:
        raise InvoiceAmbiguousError
    if found.invoice is None:
        if is_customer_known(mga, customer_id):
            raise InvoiceNotFoundError
        raise CustomerNotFoundError
    data = answers.data_of_record(found.invoice, f"pims-{found.invoice.source_id}", None, customer_id)
    data.setdefault("currency", mga.default_currency or None)
    system = answers.system_of(found)
    return answers.completed(request_id, timezone.now(), [], source="PIMS", pims=system, data=data)
