"""The database's triggers that keep the tallies of invoices, in all and by day. Made anew after every migration: SQLite
drops a table's triggers when a migration rebuilds the table."""

from typing import Any

from django.db import connections, transaction

POSTGRESQL = """
CREATE OR REPLACE FUNCTION invoices_tally_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO invoices_invoicetally (mga_id, status, delta)
        SELECT mga_id, status, count(*) FROM added GROUP BY mga_id, status;
    INSERT INTO invoices_invoiceday (mga_id, day, status, delta)
        SELECT mga_id, (created_at AT TIME ZONE 'UTC')::date, status, count(*) FROM added GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION invoices_tally_removed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO invoices_invoicetally (mga_id, status, delta)
        SELECT mga_id, status, -count(*) FROM removed GROUP BY mga_id, status;
    INSERT INTO invoices_invoiceday (mga_id, day, status, delta)
        SELECT mga_id, (created_at AT TIME ZONE 'UTC')::date, status, -count(*) FROM removed GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION invoices_tally_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO invoices_invoicetally (mga_id, status, delta)
        SELECT mga_id, status, sum(one) FROM (
            SELECT mga_id, status, 1 AS one FROM added UNION ALL SELECT mga_id, status, -1 FROM removed
        ) AS both_sides GROUP BY mga_id, status HAVING sum(one) <> 0;
    INSERT INTO invoices_invoiceday (mga_id, day, status, delta)
        SELECT mga_id, (created_at AT TIME ZONE 'UTC')::date, status, sum(one) FROM (
            SELECT mga_id, created_at, status, 1 AS one FROM added
            UNION ALL SELECT mga_id, created_at, status, -1 FROM removed
        ) AS both_sides GROUP BY 1, 2, 3 HAVING sum(one) <> 0;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER invoice_tally_added AFTER INSERT ON invoices_invoice
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION invoices_tally_added();
CREATE OR REPLACE TRIGGER invoice_tally_removed AFTER DELETE ON invoices_invoice
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION invoices_tally_removed();
CREATE OR REPLACE TRIGGER invoice_tally_changed AFTER UPDATE ON invoices_invoice
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION invoices_tally_changed();
"""
SQLITE_ADD = """
        INSERT INTO invoices_invoicetally (mga_id, status, delta) VALUES ({row}.mga_id, {row}.status, {delta});
        INSERT INTO invoices_invoiceday (mga_id, day, status, delta)
            VALUES ({row}.mga_id, date({row}.created_at), {row}.status, {delta});"""
SQLITE_ADDED, SQLITE_REMOVED = SQLITE_ADD.format(row="NEW", delta=1), SQLITE_ADD.format(row="OLD", delta=-1)
SQLITE = (
    f"CREATE TRIGGER invoice_tally_added AFTER INSERT ON invoices_invoice BEGIN {SQLITE_ADDED} END",
    f"CREATE TRIGGER invoice_tally_removed AFTER DELETE ON invoices_invoice BEGIN {SQLITE_REMOVED} END",
    f"""
    CREATE TRIGGER invoice_tally_changed AFTER UPDATE OF mga_id, status, created_at ON invoices_invoice
    WHEN OLD.mga_id <> NEW.mga_id OR OLD.status <> NEW.status OR OLD.created_at <> NEW.created_at
    BEGIN {SQLITE_REMOVED} {SQLITE_ADDED} END
    """,
)
# Those that are there and count by day as well: an earlier version's did not.
EXISTING = {
    "postgresql": "SELECT count(*) FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
    " WHERE tgname LIKE 'invoice\\_tally\\_%%' AND p.prosrc LIKE '%%invoices_invoiceday%%'",
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'invoice_tally_%%'"
    " AND sql LIKE '%%invoices_invoiceday%%'",
}
DROP_SQLITE = tuple(f"DROP TRIGGER IF EXISTS invoice_tally_{name}" for name in ("added", "removed", "changed"))
RECOUNT = {
    vendor: (
        "DELETE FROM invoices_invoicetally",
        "INSERT INTO invoices_invoicetally (mga_id, status, delta)"
        " SELECT mga_id, status, count(*) FROM invoices_invoice GROUP BY mga_id, status",
        "DELETE FROM invoices_invoiceday",
        "INSERT INTO invoices_invoiceday (mga_id, day, status, delta, is_folded)"
        f" SELECT mga_id, {day}, status, count(*), {true} FROM invoices_invoice GROUP BY 1, 2, 3",
    )
    for vendor, day, true in (
        ("postgresql", "(created_at AT TIME ZONE 'UTC')::date", "true"),
        ("sqlite", "date(created_at)", "1"),
    )
}
# `flush` empties the tables in any order: what was tallied of its deletions may come after the tally was emptied.
FORGET_FLUSHED = tuple(
    f"DELETE FROM {table} WHERE NOT EXISTS (SELECT 1 FROM invoices_invoice)"
    for table in ("invoices_invoicetally", "invoices_invoiceday")
)


def install(using: str = "default", **_: Any) -> None:
    """Makes the triggers where they are not there, and counts once. A receiver of `post_migrate`."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    if not {"invoices_invoice", "invoices_invoicetally", "invoices_invoiceday"} <= tables:
        return
    with transaction.atomic(using), connection.cursor() as cursor:
        cursor.execute(EXISTING[connection.vendor])
        if cursor.fetchone()[0] == len(SQLITE):
            for statement in FORGET_FLUSHED:
                cursor.execute(statement)
            return
        if connection.vendor == "postgresql":
            cursor.execute("LOCK TABLE invoices_invoice IN SHARE ROW EXCLUSIVE MODE")
        for statement in (POSTGRESQL,) if connection.vendor == "postgresql" else (*DROP_SQLITE, *SQLITE):
            cursor.execute(statement)
        for statement in RECOUNT[connection.vendor]:
            cursor.execute(statement)
