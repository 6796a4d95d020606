"""Long work on datasets as a job: files of others are read in a limited child, which is ended when it grows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from core import jobs
from core.datasets import changing
from core.datasets.doctor import as_json as as_report
from core.datasets.doctor import examine, mend
from core.datasets.exporting import export, export_card, suffix
from core.datasets.folders import MODEL
from core.datasets.importing import Probe, import_files, probe
from core.datasets.llama_factory import export_folder
from core.datasets.mapping import Mapping
from core.datasets.reading import Split
from core.datasets.registry import HELD_OUT
from core.datasets.repository import arrange
from core.datasets.rows import Row, Wrong
from core.datasets.store import DatasetInfo, clean_title, get_dataset
from core.datasets.trl_folder import export_trl
from core.errors import UserError
from core.jobs import JobContext, JobState, JobStopped, JobView
from core.jobs.sandbox import Limited, run_limited
from core.storage import Workspace, read_json, write_json
from core.storage.workspace import user_path

_MEMORY = 3 << 30
_LONGEST_S = 12 * 3600.0
_LOOK_S = 60.0
FOLDER, TRL = "llama_factory", "trl"
FOLDERS: dict[str, Callable[..., int]] = {FOLDER: export_folder, TRL: export_trl}
"""Formats that are a folder, and what makes it."""
Sources = list[tuple[Path, str]]


def start_import(ws: Workspace, sources: Sources, title: str = "", mapping: Mapping | None = None) -> JobView:
    """Starts a job that imports files. Its result names the datasets made: ``ids``, ``rows``, ``faults``."""
    if not sources:
        raise UserError("dataset.error.no_files")
    given = {"op": "import", "files": [[str(path), label] for path, label in sources], "title": clean_title(title),
             "mapping": [mapping.columns, mapping.tags] if mapping else None}
    return jobs.start(ws, "dataset", given, title=clean_title(title) or sources[0][1])


def start_export(ws: Workspace, dataset_id: str, fmt: str, split: Split, model: str = MODEL,
                 lang: str = "en") -> JobView:
    """Starts a job that writes a dataset for other programs. Its result: ``path``, ``rows``, ``left_out``, ``card``.

    Args:
        model: that a folder for a trainer names.
        lang: language of the card.
    """
    info = get_dataset(ws, dataset_id)
    given = {"op": "export", "dataset": dataset_id, "format": fmt, "split": split, "model": model, "lang": lang}
    return jobs.start(ws, "dataset", given, title=info.title)


def start_check(ws: Workspace, dataset_id: str) -> JobView:
    """Starts the doctor; `last_report` has what it found."""
    info = get_dataset(ws, dataset_id)
    return jobs.start(ws, "dataset", {"op": "check", "dataset": dataset_id, "state": info.state},
                      title=info.title)


def start_mend(ws: Workspace, dataset_id: str, kinds: list[str]) -> JobView:
    """Starts the mending of some kinds of faults; afterwards the doctor looks again."""
    info = get_dataset(ws, dataset_id)
    return jobs.start(ws, "dataset", {"op": "mend", "dataset": dataset_id, "kinds": kinds}, title=info.title)


def last_report(ws: Workspace, info: DatasetInfo) -> dict[str, Any] | None:
    """What the doctor last said of a dataset (see `doctor.as_json`), unless its rows have changed since."""
    for job in jobs.list_jobs(ws, "dataset"):
        if job.params.get("dataset") == info.id and job.state is JobState.DONE and job.result:
            path = ws.job(job.id).result_file
            if job.result.get("state") == info.state and path.is_file():
                return read_json(path)
    return None


def look(ws: Workspace, sources: Sources, mapping: Mapping | None = None) -> dict[str, Any]:
    """What `probe` finds, as JSON values, found in a limited child: untrusted files are not parsed by the web server.

    Raises UserError when the files cannot be opened, or not within a minute.
    """
    given = {"root": str(ws.root), "files": [[str(path), label] for path, label in sources],
             "mapping": [mapping.columns, mapping.tags] if mapping else None}
    done = run_limited("core.datasets.work:look_child", input=given, wall_s=_LOOK_S, memory_bytes=_MEMORY)
    _raise(done, sources[0][1])
    return done.lines[0]


def run(job: JobContext) -> None:
    """Handler of the kind "dataset"."""
    if job.params["op"] in ("check", "mend"):
        _check(job)
    elif job.params["op"] == "change":
        changing.run(job)
    elif job.params["op"] == "export":
        _export(job)
    else:
        _import(job)


def _check(job: JobContext) -> None:
    dataset_id = job.params["dataset"]
    if job.params["op"] == "mend":
        job.phase("mend")
        mend(job.ws, dataset_id, job.params["kinds"])
    job.phase("check")
    info = get_dataset(job.ws, dataset_id)

    def report(done: int) -> None:
        if done % 200 == 0:
            job.check_stop()
            job.progress(done, max(done, info.rows + info.held_out_rows), "rows")

    found = examine(job.ws, dataset_id, on_row=report)
    write_json(job.paths.result_file, as_report(found))
    job.result(state=get_dataset(job.ws, dataset_id).state, findings=len(found.findings))


def _export(job: JobContext) -> None:
    job.phase("export")
    given, ws = job.params, job.ws
    info = get_dataset(ws, given["dataset"])
    total = info.rows if given["split"] == "train" else info.held_out_rows
    name = info.name + (HELD_OUT if given["split"] == "held_out" else "")

    def report(done: int) -> None:
        if done % 500 == 0:
            job.check_stop()
            job.progress(done, max(total, done), "rows")

    if given["format"] in FOLDERS:
        target = ws.web_folder(job.id) / f"{info.name}-{given['format'].replace('_', '-')}.zip"
        rows = FOLDERS[given["format"]](ws, info.id, target, model=given["model"], lang=given["lang"])
        job.result(path=str(target), rows=rows, left_out=0, card="", notes=[])
        return
    target = ws.web_folder(job.id) / f"{name}-{given['format']}{suffix(given['format'])}"
    made = export(ws, info.id, given["format"], target, given["split"], report)
    told = export_card(ws, info.id, made, target, given["split"], given["lang"])
    job.result(path=str(target), rows=made.rows, left_out=made.left_out + made.unreadable, card=str(told),
               notes=made.judged.notes() if made.judged else [])


def _import(job: JobContext) -> None:
    job.result(**import_limited(job, job.params))


def import_limited(job: JobContext, given: dict[str, Any]) -> dict[str, Any]:
    """Imports files in a limited child; what gave no rows becomes a warning.

    Args:
        given: ``files``, ``title``, ``mapping``; ``repository`` for files of a hub: see `repository.arrange`.

    Returns:
        ``ids`` of the datasets made, ``rows``, ``faults``.
    """
    job.phase("import")
    results: list[dict[str, Any]] = []

    def take(line: dict[str, Any]) -> None:
        if "row" in line:
            job.progress(line["row"], None, "rows")
        else:
            results.append(line)

    done = run_limited("core.datasets.work:import_child", input={"root": str(job.ws.root), **given},
                       wall_s=_LONGEST_S, memory_bytes=_MEMORY, on_line=take, should_stop=job.should_stop)
    if done.failure == "stopped":
        raise JobStopped
    _raise(done, given["files"][0][1])
    for left in results[0].pop("skipped"):
        job.warn(left["key"], **left["params"])
    return results[0]


def look_child(given: dict[str, Any], send: Any) -> None:
    """Runs in the limited child."""
    found = probe(Workspace.at(given["root"]), _sources(given), _mapping(given))
    send(as_json(found))


def import_child(given: dict[str, Any], send: Any) -> None:
    """Runs in the limited child."""
    configs = given.get("repository")
    made = import_files(Workspace.at(given["root"]), _sources(given), given["title"], _mapping(given),
                        lambda n: send({"row": n}) if n % 2000 == 0 else None,
                        (lambda parts: parts) if configs is None else partial(arrange, title=given["title"],
                                                                              configs=configs))
    send({"ids": [d.id for d in made.datasets], "rows": sum(d.rows + d.held_out_rows for d in made.datasets),
          "faults": sum(d.faults for d in made.datasets), "skipped": [s.error for s in made.skipped]})


def as_json(found: Probe) -> dict[str, Any]:
    """A probe for the page: role → column, names of columns, examples as turns or what is wrong."""
    return {"columns": found.columns, "mapping": found.mapping.columns, "tags": found.mapping.tags,
            "kind": found.mapping.kind, "shape": found.mapping.shape, "complete": found.mapping.complete,
            "archive": found.archive, "raw": [{k: str(v)[:300] for k, v in row.items()} for row in found.raw],
            "examples": [_example(one) for one in found.examples]}


def _example(one: Row | Wrong) -> dict[str, Any]:
    if isinstance(one, Wrong):
        return {"wrong": {"key": one.key, "params": one.params}, "column": one.column}
    return {"turns": [[m.role, m.content[:600]] for m in one.every_message], "answer": one.answer[:600],
            "text": one.text[:600], "scores": [[a.content[:200], a.score, a.reason[:200]] for a in one.answers]}


def _sources(given: dict[str, Any]) -> Sources:
    return [(user_path(path), label) for path, label in given["files"]]


def _mapping(given: dict[str, Any]) -> Mapping | None:
    return Mapping(*given["mapping"]) if given.get("mapping") else None


def _raise(done: Limited, name: str) -> None:
    if done.failure == "error" and done.error:
        raise UserError(done.error["key"], **done.error.get("params", {}))
    if done.failure in ("memory", "time"):
        raise UserError(f"dataset.error.reading_{done.failure}", name=name)
    if done.failure:
        raise RuntimeError(f"the reading child ended with {done.failure}: {done.detail[-2000:]}")
