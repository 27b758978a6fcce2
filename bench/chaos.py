"""`make chaos`: does anything get lost when everything dies?

Three clients send documents with webhooks to a receiver that fails, hangs, resets and answers 500 part of the time,
while a random process (worker, cluster, web server, webhook sender) is killed every few seconds. With `--on servers`
the service runs on a PostgreSQL and a Redis of its own, both restarted once; with `--on sqlite` on one file.

Exit status 1 when a document was lost or done twice, a webhook missed, or a signature wrong.
"""

import argparse
import hashlib
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import psutil
import requests
from PIL import Image

from bench.machines import Postgres, Redis, Service, Tenant, make_tenant, use, wait_until
from bench.receivers import Receiver
from tests.documents import INVOICE_LINES, make_pdf

TENANTS = ("acme", "birch", "cedar")
SCAN = Path(__file__).resolve().parent.parent / "tests" / "data" / "vet-invoice.jpg"
LEASE_SECONDS = 20
RECOVERY_SECONDS = LEASE_SECONDS + 10  # what is promised after a worker's death
RETRIES = "1,1,2,2,3,3,4,4,5,5,5,5,5,5,5"
SEND_AGAIN_SECONDS = 0.5
SETTLE_SECONDS = 120.0
KINDS = {"worker": 50, "cluster": 15, "web": 20, "webhooks": 15}  # per cent of the kills


@dataclass(frozen=True, slots=True)
class Document:
    tenant: str  # its id
    key: str  # of idempotency; names the document too
    content: bytes


@dataclass(slots=True)
class Sent:
    """What the clients know. accepted: request id by document key."""

    accepted: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    tries: Counter[str] = field(default_factory=Counter)


def make_documents(count: int, scans: int, seed: int) -> list[Document]:
    """`count` different invoices, `scans` of them pictures."""
    picture = Image.open(SCAN)
    documents = []
    for number in range(count):
        if number * scans // count != (number + 1) * scans // count:
            file = BytesIO()
            picture.save(file, "JPEG", quality=95, dpi=(300, 300), comment=f"{seed}-{number}".encode())
            content = file.getvalue()
        else:
            lines = [line.replace("INV-1042", f"INV-{seed}-{number}") for line in INVOICE_LINES]
            content = make_pdf(lines)
        documents.append(Document(TENANTS[number % len(TENANTS)], f"doc-{seed}-{number}", content))
    return documents


def send(service: Service, tenant: Tenant, document: Document, webhook: str, sent: Sent, give_up: float) -> None:
    """Until it is accepted, as a client does: again with the same key after an error, a 503 or silence."""
    while time.monotonic() < give_up:
        sent.tries[document.key] += 1
        try:
            answer = requests.post(
                f"{service.url}/api/v1/invoice/C-1/process",
                headers=tenant.headers | {"Idempotency-Key": document.key},
                files={"invoice": ("invoice.pdf", document.content)},
                data={"webhookUrl": webhook},
                timeout=30,
            )
        except requests.RequestException:
            time.sleep(SEND_AGAIN_SECONDS)
            continue
        if answer.status_code == 202:
            sent.accepted[document.key] = answer.json()["requestId"]
            return
        sent.refused[document.key] = f"{answer.status_code} {answer.text[:200]}"
        if answer.status_code < 500:
            return
        time.sleep(min(float(answer.headers.get("Retry-After", SEND_AGAIN_SECONDS)), 2.0))


@dataclass(frozen=True, slots=True)
class Kill:
    at: datetime
    kind: str
    jobs: list[str]  # that the process held


