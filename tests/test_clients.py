"""The generated clients: they are what the generators make today, and the Python one talks to the service."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from invoicedata.tokens import issue_token
from invoices import tasks
from invoices.services import queue
from scripts import make_clients
from tests.documents import make_pdf
from tests.factories import make_mga, make_pims_record

EXAMPLES = make_clients.ROOT / "docs" / "examples"
PACKAGE = EXAMPLES / make_clients.PACKAGE


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The client, importable."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import invoice_data_client

    yield invoice_data_client
    for name in [name for name in sys.modules if name.startswith(make_clients.PACKAGE)]:
        del sys.modules[name]


@pytest.fixture
def client(package: Any, transactional_db: None, live_server: LiveServer, settings: Settings, tmp_path: Path) -> Any:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    mga = make_mga()
    make_pims_record(mga)
    return package.AuthenticatedClient(
        base_url=live_server.url, token=issue_token(mga), raise_on_unexpected_status=True
    )


@pytest.fixture(autouse=True)
def _jobs_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "nudge_job", tasks.run_job)


def test_a_program_sends_an_invoice_and_reads_typed_answers(client: Any) -> None:
    from invoice_data_client.api.invoices import get_invoice, list_invoices, lookup_invoice_by_number, process_invoice
    from invoice_data_client.models import InvoiceDetail, InvoiceResponse, InvoiceUpload
    from invoice_data_client.types import File

    body = InvoiceUpload(invoice=File(io.BytesIO(make_pdf()), "invoice.pdf", "application/pdf"))
    answer = process_invoice.sync("C-1001", client=client, body=body, idempotency_key="first")
    assert isinstance(answer, InvoiceResponse)
    assert (answer.status, answer.data.invoice_number, answer.source) == ("completed", "INV-1042", "PIMS")
    found = lookup_invoice_by_number.sync("C-1001", "INV-1042", client=client)
    assert found.data.total_amount == answer.data.total_amount
    listed = list_invoices.sync(client=client, limit=10)
    (row,) = listed.invoices
    one = get_invoice.sync(row.id, client=client)
    assert isinstance(one, InvoiceDetail) and one.id == row.id


def test_what_is_refused_is_a_typed_answer_too(client: Any) -> None:
    from invoice_data_client.api.invoices import get_invoice, lookup_invoice_by_number
    from invoice_data_client.models import Detail, ErrorResponse

    missing = lookup_invoice_by_number.sync("C-1001", "none", client=client)
    assert isinstance(missing, ErrorResponse) and missing.error.code == "INVOICE_NOT_FOUND"
    other = get_invoice.sync("inv_nonsense", client=client)
    assert isinstance(other, Detail) and other.detail == "Invoice not found"


def test_the_python_client_is_what_its_generator_makes(tmp_path: Path) -> None:
    make_clients.make_python_client(yaml.safe_load(make_clients.DOCUMENT.read_text()), tmp_path)
    made = {path.relative_to(tmp_path) for path in tmp_path.rglob("*.py")}
    assert made == {path.relative_to(EXAMPLES) for path in PACKAGE.rglob("*.py")}
    stale = [str(path) for path in made if (tmp_path / path).read_text() != (EXAMPLES / path).read_text()]
    assert stale == [], "make clients"


def test_the_collection_has_every_operation() -> None:
    collection = json.loads((EXAMPLES / make_clients.COLLECTION).read_text())
    requests = [item["request"] for folder in collection["item"] for item in folder["item"]]
    found = {(one["method"], "/" + "/".join(one["url"]["path"])) for one in requests}
    paths = yaml.safe_load(make_clients.DOCUMENT.read_text())["paths"]
    wanted = {
        (method.upper(), path.replace("{", ":").replace("}", ""))
        for path, operations in paths.items()
        for method in operations
        if method in ("get", "post", "put", "patch", "delete")
    }
    assert found == wanted
