"""Work on untrusted files: a child process with limits on time, memory and file size, ended by its group.

The child (`core.jobs.sandbox_child`) reads its input as one JSON object from standard input and answers with JSON
lines. How it failed is told apart, so that callers can say it.
"""

from __future__ import annotations

import json
import os
import queue
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.jobs import identity, signals
from core.jobs.environment import detached
from core.jobs.identity import TOKEN, Identity
from core.storage.workspace import CODE_ROOT

_LINE_BYTES = 64 * 1024 ** 2
_STDERR_BYTES = 64 * 1024
_WEIGH_EVERY_S = 0.2  # looking through all processes takes milliseconds; what grows faster meets RLIMIT_DATA
_INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "OMP_NUM_THREADS", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Limited:
    """How a limited child ended.

    Args:
        failure: "" for success, else "time", "memory", "crash", "stopped", "output" (a line over 64 MiB),
            "error" (the function raised a UserError, see `error`).
        error: ``{"key", "params"}`` of a UserError.
        lines: what the child sent, unless `on_line` took it.
        detail: end of its standard error, for the log.
    """

    failure: str = ""
    error: dict[str, Any] | None = None
    lines: list[dict[str, Any]] = field(default_factory=list)
    detail: str = ""
    exit_code: int | None = None


def run_limited(target: str | list[str], *, input: dict[str, Any], wall_s: float, cpu_s: float | None = None,
                memory_bytes: int | None = None, file_bytes: int | None = None, cwd: Path | None = None,
                env: dict[str, str] | None = None, on_line: Callable[[dict[str, Any]], None] | None = None,
                should_stop: Callable[[], bool] | None = None) -> Limited:
    """Runs a function or command in a limited child and waits for it.

    Args:
        target: ``package.module:function``, called as ``function(input, send)`` where ``send(dict)`` sends a line;
            or an argument list that speaks the same protocol itself.
        wall_s, cpu_s: seconds of clock and of processor time.
        memory_bytes: of the whole process tree; also the limit of its private memory (RLIMIT_DATA) plus a quarter.
        file_bytes: largest file it may write.
        env: further variables; otherwise it gets next to none.
        on_line: called in this thread with each line; what it raises ends the child and is raised.
        should_stop: asked several times a second.
    """
    token = os.environ.get(TOKEN) or secrets.token_hex(16)
    limits = {"cpu_s": cpu_s, "memory_bytes": memory_bytes, "file_bytes": file_bytes}
    command = [sys.executable, "-m", "core.jobs.sandbox_child", json.dumps(limits)]
    command += [target] if isinstance(target, str) else ["--exec", *target]
    variables = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    variables |= {"PYTHONPATH": str(CODE_ROOT), "PYTHONUTF8": "1", **(env or {}), TOKEN: token}
    options = {**detached(), "stdin": subprocess.PIPE, "cwd": cwd or CODE_ROOT}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=variables, **options)
    who = identity.of(process.pid, token)
    assert who is not None, "a child that was not reaped always has an identity"
    run = _Run(process, who, time.monotonic() + wall_s, memory_bytes, should_stop)
    lines: list[dict[str, Any]] = []
    try:
        return run.finish(input, on_line or lines.append, lines)
    finally:
        run.end()


class _Run:
    """One child while it runs."""

    def __init__(self, process: subprocess.Popen[bytes], who: Identity, deadline: float, memory: int | None,
                 should_stop: Callable[[], bool] | None) -> None:
        self.process, self.who, self.deadline, self.memory, self.should_stop = (
            process, who, deadline, memory, should_stop)
        self.output: queue.Queue[bytes | None] = queue.Queue(maxsize=64)
        self.stderr = b""
        self.ended = False
        self.weighed = float("-inf")

    def finish(self, input: dict[str, Any], take: Callable[[dict[str, Any]], None],
               lines: list[dict[str, Any]]) -> Limited:
        """Feeds the child and takes its lines until it ends or breaks a limit."""
        for work in (self._feed, self._read_output, self._read_errors):
            threading.Thread(target=work, args=(input,) if work == self._feed else (), daemon=True).start()
        outcome: dict[str, Any] = {}
        failure = ""
        while not failure:
            failure = self._broken_limit()
            try:
                raw = self.output.get(timeout=0.05)
            except queue.Empty:
                continue
            if raw is None:
                break
            message = _decode(raw)
            if message is None or len(raw) >= _LINE_BYTES:
                failure = failure or "output"
            elif "sandbox" in message:
                outcome = message
            else:
                take(message)
        status = self._wait(failure)
        return Limited(failure or self._verdict(outcome, status), outcome.get("error"), lines,
                       self.stderr.decode("utf-8", "replace"), status)

    def end(self) -> None:
        """Kills what is left of the child's group and reaps the child."""
        if not self.ended:
            self.ended = True
            signals.end_child_group(self.who)
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            _close(pipe)

    def _wait(self, failure: str) -> int:
        while not failure and self.process_runs():
            if failure := self._broken_limit():
                break
            time.sleep(0.02)
        signals.end_child_group(self.who)
        self.ended = True
        return self.process.wait()

    def process_runs(self) -> bool:
        """Whether the child has not ended; it is not reaped by asking."""
        if sys.platform == "win32":
            return self.process.poll() is None
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def _broken_limit(self) -> str:
        if self.should_stop and self.should_stop():
            return "stopped"
        now = time.monotonic()
        if now > self.deadline:
            return "time"
        if self.memory is not None and now - self.weighed > _WEIGH_EVERY_S:
            self.weighed = now
            if tree_bytes(self.process.pid) > self.memory:
                return "memory"
        return ""

    def _verdict(self, outcome: dict[str, Any], status: int) -> str:
        if outcome.get("sandbox") == "ok" and status == 0:
            return ""
        if outcome.get("sandbox") in ("error", "memory"):
            return str(outcome["sandbox"])
        if not outcome and status == 0:
            return ""
        if -status in (24, 9) or status in (152, 137):  # SIGXCPU, or the kernel's SIGKILL at the hard limit
            return "time"
        return "memory" if b"bad_alloc" in self.stderr or b"MemoryError" in self.stderr else "crash"

    def _feed(self, input: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(input).encode())
        except OSError:
            return  # it ended before it read all of its input
        finally:
            _close(self.process.stdin)

    def _read_output(self) -> None:
        assert self.process.stdout is not None
        try:
            while raw := self.process.stdout.readline(_LINE_BYTES):
                self.output.put(raw)
        except (OSError, ValueError):
            pass
        self.output.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        try:
            while part := self.process.stderr.read1(4096):  # type: ignore[attr-defined]
                self.stderr = (self.stderr + part)[-_STDERR_BYTES:]
        except (OSError, ValueError):
            return


def tree_bytes(pid: int) -> int:
    """Resident memory of a process and all of its descendants, in bytes."""
    import psutil

    try:
        root = psutil.Process(pid)
        processes = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0
    total = 0
    for process in processes:
        try:
            total += process.memory_info().rss
        except psutil.Error:
            continue
    return total


def _decode(raw: bytes) -> dict[str, Any] | None:
    try:
        message = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except OSError:
        return  # the other end is gone
