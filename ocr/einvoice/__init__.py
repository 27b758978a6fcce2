"""E-invoices: the values that a file states for machines (CII and UBL, EN 16931), beside what its pages show."""

from ocr.einvoice.attachments import Attached, read_attached
from ocr.einvoice.markup import MAX_XML_BYTES, looks_like_xml
from ocr.einvoice.syntax import read_e_invoice

__all__ = ["MAX_XML_BYTES", "Attached", "looks_like_xml", "read_attached", "read_e_invoice"]
