"""The record of what happened: append-only, in the transaction that made it happen."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from invoicedata.models import Event, Mga


def record_event(
    mga: Mga | None,
    subject: str,
    action: str,
    *,
    actor: AbstractBaseUser | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """`data` holds what changed, without personal data. mga: None for what concerns no tenant, or no known one."""
    Event.objects.create(mga=mga, subject=subject, action=action, actor_id=actor.pk if actor else None, data=data or {})
