"""Secrets at rest: a text field that the database holds encrypted (Fernet: AES-128-CBC with HMAC-SHA256). And codes
that only who has the keys can make."""

import base64
import hashlib
import hmac
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


@lru_cache(maxsize=4)
def _authentication_keys(keys: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(
        hashlib.scrypt(key.encode(), salt=b"invoicedata.authentication", n=2**14, r=8, p=1, dklen=32) for key in keys
    )


def authentication_code(message: bytes) -> str:
    """HMAC-SHA256 in hexadecimal, with a key made from the first of ENCRYPTION_KEYS."""
    return hmac.new(_authentication_keys(tuple(settings.ENCRYPTION_KEYS))[0], message, hashlib.sha256).hexdigest()


def is_authentication_code(message: bytes, code: str) -> bool:
    """Whether `code` was made for `message`, with any of ENCRYPTION_KEYS."""
    keys = _authentication_keys(tuple(settings.ENCRYPTION_KEYS))
    return any(hmac.compare_digest(hmac.new(key, message, hashlib.sha256).hexdigest(), code) for key in keys)


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
