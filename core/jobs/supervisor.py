"""One small process per job (standard library only): ``python -m core.jobs.supervisor ID``.

It starts the worker in a session of its own, waits for it, and writes how it ended. It outlives the web server, so

- the cause of an end is known even when the server died long before (a parent alone learns the exit status);
- stopping works without the server: request file → grace → SIGTERM to the group → grace → SIGKILL to the group;
- children that the worker left behind are ended before the job counts as ended, also those that left its group and
  dropped its mark (on Linux, where they become ours).

The worker is not reaped before its group has been killed, so the group's number cannot mean anybody else. When a
supervisor itself is killed, its worker goes on; `request_stop` and `recover` start another with ``--adopt``, which
watches the worker by its identity. The journal then lacks the exit status: without a last event the job counts as
interrupted.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

from core.errors import UserError
from core.jobs import control, identity, lease, signals
from core.jobs.environment import JOB, LEASE_FD, SUPERVISOR_PID, detached, job_environment
from core.jobs.history import FOLDS, append_event
from core.jobs.identity import SUPERVISOR_TOKEN, TOKEN, Identity
from core.jobs.spec import JobSpec, load_spec
from core.jobs.state import processes
from core.storage import Workspace, load_or_set_aside, write_json
from core.storage.locks import open_lock, try_lock
from core.storage.workspace import JobPaths

_LINGER_S = 15.0
_LOOK_S = 1.0
_CRASHES = {"SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS"}


@dataclass
class Supervisor:
    """The watch over one worker."""

    paths: JobPaths
    spec: JobSpec
    worker: Identity
    process: subprocess.Popen[bytes] | None
    began: float = field(default_factory=time.monotonic)
    stop_seen: float | None = None
    end_seen: float | None = None
    stage: int = 0
    hung: bool = False
    size: int = -1
    looked: float = field(default_factory=time.monotonic)
    silent: float = 0.0

    def watch(self) -> None:
        """Returns when the worker has ended; stops it when asked to or when it hangs."""
        while not self._has_ended():
            now = time.monotonic()
            self._follow_stop(now)
            self._follow_silence(now)
            if FOLDS.of(self.paths.events).end is not None:
                self.end_seen = self.end_seen or now
                if now - self.end_seen > _LINGER_S:
                    signals.signal_group(self.worker, signals.KILL)
            time.sleep(0.02 if now - self.began < 2 or self.stop_seen else 0.1)

    def clean_up(self) -> int | None:
        """Ends what the worker left behind and reaps it; its exit status, or None when it was not our child."""
        status = None
        if self.process is not None:
            signals.end_child_group(self.worker)
            status = self.process.wait()
        quiet = 0
        for _ in range(100):  # a program just being started shows its environment an instant later: look twice
            ended = signals.end_by_token(self.worker.token) + signals.end_orphans()
            quiet = 0 if ended else quiet + 1
            if quiet == 2:
                break
            time.sleep(0.02)
        return status

    def _has_ended(self) -> bool:
        if self.process is None:
            return not identity.is_alive(self.worker)
        if sys.platform == "win32":
            return self.process.poll() is not None
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _follow_stop(self, now: float) -> None:
        if not self.paths.stop.exists():
            return
        self.stop_seen = self.stop_seen or now
        request = load_or_set_aside(self.paths.stop, {})
        force = isinstance(request, dict) and bool(request.get("force"))
        first, second = self.spec.grace_s
        waited = now - self.stop_seen
        if self.stage < 2 and (force or waited >= first + second):
            self.stage = 2
            signals.signal_group(self.worker, signals.KILL)
        elif self.stage < 1 and waited >= first:
            self.stage = 1
            signals.signal_group(self.worker, signals.TERMINATE)

    def _follow_silence(self, now: float) -> None:
        if self.spec.silence_s is None:
            return
        size = sum(path.stat().st_size for path in (self.paths.events, self.paths.log) if path.exists())
        # A computer that sleeps keeps its jobs silent, too: of the time between two looks little counts.
        self.silent = 0.0 if size != self.size else self.silent + min(now - self.looked, _LOOK_S)
        self.size, self.looked = size, now
        if self.silent > self.spec.silence_s and not self.hung:
            self.hung = True
            signals.signal_group(self.worker, signals.KILL)


def cause(status: int, oom_kills: int) -> UserError:
    """What an exit status means.

    Args:
        status: negative for a signal, as `subprocess` has it; 128 + n, as shells have it, means the same.
        oom_kills: how many processes the system killed for lack of memory meanwhile.
    """
    number = -status if status < 0 else status - 128 if 128 < status < 128 + 65 else 0
    try:
        name = signal.Signals(number).name if number else ""
    except ValueError:
        name = ""
    if name == "SIGKILL" and oom_kills > 0:
        return UserError("jobs.error.out_of_memory")
    if name in _CRASHES:
        return UserError("jobs.error.crashed", signal=name)
    if name:
        return UserError("jobs.error.killed", signal=name)
    return UserError("jobs.error.exit_code", code=status)


def supervise(ws: Workspace, job_id: str, token: str, adopt: bool) -> int:
    """Runs one sitting from start to end; 0 when it did, 3 when the job has another supervisor."""
    paths = ws.job(job_id)
    spec = load_spec(paths)
    if not _take_lock(paths) or FOLDS.of(paths.events).token != token:
        return 3
    _catch_signals(paths)
    signals.adopt_orphans()
    lease_fd = _lease_descriptor(ws, spec)
    if lease_fd is None and spec.waits and not adopt:
        lease_fd = _wait_for_lease(ws, spec)
        if lease_fd is None:
            _end(paths, "stopped", None, None)
            return 0
    kills_before = _oom_kills()
    watch = _adopt(paths, spec, token) if adopt else _spawn(ws, paths, spec, token, lease_fd)
    if watch is None:
        return 1
    watch.watch()
    status = watch.clean_up()
    if lease_fd is not None:
        os.close(lease_fd)
    _write_end(watch, status, _oom_kills() - kills_before)
    return 0


def _write_end(watch: Supervisor, status: int | None, oom_kills: int) -> None:
    """Writes the last event, unless the worker has written it or nothing is known."""
    fold = FOLDS.of(watch.paths.events)
    if fold.end is not None:
        return
    if watch.hung:
        seconds = int(watch.spec.silence_s or 0)
        _end(watch.paths, "failed", UserError("jobs.error.hang", seconds=seconds), status)
    elif watch.stop_seen is not None:
        _end(watch.paths, "stopped", None, status)
    elif status == 0 and not fold.is_attached:
        _end(watch.paths, "done", None, status)
    elif status is not None:
        _end(watch.paths, "failed", cause(status, oom_kills), status)


def _end(paths: JobPaths, state: str, error: UserError | None, status: int | None) -> None:
    append_event(paths.events, "end", state=state, error=error.as_dict() if error else None, status=status)


def _take_lock(paths: JobPaths) -> bool:
    """Takes the job's lock, held until this process ends; a resume in the same moment may hold it briefly."""
    fd = open_lock(paths.lock)
    deadline = time.monotonic() + 2
    while not try_lock(fd):
        if time.monotonic() > deadline:
            os.close(fd)
            return False
        time.sleep(0.02)
    return True


