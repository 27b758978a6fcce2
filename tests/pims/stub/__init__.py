"""Practice systems to try connectors against: a real HTTP server that really filters, pages, signs in and misbehaves.

`make pims-stub` starts it by hand; tests start one of their own. Each `Mount` is one practice's system below a path of
its own, with its own data, tokens and faults.
"""

from tests.pims.stub.server import Fault, Mount, Stub

__all__ = ["Fault", "Mount", "Stub"]