class Killer(threading.Thread):
    """Kills a random process of the service every `pause` seconds."""

    def __init__(self, service: Service, pause: float, seed: int, kinds: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self.kills: list[Kill] = []
        self._service, self._pause, self._random = service, pause, random.Random(seed)
        self._kinds = kinds
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(self._pause):
            (kind,) = self._random.choices(self._kinds, [KINDS[kind] for kind in self._kinds])
            victims = self._victims().get(kind)
            if not victims:
                continue
            victim = self._random.choice(victims)
            try:
                kill = Kill(datetime.now(UTC), kind, jobs_of(kind, worker_of(victim)))
                victim.kill()
            except psutil.NoSuchProcess:
                continue
            self.kills.append(kill)

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def _victims(self) -> dict[str, list[psutil.Process]]:
        """worker: what the cluster has forked, and the children that read. cluster: what guards them. web: gunicorn."""
        found: dict[str, list[psutil.Process]] = {kind: [] for kind in KINDS}
        for process in self._service.processes():
            try:
                command = " ".join(process.cmdline())
                above = [parent.pid for parent in process.parents()].index(self._service.process.pid)
            except (psutil.NoSuchProcess, ValueError):
                continue
            if "ocr.child" in command:
                found["worker"].append(process)
            elif "qcluster" in command:
                found["worker" if above >= 2 else "cluster"].append(process)
            elif "gunicorn" in command:
                found["web"].append(process)
            elif "manage.py" in command:
                found["webhooks"].append(process)
        return found


def worker_of(process: psutil.Process) -> int:
    """The worker's id: its own, or that of the worker whose child it is."""
    return int(process.ppid() if "ocr.child" in " ".join(process.cmdline()) else process.pid)


def jobs_of(kind: str, pid: int) -> list[str]:
    """The jobs that die with a worker or with its child: its own, or all of them with the cluster."""
    from django.db import DatabaseError, connection

    from invoices.models import Job

    running = Job.objects.filter(state=Job.State.RUNNING)
    held = {"worker": running.filter(worker__endswith=f":{pid}"), "cluster": running}.get(kind, Job.objects.none())
    try:
        return list(held.values_list("pk", flat=True))
    except DatabaseError:  # it is being restarted
        return []
    finally:
        connection.close()


def restart(server: Postgres | Redis, name: str) -> None:
    print(f"  {name} stops", flush=True)
    server.crash()
    time.sleep(2)
    server.start()
    print(f"  {name} is back", flush=True)


@dataclass(frozen=True, slots=True)
class Outcome:
    name: str
    value: str
    is_right: bool = True


def judge(documents: list[Document], sent: Sent, receiver: Receiver, killer: Killer) -> list[Outcome]:
    """What the database, the clients and the receiver have to say to each other."""
    from invoices.models import Document as Stored
    from invoices.models import InvoiceRequest, Job, WebhookDelivery

    rows = {request.pk: request for request in InvoiceRequest.objects.select_related("document")}
    by_key = Counter(InvoiceRequest.objects.values_list("mga_id", "idempotency_key"))
    accepted = set(sent.accepted.values())
    states = Counter(rows[pk].state if pk in rows else "missing" for pk in accepted)
    reasons = Counter(Job.objects.filter(state=Job.State.FAILED).values_list("error_code", flat=True))
    lost = [pk for pk in accepted if pk not in rows or rows[pk].state == InvoiceRequest.State.RUNNING]
    digests = {document.key: hashlib.sha256(document.content).hexdigest() for document in documents}
    wrong_files = [key for key, pk in sent.accepted.items() if pk in rows and not is_kept(rows[pk], digests[key])]
    twice = sum(count - 1 for count in by_key.values())
    twice += sum(document.invoices.count() > 1 for document in Stored.objects.all())
    twice += WebhookDelivery.objects.count() - len(set(WebhookDelivery.objects.values_list("request", flat=True)))
    told = [pk for pk in accepted if receiver.received.get(pk)]
    many_ids = [pk for pk, ids in receiver.received.items() if len(set(ids)) > 1]
    many_bodies = [pk for pk, bodies in receiver.bodies.items() if len(bodies) > 1]
    posts = sum(map(len, receiver.received.values()))
    slow = recovery_seconds(killer.kills)
    unsent = len(documents) - len(sent.accepted)
    return [
        Outcome("documents", f"{len(documents)}"),
        Outcome("kills", ", ".join(f"{n} {kind}" for kind, n in Counter(k.kind for k in killer.kills).items())),
        Outcome("receiver", ", ".join(f"{n} {what}" for what, n in receiver.behaved.items())),
        Outcome("sent again by a client", f"{sum(sent.tries.values()) - len(documents)}"),
        Outcome("accepted", f"{len(accepted)}", unsent == 0),
        Outcome("completed", f"{states['completed']}"),
        Outcome("failed", f"{states['failed']} ({', '.join(f'{n} {code}' for code, n in reasons.items()) or '-'})"),
        Outcome("lost", f"{len(lost)}", not lost),
        Outcome("files that are not what was sent", f"{len(wrong_files)}", not wrong_files),
        Outcome("duplicate results", f"{twice}", twice == 0),
        Outcome("attempts per job", attempts_of(Job.objects.values_list("attempts", flat=True))),
        Outcome("webhooks delivered", f"{len(told)} of {len(accepted)}", len(told) == len(accepted)),
        Outcome("posts taken per webhook", f"{posts / max(len(told), 1):.2f}"),
        Outcome("more than one webhook-id for an event", f"{len(many_ids)}", not many_ids),
        Outcome("bodies that changed between attempts", f"{len(many_bodies)}", not many_bodies),
        Outcome("signature failures", f"{len(receiver.bad_signatures)}", not receiver.bad_signatures),
        Outcome("job that no kill met took", spread(undisturbed_seconds(killer.kills))),
        Outcome(
            "job of a killed worker done after",
            spread(slow),
            all(seconds <= RECOVERY_SECONDS for seconds in slow),
        ),
    ]


def is_kept(request: object, digest: str) -> bool:
    """Whether the stored file is, byte for byte, what the client sent."""
    with request.document.file.open("rb") as file:  # type: ignore[attr-defined]
        return hashlib.sha256(file.read()).hexdigest() == digest


def attempts_of(attempts: object) -> str:
    return ", ".join(f"{n} with {count}" for count, n in sorted(Counter(attempts).items()))  # type: ignore[call-overload]


def spread(seconds: list[float]) -> str:
    if not seconds:
        return "-"
    return f"median {statistics.median(seconds):.1f} s, at most {max(seconds):.1f} s ({len(seconds)})"


def undisturbed_seconds(kills: list[Kill]) -> list[float]:
    """How long the other jobs took, from their start to their end: what the machine can do at the time."""
    from invoices.models import Job

    hit = {job for kill in kills for job in kill.jobs}
    ends = Job.objects.exclude(pk__in=hit).exclude(finished_at=None).values_list("started_at", "finished_at")
    return [(end - start).total_seconds() for start, end in ends if start and end]


def recovery_seconds(kills: list[Kill]) -> list[float]:
    """For each job whose worker was killed: seconds from the last of these kills to its end."""
    from invoices.models import Job

    last = {job: kill for kill in kills for job in kill.jobs}
    ends = Job.objects.filter(pk__in=last).exclude(finished_at=None)
    found = []
    for job in ends:
        assert job.finished_at is not None
        seconds = (job.finished_at - last[job.pk].at).total_seconds()
        if seconds > 0:  # a job that ended in the moment of the kill did not die with it
            found.append(seconds)
        if seconds > RECOVERY_SECONDS:
            kill = last[job.pk]
            last_attempt = (job.finished_at - (job.started_at or kill.at)).total_seconds()
            print(f"  late: {job.pk}, {kill.kind} killed at {kill.at:%H:%M:%S}, {seconds:.1f} s, of which")
            print(f"    the last of {job.attempts} attempts took {last_attempt:.1f} s ({job.error_code or 'done'})")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--on", choices=("sqlite", "servers"), default="sqlite")
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--scans", type=int, default=60, help="how many of them are pictures")
    parser.add_argument("--kill-every", type=float, default=5.0, metavar="SECONDS")
    parser.add_argument("--pace", type=float, default=0.6, metavar="SECONDS", help="between two documents of a client")
    parser.add_argument("--most-seconds", type=float, default=600.0, help="after which what is not done counts as lost")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="no receiver hangs, and only workers and web are killed")
    parser.add_argument("--log", type=Path, help="where the service's log goes; nowhere by default")
    options = parser.parse_args()
    with ExitStack() as stack:
        outcomes = run(options, stack)
    for outcome in outcomes:
        print(f"{'  ' if outcome.is_right else '! '}{outcome.name:<40}{outcome.value}")
    return 0 if all(outcome.is_right for outcome in outcomes) else 1


