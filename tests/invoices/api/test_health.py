from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from invoices.api import health
from invoices.models import Job
from invoices.services.sweeping import STALLED_AFTER
from tests.factories import make_mga

pytestmark = pytest.mark.django_db


def ask() -> Any:
    return Client().get("/api/v1/health")


@pytest.fixture(autouse=True)
def _files(settings: Settings) -> None:
    Path(settings.MEDIA_ROOT).mkdir(parents=True)


def test_a_service_that_works_says_so_to_anybody() -> None:
    response = ask()
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "checks": {"database": "ok", "storage": "ok", "queue": "ok", "ocr": "ok"},
    }


def test_a_bad_token_does_not_matter() -> None:
    assert Client().get("/api/v1/health", headers={"Authorization": "Bearer x"}).status_code == 200


def test_jobs_that_nobody_takes_are_a_failure() -> None:
    Job.objects.create(mga=make_mga(), created_at=timezone.now() - 2 * STALLED_AFTER)
    response = ask()
    assert (response.status_code, response.json()["checks"]["queue"]) == (503, "failed")


def test_a_folder_that_is_gone_is_a_failure(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "gone"
    assert ask().json()["checks"]["storage"] == "failed"


def test_an_engine_that_is_not_installed_is_a_failure(settings: Settings) -> None:
    settings.OCR_ENGINE = "no_such_module:Engine"
    response = ask()
    assert (response.status_code, response.json()["checks"]["ocr"]) == (503, "failed")


def test_a_database_that_lacks_a_migration_is_a_failure_until_it_is_migrated() -> None:
    health.is_migrated.cache_clear()
    (newest,) = MigrationLoader(connection).graph.leaf_nodes("invoices")
    MigrationRecorder(connection).record_unapplied(*newest)
    assert ask().json()["checks"]["database"] == "failed"
    MigrationRecorder(connection).record_applied(*newest)
    assert ask().json()["checks"]["database"] == "ok"


def test_what_fails_says_no_more_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> bool:
        raise OSError("/secret/path on host db-7")

    monkeypatch.setitem(health.CHECKS, "database", fail)
    response = ask()
    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "failed"
    assert b"secret" not in response.content
