"""The container image and its compose file: what can be told without a daemon that runs them."""

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from bench.machines import free_port, wait_until
from invoices.management.commands import serve
from tests.test_docs import variables_read

ROOT = Path(__file__).resolve().parents[1]
OWN = ("migrate", "web", "worker")
OF_LIBRARIES = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    return found


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_our_containers_have_no_rights_and_a_read_only_root(services: dict[str, Any]) -> None:
    for name in OWN:
        service = services[name]
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert not service["user"].startswith(("0", "root")) and "no-new-privileges:true" in service["security_opt"]


def test_everything_that_stays_up_has_a_health_check(services: dict[str, Any], dockerfile: str) -> None:
    assert "HEALTHCHECK" in dockerfile
    for name in ("postgres", "redis"):
        assert services[name]["healthcheck"]["test"]
    for name in ("web", "worker"):
        assert "healthcheck" not in services[name], "the image's own is used"
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_the_environment_of_the_containers_is_one_that_the_service_reads(services: dict[str, Any]) -> None:
    for name in OWN:
        assert set(services[name]["environment"]) - OF_LIBRARIES <= variables_read()


def test_secrets_are_asked_for_and_never_written_down(services: dict[str, Any]) -> None:
    for name in OWN:
        for variable in ("SECRET_KEY", "ENCRYPTION_KEYS"):
            assert services[name]["environment"][variable].startswith(f"${{{variable}:?")


def test_only_the_web_server_listens_outside_and_there_on_loopback(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == ["web"]
    assert services["web"]["ports"] == ["${BIND:-127.0.0.1}:${PORT:-8000}:8000"]
    assert all(services[name]["networks"] == ["inside"] for name in ("postgres", "redis"))


def test_the_image_holds_the_whole_project_and_runs_as_nobody_in_particular(dockerfile: str) -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench", "scripts"}
    copied = set(re.findall(r"^COPY (\w+) \w+$", dockerfile, re.M))
    allowed = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())
    assert packages | {"templates", "static"} == copied
    assert {f"!{name}" for name in copied} <= allowed
    assert re.search(r"^USER 10001:10001$", dockerfile, re.M)


def test_a_machine_without_serve_is_not_healthy(settings: Settings, tmp_path: Path) -> None:
    settings.RUN_DIR = tmp_path
    with pytest.raises(CommandError, match="does not run"):
        call_command("healthcheck")
    write_pid(tmp_path, 999_999_999)
    with pytest.raises(CommandError, match="does not run"):
        call_command("healthcheck")


@pytest.mark.django_db
def test_a_worker_is_healthy_while_serve_runs_and_the_database_answers(settings: Settings, tmp_path: Path) -> None:
    settings.RUN_DIR = tmp_path
    write_pid(tmp_path, 1)
    call_command("healthcheck")


def write_pid(folder: Path, pid: int) -> None:
    (folder / "workers").mkdir(exist_ok=True)
    (folder / "workers" / "serve.pid").write_text(str(pid))


def test_what_a_killed_serve_left_behind_is_ended_and_nobody_else(tmp_path: Path) -> None:
    sleeping = "import time; time.sleep(60)"
    ours = subprocess.Popen([sys.executable, "-c", sleeping, "manage.py"], cwd=ROOT, start_new_session=True)
    other = subprocess.Popen([sys.executable, "-c", sleeping], cwd=ROOT, start_new_session=True)
    try:
        (tmp_path / "groups").write_text(f"{ours.pid} {other.pid} 999999999")
        wait_until(lambda: serve.is_ours(ours.pid), 10, "The process")
        serve.end_leftovers(tmp_path / "groups")
        assert ours.wait(10) == -signal.SIGKILL
        assert other.poll() is None
    finally:
        for process in (ours, other):
            process.kill()
            process.wait()


@pytest.mark.django_db(transaction=True)
def test_a_machine_without_a_web_server_tells_its_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    serve.listen_for_metrics(f"127.0.0.1:{port}")
    assert "invoicedata_jobs{" in requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
    with pytest.raises(CommandError, match="METRICS_ADDRESS"):
        serve.listen_for_metrics("9100")
