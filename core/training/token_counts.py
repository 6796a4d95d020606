"""What a dataset is made of: its rows in the tokens of a model, counted by a job exactly as the trainer counts, and
languages, copies and balance."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from core import jobs
from core.datasets import DatasetInfo, get_dataset
from core.datasets.general import load_general
from core.datasets.reading import Split, as_conversation, every_row
from core.datasets.rows import Row, Wrong, said
from core.datasets.statistics import Gathering, Statistics
from core.errors import UserError
from core.jobs import JobContext, JobState, JobView
from core.models import resolve
from core.storage import Workspace, read_json, write_json
from core.training.rows import last_answer
from core.training.seeing import load_tokenizer

KIND = "count"
_REPORT_EVERY = 50
_NEVER = 1 << 40  # the first trained token of a row without one
_PARTS: tuple[Split, Split] = ("train", "held_out")


@dataclass(frozen=True)
class TokenCounts:
    """What was counted.

    Attributes:
        model: id of the model whose tokenizer and template were used.
        lengths: length in tokens → training rows of that length, before anything is cut; of pairs the longer side.
        starts: place of a row's first trained token → rows; with a cutoff at or before it nothing of it is trained.
        trained: tokens of all training rows that the loss counts.
        held_out: tokens of the held-out rows.
        left_out: rows that call tools, or that the template refuses.
        general: tokens of all general conversations that are shipped.
        statistics: what the rows are, apart from tokens.
        kind: of the rows, see `core.datasets.rows`.
    """

    model: str
    lengths: dict[int, int]
    starts: dict[int, int]
    trained: int
    held_out: int
    left_out: int
    general: int = 0
    statistics: Statistics | None = None
    kind: str = "chat"

    @property
    def rows(self) -> int:
        """Training rows that were counted."""
        return sum(self.lengths.values())

    @property
    def tokens(self) -> int:
        """Tokens of them."""
        return sum(length * rows for length, rows in self.lengths.items())

    @property
    def longest(self) -> int:
        """Tokens of the longest row; 0 without rows."""
        return max(self.lengths, default=0)

    def within(self, share: float) -> int:
        """The length that so much of the rows (0 to 1) do not exceed."""
        wanted, seen = share * self.rows, 0
        for length in sorted(self.lengths):
            seen += self.lengths[length]
            if seen >= wanted:
                return length
        return self.longest

    def cut(self, cutoff_len: int) -> int:
        """Rows that are longer than the cutoff."""
        return sum(rows for length, rows in self.lengths.items() if length > cutoff_len)

    def dropped(self, cutoff_len: int) -> int:
        """Rows of which no trained token is left, so that training leaves them out."""
        return sum(rows for start, rows in self.starts.items() if start >= cutoff_len)

    def within_cutoff(self, cutoff_len: int) -> int:
        """Tokens that training sees of all rows, about: rows that are left out are taken as long as the cutoff."""
        whole = sum(min(length, cutoff_len) * rows for length, rows in self.lengths.items())
        return max(0, whole - cutoff_len * self.dropped(cutoff_len))

    def bins(self, count: int = 24) -> list[tuple[int, int]]:
        """(upper end, rows) of bars of equal width that hold all rows."""
        if not self.lengths:
            return []
        width = -(-self.longest // count)
        bars = Counter({number: 0 for number in range(-(-self.longest // width))})
        for length, rows in self.lengths.items():
            bars[max(0, length - 1) // width] += rows
        return [((number + 1) * width, rows) for number, rows in sorted(bars.items())]


def start_count(ws: Workspace, dataset_id: str, model: str = "") -> JobView:
    """Starts the counting; `last_count` has its result. Without a model no tokens are counted.

    Raises UserError when dataset or model is not there.
    """
    info = get_dataset(ws, dataset_id)
    folder = str(resolve(ws, model)) if model else ""
    given = {"dataset": dataset_id, "model": model, "folder": folder, "state": info.state}
    return jobs.start(ws, KIND, given, title=info.title)


def last_count(ws: Workspace, info: DatasetInfo) -> TokenCounts | None:
    """The newest result for a dataset, unless its rows have changed since."""
    for job in jobs.list_jobs(ws, KIND):
        path = ws.job(job.id).result_file
        if (job.params.get("dataset"), job.params.get("state")) == (info.id, info.state) \
                and job.state is JobState.DONE and path.is_file():
            return _from_json(read_json(path))
    return None


def run(job: JobContext) -> None:
    """Handler of the job kind "count"."""
    tokenizer = None
    if job.params["folder"]:
        job.phase("load")
        tokenizer = load_tokenizer(job.params["folder"])
    job.phase("count")
    write_json(job.paths.result_file, count(job, tokenizer))


def count(job: JobContext, tokenizer: Any) -> dict[str, Any]:
    """Counts all rows with a loaded tokenizer, or without one; see `TokenCounts` for the values."""
    info = get_dataset(job.ws, job.params["dataset"])
    total, done = max(0, info.rows) + max(0, info.held_out_rows), 0
    found, rows = _Counter(tokenizer), Gathering(job.ws, info)
    for split in _PARTS:
        for number, row in enumerate(every_row(job.ws, info.id, split)):
            done += 1
            if done % _REPORT_EVERY == 0:
                job.check_stop()
                job.progress(done, max(done, total), "rows")
            if isinstance(row, Row):
                rows.add((split, number), row)
            if tokenizer is not None:
                found.add(row, split)
    return {"model": job.params["model"], "kind": info.kind, **found.to_json(), "statistics": rows.result().to_json()}


class _Counter:
    """Counts tokens row by row."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.lengths: Counter[int] = Counter()
        self.starts: Counter[int] = Counter()
        self.trained = self.held_out = self.left_out = 0

    def add(self, row: Row | Wrong, split: Split) -> None:
        """One more row."""
        try:
            if not isinstance(row, Row) or row.calls_tools:
                raise UserError("train.error.not_seen")
            length, start, trained = measured(row, self.tokenizer)
        except UserError:
            self.left_out += 1
            return
        if split == "held_out":
            self.held_out += length
            return
        self.lengths[length] += 1
        self.starts[start] += 1
        self.trained += trained

    def to_json(self) -> dict[str, Any]:
        """What was counted, with the general conversations that training adds."""
        return {"lengths": sorted(self.lengths.items()), "starts": sorted(self.starts.items()),
                "trained": self.trained, "held_out": self.held_out, "left_out": self.left_out,
                "general": self._general()}

    def _general(self) -> int:
        """Tokens of the general conversations; 0 where the template refuses them, which training tells."""
        from core.models.chat_template import encode

        try:
            return sum(len(encode(talk, self.tokenizer).ids) for talk in load_general()) if self.lengths else 0
        except UserError:
            return 0


