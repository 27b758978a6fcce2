"""Contract 2's bodies. Types hold where a value is not known: "" and 0, and `missing_fields` names what is missing."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from invoices.api.fields import UploadField
from invoices.models import DeliveryNote, Invoice, InvoiceLine, Pairing

CONFIDENCE_DIGITS = 4
MISSING = {"supplier": "supplier_name", "date": "issue_date", "total_value": "gross_total", "venue": "venue"}
CENT = Decimal("0.01")
ZERO = Decimal("0.00")


class NumberField(serializers.FloatField):
    """A number on the wire; 0 where the value is not known."""

    def __init__(self, *, exact: bool = False, **kwargs: Any) -> None:
        self.exact = exact
        super().__init__(**kwargs)

    def get_attribute(self, instance: Any) -> Any:
        value = super().get_attribute(instance)
        return ZERO if value is None else value

    def to_representation(self, value: Any) -> Any:
        if not isinstance(value, Decimal):
            return round(value, CONFIDENCE_DIGITS)
        if not self.exact:
            return value.quantize(CENT)
        return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


class DayField(serializers.CharField):
    """YYYY-MM-DD; "" where the day is not known."""

    def get_attribute(self, instance: Any) -> str:
        day: Any = super().get_attribute(instance)
        return day.isoformat() if day else ""


class InvoiceSummarySerializer(serializers.ModelSerializer[Invoice]):
    """An invoice in the list."""

    supplier = serializers.CharField(source="supplier_name")
    date = DayField(source="issue_date")
    total_value = NumberField(source="gross_total")
    confidence = NumberField()
    issues_count = serializers.IntegerField(source="open_findings")
    paired = serializers.SerializerMethodField()
    pairing_status = serializers.SerializerMethodField()
    delivery_note_ids = serializers.SerializerMethodField()
    source_filename = serializers.CharField(source="document.filename", required=False)
    missing_fields = serializers.SerializerMethodField()

    class Meta:
        model = Invoice
        fields = (
            "id",
            "filename",
            "supplier",
            "date",
            "total_value",
            "status",
            "confidence",
            "venue",
            "issues_count",
            "paired",
            "delivery_note_ids",
            "source_filename",
            "pairing_status",
            "missing_fields",
        )
        read_only_fields = ("id", "filename", "status", "venue")

    def to_representation(self, instance: Invoice) -> dict[str, Any]:
        body = super().to_representation(instance)
        if instance.filename == instance.document.filename:
            del body["source_filename"]  # the file holds this invoice alone
        return body

    def get_paired(self, invoice: Invoice) -> bool:
        return any(pairing.status == Pairing.Status.CONFIRMED for pairing in standing(invoice))

    def get_pairing_status(self, invoice: Invoice) -> str:
        statuses = {pairing.status for pairing in standing(invoice)}
        return next((str(s) for s in (Pairing.Status.CONFIRMED, Pairing.Status.SUGGESTED) if s in statuses), "none")

    def get_delivery_note_ids(self, invoice: Invoice) -> list[str]:
        return [pairing.delivery_note_id for pairing in standing(invoice)]

    def get_missing_fields(self, invoice: Invoice) -> list[str]:
        return [name for name, column in MISSING.items() if getattr(invoice, column) in (None, "")]


def standing(invoice: Any) -> list[Pairing]:
    """The invoice's pairings that nobody rejected, as the view has fetched them."""
    found: list[Pairing] = invoice.standing
    return found


class LineItemSerializer(serializers.ModelSerializer[InvoiceLine]):
    desc = serializers.CharField(source="description")
    qty = NumberField(source="quantity", exact=True)
    unit_price = NumberField()
    total = NumberField(source="net_amount")
    uom = serializers.CharField(source="unit")

    class Meta:
        model = InvoiceLine
        fields = ("sku", "desc", "qty", "unit_price", "total", "uom")
        read_only_fields = ("sku",)


class DeliveryNoteSerializer(serializers.ModelSerializer[DeliveryNote]):
    date = DayField(source="delivery_date")

    class Meta:
        model = DeliveryNote
        fields = ("id", "number", "date")
        read_only_fields = ("id", "number")


class InvoiceDetailSerializer(InvoiceSummarySerializer):
    """An invoice with its lines and deliveries."""

    line_items = LineItemSerializer(source="lines", many=True)
    delivery_notes = serializers.SerializerMethodField()

    class Meta(InvoiceSummarySerializer.Meta):
        fields = (*InvoiceSummarySerializer.Meta.fields, "line_items", "delivery_notes")  # type: ignore[assignment]

    @extend_schema_field(DeliveryNoteSerializer(many=True))
    def get_delivery_notes(self, invoice: Invoice) -> list[dict[str, Any]]:
        return [dict(DeliveryNoteSerializer(pairing.delivery_note).data) for pairing in standing(invoice)]


@extend_schema_serializer(many=False)  # it is the page that holds many
class InvoicesResponseSerializer(serializers.Serializer[Any]):
    """A page of the list."""

    invoices = InvoiceSummarySerializer(many=True)
    count = serializers.IntegerField(help_text="Invoices on this page")
    total = serializers.IntegerField(help_text="Invoices on all pages")
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


class UploadSerializer(serializers.Serializer[Any]):
    file = UploadField(help_text="PDF, JPEG, PNG, TIFF or e-invoice (XML: UBL or CII), at most 10 MB")
    venue = serializers.CharField(required=False, allow_blank=True, max_length=200)
    kind = serializers.ChoiceField(choices=["auto", "invoice", "credit_note", "delivery_note"], required=False)


class DocumentAcceptedSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="The document's id")
    filename = serializers.CharField()
    status = serializers.ChoiceField(choices=["accepted"])
    duplicate = serializers.BooleanField(help_text="The same bytes were sent before; they are not read again")


class DetailSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField()
