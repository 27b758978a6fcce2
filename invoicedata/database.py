"""How a thread uses its database connection: what may be lost in a power cut, and when it waits."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

NORMAL = 1  # of SQLite's PRAGMA synchronous: with a write-ahead log a commit does not wait for the disk


@contextmanager
def unsynced() -> Iterator[None]:
    """A transaction that does not wait for the disk: a power cut may undo it, as a whole, and nothing else. For
    counters that many calls write. Inside another transaction it is part of that one, and as durable."""
    if connection.in_atomic_block:
        with transaction.atomic():
            yield
        return
    if connection.vendor == "sqlite":
        before = _set_synchronous(NORMAL)
        try:
            with transaction.atomic():
                yield
        finally:
            _set_synchronous(before)
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO OFF")
        yield


def _set_synchronous(level: int) -> int:
    """Returns what it was before."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        before = int(cursor.fetchone()[0])
        cursor.execute(f"PRAGMA synchronous={level}")
    return before


def release_connection() -> None:
    """Gives it back to the pool, where there is one, for another thread to use. The next query takes one again."""
    if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
        connection.close()
