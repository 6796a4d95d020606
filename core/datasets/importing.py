"""Files of others become datasets of ours: every row is checked, good ones are kept, faults named by their place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from core.datasets.files import Found, rows_of
from core.datasets.mapping import Mapping, detect
from core.datasets.publishing import publish
from core.datasets.reading_rows import to_row
from core.datasets.rows import Row, Wrong
from core.datasets.sources import Part, Skipped, expand
from core.datasets.store import DatasetInfo
from core.datasets.writing import Written, write_rows
from core.errors import UserError
from core.storage import Workspace, remove_dir, require_space
from core.storage.workspace import DatasetPaths

SAMPLE = 50
KEPT_FAULTS = 10_000
Progress = Callable[[int], None]
Arrange = Callable[[list[Part]], list[Part]]


@dataclass(frozen=True)
class Fault:
    """A row that was not taken: `line` in text files, number of the row in other tables."""

    file: str
    line: int
    key: str
    column: str = ""
    sheet: str = ""
    params: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The line that is kept of it."""
        return {k: v for k, v in vars(self).items() if v not in ("", {})}


@dataclass(frozen=True)
class Probe:
    """What a look at the beginning of some files shows.

    Attributes:
        mapping: the likely meaning of the columns; its `complete` says whether rows can be made.
        columns: names of all columns seen.
        examples: some rows as they would be read, each a Row or what is wrong with it.
        archive: datasets inside an archive or folder with a registry; these need no choice of columns.
    """

    mapping: Mapping
    columns: list[str]
    raw: list[dict[str, Any]]
    examples: list[Row | Wrong]
    archive: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Imported:
    """What became of an import: the datasets made, the files that gave none, the first faults of each dataset."""

    datasets: list[DatasetInfo]
    skipped: list[Skipped]


def probe(ws: Workspace, sources: list[tuple[Path, str]], mapping: Mapping | None = None) -> Probe:
    """Reads the first rows of some files. Raises UserError when none of them can be opened."""
    parts, skipped = expand(ws, sources)
    if not parts:
        raise _nothing(skipped)
    first = parts[0]
    found = islice(rows_of(first.path, first.kind, first.label), SAMPLE)
    raw = [one.value for one in found if isinstance(one.value, dict)]
    mapping = mapping or first.mapping or detect(raw)
    columns = list(dict.fromkeys(str(name) for row in raw for name in row))
    examples = [_try(row, mapping) for row in raw[:5]] if mapping.complete else []
    return Probe(mapping, columns, raw[:5], examples, sorted({p.dataset for p in parts if p.dataset}))


def import_files(ws: Workspace, sources: list[tuple[Path, str]], title: str = "", mapping: Mapping | None = None,
                 on_row: Progress = lambda n: None, arrange: Arrange = lambda parts: parts) -> Imported:
    """Makes one dataset of the files given; of an archive or folder with a registry one of each of its entries.

    Args:
        mapping: what the columns mean; found out for each file when None.
        arrange: says of files that no registry names which belong to one dataset.

    Raises UserError when no dataset could be made.
    """
    parts, skipped = expand(ws, sources)
    if not any(part.dataset for part in parts):
        parts = arrange(parts)
    made: list[DatasetInfo] = []
    groups: dict[str, list[Part]] = {}
    for part in parts:
        groups.setdefault(part.dataset, []).append(part)
    for name, group in groups.items():
        label = name or title or _stem(group[0].label)
        try:
            made.append(_Import(ws, group, label, None if name else mapping, on_row).run())
        except UserError as error:
            if len(groups) == 1:
                raise
            skipped.append(Skipped(label, error.as_dict()))
    if not made:
        raise _nothing(skipped)
    return Imported(made, skipped)


def faults_of(ws: Workspace, dataset_id: str, limit: int = 200) -> list[Fault]:
    """The first faults that an import found."""
    path = ws.dataset(dataset_id).faults
    if not path.is_file():
        return []
    with path.open(encoding="utf-8") as file:
        return [Fault(**json.loads(line)) for line in islice(file, limit)]


