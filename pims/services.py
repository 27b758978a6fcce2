"""Every write to the practice systems' records."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from invoicedata.models import Mga
from pims.connectors import LOCAL
from pims.imports import Entry
from pims.models import Amendment, Connection, ImportBatch, PimsRecord
from pims.numbers import digits, normalise
from pims.profiles import load_profile
from pims.types import PimsInvoice, complete, to_json

CHUNK = 500  # records a query


@dataclass(slots=True)
class ImportResult:
    """What became of each invoice of an import. `problems`: (where, what is wrong)."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)


def local_connection(mga: Mga, name: str = "local") -> Connection:
    """The tenant's connection of imported records, made on first use."""
    connection, _ = Connection.objects.get_or_create(
        mga=mga, name=name, defaults={"kind": LOCAL, "time_zone": mga.time_zone}
    )
    return connection


def save_profile(connection: Connection, profile: dict[str, Any]) -> None:
    """The profile that was tried becomes the connection's. Raises PimsConfigError for one that is not right."""
    load_profile(profile)
    connection.options = connection.options | {"profile": profile}
    connection.save(update_fields=["options"])


class _DryRun(Exception):
    """Leaves the transaction without a trace."""


def import_records(
    connection: Connection,
    entries: Iterable[Entry],
    *,
    filename: str,
    preset: str,
    dry_run: bool = False,
    progress: Callable[[int], object] = lambda count: None,
) -> ImportResult:
    """Stores the invoices of an export, in one transaction: each whole or not at all, and nothing when the file turns
    out to be broken. Importing the same again changes nothing; a changed total is kept as an amendment."""
    result = ImportResult()
    try:
        with transaction.atomic():
            batch = ImportBatch.objects.create(connection=connection, filename=filename[:255], preset=preset)
            stream = iter(entries)
            while chunk := list(islice(stream, CHUNK)):
                _import_chunk(connection, batch, chunk, result)
                progress(len(chunk))
            batch.added, batch.changed, batch.unchanged = result.added, result.changed, result.unchanged
            batch.failed = len(result.problems)
            batch.save()
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return result


def _import_chunk(connection: Connection, batch: ImportBatch, chunk: list[Entry], result: ImportResult) -> None:
    result.problems += [(entry.where, entry.problem) for entry in chunk if entry.invoice is None]
    fresh: dict[str, PimsRecord] = {}
    for entry in chunk:
        if entry.invoice is not None:
            record = _record(connection, batch, entry.invoice)
            if record.source_id in fresh:
                result.problems.append((entry.where, f"the invoice {record.number!r} stands in the file twice"))
            else:
                fresh[record.source_id] = record
    known = {r.source_id: r for r in PimsRecord.objects.filter(connection=connection, source_id__in=fresh)}
    added = [record for key, record in fresh.items() if key not in known]
    changed = [r for key, r in fresh.items() if key in known and known[key].content_hash != r.content_hash]
    for record in changed:
        record.pk = known[record.source_id].pk
    Amendment.objects.bulk_create(
        _amendment(known[r.source_id], r) for r in changed if known[r.source_id].total != r.total
    )
    PimsRecord.objects.bulk_create(added)
    PimsRecord.objects.bulk_update(
        changed,
        [
            "number",
            "number_key",
            "number_digits",
            "customer_id",
            "invoice_date",
            "total",
            "payload",
            "content_hash",
            "batch",
        ],
    )
    result.added += len(added)
    result.changed += len(changed)
    result.unchanged += len(fresh) - len(added) - len(changed)


def _record(connection: Connection, batch: ImportBatch, invoice: PimsInvoice) -> PimsRecord:
    today = datetime.now(ZoneInfo(connection.time_zone)).date()
    payload = to_json(complete(invoice, today))
    canonical = json.dumps(to_json(invoice), sort_keys=True)
    return PimsRecord(
        connection=connection,
        batch=batch,
        source_id=(invoice.source_id or normalise(invoice.invoice_number))[:128],
        number=invoice.invoice_number[:100],
        number_key=normalise(invoice.invoice_number)[:100],
        number_digits=digits(invoice.invoice_number)[:100],
        customer_id=(invoice.customer.id or "")[:128],
        invoice_date=invoice.invoice_date,
        total=invoice.total,
        payload=payload,
        content_hash=hashlib.sha256(canonical.encode()).hexdigest(),
    )


def _amendment(before: PimsRecord, after: PimsRecord) -> Amendment:
    return Amendment(
        record=before,
        batch=after.batch,
        total_before=before.total,
        total_after=after.total,
        payload_before=before.payload,
        at=timezone.now(),
    )
