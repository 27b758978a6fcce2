"""The database connection of a thread that is about to wait."""

from django.db import connection


def release_connection() -> None:
    """Gives it back to the pool, where there is one, for another thread to use. The next query takes one again."""
    if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
        connection.close()
