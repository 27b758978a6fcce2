"""The service with a bare view beside it: the first page of GET /api/invoices from one hand-written SQL query, without
token, permission, limits, filters or serializers. What the list costs beyond it is what these cost.
"""

from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from invoices import jsontext

MGA = "large"
CONCATENATED = {"postgresql": "string_agg({0}, ',')", "sqlite": "group_concat({0}, ',')"}
QUERY = """
SELECT i.id, i.filename, i.supplier_name, i.issue_date, i.gross_total, i.status, i.confidence, i.venue, i.open_findings,
    d.filename,
    (SELECT {statuses} FROM invoices_pairing p WHERE p.invoice_id = i.id AND p.status <> 'rejected'),
    (SELECT {notes} FROM invoices_pairing p WHERE p.invoice_id = i.id AND p.status <> 'rejected'),
    (SELECT sum(delta) FROM invoices_invoicetally WHERE mga_id = %s)
FROM invoices_invoice i JOIN invoices_document d ON d.id = i.document_id
WHERE i.mga_id = %s ORDER BY i.created_at DESC, i.id DESC LIMIT 50
"""


def list_invoices(request: HttpRequest) -> HttpResponse:
    concatenated = CONCATENATED[connection.vendor]
    query = QUERY.format(statuses=concatenated.format("p.status"), notes=concatenated.format("p.delivery_note_id"))
    with connection.cursor() as cursor:
        cursor.execute(query, [MGA, MGA])
        rows = cursor.fetchall()
    page = [describe(row) for row in rows]
    body = {"invoices": page, "count": len(page), "total": int(rows[0][-1]), "limit": 50, "offset": 0}
    return HttpResponse(jsontext.encode(body), content_type="application/json")


def describe(row: tuple[Any, ...]) -> dict[str, Any]:
    pk, filename, supplier, day, total, status, confidence, venue, issues, source, statuses, notes, _ = row
    found = {
        "id": pk,
        "filename": filename,
        "supplier": supplier,
        "date": str(day) if day else "",
        "total_value": total or 0,
        "status": status,
        "confidence": round(confidence, 4),
        "venue": venue,
        "issues_count": issues,
        "paired": "confirmed" in (statuses or ""),
        "delivery_note_ids": notes.split(",") if notes else [],
        "pairing_status": "confirmed" if "confirmed" in (statuses or "") else "suggested" if statuses else "none",
        "missing_fields": [
            name
            for name, value in (("supplier", supplier), ("date", day), ("total_value", total), ("venue", venue))
            if value in (None, "")
        ],
    }
    if source != filename:
        found["source_filename"] = source
    return found


urlpatterns = [path("bare/invoices", list_invoices), path("", include("invoicedata.urls"))]
