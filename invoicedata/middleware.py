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
