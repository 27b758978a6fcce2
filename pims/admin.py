from django.contrib import admin
from django.http import HttpRequest

from pims.models import Amendment, Connection, CustomerLink, ImportBatch, PimsRecord


class CustomerLinkInline(admin.TabularInline):
    model = CustomerLink
    extra = 0


@admin.register(Connection)
class ConnectionAdmin(admin.ModelAdmin):
    list_display = ("name", "kind", "practice_name", "mga", "enabled", "created_at")
    list_filter = ("kind", "enabled", "mga")
    list_select_related = ("mga",)
    search_fields = ("name", "practice_name")
    exclude = ("secrets",)
    inlines = (CustomerLinkInline,)


class AmendmentInline(admin.TabularInline):
    model = Amendment
    extra = 0
    can_delete = False
    fields = readonly_fields = ("at", "total_before", "total_after")

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(PimsRecord)
class PimsRecordAdmin(admin.ModelAdmin):
    list_display = ("number", "invoice_date", "total", "customer_id", "connection")
    list_filter = ("connection__mga", "connection")
    list_select_related = ("connection",)
    search_fields = ("number", "number_key", "customer_id")
    date_hierarchy = "invoice_date"
    inlines = (AmendmentInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(ImportBatch)
class ImportBatchAdmin(admin.ModelAdmin):
    list_display = ("filename", "preset", "connection", "added", "changed", "unchanged", "failed", "created_at")
    list_filter = ("connection__mga", "preset")
    list_select_related = ("connection",)
    date_hierarchy = "created_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
