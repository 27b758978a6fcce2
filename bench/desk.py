"""How long a reviewer waits: from asking for a page of the review desk until picture and form are there.

    python -m bench.desk [--rounds 9]

Starts the service on a free port with a database of its own, sends scans of three pages in, and opens their invoices in
Chromium, each round with an empty cache. Figures are the browser's own: from the start of the navigation, or from the
key that approves, to the mark "usable" that the page sets when its first picture is drawn and its form is filled.
"""

import argparse
import io
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import requests
from django.core.management import call_command
from PIL import Image

from bench import machines

SAMPLES = machines.ROOT / "tests" / "data"
PAGES = ("vet-invoice-unknown.jpg", "vet-invoice.jpg", "vet-invoice-photo.jpg")
ENVIRONMENT = {"INVOICE_FILE_REQUIREMENTS": "advisory", "OCR_DOCUMENT_SECONDS": "900", "OCR_PAGE_SECONDS": "300"}
SCANS = 2
READ_SECONDS = 900.0
OPENED, NEXT = 400, 200  # milliseconds that it may take at the median
USABLE = "() => performance.getEntriesByName('usable').map((mark) => mark.startTime)"

USABLE_TIMES = "(times) => performance.getEntriesByName('usable').length === times"


def make_scan(number: int) -> bytes:
    """A TIFF of three pages, different bytes for each number."""
    frames = [Image.open(SAMPLES / name).convert("RGB") for name in PAGES]
    target = io.BytesIO()
    frames[0].save(
        target, format="TIFF", compression="jpeg", save_all=True, append_images=frames[1:], description=f"scan {number}"
    )
    return target.getvalue()


def send_scans(service: machines.Service, tenant: machines.Tenant, count: int) -> None:
    for number in range(count):
        files = {"file": (f"scan-{number}.tif", make_scan(number))}
        answer = requests.post(f"{service.url}/api/invoices", headers=tenant.headers, files=files, timeout=60)
        answer.raise_for_status()


def invoices_of_three_pages() -> list[str]:
    """Ids of the invoices; each is made to stand on all its document's pages, and flagged."""
    from invoices.models import Document, Finding, Invoice

    found = []
    for document in Document.objects.filter(state=Document.State.READ).order_by("created_at"):
        invoice = document.invoices.order_by("part").first()
        if invoice is None:
            continue
        Finding.objects.get_or_create(
            invoice=invoice, rule="bench", defaults={"severity": "warning", "message": "To be looked at."}
        )
        Invoice.objects.filter(document=document).exclude(pk=invoice.pk).update(open_findings=0)
        Invoice.objects.filter(pk=invoice.pk).update(page_numbers=[1, 2, 3], open_findings=1)
        found.append(invoice.pk)
    return found


def sign_in() -> str:
    """The cookie of a reviewer."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    client.force_login(get_user_model().objects.create_superuser("bench"))
    return client.cookies["sessionid"].value


def measure(url: str, ids: list[str], cookie: str, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each opening, and of each step to the next invoice."""
    from playwright.sync_api import sync_playwright

    opened, stepped = [], []
    with sync_playwright() as driver:
        program = shutil.which("chromium") or machines.find_program("chromium")
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for number in range(rounds):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            context.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])
            page = context.new_page()
            page.goto(f"{url}/admin/invoices/invoice/{ids[number % len(ids)]}/review/")
            page.wait_for_function(USABLE_TIMES, arg=1)
            opened.append(page.evaluate(USABLE)[0])
            page.wait_for_load_state("networkidle")
            pressed = page.evaluate("() => { document.getElementById('skip').click(); return performance.now(); }")
            page.wait_for_function(USABLE_TIMES, arg=2)
            stepped.append(page.evaluate(USABLE)[1] - pressed)
            context.close()
        browser.close()
    return opened, stepped


def tell(name: str, times: list[float], limit: int) -> bool:
    median = statistics.median(times)
    print(f"{name:<34}{median:>6.0f} ms at the median (at most {limit}), {min(times):.0f} to {max(times):.0f}")
    return median <= limit


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    folder = Path(tempfile.mkdtemp(prefix="desk-"))
    try:
        machines.use({"DATA_DIR": str(folder)})
        call_command("collectstatic", "--noinput", verbosity=0)
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # the browser's driver runs an event loop in this thread
        tenant = machines.make_tenant("bench")
        service = machines.Service(folder, ENVIRONMENT)
        service.start()
        try:
            send_scans(service, tenant, SCANS)
            machines.wait_until(lambda: len(invoices_of_three_pages()) == SCANS, READ_SECONDS, "reading the scans")
            opened, stepped = measure(service.url, invoices_of_three_pages(), sign_in(), rounds)
        finally:
            service.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    results = [tell("a scan of three pages, opened", opened, OPENED), tell("the next one", stepped, NEXT)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
