"""Whether a connection works, and what its system answers: for the admin's test and for `pims_probe`."""

from collections.abc import Callable, Iterator
from typing import Any

from pims.access import open_connector
from pims.connectors.base import InvoiceRef, Trial
from pims.errors import PimsError
from pims.http import Exchange
from pims.models import Connection

SAMPLE = 3  # elements of a list whose keys are looked at


def try_connection(connection: Connection, listener: Callable[[Exchange], None] | None = None) -> list[Trial]:
    """What it must be able to do, one by one; a single failed trial where it cannot even be set up."""
    try:
        with open_connector(connection, listener=listener) as connector:
            return list(connector.check())
    except PimsError as error:
        return [Trial("Settings", str(error))]


def try_number(
    connection: Connection, number: str, listener: Callable[[Exchange], None] | None = None
) -> Iterator[Trial]:
    """Whether an invoice is found by its printed number, and can be fetched."""
    try:
        with open_connector(connection, listener=listener) as connector:
            found = connector.search(InvoiceRef(number))
            yield Trial(f"Find {number}", "" if found.candidates else "No invoice has this number.")
            for candidate in found.candidates:
                invoice = connector.fetch(candidate)
                basis = invoice.origin.tax_basis or "unknown"
                counts = f"{len(invoice.lines)} lines, {len(invoice.payments or ())} payments"
                yield Trial(f"Fetch it: {counts}, tax {basis}, status {invoice.status.lower()}")
                for warning in invoice.warnings:
                    yield Trial("Fetched with", warning, is_needed=False)
            for warning in found.warnings:
                yield Trial("Search", warning, is_needed=False)
    except PimsError as error:
        yield Trial(f"Find {number}", str(error))


def shape_of(value: Any) -> Any:
    """The names and types in a JSON value, without any of its values: what may leave the practice."""
    match value:
        case dict():
            return {str(key): shape_of(inner) for key, inner in value.items()}
        case list():
            merged: Any = None
            for inner in value[:SAMPLE]:
                shape = shape_of(inner)
                both = isinstance(merged, dict) and isinstance(shape, dict)
                merged = merged | shape if both else shape
            return [merged] if value else []
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case _:
            return "text"
