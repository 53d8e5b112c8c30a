"""Where outgoing calls may go (S9): the bases that are allowed, and a guard that looks at every connection.

The list is about names, the guard about addresses. A name may lead anywhere by the time a connection is made, so the
guard sees the address of each connection itself, after every resolution, and also where a URL names an address.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final, NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

__all__ = ["AddressGuard", "AddressRefused", "Base", "Network", "allowed", "networks"]

Network = IPv4Network | IPv6Network

_PORTS: Final = {"https": 443, "http": 80}
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_PATH: Final = re.compile(r"(?:/[\w~!$&'()*+,;=:@.-]+)*", re.ASCII)
_DOTS: Final = frozenset((".", ".."))
_QUERY: Final = re.compile(r"[!$%&-;=?@A-Z\[\]_a-z|~]*")
"""What may stand in the query of a link: printable ASCII without blank, quotes, backslash and fragment."""

_GLOBAL_V6: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")


class Base(NamedTuple):
    """The base URL of a server, normalised: equal for equal places."""

    origin: str
    """Scheme, host in lower case, port unless it is the scheme's own: "https://ehr.example"."""
    path: str
    """"" for the root, else with a leading slash and without a trailing one: "/fhir"."""

    @classmethod
    def parse(cls, url: str) -> Base:
        """Raises ValueError, which does not repeat `url`: not http(s), with user, query or fragment, or with an odd path."""
        parts = _split(url)
        path = parts.path.rstrip("/")
        if parts.query or parts.fragment or url.endswith(("?", "#")):
            raise ValueError("a base URL has no query and no fragment")
        if not _PATH.fullmatch(path) or not _DOTS.isdisjoint(path.split("/")):
            raise ValueError("the path of a base URL has plain segments only")
        return cls(_origin(parts), path)

    def __str__(self) -> str:
        return self.origin + self.path

    @property
    def encrypted(self) -> bool:
        """Whether it is https."""
        return self.origin.startswith("https:")

    def under(self, other: Base) -> bool:
        """Whether it is `other` or lies below it."""
        return self.origin == other.origin and (self.path == other.path or self.path.startswith(other.path + "/"))

    def link(self, link: str) -> str | None:
        """The URL that `link`, absolute or relative to this base, leads to; None where it leads out of this base."""
        try:
            parts = _split(urljoin(f"{self}/", link))
            there = Base(_origin(parts), parts.path)
        except ValueError:
            return None
        plain = _PATH.fullmatch(there.path.rstrip("/")) and _DOTS.isdisjoint(there.path.split("/"))
        if not plain or not there.under(self) or not _QUERY.fullmatch(parts.query):
            return None
        return f"{there}?{parts.query}" if parts.query else str(there)


def allowed(url: str, bases: Iterable[Base]) -> Base | None:
    """`url` as a base, where one of `bases` allows it: that base or a place below it; without encryption that base only."""
    try:
        asked = Base.parse(url)
    except ValueError:
        return None
    if any(asked.under(base) if asked.encrypted else asked == base for base in bases):
        return asked
    return None


def networks(written: Iterable[str]) -> tuple[Network, ...]:
    """Networks or single addresses: "127.0.0.0/8", "10.1.2.3", "fd00::/8". Raises ValueError."""
    return tuple(ip_network(each) for each in written)


class AddressRefused(OSError):  # noqa: N818 - named for what is wrong
    """The address of a connection is none that outgoing calls may go to."""

    def __init__(self) -> None:
        super().__init__("the address is refused")


class AddressGuard:
    """Makes the sockets of outgoing connections, to addresses of the public internet and to `named` private ones.

    `only_named`: to the named ones alone. Unencrypted calls are made with such a guard, so that no token ever crosses
    the internet in the clear.
    """

    def __init__(self, named: Iterable[Network] = (), *, only_named: bool = False) -> None:
        self._named = tuple(named)
        self._only_named = only_named

    def socket(self, address: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        """A socket for an entry of `getaddrinfo`. Raises AddressRefused."""
        family, kind, protocol, _, place = address
        if not self.admits(str(place[0])):
            raise AddressRefused
        return socket.socket(family, kind, protocol)

    def admits(self, address: str) -> bool:
        """Whether a connection to `address`, as the operating system writes it, may be made."""
        try:
            places = _meant(ip_address(address))
        except ValueError:
            return False
        if any(place in network for place in places for network in self._named):
            return True
        return not self._only_named and all(map(_is_public, places))


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("a URL has a host, and a port within range") from None
    return parts


def _origin(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2].lower()
    name, port = (host.rpartition(":")[::2]) if re.search(r":\d*$", host) and not host.endswith("]") else (host, "")
    if parts.scheme not in _PORTS or "@" in parts.netloc or not _HOST.fullmatch(name):
        raise ValueError("a base URL is https:// or http:// and a host, without a user")
    number = parts.port
    return f"{parts.scheme}://{name}" + (f":{number}" if port and number != _PORTS[parts.scheme] else "")


def _meant(address: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    """The address, and the IPv4 addresses that it stands for: a mapped one alone, one behind a tunnel beside it."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    found: list[IPv4Address | IPv6Address] = [address]
    if address.sixtofour:
        found.append(address.sixtofour)
    if address.teredo:
        found += address.teredo
    if address in _NAT64:
        found = [IPv4Address(int(address) & 0xFFFFFFFF)]
    return found


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _GLOBAL_V6:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)
