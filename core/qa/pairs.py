"""The review table: listing, editing, deleting and restoring pairs, and what the counts on the page mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.errors import UserError
from core.qa.ledger import Ledger
from core.qa.rows import recheck
from core.qa.types import Evidence, Pair, PairState
from core.storage.workspace import Workspace

PAGE_SIZE = 500


@dataclass(frozen=True)
class Counts:
    """How many pairs there are.

    Attributes:
        total: accepted pairs, those that a dataset gets.
        facts: different facts among the accepted ones.
        reasons: rejected pairs by the gate that refused them.
        chunks_done, chunks_total, chunks_failed: chunks of the present documents, without excluded ones.
        calls, tokens_in, tokens_out: answered calls of helpers so far.
    """

    total: int = 0
    rejected: int = 0
    deleted: int = 0
    facts: int = 0
    edited: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    chunks_done: int = 0
    chunks_total: int = 0
    chunks_failed: int = 0
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0


def list_pairs(
    ws: Workspace,
    offset: int = 0,
    limit: int = 50,
    query: str = "",
    document_id: str | None = None,
    state: PairState | None = None,
) -> tuple[list[Pair], int]:
    """(pairs in document order, number of all that match).

    Args:
        query: words that occur in question or answer, in any letter case.
        state: None for accepted and rejected ones.
    """
    if not ws.qa().ledger.exists():
        return [], 0
    where = ["state = ?" if state else "state != 'deleted'"]
    values: list[str] = [state] if state else []
    for word in query.split():
        where.append("(question LIKE ? ESCAPE '\\' OR answer LIKE ? ESCAPE '\\')")
        pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        values += [pattern, pattern]
    if document_id:
        where.append("document_id = ?")
        values.append(document_id)
    condition = " AND ".join(where)
    with Ledger(ws) as ledger:
        total = ledger.one(f"SELECT COUNT(*) FROM pairs WHERE {condition}", *values)
        rows = ledger.query(
            f"SELECT * FROM pairs WHERE {condition} ORDER BY document_id, ordinal, place LIMIT ? OFFSET ?",
            *values,
            max(0, min(limit, PAGE_SIZE)),
            max(0, offset),
        )
        return [_pair(row) for row in rows], total


def all_accepted(ws: Workspace) -> list[Pair]:
    """Every accepted pair in document order."""
    if not ws.qa().ledger.exists():
        return []
    with Ledger(ws) as ledger:
        return [
            _pair(r)
            for r in ledger.query("SELECT * FROM pairs WHERE state = 'accepted' ORDER BY document_id, ordinal, place")
        ]


def get_pair(ws: Workspace, id: str) -> Pair:
    """One pair. Raises UserError when there is none with this id."""
    with Ledger(ws) as ledger:
        return _one(ledger, id)


def edit_pair(ws: Workspace, id: str, question: str | None = None, answer: str | None = None) -> Pair:
    """Changes a pair and judges it again; the helper's words are kept. Raises UserError for empty texts."""
    changes = {name: text.strip() for name, text in (("question", question), ("answer", answer)) if text is not None}
    if not all(changes.values()):
        raise UserError("qa.error.empty")
    with Ledger(ws) as ledger:
        _one(ledger, id)
        with ledger.transaction() as db:
            for name, text in changes.items():
                db.execute(f"UPDATE rows SET {name} = ? WHERE id = ?", (text, id))
            db.execute(
                "UPDATE rows SET origin = CASE WHEN question = original_question AND answer = original_answer "
                "THEN 'generated' ELSE 'edited' END, human = '' WHERE id = ?",
                (id,),
            )
            db.execute("DELETE FROM gates WHERE row_id = ? AND gate IN ('duplicate', 'conflict')", (id,))
            recheck(db, id)
        return _one(ledger, id)


def revert_pair(ws: Workspace, id: str) -> Pair:
    """Gives a pair the helper's own words back."""
    before = get_pair(ws, id)
    return edit_pair(ws, id, before.original_question, before.original_answer)


def delete_pairs(ws: Workspace, ids: Sequence[str]) -> int:
    """Takes pairs out; they can be restored. Returns how many were changed."""
    return _set_human(ws, ids, "deleted")


def restore_pairs(ws: Workspace, ids: Sequence[str]) -> int:
    """Brings deleted pairs back as they were, accepts rejected ones on the person's word; returns how many changed."""
    with Ledger(ws) as ledger, ledger.transaction() as db:
        before = db.total_changes
        for id in ids:
            db.execute(
                "UPDATE rows SET human = CASE WHEN human = 'deleted' THEN '' ELSE 'kept' END WHERE id = ? AND "
                "(SELECT state FROM pairs p WHERE p.id = rows.id) != 'accepted'",
                (id,),
            )
        return db.total_changes - before


def counts(ws: Workspace) -> Counts:
    """All counts at once; cheap enough for polling."""
    if not ws.qa().ledger.exists():
        return Counts()
    with Ledger(ws) as ledger:
        states = {r[0]: r[1] for r in ledger.query("SELECT state, COUNT(*) FROM pairs GROUP BY state")}
        reasons = {
            r[0]: r[1] for r in ledger.query("SELECT gate, COUNT(*) FROM pairs WHERE state = 'rejected' GROUP BY gate")
        }
        chunks = "FROM chunks c LEFT JOIN outcomes o ON o.chunk_id = c.id WHERE c.retired = 0 AND c.excluded = ''"
        calls = ledger.query(
            "SELECT COUNT(*), COALESCE(SUM(tokens_in), 0), COALESCE(SUM(tokens_out), 0) FROM calls "
            "WHERE state != 'failed'"
        )[0]
        return Counts(
            states.get("accepted", 0),
            states.get("rejected", 0),
            states.get("deleted", 0),
            ledger.one("SELECT COUNT(DISTINCT fact_id) FROM pairs WHERE state = 'accepted'"),
            ledger.one("SELECT COUNT(*) FROM rows WHERE origin = 'edited'"),
            reasons,
            ledger.one(f"SELECT COUNT(*) {chunks} AND o.state = 'done'"),
            ledger.one(f"SELECT COUNT(*) {chunks}"),
            ledger.one(f"SELECT COUNT(*) {chunks} AND o.state = 'failed'"),
            *calls,
        )


def _set_human(ws: Workspace, ids: Sequence[str], value: str) -> int:
    with Ledger(ws) as ledger, ledger.transaction() as db:
        before = db.total_changes
        db.executemany("UPDATE rows SET human = ? WHERE id = ? AND human != ?", [(value, id, value) for id in ids])
        return db.total_changes - before


def _one(ledger: Ledger, id: str) -> Pair:
    rows = ledger.query("SELECT * FROM pairs WHERE id = ?", id)
    if not rows:
        raise UserError("qa.error.no_pair")
    return _pair(rows[0])


def _pair(row) -> Pair:  # type: ignore[no-untyped-def]
    evidence = Evidence(row["e_document"], row["label"], row["page"], row["quote"], row["start"], row["end"])
    return Pair(
        row["id"],
        row["question"],
        row["answer"],
        evidence,
        row["state"],
        row["kind"],
        row["fact_id"],
        row["variant"],
        row["language"],
        row["origin"],
        row["gate"] if row["state"] == "rejected" else "",
        row["original_question"],
        row["original_answer"],
    )
