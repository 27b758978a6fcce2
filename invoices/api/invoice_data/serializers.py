"""Contract 1's schemas, in the contract's own spelling. They describe: the bodies are made by `invoices.answers`."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from invoices.api.fields import UploadField

INVOICE_STATUSES = ("paid", "partially_paid", "unpaid", "void", "credit_note", "draft", "unknown")
PAYMENT_STATUSES = ("completed", "pending", "refunded", "cancelled", "unknown")
CHECK_STATUSES = ("passed", "failed", "warning", "skipped")


@extend_schema_field(OpenApiTypes.NUMBER)
class NumberField(serializers.DecimalField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=None, decimal_places=None, **kwargs)


@extend_schema_serializer(component_name="address")
class AddressSerializer(serializers.Serializer):
    street = serializers.CharField(required=False, help_text="Street address")
    city = serializers.CharField(required=False, help_text="City name")
    state = serializers.CharField(required=False, help_text="State/province code")
    zipCode = serializers.CharField(required=False, help_text="Postal code")


@extend_schema_serializer(component_name="practiceData")
class PracticeSerializer(serializers.Serializer):
    """Veterinary practice information"""

    practiceId = serializers.CharField(help_text="Practice identifier")
    practiceName = serializers.CharField(help_text="Practice name")
    address = AddressSerializer(required=False, help_text="Practice location")
    phone = serializers.CharField(required=False, help_text="Contact phone number")
    email = serializers.CharField(required=False, help_text="Contact email address")


@extend_schema_serializer(component_name="customerData")
class CustomerSerializer(serializers.Serializer):
    """Pet owner information"""

    customerId = serializers.CharField(help_text="Customer identifier")
    firstName = serializers.CharField(required=False, help_text="First name")
    lastName = serializers.CharField(required=False, help_text="Last name")
    email = serializers.CharField(required=False, help_text="Email address")
    phone = serializers.CharField(required=False, help_text="Phone number")


@extend_schema_serializer(component_name="lineItem")
class LineItemSerializer(serializers.Serializer):
    """Invoice line item details"""

    lineItemId = serializers.CharField(required=False, help_text="Line item identifier")
    description = serializers.CharField(help_text="Service or product description")
    quantity = NumberField(required=False, help_text="Quantity")
    unitPrice = NumberField(required=False, help_text="Price per unit")
    totalPrice = NumberField(help_text="Total line item price")
    category = serializers.CharField(required=False, help_text="Item category")


@extend_schema_serializer(component_name="payment")
class PaymentSerializer(serializers.Serializer):
    """Payment transaction details"""

    paymentId = serializers.CharField(required=False, help_text="Payment identifier")
    paymentDate = serializers.DateField(help_text="Payment date")
    amount = NumberField(help_text="Payment amount")
    method = serializers.CharField(required=False, help_text="Payment method")
    status = serializers.CharField(required=False, help_text=f"Payment status: {', '.join(PAYMENT_STATUSES)}")


@extend_schema_serializer(component_name="invoiceData")
class InvoiceDataSerializer(serializers.Serializer):
    """Detailed invoice information"""

    invoiceId = serializers.CharField(required=False, help_text="System-generated invoice identifier")
    invoiceNumber = serializers.CharField(help_text="Original invoice number")
    invoiceDate = serializers.DateField(help_text="Invoice issue date")
    dueDate = serializers.DateField(required=False, help_text="Payment due date")
    totalAmount = NumberField(help_text="Total invoice amount")
    currency = serializers.CharField(help_text="Currency code (ISO 4217)")
    status = serializers.CharField(required=False, help_text=f"Invoice status: {', '.join(INVOICE_STATUSES)}")
    practice = PracticeSerializer(required=False)
    customer = CustomerSerializer(required=False)
    lineItems = LineItemSerializer(many=True, required=False, help_text="List of invoice items")
    payments = PaymentSerializer(many=True, required=False, help_text="List of payments")
    balanceDue = NumberField(required=False, help_text="Remaining balance")


@extend_schema_serializer(component_name="validationCheck")
class CheckSerializer(serializers.Serializer):
    field = serializers.CharField(required=False, help_text="Validated field name")
    status = serializers.CharField(required=False, help_text=f"Validation status: {', '.join(CHECK_STATUSES)}")
    message = serializers.CharField(required=False, help_text="Validation message")


@extend_schema_serializer(component_name="validationResults")
class ValidationResultsSerializer(serializers.Serializer):
    """Data validation results"""

    passed = serializers.BooleanField(required=False, help_text="Overall validation status: no check failed")
    checks = CheckSerializer(many=True, required=False, help_text="List of validation checks")


@extend_schema_serializer(component_name="practiceSystem")
class PracticeSystemSerializer(serializers.Serializer):
    """The practice system that has the invoice (added to the contract)"""

    connection = serializers.CharField(help_text="The connection's name")
    kind = serializers.CharField(help_text="Its kind: local, ezyvet, provet, vetspire, rest_profile")
    matchedOn = serializers.CharField(help_text="By what the invoice was found there")


@extend_schema_serializer(component_name="invoiceResponse")
class InvoiceResponseSerializer(serializers.Serializer):
    """Complete invoice processing response"""

    requestId = serializers.CharField(help_text="Unique processing request identifier")
    status = serializers.ChoiceField(choices=("completed", "failed"), help_text="Processing status")
    completedAt = serializers.DateTimeField(help_text="Processing completion timestamp (UTC)")
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=("PIMS", "OCR"), required=False, help_text="Data source"
    )
    pims = PracticeSystemSerializer(required=False, help_text="With source PIMS: where it comes from")
    validationResults = ValidationResultsSerializer(required=False)
    data = InvoiceDataSerializer(required=False)  # type: ignore[assignment]
    additionalInvoices = InvoiceDataSerializer(
        many=True, required=False, help_text="Further invoices in the same file (added to the contract)"
    )


@extend_schema_serializer(component_name="error")
class ErrorSerializer(serializers.Serializer):
    code = serializers.CharField(required=False, help_text="Error code")
    message = serializers.CharField(required=False, help_text="Error description")


@extend_schema_serializer(component_name="errorResponse")
class ErrorResponseSerializer(serializers.Serializer):
    """Error information"""

    requestId = serializers.CharField(help_text="Request identifier")
    status = serializers.CharField(help_text='Always "failed"')
    completedAt = serializers.DateTimeField(required=False, help_text="Error timestamp (UTC)")
    error = ErrorSerializer(help_text="Error details")
    validationResults = ValidationResultsSerializer(
        required=False, help_text="With OCR_INCOMPLETE: a failed check for each missing value (added to the contract)"
    )
    partialData = serializers.DictField(
        required=False, help_text="With OCR_INCOMPLETE: what could be read (added to the contract)"
    )


@extend_schema_serializer(component_name="acceptedResponse")
class AcceptedSerializer(serializers.Serializer):
    """The request goes on in the background"""

    requestId = serializers.CharField(help_text="Unique processing request identifier")
    status = serializers.CharField(help_text='Always "accepted"')
    acceptedAt = serializers.DateTimeField(help_text="When it was accepted (UTC)")
    statusUrl = serializers.URLField(help_text="Where the answer will be; also in the Location header")


@extend_schema_serializer(component_name="upload")
class UploadSerializer(serializers.Serializer):
    invoice = UploadField(help_text="Invoice image (PDF, JPEG, PNG, TIFF), 50 KB to 10 MB, 300 DPI or more")
    webhookUrl = serializers.CharField(
        required=False, allow_blank=True, help_text="Callback URL for completion notification (https)"
    )


@extend_schema_serializer(component_name="healthState")
class HealthSerializer(serializers.Serializer):
    status = serializers.CharField(help_text="ok or failed")
    checks = serializers.DictField(child=serializers.CharField(), help_text="ok or failed, for each part")
