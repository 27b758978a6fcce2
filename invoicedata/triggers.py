"""The database's trigger that keeps events as they were written. Made anew after every migration: SQLite drops a
table's triggers when a migration rebuilds the table."""

from typing import Any

from django.db import connections, transaction

COLUMNS = ("id", "mga_id", "subject", "action", "actor_id", "data", "at")
OLD, NEW = (", ".join(f"{row}.{column}" for column in COLUMNS) for row in ("OLD", "NEW"))
# The one change that is allowed: an event without a seal gets one.
POSTGRESQL = f"""
CREATE OR REPLACE FUNCTION invoicedata_event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF OLD.position IS NULL AND NEW.position IS NOT NULL AND ROW({NEW}) IS NOT DISTINCT FROM ROW({OLD}) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Events are append-only.';
END $$;
CREATE OR REPLACE TRIGGER event_append_only BEFORE UPDATE ON invoices_event
    FOR EACH ROW EXECUTE FUNCTION invoicedata_event_append_only();
"""
SQLITE = f"""
CREATE TRIGGER IF NOT EXISTS event_append_only BEFORE UPDATE ON invoices_event
WHEN NOT (OLD.position IS NULL AND NEW.position IS NOT NULL AND ({NEW}) IS ({OLD})) BEGIN
    SELECT RAISE(ABORT, 'Events are append-only.');
END
"""
EXISTING = {
    "postgresql": "SELECT 1 FROM pg_trigger WHERE tgname = 'event_append_only'",
    "sqlite": "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = 'event_append_only'",
}
COLUMN = "position"  # without it the migration that this belongs to has not run


def install(using: str = "default", **_: Any) -> None:
    """Makes the trigger where it is not there. A receiver of `post_migrate`."""
    connection = connections[using]
    with transaction.atomic(using), connection.cursor() as cursor:
        if "invoices_event" not in connection.introspection.table_names(cursor):
            return
        columns = connection.introspection.get_table_description(cursor, "invoices_event")
        cursor.execute(EXISTING[connection.vendor])
        if cursor.fetchone() is None and COLUMN in [column.name for column in columns]:
            cursor.execute(POSTGRESQL if connection.vendor == "postgresql" else SQLITE)
