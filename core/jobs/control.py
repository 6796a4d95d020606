"""Starting, stopping, resuming and deleting jobs. Whoever calls these may die at any moment: the job's supervisor
(see `core.jobs.supervisor`) lives in a session of its own and carries out what was asked."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from core.errors import UserError
from core.jobs import identity, lease, signals
from core.jobs.environment import LEASE_FD, detached, job_environment
from core.jobs.history import FOLDS, append_event
from core.jobs.identity import SUPERVISOR_TOKEN
from core.jobs.spec import JobSpec, load_spec
from core.jobs.state import JobView, list_jobs, processes, view
from core.storage import Workspace, atomic_write, new_id, publish_dir, remove_dir, write_json
from core.storage.locks import open_lock, try_lock
from core.storage.workspace import JobPaths


def start(ws: Workspace, kind: str, params: dict[str, Any], *, title: str = "", lease: str | None = None,
          yields: bool = False, waits: bool = False, argv: list[str] | None = None, env: dict[str, str] | None = None,
          id: str | None = None, files: dict[str, str | bytes] | None = None,
          grace_s: tuple[float, float] = (30.0, 10.0), silence_s: float | None = None) -> JobView:
    """Starts a job and returns at once.

    Args:
        params: JSON values for the handler; stored, so no secrets.
        lease: resource to hold while running; a holder that yields is stopped first, which may take seconds.
        waits: when the lease is taken, wait for it instead of refusing; the job's supervisor does.
        yields: this job may be stopped when another one wants its lease.
        argv: command that runs instead of ``python -m core.jobs.main``; it calls `core.jobs.main.run_job`.
        env: variables for the job's processes, such as a key; never written to disk.
        files: further files of the job's folder, name → content, there before anything starts.
        grace_s, silence_s: see `JobSpec`.

    Raises UserError when the lease is taken or the disk is full.
    """
    job_id = id or new_id("run" if kind == "train" else "job")
    spec = JobSpec(job_id, kind, title or kind, params, lease, yields, waits, argv, grace_s, silence_s)
    _refuse_secrets(spec, env or {})
    paths = ws.job(job_id)
    fd = _take_lease(ws, spec)
    try:
        token = secrets.token_hex(16)
        _publish_job(ws, paths, spec, token, files or {})
        _spawn_supervisor(ws, paths, token, env, fd)
    finally:
        if fd is not None:
            os.close(fd)
    return view(ws, job_id)


def resume(ws: Workspace, job_id: str, env: dict[str, str] | None = None) -> JobView:
    """Starts a new sitting of an ended job in the same folder. Raises UserError while the job is still active."""
    paths = ws.job(job_id)
    spec = load_spec(paths)
    _refuse_active(ws, job_id)
    fd = _take_lease(ws, spec)
    guard = open_lock(paths.lock)
    try:
        if not try_lock(guard):
            raise UserError("jobs.error.active", title=spec.title)
        _refuse_active(ws, job_id)
        signals.end_by_token(FOLDS.of(paths.events).token)
        paths.stop.unlink(missing_ok=True)
        token = secrets.token_hex(16)
        _append_sitting(paths, token)
        os.close(guard)
        guard = -1
        _spawn_supervisor(ws, paths, token, env, fd)
    finally:
        for one in (guard, fd):
            if one is not None and one >= 0:
                os.close(one)
    return view(ws, job_id)


def request_stop(ws: Workspace, job_id: str, force: bool = False) -> None:
    """Asks a job to stop; returns at once. Its supervisor sends SIGTERM and then SIGKILL when it does not.

    Args:
        force: kill it right away.

    A job that has ended already is left alone.
    """
    paths = ws.job(job_id)
    if view(ws, job_id).state.is_terminal:
        return
    write_json(paths.stop, {"force": force})
    _ensure_supervisor(ws, paths)


def recover(ws: Workspace) -> None:
    """Gives every job that lost its supervisor a new one; called when the program starts."""
    for job in list_jobs(ws):
        if not job.state.is_terminal:
            _ensure_supervisor(ws, ws.job(job.id))


def wait(ws: Workspace, job_id: str, timeout: float) -> JobView:
    """Waits until a job has ended, at most `timeout` seconds, and returns it as it is then."""
    deadline = time.monotonic() + timeout
    while not (found := view(ws, job_id)).state.is_terminal and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def delete(ws: Workspace, job_id: str) -> None:
    """Deletes an ended job with all of its files. Raises UserError while it is active."""
    _refuse_active(ws, job_id)
    remove_dir(ws.job(job_id).dir)


def _refuse_active(ws: Workspace, job_id: str) -> None:
    found = view(ws, job_id)
    if not found.state.is_terminal:
        raise UserError("jobs.error.active", title=found.title)


def _refuse_secrets(spec: JobSpec, env: dict[str, str]) -> None:
    text = repr(spec.as_dict())
    for name, value in env.items():
        if len(value) >= 8 and value in text:
            raise ValueError(f"the value of {name} must not be part of a job's spec")


def _take_lease(ws: Workspace, spec: JobSpec) -> int | None:
    if spec.lease is None:
        return None
    if spec.waits and sys.platform != "win32" and (lease.holder(ws, spec.lease) or lease.queue(ws, spec)):
        return None
    return lease.take(ws, spec.lease, spec.id, spec.title, spec.yields, lambda id: request_stop(ws, id))


def _publish_job(ws: Workspace, paths: JobPaths, spec: JobSpec, token: str, files: dict[str, str | bytes]) -> None:
    """Makes the job's folder appear, complete, with its first sitting."""
    folder = ws.tmp_dir()
    try:
        for name, content in files.items():
            atomic_write(folder / name, content)
        write_json(folder / paths.spec.name, spec.as_dict())
        _append_sitting(JobPaths(folder), token)
        publish_dir(folder, paths.dir, manifest=False)
    except BaseException:
        remove_dir(folder)
        raise


