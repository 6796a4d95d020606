"""The datasets of a workspace: our own folders, and files that others registered."""

from __future__ import annotations

import re
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core import jobs
from core.datasets import registry
from core.datasets.formats import Entry, entry_for
from core.errors import UserError
from core.storage import Workspace, check_id, read_json
from core.storage.folders import purge, stage_removal

LONGEST_TITLE = 120


@dataclass(frozen=True)
class DatasetInfo:
    """One dataset.

    Attributes:
        id: of our own datasets the folder's name; of others the name in the registry.
        name: under which LLaMA-Factory finds it; the held-out part is `<name>_held_out`.
        title: what the person called it.
        fmt: alpaca, sharegpt or openai.
        rows, held_out_rows: counts; -1 for files of others, which are not counted.
        facts, documents: different ones among the rows.
        index: byte offset in the training file of every `stride`-th row.
        own: made here, so it may be deleted here.
    """

    id: str
    name: str
    title: str
    fmt: str
    rows: int
    held_out_rows: int = 0
    facts: int = 0
    documents: int = 0
    characters: int = 0
    made_at: float = 0.0
    settings: dict[str, Any] = field(default_factory=dict)
    index: list[int] = field(default_factory=list)
    path: Path = field(kw_only=True)
    own: bool = True

    def to_json(self) -> dict[str, Any]:
        """What the folder keeps of it."""
        return {k: v for k, v in asdict(self).items() if k not in ("path", "own")}


def list_datasets(ws: Workspace) -> list[DatasetInfo]:
    """All datasets, our own first, newest first. Folders that are damaged are left out (fsck names them)."""
    own = []
    for folder in ws.datasets.iterdir() if ws.datasets.is_dir() else ():
        if not folder.name.startswith("."):
            try:
                own.append(_read(ws, check_id(folder.name)))
            except (UserError, OSError, TypeError, ValueError):
                continue
    return sorted(own, key=lambda d: -d.made_at) + _foreign(ws, {d.name for d in own})


def get_dataset(ws: Workspace, id: str) -> DatasetInfo:
    """One dataset. Raises UserError when there is none with this id."""
    found = next((d for d in list_datasets(ws) if d.id == id), None)
    if found is None:
        raise UserError("dataset.error.missing")
    return found


def delete_dataset(ws: Workspace, id: str) -> None:
    """Deletes one of our datasets with its registry entries; the pairs stay.

    Raises UserError while a run uses it, and for files of others.
    """
    with registry.locked(ws):
        info = get_dataset(ws, id)
        if not info.own:
            raise UserError("dataset.error.foreign", name=info.title)
        for run in jobs.list_jobs(ws, "train"):
            if not run.state.is_terminal and run.params.get("dataset") == id:
                raise UserError("dataset.error.in_use", name=info.title, run=run.title)
        trash = stage_removal(ws.dataset(id).dir)
        registry.update(ws, lambda entries: without_dangling(ws, entries))
    if trash:
        purge(trash)


def entries_of(info: DatasetInfo) -> dict[str, Any]:
    """The registry entries of one of our datasets."""
    made = {info.name: entry_for(info.fmt, f"datasets/{info.id}/train.jsonl").to_raw()}
    if info.held_out_rows:
        made[info.name + registry.HELD_OUT] = entry_for(info.fmt, f"datasets/{info.id}/held_out.jsonl").to_raw()
    return made


def without_dangling(ws: Workspace, entries: registry.Registry) -> registry.Registry:
    """The registry without entries of our folders that are gone, and with those of all that are there."""
    kept = {name: raw for name, raw in entries.items() if not _is_ours(raw) or ws.registered_file(raw["file_name"])}
    for info in list_datasets(ws):
        if info.own:
            kept |= {name: raw for name, raw in entries_of(info).items() if name not in kept}
    return kept


def free_name(title: str, taken: set[str]) -> str:
    """A name for the registry made from a title: small letters, digits and `_`, not yet taken."""
    base = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:32] or "dataset"
    names = (base if number == 1 else f"{base}_{number}" for number in range(1, 100_000))
    return next(n for n in names if n not in taken and n + registry.HELD_OUT not in taken)


def clean_title(title: str) -> str:
    """A title for display: one line without control characters, at most LONGEST_TITLE characters."""
    printable = "".join(c if c.isprintable() else " " for c in title)
    return " ".join(printable.split())[:LONGEST_TITLE]


def new_info(ws: Workspace, id: str, name: str, title: str, fmt: str, **counts: Any) -> DatasetInfo:
    """The description of a dataset made now."""
    path = ws.dataset(id).train
    return DatasetInfo(id, name, clean_title(title) or name, fmt, made_at=time.time(), path=path, **counts)


def _read(ws: Workspace, id: str) -> DatasetInfo:
    paths = ws.dataset(id)
    return DatasetInfo(**read_json(paths.info), path=paths.train)


def _is_ours(raw: Any) -> bool:
    name = raw.get("file_name") if isinstance(raw, dict) else None
    return isinstance(name, str) and re.fullmatch(r"datasets/ds-[a-z0-9]+/(train|held_out)\.jsonl", name) is not None


def _foreign(ws: Workspace, own: set[str]) -> list[DatasetInfo]:
    try:
        entries = registry.read(ws)
    except UserError:
        return []
    found = []
    for name, raw in entries.items():
        entry = None if _is_ours(raw) or name in own or not isinstance(raw, dict) else Entry.of(raw)
        path = ws.registered_file(entry.file_name) if entry else None
        if entry and path and path.suffix in (".json", ".jsonl"):
            found.append(DatasetInfo(name, name, name, entry.formatting, -1, path=path, own=False))
    return found
