from enum import StrEnum


class InvoiceSummaryStatus(StrEnum):
    ERROR = "error"
    FLAGGED = "flagged"
    MATCHED = "matched"
    PENDING = "pending"
    PROCESSED = "processed"
    SCANNED = "scanned"

    def __str__(self) -> str:
        return str(self.value)