class _Import:
    """One dataset on its way."""

    def __init__(self, ws: Workspace, parts: list[Part], title: str, mapping: Mapping | None, on_row: Progress) -> None:
        self.ws, self.parts, self.title, self.mapping, self.on_row = ws, parts, title, mapping, on_row
        self.kind, self.shape, self.read, self.faults = "", "", 0, 0

    def run(self) -> DatasetInfo:
        """Reads, writes and registers. Raises UserError when no row could be used."""
        require_space(self.ws.datasets, 2 * sum(part.path.stat().st_size for part in self.parts) + (1 << 20))
        paths = DatasetPaths(self.ws.tmp_dir(near=self.ws.datasets))
        try:
            with paths.faults.open("w", encoding="utf-8") as self.log:
                train = write_rows(paths, paths.train, self._rows(False), self.on_row)
                test = write_rows(paths, paths.held_out, self._rows(True))
            return self._publish(paths, train, test)
        finally:
            remove_dir(paths.dir)

    def _publish(self, paths: DatasetPaths, train: Written, test: Written) -> DatasetInfo:
        if not train.rows:
            raise self._no_rows(paths)
        if not test.rows:
            paths.held_out.unlink()
        if not self.faults:
            paths.faults.unlink()
        return publish(self.ws, paths, self.title, train, test, kind=self.kind, shape=self.shape, faults=self.faults,
                       files=[part.label for part in self.parts][:50])

    def _no_rows(self, paths: DatasetPaths) -> UserError:
        names = ", ".join(part.label for part in self.parts[:3])
        with paths.faults.open(encoding="utf-8") as file:
            first = next((json.loads(line) for line in file), None)
        if first is None:
            return UserError("dataset.error.no_rows", name=names)
        return UserError("dataset.error.no_good_rows", name=names, count=self.faults, line=first["line"],
                         why={"key": first["key"], "params": first.get("params", {})})

    def _rows(self, held_out: bool) -> Iterator[Row]:
        for part in self.parts:
            if part.held_out == held_out:
                yield from self._part(part)

    def _part(self, part: Part) -> Iterator[Row]:
        found = rows_of(part.path, part.kind, part.label)
        head = list(islice(found, SAMPLE))
        mapping = self.mapping or part.mapping or detect([f.value for f in head if isinstance(f.value, dict)])
        if not mapping.complete:
            raise UserError("dataset.error.columns", name=part.label, columns=_columns(head))
        if self.kind and mapping.kind != self.kind:
            raise UserError("dataset.error.kinds_differ", name=part.label, other=self.parts[0].label)
        self.kind, self.shape = mapping.kind, self.shape or mapping.shape
        for stream in (iter(head), found):
            for one in stream:
                self.read += 1
                row = _try(one.value, mapping)
                if isinstance(row, Row):
                    yield row
                else:
                    self._fault(part, one, row)

    def _fault(self, part: Part, one: Found, wrong: Wrong) -> None:
        self.faults += 1
        if self.faults <= KEPT_FAULTS:
            fault = Fault(part.label, one.line, wrong.key, wrong.column, one.sheet, wrong.params)
            self.log.write(json.dumps(fault.to_json(), ensure_ascii=True) + "\n")


def _try(value: Any, mapping: Mapping) -> Row | Wrong:
    if isinstance(value, Wrong):
        return value
    try:
        return to_row(value, mapping)
    except Wrong as wrong:
        return wrong


def _columns(head: list[Found]) -> str:
    names = dict.fromkeys(str(name) for one in head if isinstance(one.value, dict) for name in one.value)
    return ", ".join(names)[:300] or "–"


def _nothing(skipped: list[Skipped]) -> UserError:
    if skipped:
        return UserError(skipped[0].error["key"], **skipped[0].error.get("params", {}))
    return UserError("dataset.error.no_files")


def _stem(label: str) -> str:
    name = label.replace("\\", "/").rpartition("/")[2]
    return name.rpartition(".")[0] or name
