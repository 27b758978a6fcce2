"""How the database is emptied after a test that commits: faster than Django does it, and back to what migrations made.

PostgreSQL makes new files for each of a hundred tables and indexes that it truncates, empty or not; deleting the few
rows of a test takes a twentieth of the time. Roles, schedules, permissions and content types are put back from copies,
where Django would make the latter anew and leave the former out.
"""

from collections.abc import Iterable
from typing import Any

from django.core.management import CommandError, call_command
from django.db import connections
from django.test import TransactionTestCase

COPIES = "before_tests_"
MADE_BY_TRIGGERS = ("invoices_invoicetally", "invoices_invoiceday")  # emptied last: deleting invoices adds rows
TRIES = 3
KEPT_BY_DJANGO = ("django_migrations",)


def install(databases: Iterable[str] = ("default",)) -> None:
    """Copies what the migrations made, and has every test that commits end with it."""
    for alias in databases:
        connection = connections[alias]
        tables = sorted(set(connection.introspection.django_table_names(only_existing=True)) - {*KEPT_BY_DJANGO})
        filled = [table for table in tables if _is_filled(connection, table)]
        with connection.cursor() as cursor:
            for table in filled:
                cursor.execute(f"CREATE TABLE {COPIES}{table} AS SELECT * FROM {table}")
        type(connection.ops).sql_flush = _flush_to(filled)  # type: ignore[method-assign]
    TransactionTestCase._fixture_teardown = _flush  # type: ignore[method-assign]


def _is_filled(connection: Any, table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")
        return cursor.fetchone() is not None


def _flush_to(filled: list[str]) -> Any:
    def sql_flush(operations: Any, style: Any, tables: Iterable[str], **options: bool) -> list[str]:
        ordered = sorted(tables, key=lambda table: table in MADE_BY_TRIGGERS)
        restored = [f"INSERT INTO {table} SELECT * FROM {COPIES}{table};" for table in filled if table in ordered]
        return [*(f"DELETE FROM {operations.quote_name(table)};" for table in ordered), *restored]

    return sql_flush


def _flush(test: Any) -> None:
    for alias in test._databases_names(include_mirrors=False):
        _empty(alias, tries=TRIES)


def _empty(alias: str, tries: int) -> None:
    """What the test left running may still write; of two that wait for each other PostgreSQL refuses one."""
    try:
        call_command("flush", verbosity=0, interactive=False, database=alias, inhibit_post_migrate=True)
    except CommandError:
        if tries == 1:
            raise
        _empty(alias, tries - 1)
