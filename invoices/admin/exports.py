"""Actions that download the chosen invoices."""

import tempfile
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest

from invoices import exports
from invoices.models import Invoice

MOST = 100_000  # invoices that a browser may wait for
LABELS = {
    "csv": "CSV",
    "lines-csv": "CSV, a row a line item",
    "xlsx": "Excel workbook",
    "jsonl": "JSON Lines",
    "ubl": "UBL 2.1",
}
Action = Callable[[Any, HttpRequest, QuerySet[Invoice]], FileResponse | None]


def export_action(form: str) -> Action:
    @admin.action(description=f"Export as {LABELS[form]}", permissions=["view"])
    def export(model_admin: Any, request: HttpRequest, rows: QuerySet[Invoice]) -> FileResponse | None:
        if rows.count() > MOST:
            message = f"These are more than {MOST:,} invoices: use the command manage.py export."
            model_admin.message_user(request, message, messages.WARNING)
            return None
        suffix, write = exports.FORMATS[form]
        file = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115  # closed with the response
        write(rows, file, lambda: None)
        file.seek(0)
        return FileResponse(file, as_attachment=True, filename=f"invoices{suffix}")

    export.__name__ = f"export_{form.replace('-', '_')}"
    return export


EXPORT_ACTIONS = tuple(export_action(form) for form in exports.FORMATS)
