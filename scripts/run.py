"""Starts the service, sends it two sample invoices over HTTP, prints the answers, and stays until Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import requests

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "tests" / "data"
HOST = os.environ.get("HOST") or "127.0.0.1"
PORT = os.environ.get("PORT") or "8000"
BASE_URL = f"http://{HOST}:{PORT}"
START_SECONDS = 60


def say(text: str) -> None:
    print(f"\033[1m{text}\033[0m", file=sys.stderr)


def manage(*arguments: str) -> str:
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def wait_until_healthy(server: subprocess.Popen[bytes]) -> None:
    """Raises SystemExit when the server stops, or does not answer in time."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit(f"The server stopped at start (exit status {server.returncode}); its log is above.")
        try:
            if requests.get(f"{BASE_URL}/api/v1/health", timeout=2).status_code == 200:
                return
        except requests.RequestException:
            pass
        time.sleep(0.2)
    raise SystemExit(f"{BASE_URL} was not healthy within {START_SECONDS} s; the log is above.")


def send(sample: Path, token: str, customer_id: str) -> None:
    say(f"\nPOST {BASE_URL}/api/v1/invoice/{customer_id}/process   ({sample.relative_to(ROOT)})")
    started = time.monotonic()
    with sample.open("rb") as file:
        answer = requests.post(
            f"{BASE_URL}/api/v1/invoice/{customer_id}/process",
            headers={"Authorization": f"Bearer {token}"},
            files={"invoice": (sample.name, file)},
            timeout=60,
        )
    print(msgspec.json.format(answer.content, indent=2).decode(), flush=True)  # amounts keep their two decimals
    say(f"{answer.status_code} after {time.monotonic() - started:.1f} s")


def main() -> None:
    demo = json.loads(manage("prepare_demo"))
    server = subprocess.Popen([sys.executable, str(ROOT / "manage.py"), "serve"], start_new_session=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        wait_until_healthy(server)
        for sample in demo["samples"]:
            send(SAMPLES / sample, demo["token"], demo["customerId"])
        say(f"\nAdmin      {BASE_URL}/admin/   {demo['user']} / {demo['password']}")
        say(f"API docs   {BASE_URL}/api/docs")
        say("Ctrl-C stops everything.")
        server.wait()
    except KeyboardInterrupt:
        pass
    finally:
        server.terminate()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
        say("Stopped.")


if __name__ == "__main__":
    main()
