"""The datasets of a workspace: our own folders, and files that others registered."""

from __future__ import annotations

import re
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core import jobs
from core.datasets import registry
from core.datasets.entries import mapping_of
from core.datasets.formats import entry_for
from core.datasets.mapping import Mapping
from core.datasets.rows import Kind, entry_of_rows
from core.errors import UserError
from core.storage import Workspace, check_id, read_json
from core.storage.folders import purge, remove_dir, stage_removal

LONGEST_TITLE = 120


@dataclass(frozen=True)
class DatasetInfo:
    """One dataset.

    Attributes:
        id: of our own datasets the folder's name; of others the name in the registry.
        name: under which LLaMA-Factory finds it; the held-out part is `<name>_held_out`.
        title: what the person called it.
        fmt: alpaca, sharegpt or openai; of imported ones "rows" (see `core.datasets.rows`).
        rows, held_out_rows: counts; -1 for files of others, which are not counted.
        facts, documents: different ones among the rows.
        index: byte offset in the training file of every `stride`-th row.
        own: made here, so it may be deleted here.
        kind: what a row is, see `core.datasets.rows`.
        shape: name of the format that an imported dataset came in.
        columns: part → the optional columns that its file has (of imported ones).
        extra: names of further columns that came along.
        fits: part → format → rows that it can hold (of imported ones).
        tools: rows that need a model that knows tools.
        faults: rows of the imported files that could not be used.
        files: names of the imported files.
        notes, tags: what people wrote about it.
        licence: key of the licence that the person chose for it, see `core.datasets.licences`; "" for none.
        made_from: what made this version, as {"key", "params"}.
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
    held_out_index: list[int] = field(default_factory=list)
    kind: Kind = "chat"
    shape: str = ""
    columns: dict[str, list[str]] = field(default_factory=dict)
    extra: list[str] = field(default_factory=list)
    fits: dict[str, dict[str, int]] = field(default_factory=dict)
    tools: int = 0
    faults: int = 0
    files: list[str] = field(default_factory=list)
    notes: str = ""
    tags: list[str] = field(default_factory=list)
    licence: str = ""
    made_from: dict[str, Any] = field(default_factory=dict)
    path: Path = field(kw_only=True)
    own: bool = True

    @property
    def state(self) -> str:
        """Changes with the training rows; "" while their file is missing."""
        return f"{self.path.stat().st_size} {self.path.stat().st_mtime_ns}" if self.path.is_file() else ""

    @property
    def trainable(self) -> bool:
        """Whether training here can use it: there is a stage for each kind of rows, but not for tools."""
        return not self.tools

    @property
    def labels(self) -> dict[str, Any]:
        """What people may change of it at any time."""
        return {"title": self.title, "notes": self.notes, "tags": self.tags, "licence": self.licence}

    def to_json(self) -> dict[str, Any]:
        """What the folder keeps of it."""
        return {k: v for k, v in asdict(self).items() if k not in ("path", "own")}


def list_datasets(ws: Workspace) -> list[DatasetInfo]:
    """All datasets that a stage of training here can use, our own first, newest first."""
    return [info for info in list_all(ws) if info.trainable]


def list_all(ws: Workspace) -> list[DatasetInfo]:
    """All datasets of every kind, our own first, newest first. Damaged folders are left out (fsck names them)."""
    own = []
    for folder in ws.datasets.iterdir() if ws.datasets.is_dir() else ():
        if not folder.name.startswith("."):
            try:
                own.append(_read(ws, check_id(folder.name)))
            except (UserError, OSError, TypeError, ValueError):
                continue
    return sorted(own, key=lambda d: -d.made_at) + _foreign(ws, {d.name for d in own})


def find_dataset(ws: Workspace, id: str | None) -> DatasetInfo | None:
    """One dataset, if it is still there."""
    return next((d for d in list_all(ws) if d.id == id), None)


def get_dataset(ws: Workspace, id: str) -> DatasetInfo:
    """One dataset. Raises UserError when there is none with this id."""
    found = find_dataset(ws, id)
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
        refuse_in_use(ws, info)
        remove_dir(ws.dataset_versions(id))
        trash = stage_removal(ws.dataset(id).dir)
        registry.update(ws, lambda entries: without_dangling(ws, entries))
    if trash:
        purge(trash)


def refuse_in_use(ws: Workspace, info: DatasetInfo) -> None:
    """Raises UserError while a run uses a dataset."""
    for run in jobs.list_jobs(ws, "train"):
        used = [run.params, *(run.params.get("also") or ())]
        if not run.state.is_terminal and any(one.get("dataset") == info.id for one in used):
            raise UserError("dataset.error.in_use", name=info.title, run=run.title)


def entries_of(info: DatasetInfo) -> dict[str, Any]:
    """The registry entries of one of our datasets."""
    made = {info.name: _entry(info, "train")}
    if info.held_out_rows:
        made[info.name + registry.HELD_OUT] = _entry(info, "held_out")
    return made


def mapping_for(ws: Workspace, info: DatasetInfo, split: str) -> Mapping | None:
    """How the rows of a part are read; None when the registry has no such entry. Not for `fmt` "rows"."""
    if info.own:
        return mapping_of(_entry(info, split) | ({"columns": _PAIRS} if info.fmt == "alpaca" else {}))
    return mapping_of(_foreign_entry(ws, info, split))


def registered_path(ws: Workspace, info: DatasetInfo, split: str) -> Path | None:
    """The file of a part of somebody else's dataset, if it is there."""
    name = (_foreign_entry(ws, info, split) or {}).get("file_name")
    return ws.registered_file(name) if isinstance(name, str) else None


