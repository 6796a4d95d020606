"""A trainer without training: speaks the protocol of a job and fails in every way a trainer can.

``python -m tests.fakes.trainer`` in the environment that `core.jobs.start(argv=…)` gives. The job's parameters: `mode`
(see below), `steps`, `delay_s` between steps; `says` goes to the log, `warnings` and `error` are messages with key and
params.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from typing import Any

from core.errors import UserError
from core.jobs import JobContext, JobStopped, start
from core.jobs.main import current_job, run_job
from core.storage import Workspace, read_json, write_json

ARGV = [sys.executable, "-m", "tests.fakes.trainer"]


class OutOfMemoryError(RuntimeError):
    """Named like the one of an accelerator."""


def run(job: JobContext) -> None:
    """Does the steps, with a checkpoint after each, and misbehaves in the middle."""
    mode, steps = job.params.get("mode", "ok"), job.params.get("steps", 6)
    checkpoint = job.dir / "checkpoint.json"
    first = read_json(checkpoint)["step"] + 1 if checkpoint.exists() else 1
    if mode == "ignore-term":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    job.phase("train")
    print(job.params.get("says", ""))
    for warning in job.params.get("warnings", ()):
        job.warn(warning["key"], **warning["params"])
    for step in range(first, steps + 1):
        if job.should_stop() and mode not in ("ignore-term", "hang"):
            write_json(checkpoint, {"step": step - 1})
            raise JobStopped
        loss = float("nan") if mode == "nan" and step == 3 else 3.0 / step
        job.metric(step=step, loss=loss)
        job.progress(step, steps, "steps")
        write_json(checkpoint, {"step": step})
        if step == steps // 2 and job.sitting == 1:
            misbehave(job, mode)
        time.sleep(job.params.get("delay_s", 0.02))
    job.result(steps=steps)


def misbehave(job: JobContext, mode: str) -> None:
    """What goes wrong in each mode; "ok", "nan" and "clock" go on."""
    deaths: dict[str, Any] = {"kill": signal.SIGKILL, "abort": signal.SIGABRT}
    if mode in deaths:
        os.kill(os.getpid(), deaths[mode])
    elif mode == "segv":
        ctypes.string_at(0)
    elif mode == "oom":
        raise OutOfMemoryError("tried to allocate 20 GiB")
    elif mode == "refuse":
        raise UserError(job.params["error"]["key"], **job.params["error"]["params"])
    elif mode == "error":
        raise RuntimeError("something in the trainer")
    elif mode.startswith("exit"):
        os._exit(int(mode.partition("-")[2]))
    elif mode in ("hang", "ignore-term"):
        while True:
            time.sleep(1)
    elif mode == "fork":
        grandchild = "import subprocess, sys, time; subprocess.Popen(['sleep', '300']); time.sleep(300)"
        children = [subprocess.Popen([sys.executable, "-c", grandchild]),
                    subprocess.Popen(["sleep", "300"], start_new_session=True),
                    subprocess.Popen(["sleep", "300"]),
                    subprocess.Popen(["sleep", "300"], start_new_session=True, env={}),
                    subprocess.Popen(["sleep", "300"], start_new_session=True, env={"PATH": os.defpath})]
        job.item(children=[child.pid for child in children])
        time.sleep(0.3)
        os._exit(5)
    elif mode == "clock":
        time.time = lambda: 1_577_836_800.0  # somebody sets the clock to 2020
    elif mode == "starts":
        other = start(job.ws, "other", {"steps": 10_000}, argv=ARGV)
        job.item(other=other.id)
        os._exit(5)
    elif mode == "torn":
        with job.paths.events.open("ab") as file:
            file.write(b'{"seq":99,"type":"metric","step":9')
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(run_job(Workspace.default(), current_job() or "", run))
