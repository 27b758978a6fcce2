"""Reading documents again, with a newer reader or with what was learned since.

What people corrected, approved or decided stays. A document that cannot be read this time stays as it was.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

import ocr
from invoices.models import DeliveryNote, Document, Invoice, Job
from invoices.services import queue
from invoices.services.cutting import cuts_of
from invoices.services.events import record_event
from invoices.services.history import told_to_others
from invoices.services.intake import local_copy
from invoices.services.judging import judge_document
from invoices.services.reading import reader_options
from invoices.services.recording import INVOICE_FIELDS, record_reading
from invoices.services.review import LINE_FIELDS, LINES, as_json
from invoices.services.templates import find_templates
from invoices.services.tenants import lock_tenant

NUDGED_AT_ONCE = 20
NOTE_FIELDS = ("number", "delivery_date", "supplier_name", "venue", "order_number", "invoice_number")
Read = Callable[[Path, Any, Sequence[ocr.Cut]], ocr.Reading]


@dataclass(frozen=True, slots=True)
class Change:
    """A value that came out otherwise. part: of the document, from 0; field: "lines" for all of them, "" for a part
    that is new (before is None) or gone (after is None)."""

    part: str
    field: str
    before: Any
    after: Any


class BusyDocumentError(Exception):
    """The document is being read, or waits to be read, by a job."""


def reread(document: Document, *, dry_run: bool = False, read: Read | None = None) -> list[Change]:
    """What came out otherwise than before. Raises OcrError, OSError or BusyDocumentError, and then nothing changed.

    dry_run: nothing is stored. read: what reads a file, if not this process's own reader.
    """
    with local_copy(document) as path:
        find = find_templates(document.mga)
        cuts = cuts_of(document)
        if read and not document.engine:
            reading = read(path, find, cuts)
        else:
            reading = read_again(path, document.engine, find, cuts)
    with transaction.atomic():
        document = Document.objects.select_for_update(of=("self",)).select_related("mga").get(pk=document.pk)
        if document.jobs.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING)).exists():
            raise BusyDocumentError(f"{document} waits for a job.")
        lock_tenant(pk=document.mga_id)
        before, told = snapshot(document), told_to_others(document)
        record_reading(document, reading)
        judge_document(document, is_new_to_others=told_to_others(document) != told)
        changes = list(differences(before, snapshot(document)))
        Document.objects.filter(pk=document.pk).update(reread_since=None)
        fields = sorted({change.field for change in changes})
        record_event(document.mga, document.pk, "document.reread", data={"fields": fields})
        transaction.set_rollback(dry_run)
    return changes


def read_again(path: Path, engine: str, find: Any, cuts: Sequence[ocr.Cut]) -> ocr.Reading:
    """engine: that a person chose, for pages with a text layer too; "": as the settings say."""
    if not engine:
        return ocr.read(path, reader_options(), find, cuts)
    with ocr.Reader(reader_options(engine, text_layer=False)) as reader:
        return reader.read(path, find, cuts)


def snapshot(document: Document) -> dict[str, dict[str, Any]]:
    """The values of each part: {"invoice 0": {field: value}}."""
    found: dict[str, dict[str, Any]] = {}
    for invoice in document.invoices.prefetch_related("lines"):
        values = {name: as_json(getattr(invoice, name)) for name in (*INVOICE_FIELDS, "kind", "status")}
        found[f"invoice {invoice.part}"] = values | {LINES: lines_of(invoice, LINE_FIELDS)}
    columns = tuple(name for name in LINE_FIELDS if name not in ("category", "discount", "tax_rate"))
    for note in document.delivery_notes.prefetch_related("lines"):
        values = {name: as_json(getattr(note, name)) for name in NOTE_FIELDS}
        found[f"delivery note {note.part}"] = values | {LINES: lines_of(note, columns)}
    return found


def lines_of(paper: Invoice | DeliveryNote, columns: tuple[str, ...]) -> list[list[Any]]:
    return [[as_json(getattr(line, name)) for name in columns] for line in paper.lines.all()]


def differences(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> Iterator[Change]:
    for part in sorted(before.keys() | after.keys()):
        if part not in before or part not in after:
            yield Change(part, "", before.get(part) and part, after.get(part) and part)
            continue
        for name, value in before[part].items():
            if after[part][name] != value:
                yield Change(part, name, value, after[part][name])


# --- In the background ----------------------------------------------------------------------------------------------


def reread_soon(documents: QuerySet[Document], actor: AbstractBaseUser, now: datetime) -> int:
    """Has the documents read again when the workers have nothing else to do. How many."""
    waiting = documents.filter(state__in=(Document.State.READ, Document.State.ERROR))
    with transaction.atomic():
        for document in waiting.select_related("mga"):
            record_event(document.mga, document.pk, "document.reread_asked", actor=actor)
        count = waiting.update(reread_since=now)
    nudge_rereading()
    return count


def nudge_rereading() -> None:
    """Nudges for some of the documents that wait, unless jobs do: whoever sends something in comes first."""
    if is_in_the_way():
        return
    waiting = Document.objects.filter(reread_since__isnull=False).order_by("reread_since", "pk")
    for pk in waiting.values_list("pk", flat=True)[:NUDGED_AT_ONCE]:
        queue.nudge_rereading(pk)


def reread_at_once(document: Document, actor: AbstractBaseUser, engine: str) -> None:
    """For somebody who waits for it: the workers read it next, with the engine that was chosen ("": as the settings
    say) from now on."""
    with transaction.atomic():
        waiting = Document.objects.filter(pk=document.pk, state__in=(Document.State.READ, Document.State.ERROR))
        waiting.update(reread_since=timezone.now(), engine=engine)
        record_event(document.mga, document.pk, "document.reread_asked", actor=actor, data={"engine": engine})
        transaction.on_commit(lambda: queue.nudge_rereading(document.pk, at_once=True))


def reread_next(document_id: str, *, at_once: bool = False) -> None:
    """What a nudge asks for. A document that cannot be read again is left as it is. at_once: before what waits to be
    read for the first time."""
    document = Document.objects.select_related("mga").filter(pk=document_id, reread_since__isnull=False).first()
    if document is None or (is_in_the_way() and not at_once):
        return
    try:
        reread(document)
    except (ocr.OcrError, OSError, BusyDocumentError) as error:
        Document.objects.filter(pk=document.pk).update(reread_since=None)
        record_event(document.mga, document.pk, "document.reread_failed", data={"why": type(error).__name__})


def is_in_the_way() -> bool:
    """Whether documents wait to be read for the first time."""
    return Job.objects.filter(state=Job.State.QUEUED).exists()
