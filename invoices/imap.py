"""A folder of an IMAP server, read without changing it. IMAP only; knows no model.

The server is hostile until it has proven its name: TLS with a trusted certificate, a public address (checked once the
connection stands, before anything is said), but for hosts that the operator names; a deadline for each answer.
"""

import email
import email.policy
import hashlib
import ssl
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import PurePath
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError

from invoicedata.outgoing import is_public

CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
MAX_MESSAGE = 40 * 1024 * 1024  # bytes; what most providers take at all
MAX_PARTS = 100
DECORATION_BYTES = 50 * 1024  # a picture within the text that is smaller is a logo
MESSAGE_ID = "BODY[HEADER.FIELDS (MESSAGE-ID)]"
TLS, STARTTLS = "tls", "starttls"


class MailError(Exception):
    """What went wrong, in words for staff."""


@dataclass(frozen=True, slots=True)
class Access:
    """security: TLS, STARTTLS, or anything else for none, which only private hosts may have."""

    host: str
    port: int
    security: str
    username: str
    password: str
    folder: str


@dataclass(frozen=True, slots=True)
class Attachment:
    filename: str
    content: bytes

    @property
    def ending(self) -> str:
        """Of its name, which may name people and is not kept."""
        return PurePath(self.filename).suffix.lower()[:10]


class Folder:
    """The messages of the folder by their numbers (UIDs), which hold as long as `validity` does."""

    def __init__(self, client: Any, validity: int) -> None:
        self.client = client
        self.validity = validity

    def after(self, uid: int) -> list[int]:
        """The numbers above `uid`, ascending. The server answers n:* with the last one, however small it is."""
        found = self.client.search(["UID", f"{uid + 1}:*"])
        return sorted(number for number in found if number > uid)

    def describe(self, uid: int) -> tuple[int, str] | None:
        """(bytes, key) of a message; None where it is gone."""
        row = self.client.fetch([uid], ["RFC822.SIZE", MESSAGE_ID.replace("BODY[", "BODY.PEEK[")]).get(uid)
        if row is None:
            return None
        header = bytes(row.get(MESSAGE_ID.encode(), b"")).strip() or f"{self.validity}:{uid}".encode()
        return int(row[b"RFC822.SIZE"]), hashlib.sha256(header).hexdigest()

    def content(self, uid: int) -> bytes:
        row = self.client.fetch([uid], ["BODY.PEEK[]"]).get(uid, {})
        return bytes(row.get(b"BODY[]", b""))


@contextmanager
def open_folder(access: Access, private_hosts: Collection[str] = ()) -> Iterator[Folder]:
    """Raises MailError for whatever the server, the network or the settings do."""
    is_private = access.host in private_hosts
    if access.security not in (TLS, STARTTLS) and not is_private:
        raise MailError("A connection without TLS goes to hosts of MAIL_PRIVATE_HOSTS only.")
    try:
        with connect(access) as client:
            if not is_private and not is_public(client.socket().getpeername()[0]):
                raise MailError("The server's address is private: name it in MAIL_PRIVATE_HOSTS.")
            if access.security == STARTTLS:
                client.starttls(ssl.create_default_context())
            client.login(access.username, access.password)
            yield Folder(client, int(client.select_folder(access.folder, readonly=True)[b"UIDVALIDITY"]))
    except LoginError as error:
        raise MailError("The server refuses the user name or the password.") from error
    except ssl.SSLError as error:
        raise MailError("The server's certificate is not to be trusted, or it speaks no TLS.") from error
    except OSError as error:
        raise MailError("The server cannot be reached.") from error
    except (IMAPClientError, KeyError, ValueError) as error:
        raise MailError("The server does not have this folder, or answers what it should not.") from error


def connect(access: Access) -> Any:
    context = ssl.create_default_context() if access.security == TLS else None
    timeout = SocketTimeout(CONNECT_SECONDS, READ_SECONDS)
    return IMAPClient(access.host, access.port, ssl=context is not None, ssl_context=context, timeout=timeout)


def attachments(content: bytes) -> list[Attachment]:
    """The files of a message, those of forwarded messages too. Raises MailError for what is no message."""
    try:
        message = email.message_from_bytes(content, policy=email.policy.default)
        parts = [part for part in message.walk() if not part.is_multipart()]
        files = [Attachment(part.get_filename() or "attachment", body_of(part)) for part in parts if is_file(part)]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise MailError("The message cannot be taken apart.") from error
    if len(files) > MAX_PARTS:
        raise MailError(f"The message has more than {MAX_PARTS} files.")
    return files


def body_of(part: Any) -> bytes:
    return bytes(part.get_payload(decode=True) or b"")


def is_file(part: EmailMessage | Any) -> bool:
    """Neither the text nor what decorates it: a small picture that the text shows."""
    kind = part.get_content_maintype()
    if kind == "image" and part.get("Content-ID"):
        return len(body_of(part)) >= DECORATION_BYTES
    if part.get_content_disposition() == "attachment" or part.get_filename():
        return True
    return kind in ("application", "image")
