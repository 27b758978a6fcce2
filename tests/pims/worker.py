"""A worker process for tests: looks an invoice up in as many threads at once as each line of its input says.

python -m tests.pims.worker prepare BASE_URL    makes the connection, prints its id
python -m tests.pims.worker work ID             answers each line with a JSON list of outcomes
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "invoicedata.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from invoicedata.models import Mga  # noqa: E402
from pims.access import open_connector  # noqa: E402
from pims.connectors.base import InvoiceRef  # noqa: E402
from pims.errors import PimsError  # noqa: E402
from pims.models import Connection  # noqa: E402

NUMBER = "112345"


def prepare(base_url: str) -> None:
    if connections["default"].vendor == "sqlite":
        call_command("migrate", verbosity=0)
    connection = Connection.objects.create(
        mga=Mga.objects.create(mga_id="acme", name="Acme"),
        kind="ezyvet",
        time_zone="Pacific/Auckland",
        currency="NZD",
        options={"base_url": base_url},
        secrets=json.dumps({"partner_id": "p", "client_id": "c", "client_secret": "secret"}),
    )
    print(connection.pk, flush=True)


def ask(connection_id: int) -> str:
    try:
        with open_connector(Connection.objects.get(pk=connection_id)) as connector:
            return f"{len(connector.search(InvoiceRef(NUMBER)).candidates)} found"
    except PimsError as error:
        return type(error).__name__
    finally:
        connections.close_all()


def work(connection_id: int) -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        with ThreadPoolExecutor(int(line)) as pool:
            print(json.dumps(list(pool.map(ask, [connection_id] * int(line)))), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(sys.argv[2])
    else:
        work(int(sys.argv[2]))
