"""The record of what happened: append-only, in the transaction that made it happen."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from invoicedata.models import Mga
from invoices.models import Event


def record_event(
    mga: Mga, subject: str, action: str, *, actor: AbstractBaseUser | None = None, data: dict[str, Any] | None = None
) -> None:
    """`data` holds what changed, without personal data."""
    Event.objects.create(mga=mga, subject=subject, action=action, actor_id=actor.pk if actor else None, data=data or {})
