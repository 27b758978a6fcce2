"""What one gets with free tools in an afternoon: Tesseract or the text layer, and a regular expression a field.

The reader's figures are shown beside these (`python -m bench.accuracy --baseline`). Prints rows as `manage.py extract`.
"""

import json
import re
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pdfplumber
import pypdfium2 as pdfium
import pytesseract
from PIL import Image, ImageSequence

AMOUNT = r"(-?\d[\d.,]*[.,]\d{2})"
NUMBER = re.compile(
    r"(?:invoice|rechnung|factuur|facture|fattura|factura|tax invoice)\s*(?:no|nr|number|nummer|#)?[.:#\s]*(\S*\d\S*)",
    re.I,
)
DATE = re.compile(r"\b(\d{1,4})[./-](\d{1,2})[./-](\d{2,4})\b")
TOTAL = re.compile(rf"(?:grand total|total due|amount due|gesamtbetrag|summe|total)\D*?{AMOUNT}", re.I)
SUBTOTAL = re.compile(rf"(?:sub-?\s?total|net total|netto)\D*?{AMOUNT}", re.I)
TAX = re.compile(rf"(?:vat|gst|tax|mwst|ust)[^\n]*?{AMOUNT}\s*$", re.I | re.M)
LINE = re.compile(
    rf"^(?P<description>\D.*?)\s+(?P<quantity>\d+)?\s*(?P<price>{AMOUNT})?\s+(?P<total>{AMOUNT})\s*$", re.M
)
SYMBOLS = {"€": "EUR", "£": "GBP", "$": "USD", "RM": "MYR"}


def text_of(path: Path) -> str:
    if path.suffix.lower() == ".pdf":
        with pdfplumber.open(path) as pdf:
            text = "\n".join(page.extract_text() or "" for page in pdf.pages)
        if len(text.split()) >= 15:
            return text
        images = [page.render(scale=300 / 72).to_pil() for page in pdfium.PdfDocument(path)]
    else:
        images = [frame.convert("L") for frame in ImageSequence.Iterator(Image.open(path))]
    return "\n".join(pytesseract.image_to_string(image) for image in images)


def as_number(text: str) -> float:
    digits = re.sub(r"[^\d-]", "", text)
    return int(digits) / 100


def as_date(match: re.Match[str]) -> str | None:
    first, second, third = (int(group) for group in match.groups())
    year, month, day = (first, second, third) if first > 31 else (third + 2000 * (third < 100), second, first)
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def first(pattern: re.Pattern[str], text: str, cast: Callable[[str], Any] = str) -> Any:
    match = pattern.search(text)
    return cast(match.group(1)) if match else None


def read(path: Path) -> dict[str, Any]:
    text = text_of(path)
    dates = [found for match in DATE.finditer(text) if (found := as_date(match))]
    totals = [as_number(amount) for amount in TOTAL.findall(text)]
    data = {
        "invoiceNumber": first(NUMBER, text),
        "invoiceDate": dates[0] if dates else None,
        "totalAmount": max(totals, default=None),
        "subtotal": first(SUBTOTAL, text, as_number),
        "taxAmount": first(TAX, text, as_number),
        "currency": next((code for symbol, code in SYMBOLS.items() if symbol in text), None),
        "supplier": next((line.strip() for line in text.splitlines() if line.strip()), None),
        "lineItems": [
            {
                "description": match["description"],
                "quantity": int(match["quantity"]) if match["quantity"] else None,
                "totalPrice": as_number(match["total"]),
            }
            for match in LINE.finditer(text)
        ],
    }
    return {name: value for name, value in data.items() if value is not None}


def main() -> None:
    for argument in sys.argv[1:]:
        started = time.perf_counter()
        document = {"kind": "invoice", "pages": [1], "data": read(Path(argument)), "fields": {}}
        row = {"file": argument, "seconds": time.perf_counter() - started, "documents": [document]}
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
