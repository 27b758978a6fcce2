"""Why a practice system could not be asked. "Not found" is a result, never an error.

The messages are for people: they say what to do, and hold no secret, no address with parameters and no customer's name.
"""

from collections.abc import Iterable


class PimsError(Exception):
    """Base of all errors of this package."""


class PimsConfigError(PimsError):
    """The connection is set up wrongly; a person must mend it."""


class PimsUnavailable(PimsError):
    """The system does not answer; trying later may help."""


class PimsRateLimited(PimsUnavailable):
    """The system wants fewer calls. `retry_after`: seconds until it may be asked again."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"The practice system allows no more calls for {retry_after:.0f} seconds.")
        self.retry_after = retry_after


class PimsAuthError(PimsError):
    """The system does not take the connection's credentials."""


class PimsPermissionError(PimsError):
    """The credentials are good, but may not read something. `permission`: what the vendor calls the missing right."""

    def __init__(self, permission: str) -> None:
        super().__init__(f"The practice system refuses to show this: the permission {permission!r} is missing.")
        self.permission = permission


class PimsProtocolError(PimsError):
    """The system answered, but not as its interface is known. `keys`: names that were there instead, for support."""

    def __init__(self, where: str, problem: str, keys: Iterable[str] = ()) -> None:
        self.keys = tuple(sorted(keys))[:20]
        super().__init__(f"{where}: {problem}" + (f" It has: {', '.join(self.keys)}." if self.keys else ""))


class PimsMissing(PimsProtocolError):
    """The system knows no such address (404)."""


class RecordError(PimsError):
    """A record does not have the canonical form. `path` names the value, such as `lineItems[2].totalPrice`."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
