"""Values as practice systems write them, each kind by one function: vendors mix types within one answer."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pims.errors import PimsProtocolError
from pims.types import parse_decimal

# ISO 4217: currencies whose amounts do not have two decimals.
WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
THREE = "BHD IQD JOD KWD LYD OMR TND"
DECIMALS = {code: places for codes, places in ((WHOLE, 0), (THREE, 3)) for code in codes.split()}


def smallest_unit(currency: str | None) -> Decimal:
    """0.01 for most currencies, 1 for yen."""
    return Decimal(1).scaleb(-DECIMALS.get(currency or "", 2))


def money(value: Any, currency: str | None = None) -> Decimal | None:
    """An amount from a number or text, with the currency's decimals; None for null and blank. Raises ValueError."""
    number = decimal(value)
    return None if number is None else number.quantize(smallest_unit(currency))


def price(value: Any, currency: str | None = None) -> Decimal | None:
    """Like money(), but with as many decimals more as the price has."""
    number = decimal(value)
    if number is None:
        return None
    rounded = number.quantize(smallest_unit(currency))
    return rounded if rounded == number else number.normalize()


def cents(value: Any, currency: str | None = None) -> Decimal | None:
    """An amount that is counted in the currency's smallest unit."""
    number = decimal(value)
    return None if number is None else (number * smallest_unit(currency)).quantize(smallest_unit(currency))


def quantity(value: Any) -> Decimal | None:
    """Without trailing zeros."""
    number = decimal(value)
    if number is None:
        return None
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()


def decimal(value: Any) -> Decimal | None:
    return None if value is None or value == "" else parse_decimal(value)


def day(value: Any, zone: ZoneInfo) -> date | None:
    """The day in the practice's time zone: of seconds since the epoch (number or text), or of an ISO day or moment. A
    moment without offset is taken to be UTC. Raises ValueError."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    text = str(value).strip()
    try:
        if text.lstrip("-").isdigit():
            return datetime.fromtimestamp(int(text), UTC).astimezone(zone).date()
        if len(text) <= len("2025-03-04"):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError("is not a day or a moment") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone).date()


def text(value: Any) -> str | None:
    """Text without needless spaces; None for null and blank; numbers as text."""
    if value is None or isinstance(value, bool | list | dict):
        return None
    return " ".join(str(value).replace("\0", "").split()) or None


def flag(value: Any, default: bool = False) -> bool:
    """Yes or no from true, 1, "1" and their like."""
    found = text(int(value) if isinstance(value, bool) else value)
    return default if found is None else found.casefold() in ("1", "true", "yes")


def joined(*parts: Any, by: str = ", ") -> str | None:
    """What there is of the parts, such as the lines of an address."""
    return by.join(filter(None, map(text, parts))) or None


class Record:
    """A record of a vendor's answer, its values by name. What cannot be read is told with the record's place: a missing
    amount never becomes 0.
    """

    def __init__(self, where: str, values: Any, zone: ZoneInfo, currency: str | None) -> None:
        if not isinstance(values, Mapping):
            raise PimsProtocolError(where, "the record is not an object.")
        self.values = values
        self._where, self._zone, self._currency = where, zone, currency

    def get(self, *names: str) -> Any:
        """The first of these that is there and not blank."""
        return next((self.values[name] for name in names if self.values.get(name) not in (None, "")), None)

    def text(self, *names: str) -> str | None:
        return text(self.get(*names))

    def flag(self, name: str, default: bool = False) -> bool:
        return flag(self.values.get(name), default)

    def money(self, *names: str) -> Decimal | None:
        return self._read(lambda value: money(value, self._currency), names)

    def price(self, *names: str) -> Decimal | None:
        return self._read(lambda value: price(value, self._currency), names)

    def cents(self, *names: str) -> Decimal | None:
        return self._read(lambda value: cents(value, self._currency), names)

    def quantity(self, *names: str) -> Decimal | None:
        return self._read(quantity, names)

    def number(self, *names: str) -> Decimal | None:
        return self._read(decimal, names)

    def day(self, *names: str) -> date | None:
        return self._read(lambda value: day(value, self._zone), names)

    def require(self, value: Any, name: str) -> Any:
        """The value. Raises PimsProtocolError where it is None."""
        if value is None:
            raise PimsProtocolError(f"{self._where}.{name}", "the value is missing.", map(str, self.values))
        return value

    def _read(self, cast: Any, names: tuple[str, ...]) -> Any:
        try:
            return cast(self.get(*names))
        except (ValueError, ArithmeticError):
            raise PimsProtocolError(f"{self._where}.{names[0]}", "the value cannot be read.") from None
