"""Where the server may listen."""

from __future__ import annotations

import socket

import pytest

from core.errors import UserError
from webui.bind import decide, is_loopback


@pytest.mark.parametrize(("host", "expected"), [("127.0.0.1", True), ("::1", True), ("localhost", True),
                                                ("127.9.9.9", True), ("0.0.0.0", False), ("::", False),
                                                ("192.168.1.5", False), ("example.org", False)])
def test_loopback_is_told_from_the_rest(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5"])
def test_open_addresses_need_a_password(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCTUNE_PASSWORD", raising=False)
    with pytest.raises(UserError) as refused:
        decide(host, 0)
    assert refused.value.key == "web.error.password_needed"


def test_short_passwords_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCTUNE_PASSWORD", "short")
    with pytest.raises(UserError) as refused:
        decide("127.0.0.1", 0)
    assert refused.value.key == "web.error.password_short"


def test_password_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    file = tmp_path / "password"
    file.write_text("a long enough password\n", encoding="utf-8")
    monkeypatch.setenv("DOCTUNE_PASSWORD_FILE", str(file))
    assert decide("0.0.0.0", 0).password == "a long enough password"


def test_next_port_is_taken_when_one_is_in_use() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        policy = decide("127.0.0.1", taken)
    assert policy.port > taken and policy.moved_from == taken
