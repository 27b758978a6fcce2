"""Two tenants with identical-looking data: nothing of one is visible to the other, at any address of the API."""

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django.fixtures import Settings

from invoicedata.models import AccessToken, Mga, StaffLimit
from invoices import tasks
from invoices.models import DeliveryNote, Document, Event, Invoice, InvoiceRequest, Job, Pairing, Practice
from invoices.services import queue
from pims.models import Connection, PimsRecord
from tests.documents import make_pdf
from tests.factories import make_client, make_delivery_note, make_invoice, make_mga, make_pims_record, pair

MODELS = (
    AccessToken,
    Connection,
    DeliveryNote,
    Document,
    Event,
    Invoice,
    InvoiceRequest,
    Job,
    Pairing,
    PimsRecord,
    Practice,
)
SECRET = "Victim Veterinary"
PARAMETER = re.compile(r"<(?:\w+:)?\w+>")


@pytest.fixture(autouse=True)
def _jobs_run_at_once(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    monkeypatch.setattr(queue, "nudge_job", tasks.run_job)
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()


@pytest.fixture
def victim(transactional_db: None) -> Mga:
    mga = make_mga("victim", name=SECRET)
    make_pims_record(mga, practice={"id": "p1", "name": SECRET})
    invoice = make_invoice(mga, supplier_name=SECRET, venue=SECRET)
    pair(invoice, make_delivery_note(mga, supplier_name=SECRET))
    assert send(make_client(mga), headers={"Idempotency-Key": "k-1"}).status_code == 200
    return mga


@pytest.fixture
def stranger(victim: Mga) -> Client:
    """Another tenant, who knows every id of the victim."""
    return make_client(make_mga("stranger"))


def send(client: Client, operation: str = "process", headers: dict[str, str] | None = None) -> Any:
    file = SimpleUploadedFile("invoice.pdf", make_pdf())
    return client.post(f"/api/v1/invoice/C-1001/{operation}", {"invoice": file}, headers=headers)


def request_of_victim(stranger: Client) -> Any:
    theirs = InvoiceRequest.objects.get(mga="victim").pk
    found, missing = (stranger.get(f"/api/v1/invoice/requests/{pk}") for pk in (theirs, theirs[:-1] + "x"))
    assert (found.status_code, found.json()["error"]) == (404, missing.json()["error"])
    return found


def lookup_by_number(stranger: Client) -> Any:
    found = stranger.get("/api/v1/invoice/C-1001/lookup/INV-1042")
    assert (found.status_code, found.json()["error"]["code"]) == (404, "CUSTOMER_NOT_FOUND")
    return found


def lookup_by_file(stranger: Client) -> Any:
    found = send(stranger, "lookup")
    assert (found.status_code, "data" in found.json()) == (200, False)
    return found


def process_the_same_file(stranger: Client) -> Any:
    """It is not a duplicate of what another tenant sent, and not answered from their practice system."""
    found = send(stranger)
    body = found.json()
    assert (found.status_code, body["source"]) == (200, "OCR")
    assert "duplicate" not in [check["field"] for check in body["validationResults"]["checks"]]
    assert body["data"]["invoiceId"] not in Invoice.objects.filter(mga="victim").values_list("pk", flat=True)
    return found


def use_the_same_key(stranger: Client) -> Any:
    found = send(stranger, "lookup", headers={"Idempotency-Key": "k-1"})
    assert found.status_code == 200
    return found


def list_invoices(stranger: Client) -> Any:
    found = stranger.get("/api/invoices?limit=200")
    assert (found.json()["invoices"], found.json()["total"]) == ([], 0)
    for parameters in ("search=Victim", f"supplier={SECRET}", f"venue={SECRET}", "paired=false", "sort=supplier"):
        assert stranger.get(f"/api/invoices?{parameters}").json()["total"] == 0
    return found


def invoice_of_victim(stranger: Client) -> Any:
    theirs = Invoice.objects.filter(mga="victim").latest("pk").pk
    found, missing, odd = (stranger.get(f"/api/invoices/{pk}") for pk in (theirs, "inv_" + "0" * 32, "nonsense"))
    assert found.status_code == missing.status_code == odd.status_code == 404
    assert found.content == missing.content == odd.content == b'{"detail":"Invoice not found"}'
    return found


def upload_the_same_document(stranger: Client) -> Any:
    file = SimpleUploadedFile("invoice.pdf", make_pdf())
    found = stranger.post("/api/invoices", {"file": file})
    assert found.status_code == 202
    assert found.json()["duplicate"] is False
    return found


def open_address(stranger: Client) -> Any:
    return stranger.get("/api/v1/health")


TRIES: dict[str, list[Callable[[Client], Any]]] = {
    "v1/health": [open_address],
    "v1/invoice/<str:customer_id>/process": [process_the_same_file, use_the_same_key],
    "v1/invoice/<str:customer_id>/lookup": [lookup_by_file],
    "v1/invoice/<str:customer_id>/lookup/<number:invoice_number>": [lookup_by_number],
    "v1/invoice/requests/<str:request_id>": [request_of_victim],
    "v1/invoice/<text:customer_id>/process": [],
    "v1/invoice/<text:customer_id>/lookup": [],
    "v1/invoice/<text:customer_id>/lookup/<number:invoice_number>": [],
    "invoices": [list_invoices, upload_the_same_document],
    "invoices/<str:pk>": [invoice_of_victim],
    "schema": [],
    "docs": [],
    "^": [],
}


def rows_of_victim() -> dict[str, list[Any]]:
    found = {}
    for model in MODELS:
        owner = {Pairing: "invoice__mga", PimsRecord: "connection__mga"}.get(model, "mga")
        found[model.__name__] = list(model.objects.filter(**{owner: "victim"}).order_by("pk").values())
    return found


def files_of_victim(settings: Settings) -> dict[str, bytes]:
    folder = Path(settings.MEDIA_ROOT) / "victim"
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    "attempt", [attempt for attempts in TRIES.values() for attempt in attempts], ids=lambda attempt: attempt.__name__
)
def test_a_stranger_sees_and_changes_nothing(
    stranger: Client, settings: Settings, attempt: Callable[[Client], Any]
) -> None:
    rows, files = rows_of_victim(), files_of_victim(settings)
    assert files
    response = attempt(stranger)
    assert SECRET not in response.content.decode()
    assert "victim" not in response.content.decode()
    assert rows_of_victim() == rows
    assert files_of_victim(settings) == files


