"""Which syntax and profile an e-invoice has."""

import re
from collections.abc import Callable
from dataclasses import replace

from ocr.einvoice import cii, ubl
from ocr.einvoice.markup import Element, parse
from ocr.errors import EInvoiceError
from ocr.types import DocumentReading

# (how the namespace begins, the root's tags, who reads it)
SYNTAXES: tuple[tuple[str, tuple[str, ...], Callable[[Element], DocumentReading]], ...] = (
    ("urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:", ("CrossIndustryInvoice",), cii.read_invoice),
    ("urn:ferd:CrossIndustryDocument:", ("CrossIndustryDocument",), cii.read_invoice),  # ZUGFeRD 1.0
    ("urn:oasis:names:specification:ubl:schema:xsd:", ("Invoice", "CreditNote"), ubl.read_invoice),
)
# A profile says which values must be there and what they mean. These follow EN 16931 or have the same terms.
PROFILES = re.compile(
    r"en16931|factur-?x|zugferd|urn:ferd:|xrechnung|xoev-de|peppol|cenbii|urn:oasis:|oioubl|nlcius|simplerinvoicing|ehf",
    re.IGNORECASE,
)
REQUIRED = {"invoice_number", "issue_date", "gross_total", "currency"}


def read_e_invoice(content: bytes, *, any_profile: bool = False) -> DocumentReading:
    """What an XML invoice states, each value with confidence 1 and its business term, and no place on a page.

    any_profile: also one whose profile is not known, with that as its problem. Raises EInvoiceError for all else.
    """
    root, namespace = parse(content)
    document = _syntax(str(root.tag), namespace)(root)
    assert document.e_invoice is not None
    if not document.fields.keys() >= REQUIRED:
        raise EInvoiceError("malformed")
    profile = document.e_invoice.profile
    if not profile or PROFILES.search(profile):
        return document
    if not any_profile:
        raise EInvoiceError("unknown-profile")
    return replace(document, e_invoice=replace(document.e_invoice, problem="unknown-profile"))


def _syntax(tag: str, namespace: str) -> Callable[[Element], DocumentReading]:
    """The function that reads documents of this root. Raises EInvoiceError."""
    for known, tags, read in SYNTAXES:
        if namespace.startswith(known) and tag in tags:
            return read
    raise EInvoiceError("unknown")
