"""New datasets from old ones: a held-out part by group or stratum, a sample, a filter, several merged."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator

from core.datasets.reading import Split, every_row
from core.datasets.rows import Row
from core.datasets.similar import bare
from core.datasets.store import DatasetInfo, get_dataset
from core.datasets.versions import change
from core.errors import UserError
from core.storage import Workspace

QUESTION = "question"
_PARTS: tuple[Split, Split] = ("train", "held_out")
_Place = tuple[str, int]


def split(ws: Workspace, dataset_id: str, share: float, seed: int = 42, group: str = QUESTION,
          stratify: str = "") -> DatasetInfo:
    """Divides all rows anew into training and held-out part; the same seed gives the same parts.

    Args:
        share: of the rows to hold out, more than 0 and less than 1.
        group: rows with the same value stay together: equal questions, or the name of a further column, or "task".
        stratify: name of a column whose values are spread over both parts in proportion; "" for none.

    Raises UserError when a part would be empty.
    """
    if not 0 < share < 1:
        raise UserError("dataset.error.share")
    keys: list[tuple[str, str]] = []
    places: list[_Place] = []
    for place, row in _all(ws, dataset_id):
        places.append(place)
        keys.append((value(row, stratify) if stratify else "", value(row, group)))
    chosen = choose(keys, share, seed)
    if not chosen or len(chosen) == len(keys):
        raise UserError("dataset.error.one_group", group=group)
    test = {places[index] for index in chosen}
    return change(ws, dataset_id, ((p, r) for p, r in _all(ws, dataset_id) if p not in test),
                  ((p, r) for p, r in _all(ws, dataset_id) if p in test),
                  {"key": "dataset.change.split", "params": {"share": round(100 * share), "seed": seed}})


def choose(keys: list[tuple[str, str]], share: float, seed: int) -> set[int]:
    """Rows to hold out, whole groups of (stratum, group), as near to the share of each stratum as they allow."""
    strata: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, (stratum, group) in enumerate(keys):
        strata[stratum][group].append(index)
    draw, chosen = random.Random(seed), set[int]()
    for groups in strata.values():
        wanted = share * sum(map(len, groups.values()))
        taken: list[int] = []
        for members in draw.sample(list(groups.values()), len(groups)):
            if abs(len(taken) + len(members) - wanted) < abs(len(taken) - wanted):
                taken += members
        chosen |= set(taken)
    return chosen


def value(row: Row, column: str) -> str:
    """What a row has in a column: its task, its question without marks and case, or a further column."""
    if column == QUESTION:
        return bare(row.question)
    return row.task if column == "task" else str(row.extra.get(column, ""))


def sample(ws: Workspace, dataset_id: str, rows: int, seed: int = 42) -> DatasetInfo:
    """Keeps so many rows to train on, drawn evenly, in their order; the held-out part stays."""
    total = get_dataset(ws, dataset_id).rows
    if rows < 1:
        raise UserError("dataset.error.nothing_left", name=get_dataset(ws, dataset_id).title)
    kept = set(random.Random(seed).sample(range(total), min(rows, total)))
    return keep(ws, dataset_id, lambda place, row: place[0] == "held_out" or place[1] in kept,
                {"key": "dataset.change.sample", "params": {"rows": min(rows, total), "seed": seed}})


def keep(ws: Workspace, dataset_id: str, wanted: Callable[[_Place, Row], bool], made_from: dict) -> DatasetInfo:
    """Keeps the rows for which `wanted` is true."""
    train, test = (((p, r) for p, r in _part(ws, dataset_id, part) if wanted(p, r)) for part in _PARTS)
    return change(ws, dataset_id, train, test, made_from)


def _all(ws: Workspace, dataset_id: str) -> Iterator[tuple[_Place, Row]]:
    for part in _PARTS:
        yield from _part(ws, dataset_id, part)


def _part(ws: Workspace, dataset_id: str, part: Split) -> Iterator[tuple[_Place, Row]]:
    for number, row in enumerate(every_row(ws, dataset_id, part)):
        if isinstance(row, Row):
            yield (part, number), row
