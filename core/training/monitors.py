"""Mirrors of a run in other programs: SwanLab, TensorBoard, Weights & Biases. None of them can stop or slow a run.

Each mirror lives in a thread of its own behind a bounded queue. One that raises, or takes so long that its queue is
full, or does not come to its end in time, is told of once and dropped; the run never waits for it but at its very end.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from core.jobs import JobContext
from core.training.settings import TrainSettings

WAITING = 2000
"""Steps that a mirror may lie behind before it counts as hung."""
END_S = 8.0
"""Seconds that all mirrors together get to write what they still have when the run ends."""
_LEAST_S = 0.5
log = logging.getLogger(__name__)
Numbers = dict[str, float]


@dataclass(frozen=True)
class RunFacts:
    """What a monitor is told of a run: its id and title, its settings, a folder for its files, and its key."""

    id: str
    title: str
    settings: dict[str, Any]
    folder: Path
    key: str = field(default="", repr=False)


class Monitor(Protocol):
    """One program that a run is shown in. Everything is called in one thread, not the trainer's."""

    name: str

    def start(self, run: RunFacts) -> None:
        """Before the first numbers."""

    def log(self, step: int, numbers: Numbers) -> None:
        """Numbers of a step."""

    def finish(self, state: str) -> None:
        """After the last numbers; `state` is "done", "stopped" or "failed"."""


class Mirror:
    """A monitor in its thread.

    Args:
        dropped: called once with the monitor's name and the reason when it is given up.
    """

    def __init__(self, monitor: Monitor, run: RunFacts, dropped: Callable[[str, str], None]) -> None:
        self.monitor, self.run, self.dropped = monitor, run, dropped
        self.waiting: queue.Queue[tuple[int, Numbers] | str] = queue.Queue(WAITING)
        self.lost, self.dropping = threading.Event(), threading.Lock()
        self.thread = threading.Thread(target=self._work, name=f"monitor {monitor.name}", daemon=True)
        self.thread.start()

    def log(self, step: int, numbers: Numbers) -> None:
        """Hands numbers on; never waits and never raises."""
        if not self.lost.is_set():
            try:
                self.waiting.put_nowait((step, numbers))
            except queue.Full:
                self._drop("hang")

    def finish(self, state: str) -> None:
        """Asks the monitor to end; returns at once."""
        if not self.lost.is_set():
            try:
                self.waiting.put_nowait(state)
            except queue.Full:
                self._drop("hang")

    def wait(self, seconds: float) -> None:
        """Waits at most so long until the monitor has ended."""
        if not self.lost.is_set():
            self.thread.join(seconds)
            if self.thread.is_alive():
                self._drop("hang")

    def _work(self) -> None:
        try:
            self.monitor.start(self.run)
            while not self.lost.is_set():
                given = self.waiting.get()
                if isinstance(given, str):
                    return self.monitor.finish(given)
                self.monitor.log(*given)
        except BaseException as error:  # some monitors end the program they are in
            log.exception("monitor %s", self.monitor.name)
            self._drop(type(error).__name__)

    def _drop(self, reason: str) -> None:
        with self.dropping:
            if self.lost.is_set():
                return
            try:
                self.dropped(self.monitor.name, reason)
            except Exception:
                log.exception("monitor %s", self.monitor.name)
            self.lost.set()  # last: whoever sees it may end the process


