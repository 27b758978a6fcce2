"""Two worker hosts, each in a network namespace of its own, that share a PostgreSQL, a Redis and an object store with a
web host, and nothing else. One of them loses its power while all is
under way, and the one that is at the last document loses it too.

usage (as root): python -m bench.hosts [--documents 60]

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

from bench.chaos import Document, Sent, make_documents, send
from bench.machines import ObjectStore, Postgres, Redis, Service, Tenant, make_tenant, use, wait_until

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
    *documents, last = make_documents(options.documents + 1, options.scans, 3)
    jobs = Job.objects.all()

    def send_all() -> None:
        for document in documents:
            send(web, tenant, document, "", sent, time.monotonic() + 900)

    client = threading.Thread(target=send_all)
    client.start()
    wait_until(lambda: jobs.filter(state="done").count() >= options.documents // 4, 900, "A quarter of the documents")
    wait_until(lambda: jobs.filter(state="running").count() == len(workers), 300, "Both hosts at work")
    hosts = {job.worker.partition(":")[0] for job in jobs.exclude(worker="")}
    workers[0].kill()
    workers[0].start("--no-web")
    client.join()
    wait_until(lambda: jobs.filter(state="done").count() == len(documents), 1800, "All documents")
    finished = Counter(job.worker.partition(":")[0] for job in jobs)
    seconds = seconds_to_take_over(web, workers, tenant, last, sent)
    read = Counter(Event.objects.filter(action="document.read").values_list("subject", flat=True))
    twice = sum(count - 1 for count in read.values())
    lost = options.documents + 1 - jobs.filter(state="done").count()
    print(f"hosts at work              {len(hosts)}, one of them twice; finished by each {[*finished.values()]}")
    print(f"accepted                   {len(sent.accepted)} of {options.documents + 1}")
    print(f"lost                       {lost}")
    print(f"read to the end twice      {twice}")
    print(f"attempts                   {dict(Counter(jobs.values_list('attempts', flat=True)))}")
    print(f"power cut at a document    finished by the other host after {seconds:.1f} s (lease {LEASE_SECONDS} s)")
    return 0 if lost == 0 and twice == 0 and seconds <= LEASE_SECONDS + 10 and len(hosts) == len(workers) else 1


def seconds_to_take_over(web: Service, workers: list[Service], tenant: Tenant, document: Document, sent: Sent) -> float:
    """From the end of the host that reads a document, when the other one is free, to the document's end."""
    from invoices.models import Job

    running = Job.objects.filter(state="running")
    send(web, tenant, document, "", sent, time.monotonic() + 60)
    wait_until(running.exists, 120, "A worker at the document")
    job = running.get()
    holder = next(worker for worker in workers if int(job.worker.partition(":")[2]) in pids(worker))
    holder.kill()
    cut = datetime.now(UTC)
    wait_until(lambda: Job.objects.get(pk=job.pk).state == "done", 600, "The document")
    ended = Job.objects.get(pk=job.pk).finished_at
    assert ended is not None
    return (ended - cut).total_seconds()


def pids(worker: Service) -> set[int]:
    return {process.pid for process in worker.processes()}


if __name__ == "__main__":
    sys.exit(main())
