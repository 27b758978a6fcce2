import os
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import connection

SECONDS = 4
OF_WEB = ("database", "storage")  # the others are the workers' health


def is_alive(path: Path) -> bool:
    return Path(f"/proc/{path.read_text(encoding='utf-8')}").exists()


class Command(BaseCommand):
    help = (
        "For health checks of containers: exit status 0 where this machine's web server answers, with its database and "
        "its storage, or, on one without a web server, where `serve` runs and the database answers."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        roles = [path.parent.name for path in settings.RUN_DIR.glob("*/serve.pid") if is_alive(path)]
        if not roles:
            raise CommandError("serve does not run here.")
        if roles == ["workers"]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            return
        url = f"http://127.0.0.1:{os.environ.get('PORT') or '8000'}/api/v1/health"
        try:
            checks = requests.get(url, headers={"Host": settings.ALLOWED_HOSTS[0]}, timeout=SECONDS).json()["checks"]
        except (requests.RequestException, ValueError, KeyError) as error:
            raise CommandError(f"{url} does not answer: {error}") from error
        if failed := [name for name in OF_WEB if checks[name] != "ok"]:
            raise CommandError(f"Not well: {', '.join(failed)}.")