def _append_sitting(paths: JobPaths, token: str) -> None:
    me = identity.of(os.getpid())
    append_event(paths.events, "sitting", token=token, starter=me.as_dict() if me else None)


def _ensure_supervisor(ws: Workspace, paths: JobPaths) -> None:
    fold = FOLDS.of(paths.events)
    token, who = fold.token, processes(paths, fold.token, fold.supervisor)
    if identity.is_alive(who.worker) and not identity.is_alive(who.supervisor):
        _spawn_supervisor(ws, paths, token, None, None, "--adopt")


def _spawn_supervisor(ws: Workspace, paths: JobPaths, token: str, env: dict[str, str] | None, fd: int | None,
                      *flags: str) -> None:
    """Starts the job's supervisor, which inherits the lease and survives us."""
    extra = {**(env or {}), SUPERVISOR_TOKEN: token}
    fds: tuple[int, ...] = ()
    if fd is not None and sys.platform != "win32":
        fds, extra[LEASE_FD] = (fd,), str(fd)
    command = [sys.executable, "-m", "core.jobs.supervisor", paths.id, *flags]
    try:
        with paths.log.open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=job_environment(ws, extra), **detached(fds))
    except OSError:
        return _fail_start(paths)
    who = identity.of(process.pid, token)
    with suppress(UserError):  # only bridges the moment until the supervisor has recorded itself
        append_event(paths.events, "supervisor", identity=who.as_dict() if who else None)
    threading.Thread(target=_reap, args=(paths, token, process), name=f"reap {paths.id}", daemon=True).start()


def _reap(paths: JobPaths, token: str, process: subprocess.Popen[bytes]) -> None:
    """Waits for the supervisor, our child; when it never got as far as the worker, the job has failed to start."""
    process.wait()
    fold = FOLDS.of(paths.events)
    if fold.token == token and fold.end is None and processes(paths, token).worker is None:
        with suppress(UserError):  # deleted meanwhile, or the disk is full: then it counts as interrupted
            _fail_start(paths)


def _fail_start(paths: JobPaths) -> None:
    append_event(paths.events, "end", state="failed", error=UserError("jobs.error.start_failed").as_dict())
