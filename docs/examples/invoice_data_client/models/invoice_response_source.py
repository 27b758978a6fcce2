from enum import StrEnum


class InvoiceResponseSource(StrEnum):
    OCR = "OCR"
    PIMS = "PIMS"

    def __str__(self) -> str:
        return str(self.value)
