"""What an invoice says of itself: rules without a database."""

from datetime import date
from decimal import Decimal

import pytest

from invoices.models import Invoice, InvoiceLine
from invoices.validation import CheckStatus, Given, check_invoice

TODAY = Given(date(2026, 3, 1))


def told(invoice: Invoice, lines: list[InvoiceLine], rule: str) -> list[tuple[str, str]]:
    return [
        (str(check.status), check.message) for check in check_invoice(invoice, lines, [], TODAY) if check.rule == rule
    ]


@pytest.mark.parametrize(
    ("tax", "status"),
    [("21.00", CheckStatus.PASSED), ("20.99", CheckStatus.PASSED), ("25.00", CheckStatus.WARNING)],
)
def test_the_tax_follows_from_the_rates(tax: str, status: str) -> None:
    invoice = Invoice(net_total=Decimal("200.00"), tax_total=Decimal(tax), gross_total=Decimal("200.00") + Decimal(tax))
    lines = [
        InvoiceLine(net_amount=Decimal("100.00"), tax_rate=Decimal("20.000")),
        InvoiceLine(net_amount=Decimal("80.00"), tax_rate=Decimal(0)),
        InvoiceLine(net_amount=Decimal("20.00"), tax_rate=Decimal(5)),
    ]
    ((found, message),) = told(invoice, lines, "totals.tax")
    assert found == status
    assert status == CheckStatus.PASSED or "20 % of 100.00 make 21.00, but the tax is 25.00" in message


def test_rates_that_not_every_line_tells_say_nothing() -> None:
    invoice = Invoice(net_total=Decimal(200), tax_total=Decimal(3))
    lines = [InvoiceLine(net_amount=Decimal(100), tax_rate=Decimal(20)), InvoiceLine(net_amount=Decimal(100))]
    assert told(invoice, lines, "totals.tax") == []
