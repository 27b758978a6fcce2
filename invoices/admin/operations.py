"""Jobs, and the record of what happened."""

from django.contrib import admin

from invoicedata.staff import OwnTenantsFilter
from invoices.admin.base import ReadOnlyAdmin, pill_column
from invoices.models import Erasure, Event, Job


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        pill_column("state", "state"),
        "attempts",
        "error_code",
        "document",
        "mga",
        "created_at",
        "finished_at",
    )
    list_filter = ("state", "error_code", ("mga", OwnTenantsFilter))
    list_select_related = ("mga", "document")
    search_fields = ("id", "document__filename", "request__id")
    date_hierarchy = "created_at"


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("at", "action", "subject", "actor", "mga")
    list_filter = ("action", ("mga", OwnTenantsFilter))
    list_select_related = ("mga", "actor")
    search_fields = ("subject",)
    date_hierarchy = "at"


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    list_display = ("at", "mga", "documents", "requests", "records", "actor")
    list_filter = (("mga", OwnTenantsFilter),)
    list_select_related = ("mga", "actor")
    search_fields = ("customer_hash",)
    date_hierarchy = "at"
