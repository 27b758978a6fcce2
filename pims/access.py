"""A connection's connector, ready to be asked."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from django.conf import settings

from pims.connectors import LOCAL, get_connector
from pims.connectors.base import Access, Connector, Site
from pims.errors import PimsConfigError
from pims.http import INTERACTIVE_SECONDS, Clock, Deadline, Exchange, Transport
from pims.models import Connection
from pims.state import DatabaseState, NoState


@contextmanager
def open_connector(
    connection: Connection,
    *,
    deadline: Deadline | None = None,
    clock: Clock | None = None,
    listener: Callable[[Exchange], None] | None = None,
) -> Iterator[Connector]:
    """The connector of a connection. Raises PimsConfigError where its settings are not complete."""
    clock = clock or Clock()
    transport = Transport(
        state=NoState() if connection.kind == LOCAL else DatabaseState(connection, clock),
        deadline=deadline or Deadline(INTERACTIVE_SECONDS, clock),
        clock=clock,
        private_hosts=settings.PIMS_PRIVATE_HOSTS,
        listener=listener,
    )
    site = Site(
        connection_id=connection.pk,
        time_zone=ZoneInfo(connection.time_zone),
        currency=connection.currency or None,
        practice_name=connection.practice_name or None,
    )
    access = Access(site, connection.options, read_secrets(connection), transport)
    connector = get_connector(connection.kind)(access)
    try:
        yield connector
    finally:
        connector.close()


def read_secrets(connection: Connection) -> dict[str, str]:
    try:
        found = json.loads(connection.secrets or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise PimsConfigError("The connection's credentials cannot be read. Enter them again.")
    return found
