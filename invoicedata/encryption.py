"""Secrets at rest: a text field that the database holds encrypted (Fernet: AES-128-CBC with HMAC-SHA256)."""

import base64
import hashlib
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    derived = [
        hashlib.scrypt(key.encode(), salt=b"invoicedata.encryption", n=2**14, r=8, p=1, dklen=32) for key in keys
    ]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])


def _cipher() -> MultiFernet:
    return _fernet(tuple(settings.ENCRYPTION_KEYS))


def encrypt(text: str) -> str:
    return _cipher().encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """Raises ImproperlyConfigured when none of ENCRYPTION_KEYS fits."""
    try:
        return _cipher().decrypt(text.encode()).decode()
    except InvalidToken as error:
        raise ImproperlyConfigured(
            "A stored secret cannot be decrypted: ENCRYPTION_KEYS lacks the key it was written with."
        ) from error


class EncryptedTextField(models.TextField):
    """Text that only this process sees in the clear. It cannot be searched or sorted by."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return encrypt(value) if value else value

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return decrypt(value) if value else value
