"""What the service counts for Prometheus, over all processes of a machine (prometheus-client's multi-process files).

`manage.py serve` says where the files lie, and keeps them small; a process that it did not start counts for itself.
"""

import fcntl
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, values
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # prometheus-client's own
PREFIX = "invoicedata"
OF_THE_DEAD = "0"  # instead of a process id
QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
SLOW = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 1800, 7200)

REQUESTS = Histogram(f"{PREFIX}_request_seconds", "HTTP requests", ("method", "view", "status"), buckets=QUICK)
JOBS = Counter(f"{PREFIX}_jobs_ended", "Jobs that ended, by state and reason", ("state", "code"))
JOB_WAIT = Histogram(f"{PREFIX}_job_wait_seconds", "From acceptance to the first attempt", buckets=SLOW)
JOB_TIME = Histogram(f"{PREFIX}_job_seconds", "From the last attempt's start to the end", buckets=SLOW)
JOB_RETRIES = Counter(f"{PREFIX}_job_retries", "Attempts that came to nothing", ("code",))
PAGES = Counter(f"{PREFIX}_pages_read", "Pages, by what recognised them", ("engine",))
STAGES = Histogram(f"{PREFIX}_stage_seconds", "Reading a document, by stage", ("stage",), buckets=SLOW)
PIMS_CALLS = Histogram(
    f"{PREFIX}_pims_call_seconds", "Calls to practice systems", ("endpoint", "outcome"), buckets=QUICK
)
WEBHOOKS = Histogram(f"{PREFIX}_webhook_seconds", "Attempts to deliver webhooks", ("outcome",), buckets=QUICK)


def registry() -> CollectorRegistry:
    """What all processes of this machine have counted; what this one has, where it counts for itself."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return REGISTRY
    together = CollectorRegistry()
    MultiProcessCollector(together, path=folder)
    return together


def share(folder: Path) -> None:
    """From now on the processes that this one starts count together, from zero."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in folder.glob("*.db"):
        path.unlink()
    os.environ[FOLDER_VARIABLE] = str(folder)
    values.ValueClass = values.get_value_class()  # for what this process itself counts from here on


@contextmanager
def undisturbed(exclusive: bool = False) -> Iterator[None]:
    """While the files are read; exclusive: while they are put together."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        yield
        return
    with (Path(folder) / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield


def bury_the_dead(folder: Path) -> int:
    """Adds up the files of processes that have ended, which would become more for ever. How many."""
    dead: dict[str, list[Path]] = defaultdict(list)
    for path in folder.glob("*_*.db"):
        found = re.fullmatch(r"(counter|histogram)_(\d+)\.db", path.name)
        if found and found[2] != OF_THE_DEAD and not Path(f"/proc/{found[2]}").exists():
            dead[found[1]].append(path)
    if not dead:
        return 0
    with undisturbed(exclusive=True):
        for kind, paths in dead.items():
            sums = MmapedDict(str(folder / f"{kind}_{OF_THE_DEAD}.db"))
            for path in paths:
                for key, value, moment, _ in MmapedDict.read_all_values_from_file(str(path)):
                    sums.write_value(key, sums.read_value(key)[0] + value, moment)
                path.unlink()
            sums.close()
    return sum(map(len, dead.values()))
