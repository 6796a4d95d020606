"""Runs one storage operation in a process that kills itself at its k-th call that changes the disk.

``python -m tests.fakes.kill_at K OPERATION``. A killed write has written half of its bytes. What the operation has
acknowledged is printed, one line each. Exit code 0: the operation was over before the k-th call.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from core import jobs
from core.jobs import JobContext, supervisor
from core.jobs.history import FOLDS
from core.jobs.main import current_job, run_job
from core.storage import Workspace, atomic_write, journal_append, publish_dir, remove_dir, write_json

CALLS = ("open", "write", "fsync", "replace", "rename", "unlink", "mkdir", "rmdir", "ftruncate")
ROWS = 10
_write = os.write


def arm(k: int) -> None:
    """From now on the k-th call of `CALLS` kills this process before it happens, a write in its middle."""
    left = [k]
    for name in CALLS:
        setattr(os, name, _counted(name, getattr(os, name), left))


def _counted(name: str, original: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        if name == "open" and not _changes(args, kwargs):
            return original(*args, **kwargs)
        left[0] -= 1
        if left[0] == 0:
            if name == "write":
                original(args[0], bytes(args[1])[: len(args[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)

    return call


def _changes(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    flags = kwargs.get("flags", args[1] if len(args) > 1 else 0)
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def acknowledge(text: str) -> None:
    """Tells the test that something is durable now."""
    _write(1, f"{text}\n".encode())


def save(ws: Workspace, k: int) -> None:
    """Replaces the settings."""
    write_json(ws.settings_file, {"value": "new"})
    acknowledge("new")


def append(ws: Workspace, k: int) -> None:
    """Appends rows to a journal."""
    for row in range(ROWS):
        journal_append(ws.saves / "rows.jsonl", {"row": row})
        acknowledge(str(row))


def publish(ws: Workspace, k: int) -> None:
    """Makes a model folder appear."""
    folder = ws.tmp_dir()
    atomic_write(folder / "config.json", "{}")
    atomic_write(folder / "weights" / "model.safetensors", b"abc" * 1000)
    publish_dir(folder, ws.model("tiny").dir)
    acknowledge("published")


def remove(ws: Workspace, k: int) -> None:
    """Deletes a model folder."""
    remove_dir(ws.model("tiny").dir)
    acknowledge("removed")


def start(ws: Workspace, k: int) -> None:
    """Starts a job that holds the accelerator."""
    jobs.start(ws, "x", {}, id="job-a", lease="accelerator", argv=["true"], files={"notes.txt": "hello"})
    acknowledge("started")


def resume(ws: Workspace, k: int) -> None:
    """Resumes an ended job."""
    jobs.resume(ws, "job-a")
    acknowledge("started")


def supervise(ws: Workspace, k: int) -> None:
    """Supervises the one job from its start to its end."""
    supervisor.supervise(ws, "job-a", FOLDS.of(ws.job("job-a").events).token, adopt=False)


def finish(ws: Workspace, k: int) -> None:
    """Is the worker of a job, and is killed while it reports its result and its end."""

    def handler(job: JobContext) -> None:
        arm(k)
        job.phase("finish")
        job.progress(1, 1)
        write_json(job.dir / "report.json", {"done": True})
        job.result(report="report.json")

    sys.exit(run_job(ws, current_job() or "", handler))


if __name__ == "__main__":
    operation = globals()[sys.argv[2]]
    if operation is not finish:
        arm(int(sys.argv[1]))
    operation(Workspace.default(), int(sys.argv[1]))
