"""The container image and its compose file: what can be told without a daemon that runs them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

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
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    copied = set(re.findall(r"^COPY (\w+) \w+$", dockerfile, re.M))
    allowed = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())
    assert packages | {"templates", "static"} == copied
    assert {f"!{name}" for name in copied} <= allowed
    assert re.search(r"^USER 10001:10001$", dockerfile, re.M)


def test_a_machine_without_serve_is_not_healthy(settings: Settings, tmp_path: Path) -> None:
    settings.SERVE_FILE = tmp_path / "serve"
    with pytest.raises(CommandError, match="does not run"):
        call_command("healthcheck")
    settings.SERVE_FILE.write_text("web 999999999")
    with pytest.raises(CommandError, match="has ended"):
        call_command("healthcheck")


@pytest.mark.django_db
def test_a_worker_is_healthy_while_serve_runs_and_the_database_answers(settings: Settings, tmp_path: Path) -> None:
    settings.SERVE_FILE = tmp_path / "serve"
    settings.SERVE_FILE.write_text("workers 1")
    call_command("healthcheck")
