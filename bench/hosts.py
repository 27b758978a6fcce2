"""Two worker hosts, each in a network namespace of its own, that share a PostgreSQL, a Redis and an object store with a
web host, and nothing else. One of them loses its power on the way.

usage (as root): python -m bench.hosts [--documents 60] [--no-power-cut]

Exit status 1 where a document was lost or read to its end twice, or taken over later than its lease and ten seconds.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from bench.chaos import Sent, make_documents, send
from bench.machines import ObjectStore, Postgres, Redis, Service, make_tenant, use, wait_until

BRIDGE, NETWORK, CENTRE = "invbr0", "10.77.0", "10.77.0.1"
HOSTS = {"inv-a": f"{NETWORK}.11", "inv-b": f"{NETWORK}.12"}
LEASE_SECONDS = 20


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def make_network(stack: ExitStack) -> None:
    """A bridge with the servers, and a namespace for each worker host."""
    ip("link", "add", BRIDGE, "type", "bridge")
    stack.callback(ip, "link", "del", BRIDGE)
    ip("addr", "add", f"{CENTRE}/24", "dev", BRIDGE)
    ip("link", "set", BRIDGE, "up")
    for number, (name, address) in enumerate(HOSTS.items()):
        ip("netns", "add", name)
        stack.callback(ip, "netns", "del", name)
        ip("link", "add", f"invv{number}", "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("link", "set", f"invv{number}", "master", BRIDGE, "up")
        for arguments in (("addr", "add", f"{address}/24", "dev", "eth0"), ("link", "set", "eth0", "up")):
            ip("-n", name, *arguments)
        ip("-n", name, "link", "set", "lo", "up")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=60)
    parser.add_argument("--scans", type=int, default=20)
    parser.add_argument("--no-power-cut", action="store_true")
    options = parser.parse_args()
    with ExitStack() as stack:
        make_network(stack)
        postgres, redis, store = Postgres(CENTRE), Redis(CENTRE), ObjectStore(CENTRE)
        for server in (postgres, redis, store):
            stack.callback(server.close)
        shared = store.environment | {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": redis.url,
            "SECRET_KEY": "bench" * 10,
            "ENCRYPTION_KEYS": "bench",
            "INVOICE_FILE_REQUIREMENTS": "advisory",
            "JOB_LEASE_SECONDS": str(LEASE_SECONDS),
            "SYNC_WAIT_SECONDS": "0",
            "WORKERS": "1",
        }

        def host(name: str, within: tuple[str, ...] = ()) -> Service:
            folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{name}-", ignore_cleanup_errors=True))
            )
            return Service(folder, shared, within=within)

        web = host("web")
        use(web.environment)
        workers = [host(name, ("ip", "netns", "exec", name)) for name in HOSTS]
        web.start("--no-workers")
        stack.callback(web.stop)
        for worker in workers:
            worker.start("--no-web")
            stack.callback(worker.stop)
        return run(web, workers, options)


def run(web: Service, workers: list[Service], options: argparse.Namespace) -> int:
    from invoicedata.models import Event
    from invoices.models import Job

    tenant, sent = make_tenant("acme"), Sent()
    documents = make_documents(options.documents, options.scans, 3)

    def send_all() -> None:
        for document in documents:
            send(web, tenant, document, "", sent, time.monotonic() + 900)

    client = threading.Thread(target=send_all)
    client.start()
    by_host: Counter[str] = Counter()
    taken_over: list[float] = []
    jobs = Job.objects.all()
    wait_until(lambda: jobs.filter(state="done").count() >= options.documents // 4, 900, "A quarter of the documents")
    hosts = {name.partition(":")[0] for name in jobs.exclude(worker="").values_list("worker", flat=True)}
    if not options.no_power_cut:
        wait_until(lambda: jobs.filter(state="running").count() == len(workers), 300, "Both hosts at work")
        held = dict(jobs.filter(state="running").values_list("pk", "worker"))
        workers[0].kill()
        cut = datetime.now(UTC)
    client.join()
    wait_until(lambda: jobs.filter(state__in=("done", "failed")).count() == len(sent.accepted), 1800, "All documents")
    if not options.no_power_cut:
        alive = {jobs.get(pk=pk).worker for pk in held} & set(held.values())
        abandoned = [pk for pk, worker in held.items() if worker not in alive]
        for job in jobs.filter(pk__in=abandoned).exclude(started_at__lt=cut):
            taken_over.append((job.started_at - cut).total_seconds())
    by_host.update(name.partition(":")[0] for name in jobs.values_list("worker", flat=True))
    read = Counter(Event.objects.filter(action="document.read").values_list("subject", flat=True))
    twice = sum(count - 1 for count in read.values())
    states = Counter(jobs.values_list("state", flat=True))
    lost = options.documents - states["done"]
    print(f"hosts at work              {len(hosts)}; finished by each: {sorted(by_host.values())}")
    print(f"accepted                   {len(sent.accepted)} of {options.documents}")
    print(f"done                       {states['done']}; not done: {lost}")
    print(f"read to the end twice      {twice}")
    print(f"attempts                   {dict(Counter(jobs.values_list('attempts', flat=True)))}")
    if not options.no_power_cut:
        print(
            f"taken over after           {', '.join(f'{s:.1f} s' for s in taken_over) or '-'} (lease {LEASE_SECONDS} s)"
        )
    is_soon = all(seconds <= LEASE_SECONDS + 10 for seconds in taken_over)
    return 0 if lost == 0 and twice == 0 and is_soon and len(hosts) == len(workers) else 1


if __name__ == "__main__":
    sys.exit(main())
