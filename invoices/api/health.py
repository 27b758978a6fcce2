"""Whether the service can do its work: for load balancers and monitors. Open, so it tells no more than that."""

import logging
import os
import shutil
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django_q.brokers import get_broker
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from invoices.api.invoice_data.serializers import HealthSerializer
from invoices.api.invoice_data.views import InvoiceDataView
from invoices.services.sweeping import is_stalled

logger = logging.getLogger(__name__)


@cache
def is_migrated() -> bool:
    """The database has every table and column that this code needs. What was migrated stays so: asked until it is."""
    executor = MigrationExecutor(connection)
    if pending := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise UnappliedMigrationsError(", ".join(str(migration) for migration, _ in pending))
    return True


class UnappliedMigrationsError(Exception):
    """Run `manage.py migrate`."""


def is_database_up() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return is_migrated()


def is_storage_up() -> bool:
    """Files can be stored: the folder takes one more upload, or the object store answers."""
    if isinstance(default_storage, FileSystemStorage):
        folder = default_storage.base_location
        return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > settings.MAX_UPLOAD_BYTES
    default_storage.exists("health")
    return True


def is_queue_up() -> bool:
    """The broker answers, and somebody takes the jobs that wait."""
    return bool(get_broker().ping()) and not is_stalled(timezone.now())


def is_engine_up() -> bool:
    """An engine that the settings ask for is installed. It is not started here: this process never reads."""
    engine = settings.OCR_ENGINE
    if ":" in engine:
        return find_spec(engine.partition(":")[0]) is not None
    is_rapid = engine != "tesseract" and find_spec("rapidocr") is not None and find_spec("openvino") is not None
    return is_rapid or (engine != "rapidocr" and shutil.which("tesseract") is not None)


CHECKS: dict[str, Callable[[], bool]] = {
    "database": is_database_up,
    "storage": is_storage_up,
    "queue": is_queue_up,
    "ocr": is_engine_up,
}


def state_of(name: str) -> str:
    try:
        return "ok" if CHECKS[name]() else "failed"
    except Exception:
        logger.exception("Health: %s", name)
        return "failed"


class HealthView(InvoiceDataView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="health",
        summary="Whether the service works",
        tags=["Health"],
        responses={
            200: OpenApiResponse(HealthSerializer, "Everything works"),
            503: OpenApiResponse(HealthSerializer, "Something does not"),
        },
        examples=[
            OpenApiExample(
                "All is well",
                {"status": "ok", "checks": dict.fromkeys(CHECKS, "ok")},
                response_only=True,
                status_codes=["200"],
            ),
        ],
    )
    def get(self, request: Request) -> Response:
        """State of the database, the storage, the queue and the OCR engine."""
        checks = {name: state_of(name) for name in CHECKS}
        is_well = set(checks.values()) == {"ok"}
        return Response({"status": "ok" if is_well else "failed", "checks": checks}, status=200 if is_well else 503)
