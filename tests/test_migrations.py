"""Migrations run while the former version still works on the same tables: none may take from it what it needs."""

from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.models import NOT_PROVIDED

from invoicedata.schema import AddIndexOnline

OURS = ("invoicedata", "invoices", "pims")
FIRST_RELEASE = {"invoicedata": 8, "invoices": 15, "pims": 9}  # up to these nobody has run the service
BREAKING = (migrations.RemoveField, migrations.RenameField, migrations.RenameModel, migrations.DeleteModel)
ADVICE = "the former version still works on this table (docs/operations.md, Upgrade)"


def operations_since_the_release() -> list[tuple[str, migrations.Migration, Any]]:
    loader = MigrationLoader(None)
    return [
        (f"{app}.{name}: {operation.describe()}", migration, operation)
        for (app, name), migration in loader.disk_migrations.items()
        if app in OURS and int(name[:4]) > FIRST_RELEASE[app]
        for operation in migration.operations
    ]


def objection(migration: migrations.Migration, operation: Any) -> str:
    """Why the operation breaks a rolling upgrade; blank where it does not."""
    made = {op.name.lower() for op in migration.operations if isinstance(op, migrations.CreateModel)}
    if isinstance(operation, BREAKING):
        return "takes away what the former version uses: do it one release later"
    if isinstance(operation, migrations.AddField) and operation.model_name.lower() not in made:
        field = operation.field
        if not field.null and field.db_default is NOT_PROVIDED and not field.many_to_many:
            return "the former version cannot insert rows: make it null=True, or give it a db_default"
    is_offline = not isinstance(operation, AddIndexOnline) or migration.atomic
    if isinstance(operation, migrations.AddIndex) and is_offline and operation.model_name.lower() not in made:
        return "writing waits until the index is built: use AddIndexOnline, with atomic = False"
    return ""


def test_no_migration_breaks_the_version_that_still_runs() -> None:
    objections = {
        what: f"{found}; {ADVICE}"
        for what, migration, operation in operations_since_the_release()
        if (found := objection(migration, operation))
    }
    assert objections == {}


@pytest.mark.parametrize(
    ("operation", "is_fine"),
    [
        (migrations.RemoveField("job", "worker"), False),
        (migrations.AddField("job", "x", models.TextField(default="")), False),
        (migrations.AddField("job", "x", models.TextField(db_default="")), True),
        (migrations.AddField("job", "x", models.TextField(null=True)), True),
        (migrations.AlterModelOptions("job", {}), True),
    ],
)
def test_the_rule_tells_the_safe_from_the_unsafe(operation: Any, is_fine: bool) -> None:
    migration = migrations.Migration("x", "invoices")
    migration.operations = [operation]
    assert (objection(migration, operation) == "") == is_fine
