"""How fast invoices are exported, and in how much memory: makes COUNT invoices of two lines, exports each format.

usage: python -m bench.export [--count 1000000] [--formats csv xlsx …]      (DATABASE_URL as for the service)
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import django
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
BATCH = 5000
MGA = "bench-export"


def fill(count: int) -> None:
    """Invoices up to `count`."""
    from invoicedata.models import Mga
    from invoices.models import Document, Invoice, InvoiceLine

    mga, _ = Mga.objects.get_or_create(mga_id=MGA, name="Export")
    document, _ = Document.objects.get_or_create(mga=mga, sha256="0" * 64, size=1, file="x", filename="a.pdf")
    start = Invoice.objects.filter(mga=mga).count()
    for first in tqdm(range(start, count, BATCH), desc="filling", unit_scale=BATCH, disable=not sys.stderr.isatty()):
        invoices = [
            Invoice(
                mga=mga,
                document=document,
                part=number,
                filename=f"scan-{number}.pdf",
                supplier_name=f"Supplier {number % 997} & Co",
                invoice_number=f"INV-{number}",
                issue_date=f"20{10 + number % 15}-0{1 + number % 9}-1{number % 9}",
                currency="GBP",
                net_total=Decimal(number % 100_000) / 100,
                gross_total=Decimal(number % 100_000) / 100,
                confidence=0.9,
            )
            for number in range(first, min(first + BATCH, count))
        ]
        Invoice.objects.bulk_create(invoices)
        InvoiceLine.objects.bulk_create(
            InvoiceLine(invoice=invoice, position=position, description="Linen, white", net_amount=invoice.net_total)
            for invoice in invoices
            for position in (1, 2)
        )


def main() -> None:
    from invoices import exports

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--formats", nargs="+", choices=exports.FORMATS, default=list(exports.FORMATS))
    options = parser.parse_args()
    fill(options.count)
    with tempfile.TemporaryDirectory() as folder:
        for form in options.formats:
            path = Path(folder) / f"x{exports.FORMATS[form][0]}"
            command = [sys.executable, "manage.py", "export", str(path), "--format", form, "--mga", MGA]
            started = time.monotonic()
            subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
            seconds = time.monotonic() - started
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # the largest child so far
            speed, size = options.count / seconds, path.stat().st_size / 1e6
            print(f"{form:<10} {seconds:7.1f} s {speed:10,.0f} invoices/s {size:8.0f} MB {peak:6.0f} MB RSS")
            path.unlink()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "invoicedata.settings")
    django.setup()
    main()
