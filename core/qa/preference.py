"""Preference data for free: what a gate refused or a person corrected beside what holds, for DPO and KTO.

Every preferred answer has passed all gates or a person's eyes; every other one failed a check that is named in the
column "reason". What a base model wrongly says without the text counts as well: that is what it should unlearn.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from core.datasets.importing import import_files
from core.datasets.similar import bare
from core.datasets.store import DatasetInfo
from core.errors import UserError
from core.qa.asked import conversation, key_of, replies
from core.qa.known import last_asked
from core.qa.ledger import Ledger
from core.qa.selection import ORDER
from core.storage import remove_dir
from core.storage.atomic import atomic_write
from core.storage.workspace import DatasetPaths, Workspace

Form = Literal["preference", "label"]
WRONG_ANSWER = ("numbers", "units", "dates", "names", "grounded", "no_answer", "judge")
"""Gates that say something about the answer; other refusals leave it open whether it is right."""
PERSON, CLOSED_BOOK = "person", "closed_book"
SHORTEST, LONGEST = 0.5, 2.0
"""Bounds of length of the preferred answer to the other: else a model learns that long answers are better."""


@dataclass(frozen=True)
class Preference:
    """One question with an answer that holds and one that does not.

    Attributes:
        reason: the gate that refused the worse answer, PERSON when a person replaced it, CLOSED_BOOK when the base
            model gave it without the text and it says nothing of the right one.
    """

    question: str
    chosen: str
    rejected: str
    reason: str
    label: str
    page: int
    quote: str


def preferences(ws: Workspace) -> list[Preference]:
    """All preference pairs, in document order; the same question with the same two answers once."""
    if not ws.qa().ledger.exists():
        return []
    with Ledger(ws) as ledger:
        found = [*_mended(ledger), *_corrected(ledger), *_refused(ledger), *_untaught(ledger)]
    unique = {(p.question, p.chosen, p.rejected): p for p in reversed(found) if _fair(p)}
    return list(reversed(unique.values()))


def labels(ws: Workspace) -> Iterator[dict[str, Any]]:
    """Rows for KTO: accepted answers as good ones, answers that a gate refused or a person replaced as bad ones."""
    if not ws.qa().ledger.exists():
        return
    with Ledger(ws) as ledger:
        for row in ledger.query(f"SELECT * FROM pairs WHERE pile IN ('ready', 'look') ORDER BY {ORDER}"):
            yield {"prompt": row["question"], "completion": row["answer"], "label": True, "reason": "",
                   **_source(row)}
        bad = ledger.query(
            f"SELECT * FROM pairs WHERE pile = 'rejected' AND gate IN ({_MARKS}) ORDER BY {ORDER}", *WRONG_ANSWER)
        for row in bad:
            yield {"prompt": row["question"], "completion": row["answer"], "label": False, "reason": row["gate"],
                   **_source(row)}
    for pair in preferences(ws):
        if pair.reason in (PERSON, CLOSED_BOOK):
            yield {"prompt": pair.question, "completion": pair.rejected, "label": False, "reason": pair.reason,
                   "source": pair.label, "page": pair.page, "quote": pair.quote}


def make_preference_dataset(ws: Workspace, title: str, form: Form) -> DatasetInfo:
    """Makes a dataset for DPO ("preference") or KTO ("label"). Raises UserError when there is nothing to make it of."""
    if form == "preference":
        rows = [{"prompt": p.question, "chosen": p.chosen, "rejected": p.rejected, "reason": p.reason,
                 "source": p.label, "page": p.page, "quote": p.quote} for p in preferences(ws)]
    else:
        rows = list(labels(ws))
    if not rows or form == "label" and all(row["label"] for row in rows):
        raise UserError("qa.error.no_preferences")
    folder = ws.tmp_dir()
    try:
        file = DatasetPaths(folder).train
        atomic_write(file, b"".join(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
                                    for row in rows))
        return import_files(ws, [(file, "preferences.jsonl")], title).datasets[0]
    finally:
        remove_dir(folder)


def _mended(ledger: Ledger) -> Iterator[Preference]:
    """First tries of a helper that a gate refused, with what they were mended to."""
    rows = ledger.query(
        f"SELECT p.*, f.answer AS worse, f.gate AS why FROM first_tries f JOIN pairs p ON p.id = f.row_id "
        f"WHERE p.pile IN ('ready', 'look') AND f.gate IN ({_MARKS}) ORDER BY p.document_id, p.ordinal, p.place",
        *WRONG_ANSWER)
    return (_preference(row, row["worse"], row["why"]) for row in rows)


def _corrected(ledger: Ledger) -> Iterator[Preference]:
    """Answers that a person replaced."""
    rows = ledger.query("SELECT * FROM pairs WHERE pile IN ('ready', 'look') AND origin = 'edited' "
                        "AND answer != original_answer ORDER BY document_id, ordinal, place")
    return (_preference(row, row["original_answer"], PERSON) for row in rows)


def _refused(ledger: Ledger) -> Iterator[Preference]:
    """Refused answers to a question that has an accepted answer, too."""
    bad = ledger.query(f"SELECT question, answer, gate FROM pairs WHERE pile = 'rejected' AND gate IN ({_MARKS})",
                       *WRONG_ANSWER)
    worse = {bare(row["question"]): row for row in bad}
    if not worse:
        return
    for row in ledger.query(f"SELECT * FROM pairs WHERE pile IN ('ready', 'look') ORDER BY {ORDER}"):
        other = worse.get(bare(row["question"]))
        if other is not None:
            yield _preference(row, other["answer"], other["gate"])


def _untaught(ledger: Ledger) -> Iterator[Preference]:
    """What the base model says without the text where it does not know: whole sentences, as long as the answer."""
    model = last_asked(ledger)
    if model is None:
        return
    said = replies(ledger, model)
    for row in ledger.query("SELECT * FROM pairs WHERE pile IN ('ready', 'look') AND known = 'unknown' "
                            f"AND earlier = '' ORDER BY {ORDER}"):
        reply = said.get(key_of(model, conversation(row["question"])), "")
        if worse := _sentences(reply, len(row["answer"])):
            yield _preference(row, worse, CLOSED_BOOK)


def _sentences(reply: str, length: int) -> str:
    """The first whole sentences of a reply, as many as come nearest to a length; empty when none is whole."""
    ends = [match.end() for match in _SENTENCE_END.finditer(reply)]
    return reply[:min(ends, key=lambda end: abs(end - length))].strip() if ends else ""


_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？]")
_MARKS = ", ".join("?" * len(WRONG_ANSWER))


def _preference(row: Any, worse: str, why: str) -> Preference:
    return Preference(row["question"], row["answer"], worse, why, row["label"], row["page"], row["quote"])


def _source(row: Any) -> dict[str, Any]:
    return {"source": row["label"], "page": row["page"], "quote": row["quote"]}


def _fair(pair: Preference) -> bool:
    """The answers differ in what they say, and not in length alone."""
    different = bare(pair.chosen) != bare(pair.rejected)
    return different and SHORTEST <= len(pair.chosen) / max(1, len(pair.rejected)) <= LONGEST
