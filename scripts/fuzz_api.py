"""Tries the running API against its own OpenAPI document with generated requests, good and bad (schemathesis).

Starts a server of its own (on DATABASE_URL, a database without secrets of others, or on SQLite in a temporary folder)
with a tenant, its records and an invoice. Then two runs: one with ids and numbers as they are generated, one with such
that exist. Prints the reports, and how many requests each contract and operation was sent in both, by the status of the
answer. The exit status is 0 where every answer was as documented.

usage: scripts/fuzz_api.py [--examples 500] [--workers 2] [schemathesis' own options …]
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "tests" / "data" / "vet-invoice.pims.json"
SAMPLE = ROOT / "tests" / "data" / "vet-invoice.jpg"
START_SECONDS = 60
# What no schema can say (whether bytes are a picture, whether a host is public) is refused though a schema allows it.
EXCLUDED_CHECKS = "positive_data_acceptance"
RECORDED = {"customer_id": "C-1001", "invoice_number": "INV-20931"}  # of RECORD


def manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def wait_until_it_answers(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            requests.get(f"{url}/api/v1/health", timeout=5)
            return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.2)
    raise SystemExit(f"The server did not answer within {START_SECONDS} s.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=500, help="generated requests an operation and kind of data")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--port", type=int, default=8191)
    options, passed_on = parser.parse_known_args()
    url = f"http://127.0.0.1:{options.port}"
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "DATA_DIR": folder,
            "PORT": str(options.port),
            "LOG_LEVEL": "ERROR",
            "SYNC_WAIT_SECONDS": "0",
            "WORKERS": os.environ.get("WORKERS", "1"),
            "TENANT_QUEUED_JOBS": "0",
            "MAX_QUEUED_JOBS": "1000000",
        }
        manage(environment, "migrate", "--verbosity=0")
        mga = f"fuzz-{secrets.token_hex(4)}"
        manage(environment, "create_mga", mga)
        manage(environment, "import_pims", str(RECORD), "--mga", mga)
        token = manage(environment, "issue_token", mga).strip()
        server = subprocess.Popen(
            [sys.executable, "manage.py", "serve"], cwd=ROOT, env=environment, start_new_session=True
        )
        try:
            wait_until_it_answers(url)
            known = known_parameters(url, token)
            answers: Counter[str] = Counter()
            statuses = [run_schemathesis(url, token, options, found, passed_on, answers) for found in ({}, known)]
            print_answers(answers)
            return max(statuses)
        finally:
            server.terminate()
            server.wait(30)


def known_parameters(url: str, token: str) -> dict[str, str]:
    """Values of path parameters for which there is something, as the OpenAPI document names them."""
    headers = {"Authorization": f"Bearer {token}"}
    with SAMPLE.open("rb") as file:
        address = f"{url}/api/v1/invoice/{RECORDED['customer_id']}/process"
        request = requests.post(address, headers=headers, files={"invoice": file}, timeout=60).json()
    listed = requests.get(f"{url}/api/invoices", headers=headers, timeout=60).json()
    return {
        "customerId": RECORDED["customer_id"],
        "invoiceNumber": RECORDED["invoice_number"],
        "requestId": request["requestId"],
        "id": listed["invoices"][0]["id"],
    }


def run_schemathesis(
    url: str,
    token: str,
    options: argparse.Namespace,
    known: dict[str, str],
    passed_on: list[str],
    answers: Counter[str],
) -> int:
    """Schemathesis' exit status; adds to answers how often there was each "METHOD path status"."""
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "schemathesis.toml"
        lines = [f'"path.{name}" = {json.dumps(value)}' for name, value in known.items()]
        configuration.write_text("\n".join(["[parameters]", *lines]) + "\n")
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            f"--config-file={configuration}",
            "run",
            f"{url}/api/schema",
            f"--header=Authorization: Bearer {token}",
            "--checks=all",
            f"--exclude-checks={EXCLUDED_CHECKS}",
            f"--max-examples={options.examples}",
            f"--workers={options.workers}",
            "--continue-on-failure",
            "--suppress-health-check=all",
            "--no-color",
            *passed_on,
        ]
        counts = Path(folder) / "answers.json"
        hooks = {"SCHEMATHESIS_HOOKS": "scripts.fuzz_hooks", "PYTHONPATH": str(ROOT), "FUZZ_ANSWERS": str(counts)}
        status = subprocess.run(command, cwd=folder, env=os.environ | hooks, check=False).returncode
        answers.update(json.loads(counts.read_text()))
        return status


def print_answers(answers: Counter[str]) -> None:
    """A line a contract, and below it one an operation."""
    contracts: defaultdict[str, defaultdict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for answer, number in answers.items():
        operation, status = answer.rsplit(" ", 1)
        contract = "/api/v1/" if " /api/v1/" in operation else "/api/invoices"
        contracts[contract][operation][status] += number
    for contract, operations in sorted(contracts.items()):
        print(f"{contract}: {sum(statuses.total() for statuses in operations.values())} requests")
        for operation, statuses in sorted(operations.items()):
            by_status = ", ".join(f"{status}: {number}" for status, number in sorted(statuses.items()))
            print(f"  {operation}: {statuses.total()} ({by_status})")


if __name__ == "__main__":
    sys.exit(main())
