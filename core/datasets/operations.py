"""Operations that change the rows of a dataset: filter, order, sample, and a held-out part by group or stratum.

Each makes a new version, which `versions.undo` takes back.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from core.datasets.change_settings import FilterSettings
from core.datasets.columns import PARTS, QUESTION, OnRow, Place, Values, all_rows, columns_of, placed_rows
from core.datasets.reading import Split, rows_at
from core.datasets.rows import Row
from core.datasets.store import DatasetInfo, get_dataset
from core.datasets.versions import change, changeable
from core.errors import UserError
from core.storage import Workspace

ANSWER, LENGTH, RANDOM = "answer", "length", "random"
ORDERS = (QUESTION, ANSWER, LENGTH, RANDOM)
_KEY = 80


def _quiet(number: int) -> None:
    """Nobody wants to know how far it is."""


def filter_rows(ws: Workspace, dataset_id: str, given: FilterSettings, on_row: OnRow = _quiet) -> DatasetInfo:
    """Keeps the rows that fit, or the others, in both parts.

    Raises UserError when no condition is given, there is no such column, or no row would be left to train on.
    """
    info = changeable(ws, dataset_id)
    fits = _fits(ws, info, given)
    kept = [place for place, row in all_rows(ws, dataset_id, on_row) if fits(place, row)]
    gone = info.rows + info.held_out_rows - len(kept)
    places = set(kept)
    return _keep(ws, dataset_id, lambda place, row: place in places,
                 {"key": "dataset.change.filtered", "params": {"count": gone}}, on_row)


def count_fitting(ws: Workspace, dataset_id: str, given: FilterSettings) -> int:
    """How many rows `filter_rows` would keep. Raises UserError as it does."""
    fits = _fits(ws, get_dataset(ws, dataset_id), given)
    return sum(fits(place, row) for place, row in all_rows(ws, dataset_id))


def _fits(ws: Workspace, info: DatasetInfo, given: FilterSettings) -> Callable[[Place, Row], bool]:
    """Whether a row is to stay."""
    given.checked()
    if given.column:
        _known(ws, info, given.column)
    values, column = Values(ws, info, given.column), given.column
    wanted = {value.strip().casefold() for value in given.values.replace("，", ",").split(",")}
    words, longest = given.words.strip().casefold(), given.longest or 1 << 60

    def fits(place: Place, row: Row) -> bool:
        text = _text(row, given.where)
        held = (words in text.casefold() and given.shortest <= len(text) <= longest
                and (not column or values.of(place, row, column).strip().casefold() in wanted))
        return held == (given.keep == "fitting")
    return fits


def _text(row: Row, where: str) -> str:
    if where == "question":
        return row.question
    if where == "answer":
        return row.answer or row.text
    return "\n".join([m.content for m in row.every_message] + [a.content for a in row.answers] + [row.text]).strip()


def sort(ws: Workspace, dataset_id: str, by: str = QUESTION, down: bool = False, seed: int = 42,
         on_row: OnRow = _quiet) -> DatasetInfo:
    """Puts the rows of both parts into another order; equal ones keep theirs.

    Args:
        by: "question", "answer", "length" (of the whole row in characters), "random", or a column; numbers are
            ordered as numbers.

    Raises UserError when there is no such column.
    """
    info = changeable(ws, dataset_id)
    if by not in ORDERS:
        _known(ws, info, by)
    values, draw = Values(ws, info, by), random.Random(seed)

    def key(place: Place, row: Row) -> tuple[float, str]:
        if by == RANDOM:
            return draw.random(), ""
        if by == LENGTH:
            return len(_text(row, "anywhere")), ""
        return _order(row.question if by == QUESTION else _text(row, ANSWER) if by == ANSWER
                      else values.of(place, row, by))

    def part(split: Split) -> Iterator[tuple[Place, Row]]:
        keys = [(key(place, row), place[1]) for place, row in placed_rows(ws, dataset_id, split, on_row)]
        order = [number for _, number in sorted(keys, key=lambda one: one[0], reverse=down)]
        for number, found in zip(order, rows_at(ws, dataset_id, order, split), strict=True):
            if isinstance(found, Row):
                yield (split, number), found

    return change(ws, dataset_id, part("train"), part("held_out"),
                  {"key": "dataset.change.sorted", "params": {"by": by if by not in ORDERS else
                                                              {"key": f"dataset.order.{by}"}}})


def _order(text: str) -> tuple[float, str]:
    """Numbers by their size, before texts by their letters."""
    text = text.strip()[:_KEY]
    try:
        return (float(text), "") if text and text[0] in "+-.0123456789" else (float("inf"), text.casefold())
    except ValueError:
        return float("inf"), text.casefold()


def split(ws: Workspace, dataset_id: str, share: float, seed: int = 42, group: str = QUESTION,
          stratify: str = "", on_row: OnRow = _quiet) -> DatasetInfo:
    """Divides all rows anew into training and held-out part; the same seed gives the same parts.

    Args:
        share: of the rows to hold out, more than 0 and less than 1.
        group: rows with the same value stay together: equal questions, or a column (see `columns_of`).
        stratify: name of a column whose values are spread over both parts in proportion; "" for none.

    Raises UserError when there is no such column, or a part would be empty.
    """
    if not 0 < share < 1:
        raise UserError("dataset.error.share")
    info = changeable(ws, dataset_id)
    for column in {group, stratify} - {QUESTION, ""}:
        _known(ws, info, column)
    values = Values(ws, info, group, stratify)
    keys: list[tuple[str, str]] = []
    places: list[Place] = []
    for place, row in all_rows(ws, dataset_id, on_row):
        places.append(place)
        keys.append((values.of(place, row, stratify) if stratify else "", values.of(place, row, group)))
    chosen = choose(keys, share, seed)
    if not chosen or len(chosen) == len(keys):
        raise UserError("dataset.error.one_group", group=group)
    test = {places[index] for index in chosen}
    return change(ws, dataset_id, ((p, r) for p, r in all_rows(ws, dataset_id, on_row) if p not in test),
                  ((p, r) for p, r in all_rows(ws, dataset_id, on_row) if p in test),
                  {"key": "dataset.change.split", "params": {"share": round(100 * share), "seed": seed}})


def choose(keys: list[tuple[str, str]], share: float, seed: int) -> set[int]:
    """Rows to hold out, of keys (stratum, group): whole groups, as near to the share of each stratum as they allow.

    A group whose rows are of several strata counts to that of most of them.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for index, (_, group) in enumerate(keys):
        members[group].append(index)
    strata: dict[str, dict[str, list[int]]] = defaultdict(dict)
    for group, rows in members.items():
        stratum = Counter(keys[index][0] for index in rows).most_common(1)[0][0]
        strata[stratum][group] = rows
    draw, chosen = random.Random(seed), set[int]()
    for groups in strata.values():
        wanted = share * sum(map(len, groups.values()))
        taken: list[int] = []
        for rows in draw.sample(list(groups.values()), len(groups)):
            if abs(len(taken) + len(rows) - wanted) < abs(len(taken) - wanted):
                taken += rows
        chosen |= set(taken)
    return chosen


def sample(ws: Workspace, dataset_id: str, rows: int, seed: int = 42, on_row: OnRow = _quiet) -> DatasetInfo:
    """Keeps so many rows to train on, drawn evenly, in their order; the held-out part stays."""
    info = changeable(ws, dataset_id)
    if rows < 1:
        raise UserError("dataset.error.nothing_left", name=info.title)
    kept = set(random.Random(seed).sample(range(info.rows), min(rows, info.rows)))
    return _keep(ws, dataset_id, lambda place, row: place[0] == "held_out" or place[1] in kept,
                 {"key": "dataset.change.sample", "params": {"rows": min(rows, info.rows), "seed": seed}}, on_row)


def _keep(ws: Workspace, dataset_id: str, wanted: Callable[[Place, Row], bool], made_from: dict,
          on_row: OnRow) -> DatasetInfo:
    train, test = (((p, r) for p, r in placed_rows(ws, dataset_id, part, on_row) if wanted(p, r)) for part in PARTS)
    return change(ws, dataset_id, train, test, made_from)


def _known(ws: Workspace, info: DatasetInfo, column: str) -> None:
    known = columns_of(ws, info)
    if column not in known:
        raise UserError("dataset.error.no_column", column=column, known=", ".join(known) or "–")