def measured(row: Row, tokenizer: Any) -> tuple[int, int, int]:
    """(tokens, place of the first trained one, how many are trained) of a row, as its stage of training makes them.

    Of a row with a better and a worse answer the tokens are those of the longer side. A text ends with the end mark.

    Raises UserError when the template refuses the row.
    """
    from core.models.chat_template import encode, plain_ids

    if row.kind == "text":
        length = len(plain_ids(row.text, tokenizer)) + 1
        return length, 1, length - 1
    if row.kind == "chat":
        found = encode(as_conversation(row), tokenizer)
        answers = [place for place, counts in enumerate(found.mask) if counts and place]
        return len(found.ids), answers[0] if answers else _NEVER, len(answers)
    ends = []
    for talk in _talks(row):
        whole = encode(talk, tokenizer)
        ends.append(last_answer(whole.mask))
    # What follows the answer (a line break, say) is not fed for these rows.
    return max(end for _, end in ends), ends[0][0], sum(end - start for start, end in ends)


def _talks(row: Row) -> list[list[dict[str, str]]]:
    """The conversation with its answer; with the better and the worse one where there are two."""
    if row.kind == "label":
        return [as_conversation(row)]
    asked = [{"role": m.role, "content": said(m)} for m in row.messages]
    ranked = sorted(row.answers, key=lambda answer: -answer.score)
    answers = [said(m) for m in (row.chosen, row.rejected) if m] or [ranked[0].content, ranked[-1].content]
    return [[*asked, {"role": "assistant", "content": text}] for text in answers]


def _from_json(found: dict[str, Any]) -> TokenCounts:
    told = found.get("statistics")
    return TokenCounts(found["model"], dict(map(tuple, found["lengths"])), dict(map(tuple, found["starts"])),
                       found["trained"], found["held_out"], found["left_out"], found.get("general", 0),
                       Statistics.from_json(told) if told else None, found.get("kind", "chat"))
