"""System checks: deployments that would start, and be wrong without anybody noticing."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import DatabaseError

from invoicedata import environment as env
from invoicedata.models import SigningKey, WebhookSecret

KEYS = {"SECRET_KEY": ("SECRET_KEY",), "ENCRYPTION_KEYS": ("ENCRYPTION_KEYS", "ENCRYPTION_KEY")}


def may_have_several_machines() -> bool:
    """The database or the queue can be reached from other machines too."""
    return bool(settings.REDIS_URL) or not settings.DATABASE_URL.startswith("sqlite")


@register(Tags.security, deploy=True)
def keys_are_shared(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Each machine makes its own keys where none is given: the others then read no secret and know no session."""
    if not may_have_several_machines():
        return []
    return [
        Warning(
            f"{name} is not set: every machine makes its own, and cannot read what another one encrypted or signed.",
            hint=f"Set {name}, the same on all machines.",
            id=f"invoicedata.W{number:03}",
        )
        for number, (name, variables) in enumerate(KEYS.items(), start=1)
        if not any(env.text(variable) or env.text(f"{variable}_FILE") for variable in variables)
    ]


@register(Tags.files, deploy=True)
def files_are_shared(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not may_have_several_machines() or not isinstance(default_storage, FileSystemStorage):
        return []
    return [
        Info(
            f"Documents are stored below {settings.MEDIA_ROOT}: a worker on another machine finds them only if that "
            "folder is shared.",
            id="invoicedata.I001",
        )
    ]


@register(Tags.security, deploy=True)
def proxy_is_trusted(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not settings.HTTPS or settings.SECURE_PROXY_SSL_HEADER:
        return []
    return [
        Info(
            "PUBLIC_URL is https, but the proxy that ends TLS is not trusted to say so: HSTS is not sent.",
            hint="Set BEHIND_PROXY=true where a proxy sets X-Forwarded-Proto itself.",
            id="invoicedata.I002",
        )
    ]


@register(Tags.security, deploy=True)
def hosts_are_named(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        Warning(
            "ALLOWED_HOSTS allows every host name: the addresses in answers can be forged.",
            hint="Name the hosts.",
            id="invoicedata.W003",
        )
    ]


@register(Tags.database)
def secrets_can_be_read(app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """The encryption keys fit what the database holds. Otherwise the first token or webhook would find out."""
    if "default" not in (databases or ()):
        return []
    try:
        for model in (SigningKey, WebhookSecret):
            model.objects.first()
    except DatabaseError:
        return []  # not migrated yet
    except ImproperlyConfigured as error:
        return [
            Error(str(error), hint="Set ENCRYPTION_KEYS to the keys of this database.", id="invoicedata.E001"),
        ]
    return []
