"""Calls to addresses that others name: where they may lead, and a session that leads nowhere else.

An address is public or it is not called. It is resolved once, checked, and the checked one is connected to, so that a
name server that answers differently the next time changes nothing.
"""

import contextlib
import ipaddress
import os
import socket
import weakref
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter import EXTRA_BLOCKED_NET_RANGES, InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3.poolmanager import pool_classes_by_scheme

# What Python takes for public and is not, beside what requests-hardened knows: Azure's host; IPv4 within IPv6, in the
# forms of RFC 4291 (compatible), RFC 2765 (translated) and RFC 4380 (Teredo); site-local.
FORBIDDEN = (
    *EXTRA_BLOCKED_NET_RANGES,
    *map(ipaddress.ip_network, ("168.63.129.16/32", "::/96", "::ffff:0:0:0/96", "2001::/32", "fec0::/10")),
)
ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214: before the IPv4 address, in the lower half of an IPv6 one


def is_public(address: str) -> bool:
    """Whether an address is on the public internet; not where it hides an IPv4 address in an IPv6 one, but for
    ::ffff:a.b.c.d, which is the IPv4 address."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if int(ip) >> 32 & 0xFFFFFFFF in ISATAP:
            return False
    if any(ip in network for network in FORBIDDEN if network.version == ip.version):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def is_named(url: str, hosts: Collection[str]) -> bool:
    """Whether the URL's host is among these: `host` for any port, `host:port` for the one."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return False
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    return host in hosts or f"{shown}:{port}" in hosts


class OutgoingSession(requests.Session):
    """Follows no redirect, knows no proxy and no .netrc of this machine, and can be cut from another thread.

    public_only: InvalidIPAddress for an address that is not on the public internet.
    """

    def __init__(self, user_agent: str, *, public_only: bool = True) -> None:
        super().__init__()
        self.trust_env = False
        self.headers["User-Agent"] = user_agent
        self._is_cut = False
        self._handles: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()  # descriptors by connection
        for scheme in ("https", "http"):
            adapter = PublicAdapter(is_https_proto=scheme == "https") if public_only else HTTPAdapter()
            adapter.poolmanager.pool_classes_by_scheme = pools_that_tell(self._remember)
            self.mount(f"{scheme}://", adapter)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        return super().send(request, **kwargs | {"allow_redirects": False})

    def cut(self) -> None:
        """Ends what is under way, and lets nothing begin: a server that drips its answer byte by byte outlives every
        time limit of a socket."""
        self._is_cut = True
        for handle in list(self._handles.values()):
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(handle)) as connection:
                connection.shutdown(socket.SHUT_RDWR)

    def _remember(self, connection: Any, opened: socket.socket) -> None:
        """A descriptor of its own, which the wrapping in TLS leaves alone."""
        if self._is_cut:
            opened.close()
            raise ConnectionAbortedError("The session was cut.")
        self._handles[connection] = handle = os.dup(opened.fileno())
        weakref.finalize(connection, os.close, handle)


class PublicAdapter(IPFilterAdapter):
    """Connects to the address that was checked; by our own rule too, which is the stricter one."""

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:
        host, pool = super().build_connection_pool_key_attributes(*args, **kwargs)
        if not is_public(host["host"].strip("[]")):
            raise InvalidIPAddress(host["host"])
        return host, pool


def pools_that_tell(remember: Callable[[Any, socket.socket], None]) -> dict[str, type]:
    """urllib3's pools, whose connections tell of their sockets before anything is sent."""

    def telling(base: Any) -> type:
        class Connection(base):
            def _new_conn(self) -> socket.socket:
                opened: socket.socket = super()._new_conn()
                remember(self, opened)
                return opened

        return Connection

    pools: dict[str, Any] = pool_classes_by_scheme
    return {
        scheme: type(pool.__name__, (pool,), {"ConnectionCls": telling(pool.ConnectionCls)})
        for scheme, pool in pools.items()
    }
