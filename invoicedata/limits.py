"""How much a tenant or an address may use in a window of time: counters that all processes share.

They live in Redis where REDIS_URL names one, else in the database. Taking is one atomic step in both, so processes that
take at the same moment never get more than there is.
"""

import ipaddress
import logging
import threading
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest

from invoicedata.models import Usage

logger = logging.getLogger(__name__)

MINUTE, DAY = 60, 24 * 3600
BLOCKS_PER_WINDOW = (
    200  # a process fetches permits for requests in blocks: far fewer writes, at most half a percent off
)
TAKE_IN_DATABASE = f"""
    INSERT INTO {Usage._meta.db_table} AS usage (key, window_start, used) VALUES (%s, %s, %s)
    ON CONFLICT (key) DO UPDATE SET
        used = CASE WHEN usage.window_start = excluded.window_start THEN usage.used ELSE 0 END + excluded.used,
        window_start = excluded.window_start
    WHERE CASE WHEN usage.window_start = excluded.window_start THEN usage.used ELSE 0 END + excluded.used <= %s
    RETURNING used
"""
TAKE_IN_REDIS = """
    local used = tonumber(redis.call('GET', KEYS[1]) or '0') + tonumber(ARGV[1])
    if used > tonumber(ARGV[2]) then return 0 end
    redis.call('SET', KEYS[1], string.format('%.0f', used), 'EX', ARGV[3])
    return 1
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """most: what may be used within a window of `seconds`; 0 = no limit. name: part of the counter's key."""

    name: str
    most: int
    seconds: int

    def window(self) -> int:
        """When the current window began, in seconds since the epoch."""
        now = int(time.time())
        return now - now % self.seconds

    def seconds_left(self) -> int:
        """Until the current window ends: what `Retry-After` says."""
        return max(self.window() + self.seconds - int(time.time()), 1)


def take(limit: Limit, who: str, amount: int = 1) -> bool:
    """Uses `amount` up, or refuses and uses nothing. A store that does not answer grants: it must not stop the work."""
    if limit.most == 0:
        return True
    if amount > limit.most:
        return False
    key = f"{limit.name}:{who}"
    try:
        return _take_in_redis(limit, key, amount) if settings.REDIS_URL else _take_in_database(limit, key, amount)
    except (redis.RedisError, DatabaseError):
        logger.exception("The counter of %s could not be asked.", limit.name)
        return True


def _take_in_database(limit: Limit, key: str, amount: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(TAKE_IN_DATABASE, [key, limit.window(), amount, limit.most])
        return cursor.fetchone() is not None


def _take_in_redis(limit: Limit, key: str, amount: int) -> bool:
    window = limit.window()
    return bool(_redis_script()([f"usage:{key}:{window}"], [amount, limit.most, limit.seconds]))


@cache
def _redis_script() -> Any:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1).register_script(TAKE_IN_REDIS)


class RequestPermits:
    """The permits for requests that this process has fetched for the current minute and not yet used."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.window = 0
        self.left: dict[str, int] = {}

    def take(self, limit: Limit, who: str) -> bool:
        """Like the function `take`, for one request and a window of a minute."""
        key = f"{limit.name}:{who}"
        with self.lock:
            if self.window != limit.window():
                self.window = limit.window()
                self.left.clear()
            if self.left.get(key, 0) > 0:
                self.left[key] -= 1
                return True
        block = max(limit.most // BLOCKS_PER_WINDOW, 1)
        if block > 1 and take(limit, who, block):
            with self.lock:
                self.left[key] = self.left.get(key, 0) + block - 1
            return True
        return take(limit, who)


request_permits = RequestPermits()


def client_address(request: HttpRequest) -> str:
    """Whom requests are counted for: the client's IPv4 address, or the /64 network of its IPv6 address.

    Behind a trusted proxy it is the last address, which the proxy added; those before it are the client's to write.
    """
    text = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        text = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip() or text
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
    return str(address)
