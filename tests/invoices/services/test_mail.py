"""Mail as it comes in, from a real IMAP server: what is taken, what is not, and what a crash leaves."""

import io
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from imapclient import IMAPClient
from pytest_django.fixtures import Settings

from invoicedata.models import Event, Mga
from invoices import imap
from invoices.models import Document, Job, Mailbox, MailMessage
from invoices.services import intake, mail
from tests.documents import make_pdf
from tests.factories import make_mga

pytestmark = pytest.mark.django_db
HOST, PASSWORD = "127.0.0.1", "a password of the mailbox"
PYMAP = Path(sys.executable).with_name("pymap")
START_SECONDS = 30.0


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of an IMAP server with one user, whose mail is in memory."""
    if not PYMAP.exists() and not shutil.which("pymap"):
        pytest.skip("no IMAP server: pip install pymap")
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        number = int(probe.getsockname()[1])
    options = [f"--host={HOST}", f"--port={number}", "--no-tls", "--no-service=admin", "dict"]
    user = ["--demo-user=invoices", f"--demo-password={PASSWORD}"]
    server = subprocess.Popen([str(PYMAP), *options, *user], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(number, server)
        yield number
    finally:
        server.terminate()
        server.wait(10)


def wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("The IMAP server did not start.")


@pytest.fixture
def inbox(port: int) -> Iterator[Any]:
    """A folder of its own for each test, as its owner has it."""
    with IMAPClient(HOST, port, ssl=False) as client:
        client.login("invoices", PASSWORD)
        name = f"Test{time.monotonic_ns()}"
        client.create_folder(name)
        client.name = name
        yield client


@pytest.fixture
def mga(settings: Settings, tmp_path: Path) -> Mga:
    settings.MAILBOXES, settings.MAIL_PRIVATE_HOSTS = True, [HOST]
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    return make_mga()


@pytest.fixture
def mailbox(mga: Mga, port: int, inbox: Any) -> Mailbox:
    return Mailbox.objects.create(
        mga=mga, host=HOST, port=port, security="none", username="invoices", password=PASSWORD, folder=inbox.name
    )


def message(*files: tuple[str, bytes], subject: str = "Invoice", inner: EmailMessage | None = None) -> EmailMessage:
    found = EmailMessage()
    found["From"], found["Subject"] = "supplier@example.com", subject
    found["Message-ID"] = f"<{time.monotonic_ns()}@example.com>"
    found.set_content("Dear Sir, please find enclosed")
    for name, content in files:
        found.add_attachment(content, "application", "octet-stream", filename=name)
    if inner is not None:
        found.add_attachment(inner)
    return found


def deliver(inbox: Any, *messages: EmailMessage) -> None:
    for one in messages:
        inbox.append(inbox.name, one.as_bytes())


def pdf(number: int = 0) -> bytes:
    return make_pdf(size=60_000 + number)


def names() -> set[str]:
    return set(Document.objects.values_list("filename", flat=True))


def test_attachments_come_in_like_uploads(mailbox: Mailbox, inbox: Any) -> None:
    deliver(inbox, message(("a.pdf", pdf(1)), ("b.pdf", pdf(2))), message(("c.pdf", pdf(3))))
    assert mail.read_mailbox(mailbox.pk) == mail.Fetched(messages=2, documents=3)
    assert names() == {"a.pdf", "b.pdf", "c.pdf"}
    assert {document.source for document in Document.objects.all()} == {"email"}
    assert Job.objects.filter(state=Job.State.QUEUED).count() == 3


def test_nothing_is_fetched_twice(mailbox: Mailbox, inbox: Any) -> None:
    deliver(inbox, message(("a.pdf", pdf(1))))
    mail.read_mailbox(mailbox.pk)
    assert mail.read_mailbox(mailbox.pk) == mail.Fetched()
    deliver(inbox, message(("b.pdf", pdf(2))))
    assert mail.read_mailbox(mailbox.pk).documents == 1
    assert MailMessage.objects.count() == 2


def test_a_forwarded_message_brings_its_files(mailbox: Mailbox, inbox: Any) -> None:
    deliver(inbox, message(inner=message(("inner.pdf", pdf(1)))))
    assert mail.read_mailbox(mailbox.pk).documents == 1
    assert names() == {"inner.pdf"}


def test_logos_are_left_and_pictures_are_taken() -> None:
    letter = message()
    letter.add_related(bytes(5_000), "image", "png", cid="<logo>", filename="logo.png")
    letter.add_related(bytes(90_000), "image", "png", cid="<scan>", filename="scan.png")
    assert [file.filename for file in imap.attachments(letter.as_bytes())] == ["scan.png"]


def test_what_is_no_document_is_refused_without_its_name(mailbox: Mailbox, inbox: Any) -> None:
    deliver(inbox, message(("Invoice of Mary Miller.zip", b"PK\3\4" + bytes(70_000)), ("a.pdf", pdf())))
    fetched = mail.read_mailbox(mailbox.pk)
    assert (fetched.documents, fetched.refused) == (1, 1)
    assert MailMessage.objects.get().refused == [{"code": "INVALID_FILE_FORMAT", "ending": ".zip", "bytes": 70_004}]


def test_a_crash_between_two_files_loses_and_doubles_nothing(
    mailbox: Mailbox, inbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(inbox, message(("a.pdf", pdf(1)), ("b.pdf", pdf(2))), message(("c.pdf", pdf(3))))
    accept = intake.accept_document

    def die_at_the_second(*args: Any, filename: str, **options: Any) -> Any:
        if filename == "b.pdf":
            raise SystemExit
        return accept(*args, filename=filename, **options)

    monkeypatch.setattr(intake, "accept_document", die_at_the_second)
    with pytest.raises(SystemExit):
        mail.read_mailbox(mailbox.pk)
    assert names() == {"a.pdf"}
    monkeypatch.setattr(intake, "accept_document", accept)
    mail.read_mailbox(mailbox.pk)
    assert names() == {"a.pdf", "b.pdf", "c.pdf"}
    assert Job.objects.count() == Document.objects.count() == 3


def test_a_process_that_was_killed_holds_the_mailbox_for_a_while_only(mailbox: Mailbox, inbox: Any) -> None:
    deliver(inbox, message(("a.pdf", pdf())))
    Mailbox.objects.update(read_until=mail.timezone.now() + mail.LEASE)
    assert mail.read_mailbox(mailbox.pk) == mail.Fetched()
    Mailbox.objects.update(read_until=mail.timezone.now())
    assert mail.read_mailbox(mailbox.pk).documents == 1


def test_a_server_that_renumbers_brings_nothing_again(mailbox: Mailbox, inbox: Any) -> None:
    deliver(inbox, message(("a.pdf", pdf(1))), message(("b.pdf", pdf(2))))
    mail.read_mailbox(mailbox.pk)
    documents, jobs = Document.objects.count(), Job.objects.count()
    MailMessage.objects.update(uid_validity=1)  # as if it had been another one then
    Mailbox.objects.update(uid_validity=1)
    assert mail.read_mailbox(mailbox.pk) == mail.Fetched(messages=2)
    assert (Document.objects.count(), Job.objects.count()) == (documents, jobs)


def test_beyond_a_limit_messages_wait_in_the_mailbox(mailbox: Mailbox, inbox: Any, mga: Mga) -> None:
    deliver(inbox, message(("a.pdf", pdf(1))), message(("b.pdf", pdf(2))))
    mga.max_queued_jobs = 1
    mga.save()
    fetched = mail.read_mailbox(mailbox.pk)
    assert (fetched.documents, "wait to be read" in fetched.error) == (1, True)
    Job.objects.update(state=Job.State.DONE)
    assert mail.read_mailbox(mailbox.pk).documents == 1
    assert names() == {"a.pdf", "b.pdf"}


def test_a_message_that_is_too_large_or_none_is_noted_and_the_next_one_read(
    mailbox: Mailbox, inbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "MAX_MESSAGE", 50_000)
    deliver(inbox, message(("a.pdf", pdf())), message())
    inbox.append(inbox.name, b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: ??\r\n\r\n--")
    assert mail.read_mailbox(mailbox.pk).messages == 3
    assert MailMessage.objects.order_by("uid").first().refused[0]["code"] == "MESSAGE_TOO_LARGE"  # type: ignore[union-attr]


def test_the_mailbox_itself_is_left_as_it_was(mailbox: Mailbox, inbox: Any) -> None:
    deliver(inbox, message(("a.pdf", pdf())))
    mail.read_mailbox(mailbox.pk)
    inbox.select_folder(inbox.name)
    (flags,) = inbox.get_flags(inbox.search()).values()
    assert b"\\Seen" not in flags


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"password": "wrong"}, "user name or the password"),
        ({"folder": "None such"}, "does not have this folder"),
        ({"port": 1}, "cannot be reached"),
        ({"security": "tls"}, "speaks no TLS"),
        ({"host": "localhost"}, "without TLS"),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_in_words(mailbox: Mailbox, changes: dict[str, Any], told: str) -> None:
    Mailbox.objects.update(**changes)
    fetched = mail.read_mailbox(mailbox.pk)
    assert told in fetched.error
    mailbox.refresh_from_db()
    assert mailbox.error == fetched.error and mailbox.checked_at and mailbox.read_until is None


def test_a_private_server_is_not_asked_unless_it_is_named(mailbox: Mailbox, settings: Settings) -> None:
    settings.MAIL_PRIVATE_HOSTS = []
    Mailbox.objects.update(security="starttls")
    assert "private" in mail.read_mailbox(mailbox.pk).error


def test_the_schedule_asks_only_where_mailboxes_are_switched_on(
    mailbox: Mailbox, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(mail.queue, "nudge_mailbox", asked.append)
    mail.nudge_mailboxes()
    settings.MAILBOXES = False
    mail.nudge_mailboxes()
    assert asked == [str(mailbox.pk)]


def test_the_command_reads_and_tells(mailbox: Mailbox, inbox: Any) -> None:
    deliver(inbox, message(("a.pdf", pdf())))
    out = io.StringIO()
    call_command("fetch_mail", stdout=out)
    assert "1 messages, 1 documents, 0 refused" in out.getvalue()
    Mailbox.objects.update(password="wrong")
    with pytest.raises(SystemExit):
        call_command("fetch_mail", stdout=out)


def test_staff_set_a_mailbox_up_and_try_it(mga: Mga, port: int, inbox: Any, admin_client: Client) -> None:
    form = {"mga": mga.pk, "host": HOST, "port": port, "security": "none", "username": "invoices"}
    form |= {"password": PASSWORD, "folder": inbox.name, "is_active": "on", "kind_hint": "", "venue_hint": ""}
    admin_client.post("/admin/invoices/mailbox/add/", form)
    mailbox = Mailbox.objects.get()
    admin_client.post(f"/admin/invoices/mailbox/{mailbox.pk}/change/", form | {"password": ""})
    page = admin_client.get(f"/admin/invoices/mailbox/{mailbox.pk}/change/").content.decode()
    assert PASSWORD not in page
    action = {"action": "test", "_selected_action": [mailbox.pk]}
    told = admin_client.post("/admin/invoices/mailbox/", action, follow=True).content.decode()
    assert "it works; 0 messages wait" in told
    assert PASSWORD not in str(list(Event.objects.values()))
    refused = admin_client.post("/admin/invoices/mailbox/add/", form | {"host": "imap.example.com"})
    assert "MAIL_PRIVATE_HOSTS" in refused.content.decode()
