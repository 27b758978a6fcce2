"""The queue in the database."""

import time
from typing import Any

from django_q.brokers.orm import ORM
from django_q.conf import Conf


class NudgeBroker(ORM):
    """Gives each nudge to one worker, once. django-q's own broker keeps it until the result was stored, and hands it
    out again and again where that fails; a job that was not finished is found in its row, not here."""

    def dequeue(self) -> list[tuple[None, Any]] | None:
        waiting = self.get_connection().filter(key=self.list_key).order_by("pk")[: Conf.BULK]
        taken = [(None, nudge.payload) for nudge in waiting if self._take(nudge.pk)]
        if not taken:
            time.sleep(Conf.POLL)
        return taken

    def _take(self, pk: int) -> bool:
        deleted, _ = self.get_connection().filter(pk=pk).delete()
        return deleted == 1
