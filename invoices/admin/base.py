"""What the lists and pages of the admin share."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.safestring import SafeString

from invoicedata.staff import TenantAdmin
from invoices import answers
from invoices.templatetags import invoice_display


class ReadOnlyAdmin(TenantAdmin, admin.ModelAdmin):
    """Rows that only services write: staff look, filter and search."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ValuesFilter(admin.AllValuesFieldListFilter):
    """A filter by the values that there are; no value has a name, too."""

    def choices(self, changelist: Any) -> Any:
        return ({**choice, "display": choice["display"] or "none"} for choice in super().choices(changelist))


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ShowsConfidence:
    """A column for a model with `confidence`."""

    @admin.display(description="confidence", ordering="confidence")
    def shown_confidence(self, row: Any) -> SafeString:
        return invoice_display.confidence(row.confidence)


class ShowsQuantities:
    """Columns for a line's `quantity` and `unit_price`, without the zeros that the database keeps."""

    @admin.display(description="quantity", ordering="quantity")
    def shown_quantity(self, line: Any) -> str:
        return "" if line.quantity is None else f"{line.quantity.normalize():f}"

    @admin.display(description="unit price", ordering="unit_price")
    def shown_price(self, line: Any) -> str:
        return "" if line.unit_price is None else str(answers.price(line.unit_price))


def pill_column(field: str, description: str) -> Any:
    """A list column that shows a choice field as a pill."""

    @admin.display(description=description, ordering=field)
    def column(row: Any) -> SafeString:
        return invoice_display.status_pill(getattr(row, field), getattr(row, f"get_{field}_display")())

    return column
