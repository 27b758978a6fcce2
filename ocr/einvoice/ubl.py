"""UBL 2.1 Invoice and CreditNote: XRechnung, Peppol BIS Billing and what else follows EN 16931."""

from collections.abc import Iterator
from decimal import Decimal

from ocr.einvoice.markup import Element, amount, day, text, texts
from ocr.einvoice.statement import Stated, address_text, make_document, make_line, unsigned
from ocr.types import DocumentReading, LineItem

CREDIT_NOTE = "381"


def read_invoice(root: Element) -> DocumentReading:
    is_credit_note = root.tag == "CreditNote"
    kind = "CreditNote" if is_credit_note else "Invoice"
    type_code = text(root, f"{kind}TypeCode") or (CREDIT_NOTE if is_credit_note else "")
    lines = [line for item in root.iterfind(f"{kind}Line") if (line := _line(item)) is not None]
    return make_document(type_code, text(root, "CustomizationID"), _stated(root), lines, _delivery_notes(root))


def _stated(root: Element) -> Iterator[Stated]:
    yield "invoice_number", "BT-1", text(root, "ID")
    yield "issue_date", "BT-2", day(root, "IssueDate")
    yield "due_date", "BT-9", day(root, "DueDate", "PaymentMeans/PaymentDueDate", "PaymentTerms/PaymentDueDate")
    yield from _supplier(root.find("AccountingSupplierParty/Party"))
    yield from _customer(root.find("AccountingCustomerParty/Party"))
    yield "order_number", "BT-13", text(root, "OrderReference/ID")
    yield "venue", "BT-70", text(root, "Delivery/DeliveryParty/PartyName/Name")
    yield "delivery_date", "BT-72", day(root, "Delivery/ActualDeliveryDate")
    yield "payment_terms", "BT-20", text(root, "PaymentTerms/Note")
    currency = text(root, "DocumentCurrencyCode").upper()
    yield "currency", "BT-5", currency
    yield "tax_total", "BT-110", amount(root, f"TaxTotal/TaxAmount[@currencyID='{currency}']", "TaxTotal/TaxAmount")
    totals = root.find("LegalMonetaryTotal")
    yield "allowance_total", "BT-107", amount(totals, "AllowanceTotalAmount")
    yield "charge_total", "BT-108", amount(totals, "ChargeTotalAmount")
    yield "net_total", "BT-109", amount(totals, "TaxExclusiveAmount")
    yield "gross_total", "BT-112", amount(totals, "TaxInclusiveAmount")
    yield "amount_paid", "BT-113", unsigned(amount(totals, "PrepaidAmount"))
    yield "rounding_amount", "BT-114", amount(totals, "PayableRoundingAmount")
    yield "amount_due", "BT-115", amount(totals, "PayableAmount")


def _supplier(party: Element | None) -> Iterator[Stated]:
    yield "supplier_name", "BT-27", text(party, "PartyLegalEntity/RegistrationName", "PartyName/Name")
    yield "supplier_trading_name", "BT-28", text(party, "PartyName/Name")
    place = party.find("PostalAddress") if party is not None else None
    lines = [text(place, name) for name in ("StreetName", "AdditionalStreetName", "AddressLine/Line")]
    postcode, city = text(place, "PostalZone"), text(place, "CityName")
    yield "supplier_address", "BG-5", address_text(lines, postcode, city)
    yield "supplier_street", "BT-35", lines[0]
    yield "supplier_city", "BT-37", city
    yield "supplier_postcode", "BT-38", postcode
    yield "supplier_state", "BT-39", text(place, "CountrySubentity")
    yield "supplier_phone", "BT-42", text(party, "Contact/Telephone")
    yield "supplier_email", "BT-43", text(party, "Contact/ElectronicMail")
    yield "supplier_tax_id", "BT-31", _tax_id(party)


def _tax_id(party: Element | None) -> str:
    """The VAT number, else a tax registration."""
    schemes = [] if party is None else list(party.iterfind("PartyTaxScheme"))
    schemes.sort(key=lambda scheme: text(scheme, "TaxScheme/ID") != "VAT")
    return text(schemes[0], "CompanyID") if schemes else ""


def _customer(party: Element | None) -> Iterator[Stated]:
    yield "customer_name", "BT-44", text(party, "PartyLegalEntity/RegistrationName", "PartyName/Name")
    yield "customer_phone", "BT-57", text(party, "Contact/Telephone")
    yield "customer_email", "BT-58", text(party, "Contact/ElectronicMail")


def _delivery_notes(root: Element) -> list[str]:
    found = texts(root, "DespatchDocumentReference/ID")
    for kind in ("InvoiceLine", "CreditNoteLine"):
        found += texts(root, f"{kind}/DespatchLineReference/DocumentReference/ID")
    return list(dict.fromkeys(found))


def _line(item: Element) -> LineItem | None:
    quantity = next((found for kind in ("Invoiced", "Credited") for found in item.iterfind(f"{kind}Quantity")), None)
    return make_line(
        description=text(item, "Item/Name", "Item/Description"),
        quantity=amount(quantity, "."),
        unit_code=quantity.get("unitCode", "") if quantity is not None else "",
        price=amount(item, "Price/PriceAmount"),
        price_base=amount(item, "Price/BaseQuantity"),
        net_amount=amount(item, "LineExtensionAmount"),
        sku=text(
            item,
            "Item/SellersItemIdentification/ID",
            "Item/StandardItemIdentification/ID",
            "Item/BuyersItemIdentification/ID",
        ),
        tax_rate=amount(item, "Item/ClassifiedTaxCategory/Percent"),
        discount=_discount(item),
    )


def _discount(item: Element) -> Decimal:
    """The line's allowances less its charges (BG-27, BG-28)."""
    total = Decimal(0)
    for entry in item.iterfind("AllowanceCharge"):
        sign = -1 if text(entry, "ChargeIndicator") == "true" else 1
        total += sign * (amount(entry, "Amount") or 0)
    return total
