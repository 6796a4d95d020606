"""Where a person stands on the path: the state of each step, computed from what is on disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core import datasets, documents, jobs, qa
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class Step:
    """One step. `state` is empty, progress, done or attention; `key` and `params` name the words for it."""

    id: str
    state: str
    key: str
    params: dict[str, Any] = field(default_factory=dict)


def overview(ws: Workspace) -> list[Step]:
    """The six steps in the order they are walked."""
    tuned = [run for run in jobs.list_jobs(ws, "train")]
    return [_documents(ws), _qa(ws), _dataset(ws), _train(tuned),
            *(_after(step, tuned) for step in ("compare", "ship"))]


def _step(id: str, state: str, word: str | None = None, **params: Any) -> Step:
    return Step(id, state, f"rail.state.{id}.{word or state}", params)


def _documents(ws: Workspace) -> Step:
    known = documents.list_documents(ws)
    if not known:
        return _step("documents", "empty")
    running = [d for d in known if d.state == "converting"]
    if running:
        return _step("documents", "progress", done=sum(d.done_pages for d in running),
                     total=sum(d.pages or 1 for d in running))
    doubtful = sum(d.state in ("failed", "partial") for d in known)
    if doubtful:
        return _step("documents", "attention", count=doubtful)
    waiting = sum(d.state in ("new", "stopped") for d in known)
    if waiting:
        return _step("documents", "attention", "waiting", count=waiting)
    return _step("documents", "done", count=len(known))


def _qa(ws: Workspace) -> Step:
    count = qa.counts(ws).total
    if any(not job.state.is_terminal for job in jobs.list_jobs(ws, "build")):
        return _step("qa", "progress", count=count)
    return _step("qa", "done", count=count) if count else _step("qa", "empty")


def _dataset(ws: Workspace) -> Step:
    known = datasets.list_datasets(ws)
    return _step("dataset", "done", count=sum(max(0, d.rows) for d in known)) if known else _step("dataset", "empty")


def _train(runs: list[jobs.JobView]) -> Step:
    for run in runs:
        if not run.state.is_terminal:
            percent = int(100 * (run.done or 0) / run.total) if run.total else 0
            return _step("train", "progress", percent=percent)
    good = _finished(runs)
    if runs and runs[0].state in (jobs.JobState.FAILED, jobs.JobState.INTERRUPTED):
        return _step("train", "attention")
    return _step("train", "done", count=len(good)) if good else _step("train", "empty")


def _after(step: str, runs: list[jobs.JobView]) -> Step:
    return _step(step, "done" if _finished(runs) else "empty")


def _finished(runs: list[jobs.JobView]) -> list[jobs.JobView]:
    return [run for run in runs if run.state in (jobs.JobState.DONE, jobs.JobState.STOPPED)]
