"""Sends every file below a folder to the running service, and says what became of each.

Starts a server of its own (on DATABASE_URL, or on SQLite in a temporary folder). The exit status is 0 where no answer
was 500 or above, every file has a verdict in time, and no process grew beyond its limit. scripts/fuzz_corpus.py makes
a folder of hostile and damaged files. With DJANGO_SETTINGS_MODULE=tests.blind_settings nothing is recognised, which is
some ten times as fast: what opens the files is tried all the same.

usage: scripts/fuzz_files.py FOLDER [--seconds 180] [--port 8192]
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import requests
from tqdm import tqdm

from scripts.fuzz_api import ROOT, manage, wait_until_it_answers

VERDICT_SECONDS = 180.0  # 120 s a document, and a while in the queue
DECODER_BYTES, ENGINE_BYTES = 1000 * 2**20, 2600 * 2**20
WEB_GROWTH_BYTES = 50 * 2**20
WARM_UP = 50  # files, before growth is measured
IMPORTS = (
    "import json; from datetime import timedelta; from django.db.models import Count, F, Max; "
    "from invoices.models import Document, Job"
)
KINDS = {"decoder": "ocr.child decoder", "engine": "ocr.child engine", "web": "gunicorn"}


class Watch:
    """The largest size that each kind of process has had; the web server's size now."""

    def __init__(self, server: int) -> None:
        self.server = psutil.Process(server)
        self.peaks: Counter[str] = Counter()
        self.stop = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()

    def sizes(self) -> list[tuple[str, int]]:
        found = []
        for process in self.server.children(recursive=True):
            try:
                command = " ".join(process.cmdline())
                kind = next((name for name in KINDS if KINDS[name] in command), "other")
                found.append((kind, process.memory_info().rss))
            except psutil.Error:
                continue  # it has just ended
        return found

    def run(self) -> None:
        while not self.stop.wait(0.2):
            for kind, size in self.sizes():
                self.peaks[kind] = max(self.peaks[kind], size)

    def web(self) -> int:
        return sum(size for kind, size in self.sizes() if kind == "web")


def verdict(session: requests.Session, url: str, path: Path, seconds: float) -> str:
    """What became of a file, in a word or two."""
    with path.open("rb") as file:
        answer = session.post(f"{url}/api/invoices", files={"file": (path.name, file)}, timeout=seconds)
    if answer.status_code == 503:
        time.sleep(float(answer.headers.get("Retry-After", 1)))
        return verdict(session, url, path, seconds)
    if answer.status_code >= 500:
        return f"{answer.status_code}!"
    if answer.status_code != 202:
        return f"refused {answer.status_code}"
    return "accepted"


def ask(environment: dict[str, str], code: str) -> Any:
    """What an expression over the models Document and Job is worth, by way of JSON."""
    told = manage(environment, "shell", "--no-imports", "-c", f"{IMPORTS}; print(json.dumps({code}))")
    return json.loads(told.strip().splitlines()[-1])


def unread(environment: dict[str, str]) -> int:
    return int(ask(environment, "Document.objects.filter(state='pending').count()"))


def readings(environment: dict[str, str]) -> tuple[list[list[Any]], float]:
    """[state, error code, count] of the documents; the seconds that the longest attempt at one took."""
    groups = "Document.objects.values_list('state', 'error_code').annotate(count=Count('pk')).order_by('-count')"
    longest = "Job.objects.aggregate(longest=Max(F('finished_at') - F('started_at')))['longest']"
    counts, seconds = ask(environment, f"[[list(row) for row in {groups}], ({longest} or timedelta()).total_seconds()]")
    return counts, seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=VERDICT_SECONDS, help="the longest that a file may take")
    parser.add_argument("--port", type=int, default=8192)
    options = parser.parse_args()
    files = sorted(path for path in options.folder.rglob("*") if path.is_file())
    if not files:
        parser.error(f"there is no file below {options.folder}")
    url = f"http://127.0.0.1:{options.port}"
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"DATA_DIR": folder, "PORT": str(options.port), "LOG_LEVEL": "ERROR"}
        environment |= {"TENANT_QUEUED_JOBS": "0", "MAX_QUEUED_JOBS": "1000000"}
        manage(environment, "migrate", "--verbosity=0")
        mga = f"fuzz-{secrets.token_hex(4)}"
        manage(environment, "create_mga", mga)
        token = manage(environment, "issue_token", mga).strip()
        server = subprocess.Popen(
            [sys.executable, "manage.py", "serve"], cwd=ROOT, env=environment, start_new_session=True
        )
        try:
            wait_until_it_answers(url)
            return run(options, files, url, token, environment, server.pid)
        finally:
            server.terminate()
            server.wait(30)


def run(
    options: argparse.Namespace, files: list[Path], url: str, token: str, environment: dict[str, str], server: int
) -> int:
    watch, found, grown = Watch(server), Counter[str](), 0
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        for count, path in enumerate(
            tqdm(files, desc="sending", unit="file", disable=not sys.stderr.isatty()), start=1
        ):
            found[told := verdict(session, url, path, options.seconds)] += 1
            if told.endswith("!"):
                print(f"{told} {path}")
            if count == WARM_UP:
                grown = watch.web()
    grown = watch.web() - grown if grown else 0
    waiting = wait_until_read(environment, options.seconds)
    watch.stop.set()
    states, longest = readings(environment)
    print(", ".join(f"{count} {told}" for told, count in sorted(found.items())), f"; {waiting} without a verdict")
    print(", ".join(f"{count} {state} {code}".rstrip() for state, code, count in states), f"; longest {longest:.0f} s")
    print(f"the web server grew by {grown / 2**20:.0f} MB; largest processes:", megabytes(watch.peaks))
    is_well = not waiting and not any(told.endswith("!") for told in found) and longest < options.seconds
    are_small = watch.peaks["decoder"] < DECODER_BYTES and watch.peaks["engine"] < ENGINE_BYTES
    return 0 if is_well and are_small and grown < WEB_GROWTH_BYTES else 1


def wait_until_read(environment: dict[str, str], seconds: float) -> int:
    """How many documents still wait when for `seconds` none of them was read."""
    waiting, since = unread(environment), time.monotonic()
    while waiting and time.monotonic() - since < seconds:
        time.sleep(2)
        if (now := unread(environment)) < waiting:
            waiting, since = now, time.monotonic()
    return waiting


def megabytes(sizes: dict[str, Any]) -> str:
    return ", ".join(f"{kind} {size / 2**20:.0f} MB" for kind, size in sorted(sizes.items()))


if __name__ == "__main__":
    sys.exit(main())
