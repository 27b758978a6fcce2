"""Small documents made on the spot: enough to go through the door, and through the reader where a test wants that."""

import io
from collections.abc import Mapping, Sequence

import pypdfium2 as pdfium

INVOICE_LINES = (
    "Harbour Vets",
    "12 Quay Street, Portland ME 04101",
    "Phone 555-0100",
    "",
    "INVOICE",
    "Invoice number: INV-1042",
    "Invoice date: 2025-03-04",
    "Due date: 2025-03-18",
    "Client: Dana Whitfield",
    "",
    "Description          Qty   Unit price    Amount",
    "Consultation           1        60.00     60.00",
    "Vaccine                2        24.00     48.00",
    "",
    "Total                                USD 108.00",
    "Amount paid                               50.00",
    "Balance due                               58.00",
)


def make_pdf(
    lines: Sequence[str] = INVOICE_LINES,
    size: int = 60_000,
    width: int = 595,
    height: int = 842,
    more: Sequence[Sequence[str]] = (),
    associated: bytes = b"",
) -> bytes:
    """A page (in points) of text in a fixed-width font, padded to at least `size` bytes.

    more: further pages. associated: a file that the catalogue names (/AF), and the name tree does not.
    """
    sheets = [lines, *more]
    numbers = [3 + 2 * n for n in range(len(sheets))]
    kids = b" ".join(b"%d 0 R" % number for number in numbers)
    last = numbers[-1] + 1
    catalogue = b" /AF [%d 0 R]" % (last + 1) if associated else b""
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R%s >>" % catalogue,
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(sheets)),
    ]
    for number, sheet in zip(numbers, sheets, strict=True):
        content = _content(sheet)
        bodies += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R" % (width, height, number + 1)
            + b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Courier >> >> >> >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        ]
    if associated:
        bodies += [
            b"<< /Type /Filespec /F (factur-x.xml) /AFRelationship /Alternative /EF << /F %d 0 R >> >>" % (last + 2),
            b"<< /Type /EmbeddedFile /Length %d >>\nstream\n%s\nendstream" % (len(associated), associated),
        ]
    parts = [b"%PDF-1.4\n"]
    offsets = []
    for number, body in enumerate(bodies, start=1):
        offsets.append(sum(map(len, parts)))
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    parts.append(b"%" + b" " * max(size - sum(map(len, parts)) - 300, 0) + b"\n")
    start = sum(map(len, parts))
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(bodies) + 1, table))
    parts.append(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, start))
    return b"".join(parts).ljust(size, b"\n")


def _content(lines: Sequence[str]) -> bytes:
    shown = "".join(f"({line.replace('(', '').replace(')', '')}) Tj T*\n" for line in lines)
    return f"BT /F1 11 Tf 14 TL 60 780 Td\n{shown}ET".encode()


def attach(pdf: bytes, files: Mapping[str, bytes]) -> bytes:
    """The PDF with these files attached, by name, as e-invoices are."""
    document = pdfium.PdfDocument(pdf)
    for name, content in files.items():
        document.new_attachment(name).set_data(content)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()
