import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from invoicedata import environment


def test_an_unset_variable_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKERS", raising=False)
    assert environment.whole("WORKERS", default=3) == 3


def test_a_blank_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", " ")
    assert environment.whole("WORKERS", default=3) == 3


@pytest.mark.parametrize("wrong", ["many", "-1", "1.5", "0x10"])
def test_a_wrong_number_is_refused_with_what_would_be_right(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("WORKERS", wrong)
    with pytest.raises(ImproperlyConfigured, match=r"WORKERS=.* must be a whole number of at least 1"):
        environment.whole("WORKERS", default=3, least=1)


@pytest.mark.parametrize(("text", "value"), [("1", True), ("TRUE", True), ("off", False), ("no", False)])
def test_booleans_have_many_spellings(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("DEBUG", text)
    assert environment.boolean("DEBUG", default=not value) is value


def test_a_boolean_that_is_neither_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", "maybe")
    with pytest.raises(ImproperlyConfigured, match="true or false"):
        environment.boolean("DEBUG", default=False)


def test_a_choice_names_the_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCR_ENGINE", "abbyy")
    with pytest.raises(ImproperlyConfigured, match="one of auto, tesseract"):
        environment.choice("OCR_ENGINE", "auto", ["auto", "tesseract"])


def test_infinite_numbers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNC_WAIT_SECONDS", "inf")
    with pytest.raises(ImproperlyConfigured):
        environment.number("SYNC_WAIT_SECONDS", 25)


def test_a_secret_is_made_once_and_only_the_owner_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    fallback = tmp_path / "keys" / "secret-key"
    made = environment.secret("SECRET_KEY", fallback)
    assert len(made) >= 50
    assert environment.secret("SECRET_KEY", fallback) == made
    assert stat.S_IMODE(fallback.stat().st_mode) == 0o600


def test_a_secret_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mounted").write_text("s3cret\n")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "mounted"))
    assert environment.secret("SECRET_KEY", tmp_path / "unused") == "s3cret"


def test_what_is_confidential_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text("postgres://a:b@host/name\n")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "url"))
    assert environment.confidential("DATABASE_URL", "sqlite://") == "postgres://a:b@host/name"
    monkeypatch.setenv("DATABASE_URL", "sqlite:///other")
    assert environment.confidential("DATABASE_URL") == "sqlite:///other"


def test_a_missing_secret_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY_FILE"):
        environment.secret("SECRET_KEY", tmp_path / "unused")
