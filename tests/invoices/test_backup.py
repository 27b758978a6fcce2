"""A backup is a folder that the service starts with."""

import sqlite3
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django.fixtures import Settings

from tests.factories import make_mga


@pytest.mark.django_db(transaction=True)
def test_database_keys_and_files_are_in_the_copy_and_only_new_files_are_copied_again(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("of one machine with SQLite")
    settings.DATA_DIR, settings.STORAGE_URL, copy = tmp_path / "data", "", tmp_path / "copy"
    stored = Path(settings.MEDIA_ROOT) / "acme" / "ab" / "abcd"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"%PDF")
    settings.DATA_DIR.mkdir()
    (settings.DATA_DIR / "encryption-key").write_text("k")
    for mga, new in (("acme", 1), ("birch", 0)):
        make_mga(mga)
        call_command("backup", str(copy))
        assert f"{new} of them are new" in capsys.readouterr().out
    assert (copy / "files" / "acme" / "ab" / "abcd").read_bytes() == b"%PDF"
    assert (copy / "encryption-key").read_text() == "k"
    with sqlite3.connect(copy / "invoicedata.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM invoicedata_mga").fetchone() == (2,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    assert not list(copy.rglob("*.partial"))


@pytest.mark.django_db
def test_a_backup_that_would_lack_something_is_refused(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGE_URL = "s3://bucket"
    with pytest.raises(CommandError, match="not on this machine alone"):
        call_command("backup", str(tmp_path))
