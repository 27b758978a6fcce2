"""Who delivers what is due: many at a time, few to each receiver, so that one that hangs holds up nobody else."""

import logging
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from django.db import close_old_connections
from django.utils import timezone

from invoices.models import WebhookDelivery
from invoices.services import deliveries

logger = logging.getLogger(__name__)

AT_A_TIME = 32
PER_RECEIVER = 4
LOOK_SECONDS = 0.25
AFTER_ERROR_SECONDS = 2.0


class Dispatcher:
    """Posts in threads; each delivery is claimed in its row, so any number of these may run."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="webhook")
        self._lock = threading.Lock()
        self._in_flight: dict[str, tuple[str, str]] = {}  # receiver by delivery

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; what is being posted then is posted to its end."""
        pause = 0.0
        while not stop.wait(pause):
            try:
                self.start_due()
                pause = LOOK_SECONDS
            except Exception:
                logger.exception("Webhooks could not be looked for; trying again.")
                pause = AFTER_ERROR_SECONDS
            close_old_connections()
        self._pool.shutdown(cancel_futures=True)

    def start_due(self) -> None:
        with self._lock:
            busy, receivers = set(self._in_flight), Counter(self._in_flight.values())
        room = AT_A_TIME - len(busy)
        if room == 0:
            return
        for delivery in deliveries.due(timezone.now()):
            receiver = (delivery.mga_id, urlsplit(delivery.url).netloc)
            if room == 0:
                return
            if delivery.pk in busy or receivers[receiver] >= PER_RECEIVER:
                continue
            with self._lock:
                self._in_flight[delivery.pk] = receiver
            receivers[receiver] += 1
            room -= 1
            self._pool.submit(self._deliver, delivery)

    def _deliver(self, delivery: WebhookDelivery) -> None:
        close_old_connections()
        try:
            deliveries.deliver(delivery.pk)
        except Exception:
            logger.exception("Delivery %s was not made; it is tried again when its lease has ended.", delivery.pk)
        finally:
            close_old_connections()
            with self._lock:
                del self._in_flight[delivery.pk]
