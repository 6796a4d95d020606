"""Sentences of the documents that speak about a question and its answer: what a reader can check an answer against."""

from __future__ import annotations

from core.qa.ledger import Ledger
from core.qa.types import Evidence
from core.storage.workspace import Workspace

ENOUGH = 62.0


def find_evidence(ws: Workspace, question: str, answer: str = "", limit: int = 3) -> list[Evidence]:
    """Evidence of the accepted pairs whose question is most like this one; an empty list when none is.

    Args:
        answer: breaks ties between questions that are equally alike.
    """
    from rapidfuzz import fuzz, process, utils

    if not ws.qa().ledger.exists() or not question.strip():
        return []
    with Ledger(ws) as ledger:
        rows = ledger.query(
            'SELECT question, answer, e_document, label, page, quote, start, "end" FROM pairs '
            "WHERE state = 'accepted'"
        )
    close = process.extract(
        _words(question),
        [_words(r["question"]) for r in rows],
        scorer=fuzz.token_sort_ratio,
        processor=utils.default_process,
        score_cutoff=ENOUGH,
        limit=limit * 12,
    )
    ranked = sorted(
        close, key=lambda c: (-round(c[1] / 5), -fuzz.token_set_ratio(_words(rows[c[2]]["answer"]), _words(answer)))
    )
    found: dict[tuple[str, int, int], Evidence] = {}
    for _, _, at in ranked:
        row = rows[at]
        evidence = Evidence(row["e_document"], row["label"], row["page"], row["quote"], row["start"], row["end"])
        found.setdefault((evidence.document_id, evidence.page, evidence.start), evidence)
    return list(found.values())[:limit]


def _words(text: str) -> str:
    """Han characters count as words."""
    return "".join(f" {c} " if "\u3400" <= c <= "\u9fff" else c for c in text)
