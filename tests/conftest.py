"""Every test has a workspace of its own and reaches nothing beyond this machine; what it started is ended."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from core import jobs
from core.storage import Workspace

# A busy machine is slow, and slowness is no fault of the tested code.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

TIERS = ("unit", "fault", "model", "browser")
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The quick tiers first; the browser last, as Playwright keeps an event loop and its processes to the end."""
    items.sort(key=lambda item: TIERS.index(item.path.relative_to(HERE).parts[0]))


@pytest.fixture(autouse=True)
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """The test's workspace, also for the processes it starts; jobs that still run at its end are killed."""
    root = tmp_path / "home"
    root.mkdir()
    monkeypatch.setenv("DOCTUNE_HOME", str(root))
    monkeypatch.setenv("DOCTUNE_SECRETS", str(tmp_path / "secrets" / "secrets.json"))
    space = Workspace.default()
    yield space
    for job in jobs.list_jobs(space):
        if not job.state.is_terminal:
            jobs.request_stop(space, job.id, force=True)
            jobs.wait(space, job.id, 20)


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuses connections of this process to any other machine."""
    for name in ("connect", "connect_ex"):
        original = getattr(socket.socket, name)

        def guarded(self: socket.socket, address: Any, _original: Any = original) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
                raise AssertionError(f"a test connects to {address[0]}: only loopback is allowed")
            return _original(self, address)

        monkeypatch.setattr(socket.socket, name, guarded)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"
