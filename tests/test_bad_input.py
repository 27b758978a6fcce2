"""Bad input through the real addresses and the real reader: refused in the contract's shape, soon, leaving nothing."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

from invoicedata.models import Mga
from invoices import tasks
from invoices.models import Document, Event, Invoice, InvoiceRequest, Job, WebhookDelivery
from invoices.services import queue
from tests.documents import make_pdf
from tests.factories import make_client, make_mga
from tests.hostile import DAMAGED, REFUSED, mutations

LONGEST = 30.0  # seconds for an answer
DECODER_KILOBYTES = 900 * 1024
GROWTH_KILOBYTES = 100 * 1024  # of this process, which plays the web server
ADDRESS = "/api/v1/invoice/C-1001/process"
WARM_UP = 30  # files, before growth is measured
BOUNDARY = "XxXxBOUNDARYxXxX"


@pytest.fixture
def mga(transactional_db: None) -> Mga:
    return make_mga("acme")


@pytest.fixture
def client(mga: Mga) -> Client:
    return make_client(mga)


@pytest.fixture(autouse=True)
def _jobs_run_at_once(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(queue, "nudge_job", tasks.run_job)
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    own = kilobytes(Path("/proc/self"), "VmRSS")
    with watching_decoders() as peaks:
        yield
    assert kilobytes(Path("/proc/self"), "VmRSS") - own < GROWTH_KILOBYTES
    assert max(peaks, default=0) < DECODER_KILOBYTES


def kilobytes(process: Path, measure: str) -> int:
    """A measure of a process (a folder of /proc); 0 once it is gone."""
    try:
        status = (process / "status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith(measure)), 0)


def is_decoder(process: Path) -> bool:
    try:
        return b"ocr.child\0decoder" in (process / "cmdline").read_bytes()
    except OSError:
        return False


@contextmanager
def watching_decoders() -> Iterator[list[int]]:
    """The peaks in kilobytes of the processes that open files, looked at often."""
    peaks: list[int] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.1):
            decoders = [process for process in Path("/proc").glob("[0-9]*") if is_decoder(process)]
            peaks.extend(kilobytes(process, "VmHWM") for process in decoders)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        stop.set()
        thread.join()


def assert_refused(response: Any, code: str) -> None:
    assert response.status_code == 400, response.content
    body = response.json()
    assert set(body) == {"requestId", "status", "completedAt", "error"}
    assert (body["status"], body["error"]["code"]) == ("failed", code)
    assert response["X-Request-ID"] == body["requestId"]


def assert_nothing_stored(settings: Settings) -> None:
    for model in (Document, InvoiceRequest, Job, Invoice, WebhookDelivery):
        assert not model.objects.exists(), model
    assert not set(Event.objects.values_list("action", flat=True)) - {"token.issued", "staff.signed_in"}
    assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []
    assert list(settings.FILE_UPLOAD_TEMP_DIR.iterdir()) == []


@pytest.mark.parametrize("operation", ["process", "lookup"])
@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_file_is_refused(client: Client, settings: Settings, name: str, operation: str) -> None:
    make, code = REFUSED[name]
    content = make()
    started = time.monotonic()
    response = client.post(
        f"/api/v1/invoice/C-1001/{operation}", {"invoice": SimpleUploadedFile("invoice.pdf", content)}
    )
    assert time.monotonic() - started < LONGEST
    assert_refused(response, code)
    assert_nothing_stored(settings)


@pytest.mark.parametrize("name", DAMAGED)
def test_a_file_that_is_damaged_inside_is_refused_when_it_is_read(client: Client, name: str) -> None:
    """It is kept, with the reason, and nothing is left open."""
    assert_refused(
        client.post(ADDRESS, {"invoice": SimpleUploadedFile("invoice.pdf", DAMAGED[name]())}), "INVALID_FILE_FORMAT"
    )
    assert Document.objects.get().state == Document.State.ERROR
    assert Job.objects.get().state == Job.State.FAILED
    assert InvoiceRequest.objects.get().state == InvoiceRequest.State.FAILED
    assert [invoice.status for invoice in Invoice.objects.all()] == [Invoice.Status.ERROR]


def test_three_hundred_damaged_files_each_get_a_verdict(client: Client, settings: Settings) -> None:
    """Nothing is recognised: it is what opens the files that is tried."""
    settings.OCR_ENGINE = "tests.ocr.engines:BlindEngine"
    count, grown = 0, 0
    for count, (name, content) in enumerate(mutations(), start=1):
        started = time.monotonic()
        response = client.post("/api/invoices", {"file": SimpleUploadedFile("invoice.pdf", content)})
        assert time.monotonic() - started < LONGEST, name
        assert response.status_code in (202, 400), (name, response.content)
        assert response["Content-Type"] == "application/json", name
        if count == WARM_UP:
            grown = kilobytes(Path("/proc/self"), "VmRSS")
    assert count >= 300
    assert not Document.objects.filter(state=Document.State.PENDING).exists()
    assert not Document.objects.filter(state=Document.State.ERROR, error_code="").exists()
    assert not Job.objects.exclude(state__in=(Job.State.DONE, Job.State.FAILED)).exists()
    assert kilobytes(Path("/proc/self"), "VmRSS") - grown < 50 * 1024


def test_after_a_file_that_exhausts_its_reader_the_next_one_is_read(client: Client) -> None:
    bombs = ("PDF, a gigabyte deflated twice", "PDF, a billion laughs", "PNG, 50,000 x 50,000 pixels")
    for name in bombs:
        client.post(ADDRESS, {"invoice": SimpleUploadedFile("invoice.pdf", REFUSED[name][0]())})
        again = client.post(ADDRESS, {"invoice": SimpleUploadedFile("invoice.pdf", make_pdf())})
        assert again.status_code == 200


def test_a_page_of_200_inches_is_read_like_any_other(client: Client) -> None:
    content = make_pdf(width=14_400, height=14_400)
    assert client.post(ADDRESS, {"invoice": SimpleUploadedFile("invoice.pdf", content)}).status_code == 200


@pytest.mark.parametrize("size", [50 * 1024, 10 * 1024 * 1024])
def test_the_limits_themselves_are_allowed(client: Client, size: int) -> None:
    content = make_pdf(size=size)
    assert len(content) == size
    assert client.post(ADDRESS, {"invoice": SimpleUploadedFile("a.pdf", content)}).status_code == 200


def test_an_advisory_service_takes_small_files_with_a_warning(client: Client, settings: Settings) -> None:
    settings.INVOICE_FILE_REQUIREMENTS = "advisory"
    response = client.post(ADDRESS, {"invoice": SimpleUploadedFile("a.pdf", make_pdf(size=5_000))})
    assert response.status_code == 200
    statuses = [check["status"] for check in response.json()["validationResults"]["checks"]]
    assert "warning" in statuses


def part(name: str, content: bytes, filename: str | None = None, headers: str = "") -> bytes:
    shown = "" if filename is None else f'; filename="{filename}"'
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{shown}\r\n{headers}\r\n'
    return head.encode("utf-8", "surrogateescape") + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()
FILE = part("invoice", make_pdf(), "invoice.pdf")
FORMS: dict[str, tuple[bytes, str]] = {
    "no parts": (END, "INVOICE_FILE_MISSING"),
    "no invoice": (part("webhookUrl", b"") + END, "INVOICE_FILE_MISSING"),
    "invoice under another name": (part("file", make_pdf(), "invoice.pdf") + END, "INVOICE_FILE_MISSING"),
    "invoice in capitals": (part("INVOICE", make_pdf(), "invoice.pdf") + END, "INVOICE_FILE_MISSING"),
    "invoice as text": (part("invoice", b"%PDF-1.4") + END, "INVOICE_FILE_MISSING"),
    "invoice without a file name": (part("invoice", make_pdf(), "") + END, "INVOICE_FILE_MISSING"),
    "invoice twice": (FILE + FILE + END, "INVOICE_FILE_MISSING"),
    "invoice as file and as text": (FILE + part("invoice", b"x") + END, "INVOICE_FILE_MISSING"),
    "name is two dots": (part("invoice", make_pdf(), "..") + END, "INVOICE_FILE_MISSING"),
    "cut off within the file": (FILE[:30_000], "INVOICE_FILE_MISSING"),
    "cut off within the header": (FILE[:40], "INVOICE_FILE_MISSING"),
    "another boundary": ((FILE + END).replace(BOUNDARY.encode(), b"other"), "INVOICE_FILE_MISSING"),
    "webhookUrl twice": (FILE + 2 * part("webhookUrl", b"https://93.184.215.14/") + END, "INVALID_WEBHOOK_URL"),
    "webhookUrl as a file": (FILE + part("webhookUrl", b"https://x", "u.txt") + END, "INVALID_WEBHOOK_URL"),
    "webhookUrl of two megabytes": (FILE + part("webhookUrl", b"a" * 2_000_000) + END, "INVALID_REQUEST"),
    "101 files": (b"".join(part(f"f{n}", b"x", "x.pdf") for n in range(101)) + FILE + END, "INVALID_REQUEST"),
    "3,000 fields": (b"".join(part(f"f{n}", b"x") for n in range(3000)) + FILE + END, "INVALID_REQUEST"),
    "base64 that is none": (
        part("invoice", b"!!!!" * 20_000 + b"a", "a.pdf", "Content-Transfer-Encoding: base64\r\n") + END,
        "INVALID_REQUEST",
    ),
}


def post_form(client: Client, body: bytes, charset: str = "") -> Any:
    return client.generic("POST", ADDRESS, body, f"multipart/form-data; boundary={BOUNDARY}{charset}")


@pytest.mark.parametrize("name", FORMS)
def test_a_bad_form_is_refused(client: Client, settings: Settings, name: str) -> None:
    body, code = FORMS[name]
    assert_refused(post_form(client, body), code)
    assert_nothing_stored(settings)


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\Users\\\\me\\\\scan.pdf", "scan.pdf"),
        ("a\x00b.pdf", "ab.pdf"),
        ("/", "document"),
        ("rechnung-\u202efdp.exe", "rechnung-fdp.exe"),
        ("<img src=x onerror=alert(1)>.pdf", "<img src=x onerror=alert(1)>.pdf"),
        ("n" * 300 + ".pdf", "n" * 251 + ".pdf"),
        ("Überweisung 日本.pdf", "Überweisung 日本.pdf"),
        ("&#46;&#46;&#47;x.pdf", "x.pdf"),
    ],
)
def test_a_file_name_is_only_ever_shown(client: Client, settings: Settings, filename: str, shown: str) -> None:
    response = post_form(client, part("invoice", make_pdf(), filename) + END)
    if shown == "document":  # Django takes a name without any letter for no file
        assert_refused(response, "INVOICE_FILE_MISSING")
        return
    assert response.status_code == 200
    document = Document.objects.get()
    assert document.filename == shown
    assert document.file.name == f"acme/{document.sha256[:2]}/{document.sha256}"
    assert [path.name for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == [document.sha256]


@pytest.mark.parametrize("charset", ["; charset=utf-7", "; charset=nonsense", "; charset=utf-16"])
def test_an_odd_character_set_is_no_harm(client: Client, charset: str) -> None:
    assert post_form(client, FILE + END, charset).status_code in (200, 400)


def test_a_declared_size_is_judged_before_anything_is_read(client: Client, settings: Settings) -> None:
    response = client.generic(
        "POST",
        ADDRESS,
        FILE,
        f"multipart/form-data; boundary={BOUNDARY}",
        CONTENT_LENGTH=str(300_000_000),
    )
    assert_refused(response, "FILE_TOO_LARGE")
    assert_nothing_stored(settings)


@pytest.mark.parametrize("debug", [False, True])
def test_a_form_of_the_admin_is_bounded_too(admin_client: Client, settings: Settings, debug: bool) -> None:
    settings.DEBUG = debug
    admin_client.raise_request_exception = False
    address = "/admin/auth/user/add/"
    response = admin_client.post(address, {"file": SimpleUploadedFile("a.pdf", bytes(11 * 1024 * 1024))})
    assert (response.status_code, response["Location"]) == (303, address)
    assert "larger than 10 MB" in admin_client.get(address).content.decode()
    to_script = admin_client.post(
        address,
        {"file": SimpleUploadedFile("a.pdf", bytes(11 * 1024 * 1024))},
        headers={"Accept": "application/json"},
    )
    assert to_script.status_code == 400
    assert "larger than 10 MB" in to_script.json()["files"][0]["error"]
    assert_nothing_stored(settings)
