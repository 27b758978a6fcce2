"""Files in an object store that speaks S3, named by STORAGE_URL. What goes wrong there is an OSError, as on a disk."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from boto3 import Session
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import File
from storages.backends.s3 import S3Storage

CONNECT_SECONDS, READ_SECONDS = 3, 20
TRIES = 4  # of one call, with growing pauses between them
PARAMETERS = {"endpoint", "region", "encryption"}
ENCRYPTIONS = {"AES256", "aws:kms"}
_lock = threading.Lock()


def storage_options(url: str) -> dict[str, Any]:
    """Django's STORAGES entry for an address like s3://bucket/folder?endpoint=https://host:9000&region=eu-west-1.

    The credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from the machine's role. Raises
    ImproperlyConfigured.
    """
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query))
    meaning = "STORAGE_URL is not valid: it must be like s3://bucket/folder?endpoint=https://host:9000&region=eu-west-1"
    if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc or set(given) - PARAMETERS:
        raise ImproperlyConfigured(f"{meaning}, without credentials.")
    if given.get("encryption", "AES256") not in ENCRYPTIONS:
        raise ImproperlyConfigured(f"{meaning}; encryption is one of {', '.join(sorted(ENCRYPTIONS))}.")
    endpoint = given.get("endpoint")
    if endpoint and urlsplit(endpoint).scheme not in ("http", "https"):
        raise ImproperlyConfigured(f"{meaning}; the endpoint begins with http:// or https://.")
    options = {
        "bucket_name": parts.netloc,
        "location": parts.path.strip("/"),
        "endpoint_url": endpoint,
        "region_name": given.get("region"),
        "default_acl": None,
        "file_overwrite": True,  # names are made of the content: the same name is the same file
        "object_parameters": {"ServerSideEncryption": given["encryption"]} if "encryption" in given else {},
        "client_config": Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": TRIES},
            signature_version="s3v4",
            s3={"addressing_style": "path" if endpoint else "auto"},
            request_checksum_calculation="when_required",  # not every store knows the newer checksums
            response_checksum_validation="when_required",
        ),
    }
    return {"BACKEND": "invoicedata.storage.ObjectStorage", "OPTIONS": options}


@contextmanager
def told_as_os_errors() -> Iterator[None]:
    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise OSError(f"The object store: {error}") from error


class ObjectStorage(S3Storage):
    """One session for all threads (each of its own would hold 15 MB), a connection for each."""

    _session: Session | None = None

    @property
    def connection(self) -> Any:
        with _lock:  # sessions are not made for use by several threads at a time; what they make is
            return super().connection

    def _create_session(self) -> Session:
        if self._session is None:
            self._session = super()._create_session()
        return self._session

    def exists(self, name: str) -> bool:
        with told_as_os_errors():
            return bool(super().exists(name))

    def delete(self, name: str) -> None:
        with told_as_os_errors():
            super().delete(name)

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        with told_as_os_errors():
            folders, files = super().listdir(name)
            return folders, files

    def _save(self, name: str, content: File) -> str:
        with told_as_os_errors():
            return str(super()._save(name, content))

    def _open(self, name: str, mode: str = "rb") -> File:
        """The whole file, fetched: afterwards nothing can go wrong. Raises FileNotFoundError."""
        with told_as_os_errors():
            file = super()._open(name, mode)
            file.file.seek(0)
            return file
