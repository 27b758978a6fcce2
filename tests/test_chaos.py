"""The service as it is started, while its processes are killed: a short run of `make chaos`."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_nothing_is_lost_or_done_twice_while_processes_are_killed() -> None:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")}
    options = ["--short", "--documents=9", "--scans=0", "--pace=1", "--kill-every=2", "--most-seconds=120"]
    command = [sys.executable, "-m", "bench.chaos", *options]
    environment = kept | {"OCR_ENGINE": "tesseract"}
    run = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert run.returncode == 0, run.stdout
    told = dict(re.findall(r"^  (\S.*?)  +(.+)$", run.stdout, re.MULTILINE))
    assert told["accepted"] == "9"
    assert told["lost"] == told["duplicate results"] == told["signature failures"] == "0"
    assert told["webhooks delivered"] == "9 of 9"
    assert any(kind in told["kills"] for kind in ("worker", "web"))
