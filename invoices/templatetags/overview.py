"""The start page of the admin."""

from typing import Any

from django import template
from django.db.models import Count

from invoices.models import Document, Invoice, Job

register = template.Library()
LATEST = 12


@register.inclusion_tag("admin/invoices/overview.html", takes_context=True)
def overview(context: template.Context) -> dict[str, Any]:
    """What stands where, and the newest invoices: four queries, however many rows there are."""
    statuses = dict(Invoice.objects.order_by().values_list("status").annotate(Count("id")))
    documents = dict(Document.objects.order_by().values_list("state").annotate(Count("id")))
    jobs = dict(Job.objects.order_by().values_list("state").annotate(Count("id")))
    return {
        "app_list": context["app_list"],
        "request": context.get("request"),
        "statuses": [(value, label, statuses.get(value, 0)) for value, label in Invoice.Status.choices],
        "waiting": jobs.get(Job.State.QUEUED, 0) + jobs.get(Job.State.RUNNING, 0),
        "failed_jobs": jobs.get(Job.State.FAILED, 0),
        "unreadable": documents.get(Document.State.ERROR, 0),
        "documents": sum(documents.values()),
        "latest": Invoice.objects.select_related("mga", "document")[:LATEST],
    }
