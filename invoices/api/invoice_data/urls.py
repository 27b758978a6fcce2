"""Routes of contract 1. Each works with and without a slash at its end.

A customer may be called "requests": its routes come first, and no request id is called "process" or "lookup".
"""

from django.urls import register_converter

from invoices.api.health import HealthView
from invoices.api.invoice_data.views import (
    LookupByNumberView,
    LookupView,
    OddCustomerView,
    ProcessView,
    RequestView,
)
from invoices.api.routes import both


class AnyTextConverter:
    """Any characters at all, `/` and line ends too: the view says what is wrong with them."""

    regex = r"[\s\S]*"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class NumberConverter(AnyTextConverter):
    """An invoice number, without the slash that may end the path."""

    regex = r"[\s\S]+?"


register_converter(AnyTextConverter, "text")
register_converter(NumberConverter, "number")


CUSTOMER = "v1/invoice/<str:customer_id>"
ODD_CUSTOMER = "v1/invoice/<text:customer_id>"
urlpatterns = [
    *both("v1/health", HealthView.as_view(), "health"),
    *both(f"{CUSTOMER}/process", ProcessView.as_view(), "invoice-process"),
    *both(f"{CUSTOMER}/lookup", LookupView.as_view(), "invoice-lookup"),
    *both(f"{CUSTOMER}/lookup/<number:invoice_number>", LookupByNumberView.as_view(), "invoice-lookup-number"),
    *both("v1/invoice/requests/<str:request_id>", RequestView.as_view(), "invoice-request"),
    *both(f"{ODD_CUSTOMER}/process", OddCustomerView.as_view(), "odd-customer-process"),
    *both(f"{ODD_CUSTOMER}/lookup", OddCustomerView.as_view(), "odd-customer-lookup"),
    *both(f"{ODD_CUSTOMER}/lookup/<number:invoice_number>", OddCustomerView.as_view(), "odd-customer-number"),
]
