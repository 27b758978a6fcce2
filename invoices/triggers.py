"""The database's triggers that keep the tally of invoices. Made anew after every migration: SQLite drops a table's
triggers when a migration rebuilds the table."""

from typing import Any

from django.db import connections, transaction

POSTGRESQL = """
CREATE OR REPLACE FUNCTION invoices_tally_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO invoices_invoicetally (mga_id, status, delta)
        SELECT mga_id, status, count(*) FROM added GROUP BY mga_id, status;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION invoices_tally_removed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO invoices_invoicetally (mga_id, status, delta)
        SELECT mga_id, status, -count(*) FROM removed GROUP BY mga_id, status;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION invoices_tally_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO invoices_invoicetally (mga_id, status, delta)
        SELECT mga_id, status, sum(one) FROM (
            SELECT mga_id, status, 1 AS one FROM added UNION ALL SELECT mga_id, status, -1 FROM removed
        ) AS both_sides GROUP BY mga_id, status HAVING sum(one) <> 0;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER invoice_tally_added AFTER INSERT ON invoices_invoice
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION invoices_tally_added();
CREATE OR REPLACE TRIGGER invoice_tally_removed AFTER DELETE ON invoices_invoice
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION invoices_tally_removed();
CREATE OR REPLACE TRIGGER invoice_tally_changed AFTER UPDATE ON invoices_invoice
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION invoices_tally_changed();
"""
SQLITE = (
    """
    CREATE TRIGGER IF NOT EXISTS invoice_tally_added AFTER INSERT ON invoices_invoice BEGIN
        INSERT INTO invoices_invoicetally (mga_id, status, delta) VALUES (NEW.mga_id, NEW.status, 1);
    END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS invoice_tally_removed AFTER DELETE ON invoices_invoice BEGIN
        INSERT INTO invoices_invoicetally (mga_id, status, delta) VALUES (OLD.mga_id, OLD.status, -1);
    END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS invoice_tally_changed AFTER UPDATE OF mga_id, status ON invoices_invoice
    WHEN OLD.mga_id <> NEW.mga_id OR OLD.status <> NEW.status BEGIN
        INSERT INTO invoices_invoicetally (mga_id, status, delta) VALUES (OLD.mga_id, OLD.status, -1);
        INSERT INTO invoices_invoicetally (mga_id, status, delta) VALUES (NEW.mga_id, NEW.status, 1);
    END
    """,
)
EXISTING = {
    "postgresql": "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'invoice\\_tally\\_%%'",
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'invoice_tally_%%'",
}
RECOUNT = (
    "DELETE FROM invoices_invoicetally",
    "INSERT INTO invoices_invoicetally (mga_id, status, delta)"
    " SELECT mga_id, status, count(*) FROM invoices_invoice GROUP BY mga_id, status",
)
# `flush` empties the tables in any order: what was tallied of its deletions may come after the tally was emptied.
FORGET_FLUSHED = "DELETE FROM invoices_invoicetally WHERE NOT EXISTS (SELECT 1 FROM invoices_invoice)"


def install(using: str = "default", **_: Any) -> None:
    """Makes the triggers where they are not there, and counts once. A receiver of `post_migrate`."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    if not {"invoices_invoice", "invoices_invoicetally"} <= tables:
        return
    with transaction.atomic(using), connection.cursor() as cursor:
        cursor.execute(EXISTING[connection.vendor])
        if cursor.fetchone()[0] == len(SQLITE):
            cursor.execute(FORGET_FLUSHED)
            return
        if connection.vendor == "postgresql":
            cursor.execute("LOCK TABLE invoices_invoice IN SHARE ROW EXCLUSIVE MODE")
        for statement in (POSTGRESQL,) if connection.vendor == "postgresql" else SQLITE:
            cursor.execute(statement)
        for statement in RECOUNT:
            cursor.execute(statement)
