"""JSON as it goes over the wire: amounts are numbers that keep their two decimals."""

from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(decimal_format="number")


def encode(value: Any) -> bytes:
    """UTF-8 JSON; `Decimal("150.50")` becomes 150.50."""
    return _encoder.encode(value)
