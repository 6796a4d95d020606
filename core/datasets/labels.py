"""What people may change of a dataset at any time: its title, notes, tags and licence; and copies of it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import replace

from core.datasets import registry
from core.datasets.store import (
    DatasetInfo,
    clean_title,
    entries_of,
    free_name,
    get_dataset,
    list_all,
    without_dangling,
)
from core.errors import UserError
from core.storage import Workspace, new_id, publish_dir, remove_dir, require_space, write_json
from core.storage.folders import MANIFEST
from core.storage.workspace import DatasetPaths

LONGEST_NOTES, LONGEST_TAG, MOST_TAGS = 5000, 40, 20


def describe(ws: Workspace, dataset_id: str, *, title: str | None = None, notes: str | None = None,
             tags: Sequence[str] | None = None, licence: str | None = None) -> DatasetInfo:
    """Changes what is given. The name under which LLaMA-Factory finds the dataset stays, as files may use it.

    Raises UserError for datasets of others and for an empty title.
    """
    with registry.locked(ws):
        info = _own(ws, dataset_id)
        if title is not None and not clean_title(title):
            raise UserError("dataset.error.no_title")
        given = {"title": clean_title(title) if title is not None else info.title,
                 "notes": notes[:LONGEST_NOTES] if notes is not None else info.notes,
                 "tags": _clean(tags) if tags is not None else info.tags,
                 "licence": info.licence if licence is None else licence}
        write_json(ws.dataset(dataset_id).labels, given)
    return get_dataset(ws, dataset_id)


def duplicate(ws: Workspace, dataset_id: str, title: str) -> DatasetInfo:
    """A copy with a name of its own. Raises UserError for datasets of others and when the disk is full."""
    with registry.locked(ws):
        info = _own(ws, dataset_id)
        source = ws.dataset(dataset_id)
        require_space(ws.datasets, sum(path.stat().st_size for path in source.dir.iterdir()))
        paths = DatasetPaths(ws.tmp_dir(near=ws.datasets))
        try:
            for path in source.dir.iterdir():
                if path.name not in (MANIFEST, source.info.name, source.labels.name):
                    shutil.copyfile(path, paths.dir / path.name)
            taken = {d.name for d in list_all(ws)} | registry.names(ws)
            name = clean_title(title) or info.title
            copy = replace(info, id=new_id("ds"), name=free_name(name, taken), title=name, made_at=time.time())
            write_json(paths.info, copy.to_json())
            publish_dir(paths.dir, ws.dataset(copy.id).dir)
        finally:
            remove_dir(paths.dir)
        registry.update(ws, lambda entries: {**without_dangling(ws, entries), **entries_of(copy)})
    return get_dataset(ws, copy.id)


def _own(ws: Workspace, dataset_id: str) -> DatasetInfo:
    info = get_dataset(ws, dataset_id)
    if not info.own:
        raise UserError("dataset.error.not_changed", name=info.title)
    return info


def _clean(tags: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(tag for raw in tags if (tag := clean_title(raw)[:LONGEST_TAG])))[:MOST_TAGS]
