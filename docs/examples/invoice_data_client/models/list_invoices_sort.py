from enum import StrEnum


class ListInvoicesSort(StrEnum):
    CONFIDENCE = "confidence"
    CREATED_AT = "created_at"
    DATE = "date"
    FILENAME = "filename"
    ISSUES_COUNT = "issues_count"
    STATUS = "status"
    SUPPLIER = "supplier"
    TOTAL_VALUE = "total_value"
    VALUE_0 = "-confidence"
    VALUE_1 = "-created_at"
    VALUE_2 = "-date"
    VALUE_3 = "-filename"
    VALUE_4 = "-issues_count"
    VALUE_5 = "-status"
    VALUE_6 = "-supplier"
    VALUE_7 = "-total_value"
    VALUE_8 = "-venue"
    VENUE = "venue"

    def __str__(self) -> str:
        return str(self.value)
