"""Requests are counted twice: for the address, before anything is looked at, and for the tenant, once it is known."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from invoicedata.authentication import Principal
from invoicedata.limits import MINUTE, Limit, client_address, request_permits
from invoices.api.errors import API, api_response, judge
from invoices.errors import RateLimitedError
from invoices.services import quotas

HEALTH = "/api/v1/health"


class AddressLimitMiddleware:
    """429 for an address that sends too many requests to the API. Health is never refused: probes ask it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(API) and not request.path.startswith(HEALTH):
            limit = Limit("address", settings.ADDRESS_REQUESTS_PER_MINUTE, MINUTE)
            if not request_permits.take(limit, client_address(request)):
                message = f"At most {limit.most:,} requests a minute are taken from one address."
                return api_response(request, judge(RateLimitedError(message, limit.seconds_left())))
        return self.get_response(request)


class TenantThrottle(BaseThrottle):
    """The tenant's requests a minute, whatever tokens they come with. Staff are not counted."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Raises RateLimitedError, which says more than a plain False."""
        if isinstance(request.user, Principal):
            quotas.take_request(request.user.mga)
        return True
