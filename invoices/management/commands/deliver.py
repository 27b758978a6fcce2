"""`manage.py deliver`: posts webhooks as they fall due. `serve` starts one on every machine that has workers."""

import logging
import signal
import threading
from typing import Any

from django.core.management import BaseCommand

from invoices.services.dispatching import Dispatcher

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Posts webhooks as they fall due, until Ctrl-C or SIGTERM. Any number may run at a time."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        Dispatcher().run(stop)