class SwanLab:
    """https://swanlab.cn: files on this computer ("local"), for a later upload ("offline"), or the cloud ("cloud")."""

    name = "SwanLab"

    def __init__(self, mode: str) -> None:
        self.mode = {"cloud": "online"}.get(mode, mode)

    def start(self, run: RunFacts) -> None:
        """Opens a run; nothing about this machine, its programs or the terminal is sent along."""
        import swanlab

        run.folder.mkdir(parents=True, exist_ok=True)
        nothing = {"hardware": False, "runtime": False, "requirements": False, "git": False, "monitor": False}
        settings = swanlab.Settings(interactive=False, probe=nothing, terminal={"proxy_type": "none"},
                                    api_key=run.key or None)
        self.swanlab = swanlab.init(project="DocTune", name=run.title or run.id, mode=self.mode,  # type: ignore
                                    log_dir=str(run.folder), config=run.settings, settings=settings)

    def log(self, step: int, numbers: Numbers) -> None:
        """All numbers below `train/`."""
        self.swanlab.log({f"train/{name}": value for name, value in numbers.items()}, step=step)

    def finish(self, state: str) -> None:
        """Ends the run as a success unless it failed."""
        self.swanlab.finish(state="crashed" if state == "failed" else "success")


class TensorBoard:
    """Event files for `tensorboard --logdir`."""

    name = "TensorBoard"

    def start(self, run: RunFacts) -> None:
        """Opens the event file."""
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(run.folder))  # type: ignore[no-untyped-call]

    def log(self, step: int, numbers: Numbers) -> None:
        """A scalar for each number."""
        for name, value in numbers.items():
            self.writer.add_scalar(f"train/{name}", value, step)  # type: ignore[no-untyped-call]

    def finish(self, state: str) -> None:
        """Writes what is left."""
        self.writer.close()  # type: ignore[no-untyped-call]


class WandB:
    """Weights & Biases, with the key that its own `wandb login` keeps."""

    name = "W&B"

    def start(self, run: RunFacts) -> None:
        """Opens a run."""
        import wandb

        self.run = wandb.init(project="DocTune", name=run.title or run.id, dir=str(run.folder), config=run.settings,
                              settings=wandb.Settings(console="off", x_disable_meta=True))

    def log(self, step: int, numbers: Numbers) -> None:
        """All numbers of the step."""
        self.run.log(numbers, step=step)

    def finish(self, state: str) -> None:
        """Ends the run."""
        self.run.finish(exit_code=int(state == "failed"))


def installed(module: str) -> bool:
    """Whether a monitor's package is there; nothing is imported."""
    return find_spec(module) is not None


def chosen(settings: TrainSettings) -> list[Monitor]:
    """The monitors that the settings ask for and that are installed."""
    found: list[Monitor] = []
    if settings.swanlab != "off" and installed("swanlab"):
        found.append(SwanLab(settings.swanlab))
    if settings.tensorboard and installed("tensorboard"):
        found.append(TensorBoard())
    if settings.wandb and installed("wandb"):
        found.append(WandB())
    return found


@contextmanager
def mirrored(job: JobContext, settings: TrainSettings, key: str = "", monitors: list[Monitor] | None = None
             ) -> Iterator[None]:
    """While this lasts, every number that the job reports goes to the monitors, too.

    Args:
        key: of SwanLab's cloud.
        monitors: instead of those that the settings choose.
    """
    from core.jobs import JobStopped

    folder = job.ws.run(job.id).monitors
    title = settings.dataset or job.id
    mirrors = [Mirror(monitor, RunFacts(job.id, title, settings.model_dump(), folder / monitor.name.lower(), key),
                      lambda name, reason: job.warn("train.warning.monitor", name=name, reason=reason))
               for monitor in (chosen(settings) if monitors is None else monitors)]

    def hear(numbers: dict[str, float | int | None]) -> None:
        found = {name: float(value) for name, value in numbers.items() if name != "step" and value is not None}
        for mirror in mirrors:
            mirror.log(int(numbers.get("step") or 0), found)

    job.listeners.append(hear)
    state = "failed"
    try:
        yield
        state = "done"
    except JobStopped:
        state = "stopped"
        raise
    finally:
        job.listeners.remove(hear)
        for mirror in mirrors:
            mirror.finish(state)
        end = time.monotonic() + END_S
        for mirror in mirrors:
            mirror.wait(max(_LEAST_S, end - time.monotonic()))
