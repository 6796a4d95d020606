"""What a dataset is made of, apart from tokens: languages, copies, and the spread over documents and columns."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from core.datasets.columns import Place, Values, columns_of
from core.datasets.languages import language_of
from core.datasets.near import near_copies
from core.datasets.rows import Row
from core.datasets.similar import bare, identity, key_of
from core.datasets.store import DatasetInfo
from core.storage import Workspace

SHOWN, MOST_VALUES, MOST_COLUMNS = 8, 200, 6
"""Values that are named of a column; a column with more values than this groups nothing; columns that are counted."""
SHARED = 2.0
"""A column groups rows when its values stand on so many rows each, on average."""


@dataclass(frozen=True)
class Balance:
    """One column: how many rows to train on have which value, the commonest first; `others` have a further one."""

    column: str
    different: int
    top: list[tuple[str, int]]
    others: int


@dataclass(frozen=True)
class Statistics:
    """What was found in the rows.

    Attributes:
        train, held_out: rows of each part.
        languages: code of `core.datasets.languages` → rows, of both parts.
        equal: rows to train on that are the same as an earlier one in every word.
        near: of the others, those that are nearly the same as an earlier one.
        questions: different questions among the rows to train on.
        balance: by document, task and further columns that group rows.
    """

    train: int
    held_out: int
    languages: dict[str, int]
    equal: int
    near: int
    questions: int
    balance: list[Balance] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """For a result file."""
        return {**vars(self), "balance": [vars(one) for one in self.balance]}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Statistics:
        """What `to_json` gave."""
        balance = [Balance(one["column"], one["different"], [(str(value), rows) for value, rows in one["top"]],
                           one["others"]) for one in found["balance"]]
        return cls(**{**found, "balance": balance})


class Gathering:
    """Takes the rows of a dataset one by one."""

    def __init__(self, ws: Workspace, info: DatasetInfo) -> None:
        names = [name for name in columns_of(ws, info) if name != "fact"][:50]
        self.values = Values(ws, info, *names)
        self.columns: dict[str, Counter[str]] = {name: Counter() for name in names}
        self.parts: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()
        self.seen: set[bytes] = set()
        self.questions: set[bytes] = set()
        self.texts: list[tuple[str]] = []
        self.answers: list[str] = []
        self.equal = 0

    def add(self, place: Place, row: Row) -> None:
        """One more row."""
        self.parts[place[0]] += 1
        self.languages[language_of(f"{row.question}\n{row.answer}")] += 1
        if place[0] != "train":
            return
        for name, counts in self.columns.items():
            if len(counts) <= MOST_VALUES:
                counts[self.values.of(place, row, name)[:80]] += 1
        self.questions.add(key_of(bare(row.question)))
        whole = key_of(identity(row))
        if whole in self.seen:
            self.equal += 1
            return
        self.seen.add(whole)
        self.texts.append((row.question,))
        self.answers.append(bare(row.answer))

    def result(self) -> Statistics:
        """What was found. Nearly equal are questions of one answer, as the doctor counts them."""
        train = self.parts["train"]
        grouping = {name: counts for name, counts in self.columns.items()
                    if 1 < len(counts) <= min(MOST_VALUES, train / SHARED) or (name == "document" and counts)}
        balance = [Balance(name, len(counts), counts.most_common(SHOWN),
                           train - sum(count for _, count in counts.most_common(SHOWN)))
                   for name, counts in list(grouping.items())[:MOST_COLUMNS]]
        near = len(near_copies(self.texts, same=self.answers))
        return Statistics(train, self.parts["held_out"], dict(self.languages.most_common()), self.equal, near,
                          len(self.questions), balance)
