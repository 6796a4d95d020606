"""The state of a job, computed from its events and the identity of its processes; it is stored nowhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.errors import UserError
from core.jobs import identity
from core.jobs.history import FOLDS, Fold
from core.jobs.identity import Identity
from core.jobs.spec import JobSpec, load_spec
from core.storage import Workspace, check_id, read_json
from core.storage.workspace import JobPaths


class JobState(StrEnum):
    """Where a job is in its life."""

    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def is_terminal(self) -> bool:
        """Whether no process of the job is left."""
        return self in (JobState.DONE, JobState.STOPPED, JobState.FAILED, JobState.INTERRUPTED)


@dataclass(frozen=True)
class JobView:
    """A job as it is now. Times are seconds since 1970 (labels) or durations in seconds.

    `waits_for` is the title of the job whose end a waiting one awaits. `error` and the `warnings` are
    ``{"key": …, "params": {…}}`` of the message catalogue.
    """

    id: str
    kind: str
    title: str
    state: JobState
    phase: str = ""
    done: float = 0
    total: float | None = None
    unit: str = ""
    eta_s: float | None = None
    elapsed_s: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    error: dict[str, Any] | None = None
    warnings: list[dict[str, Any]] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)
    pid: int | None = None
    params: dict[str, Any] = field(default_factory=dict)
    sitting: int = 1
    waits_for: str = ""


@dataclass(frozen=True)
class Processes:
    """The processes of a job's current sitting, as its identity file names them."""

    worker: Identity | None = None
    supervisor: Identity | None = None

    @property
    def are_alive(self) -> bool:
        """Whether either of them runs."""
        return identity.is_alive(self.worker) or identity.is_alive(self.supervisor)


def processes(paths: JobPaths, token: str, started: dict[str, Any] | None = None) -> Processes:
    """Processes of the sitting with this token, from the job's identity file.

    Args:
        started: identity of the supervisor as its starter noted it, which counts until it has spoken itself.

    A file that is missing, damaged or of another sitting names nobody.
    """
    try:
        record = read_json(paths.identity)
    except (OSError, UserError):
        record = {}
    if not isinstance(record, dict):
        record = {}
    worker, recorded, noted = (
        one if one and token and one.token == token else None
        for one in map(identity.parse, (record.get("worker"), record.get("supervisor"), started)))
    return Processes(worker, noted if identity.is_alive(noted) else recorded or noted)


def view(ws: Workspace, job_id: str) -> JobView:
    """A job as it is now. Raises UserError when there is no such job or its spec cannot be read."""
    paths = ws.job(job_id)
    spec = load_spec(paths)
    # The processes are looked at before the events: what ended in between is then seen as still running, never as lost.
    fold = FOLDS.of(paths.events)
    for _ in range(2):
        who = processes(paths, fold.token, fold.supervisor)
        alive = who.are_alive
        fold = FOLDS.of(paths.events)
    return _build(paths, spec, fold, who, alive)


def list_jobs(ws: Workspace, kind: str | None = None) -> list[JobView]:
    """All jobs, or those of one kind, newest first. Folders with a damaged spec appear as failed."""
    found: list[tuple[float, JobView]] = []
    for parent in (ws.jobs, ws.runs):
        for folder in sorted(parent.iterdir()) if parent.is_dir() else ():
            try:
                job_id = check_id(folder.name)
                spec = load_spec(ws.job(job_id))
                found.append((spec.created_at, view(ws, job_id)))
            except UserError as error:
                if error.key == "storage.error.damaged":
                    found.append((0.0, JobView(folder.name, "unknown", folder.name, JobState.FAILED,
                                               error=error.as_dict())))
    found.sort(key=lambda entry: entry[0], reverse=True)
    return [one for _, one in found if kind is None or one.kind == kind]


def _build(paths: JobPaths, spec: JobSpec, fold: Fold, who: Processes, alive: bool) -> JobView:
    state = _state(paths, fold, who, alive)
    warnings = list(fold.warnings)
    if fold.damaged:
        warnings.append({"key": "jobs.warning.journal_damaged", "params": {"count": fold.damaged}})
    error = fold.end.get("error") if fold.end and state.is_terminal else None
    if state is JobState.INTERRUPTED:
        error = UserError("jobs.error.interrupted").as_dict()
    return JobView(
        id=spec.id, kind=spec.kind, title=spec.title, state=state, phase=fold.phase, done=fold.done, total=fold.total,
        unit=fold.unit, eta_s=None if state.is_terminal else fold.eta_s(),
        elapsed_s=None if state is JobState.INTERRUPTED else fold.elapsed_s(), started_at=fold.started_at,
        ended_at=fold.ended_at if state.is_terminal else None, error=error, warnings=warnings,
        result=dict(fold.result), pid=who.worker.pid if alive and who.worker else None, params=spec.params,
        sitting=max(1, fold.sitting), waits_for=fold.waits_for or "")


def _state(paths: JobPaths, fold: Fold, who: Processes, alive: bool) -> JobState:
    if alive:
        if paths.stop.exists():
            return JobState.STOPPING
        if who.worker:
            return JobState.RUNNING
        return JobState.STARTING if fold.waits_for is None else JobState.WAITING
    if fold.end is not None:
        try:
            return JobState(str(fold.end.get("state")))
        except ValueError:
            return JobState.FAILED
    if who.supervisor is None and identity.is_alive(identity.parse(fold.starter)):
        return JobState.STARTING
    return JobState.INTERRUPTED
