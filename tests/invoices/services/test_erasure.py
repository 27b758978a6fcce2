"""After an erasure nothing of the customer is found anywhere; what was somebody else's is still there."""

import io
import json
import logging
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import Schedule
from pytest_django.fixtures import Settings
from pythonjsonlogger.json import JsonFormatter

from invoicedata.logs import RequestIdFilter
from invoicedata.models import Mga
from invoices import migrations, tasks
from invoices.models import Document, Erasure, Event, Invoice, InvoiceRequest, Job, Practice, WebhookDelivery
from invoices.services import erasure, retention
from invoices.services.rendering import picture_of
from pims.models import CustomerLink, PimsRecord
from tests.documents import make_pdf
from tests.factories import make_client, make_invoice, make_mga, make_pims_record
from tests.invoices.api.conftest import Reader, make_reading, reader  # noqa: F401  # a fixture

PLANTED = "Quendolina-Xavierra"
CUSTOMER = f"C-{PLANTED}"


@pytest.fixture
def mga(transactional_db: None) -> Mga:
    return make_mga()


@pytest.fixture
def logged(settings: Settings) -> Iterator[io.StringIO]:
    """All that is logged, as it would stand in the log."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter(settings.LOGGING["formatters"]["json"]["fmt"]))
    handler.addFilter(RequestIdFilter())
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def client(mga: Mga, monkeypatch: pytest.MonkeyPatch, reader: Reader) -> Client:  # noqa: F811
    reader.outcome = make_reading(customer_name=PLANTED, customer_last_name=PLANTED)
    return make_client(mga)


def send(client: Client, customer: str = CUSTOMER, content: bytes | None = None, **fields: str) -> Any:
    content = content or make_pdf(size=60_000) + PLANTED.encode()
    file = SimpleUploadedFile(f"{PLANTED}.pdf", content)
    return client.post(
        f"/api/v1/invoice/{customer}/process", {"invoice": file} | fields, headers={"Idempotency-Key": f"k-{customer}"}
    )


def dump() -> str:
    """Every row of every table."""
    with connection.cursor() as cursor:
        found = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found += [f"{table}: {row!r}" for row in cursor.fetchall()]
    return "\n".join(found)


def files(settings: Settings) -> bytes:
    folders = (Path(settings.MEDIA_ROOT), Path(settings.FILE_UPLOAD_TEMP_DIR))
    return b"".join(
        str(path).encode() + path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()
    )


def kept_pictures() -> list[bytes]:
    return [path.read_bytes() for path in Path(storages["pictures"].path("")).rglob("*.jpg")]


def test_a_planted_name_is_found_nowhere_after_the_erasure(
    mga: Mga, client: Client, settings: Settings, logged: io.StringIO
) -> None:
    settings.WEBHOOK_PRIVATE_HOSTS = ["127.0.0.1"]
    make_pims_record(mga, customer={"id": CUSTOMER, "name": PLANTED})
    assert send(client).status_code == 200
    other_file = make_pdf(size=61_000)
    assert send(client, content=other_file, webhookUrl="http://127.0.0.1:1/hook").status_code in (202, 400)
    assert client.get(f"/api/v1/invoice/{CUSTOMER}/lookup/NO-SUCH").status_code == 404
    assert PLANTED in dump()
    assert PLANTED.encode() in files(settings)
    assert picture_of(Document.objects.earliest("created_at"), 1) in kept_pictures()
    call_command("erase_customer", CUSTOMER, mga=mga.pk, yes=True, stdout=io.StringIO())
    assert PLANTED not in dump()
    assert PLANTED.encode() not in files(settings)
    assert not kept_pictures()
    assert PLANTED not in logged.getvalue()
    assert "v1/invoice/" in logged.getvalue()  # something was logged at all
    for model in (Document, Invoice, InvoiceRequest, Job, WebhookDelivery, PimsRecord):
        assert not model.objects.exists(), model


def test_a_supplier_that_only_this_page_told_of_goes_too(mga: Mga, client: Client, reader: Reader) -> None:  # noqa: F811
    reader.outcome = make_reading(supplier_name=PLANTED)  # a customer's name that was taken for the supplier's
    send(client)
    assert PLANTED in Practice.objects.values_list("name", flat=True)
    erasure.erase_customer(mga, CUSTOMER)
    assert not Practice.objects.exists()


def test_a_tombstone_tells_that_it_was_done_and_not_to_whom(mga: Mga, client: Client) -> None:
    send(client)
    erasure.erase_customer(mga, CUSTOMER)
    tombstone = Erasure.objects.get()
    assert (tombstone.documents, tombstone.requests) == (1, 1)
    assert tombstone.customer_hash == erasure.hash_customer(mga, CUSTOMER)
    assert tombstone.customer_hash != erasure.hash_customer(mga, "C-2")
    assert Event.objects.filter(action="customer.erased").exists()


def test_erasing_twice_is_no_harm(mga: Mga, client: Client) -> None:
    send(client)
    erasure.erase_customer(mga, CUSTOMER)
    assert erasure.erase_customer(mga, CUSTOMER) == erasure.Erased()


def test_what_others_have_stays(mga: Mga, client: Client) -> None:
    send(client)
    send(client, "C-2", make_pdf(size=62_000))
    make_invoice(mga)
    other = make_mga("other")
    make_pims_record(other, customer={"id": CUSTOMER, "name": "x"})
    before = Invoice.objects.count()
    erasure.erase_customer(mga, CUSTOMER)
    assert Invoice.objects.count() == before - 1
    assert InvoiceRequest.objects.get().customer_id == "C-2"
    assert PimsRecord.objects.count() == 1


def test_a_file_that_another_customer_sent_too_is_kept_for_them(mga: Mga, client: Client) -> None:
    send(client)
    send(client, "C-2")
    erased = erasure.erase_customer(mga, CUSTOMER)
    assert (erased.shared, erased.documents, erased.requests) == (1, 0, 1)
    assert InvoiceRequest.objects.get().customer_id == "C-2"
    assert Document.objects.get().file.storage.exists(Document.objects.get().file.name)
    assert CUSTOMER not in Invoice.objects.values_list("customer_id", flat=True)


def test_records_under_another_name_of_the_customer_go_too(mga: Mga) -> None:
    local = make_pims_record(mga, customer={"id": "P-77", "name": PLANTED})
    CustomerLink.objects.create(connection=local, customer_id="C-9", pims_customer_id="P-77")
    assert erasure.erase_customer(mga, "C-9").records == 1
    assert PLANTED not in dump()
    assert not CustomerLink.objects.exists()


def test_the_same_file_can_be_sent_again_after_the_erasure(mga: Mga, client: Client) -> None:
    send(client)
    erasure.erase_customer(mga, CUSTOMER)
    answer = send(client)
    assert answer.status_code == 200
    assert Document.objects.get().file.storage.exists(Document.objects.get().file.name)


def test_the_command_asks_first(mga: Mga, client: Client) -> None:
    send(client)
    with pytest.raises(CommandError, match="Nothing was deleted"):
        call_command("erase_customer", CUSTOMER, mga=mga.pk)
    assert Document.objects.exists()


def test_a_customer_gets_everything_that_is_kept(mga: Mga, client: Client, tmp_path: Path) -> None:
    make_pims_record(mga, customer={"id": CUSTOMER, "name": PLANTED})
    send(client)
    send(client, "C-2", make_pdf(size=62_000))
    call_command("export_customer", CUSTOMER, str(tmp_path / "c.zip"), mga=mga.pk, stdout=io.StringIO())
    with zipfile.ZipFile(tmp_path / "c.zip") as archive:
        index = json.loads(archive.read("customer.json"))
        (file,) = [archive.read(name) for name in archive.namelist() if name.startswith("files/")]
    assert file.endswith(PLANTED.encode())
    (document,) = index["documents"]
    assert document["invoices"][0]["customer_name"] == PLANTED
    assert PLANTED in document["requests"][0]["response"]
    assert index["importedRecords"][0]["customer"]["name"] == PLANTED


# --- Retention --------------------------------------------------------------------------------------------------------


def purge_after(days: float) -> retention.Purged:
    return retention.purge(timezone.now() + timedelta(days=days))


def test_by_default_documents_and_results_are_kept_for_ever(mga: Mga, client: Client) -> None:
    send(client)
    purged = purge_after(4000)
    assert (purged.documents, purged.files) == (0, 0)
    assert Document.objects.get().file


@pytest.mark.parametrize(("days", "goes"), [(29, False), (31, True)])
def test_files_go_after_their_time_and_what_was_read_stays(mga: Mga, client: Client, days: int, goes: bool) -> None:
    Mga.objects.update(keep_files_days=30)
    send(client)
    name, picture = Document.objects.get().file.name, picture_of(Document.objects.get(), 1)
    assert purge_after(days).files == int(goes)
    document = Document.objects.get()
    assert bool(document.file) is not goes
    assert document.file.storage.exists(name) is not goes
    assert (kept_pictures() == [picture]) is not goes
    assert Invoice.objects.get().invoice_number == "INV-1042"


def test_a_document_without_its_file_still_shows_in_the_admin_and_is_stored_when_sent_again(
    mga: Mga, client: Client, admin_client: Client
) -> None:
    Mga.objects.update(keep_files_days=30)
    send(client)
    purge_after(31)
    admin_client.force_login(get_user_model().objects.get())  # sessions are over by then
    pk = Document.objects.get().pk
    assert admin_client.get(f"/admin/invoices/document/{pk}/change/").status_code == 200
    assert admin_client.get(f"/admin/invoices/document/{pk}/original/").status_code == 404
    assert admin_client.get(f"/admin/invoices/document/{pk}/pages/1/").status_code == 404
    assert send(client, "C-2").status_code == 200
    assert Document.objects.get().file


def test_results_go_with_all_that_was_made_from_them(mga: Mga, client: Client, settings: Settings) -> None:
    Mga.objects.update(keep_results_days=365)
    send(client)
    assert purge_after(364).documents == 0
    assert purge_after(366).documents == 1
    assert PLANTED not in dump()
    assert PLANTED.encode() not in files(settings)


def test_what_waits_to_be_read_is_never_purged(mga: Mga) -> None:
    Mga.objects.update(keep_results_days=1, keep_files_days=1)
    invoice = make_invoice(mga)
    Document.objects.filter(pk=invoice.document.pk).update(state=Document.State.PENDING)
    assert purge_after(100).documents == 0


def test_webhook_bodies_and_webhooks_have_their_own_time(mga: Mga) -> None:
    values = {"mga": mga, "event": "e", "url": "https://x.example/", "body": PLANTED}
    pending = WebhookDelivery.objects.create(**values)
    over = WebhookDelivery.objects.create(state=WebhookDelivery.State.DELIVERED, **values)
    assert purge_after(91).payloads == 1
    assert WebhookDelivery.objects.get(pk=over.pk).body == ""
    assert purge_after(366).deliveries == 1
    assert WebhookDelivery.objects.get() == pending
    assert WebhookDelivery.objects.get().body == PLANTED


def test_idempotency_keys_end_after_their_day(mga: Mga, client: Client) -> None:
    send(client)
    purge_after(0.9)
    assert InvoiceRequest.objects.get().idempotency_key is not None
    purge_after(1.1)
    assert InvoiceRequest.objects.get().idempotency_key is None


def test_the_purge_is_scheduled_every_night(db: None) -> None:
    """Other tests may have emptied the table: the migration fills it again."""
    (migration,) = (path.stem for path in Path(migrations.__path__[0]).glob("*_schedule_purge.py"))
    import_module(f"invoices.migrations.{migration}").add_schedule(apps, None)
    schedule = Schedule.objects.get(name="purge")
    assert (schedule.schedule_type, import_string(schedule.func)) == (Schedule.DAILY, tasks.purge)
