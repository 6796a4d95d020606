"""SwanLab's board for a run whose numbers it wrote on this computer: a job that serves it on loopback alone.

It ends with the process that opened it, asked by boot id, pid and start time. The board is SwanLab's own web app
(package swanboard); in front of it stands a check of the Host header, because it has no login.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

from core import jobs
from core.errors import UserError
from core.jobs import JobContext, JobStopped, JobView, identity
from core.storage import Workspace
from core.training.monitors import SwanLab, installed

KIND = "board"
HOST = "127.0.0.1"
PACKAGE = "swanboard"
START_S, LOOK_S, END_S = 60.0, 0.5, 5.0


def has_board(ws: Workspace, run_id: str) -> bool:
    """Whether SwanLab wrote about a run on this computer."""
    return files_of(ws, run_id).is_dir()


def files_of(ws: Workspace, run_id: str) -> Path:
    """Where SwanLab writes about a run on this computer, see `monitors.mirrored`."""
    return ws.run(run_id).monitors / SwanLab.name.lower()


def open_board(ws: Workspace, run_id: str) -> JobView:
    """Starts the board of a run, in place of another run's, and returns at once; `address` tells when it is there.

    Raises:
        UserError: SwanLab wrote nothing about the run here, or its board is not installed.
    """
    if not has_board(ws, run_id):
        raise UserError("train.error.no_board_files")
    if not installed(PACKAGE):
        raise UserError("train.error.no_board")
    for job in jobs.list_jobs(ws, KIND):
        if job.state.is_terminal:
            jobs.delete(ws, job.id)
        elif job.params.get("run") == run_id:
            return job
        else:
            jobs.request_stop(ws, job.id)
    me = identity.of(os.getpid())
    return jobs.start(ws, KIND, {"run": run_id, "opener": me.as_dict() if me else None}, title="SwanLab",
                      grace_s=(3.0, 3.0))


def address(ws: Workspace, run_id: str) -> str:
    """Where the board of a run can be opened now; "" when it does not run, or not yet."""
    for job in jobs.list_jobs(ws, KIND):
        if not job.state.is_terminal and job.params.get("run") == run_id and job.result.get("port"):
            return f"http://{HOST}:{job.result['port']}/"
    return ""


def is_starting(ws: Workspace, run_id: str) -> bool:
    """Whether the board of a run was asked for and is not there yet."""
    return any(not job.state.is_terminal and job.params.get("run") == run_id and not job.result.get("port")
               for job in jobs.list_jobs(ws, KIND))


def run(job: JobContext) -> None:
    """Handler of the job kind "board". Raises JobStopped when it was asked to end."""
    import uvicorn
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    folder = files_of(job.ws, str(job.params["run"]))
    os.environ["SWANLAB_LOG_DIR"] = str(folder)
    job.phase("load")
    from swanboard.app import app
    from swanboard.db import connect

    connect(path=str(folder))
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    opener = identity.parse(job.params.get("opener"))
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        _wait_started(server, thread)
        job.result(port=listening.getsockname()[1])
        job.phase("serve")
        while thread.is_alive() and not job.should_stop() and identity.is_alive(opener):
            time.sleep(LOOK_S)
        server.should_exit = True
        thread.join(END_S)
    job.result(port=0)
    if job.should_stop():
        raise JobStopped


def _wait_started(server: object, thread: threading.Thread) -> None:
    end = time.monotonic() + START_S
    while not getattr(server, "started", False):
        if not thread.is_alive() or time.monotonic() > end:
            raise UserError("train.error.board_start")
        time.sleep(0.05)
