from enum import StrEnum


class DocumentAcceptedStatus(StrEnum):
    ACCEPTED = "accepted"

    def __str__(self) -> str:
        return str(self.value)