def _catch_signals(paths: JobPaths) -> None:
    """Makes a request to end this process (a shutdown) a request to stop the job."""
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: None)  # SIG_IGN would be inherited by the worker
    signal.signal(signal.SIGTERM, lambda *_: write_json(paths.stop, {"force": False}))


def _lease_descriptor(ws: Workspace, spec: JobSpec) -> int | None:
    """The lease that our starter passed on; on Windows, where that is impossible, it is taken here."""
    if passed := os.environ.pop(LEASE_FD, ""):
        return int(passed)
    if spec.lease is None or spec.waits or sys.platform != "win32":
        return None
    fd = open_lock(ws.lease(spec.lease))
    while not try_lock(fd):
        time.sleep(0.05)
    return fd


def _wait_for_lease(ws: Workspace, spec: JobSpec) -> int | None:
    """Waits for our turn, saying for whom; None when the job was stopped meanwhile."""
    paths = ws.job(spec.id)

    def tell(title: str | None) -> None:
        append_event(paths.events, "waiting", title=title)

    fd = lease.wait(ws, spec, paths.stop.exists, tell, lambda holder: control.request_stop(ws, holder))
    tell(None)
    return fd


def _spawn(ws: Workspace, paths: JobPaths, spec: JobSpec, token: str, lease_fd: int | None) -> Supervisor | None:
    command = spec.argv or [sys.executable, "-m", "core.jobs.main", "--job", spec.id]
    own = {name: value for name, value in os.environ.items() if name != SUPERVISOR_TOKEN}
    environment = {**job_environment(ws), **own, TOKEN: token, JOB: spec.id, SUPERVISOR_PID: str(os.getpid())}
    try:
        with paths.log.open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=environment,
                                       **detached(() if lease_fd is None else (lease_fd,)))
    except OSError as error:
        print(error, file=sys.stderr)
        _end(paths, "failed", UserError("jobs.error.start_failed"), None)
        return None
    worker = identity.of(process.pid, token)
    if worker is None:
        raise RuntimeError("the worker cannot be identified")
    _record(paths, worker, token)
    return Supervisor(paths, spec, worker, process)


def _adopt(paths: JobPaths, spec: JobSpec, token: str) -> Supervisor | None:
    worker = processes(paths, token).worker
    if worker is None:
        return None
    _record(paths, worker, token)
    return Supervisor(paths, spec, worker, None)


def _record(paths: JobPaths, worker: Identity, token: str) -> None:
    me = identity.of(os.getpid(), token)
    write_json(paths.identity, {"worker": worker.as_dict(), "supervisor": me.as_dict() if me else None})


def _oom_kills() -> int:
    """How many processes this machine has killed for lack of memory since it was started (Linux; else 0)."""
    try:
        fd = os.open("/proc/vmstat", os.O_RDONLY)
    except OSError:
        return 0
    try:
        text = b"".join(iter(lambda: os.read(fd, 1 << 16), b"")).decode("ascii", "replace")
    finally:
        os.close(fd)
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("oom_kill ")), 0)


if __name__ == "__main__":
    token_of_start = os.environ.get(SUPERVISOR_TOKEN, "")
    sys.exit(supervise(Workspace.default(), sys.argv[1], token_of_start, "--adopt" in sys.argv[2:]))
