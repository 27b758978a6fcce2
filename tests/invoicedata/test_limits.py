"""Counters that all processes share, in the database and in Redis."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from django.db import connection
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from invoicedata import limits
from invoicedata.limits import MINUTE, Limit, RequestPermits, client_address, take

REDIS_URL = "redis://127.0.0.1:6379/8"


@pytest.fixture(params=["database", "redis"])
def store(request: pytest.FixtureRequest, transactional_db: None, settings: Settings) -> Iterator[None]:
    settings.REDIS_URL = ""
    if request.param == "redis":
        settings.REDIS_URL = REDIS_URL
        try:
            redis.Redis.from_url(REDIS_URL, socket_connect_timeout=1).ping()
        except redis.ConnectionError:
            pytest.skip("no Redis server")
    limits._redis_script.cache_clear()
    yield
    limits._redis_script.cache_clear()


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock, to be moved: the middle of a minute and of a day."""
    clock = [1_800_000_030.0]
    monkeypatch.setattr(limits.time, "time", lambda: clock[0])
    return clock


@pytest.fixture
def who() -> str:
    return uuid.uuid4().hex


@pytest.mark.usefixtures("store")
def test_what_there_is_can_be_taken_and_no_more(who: str) -> None:
    limit = Limit("bytes", 100, MINUTE)
    assert [take(limit, who, 60), take(limit, who, 60), take(limit, who, 40), take(limit, who)] == [
        True,
        False,
        True,
        False,
    ]
    assert take(limit, "somebody else" + who, 100)


@pytest.mark.usefixtures("store")
def test_more_than_there_is_at_all_is_refused(who: str) -> None:
    assert not take(Limit("bytes", 100, MINUTE), who, 101)


@pytest.mark.usefixtures("store")
def test_the_next_window_begins_anew(who: str, now: list[float]) -> None:
    limit = Limit("requests", 1, MINUTE)
    assert take(limit, who)
    assert not take(limit, who)
    assert limit.seconds_left() == 30
    now[0] += 30
    assert take(limit, who)


@pytest.mark.usefixtures("transactional_db")
def test_without_a_limit_nothing_is_counted(who: str, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert take(Limit("requests", 0, MINUTE), who, 10**9)


@pytest.mark.usefixtures("store")
def test_many_at_the_same_moment_get_no_more_than_there_is(who: str) -> None:
    limit = Limit("requests", 20, MINUTE)

    def take_ten(_: int) -> int:
        try:
            return sum(take(limit, who) for _ in range(10))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(take_ten, range(4))) == 20


def test_a_store_that_is_away_lets_requests_through(settings: Settings, who: str) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    limits._redis_script.cache_clear()
    assert take(Limit("requests", 1, MINUTE), who)
    limits._redis_script.cache_clear()


@pytest.mark.usefixtures("store")
def test_processes_share_the_permits_that_they_fetch_in_blocks(who: str) -> None:
    limit = Limit("requests", 1000, MINUTE)
    processes = [RequestPermits() for _ in range(3)]
    granted = sum(process.take(limit, who) for _ in range(400) for process in processes)
    assert granted == 1000


@pytest.mark.usefixtures("transactional_db")
def test_a_block_costs_one_query(who: str, django_assert_num_queries: object, settings: Settings) -> None:
    settings.REDIS_URL = ""
    limit, permits = Limit("requests", 60_000, MINUTE), RequestPermits()
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert all(permits.take(limit, who) for _ in range(300))


@pytest.mark.parametrize(
    ("behind_proxy", "remote", "forwarded", "address"),
    [
        (False, "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (True, "10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (True, "10.0.0.1", "", "10.0.0.1"),
        (False, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        (False, "::ffff:203.0.113.9", "", "203.0.113.9"),
        (True, "10.0.0.1", "not an address", "unknown"),
        (False, "", "", "unknown"),
    ],
)
def test_the_address_is_one_that_the_client_cannot_choose(
    settings: Settings, behind_proxy: bool, remote: str, forwarded: str, address: str
) -> None:
    settings.BEHIND_PROXY = behind_proxy
    assert client_address(RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)) == address
