"""The start page of the admin."""

from typing import Any

from django import template
from django.db.models import Count

from invoicedata.staff import tenant_ids, visible
from invoices.models import Document, Invoice, Job

register = template.Library()
LATEST = 12


@register.inclusion_tag("admin/invoices/overview.html", takes_context=True)
def overview(context: template.Context) -> dict[str, Any]:
    """What stands where, and the newest invoices: four queries, however many rows there are."""
    user = context["request"].user
    invoices, documents, jobs = (visible(model.objects.order_by(), user) for model in (Invoice, Document, Job))
    statuses = dict(invoices.values_list("status").annotate(Count("id")))
    states = dict(documents.values_list("state").annotate(Count("id")))
    tasks = dict(jobs.values_list("state").annotate(Count("id")))
    return {
        "app_list": context["app_list"],
        "request": context.get("request"),
        "statuses": [(value, label, statuses.get(value, 0)) for value, label in Invoice.Status.choices],
        "waiting": tasks.get(Job.State.QUEUED, 0) + tasks.get(Job.State.RUNNING, 0),
        "sees_operations": user.has_perm("invoices.view_job") and tenant_ids(user) is None,
        "failed_jobs": tasks.get(Job.State.FAILED, 0),
        "unreadable": states.get(Document.State.ERROR, 0),
        "documents": sum(states.values()),
        "latest": visible(Invoice.objects.select_related("mga", "document"), user)[:LATEST],
    }
