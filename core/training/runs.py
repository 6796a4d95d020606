"""Training runs: start, stop, resume, list. A run is a job whose folder also holds run.yaml, checkpoints, adapter."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import jobs
from core.datasets import preview
from core.errors import UserError
from core.jobs import JobView
from core.models import resolve
from core.storage import Workspace, atomic_write, new_id, require_space
from core.storage.workspace import CODE_ROOT
from core.training import ranks, stages
from core.training.checkpoints import KEEP
from core.training.methods import check
from core.training.settings import TrainSettings
from core.training.spec import read_yaml, to_yaml

LEASE = "accelerator"
SILENCE_S = 7200.0
"""Seconds without a batch, an event or a line in the log after which a run counts as hung."""
# Two checkpoints with their optimiser state, and the adapter, of the largest rank that is usual.
_SPACE_BYTES = 300_000_000


@dataclass(frozen=True)
class RunInfo:
    """A run for lists.

    Attributes:
        view: its job: id, title, state, progress, error.
        settings: what it is trained with; None when its file is damaged.
        has_adapter: there is a complete result, an adapter or a whole model.
        can_resume: it ended before its last step and can go on.
    """

    view: JobView
    settings: TrainSettings | None
    has_adapter: bool
    can_resume: bool


def start_run(ws: Workspace, settings: TrainSettings, title: str = "", waits: bool = False) -> JobView:
    """Starts a run in a process of its own and returns at once.

    Args:
        waits: begin when the job that holds the machine has ended, instead of refusing.

    Raises:
        UserError: settings that do not go together, no dataset chosen, one without rows or with rows that the stage
            cannot use, model missing or not allowed, disk full, another blocker that `preflight` finds, or another job
            holds the machine.
    """
    from core.training import preflight

    if not settings.dataset:
        raise UserError("train.error.no_dataset")
    check(settings)
    folder = resolve(ws, settings.model)
    stages.check_rows(ws, settings)
    if not preview(ws, settings.dataset, 0, 1)[1]:
        raise UserError("train.error.no_rows")
    require_space(ws.runs, needed_bytes(settings, folder))
    preflight.require(ws, settings)
    run_id = new_id("run")
    argv = [sys.executable, str(CODE_ROOT / "app.py"), "train", str(ws.run(run_id).yaml)]
    return jobs.start(ws, "train", settings.model_dump(), title=title or settings.model, lease=LEASE, waits=waits,
                      argv=argv, id=run_id, files={ws.run(run_id).yaml.name: to_yaml(settings)},
                      silence_s=SILENCE_S if settings.machines == 1 else None)  # other machines may come late


def needed_bytes(settings: TrainSettings, folder: Path) -> int:
    """Disk space that a run may take: its checkpoints with their optimiser's state, and the result.

    Of a whole model that is the weights and two numbers more for each in every checkpoint; three of these exist while
    one takes another's place.
    """
    if not settings.trains_whole:
        return _SPACE_BYTES
    weights = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    return weights * (3 * (KEEP + 1) + 2 + settings.keep_best)


def resume_run(ws: Workspace, run_id: str, processes: int | None = None) -> JobView:
    """Goes on from the last complete checkpoint.

    Args:
        processes: go on with so many on this machine alone. Each step sees the rows that it would have seen.

    Raises UserError while it runs, when the machine is taken, or when the rows of a step cannot be divided so.
    """
    if processes is not None:
        settings = divided(run_settings(ws, run_id), processes)
        check(settings)
        if jobs.view(ws, run_id).state.is_terminal:
            atomic_write(ws.run(run_id).yaml, to_yaml(settings))
    return jobs.resume(ws, run_id)


def divided(settings: TrainSettings, processes: int) -> TrainSettings:
    """The same training in another number of processes on one machine; the rows of a step stay the same.

    Raises UserError when they cannot be divided evenly, and for DeepSpeed, whose checkpoints are of each process.
    """
    if settings.strategy.startswith("zero"):
        raise UserError("train.error.zero_processes")
    rows = settings.batch_size * settings.world
    if processes < 1 or rows % processes:
        raise UserError("train.error.processes", rows=rows, count=processes)
    change: dict[str, Any] = {"processes": processes, "machines": 1, "batch_size": rows // processes}
    if processes == 1:
        change |= {"strategy": "single", "processes": TrainSettings.model_fields["processes"].default}
    elif settings.strategy == "single":
        change["strategy"] = "ddp"
    return TrainSettings.load({**settings.model_dump(), **change})


def stop_run(ws: Workspace, run_id: str, force: bool = False) -> None:
    """Asks a run to stop: it saves checkpoint and adapter after the current step. `force` kills it instead."""
    jobs.request_stop(ws, run_id, force)


def delete_run(ws: Workspace, run_id: str) -> None:
    """Deletes an ended run with its checkpoints and its adapter. Raises UserError while it runs."""
    jobs.delete(ws, run_id)


def list_runs(ws: Workspace) -> list[RunInfo]:
    """All runs, newest first."""
    return [_info(ws, view) for view in jobs.list_jobs(ws, kind="train")]


def tuned_runs(ws: Workspace) -> list[RunInfo]:
    """Runs whose result can answer: newest first, those that were ended early after the others."""
    return sorted((run for run in list_runs(ws) if run.has_adapter and run.settings and run.settings.stage != "reward"),
                  key=lambda run: run.can_resume)


def reward_runs(ws: Workspace) -> list[RunInfo]:
    """Finished reward models, newest first."""
    return [run for run in list_runs(ws) if run.has_adapter and run.settings and run.settings.stage == "reward"]


def run_settings(ws: Workspace, run_id: str) -> TrainSettings:
    """What a run is trained with. Raises UserError when its file is missing or damaged."""
    return read_yaml(ws.run(run_id).yaml)


def has_adapter(ws: Workspace, run_id: str) -> bool:
    """Whether a run has a complete result: an adapter, or a whole model."""
    return (ws.run(run_id).result / "manifest.json").is_file()


def _info(ws: Workspace, view: JobView) -> RunInfo:
    try:
        settings: TrainSettings | None = run_settings(ws, view.id)
    except UserError:
        settings = None
    ended_early = view.state.is_terminal and view.state is not jobs.JobState.DONE
    return RunInfo(view, settings, has_adapter(ws, view.id), ended_early and settings is not None)


def train_from_yaml(path: Path) -> int:
    """What `app.py train RUN.yaml` does; returns the exit code.

    Started by a job, it is that job's trainer, or starts the several that the settings ask for. As one of these it
    trains with the others. Started by hand, it starts a run with the file's settings, follows it
    on the terminal until it ends, and stops it on Ctrl+C.
    """
    from core.jobs.main import current_job, run_job

    ws = Workspace.default()
    settings = read_yaml(path)
    job_id = current_job()
    if ranks.launched():
        return ranks.run(ws, job_id or path.resolve().parent.name, settings)
    if job_id is not None:
        from core.training.launching import launch
        from core.training.trainer import train

        return run_job(ws, job_id, lambda job: (launch if settings.is_launched else train)(job, settings))
    return _follow(ws, start_run(ws, settings, title=path.stem))


def _follow(ws: Workspace, view: JobView) -> int:
    """Prints what happens in a run until it ends; 0 when it was trained to its end or stopped on request."""
    offset, run_id = 0, view.id
    print(ws.run(run_id).dir)
    while True:
        try:
            ended = jobs.view(ws, run_id).state.is_terminal
            events, offset = jobs.events(ws, run_id, offset)
            for event in events:
                _say(event)
            if ended:
                break
            time.sleep(0.5)
        except KeyboardInterrupt:
            jobs.request_stop(ws, run_id)
    view = jobs.view(ws, run_id)
    if view.error:
        print(UserError(view.error["key"], **view.error["params"]).text("en"), file=sys.stderr)
    print(view.state.value)
    return 0 if view.state in (jobs.JobState.DONE, jobs.JobState.STOPPED) else 1


def _say(event: dict[str, object]) -> None:
    if event.get("type") == "phase":
        print(event.get("name"))
    elif event.get("type") == "metric":
        skip = ("t", "m", "type", "seq", "crc")
        print("  ".join(f"{name} {value:.4g}" for name, value in event.items()
                        if name not in skip and isinstance(value, int | float)))
