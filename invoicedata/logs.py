"""The request id in every log line: of the HTTP request, and of the job that it started."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest

request_id: ContextVar[str] = ContextVar("request_id", default="-")


@contextmanager
def log_as(identifier: str) -> Iterator[None]:
    """Everything logged inside carries `identifier`."""
    token = request_id.set(identifier)
    try:
        yield
    finally:
        request_id.reset(token)


class RequestIdFilter(logging.Filter):
    """Paths and searches name customers and invoices: of a request only its route is logged, and its id."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Django tells of a refused request when that is over: its id is on the request then.
        request = record.__dict__.pop("request", None)
        record.request_id = getattr(request, "request_id", None) or request_id.get()
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
            match = request.resolver_match
            route = match.route if match else "(no address of ours)"
            record.args = tuple(f"{request.method} {route}" if arg == request.path else arg for arg in record.args)
        return True
