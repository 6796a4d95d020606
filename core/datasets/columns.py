"""What rows can be told apart by: question, task, further columns, and the document or fact they come from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from core.datasets.reading import Split, every_row
from core.datasets.rows import Row
from core.datasets.similar import bare
from core.datasets.store import DatasetInfo
from core.storage import Workspace
from core.storage.workspace import DatasetPaths

QUESTION, TASK = "question", "task"
ORIGINS = {"document": "label", "fact": "fact"}
"""Columns that follow from where a row comes from → the name under which its origin keeps them."""
PARTS: tuple[Split, Split] = ("train", "held_out")
Place = tuple[str, int]
"""(part, number of the row there)."""
OnRow = Callable[[int], None]


def columns_of(ws: Workspace, info: DatasetInfo) -> list[str]:
    """Names of all columns by which rows of a dataset can be grouped, besides the question."""
    named = [TASK] if any(TASK in columns for columns in info.columns.values()) else []
    traced = list(ORIGINS) if info.own and ws.dataset(info.id).provenance.is_file() else []
    return [*traced, *named, *(name for name in info.extra if name not in traced)]


class Values:
    """The values of rows in the columns of one dataset."""

    def __init__(self, ws: Workspace, info: DatasetInfo, *columns: str) -> None:
        traced = info.own and not set(columns).isdisjoint(ORIGINS)
        self._origins = origins(ws.dataset(info.id)) if traced else {}

    def of(self, place: Place, row: Row, column: str) -> str:
        """A row's task, its question without marks and case, where it is from, or a further column; "" for none."""
        if column == QUESTION:
            return bare(row.question)
        if column == TASK:
            return row.task
        found = row.extra.get(column)
        if found is None and column in ORIGINS:
            found = self._origins.get(place, {}).get(ORIGINS[column])
        if found is None:
            return ""
        return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def origins(paths: DatasetPaths) -> dict[Place, dict[str, Any]]:
    """Where the rows of a dataset come from, as far as that is known: pair, document, page, quote."""
    if not paths.provenance.is_file():
        return {}
    with paths.provenance.open(encoding="utf-8") as file:
        return {(found["split"], found["row"]): found for found in map(json.loads, file)}


def write_origins(paths: DatasetPaths, found: Iterator[tuple[Place, dict[str, Any]]]) -> None:
    """Keeps where rows come from, each under its place in the new dataset."""
    with paths.provenance.open("w", encoding="utf-8") as file:
        for (split, number), origin in found:
            file.write(json.dumps({**origin, "split": split, "row": number}, ensure_ascii=False) + "\n")


def placed_rows(ws: Workspace, dataset_id: str, split: Split, on_row: OnRow = lambda n: None
                ) -> Iterator[tuple[Place, Row]]:
    """The readable rows of a part with their places; `on_row` is called with how many were read."""
    for number, row in enumerate(every_row(ws, dataset_id, split)):
        on_row(number + 1)
        if isinstance(row, Row):
            yield (split, number), row


def all_rows(ws: Workspace, dataset_id: str, on_row: OnRow = lambda n: None) -> Iterator[tuple[Place, Row]]:
    """The readable rows of both parts with their places."""
    for split in PARTS:
        yield from placed_rows(ws, dataset_id, split, on_row)
