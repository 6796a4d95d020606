"""The doctor: looks at all rows of a dataset, says what is wrong where, and mends what the person agrees to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.datasets.findings import CHECKS
from core.datasets.near import near_copies
from core.datasets.reading import Split, every_row
from core.datasets.rows import Row
from core.datasets.similar import bare, identity, key_of
from core.datasets.store import DatasetInfo, get_dataset
from core.datasets.versions import change
from core.storage import Workspace

RED, AMBER = 25, 50
"""Rows to train on below which nothing, or only style, is learned."""
EXAMPLES = 50
_PARTS: tuple[Split, Split] = ("train", "held_out")
Place = tuple[str, int]


@dataclass
class Finding:
    """One kind of fault.

    Attributes:
        name: key of its texts, `dataset.doctor.<name>`.
        places: all rows that have it.
        examples: (place, what shows it, the row's text after the fix or None when it is dropped) of the first ones.
        mendable: there is a fix; the others the person must look at.
    """

    name: str
    places: list[Place] = field(default_factory=list)
    examples: list[tuple[Place, str, str | None]] = field(default_factory=list)
    mendable: bool = True

    def add(self, place: Place, shown: str, after: str | None) -> None:
        """One more row."""
        self.places.append(place)
        if len(self.examples) < EXAMPLES:
            self.examples.append((place, shown[:300], after[:600] if after is not None else None))


@dataclass
class Report:
    """What the doctor found.

    Attributes:
        rows: looked at, training and held-out.
        advice: "" or the colour of the advice about the number of rows to train on: "red", "amber".
    """

    rows: int = 0
    train: int = 0
    advice: str = ""
    findings: list[Finding] = field(default_factory=list)

    def find(self, name: str) -> Finding | None:
        """The finding of that name."""
        return next((one for one in self.findings if one.name == name), None)


def examine(ws: Workspace, dataset_id: str, lengths: Callable[[Row], int] | None = None, cutoff: int = 0,
            on_row: Callable[[int], None] = lambda n: None) -> Report:
    """Looks at every row.

    Args:
        lengths: tokens of a row by the model's tokenizer; with `cutoff`, rows that are longer are found, too.
    """
    report, single = Report(), {check.name: Finding(check.name) for check in CHECKS}
    long = Finding("long")
    seen = _Seen()
    for place, row in _all(ws, dataset_id):
        report.rows += 1
        report.train += place[0] == "train"
        for check in CHECKS:
            if shown := check.found(row):
                fixed = check.fixed(row)
                single[check.name].add(place, shown, fixed.answer or fixed.text if fixed else None)
        if lengths and cutoff and (tokens := lengths(row)) > cutoff:
            long.add(place, f"{tokens}", None)
        seen.add(place, row)
        on_row(report.rows)
    found = [*single.values(), *seen.findings(), long]
    report.findings = [one for one in found if one.places]
    report.advice = "red" if report.train < RED else "amber" if report.train < AMBER else ""
    return report


def mend(ws: Workspace, dataset_id: str, names: Sequence[str]) -> DatasetInfo:
    """Applies the fixes of some kinds of faults as one new version, which `versions.undo` takes back.

    Raises UserError while a run uses the dataset, and when no row would be left.
    """
    report = examine(ws, dataset_id)
    dropped = {place for name in names if (found := report.find(name)) and found.mendable and name in _DROPPED
               for place in found.places}
    checks = [check for check in CHECKS if check.name in names]

    def part(split: Split) -> Iterator[tuple[Place, Row]]:
        for place, row in _rows(ws, dataset_id, split):
            mended: Row | None = None if place in dropped else row
            for check in checks:
                if mended is not None and check.found(mended):
                    mended = check.fixed(mended)
            if mended is not None:
                yield place, mended

    before = get_dataset(ws, dataset_id)
    made_from = {"key": "dataset.change.mended", "params": {"count": len(set().union(*(
        set(found.places) for name in names if (found := report.find(name)))))}}
    return change(ws, before.id, part("train"), part("held_out"), made_from)


_DROPPED = ("duplicate", "near", "leak")


class _Seen:
    """What only several rows together show: equal, nearly equal, contradictory rows, and test questions in training."""

    def __init__(self) -> None:
        self.whole: dict[bytes, Place] = {}
        self.answers: dict[bytes, dict[bytes, tuple[Place, str]]] = defaultdict(dict)
        self.asked: dict[str, dict[bytes, tuple[Place, str]]] = {"train": {}, "held_out": {}}
        self.texts: list[tuple[Place, str, str]] = []
        self.duplicate = Finding("duplicate")

    def add(self, place: Place, row: Row) -> None:
        """One more row."""
        said = " ".join(m.content for m in row.messages[:-1]) if row.kind in ("chat", "label") else _prompt(row)
        question = key_of(bare(said)) if row.kind != "text" else b""
        whole = key_of(identity(row))
        if place[0] == "train" and whole in self.whole:
            first = self.whole[whole]
            self.duplicate.add(place, f"= {first[1] + 1}", None)
            return
        self.whole.setdefault(whole, place)
        if not question:
            return
        if row.kind == "chat":
            self.answers[question].setdefault(key_of(bare(row.answer)), (place, row.answer))
        self.asked[place[0]].setdefault(question, (place, row.question))
        if place[0] == "train":
            self.texts.append((place, said, bare(row.answer)))

    def findings(self) -> Iterable[Finding]:
        """What was found, in the order of the page."""
        leak, contradiction = Finding("leak"), Finding("contradiction", mendable=False)
        for question, (place, text) in self.asked["train"].items():
            if question in self.asked["held_out"]:
                leak.add(place, text, None)
        for answers in self.answers.values():
            if len(answers) > 1:
                for place, answer in answers.values():
                    contradiction.add(place, answer, None)
        contradiction.places.sort()
        return [self.duplicate, self._near(), leak, contradiction]

    def _near(self) -> Finding:
        """Rows that ask nearly the same and say the same: other wordings of one fact are no fault, copies with another
        comma are."""
        near = Finding("near")
        for _, copy in near_copies([(said,) for _, said, _ in self.texts], same=[answer for *_, answer in self.texts]):
            near.add(self.texts[copy][0], self.texts[copy][1], None)
        return near


def _prompt(row: Row) -> str:
    return " ".join(m.content for m in row.messages)


def _rows(ws: Workspace, dataset_id: str, split: Split) -> Iterator[tuple[Place, Row]]:
    for number, row in enumerate(every_row(ws, dataset_id, split)):
        if isinstance(row, Row):
            yield (split, number), row


def _all(ws: Workspace, dataset_id: str) -> Iterator[tuple[Place, Row]]:
    for split in _PARTS:
        yield from _rows(ws, dataset_id, split)


def as_json(report: Report) -> dict[str, Any]:
    """The report for the page and the command line."""
    return {"rows": report.rows, "train": report.train, "advice": report.advice,
            "findings": [{"name": f.name, "count": len(f.places), "mendable": f.mendable,
                          "examples": [[*place, shown, after] for place, shown, after in f.examples]}
                         for f in report.findings]}
