"""An invoice as a UBL 2.1 document (OASIS), with the elements of EN 16931, valid against the schema of OASIS.

Elements stand in the schema's order. `schemas/ubl-2.1` holds the schema as OASIS published it.
"""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from lxml import etree

from invoices.models import Invoice, InvoiceLine, Practice

SCHEMAS = Path(__file__).parent / "schemas" / "ubl-2.1" / "maindoc"
CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
ROOT = "urn:oasis:names:specification:ubl:schema:xsd:{}-2"
INVOICE_TYPE, CREDIT_NOTE_TYPE = "380", "381"  # UNTDID 1001
PIECE = "C62"  # UN/ECE Rec 20: one; the unit as printed follows no code list and stands in the note
CENT = Decimal("0.01")
NOT_XML = re.compile("[^\\t\\n\\r -\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


class NotExpressibleError(ValueError):
    """UBL cannot hold the invoice: its number, date, currency, total or a line is missing, or the schema refuses it."""


@cache
def schema(kind: str) -> etree.XMLSchema:
    """The schema of `Invoice` or `CreditNote`; a third of a second the first time."""
    return etree.XMLSchema(etree.parse(SCHEMAS / f"UBL-{kind}-2.1.xsd"))


class Element:
    """An element to which children are added in order; `None` and blank text add nothing."""

    def __init__(self, node: etree._Element) -> None:
        self.node = node

    def add(self, name: str) -> "Element":
        return Element(etree.SubElement(self.node, f"{{{CAC}}}{name}"))

    def put(self, name: str, value: str | date | Decimal | None, **attributes: str) -> None:
        if value is None or value == "":
            return
        node = etree.SubElement(self.node, f"{{{CBC}}}{name}", attributes)
        node.text = value.isoformat() if isinstance(value, date) else xml_text(str(value))


def to_xml(invoice: Invoice, lines: Sequence[InvoiceLine], supplier: Practice | None) -> bytes:
    """UTF-8, with an XML declaration. Raises NotExpressibleError."""
    required = (invoice.invoice_number, invoice.issue_date, invoice.currency, invoice.gross_total)
    if any(value in (None, "") for value in required) or not lines:
        raise NotExpressibleError(invoice.pk)
    is_credit = invoice.kind == Invoice.Kind.CREDIT_NOTE
    kind = "CreditNote" if is_credit else "Invoice"
    node = etree.Element(f"{{{ROOT.format(kind)}}}{kind}", nsmap={None: ROOT.format(kind), "cac": CAC, "cbc": CBC})
    root = Element(node)
    put_head(root, invoice, kind)
    put_party(root.add("AccountingSupplierParty").add("Party"), invoice.supplier_name, supplier)
    put_customer(root.add("AccountingCustomerParty").add("Party"), invoice)
    if invoice.delivery_date:
        root.add("Delivery").put("ActualDeliveryDate", invoice.delivery_date)
    if invoice.payment_terms:
        root.add("PaymentTerms").put("Note", invoice.payment_terms)
    if invoice.tax_total is not None:
        root.add("TaxTotal").put("TaxAmount", money(invoice.tax_total), currencyID=invoice.currency)
    put_totals(root.add("LegalMonetaryTotal"), invoice)
    for line in lines:
        put_line(
            root.add(f"{kind}Line"), line, invoice.currency, "CreditedQuantity" if is_credit else "InvoicedQuantity"
        )
    if not schema(kind).validate(node):
        raise NotExpressibleError(f"{invoice.pk}: {schema(kind).error_log.last_error}")
    return bytes(etree.tostring(node, xml_declaration=True, encoding="UTF-8"))


def put_head(root: Element, invoice: Invoice, kind: str) -> None:
    root.put("UBLVersionID", "2.1")
    root.put("ID", invoice.invoice_number)
    root.put("IssueDate", invoice.issue_date)
    if kind == "Invoice":
        root.put("DueDate", invoice.due_date)
        root.put("InvoiceTypeCode", INVOICE_TYPE)
    else:
        root.put("CreditNoteTypeCode", CREDIT_NOTE_TYPE)
    root.put("DocumentCurrencyCode", invoice.currency)
    if invoice.order_number:
        root.add("OrderReference").put("ID", invoice.order_number)
    for number in invoice.delivery_note_numbers:
        root.add("DespatchDocumentReference").put("ID", number)


def put_party(party: Element, name: str, known: Practice | None) -> None:
    if known is not None:
        party.add("PartyIdentification").put("ID", known.pk)
    if name:
        party.add("PartyName").put("Name", name)
    if known is None:
        return
    if known.street or known.city or known.postcode or known.state:
        address = party.add("PostalAddress")
        address.put("StreetName", known.street)
        address.put("CityName", known.city)
        address.put("PostalZone", known.postcode)
        address.put("CountrySubentity", known.state)
    if known.phone or known.email:
        contact = party.add("Contact")
        contact.put("Telephone", known.phone)
        contact.put("ElectronicMail", known.email)


def put_customer(party: Element, invoice: Invoice) -> None:
    if invoice.customer_id:
        party.add("PartyIdentification").put("ID", invoice.customer_id)
    if name := invoice.customer_name or invoice.venue:
        party.add("PartyName").put("Name", name)


def put_totals(total: Element, invoice: Invoice) -> None:
    gross = invoice.gross_total
    assert gross is not None
    due = invoice.amount_due if invoice.amount_due is not None else gross - (invoice.amount_paid or 0)
    total.put("TaxExclusiveAmount", money(invoice.net_total), currencyID=invoice.currency)
    total.put("TaxInclusiveAmount", money(gross), currencyID=invoice.currency)
    total.put("PrepaidAmount", money(invoice.amount_paid), currencyID=invoice.currency)
    total.put("PayableAmount", money(due), currencyID=invoice.currency)


def put_line(element: Element, line: InvoiceLine, currency: str, quantity: str) -> None:
    element.put("ID", str(line.position))
    element.put("Note", line.unit and f"Unit as printed: {line.unit}")
    element.put("Note", "No amount is printed." if line.net_amount is None else None)
    element.put(quantity, number(line.quantity), unitCode=PIECE)
    element.put("LineExtensionAmount", money(line.net_amount or Decimal(0)), currencyID=currency)
    item = element.add("Item")
    item.put("Name", line.description)
    if line.sku:
        item.add("SellersItemIdentification").put("ID", line.sku)
    if line.tax_rate is not None:
        category = item.add("ClassifiedTaxCategory")
        category.put("ID", "S" if line.tax_rate else "Z")
        category.put("Percent", number(line.tax_rate))
        category.add("TaxScheme").put("ID", "VAT")
    if line.unit_price is not None:
        element.add("Price").put("PriceAmount", number(line.unit_price), currencyID=currency)


def money(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(CENT)


def number(value: Decimal | None) -> str | None:
    """Without an exponent and without the zeros that the database keeps."""
    return None if value is None else f"{value.normalize():f}"


def xml_text(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold."""
    return NOT_XML.sub("", text)
