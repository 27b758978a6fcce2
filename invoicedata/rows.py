"""Statements by hand, and model instances from them: for what each request asks, where the ORM takes longer to write a
statement than the database to run it."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

import psycopg
from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)


def fetch(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


class PlannedCursor(psycopg.Cursor[Any]):
    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, **options | {"prepare": True})


def fetch_planned(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows of a statement that is asked over and over. PostgreSQL plans it once for each connection, which takes
    longer than to run it: a LIMIT must stand in it as a number, or it is planned for any."""
    if connection.vendor != "postgresql":
        return fetch(statement, values)
    connection.ensure_connection()
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    with wrap(PlannedCursor(connection.connection)) as cursor:  # type: ignore[arg-type]  # psycopg's, which it wraps
        cursor.execute(statement, values)
        return cursor.fetchall()


@cache
def columns(model: type[models.Model], table: str) -> str:
    """All of the model's, of the table by this alias: what `instance` takes."""
    return ", ".join(f'{table}."{field.column}"' for field in model._meta.concrete_fields)


def instance(model: type[Row], values: Sequence[Any]) -> Row | None:
    """Of `columns`; None where an outer join found no row."""
    names, converters = _reading(model, connection.vendor)
    given = list(values)
    for position, column, convert in converters:
        given[position] = convert(given[position], column, connection)
    found = model.from_db(connection.alias, names, given)
    return None if found.pk is None else found


@cache
def _reading(model: type[models.Model], vendor: str) -> tuple[list[str], list[tuple[int, Any, Callable[..., Any]]]]:
    """The fields' names, and what makes Python's values of the database's: (position, column, converter)."""
    fields = model._meta.concrete_fields
    converters = []
    for position, field in enumerate(fields):
        column = field.get_col(model._meta.db_table)
        for convert in connection.ops.get_db_converters(column) + column.get_db_converters(connection):
            converters.append((position, column, convert))
    return [field.attname for field in fields], converters
