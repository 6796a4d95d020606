"""Changing the rows of a dataset: a new whole folder takes the place of the old one, which is kept for undo."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.datasets import registry
from core.datasets.columns import Place, origins, write_origins
from core.datasets.rows import Row
from core.datasets.store import DatasetInfo, entries_of, get_dataset, refuse_in_use, without_dangling
from core.datasets.writing import Written, write_rows
from core.errors import UserError
from core.storage import Workspace, publish_dir, remove_dir, require_space, write_json
from core.storage.atomic import replace as move
from core.storage.folders import purge, stage_removal
from core.storage.workspace import DatasetPaths

KEPT = 5


def change(ws: Workspace, dataset_id: str, train: Iterable[tuple[Place, Row]], held_out: Iterable[tuple[Place, Row]],
           made_from: dict[str, Any]) -> DatasetInfo:
    """Replaces the rows of a dataset of ours; each comes with the place it had, from which its origin follows.

    Args:
        made_from: what is done, as ``{"key", "params"}``.

    Raises UserError while a run uses the dataset, for datasets of others, when no row would be left to train on, and
    when the disk is full; then nothing has changed.
    """
    info = changeable(ws, dataset_id)
    require_space(ws.datasets, 2 * sum(path.stat().st_size for path in ws.dataset(dataset_id).dir.iterdir()))
    paths = DatasetPaths(ws.tmp_dir(near=ws.datasets))
    try:
        places: dict[str, list[Place]] = {"train": [], "held_out": []}
        written = {"train": write_rows(paths, paths.train, _noted(train, places["train"])),
                   "held_out": write_rows(paths, paths.held_out, _noted(held_out, places["held_out"]))}
        if not written["train"].rows:
            raise UserError("dataset.error.nothing_left", name=info.title)
        _carry_over(ws.dataset(dataset_id), paths, places)
        changed = _described(info, written, made_from)
        if not changed.held_out_rows:
            paths.held_out.unlink()
        write_json(paths.info, changed.to_json())
        with registry.locked(ws):
            changeable(ws, dataset_id)
            _exchange(ws, dataset_id, paths.dir)
            registry.update(ws, lambda entries: _registered(ws, entries, changed))
    finally:
        remove_dir(paths.dir)
    return get_dataset(ws, dataset_id)


def versions(ws: Workspace, dataset_id: str) -> list[Path]:
    """Earlier versions, the oldest first."""
    kept = ws.dataset_versions(dataset_id)
    return sorted(kept.iterdir()) if kept.is_dir() else []


def undo(ws: Workspace, dataset_id: str) -> DatasetInfo:
    """Goes back to the version before. Raises UserError when there is none or a run uses the dataset."""
    with registry.locked(ws):
        now = changeable(ws, dataset_id)
        earlier = versions(ws, dataset_id)
        if not earlier:
            raise UserError("dataset.error.no_version")
        trash = stage_removal(ws.dataset(dataset_id).dir)
        move(earlier[-1], ws.dataset(dataset_id).dir)
        write_json(ws.dataset(dataset_id).labels, now.labels)
        back = get_dataset(ws, dataset_id)
        registry.update(ws, lambda entries: _registered(ws, entries, back))
    if trash:
        purge(trash)
    return back


def changeable(ws: Workspace, dataset_id: str) -> DatasetInfo:
    """The dataset. Raises UserError when it is made elsewhere, or a run uses it."""
    info = get_dataset(ws, dataset_id)
    if not info.own:
        raise UserError("dataset.error.not_changed", name=info.title)
    refuse_in_use(ws, info)
    return info


def _noted(rows: Iterable[tuple[Place, Row]], places: list[Place]) -> Iterable[Row]:
    for place, row in rows:
        places.append(place)
        yield row


def _described(info: DatasetInfo, written: dict[str, Written], made_from: dict[str, Any]) -> DatasetInfo:
    train, test = written["train"], written["held_out"]
    return replace(info, fmt="rows", rows=train.rows, held_out_rows=test.rows, characters=train.characters,
                   tools=train.tools + test.tools, index=train.index, held_out_index=test.index, extra=train.extra,
                   fits={"train": train.fits, "held_out": test.fits},
                   columns={"train": train.columns, "held_out": test.columns}, shape=info.shape or info.fmt,
                   made_from=made_from)


def _carry_over(old: DatasetPaths, new: DatasetPaths, places: dict[str, list[Place]]) -> None:
    """Where rows come from, and the faults of the import, stay known."""
    if old.faults.is_file():
        new.faults.write_bytes(old.faults.read_bytes())
    known = origins(old)
    if known:
        write_origins(new, (((split, row), known[place]) for split, came_from in places.items()
                            for row, place in enumerate(came_from) if place in known))


def _exchange(ws: Workspace, dataset_id: str, folder: Path) -> None:
    """The new folder takes the old one's place. Cut off in between, `registry.locked` puts the old one back."""
    kept = ws.dataset_versions(dataset_id)
    kept.mkdir(parents=True, exist_ok=True)
    earlier = versions(ws, dataset_id)
    number = int(earlier[-1].name) + 1 if earlier else 1
    move(ws.dataset(dataset_id).dir, kept / f"{number:06d}")
    publish_dir(folder, ws.dataset(dataset_id).dir)
    for path in earlier[:max(0, len(earlier) + 1 - KEPT)]:
        remove_dir(path)


def _registered(ws: Workspace, entries: registry.Registry, info: DatasetInfo) -> registry.Registry:
    """Our entries anew; keys in them that others wrote stay."""
    mine = entries_of(info)
    gone = {info.name, info.name + registry.HELD_OUT} - set(mine)
    kept = {name: raw for name, raw in without_dangling(ws, entries).items() if name not in gone}
    for name, raw in mine.items():
        before = kept.get(name)
        foreign = {k: v for k, v in before.items() if k not in _KNOWN} if isinstance(before, dict) else {}
        kept[name] = {**raw, **foreign}
    return kept


_KNOWN = {"file_name", "formatting", "columns", "tags", "ranking"}
