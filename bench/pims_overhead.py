"""What a lookup costs beside the bare HTTP calls of the same connector.

    python -m bench.pims_overhead [--rounds 60]

For each vendor the lookup's calls are recorded against a stub on loopback, then both are timed in turns: the whole
lookup (limits, breaker, token, deadline, mapping), and the same requests sent one after the other by one bare session.
Medians in milliseconds; beside them the overhead in processor time, which a busy machine does not stretch. The exit
status is 1 when the overhead of any is above 15 ms.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import requests

from bench import machines

MOST_MILLISECONDS = 15.0
NUMBERS = {"ezyvet": "112345", "provet": "HV10000000005", "vetspire": "884213", "rest_profile": "V-2041"}


def timed(action: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds by the clock, and of the processor (the stub's threads included)."""
    started, worked = time.perf_counter(), time.process_time()
    action()
    return 1000 * (time.perf_counter() - started), 1000 * (time.process_time() - worked)


def connect(mga: Any, mount: Any, site: dict[str, Any]) -> Any:
    from pims.models import Connection

    return Connection.objects.create(
        mga=mga,
        name=mount.vendor,
        kind=mount.vendor,
        time_zone=site["time_zone"],
        currency=site["currency"],
        options={"base_url": mount.base_url} | site.get("options", {}),
        secrets=json.dumps(site["secrets"]),
    )


def look_up(connection: Any, number: str) -> None:
    from pims.access import open_connector
    from pims.connectors.base import InvoiceRef

    with open_connector(connection) as connector:
        (candidate,) = connector.search(InvoiceRef(number)).candidates
        connector.fetch(candidate)


def replay(session: requests.Session, sent: list[tuple[str, str, dict[str, str], bytes]]) -> None:
    for method, url, headers, body in sent:
        session.request(method, url, headers=headers, data=body or None, timeout=10).raise_for_status()


def measure(mount: Any, connection: Any, rounds: int) -> tuple[int, float, float, float, float]:
    """(calls, milliseconds of a lookup, of the bare calls, the median difference of neighbours, and that of the
    processor's time)."""
    number = NUMBERS[mount.vendor]
    look_up(connection, number)  # signs in, and fills what is remembered for a day
    mount.requests.clear()
    look_up(connection, number)
    kept = ("authorization", "content-type", "accept")
    sent = []
    for request in list(mount.requests):
        url = requests.Request(request.method, mount.root + request.path, params=request.params).prepare().url or ""
        headers = {name: value for name, value in request.headers.items() if name in kept}
        sent.append((request.method, url, headers, request.body))
    lookups, bare = [], []
    with requests.Session() as session:
        session.trust_env = False
        replay(session, sent)
        for _ in range(rounds):
            reset_limits(connection)
            bare.append(timed(lambda: replay(session, sent)))
            lookups.append(timed(lambda: look_up(connection, number)))
    clock, processor = (
        statistics.median(whole[kind] - alone[kind] for whole, alone in zip(lookups, bare, strict=True))
        for kind in (0, 1)
    )
    whole, alone = (statistics.median(spent for spent, _ in times) for times in (lookups, bare))
    return len(sent), whole, alone, clock, processor


def reset_limits(connection: Any) -> None:
    """The vendor's limit of calls a minute would stop the measurement."""
    from pims.models import ConnectionState

    ConnectionState.objects.filter(connection=connection).update(calls={})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.pims_overhead", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="pims-overhead-") as folder:
        machines.use({"DATA_DIR": folder, "LOG_LEVEL": "ERROR", "PIMS_PRIVATE_HOSTS": "127.0.0.1"})
        is_slow = run(rounds)
    sys.exit(is_slow)


def run(rounds: int) -> bool:
    from invoicedata.models import Mga
    from tests.pims.conftest import SITES
    from tests.pims.stub import Stub
    from tests.pims.stub.ezyvet import EzyvetMount
    from tests.pims.stub.provet import ProvetMount
    from tests.pims.stub.rest import RestMount
    from tests.pims.stub.vetspire import VetspireMount

    stub = Stub().start()
    mga = Mga.objects.create(mga_id="bench", name="Bench")
    print(f"{'':14}{'calls':>6}{'lookup':>10}{'bare':>10}{'overhead':>10}{'(CPU)':>8}   ms, medians of {rounds}")
    is_slow = False
    for kind in (EzyvetMount, ProvetMount, VetspireMount, RestMount):
        mount = stub.mount(kind)
        connection = connect(mga, mount, SITES[kind.vendor])
        calls, whole, bare, overhead, processor = measure(mount, connection, rounds)
        is_slow |= overhead > MOST_MILLISECONDS
        print(f"{kind.vendor:14}{calls:6}{whole:10.1f}{bare:10.1f}{overhead:10.1f}{processor:8.1f}")
    stub.stop()
    return is_slow


if __name__ == "__main__":
    main()
