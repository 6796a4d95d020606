"""New datasets from several: one after the other, or mixed by shares. What they are made of stays as it is."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

from core.datasets.columns import OnRow, Place, origins, placed_rows, write_origins
from core.datasets.general import load_general
from core.datasets.near import near_copies
from core.datasets.publishing import publish
from core.datasets.reading import Split
from core.datasets.rows import Message, Row
from core.datasets.similar import Asked, identity, key_of
from core.datasets.store import DatasetInfo, clean_title, get_dataset
from core.datasets.writing import write_rows
from core.errors import UserError
from core.storage import Workspace, remove_dir, require_space
from core.storage.workspace import DatasetPaths

SOURCE = "source"
"""Column that every row of the new dataset gets, unless it has one: the title of the dataset it is from."""
GENERAL = "general"
Copies = Literal["same", "near", "keep"]
_From = tuple[DatasetInfo | None, Place, Row]
"""(dataset, place there, row); None for general conversations."""


def _quiet(number: int) -> None:
    """Nobody wants to know how far it is."""


def merge(ws: Workspace, dataset_ids: Sequence[str], title: str = "", copies: Copies = "same",
          on_row: OnRow = _quiet) -> DatasetInfo:
    """All rows of several datasets, one after the other. Raises UserError when their rows are of different kinds.

    Held-out rows whose question is trained on in another of them are left out.

    Args:
        copies: of rows that are the "same" in every word, or "near"ly the same, the first stays; "keep" keeps all.
    """
    infos = _together(ws, dataset_ids)

    gone = _copies(ws, infos, copies, on_row)

    def train() -> Iterator[_From]:
        rows = ((info, place, row) for info in infos for place, row in placed_rows(ws, info.id, "train", on_row))
        return (one for number, one in enumerate(rows) if number not in gone)

    names = ", ".join(info.title for info in infos)
    return _make(ws, infos, title or " + ".join(info.title for info in infos), train(),
                 {"key": "dataset.change.merged", "params": {"names": names}})


def _copies(ws: Workspace, infos: Sequence[DatasetInfo], copies: Copies, on_row: OnRow) -> set[int]:
    """Numbers of the rows to leave out, counted through all datasets."""
    rows = (row for info in infos for _, row in placed_rows(ws, info.id, "train", on_row))
    if copies == "near":
        return {copy for _, copy in near_copies([(row.question, row.answer) for row in rows])}
    seen: set[bytes] = set()
    return {number for number, row in enumerate(rows if copies == "same" else ())
            if (key := key_of(identity(row))) in seen or seen.add(key)}


def mix(ws: Workspace, shares: Sequence[tuple[str, float]], title: str = "", rows: int = 0, general: float = 0.0,
        seed: int = 42, on_row: OnRow = _quiet) -> DatasetInfo:
    """Rows of several datasets by shares, in random order, none twice.

    Args:
        shares: (id, share); only their proportions count.
        rows: wanted from the datasets; 0 for as many as the shares allow.
        general: share of general conversations of the whole, 0 to 0.5; there are at most as many as are shipped.

    Raises UserError when the rows are of different kinds, or too few for the shares.
    """
    shares = [(id, share) for id, share in shares if share > 0]
    infos = _together(ws, [id for id, _ in shares])
    sizes = [_size(ws, info, on_row) for info in infos]
    taken = amounts(sizes, [share for _, share in shares], rows)
    if not all(taken):
        raise UserError("dataset.error.mix_empty", name=infos[taken.index(0)].title)
    pool = _general(infos[0], general, sum(taken), seed)
    draw = random.Random(seed)
    chosen = [set(draw.sample(range(size), count)) for size, count in zip(sizes, taken, strict=True)]
    order = [number for number, count in enumerate([*taken, len(pool)]) for _ in range(count)]
    draw.shuffle(order)

    def train() -> Iterator[_From]:
        streams: list[Iterator[_From]] = [_chosen(ws, info, numbers, on_row)
                                          for info, numbers in zip(infos, chosen, strict=True)]
        streams.append(iter(pool))
        for number in order:
            yield next(streams[number])

    parts = [f"{info.title} {count}" for info, count in zip(infos, taken, strict=True)]
    parts += [f"{GENERAL} {len(pool)}"] if pool else []
    return _make(ws, infos, title or " + ".join(info.title for info in infos), train(),
                 {"key": "dataset.change.mixed", "params": {"names": ", ".join(parts)}})


def amounts(sizes: Sequence[int], shares: Sequence[float], rows: int = 0) -> list[int]:
    """Rows to take of each dataset, so that they stand to each other as the shares.

    The dataset that is smallest for its share decides when `rows` is 0 or more than there are.
    """
    whole = sum(shares)
    most = min(size * whole / share for size, share in zip(sizes, shares, strict=True))
    total = min(rows, most) if rows else most
    return [min(size, round(total * share / whole)) for size, share in zip(sizes, shares, strict=True)]


def _together(ws: Workspace, dataset_ids: Sequence[str]) -> list[DatasetInfo]:
    infos = [get_dataset(ws, id) for id in dict.fromkeys(dataset_ids)]
    if len(infos) < 2:
        raise UserError("dataset.error.one_dataset")
    for info in infos[1:]:
        if info.kind != infos[0].kind:
            raise UserError("dataset.error.kinds_apart", name=info.title, other=infos[0].title)
    return infos


def _size(ws: Workspace, info: DatasetInfo, on_row: OnRow) -> int:
    return info.rows if info.rows >= 0 else sum(1 for _ in placed_rows(ws, info.id, "train", on_row))


def _chosen(ws: Workspace, info: DatasetInfo, numbers: set[int], on_row: OnRow) -> Iterator[_From]:
    for number, (place, row) in enumerate(placed_rows(ws, info.id, "train", on_row)):
        if number in numbers:
            yield info, place, row


def _general(first: DatasetInfo, share: float, rows: int, seed: int) -> list[_From]:
    if share <= 0:
        return []
    if first.kind != "chat":
        raise UserError("dataset.error.no_general_kind")
    pool = load_general()
    wanted = min(len(pool), round(rows * share / (1 - share)))
    return [(None, ("train", 0), Row("chat", tuple(Message(m["role"], m["content"]) for m in talk)))  # type: ignore
            for talk in random.Random(seed).sample(pool, wanted)]


def _make(ws: Workspace, infos: Sequence[DatasetInfo], title: str, train: Iterable[_From],
          made_from: dict[str, Any]) -> DatasetInfo:
    require_space(ws.datasets, 2 * sum(info.path.stat().st_size for info in infos) + (1 << 20))
    paths = DatasetPaths(ws.tmp_dir(near=ws.datasets))
    asked = Asked()
    kept: dict[Split, list[tuple[str, Place]]] = {"train": [], "held_out": []}

    def noted(rows: Iterable[_From], split: Split) -> Iterator[Row]:
        for info, place, row in rows:
            kept[split].append((info.id if info else "", place))
            if split == "train":
                asked.add(row)
            title = info.title if info else GENERAL
            yield row if SOURCE in row.extra else replace(row, extra={**row.extra, SOURCE: title})

    def test() -> Iterator[_From]:
        return ((info, place, row) for info in infos for place, row in placed_rows(ws, info.id, "held_out")
                if row not in asked)

    try:
        written = write_rows(paths, paths.train, noted(train, "train"))
        held_out = write_rows(paths, paths.held_out, noted(test(), "held_out"))
        if not written.rows:
            raise UserError("dataset.error.nothing_left", name=clean_title(title))
        if not held_out.rows:
            paths.held_out.unlink()
        _trace(ws, paths, infos, kept)
        return publish(ws, paths, title, written, held_out, kind=infos[0].kind, shape=infos[0].shape or infos[0].fmt,
                       made_from=made_from, licence=_licence(infos))
    finally:
        remove_dir(paths.dir)


def _licence(infos: Sequence[DatasetInfo]) -> str:
    """What all of them allow: the licence that they share, or none."""
    found = {info.licence for info in infos}
    return found.pop() if len(found) == 1 else ""


def _trace(ws: Workspace, paths: DatasetPaths, infos: Sequence[DatasetInfo],
           kept: dict[Split, list[tuple[str, Place]]]) -> None:
    """Where the rows come from stays known."""
    known = {(info.id, place): origin for info in infos if info.own
             for place, origin in origins(ws.dataset(info.id)).items()}
    if known:
        write_origins(paths, (((split, number), known[place]) for split, places in kept.items()
                              for number, place in enumerate(places) if place in known))
