"""/metrics, for who has METRICS_TOKEN; an address that is not there for anybody else."""

from collections.abc import Callable
from time import perf_counter

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from invoicedata import metrics
from invoices.services.gauges import DatabaseCollector

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def metrics_view(request: HttpRequest) -> HttpResponse:
    given = request.headers.get("Authorization", "")
    if not settings.METRICS_TOKEN or not constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}"):
        raise Http404
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)


def exposition() -> bytes:
    """What this machine's processes have counted, and what stands in the database."""
    database = CollectorRegistry()
    database.register(DatabaseCollector())
    with metrics.undisturbed():
        return b"".join(map(generate_latest, (metrics.registry(), database)))


class RequestMetricsMiddleware:
    """Counts and times requests by view, so that no id makes a series of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        view = (match.view_name or "other") if match else "none"
        method = request.method if request.method in METHODS else "other"
        metrics.REQUESTS.labels(method, view, response.status_code).observe(perf_counter() - started)
        return response
