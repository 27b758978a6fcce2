from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from invoicedata.identifiers import new_id
from invoicedata.logs import log_as

PERMISSIONS_POLICY = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"


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


class HeadersMiddleware:
    """What Django and django-csp leave out. No other site may use our answers, no page needs a device. What comes from
    /api/ is data: no browser shall run, frame or keep it; its one HTML page (the documentation) keeps the policy of
    the settings."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        response["Permissions-Policy"] = PERMISSIONS_POLICY
        if request.path.startswith("/api/"):
            response["Cache-Control"] = "no-store"
            if not response.get("Content-Type", "").startswith("text/html"):
                response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        return response
