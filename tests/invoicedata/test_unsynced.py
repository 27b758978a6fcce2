"""Transactions that do not wait for the disk: what they leave behind, and that nothing else becomes less durable."""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from invoicedata.database import unsynced
from invoicedata.models import Mga
from tests.factories import make_mga

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def durable() -> Iterator[None]:
    """As the service is: the suite itself does not wait for the disk."""
    before = durability()
    setting = "PRAGMA synchronous=" if connection.vendor == "sqlite" else "SET synchronous_commit TO "
    with connection.cursor() as cursor:
        cursor.execute(setting + ("FULL" if connection.vendor == "sqlite" else "ON"))
    yield
    with connection.cursor() as cursor:
        cursor.execute(setting + before)


def durability() -> str:
    """How the present connection commits."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous" if connection.vendor == "sqlite" else "SHOW synchronous_commit")
        return str(cursor.fetchone()[0])


def test_it_commits_and_the_next_transaction_waits_for_the_disk_again() -> None:
    before = durability()
    with unsynced():
        make_mga()
        inside = durability()
    assert Mga.objects.count() == 1
    assert (inside != before, durability()) == (True, before)


def test_what_fails_is_undone_and_the_next_transaction_waits_for_the_disk_again() -> None:
    before = durability()
    with pytest.raises(ZeroDivisionError), unsynced():
        make_mga()
        1 / 0  # noqa: B018
    assert Mga.objects.count() == 0
    assert durability() == before


def test_inside_another_transaction_that_one_stays_as_durable_as_it_is() -> None:
    with transaction.atomic():
        before = durability()
        with unsynced():
            make_mga()
        assert durability() == before
