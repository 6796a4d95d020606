"""The worker process of a job: ``python -m core.jobs.main --job ID``, or any command that calls `run_job`."""

from __future__ import annotations

import errno
import faulthandler
import os
import secrets
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable

from core.errors import UserError
from core.jobs.context import JobContext, JobStopped
from core.jobs.environment import JOB, SUPERVISOR_PID
from core.jobs.history import FOLDS, append_event
from core.jobs.identity import TOKEN
from core.jobs.kinds import KINDS, resolve
from core.jobs.spec import load_spec
from core.jobs.state import processes
from core.storage import Workspace
from core.storage.owner import start_time

Handler = Callable[[JobContext], None]
_RECORD_WAIT_S = 30.0
_MEMORY_WORDS = ("not enough memory", "out of memory", "cannot allocate memory")
_DISK_WORDS = ("no space left on device", "disk quota exceeded", "file too large", "basic_ios::clear: iostream error",
               "pytorchstreamwriter failed", "unexpected pos ")
"""How libraries say that the disk is full; the last three are torch's words for a file that could not be finished."""


def run_job(ws: Workspace, job_id: str, handler: Handler | None = None) -> int:
    """Runs a job's handler in this process and writes how it ended; returns the exit code.

    Args:
        handler: default is the one that `KINDS` names for the job's kind.

    The process must have been started by `core.jobs.start` or `resume`; without its supervisor it ends at once (3).
    """
    spec = load_spec(ws.job(job_id))
    fold = FOLDS.of(ws.job(job_id).events)
    job = JobContext(ws, job_id, spec.params, max(1, fold.sitting))
    if not _is_recorded(job):
        return 3
    faulthandler.enable()
    heed_signals(job)
    append_event(job.paths.events, "attached", pid=os.getpid())
    try:
        job.check_stop()
        (handler or resolve(KINDS[spec.kind]))(job)
    except JobStopped:
        job.end("stopped")
        return 0
    except UserError as error:
        job.end("failed", error)
        return 1
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        job.end("failed", explain(error))
        return 1
    job.end("done")
    return 0


def heed_signals(job: JobContext) -> None:
    """Makes SIGTERM a request to stop; does nothing outside the main thread."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: job.terminate())


def current_job() -> str | None:
    """Id of the job that this process was started for; None when it was started by hand."""
    return os.environ.get(JOB)


def _is_recorded(job: JobContext) -> bool:
    """Waits until the supervisor has recorded this process; False when it died before, so that nobody knows of us."""
    token, parent = os.environ.get(TOKEN, ""), os.environ.get(SUPERVISOR_PID, "")
    deadline = time.monotonic() + _RECORD_WAIT_S
    while token and parent.isdigit() and time.monotonic() < deadline:
        supervisor_lives = os.getppid() == int(parent) and start_time(int(parent)) is not None
        who = processes(job.paths, token)
        if who.worker and who.worker.pid == os.getpid():
            return True
        if not supervisor_lives:
            return False
        time.sleep(0.01)
    return False


def explain(error: BaseException) -> UserError:
    """The sentence for an unforeseen exception; the traceback goes to the log under the same number."""
    number = secrets.token_hex(4)
    print(f"error {number}", file=sys.stderr)
    traceback.print_exception(error, file=sys.stderr)
    names = {kind.__name__ for kind in type(error).__mro__}
    text = str(error).lower()
    if "MemoryError" in names or "OutOfMemoryError" in names or any(word in text for word in _MEMORY_WORDS):
        return UserError("jobs.error.out_of_memory")
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    if full or any(word in text for word in _DISK_WORDS):
        return UserError("jobs.error.disk_full")
    return UserError("jobs.error.unexpected", number=number)


def main(argv: list[str]) -> int:
    """Entry of ``python -m core.jobs.main --job ID``."""
    if len(argv) != 2 or argv[0] != "--job":
        print("usage: python -m core.jobs.main --job ID", file=sys.stderr)
        return 2
    return run_job(Workspace.default(), argv[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
