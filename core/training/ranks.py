"""One of several processes that train a run together: which it is, and what all of them have to agree on.

A run in one process is the case of one: nothing is asked of anybody, and torch is not loaded for it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from core.errors import UserError
from core.jobs import JobContext, JobStopped
from core.jobs.history import FOLDS
from core.jobs.main import explain, heed_signals
from core.storage import Workspace, write_json
from core.training.settings import TrainSettings

T = TypeVar("T")
_LAUNCHED = "TORCHELASTIC_RUN_ID"
_LOOKS_S = 0.5
LAUNCHER = "DOCTUNE_LAUNCHER"
"""Variable with the process id of the launcher; by the time a process looks it may have another parent."""


def launched() -> bool:
    """Whether this process was started as one of several (by `accelerate launch`)."""
    return _LAUNCHED in os.environ


def number() -> int:
    """Which of the processes this is; 0 leads."""
    return int(os.environ.get("RANK", "0")) if launched() else 0


def count() -> int:
    """How many train together, on all machines."""
    return int(os.environ.get("WORLD_SIZE", "1")) if launched() else 1


def leads() -> bool:
    """Whether this is the one process that writes events, checkpoints and results."""
    return number() == 0


def place(kind: str) -> str | int:
    """The device of this process, as loaders name it: of several processes each has its own card."""
    return int(os.environ["LOCAL_RANK"]) if launched() and kind == "cuda" else kind


def agree(flag: bool) -> bool:
    """Whether it is so for any process. All must ask at the same place."""
    return bool(total(float(flag))[0]) if count() > 1 else flag


def total(*values: float) -> list[float]:
    """Sums over all processes, each of the same number of values."""
    if count() == 1:
        return list(values)
    import torch
    import torch.distributed as dist

    sums = torch.tensor(values, dtype=torch.float64)
    dist.all_reduce(sums)
    return [float(value) for value in sums]


def share(make: Callable[[], T]) -> T:
    """What the leading process makes, for all of them."""
    if count() == 1:
        return make()
    import torch.distributed as dist

    found: list[Any] = [make() if leads() else None]
    dist.broadcast_object_list(found, src=0)
    return found[0]  # type: ignore[no-any-return]


def wait() -> None:
    """Returns when all processes have come here."""
    total(0.0)


@contextmanager
def together() -> Iterator[None]:
    """Joins the processes: gradients travel between cards by NCCL, everything else by gloo."""
    import torch
    import torch.distributed as dist

    cards = torch.cuda.is_available()
    if cards:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    else:
        os.environ.setdefault("DS_ACCELERATOR", "cpu")
    dist.init_process_group("cpu:gloo,cuda:nccl" if cards else "gloo")
    try:
        yield
        wait()
    finally:
        dist.destroy_process_group()


class _Rank(JobContext):
    """A run as its processes see it: all stop at the same place."""

    def check_stop(self) -> None:
        if agree(self.should_stop()):
            raise JobStopped


class _Silent(_Rank):
    """The run of a process that does not lead: nothing it reports is written."""

    def phase(self, name: str) -> None: ...

    def progress(self, done: float, total: float | None = None, unit: str = "") -> None: ...

    def part(self, name: str, done: float = 0, total: float | None = None) -> None: ...

    def alive(self) -> None: ...

    def metric(self, **numbers: float | int | None) -> None: ...

    def item(self, **facts: Any) -> None: ...

    def warn(self, key: str, **params: Any) -> None: ...

    def result(self, **facts: Any) -> None: ...


def run(ws: Workspace, run_id: str, settings: TrainSettings) -> int:
    """Trains as one of several and leaves a note of how it ended; returns the exit code."""
    from core.training.trainer import train

    _end_with_parent(int(os.environ.get(LAUNCHER) or os.getppid()))
    job = (_Rank if leads() else _Silent)(ws, run_id, {}, max(1, FOLDS.of(ws.job(run_id).events).sitting))
    heed_signals(job)
    state, error = "done", None
    try:
        with together():
            train(job, settings)
    except JobStopped:
        state = "stopped"
    except UserError as fault:
        state, error = "failed", fault
    except (Exception, SystemExit, KeyboardInterrupt) as fault:
        state, error = "failed", explain(fault)
    write_json(note(ws, run_id, number()), {"state": state, "error": error.as_dict() if error else None})
    return int(state == "failed")


def note(ws: Workspace, run_id: str, number: int) -> Path:
    """Where a process tells how it ended."""
    return ws.run(run_id).ranks / f"{int(number)}.json"


def _end_with_parent(parent: int) -> None:
    """Ends this process when its launcher is gone: nobody would wait for it, and the card would stay taken."""
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOKS_S)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