def test_the_victim_sees_it_all(victim: Mga) -> None:
    """Otherwise the tests above would pass on an empty database."""
    client = make_client(victim)
    assert client.get("/api/v1/invoice/C-1001/lookup/INV-1042").status_code == 200
    assert client.get(f"/api/v1/invoice/requests/{InvoiceRequest.objects.get().pk}").status_code == 200
    assert client.get("/api/invoices?search=Victim").json()["total"] >= 1
    assert client.get(f"/api/invoices/{Invoice.objects.latest('pk').pk}").status_code == 200


def flattened(patterns: list[Any], prefix: str = "") -> list[str]:
    """Every route below, whole."""
    found: list[str] = []
    for pattern in patterns:
        route = f"{prefix}{pattern.pattern}"
        found += flattened(pattern.url_patterns, route) if isinstance(pattern, URLResolver) else [route]
    return found


def ids_of_victim() -> list[str]:
    """Whatever an address could name."""
    invoice = Invoice.objects.filter(mga="victim").latest("pk")
    owned = (Document, DeliveryNote, InvoiceRequest, Job, AccessToken)
    others = [str(model.objects.filter(mga="victim").latest("pk").pk) for model in owned]
    return ["C-1001", "INV-1042", "victim", invoice.pk, *others]


def filled(route: str, values: tuple[str, ...]) -> str:
    for value in values:
        route = PARAMETER.sub(value, route, count=1)
    return route


def test_no_route_and_no_method_takes_anothers_ids(stranger: Client, settings: Settings) -> None:
    """Every route of the API, every method, every id in the place of every parameter."""
    rows, files, tried = rows_of_victim(), files_of_victim(settings), 0
    for route in flattened(get_resolver().url_patterns):
        names = PARAMETER.findall(route)
        if not route.startswith("api/") or not names or not route.endswith(">"):
            continue
        for chosen in itertools.product(ids_of_victim(), repeat=len(names)):
            path = "/" + filled(route, chosen)
            for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
                response = stranger.generic(method, path)
                tried += 1
                assert response.status_code in (400, 404, 405, 415) or method == "OPTIONS", (method, path)
                assert SECRET not in response.content.decode(), (method, path)
    assert tried > 500
    assert rows_of_victim() == rows
    assert files_of_victim(settings) == files


@pytest.fixture
def limited(victim: Mga) -> Client:
    """Staff who may do everything, for another tenant than the victim."""
    user = User.objects.create_user("limited", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    StaffLimit.objects.create(user=user).tenants.add(make_mga("stranger"))
    client = Client(raise_request_exception=True)
    client.force_login(user)
    return client


def test_staff_of_another_tenant_come_nowhere_near(limited: Client, settings: Settings) -> None:
    """Every address of the admin that names a row, with the victim's rows; and every list."""
    rows, files, tried = rows_of_victim(), files_of_victim(settings), 0
    models = {f"admin/{model._meta.label_lower.replace('.', '/')}/": model for model in admin.site._registry}
    for route in flattened(get_resolver().url_patterns):
        model = next((model for prefix, model in models.items() if route.startswith(prefix)), None)
        if model is None or route.endswith("(?P<url>.*)$"):
            continue
        keys = [str(row.pk) for row in model._default_manager.all()] if PARAMETER.search(route) else [""]
        for key in [key for key in keys if key != "stranger"]:
            path = "/" + PARAMETER.sub("1", PARAMETER.sub(key, route, count=1)) if key else f"/{route}"
            for method in ("GET", "POST"):
                response = limited.generic(method, path)
                tried += 1
                content = b"".join(response) if response.streaming else response.content  # type: ignore[arg-type]
                assert SECRET.encode() not in content, (method, path)
                if key and model in MODELS:
                    assert response.status_code in (302, 403, 404, 405), (method, path, response.status_code)
    assert tried > 100
    assert rows_of_victim() == rows
    assert files_of_victim(settings) == files


def routes(patterns: list[URLPattern | URLResolver]) -> set[str]:
    found = set()
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            found |= routes(pattern.url_patterns)
        else:
            found.add(str(pattern.pattern).removesuffix("/"))
    return found


def test_every_address_of_the_api_is_tried() -> None:
    api = next(p for p in get_resolver().url_patterns if isinstance(p, URLResolver) and str(p.pattern) == "api/")
    assert routes(api.url_patterns) == set(TRIES)
