"""Files in an object store: the whole way of a document, against a server that speaks S3."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import default_storage, storages
from django.utils import timezone
from pytest_django.fixtures import Settings

from bench.machines import ObjectStore
from invoicedata.storage import storage_options
from invoices.errors import UnavailableError
from invoices.models import Document, Invoice, Job
from invoices.services import processing
from invoices.services.erasure import erase_document
from invoices.services.intake import accept_document
from invoices.services.rendering import picture_of
from tests.documents import make_pdf
from tests.factories import make_mga
from tests.invoices.api.conftest import Reader

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    store = ObjectStore()
    yield store
    store.close()


@pytest.fixture
def store(server: ObjectStore, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    url = server.environment["STORAGE_URL"]
    settings.STORAGES = settings.STORAGES | {"default": storage_options(url), "pictures": storage_options(url)}
    return server


@pytest.fixture
def lost(server: ObjectStore, store: ObjectStore, settings: Settings) -> None:
    """From now on the object store does not answer."""
    options = storage_options("s3://invoices?endpoint=http://127.0.0.1:1&region=eu-west-1")
    options["OPTIONS"]["client_config"] = options["OPTIONS"]["client_config"].merge(
        type(options["OPTIONS"]["client_config"])(retries={"total_max_attempts": 1})
    )
    settings.STORAGES = settings.STORAGES | {"default": options}


def accept(mga_id: str = "acme") -> Document:
    return accept_document(make_mga(mga_id), io.BytesIO(make_pdf()), filename="a.pdf", source="api").document


@pytest.mark.django_db
def test_a_document_is_stored_read_and_erased_there_and_nowhere_else(
    store: ObjectStore, settings: Settings, reader: Reader
) -> None:
    document = accept()
    with document.file.open("rb") as stored:
        assert stored.read() == make_pdf()
    assert not Path(settings.MEDIA_ROOT).exists()
    processing.run_job(Job.objects.get().pk)
    assert Invoice.objects.get().invoice_number == "INV-1042"
    name = document.file.name
    assert default_storage.exists(name)
    folder = f"{document.mga_id}/{document.pk}"
    assert picture_of(document, 1) == picture_of(document, 1)
    assert len(storages["pictures"].listdir(folder)[1]) == 1
    erase_document(document)
    assert not default_storage.exists(name)
    assert storages["pictures"].listdir(folder) == ([], [])


@pytest.mark.django_db
def test_what_cannot_be_stored_is_not_accepted(lost: None) -> None:
    with pytest.raises(UnavailableError):
        accept()
    assert Document.objects.count() == Job.objects.count() == 0


@pytest.mark.django_db
def test_a_job_waits_for_a_store_that_is_away_and_loses_no_attempt(
    store: ObjectStore, request: pytest.FixtureRequest, reader: Reader, settings: Settings
) -> None:
    there = settings.STORAGES
    accept()
    request.getfixturevalue("lost")
    processing.run_job(Job.objects.get().pk)
    job = Job.objects.get()
    assert (job.state, job.attempts, job.error_code) == (Job.State.QUEUED, 0, "STORAGE_UNAVAILABLE")
    assert job.not_before is not None and job.not_before > timezone.now()
    settings.STORAGES = there
    Job.objects.update(not_before=None)
    processing.run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error_code) == (Job.State.DONE, "")


def test_the_environment_alone_chooses_it(server: ObjectStore, tmp_path: Path) -> None:
    program = (
        "import django, json; django.setup()\n"
        "from django.core.files.base import ContentFile\n"
        "from django.core.files.storage import default_storage as store\n"
        "from invoices.api.health import is_storage_up\n"
        "name = store.save('a/b', ContentFile(b'x'))\n"
        "print(json.dumps([type(store._wrapped).__name__, name, store.size(name), is_storage_up()]))"
    )
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)} | server.environment
    environment["DJANGO_SETTINGS_MODULE"] = "invoicedata.settings"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
    assert json.loads(run.stdout) == ["ObjectStorage", "a/b", 1, True]


@pytest.mark.parametrize(
    "url",
    [
        "s3:///files",
        "s3://key:secret@bucket",
        "s3://bucket?endpoint=minio:9000",
        "s3://bucket?speed=fast",
        "s3://bucket?encryption=rot13",
        "gs://bucket",
        "/var/files",
    ],
)
def test_a_wrong_address_says_what_would_be_right(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="s3://bucket/folder"):
        storage_options(url)