def run(options: argparse.Namespace, stack: ExitStack) -> list[Outcome]:
    print(f"{options.documents} documents, {options.scans} of them scans, on {options.on}; seed {options.seed}")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
    environment = {
        "INVOICE_FILE_REQUIREMENTS": "advisory",
        "WEBHOOK_PRIVATE_HOSTS": "127.0.0.1",
        "WEBHOOK_RETRY_SECONDS": RETRIES,
        "JOB_LEASE_SECONDS": str(LEASE_SECONDS),
    }
    servers: list[Postgres | Redis] = []
    if options.on == "servers":
        servers = [Redis(), Postgres()]
        for server in servers:
            stack.callback(server.close)
        environment |= {"REDIS_URL": servers[0].url, "DATABASE_URL": servers[1].url}
    service = Service(folder, environment, options.log or Path(os.devnull))
    use(service.environment)
    tenants = [make_tenant(mga_id) for mga_id in TENANTS]
    receiver = Receiver({tenant.mga_id: tenant.secret for tenant in tenants}, options.seed, hangs=not options.short)
    stack.callback(receiver.close)
    service.start()
    stack.callback(service.stop)
    documents, sent = make_documents(options.documents, options.scans, options.seed), Sent()
    started = time.monotonic()
    give_up = started + options.most_seconds
    clients = []
    for tenant in tenants:
        own = [document for document in documents if document.tenant == tenant.mga_id]

        def work(tenant: Tenant = tenant, own: list[Document] = own) -> None:
            for document in own:
                send(service, tenant, document, receiver.url(tenant.mga_id), sent, give_up)
                time.sleep(options.pace)

        clients.append(threading.Thread(target=work, daemon=True))
    killer = Killer(service, options.kill_every, options.seed, ("worker", "web") if options.short else tuple(KINDS))
    for thread in (*clients, killer):
        thread.start()
    for server, after in zip(servers, (15.0, 35.0), strict=False):
        time.sleep(max(started + after - time.monotonic(), 0))
        restart(server, type(server).__name__)
    for thread in clients:
        thread.join()
    print(f"  all sent after {time.monotonic() - started:.0f} s", flush=True)
    finish(killer, sent, receiver, give_up)
    print(f"  over after {time.monotonic() - started:.0f} s", flush=True)
    return judge(documents, sent, receiver, killer)


def finish(killer: Killer, sent: Sent, receiver: Receiver, give_up: float) -> None:
    """Kills on until every document is done; then waits for the last webhooks."""
    from django.db import DatabaseError, connection

    from invoices.models import InvoiceRequest

    def is_done() -> bool:
        try:
            return not InvoiceRequest.objects.filter(state=InvoiceRequest.State.RUNNING).exists()
        except DatabaseError:
            connection.close()
            return False

    try:
        wait_until(is_done, max(give_up - time.monotonic(), 1), "The end of all jobs")
        killer.stop()
        wait_until(lambda: all(receiver.received.get(pk) for pk in sent.accepted.values()), SETTLE_SECONDS, "Webhooks")
    except TimeoutError as error:
        print(f"  {error}")
    finally:
        killer.stop()


if __name__ == "__main__":
    sys.exit(main())
