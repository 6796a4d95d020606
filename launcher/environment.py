"""The environment in `.venv`: made, filled from exact pins, and remembered as complete by a marker written last."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from launcher.messages import Stop, say
from launcher.processes import run_logged, tail, works

GIGABYTE = 1024**3
FIRST_INSTALL_GB = 4
CUDA_INSTALL_GB = 12
EXTRA_GB = 1
KEPT = {"downloads", "install.lock"}
NETWORK = re.compile(
    r"NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|NameResolutionError|Max retries exceeded|"
    r"Temporary failure in name resolution|getaddrinfo failed|Connection (refused|reset|aborted)|"
    r"CERTIFICATE_VERIFY_FAILED|Network is unreachable|nodename nor servname", re.IGNORECASE)
DISK_FULL = re.compile(r"No space left on device|Errno 28|not enough space on the disk|Disk quota exceeded",
                       re.IGNORECASE)
NO_PACKAGE = re.compile(r"No matching distribution found|Could not find a version that satisfies", re.IGNORECASE)


@dataclass(frozen=True)
class Environment:
    """The clone's own Python environment. `root` is the folder of start.py; nothing is written outside it."""

    root: Path

    @property
    def folder(self) -> Path:
        """`.venv` beside start.py."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The environment's own interpreter."""
        return self.folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    @property
    def log(self) -> Path:
        """What venv and pip said during the latest installation."""
        return self.folder / "install.log"

    def marker(self, name: str) -> Path:
        """Exists only when the installation of that requirements file was completed."""
        return self.folder / f"installed-{name}.json"

    def remembered(self, name: str) -> dict[str, str]:
        """Content of a marker; empty when it is missing or damaged."""
        try:
            content = json.loads(self.marker(name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def ensure(self, torch: str = "") -> None:
        """Makes the environment complete for the app; returns at once, without network, when it is.

        `torch` names a package index of PyTorch ("cpu", "cu128"); empty keeps what was chosen before.
        Raises Stop with the sentence for the person.
        """
        known = self.remembered("app")
        wanted = {"requirements": self._digest("requirements.txt"), "torch": torch or known.get("torch", "")}
        if known == wanted and works([str(self.python), "--version"]):
            return
        with self._lock() as lock:
            known = self.remembered("app")
            whole = known.get("torch") == wanted["torch"] and works([str(self.python), "--version"])
            if known == wanted and whole:
                return
            self._install_app(wanted, whole, lock)

    def ensure_tests(self) -> None:
        """Adds requirements-test.txt to a complete environment. Raises Stop."""
        wanted = {"requirements": self._digest("requirements-test.txt") + self._digest("requirements.txt")}
        if self.remembered("test") == wanted:
            return
        with self._lock() as lock:
            say("installing_tests")
            require_space(self.root, EXTRA_GB)
            self._pip(["-r", str(self.root / "requirements-test.txt")], lock)
            self._remember("test", wanted)

    def _install_app(self, wanted: dict[str, str], whole: bool, lock: int) -> None:
        began = time.monotonic()
        needed = EXTRA_GB if whole else space_needed(wanted["torch"])
        if whole:
            say("updating")
        else:
            say("installing", gigabytes=needed)
        require_space(self.root, needed)
        self.marker("app").unlink(missing_ok=True)
        self.marker("test").unlink(missing_ok=True)
        if not whole:
            self._clear()
            self._make(lock)
        requirements = self.root / "requirements.txt"
        if wanted["torch"]:
            index = f"https://download.pytorch.org/whl/{wanted['torch']}"
            self._pip(["--index-url", index, _pin(requirements, "torch")], lock)
        self._pip(["-r", str(requirements)], lock)
        shutil.rmtree(self.folder / "downloads", ignore_errors=True)
        self._remember("app", wanted)
        say("installed", seconds=round(time.monotonic() - began))

    def _make(self, lock: int) -> None:
        """Runs `python -m venv`; the module or its ensurepip is a package of its own on Debian."""
        status = run_logged([sys.executable, "-m", "venv", str(self.folder)], self.log, os.environ, [lock])
        if status == 0:
            return
        said = tail(self.log)
        if "ensurepip" in said or "No module named venv" in said:
            raise Stop("no_venv", version=f"{sys.version_info[0]}.{sys.version_info[1]}")
        raise Stop("disk_full" if DISK_FULL.search(said) else "venv_failed", folder=self.folder, tail=said,
                   needed=FIRST_INSTALL_GB)

    def _pip(self, arguments: list[str], lock: int) -> None:
        """Installs by the environment's pip with the machine's own pip configuration. Raises Stop."""
        scratch = self.folder / "tmp"
        scratch.mkdir(exist_ok=True)
        env = dict(os.environ, TMPDIR=str(scratch), TEMP=str(scratch), TMP=str(scratch))
        env.setdefault("PIP_CACHE_DIR", str(self.folder / "downloads"))
        env.pop("PIP_USER", None)
        argv = [str(self.python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *arguments]
        status = run_logged(argv, self.log, env, [lock])
        shutil.rmtree(scratch, ignore_errors=True)
        if status != 0:
            raise pip_failure(self.log)

    def _clear(self) -> None:
        """Empties the folder of an unfinished or broken installation, but for what is already downloaded."""
        for entry in list(self.folder.iterdir()):
            if entry.name in KEPT:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def _remember(self, name: str, content: dict[str, str]) -> None:
        fresh = self.marker(name).with_suffix(".new")
        fresh.write_text(json.dumps(content), encoding="utf-8")
        os.replace(fresh, self.marker(name))

    def _digest(self, file: str) -> str:
        return hashlib.sha256((self.root / file).read_text(encoding="utf-8").encode()).hexdigest()

    @contextlib.contextmanager
    def _lock(self) -> Iterator[int]:
        """One installation at a time in this folder; pip inherits the lock, so that it holds while pip lives."""
        try:
            self.folder.mkdir(exist_ok=True)
            descriptor = os.open(self.folder / "install.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Stop("readonly", folder=self.root, reason=error) from None
        try:
            if not _try_lock(descriptor):
                say("waiting")
                while not _try_lock(descriptor):
                    time.sleep(0.5)
            yield descriptor
        finally:
            os.close(descriptor)


def pip_failure(log: Path) -> Stop:
    """The sentence for a failed pip, told from the last lines of its record."""
    said = tail(log, 60)
    shown = tail(log)
    if DISK_FULL.search(said):
        return Stop("disk_full", needed=FIRST_INSTALL_GB, tail=shown)
    if NETWORK.search(said):
        return Stop("network", tail=shown)
    if NO_PACKAGE.search(said):
        return Stop("no_package", version=f"{sys.version_info[0]}.{sys.version_info[1]}", tail=shown)
    return Stop("pip_failed", log=log, tail=shown)


def space_needed(torch: str) -> int:
    """Gigabytes of a first installation; PyTorch with CUDA libraries is what Linux with an NVIDIA driver gets."""
    cuda = torch.startswith("cu") or (not torch and os.path.exists("/proc/driver/nvidia/version"))
    return CUDA_INSTALL_GB if cuda else FIRST_INSTALL_GB


def require_space(folder: Path, gigabytes: int) -> None:
    """Raises Stop with both numbers when the disk of `folder` has less free space."""
    free = shutil.disk_usage(folder).free
    if free < gigabytes * GIGABYTE:
        raise Stop("disk", needed=gigabytes, free=f"{free / GIGABYTE:.1f}", folder=folder)


def _pin(requirements: Path, name: str) -> str:
    """The line `name==version` of a requirements file."""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    return next(line.strip() for line in lines if line.startswith(f"{name}=="))


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
