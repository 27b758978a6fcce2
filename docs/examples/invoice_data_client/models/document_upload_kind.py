from enum import StrEnum


class DocumentUploadKind(StrEnum):
    AUTO = "auto"
    CREDIT_NOTE = "credit_note"
    DELIVERY_NOTE = "delivery_note"
    INVOICE = "invoice"

    def __str__(self) -> str:
        return str(self.value)
