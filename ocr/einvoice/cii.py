"""UN/CEFACT Cross Industry Invoice: Factur-X, ZUGFeRD 2 and XRechnung (D16B), and ZUGFeRD 1.0, which has other tags."""

from collections.abc import Iterator
from decimal import Decimal

from ocr.einvoice.markup import Element, amount, day, text, texts
from ocr.einvoice.statement import Stated, address_text, make_document, make_line, unsigned
from ocr.types import DocumentReading, LineItem

NO_GOODS = ("GROUP", "INFORMATION")  # status reasons of lines that only head or explain others
V1_ORDER = "BuyerOrderReferencedDocument/ID"
TRUE = ("true", "1")
TAX_ID = "SpecifiedTaxRegistration/ID[@schemeID='{}']"


def read_invoice(root: Element) -> DocumentReading:
    head = _first(root, "ExchangedDocument", "HeaderExchangedDocument")
    trade = _first(root, "SupplyChainTradeTransaction", "SpecifiedSupplyChainTradeTransaction")
    profile = text(root, "*/GuidelineSpecifiedDocumentContextParameter/ID")
    lines = [line for item in _all(trade, "IncludedSupplyChainTradeLineItem") if (line := _line(item)) is not None]
    return make_document(text(head, "TypeCode"), profile, _stated(head, trade), lines, _delivery_notes(trade))


def _stated(head: Element | None, trade: Element | None) -> Iterator[Stated]:
    agreement = _first(trade, "ApplicableHeaderTradeAgreement", "ApplicableSupplyChainTradeAgreement")
    delivery = _first(trade, "ApplicableHeaderTradeDelivery", "ApplicableSupplyChainTradeDelivery")
    settlement = _first(trade, "ApplicableHeaderTradeSettlement", "ApplicableSupplyChainTradeSettlement")
    yield "invoice_number", "BT-1", text(head, "ID")
    yield "issue_date", "BT-2", day(head, "IssueDateTime/DateTimeString", "IssueDateTime/DateTime")
    yield from _seller(_first(agreement, "SellerTradeParty"))
    yield from _buyer(_first(agreement, "BuyerTradeParty"))
    yield "order_number", "BT-13", text(agreement, "BuyerOrderReferencedDocument/IssuerAssignedID", V1_ORDER)
    yield "venue", "BT-70", text(delivery, "ShipToTradeParty/Name")
    yield "delivery_date", "BT-72", day(delivery, "ActualDeliverySupplyChainEvent/OccurrenceDateTime/DateTimeString")
    yield from _settled(settlement)


def _seller(party: Element | None) -> Iterator[Stated]:
    yield "supplier_name", "BT-27", text(party, "Name", "SpecifiedLegalOrganization/TradingBusinessName")
    yield "supplier_trading_name", "BT-28", text(party, "SpecifiedLegalOrganization/TradingBusinessName")
    place = _first(party, "PostalTradeAddress")
    lines = [text(place, name) for name in ("LineOne", "LineTwo", "LineThree")]
    postcode, city = text(place, "PostcodeCode"), text(place, "CityName")
    yield "supplier_address", "BG-5", address_text(lines, postcode, city)
    yield "supplier_street", "BT-35", lines[0]
    yield "supplier_city", "BT-37", city
    yield "supplier_postcode", "BT-38", postcode
    yield "supplier_state", "BT-39", text(place, "CountrySubDivisionName")
    contact = _first(party, "DefinedTradeContact")
    yield "supplier_phone", "BT-42", text(contact, "TelephoneUniversalCommunication/CompleteNumber")
    yield "supplier_email", "BT-43", text(contact, "EmailURIUniversalCommunication/URIID")
    yield "supplier_tax_id", "BT-31", text(party, TAX_ID.format("VA"), TAX_ID.format("FC"))


def _buyer(party: Element | None) -> Iterator[Stated]:
    yield "customer_name", "BT-44", text(party, "Name")
    contact = _first(party, "DefinedTradeContact")
    yield "customer_phone", "BT-57", text(contact, "TelephoneUniversalCommunication/CompleteNumber")
    yield "customer_email", "BT-58", text(contact, "EmailURIUniversalCommunication/URIID")


