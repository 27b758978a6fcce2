"""The stub server, and connections to it."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from invoicedata.models import Mga
from pims.access import open_connector
from pims.connectors.base import Candidate, Connector, Hints, InvoiceRef
from pims.http import Clock, Deadline
from pims.models import Connection
from pims.profiles import EXAMPLE
from pims.types import to_json
from tests.pims.stub import Mount, Stub
from tests.pims.stub.ezyvet import EzyvetMount

SITES: dict[str, dict[str, Any]] = {
    "ezyvet": {
        "time_zone": "Pacific/Auckland",
        "currency": "NZD",
        "secrets": {"partner_id": "p", "client_id": "c", "client_secret": "secret"},
    },
    "provet": {
        "time_zone": "Europe/Helsinki",
        "currency": "EUR",
        "secrets": {"client_id": "c", "client_secret": "secret"},
    },
    "vetspire": {
        "time_zone": "America/Chicago",
        "currency": "USD",
        "secrets": {"api_key": "secret"},
        "options": {"location_ids": "40001"},
    },
}


SITES["rest_profile"] = {
    "time_zone": "Europe/Berlin",
    "currency": "EUR",
    "secrets": {"token": "secret"},
    "options": {"profile": EXAMPLE},
}


class StillClock(Clock):
    """Time that passes only by waiting for it; the waits are kept."""

    def __init__(self) -> None:
        self.moment = datetime(2025, 3, 10, tzinfo=UTC)
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.moment += timedelta(seconds=seconds)


class Practice:
    """A mount of the stub, and the connection that leads to it."""

    def __init__(self, mount: Any, connection: Connection) -> None:
        self.mount = mount
        self.connection = connection
        self.clock = StillClock()
        self.seconds = 20.0

    def ask(self, question: Callable[[Connector], Any]) -> Any:
        deadline = Deadline(self.seconds, self.clock)
        with open_connector(self.connection, deadline=deadline, clock=self.clock) as connector:
            return question(connector)

    def search(self, number: str, **hints: Any) -> tuple[Candidate, ...]:
        found: tuple[Candidate, ...] = self.ask(lambda c: c.search(InvoiceRef(number, Hints(**hints)))).candidates
        return found

    def find(self, number: str, **hints: Any) -> dict[str, Any]:
        """The canonical JSON of the one invoice with this number."""

        def question(connector: Connector) -> dict[str, Any]:
            (candidate,) = connector.search(InvoiceRef(number, Hints(**hints))).candidates
            return to_json(connector.fetch(candidate))

        found: dict[str, Any] = self.ask(question)
        return found


Connect = Callable[..., Practice]


@pytest.fixture(scope="session")
def stub() -> Iterator[Stub]:
    server = Stub().start()
    yield server
    server.stop()


@pytest.fixture
def connect(stub: Stub, settings: Settings) -> Connect:
    """Makes a fresh practice of a vendor and a connection to it."""
    settings.PIMS_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": str(id(settings))}
    }

    def make(kind: type[Mount], **values: Any) -> Practice:
        mount = stub.mount(kind)
        site = SITES[kind.vendor] | values
        mga, _ = Mga.objects.get_or_create(mga_id="acme", defaults={"name": "Acme"})
        connection = Connection.objects.create(
            mga=mga,
            name=site.get("name", mount.root.rpartition("/")[2]),
            kind=kind.vendor,
            practice_name=site.get("practice_name", ""),
            time_zone=site["time_zone"],
            currency=site["currency"],
            options={"base_url": mount.base_url} | site.get("options", {}),
            secrets=json.dumps(site["secrets"]),
        )
        return Practice(mount, connection)

    return make


@pytest.fixture
def ezyvet(connect: Connect, db: None) -> Practice:
    return connect(EzyvetMount)
