"""Refused access, written down: who it was, as far as that is sure, from where, and what for."""

import logging
import threading
import time

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest

from invoicedata.authentication import Principal
from invoicedata.events import record_event
from invoicedata.limits import MINUTE, client_address
from invoicedata.models import AccessToken

logger = logging.getLogger(__name__)

MOST_A_MINUTE = 20  # of one address: whoever tries thousands of tokens shall not fill the database with them


class RecentRefusals:
    """How many of an address this process has written down in the current minute."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.minute = 0
        self.counts: dict[str, int] = {}

    def is_worth_recording(self, address: str) -> bool:
        with self.lock:
            minute = int(time.time()) // MINUTE
            if minute != self.minute:
                self.minute, self.counts = minute, {}
            self.counts[address] = self.counts.get(address, 0) + 1
            return self.counts[address] <= MOST_A_MINUTE


recent_refusals = RecentRefusals()


def record_refusal(request: HttpRequest, code: str, token: AccessToken | None = None) -> None:
    """token: the one that was presented, if it is a real one that must not be used (any more)."""
    address = client_address(request)
    if not recent_refusals.is_worth_recording(address):
        return
    user = getattr(request, "user", None)
    mga = token.mga if token else user.mga if isinstance(user, Principal) else None
    subject = str(token.pk) if token else str(user.token_id) if isinstance(user, Principal) else ""
    actor = user if isinstance(user, AbstractBaseUser) else None
    route = request.resolver_match.route if request.resolver_match else ""
    data = {"code": code, "address": address, "method": request.method or "", "route": route}
    record_event(mga, subject, "access.refused", actor=actor, data=data)
