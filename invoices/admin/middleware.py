"""Uploads of the admin that are refused while they arrive."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse

from invoicedata.uploads import UploadTooLargeError
from invoices.api.errors import is_api
from invoices.errors import FileTooLargeError


class FormUploadMiddleware:
    """Reads a form before anybody else does, so that a file that is too large has an answer here: in the check of the
    form's token, which comes next, nobody could answer but Django's error page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponse | None:
        if is_api(request):
            return None
        try:
            request.POST  # noqa: B018  # parses the form
        except UploadTooLargeError:
            return refuse_upload(request)
        return None


def refuse_upload(request: HttpRequest) -> HttpResponse:
    """As JSON for the form's script, else the form again with the reason."""
    reason = FileTooLargeError.message
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"files": [{"filename": "", "error": reason}]}, status=HTTPStatus.BAD_REQUEST)
    messages.error(request, reason)
    response = HttpResponseRedirect(request.path)
    response.status_code = HTTPStatus.SEE_OTHER
    return response
