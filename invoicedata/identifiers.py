"""Opaque identifiers of what clients can name."""

import secrets
import time


def new_id(prefix: str) -> str:
    """`prefix_` and 32 hexadecimal digits laid out as UUID version 7 (RFC 9562): they grow with time, and nobody
    can guess the next one. Growing keys keep the index's new entries on one page."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | secrets.randbits(80)
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return f"{prefix}_{value:032x}"
