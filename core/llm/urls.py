"""Which addresses a helper service may have, and the one resolution of a name that all connections then use."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.llm.errors import ProviderError

METADATA = frozenset({"169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192"})
"""Addresses at which clouds hand out credentials of the machine."""

Resolver = Callable[[str, int], list[str]]


@dataclass(frozen=True)
class Target:
    """A checked base address: `base` without trailing slash, and its parts."""

    base: str
    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> str:
        """What a key is bound to: scheme, host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse_base_url(text: str) -> Target:
    """Checks an address as a person typed it, without touching the network. Raises ProviderError "refused_url"."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ProviderError("refused_url", reason="form") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s\\\x00-\x1f]", text):
        raise ProviderError("refused_url", reason="form")
    if parts.username is not None or parts.password is not None:
        raise ProviderError("refused_url", reason="credentials")
    if parts.query or parts.fragment or port == 0:
        raise ProviderError("refused_url", reason="form")
    host = parts.hostname
    if address := _literal(host):
        _refuse_dangerous(address)
    port = port or (443 if parts.scheme == "https" else 80)
    return Target(f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/"), parts.scheme, host, port)


def resolve(target: Target, lookup: Resolver | None = None) -> list[str]:
    """IP addresses of the target. Raises ProviderError when the name is unknown or leads somewhere refused."""
    if address := _literal(target.host):
        return [str(address)]
    try:
        found = (lookup or _system_lookup)(target.host, target.port)
    except OSError:
        raise ProviderError("unreachable", host=target.host) from None
    for entry in found:
        _refuse_dangerous(ipaddress.ip_address(entry))
    return list(dict.fromkeys(found))


def is_public(address: str) -> bool:
    """True for an address outside this machine and its local network."""
    return ipaddress.ip_address(address).is_global


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address when the host is one; disguised spellings (decimal, hexadecimal, short) are refused."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        if re.fullmatch(r"0x[0-9a-f]*|\d+", host.rstrip(".").rsplit(".", 1)[-1], re.IGNORECASE):
            raise ProviderError("refused_url", reason="form") from None
        return None


def _refuse_dangerous(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    if (
        str(address) in METADATA
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or (address.is_reserved and not address.is_loopback)
    ):
        raise ProviderError("refused_url", reason="address")


def _system_lookup(host: str, port: int) -> list[str]:
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
