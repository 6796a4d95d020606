"""Where the server may listen: loopback freely, anything else only with a password."""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass

from core.errors import UserError

MIN_PASSWORD = 12
FIRST_PORT = 7860
PORTS_TRIED = 100


@dataclass(frozen=True)
class BindPolicy:
    """A checked decision: the address to listen on, and the password that every request then needs (or None)."""

    host: str
    port: int
    password: str | None
    allowed_hosts: frozenset[str]
    moved_from: int | None = None


def is_loopback(host: str) -> bool:
    """True for names and addresses that only this machine can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def decide(host: str, port: int | None, extra_hosts: tuple[str, ...] = ()) -> BindPolicy:
    """Checks host, port and password (`DOCTUNE_PASSWORD`, or the file named by `DOCTUNE_PASSWORD_FILE`).

    Raises UserError when the address can be reached from outside and no password of at least 12 characters is set,
    or when no port is free.
    """
    password = _password()
    if password is not None and len(password) < MIN_PASSWORD:
        raise UserError("web.error.password_short", minimum=MIN_PASSWORD)
    if not is_loopback(host) and password is None:
        raise UserError("web.error.password_needed", host=host)
    wanted = FIRST_PORT if port is None else port
    chosen = free_port(host, wanted)
    names = {"localhost", "127.0.0.1", "[::1]", host, *extra_hosts}
    return BindPolicy(host, chosen, password, frozenset(names), wanted if wanted not in (0, chosen) else None)


def _password() -> str | None:
    file = os.environ.get("DOCTUNE_PASSWORD_FILE")
    if file:
        from core.storage.workspace import user_path

        return user_path(file).read_text(encoding="utf-8").strip()
    return os.environ.get("DOCTUNE_PASSWORD") or None


def free_port(host: str, first: int) -> int:
    """The first port from `first` on that can be listened on; any free one for 0. Raises UserError if none is."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in [0] if first == 0 else range(first, min(first + PORTS_TRIED, 65536)):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if os.name != "nt":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host.strip("[]"), port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise UserError("web.error.no_port", first=first, last=min(first + PORTS_TRIED, 65536) - 1)
