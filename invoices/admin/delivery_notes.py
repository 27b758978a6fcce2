from django.contrib import admin
from django.utils.safestring import SafeString

from invoicedata.staff import OwnTenantsFilter
from invoices.admin.base import ReadOnlyAdmin, ReadOnlyInline, ShowsConfidence, ShowsQuantities, pill_column
from invoices.admin.documents import page_pictures
from invoices.admin.pairing import DecidesPairings
from invoices.models import DeliveryNote, DeliveryNoteLine, Pairing
from invoices.templatetags import invoice_display


class LineInline(ShowsConfidence, ShowsQuantities, ReadOnlyInline):
    model = DeliveryNoteLine
    fields = (
        "position",
        "sku",
        "description",
        "quantity_ordered",
        "shown_quantity",
        "unit",
        "shown_price",
        "net_amount",
        "shown_confidence",
    )
    readonly_fields = fields


class PairingInline(ReadOnlyInline):
    model = Pairing
    fields = ("invoice", "status", "score", "reasons", "decided_by", "decided_at")


@admin.register(DeliveryNote)
class DeliveryNoteAdmin(ShowsConfidence, ReadOnlyAdmin):
    list_display = (
        "__str__",
        "supplier_name",
        "venue",
        "delivery_date",
        "order_number",
        "shown_confidence",
        "mga",
        "created_at",
    )
    list_filter = (("mga", OwnTenantsFilter),)
    list_select_related = ("mga",)
    search_fields = ("number", "number_key", "supplier_name", "order_number", "venue", "filename", "id")
    date_hierarchy = "created_at"
    inlines = (LineInline, PairingInline)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("number", "delivery_date", "shown_confidence"),
                    ("supplier_name", "supplier"),
                    "venue",
                    ("order_number", "invoice_number"),
                )
            },
        ),
        ("Pages", {"fields": ("pictures",)}),
        ("Source", {"fields": ("document", "filename", "page_numbers", "mga", "id", "created_at", "updated_at")}),
    )
    readonly_fields = ("shown_confidence", "pictures")

    @admin.display(description="pages")
    def pictures(self, note: DeliveryNote) -> SafeString:
        return page_pictures(note.document, note.page_numbers)


@admin.register(Pairing)
class PairingAdmin(DecidesPairings, ReadOnlyAdmin):
    actions = ("confirm", "reject")
    tenant_path = "invoice__mga"
    list_display = (
        "invoice",
        "delivery_note",
        pill_column("status", "status"),
        "shown_score",
        "decided_by",
        "created_at",
    )
    list_filter = ("status", ("invoice__mga", OwnTenantsFilter))
    list_select_related = ("invoice", "delivery_note", "decided_by")
    search_fields = ("invoice__invoice_number", "delivery_note__number", "invoice__supplier_name")
    date_hierarchy = "created_at"

    @admin.display(description="score", ordering="score")
    def shown_score(self, pairing: Pairing) -> SafeString:
        return invoice_display.confidence(pairing.score)
