"""The staff's view. What was read is shown, not edited: a correction stands beside the reading, never over it."""

from django.contrib import admin
from django_q.models import Failure, OrmQ, Schedule, Success

from invoices.admin import (
    calibrations,
    delivery_notes,
    documents,
    invoices,
    mailboxes,
    operations,
    requests,
    templates,
)

__all__ = [
    "calibrations",
    "delivery_notes",
    "documents",
    "invoices",
    "mailboxes",
    "operations",
    "requests",
    "templates",
]

# The job's own row is the record; django-q's tables hold mere nudges.
for model in (Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(model):  # OrmQ is not, where the queue is in Redis
        admin.site.unregister(model)

admin.site.site_header = "Invoice Data"
admin.site.site_title = "Invoice Data"
admin.site.index_title = "Overview"
admin.site.site_url = None
