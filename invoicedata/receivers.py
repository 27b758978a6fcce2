"""Events for what Django does itself: signing in and out, and changes in the admin."""

import json
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from invoicedata.events import record_event
from invoicedata.limits import client_address
from invoicedata.models import Mga

ACTIONS = {ADDITION: "admin.added", CHANGE: "admin.changed", DELETION: "admin.deleted"}


def address_of(request: HttpRequest | None) -> dict[str, str]:
    return {} if request is None else {"address": client_address(request)}


@receiver(user_logged_in)
def record_sign_in(sender: Any, request: HttpRequest | None, user: Any, **_: Any) -> None:
    data = address_of(request) | {"second_factor": getattr(user, "otp_device", None) is not None}
    record_event(None, f"user:{user.pk}", "staff.signed_in", actor=user, data=data)


@receiver(user_logged_out)
def record_sign_out(sender: Any, request: HttpRequest | None, user: Any, **_: Any) -> None:
    if user is not None:
        record_event(None, f"user:{user.pk}", "staff.signed_out", actor=user, data=address_of(request))


@receiver(user_login_failed)
def record_failed_sign_in(
    sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    """The name that was tried is not written down: people type their password into the wrong field."""
    name = credentials.get(get_user_model().USERNAME_FIELD) or ""
    known = get_user_model()._default_manager.filter(**{get_user_model().USERNAME_FIELD: name}).first()
    subject = f"user:{known.pk}" if known else ""
    record_event(None, subject, "staff.sign_in_failed", data=address_of(request))


@receiver(post_save, sender=LogEntry)
def record_change(sender: Any, instance: LogEntry, created: bool, **_: Any) -> None:
    """What was changed, never to what: values may be secrets, or name people."""
    if not created or instance.content_type is None:
        return
    changed = instance.get_edited_object() if instance.action_flag != DELETION else None
    mga = changed if isinstance(changed, Mga) else getattr(changed, "mga", None)
    kind = f"{instance.content_type.app_label}.{instance.content_type.model}"
    record_event(
        mga if isinstance(mga, Mga) else None,
        f"{kind}:{instance.object_id}"[:100],
        ACTIONS[instance.action_flag],
        actor=instance.user,
        data={"changes": changes_of(instance.change_message)},
    )


def changes_of(message: str) -> list[dict[str, Any]]:
    """Django's own structure of what a form changed, without how the rows call themselves."""
    try:
        parts = json.loads(message or "[]")
    except ValueError:
        return []
    if not isinstance(parts, list):
        return []
    return [
        {kind: {key: details[key] for key in ("name", "fields") if key in details} for kind, details in part.items()}
        for part in parts
        if isinstance(part, dict)
    ]
