"""Why a practice system could not be asked. "Not found" is a result, never an error."""


class PimsError(Exception):
    """Base of all errors of this package."""


class PimsConfigError(PimsError):
    """The connection is set up wrongly; a person must mend it."""


class PimsUnavailable(PimsError):
    """The system does not answer; trying later may help."""


class RecordError(PimsError):
    """A record does not have the canonical form. `path` names the value, such as `lineItems[2].totalPrice`."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
