"""`manage.py backup`: everything that one machine with SQLite and local files holds, in a folder, while it works."""

import shutil
import sqlite3
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import connection
from tqdm import tqdm

DATABASE = "invoicedata.sqlite3"
KEYS = ("secret-key", "encryption-key")


class Command(BaseCommand):
    help = (
        "Copies the database, the keys and the files into FOLDER, while the service works. Running it again replaces "
        "the database and adds the files that are new. The copy is a DATA_DIR: to restore it, start the service with "
        "it. For SQLite and local files; docs/operations.md has the commands for PostgreSQL and object stores."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        if connection.vendor != "sqlite" or settings.STORAGE_URL:
            raise CommandError("The data is not on this machine alone: see Backup in docs/operations.md.", returncode=2)
        if folder.resolve() == settings.DATA_DIR or settings.DATA_DIR in folder.resolve().parents:
            raise CommandError(f"Choose a folder outside of {settings.DATA_DIR}.", returncode=2)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        copy_database(folder / DATABASE)
        for name in KEYS:
            if (settings.DATA_DIR / name).exists():
                shutil.copy2(settings.DATA_DIR / name, folder / name)
        new = copy_files(Path(settings.MEDIA_ROOT), folder / "files", quiet=not self.stderr.isatty())
        self.stdout.write(f"{folder} holds the database, the keys and all files; {new} of them are new.")


def copy_database(target: Path) -> None:
    """As it is at one moment. Files are stored before the rows that name them, so those copied later are all there."""
    partial = target.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    connection.ensure_connection()
    with sqlite3.connect(partial) as copy:
        connection.connection.backup(copy)
    copy.close()
    partial.chmod(0o600)
    partial.replace(target)


def copy_files(source: Path, target: Path, *, quiet: bool) -> int:
    """Those that are not there yet (a name tells the content); how many."""
    wanted = [path.relative_to(source) for path in source.rglob("*") if path.is_file()]
    missing = [path for path in wanted if not (target / path).exists()]
    for path in tqdm(missing, unit="file", disable=quiet):
        (target / path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = (target / path).with_suffix(".partial")
        shutil.copy2(source / path, partial)
        partial.replace(target / path)
    return len(missing)
