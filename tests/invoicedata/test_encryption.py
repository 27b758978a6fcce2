import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from pytest_django.fixtures import Settings

from invoicedata.encryption import decrypt, encrypt
from invoicedata.models import Mga, WebhookSecret


@pytest.mark.django_db
def test_a_secret_is_not_in_the_database_in_the_clear() -> None:
    secret = WebhookSecret.objects.create(mga=Mga.objects.create(mga_id="m1", name="M"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM invoicedata_webhooksecret")
        (stored,) = cursor.fetchone()
    assert secret.secret.startswith("whsec_")
    assert secret.secret not in stored
    assert WebhookSecret.objects.get().secret == secret.secret


def test_an_older_key_still_reads(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = ["old"]
    written = encrypt("hidden")
    settings.ENCRYPTION_KEYS = ["new", "old"]
    assert decrypt(written) == "hidden"
    assert decrypt(encrypt("hidden")) == "hidden"


def test_without_its_key_a_secret_cannot_be_read(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = ["old"]
    written = encrypt("hidden")
    settings.ENCRYPTION_KEYS = ["other"]
    with pytest.raises(ImproperlyConfigured, match="ENCRYPTION_KEYS"):
        decrypt(written)
