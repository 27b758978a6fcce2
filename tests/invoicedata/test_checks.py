import pytest
from django.core import checks
from django.core.management import call_command
from pytest_django.fixtures import Settings

from invoicedata.tokens import rotate_signing_key


def found(**options: object) -> set[str]:
    messages = checks.run_checks(**options)  # type: ignore[arg-type]
    return {str(message.id) for message in messages if str(message.id).startswith("invoicedata.")}


@pytest.fixture
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "SECRET_KEY_FILE", "ENCRYPTION_KEYS", "ENCRYPTION_KEY", "ENCRYPTION_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)


def deployment(settings: Settings) -> set[str]:
    return found(include_deployment_checks=True, tags=[checks.Tags.security, checks.Tags.files])


def test_one_machine_may_make_its_own_keys(settings: Settings, no_keys: None) -> None:
    settings.REDIS_URL = ""
    settings.DATABASE_URL = "sqlite:////var/lib/invoices.sqlite3"
    assert deployment(settings) == set()


@pytest.mark.parametrize("change", [{"REDIS_URL": "redis://queue"}, {"DATABASE_URL": "postgres://db/x"}])
def test_several_machines_must_be_given_theirs(
    settings: Settings, no_keys: None, monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
) -> None:
    for name, value in change.items():
        setattr(settings, name, value)
    assert deployment(settings) == {"invoicedata.W001", "invoicedata.W002", "invoicedata.I001"}
    monkeypatch.setenv("SECRET_KEY", "s" * 50)
    monkeypatch.setenv("ENCRYPTION_KEY_FILE", "/run/secrets/encryption")
    assert deployment(settings) == {"invoicedata.I001"}


def test_https_without_a_trusted_proxy_is_told(settings: Settings) -> None:
    settings.HTTPS = True
    assert "invoicedata.I002" in deployment(settings)
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert "invoicedata.I002" not in deployment(settings)


def test_any_host_at_all_is_a_warning(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert "invoicedata.W003" in deployment(settings)


@pytest.mark.django_db
def test_keys_that_do_not_fit_the_database_are_an_error(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = ["right"]
    rotate_signing_key()
    assert found(databases=["default"], tags=[checks.Tags.database]) == set()
    settings.ENCRYPTION_KEYS = ["wrong"]
    assert found(databases=["default"], tags=[checks.Tags.database]) == {"invoicedata.E001"}


def test_every_check_of_a_plain_service_passes() -> None:
    call_command("check")
