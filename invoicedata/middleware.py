from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from invoicedata.identifiers import new_id
from invoicedata.logs import log_as


class RequestIdMiddleware:
    """Gives each request an id of ours: `request.request_id`, the `X-Request-ID` header and every log line carry it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = new_id("req")  # type: ignore[attr-defined]
        with log_as(request.request_id):  # type: ignore[attr-defined]
            response = self.get_response(request)
        response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        return response


class ApiHeadersMiddleware:
    """What comes from /api/ is data: no browser shall run, frame, sniff or keep it. Its one HTML page (the
    documentation) keeps the policy of the settings."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/api/"):
            response["Cache-Control"] = "no-store"
            response["Cross-Origin-Resource-Policy"] = "same-origin"
            if not response.get("Content-Type", "").startswith("text/html"):
                response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        return response
