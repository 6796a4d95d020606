"""Several datasets in one run: how often the rows of each are seen in a pass, and what of all is held out."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from core.datasets import DatasetInfo, get_dataset, list_all, preview
from core.datasets.reading import Split, typed_rows
from core.datasets.rows import Row
from core.datasets.similar import Asked
from core.errors import UserError
from core.storage import Workspace
from core.training.general import how_many
from core.training.settings import TrainSettings

Usable = Callable[[Row], bool]


@dataclass(frozen=True)
class Part:
    """How many rows of a dataset are seen in each pass; without an id they are general conversations."""

    dataset: str
    title: str
    rows: int


@dataclass(frozen=True)
class Mixture:
    """The rows of a run, and how many of those to learn from each dataset gave; nothing is said of a single one."""

    train: list[Row]
    held_out: list[Row]
    parts: tuple[Part, ...] = ()


def seen(count: int, weight: float) -> int:
    """How many of so many rows are seen in a pass, repeats included; at least one."""
    whole = int(weight)
    return whole * count + round((weight - whole) * count) or min(1, count)


def places(count: int, weight: float, seed: int) -> list[int]:
    """Numbers of the rows that are seen in each pass: all of them so many whole times, then a part drawn by the seed.

    The draw knows nothing of other datasets, so that it is the same whatever else a run learns from.
    """
    every = list(range(count)) * int(weight)
    return every + sorted(random.Random(seed).sample(range(count), seen(count, weight) - len(every)))


def rows_of(ws: Workspace, settings: TrainSettings, usable: Usable = lambda row: True) -> Mixture:
    """Rows of all datasets of a run. Held-out rows whose question is trained on in another of them are left out.

    Args:
        usable: rows for which it is false are as if they were not there.

    Raises UserError when a dataset is missing.
    """
    def read(dataset: str, split: Split) -> list[Row]:
        return [row for row in typed_rows(ws, dataset, split) if usable(row)]

    first, held_out = read(settings.dataset, "train"), read(settings.dataset, "held_out")
    if not settings.also:
        return Mixture(first, held_out)
    trained, asked = [first], [Asked(first)]
    for one in settings.also:
        rows = read(one.dataset, "train")
        trained.append([rows[place] for place in places(len(rows), one.weight, settings.seed)])
        asked.append(Asked(trained[-1]))
    tested = [held_out, *(read(one.dataset, "held_out") for one in settings.also)]
    kept = [row for number, rows in enumerate(tested) for row in rows
            if not any(row in others for other, others in enumerate(asked) if other != number)]
    parts = (Part(id, get_dataset(ws, id).title, len(rows))
             for id, rows in zip(settings.datasets, trained, strict=True))
    return Mixture([row for rows in trained for row in rows], kept, tuple(parts))


def expected(ws: Workspace, settings: TrainSettings) -> list[Part]:
    """What each pass of a run will see, told before it starts: datasets, then general conversations.

    Raises UserError when a dataset is missing.
    """
    found = []
    for id, weight in [(settings.dataset, 1.0), *((one.dataset, one.weight) for one in settings.also)]:
        info = get_dataset(ws, id)
        rows = info.rows if info.rows >= 0 else preview(ws, id, 0, 0)[1]
        found.append(Part(id, info.title, seen(rows, weight)))
    general = how_many(sum(part.rows for part in found), settings.general_share if settings.stage == "sft" else 0.0)
    return [*found, Part("", "", general)] if general else found


def check(ws: Workspace, settings: TrainSettings, fits: Callable[[DatasetInfo], bool]) -> None:
    """Raises UserError when a further dataset is missing, named twice, empty, or has rows of the wrong kind.

    Args:
        fits: whether the stage can learn from a dataset.
    """
    if not settings.also:
        return
    there, taken = {info.id: info for info in list_all(ws)}, {settings.dataset}
    for one in settings.also:
        info = there.get(one.dataset)
        if info is None:
            raise UserError("train.error.also_missing", name=one.dataset)
        if info.id in taken:
            raise UserError("train.error.also_twice", name=info.title)
        if not fits(info):
            raise UserError("train.error.also_kind", name=info.title)
        if next(iter(typed_rows(ws, info.id)), None) is None:
            raise UserError("train.error.also_empty", name=info.title)
        taken.add(info.id)
