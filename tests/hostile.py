"""Files that mean harm, or are broken in a way that is seen in the wild. Each is small and made on the spot."""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from PIL import Image

from tests.documents import make_pdf

DATA = Path(__file__).with_name("data")
CUTS, OVERWRITTEN = 12, 26  # of each sound file
ENOUGH = 60_000  # bytes: above the least size, so that it is not the size that is refused


def padded(content: bytes) -> bytes:
    return content.ljust(ENOUGH, b"\n")


def png(width: int, height: int, depth: int = 1, colour: int = 0, pixels: bytes | None = None) -> bytes:
    """A PNG of that header; the picture is black unless `pixels` (compressed) says otherwise."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    if pixels is None:
        compressor = zlib.compressobj(9)
        row = b"\0" * (1 + (width * depth + 7) // 8)
        pixels = b"".join(compressor.compress(row) for _ in range(height)) + compressor.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    filler = chunk(b"tEXt", b"Comment\0" + b" " * ENOUGH)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + filler + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def picture(form: str, width: int = 2480, height: int = 3508, dpi: int = 300, **options: object) -> bytes:
    """A grey gradient, which compresses badly enough to be above the least size."""
    image = Image.effect_noise((width, height), 20)
    buffer = io.BytesIO()
    image.save(buffer, form, dpi=(dpi, dpi), **options)
    return buffer.getvalue()


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def jpeg_without_pixels() -> bytes:
    whole = picture("JPEG")
    return padded(whole[: whole.index(b"\xff\xda")])


def jpeg_claiming(side: int) -> bytes:
    """A JPEG whose header claims `side` x `side` pixels."""
    small = picture("JPEG", 64, 64)
    marker = small.index(b"\xff\xc0")
    claimed = struct.pack(">HH", side, side)
    return padded(small[: marker + 5] + claimed + small[marker + 9 :])


def tiff_pages(count: int) -> bytes:
    """A TIFF of `count` pages of one pixel."""
    parts, offset = [b"II*\0" + struct.pack("<I", 8)], 8
    for number in range(count):
        tags = [(256, 4, 1), (257, 4, 1), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 0), (278, 4, 1), (279, 4, 1)]
        size = 2 + 12 * len(tags) + 4
        following = 0 if number == count - 1 else offset + size
        body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
        parts.append(struct.pack("<H", len(tags)) + body + struct.pack("<I", following))
        offset += size
    return padded(b"".join(parts))


def tiff_in_a_circle() -> bytes:
    """A TIFF whose only page is followed by itself."""
    body = struct.pack("<HHII", 256, 4, 1, 1) + struct.pack("<HHII", 257, 4, 1, 1)
    return padded(b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 2) + body + struct.pack("<I", 8))


def pdf(objects: dict[int, bytes], trailer: bytes = b"") -> bytes:
    """A PDF of these objects; 1 is the catalogue."""
    parts, offsets = [b"%PDF-1.5\n"], {}
    for number, body in objects.items():
        offsets[number] = sum(map(len, parts))
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start, most = sum(map(len, parts)), max(objects)
    rows = b"".join(b"%010d 00000 n \n" % offsets.get(number, 0) for number in range(1, most + 1))
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%s" % (most + 1, rows))
    parts.append(b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (most + 1, trailer, start))
    return padded(b"".join(parts))


CATALOGUE = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R %s >>"


def stream(content: bytes, extra: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), extra, content)


def encrypted_pdf() -> bytes:
    lock = b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (b"11" * 32, b"22" * 32)
    objects = {1: CATALOGUE, 2: PAGES, 3: PAGE % b"", 4: stream(b""), 5: lock}
    return pdf(objects, b"/Encrypt 5 0 R /ID [<00><00>]")


def pdf_deflated_twice() -> bytes:
    """A gigabyte of text operators in some kilobytes."""
    compressor = zlib.compressobj(9)
    piece = b"BT (A) Tj ET " * 80_000
    once = b"".join(compressor.compress(piece) for _ in range(1000)) + compressor.flush()
    content = stream(zlib.compress(once, 9), b"/Filter [/FlateDecode /FlateDecode]")
    return pdf({1: CATALOGUE, 2: PAGES, 3: PAGE % b"", 4: content})


def pdf_of_billion_laughs() -> bytes:
    """Forms that each draw the next one ten times, nine deep."""
    objects = {1: CATALOGUE, 2: PAGES, 3: PAGE % b"/Resources << /XObject << /F 5 0 R >> >>", 4: stream(b"/F Do")}
    for level in range(9):
        inner = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F %d 0 R >> >>" % (level + 6)
        objects[5 + level] = stream(b"/F Do " * 10, inner)
    objects[14] = stream(b"0 0 9 9 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]")
    return pdf(objects)


def pdf_in_a_circle() -> bytes:
    """Page trees that hold each other."""
    return pdf({1: CATALOGUE, 2: b"<< /Type /Pages /Kids [3 0 R] /Count 9 >>", 3: b"<< /Type /Pages /Kids [2 0 R] >>"})


def pdf_pages(count: int) -> bytes:
    kids = b" ".join(b"3 0 R" for _ in range(count))
    tree = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, count)
    return pdf({1: CATALOGUE, 2: tree, 3: PAGE % b"", 4: stream(b"")})


def pdf_without_pages() -> bytes:
    return pdf({1: CATALOGUE, 2: b"<< /Type /Pages /Kids [] /Count 0 >>"})


# What is refused as a file that cannot be read, with the error's code.
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "INVOICE_FILE_MISSING"),
    "one byte": (lambda: b"%", "INVALID_FILE_FORMAT"),
    "nothing but zeros": (lambda: bytes(ENOUGH), "INVALID_FILE_FORMAT"),
    "text": (lambda: padded(b"Dear Sir, please find enclosed"), "INVALID_FILE_FORMAT"),
    "HTML": (lambda: padded(b"<!DOCTYPE html><script>alert(1)</script>"), "INVALID_FILE_FORMAT"),
    "SVG": (lambda: padded(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "INVALID_FILE_FORMAT"),
    "ZIP": (lambda: padded(b"PK\x03\x04"), "INVALID_FILE_FORMAT"),
    "a program": (lambda: padded(b"MZ\x90\x00"), "INVALID_FILE_FORMAT"),
    "a script": (lambda: padded(b"#!/bin/sh\nrm -rf /\n"), "INVALID_FILE_FORMAT"),
    "PostScript": (lambda: padded(b"%!PS-Adobe-3.0\n"), "INVALID_FILE_FORMAT"),
    "GIF": (lambda: padded(picture("GIF", 64, 64)), "INVALID_FILE_FORMAT"),
    "BMP": (lambda: padded(picture("BMP", 64, 64)), "INVALID_FILE_FORMAT"),
    "WebP": (lambda: padded(picture("WEBP", 64, 64)), "INVALID_FILE_FORMAT"),
    "PDF, header only": (lambda: padded(b"%PDF-1.7\n"), "INVALID_FILE_FORMAT"),
    "PDF, cut in half": (lambda: padded(make_pdf()[:900]), "INVALID_FILE_FORMAT"),
    "PDF, header behind other content": (lambda: b"GIF89a".ljust(5000, b"x") + make_pdf(), "INVALID_FILE_FORMAT"),
    "PDF, encrypted": (encrypted_pdf, "INVALID_FILE_FORMAT"),
    "PDF, without pages": (pdf_without_pages, "INVALID_FILE_FORMAT"),
    "PDF, page trees in a circle": (pdf_in_a_circle, "INVALID_FILE_FORMAT"),
    "PDF, 51 pages": (lambda: pdf_pages(51), "INVALID_FILE_FORMAT"),
    "PDF, 10,000 pages": (lambda: pdf_pages(10_000), "INVALID_FILE_FORMAT"),
    "PDF, a gigabyte deflated twice": (pdf_deflated_twice, "INVALID_FILE_FORMAT"),
    "PDF, a billion laughs": (pdf_of_billion_laughs, "INVALID_FILE_FORMAT"),
    "PNG, signature only": (lambda: padded(b"\x89PNG\r\n\x1a\n"), "INVALID_FILE_FORMAT"),
    "PNG, no pixels wide": (lambda: png(0, 10, pixels=b""), "INVALID_FILE_FORMAT"),
    "PNG, 50,000 x 50,000 pixels": (lambda: png(50_000, 50_000), "INVALID_FILE_FORMAT"),
    "PNG, 2^31 pixels wide": (lambda: png(2**31 - 1, 1, pixels=b""), "INVALID_FILE_FORMAT"),
    "JPEG, marker only": (lambda: padded(b"\xff\xd8\xff\xe0"), "INVALID_FILE_FORMAT"),
    "JPEG, claiming 65,500 x 65,500 pixels": (lambda: jpeg_claiming(65_500), "INVALID_FILE_FORMAT"),
    "TIFF, header only": (lambda: padded(b"II*\0"), "INVALID_FILE_FORMAT"),
    "TIFF, page at an address beyond its end": (lambda: padded(b"MM\0*\xff\xff\xff\xff"), "INVALID_FILE_FORMAT"),
    "TIFF, pages in a circle": (tiff_in_a_circle, "INVALID_FILE_FORMAT"),
    "TIFF, 10,000 pages": (lambda: tiff_pages(10_000), "INVALID_FILE_FORMAT"),
    "below 50 KB": (lambda: make_pdf(size=51_199), "FILE_TOO_SMALL"),
    "above 10 MB": (lambda: make_pdf(size=10 * 1024 * 1024 + 1), "FILE_TOO_LARGE"),
    "far above 10 MB": (lambda: make_pdf(size=15 * 1024 * 1024), "FILE_TOO_LARGE"),
    "PNG, 72 DPI": (lambda: picture("PNG", 595, 842, dpi=72), "IMAGE_RESOLUTION_TOO_LOW"),
    "JPEG, A4 at 200 DPI": (lambda: picture("JPEG", 1654, 2339, dpi=200), "IMAGE_RESOLUTION_TOO_LOW"),
}
# What has a sound header and is broken behind it: that shows when it is read.
DAMAGED: dict[str, Callable[[], bytes]] = {
    "PNG, cut in half": lambda: cut(picture("PNG")),
    "PNG, pixels are nonsense": lambda: png(2480, 3508, pixels=b"nonsense"),
    "JPEG, nothing behind its header": jpeg_without_pixels,
    "TIFF, cut in half": lambda: cut(picture("TIFF")),
}


def mutations() -> Iterator[tuple[str, bytes]]:
    """(name, content) of some three hundred files that were sound once: cut off, overwritten, spliced, with something
    before or behind them. Always the same ones."""
    sources = sound_files()
    for name, content in sources.items():
        for piece in range(CUTS):
            yield f"{name}, cut after {piece} of {CUTS}", content[: len(content) * piece // CUTS + piece]
        for seed in range(OVERWRITTEN):
            yield f"{name}, overwritten {seed}", overwritten(content, seed)
        for other, tail in sources.items():
            if other != name:
                yield f"{name}, ending as {other}", content[: len(content) // 2] + tail[len(tail) // 2 :]
        yield f"{name}, behind a line", b"\r\n" + content
        yield f"{name}, twice", content + content


def sound_files() -> dict[str, bytes]:
    return {
        "PDF": make_pdf(size=2_000),
        "PDF of two pages": make_pdf(size=2_000, more=[["a second page"]]),
        "PNG": picture("PNG", 400, 560),
        "JPEG": picture("JPEG", 400, 560),
        "TIFF": picture("TIFF", 400, 560),
        "TIFF, LZW": picture("TIFF", 400, 560, compression="tiff_lzw"),
        "XML": (DATA / "e-invoices" / "ubl.xml").read_bytes(),
    }


def overwritten(content: bytes, seed: int) -> bytes:
    """Up to sixteen bytes are others, most of them near the beginning, where the structure is."""
    chance = Random(seed)
    changed = bytearray(content)
    for _ in range(chance.randint(1, 16)):
        changed[int(len(changed) * chance.random() ** 3)] = chance.randrange(256)
    return bytes(changed)
