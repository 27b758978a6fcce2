"""XML of strangers → a tree without namespaces. Nothing in it is expanded, fetched or resolved.

A document type declaration is refused as a whole: no e-invoice has one, and every trick with entities needs one.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

from ocr.errors import EInvoiceError

MAX_XML_BYTES = 20 * 1024 * 1024  # invoices carry their attachments inside
MAX_DEPTH = 40  # elements; CII's deepest path has 9
MAX_ELEMENTS = 400_000  # a line has about 40
LONGEST_TEXT = 2000  # characters of a value
ROOT = re.compile(rb"<(?:\w+:)?(?:Invoice|CreditNote|CrossIndustry(?:Invoice|Document))[\s>]")
BEFORE_MARKUP = b"\xef\xbb\xbf\xfe\xff \t\r\n"  # byte order marks and white space
DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY")
NUMBER = re.compile(r"[+-]?(?:\d{1,18}(?:\.\d{0,12})?|\.\d{1,12})", re.ASCII)
DATE_102 = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\d{4}(?:\d{2})?)?", re.ASCII)  # UNTDID 2379: 102, 203, 204
DATE_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[TZ+-].*)?", re.ASCII)

Element = Any  # lxml has no types


def looks_like_xml(head: bytes) -> bool:
    """Whether a file that begins so may be an XML invoice, in UTF-8, UTF-16 or UTF-32. HTML is none."""
    bare = head.replace(b"\0", b"").lstrip(BEFORE_MARKUP)
    return bare.startswith(b"<?xml") or (bare.startswith(b"<") and ROOT.search(bare) is not None)


def parse(content: bytes) -> tuple[Element, str]:
    """(the root, its namespace); below it tags are bare names. Raises EInvoiceError."""
    if len(content) > MAX_XML_BYTES:
        raise EInvoiceError("too-large")
    bare = content.replace(b"\0", b"")  # UTF-16 and UTF-32
    if any(declaration in bare for declaration in DECLARATIONS):
        raise EInvoiceError("unsafe")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content.lstrip(), parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise EInvoiceError("malformed") from error
    if root.getroottree().docinfo.doctype:
        raise EInvoiceError("unsafe")
    namespace = etree.QName(root).namespace or ""
    _strip_namespaces(root)
    return root, namespace


def _strip_namespaces(root: Element) -> None:
    depth = count = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            depth -= 1
            continue
        depth, count = depth + 1, count + 1
        if depth > MAX_DEPTH or count > MAX_ELEMENTS:
            raise EInvoiceError("too-large")
        if isinstance(element.tag, str):
            element.tag = etree.QName(element).localname


def text(node: Element | None, *paths: str) -> str:
    """The first text that is there on one of the paths, white space folded."""
    if node is None:
        return ""
    for path in paths:
        for found in node.iterfind(path):
            if value := " ".join("".join(found.itertext()).split()):
                return str(value)[:LONGEST_TEXT]
    return ""


def texts(node: Element, path: str) -> list[str]:
    """All texts on a path, each once."""
    found = (text(element, ".") for element in node.iterfind(path))
    return list(dict.fromkeys(value for value in found if value))


def amount(node: Element | None, *paths: str) -> Decimal | None:
    """The first number on one of the paths; None where there is none. Raises EInvoiceError for what is no number."""
    found = text(node, *paths)
    if not found:
        return None
    if not NUMBER.fullmatch(found):
        raise EInvoiceError("malformed")
    value = Decimal(found)
    return value.quantize(Decimal("0.01")) if value == round(value, 2) else value


def day(node: Element | None, *paths: str) -> date | None:
    """The first day on one of the paths; None where there is none. Raises EInvoiceError for what is no day."""
    found = text(node, *paths)
    if not found:
        return None
    match = DATE_ISO.fullmatch(found) or DATE_102.fullmatch(found)
    if match is None:
        raise EInvoiceError("malformed")
    year, month, number = (int(part) for part in match.groups())
    try:
        return date(year, month, number)
    except ValueError as error:
        raise EInvoiceError("malformed") from error
