"""The last step of every new dataset of typed rows: its description, its place among the others, its registration."""

from __future__ import annotations

from typing import Any

from core.datasets import registry
from core.datasets.rows import Kind
from core.datasets.store import DatasetInfo, entries_of, free_name, get_dataset, list_all, new_info, without_dangling
from core.datasets.writing import Written
from core.storage import Workspace, new_id, publish_dir, write_json
from core.storage.workspace import DatasetPaths


def publish(ws: Workspace, paths: DatasetPaths, title: str, train: Written, held_out: Written, *, kind: Kind,
            **facts: Any) -> DatasetInfo:
    """Makes a folder with written rows a dataset of its own.

    Args:
        paths: a scratch folder in the workspace, which is moved.
        facts: further fields of DatasetInfo.
    """
    with registry.locked(ws):
        taken = {d.name for d in list_all(ws)} | registry.names(ws)
        info = new_info(ws, new_id("ds"), free_name(title, taken), title, "rows", rows=train.rows,
                        held_out_rows=held_out.rows, characters=train.characters, kind=kind,
                        columns={"train": train.columns, "held_out": held_out.columns}, extra=train.extra,
                        tools=train.tools + held_out.tools, index=train.index, held_out_index=held_out.index,
                        fits={"train": train.fits, "held_out": held_out.fits}, **facts)
        write_json(paths.info, info.to_json())
        publish_dir(paths.dir, ws.dataset(info.id).dir)
        registry.update(ws, lambda entries: {**without_dangling(ws, entries), **entries_of(info)})
    return get_dataset(ws, info.id)