def _settled(settlement: Element | None) -> Iterator[Stated]:
    currency = text(settlement, "InvoiceCurrencyCode").upper()
    yield "currency", "BT-5", currency
    yield "due_date", "BT-9", day(settlement, "SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString")
    yield "payment_terms", "BT-20", text(settlement, "SpecifiedTradePaymentTerms/Description")
    totals = _first(
        settlement, "SpecifiedTradeSettlementHeaderMonetarySummation", "SpecifiedTradeSettlementMonetarySummation"
    )
    yield "allowance_total", "BT-107", amount(totals, "AllowanceTotalAmount")
    yield "charge_total", "BT-108", amount(totals, "ChargeTotalAmount")
    yield "net_total", "BT-109", amount(totals, "TaxBasisTotalAmount")
    yield "tax_total", "BT-110", amount(totals, f"TaxTotalAmount[@currencyID='{currency}']", "TaxTotalAmount")
    yield "gross_total", "BT-112", amount(totals, "GrandTotalAmount")
    yield "amount_paid", "BT-113", unsigned(amount(totals, "TotalPrepaidAmount"))
    yield "rounding_amount", "BT-114", amount(totals, "RoundingAmount")
    yield "amount_due", "BT-115", amount(totals, "DuePayableAmount")


def _delivery_notes(trade: Element | None) -> list[str]:
    if trade is None:
        return []
    found = []
    for document in ("DespatchAdviceReferencedDocument", "DeliveryNoteReferencedDocument"):
        for number in ("IssuerAssignedID", "ID"):
            found += texts(trade, f"ApplicableHeaderTradeDelivery/{document}/{number}")
            found += texts(trade, f"ApplicableSupplyChainTradeDelivery/{document}/{number}")
            for delivery in ("SpecifiedLineTradeDelivery", "SpecifiedSupplyChainTradeDelivery"):
                found += texts(trade, f"IncludedSupplyChainTradeLineItem/{delivery}/{document}/{number}")
    return list(dict.fromkeys(found))


def _line(item: Element) -> LineItem | None:
    if text(item, "AssociatedDocumentLineDocument/LineStatusReasonCode") in NO_GOODS:
        return None
    agreement = _first(item, "SpecifiedLineTradeAgreement", "SpecifiedSupplyChainTradeAgreement")
    delivery = _first(item, "SpecifiedLineTradeDelivery", "SpecifiedSupplyChainTradeDelivery")
    settlement = _first(item, "SpecifiedLineTradeSettlement", "SpecifiedSupplyChainTradeSettlement")
    product = _first(item, "SpecifiedTradeProduct")
    quantity = _first(delivery, "BilledQuantity")
    return make_line(
        description=text(product, "Name", "Description"),
        quantity=amount(quantity, "."),
        unit_code=quantity.get("unitCode", "") if quantity is not None else "",
        price=amount(agreement, "NetPriceProductTradePrice/ChargeAmount"),
        price_base=amount(agreement, "NetPriceProductTradePrice/BasisQuantity"),
        net_amount=amount(
            settlement,
            "SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount",
            "SpecifiedTradeSettlementMonetarySummation/LineTotalAmount",
        ),
        sku=text(product, "SellerAssignedID", "GlobalID", "BuyerAssignedID"),
        tax_rate=amount(settlement, "ApplicableTradeTax/RateApplicablePercent", "ApplicableTradeTax/ApplicablePercent"),
        discount=_discount(settlement),
    )


def _discount(settlement: Element | None) -> Decimal:
    """The line's allowances less its charges (BG-27, BG-28)."""
    total = Decimal(0)
    for entry in _all(settlement, "SpecifiedTradeAllowanceCharge"):
        sign = -1 if text(entry, "ChargeIndicator/Indicator", "ChargeIndicator") in TRUE else 1
        total += sign * (amount(entry, "ActualAmount") or 0)
    return total


def _first(node: Element | None, *names: str) -> Element | None:
    if node is None:
        return None
    return next((found for name in names if (found := node.find(name)) is not None), None)


def _all(node: Element | None, name: str) -> list[Element]:
    return [] if node is None else list(node.iterfind(name))