def _foreign_entry(ws: Workspace, info: DatasetInfo, split: str) -> Any:
    raw = registry.read(ws).get(info.name + (registry.HELD_OUT if split == "held_out" else ""))
    return raw if isinstance(raw, dict) else None


_PAIRS = {"prompt": "instruction", "query": "input", "response": "output", "system": "system", "history": "history"}


def _entry(info: DatasetInfo, split: str) -> dict[str, Any]:
    name = f"datasets/{info.id}/{split}.jsonl"
    if info.fmt == "rows":
        return entry_of_rows(info.kind, name, set(info.columns.get(split, ())))
    return entry_for(info.fmt, name)


def without_dangling(ws: Workspace, entries: registry.Registry) -> registry.Registry:
    """The registry without entries of our folders that are gone, and with those of all that are there."""
    kept = {name: raw for name, raw in entries.items() if not _is_ours(raw) or ws.registered_file(raw["file_name"])}
    for info in list_all(ws):
        if info.own:
            kept |= {name: raw for name, raw in entries_of(info).items() if name not in kept}
    return kept


def free_name(title: str, taken: set[str]) -> str:
    """A name for the registry made from a title: small letters, digits and `_`, not yet taken."""
    base = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:32]
    if not any(sign.isalpha() for sign in base):  # what a Chinese title leaves
        base = f"dataset_{base}".rstrip("_")
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
    labels = read_json(paths.labels) if paths.labels.is_file() else {}
    return DatasetInfo(**{**read_json(paths.info), **labels}, path=paths.train)


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
        mapping = None if _is_ours(raw) or name in own or not isinstance(raw, dict) else mapping_of(raw)
        path = ws.registered_file(raw["file_name"]) if mapping and isinstance(raw.get("file_name"), str) else None
        if mapping and path and path.suffix in (".json", ".jsonl"):
            fmt = raw.get("formatting", "alpaca")
            found.append(DatasetInfo(name, name, name, fmt, -1, path=path, own=False, kind=mapping.kind,
                                     shape=mapping.shape, tools=int("tools" in mapping.columns)))
    return found
