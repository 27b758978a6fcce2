"""The web server's way in, and what bounds how long a client may take to send its request."""

import contextlib
import gc
import os
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from django.core.checks.urls import check_url_config
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "invoicedata.settings")
# Many threads wait, for slow clients and for jobs; those that work share these connections (PostgreSQL only).
os.environ.setdefault("DATABASE_POOL", "20")
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def with_deadline(application: Application) -> Application:
    """The application, for which a body ends when the client has taken REQUEST_SECONDS to send it: it is refused as
    incomplete. A client that drips its bytes would otherwise hold a thread for as long as it likes."""
    from django.conf import settings

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        connection = environ.get("gunicorn.socket")
        if connection is None or environ.get("CONTENT_LENGTH") in (None, "", "0"):
            return application(environ, start_response)
        timer = threading.Timer(settings.REQUEST_SECONDS, stop_reading, [connection])
        timer.daemon = True
        timer.start()
        try:
            return application(environ, start_response)
        finally:
            timer.cancel()

    return answer


def stop_reading(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RD)


application = with_deadline(get_wsgi_application())
check_url_config(None)  # imports what the routes lead to: the first request does not wait for it
gc.freeze()  # all of that stays: the collector need not look through it again and again
