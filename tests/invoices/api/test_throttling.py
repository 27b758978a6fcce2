"""429, in each contract's shape, with Retry-After; and who is counted."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

from invoicedata import limits
from invoicedata.models import Mga
from invoices.models import Document, Job
from tests.documents import make_pdf
from tests.factories import make_client, make_document, make_mga

PROCESS = "/api/v1/invoice/C-1/process"
UPLOADS = [(PROCESS, "invoice"), ("/api/v1/invoice/C-1/lookup", "invoice"), ("/api/invoices", "file")]


@pytest.fixture(autouse=True)
def _nothing_used_yet(db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = ""
    settings.SYNC_WAIT_SECONDS = 0
    monkeypatch.setattr(limits.request_permits, "window", 0)


def upload(client: Client, path: str = PROCESS, part: str = "invoice") -> Any:
    return client.post(path, {part: SimpleUploadedFile("a.pdf", make_pdf())})


def assert_limited(response: Any) -> None:
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    body = response.json()
    if "detail" in body:
        assert set(body) == {"detail"}
    else:
        assert set(body) == {"requestId", "status", "completedAt", "error"}
        assert body["error"]["code"] == "RATE_LIMITED"


@pytest.mark.parametrize("path", ["/api/invoices", "/api/v1/invoice/C-1/lookup/A1", "/api/nothing"])
def test_an_address_that_asks_too_often_is_refused(settings: Settings, path: str) -> None:
    settings.ADDRESS_REQUESTS_PER_MINUTE = 2
    client = Client()
    assert [client.get(path).status_code for _ in range(2)] != [429, 429]
    assert_limited(client.get(path))
    assert client.get(path, REMOTE_ADDR="203.0.113.9").status_code != 429


def test_health_is_never_refused(settings: Settings) -> None:
    settings.ADDRESS_REQUESTS_PER_MINUTE = 1
    assert 429 not in [Client().get("/api/v1/health").status_code for _ in range(4)]


@pytest.mark.parametrize("path", ["/api/invoices", "/api/v1/invoice/C-1/lookup/A1"])
def test_a_tenant_that_asks_too_often_is_refused_whatever_its_token(path: str) -> None:
    mga = make_mga(requests_per_minute=2)
    for _ in range(2):
        assert make_client(mga).get(path).status_code != 429
    assert_limited(make_client(mga).get(path))
    assert make_client(make_mga("other")).get(path).status_code != 429


def test_by_default_a_hundred_requests_a_second_pass() -> None:
    client = make_client(make_mga())
    assert {client.get("/api/invoices?limit=1").status_code for _ in range(200)} == {200}
    assert Mga(mga_id="x").limit("requests_per_minute") >= 100 * 60


@pytest.mark.parametrize(("path", "part"), UPLOADS)
@pytest.mark.parametrize("limited", [{"uploads_per_day": 1}, {"megabytes_per_day": 1}], ids=str)
def test_uploads_and_their_bytes_are_limited(path: str, part: str, limited: dict[str, int]) -> None:
    client = make_client(make_mga(**limited))
    answers = [
        client.post(path, {part: SimpleUploadedFile("a.pdf", make_pdf(size=600_000 + n))}).status_code for n in (0, 1)
    ]
    assert answers == [202, 429]
    assert Document.objects.count() == 1


@pytest.mark.parametrize(("path", "part"), UPLOADS)
def test_what_waits_to_be_read_is_limited_by_tenant(path: str, part: str) -> None:
    mga = make_mga(max_queued_jobs=1)
    Job.objects.create(mga=mga, document=make_document(mga))
    assert_limited(upload(make_client(mga), path, part))
    assert upload(make_client(make_mga("other")), path, part).status_code == 202


def test_zero_means_no_limit() -> None:
    mga = make_mga(uploads_per_day=0, megabytes_per_day=0, max_queued_jobs=0, requests_per_minute=0)
    assert upload(make_client(mga)).status_code == 202


def test_staff_change_a_tenants_limits(admin_client: Client) -> None:
    mga = make_mga()
    page = admin_client.get(f"/admin/invoicedata/mga/{mga.pk}/change/")
    shown = page.context["adminform"].form.initial
    values = {name: value for name, value in shown.items() if value is not None}
    answer = admin_client.post(f"/admin/invoicedata/mga/{mga.pk}/change/", values | {"uploads_per_day": "7"})
    assert answer.status_code == 302
    mga.refresh_from_db()
    assert (mga.limit("uploads_per_day"), mga.uploads_per_day, mga.megabytes_per_day) == (7, 7, None)
