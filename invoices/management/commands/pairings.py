"""`manage.py pairings`: which delivery notes belong to which invoice, and where the quantities differ."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand
from django.db.models import Prefetch

from invoices.models import Invoice, Pairing
from invoices.services.pairing import variances_of


class Command(BaseCommand):
    help = "Prints, for each invoice, its delivery notes and the articles of which another quantity was billed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--mga", help="only this tenant's")
        parser.add_argument("--jsonl", action="store_true", help="one JSON object an invoice")

    def handle(self, *args: Any, mga: str | None, jsonl: bool, **options: Any) -> None:
        standing = Pairing.objects.exclude(status=Pairing.Status.REJECTED).order_by("-score", "delivery_note_id")
        notes = standing.select_related("delivery_note__document").prefetch_related("delivery_note__lines")
        invoices = Invoice.objects.select_related("document").order_by("created_at", "id")
        if mga:
            invoices = invoices.filter(mga=mga)
        for invoice in invoices.prefetch_related("lines", Prefetch("pairings", notes)).iterator(chunk_size=500):
            row = report(invoice)
            self.stdout.write(json.dumps(row, ensure_ascii=False) if jsonl else summarise(row))


def report(invoice: Invoice) -> dict[str, Any]:
    pairings = list(invoice.pairings.all())
    found = variances_of(invoice, [pairing.delivery_note for pairing in pairings])
    return {
        "file": invoice.document.filename,
        "invoiceNumber": invoice.invoice_number,
        "deliveryNotes": [
            {
                "file": pairing.delivery_note.document.filename,
                "number": pairing.delivery_note.number,
                "status": pairing.status,
                "score": pairing.score,
            }
            for pairing in pairings
        ],
        "variances": [
            {
                "sku": variance.sku,
                "description": variance.description,
                "invoiced": float(variance.invoiced),
                "delivered": float(variance.delivered),
            }
            for variance in found
        ],
    }


def summarise(row: dict[str, Any]) -> str:
    notes = ", ".join(f"{n['number']} ({n['status']}, {n['score']:.2f})" for n in row["deliveryNotes"]) or "no note"
    lines = [f"{row['file']}: {row['invoiceNumber'] or 'no number'}: {notes}"]
    lines += [
        f"    {v['description']}: {v['invoiced']:g} invoiced, {v['delivered']:g} delivered" for v in row["variances"]
    ]
    return "\n".join(lines)
