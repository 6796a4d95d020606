"""The review table: listing and editing pairs, and what the counts on the page mean."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from core.errors import UserError
from core.qa import changes
from core.qa.known import counted, last_asked
from core.qa.ledger import Ledger
from core.qa.selection import ACCEPTED, ORDER, SHOWN, Filter, Wanted
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


@dataclass(frozen=True)
class Choices:
    """What the filters of the review offer: pairs by pile, kinds of pairs, gates that refused or ask for a look, and
    accepted pairs by what a base model knows of them ("left": not asked; empty before one was asked)."""

    piles: dict[str, int]
    kinds: list[str]
    reasons: list[str]
    known: dict[str, int] = field(default_factory=dict)


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
    piles = SHOWN if state is None else ACCEPTED if state == "accepted" else (state,)
    return find_pairs(ws, Filter(query, document_id or "", piles=piles), offset, limit)


def find_pairs(ws: Workspace, wanted: Filter, offset: int = 0, limit: int = 50) -> tuple[list[Pair], int]:
    """(pairs in document order, number of all that match)."""
    if not ws.qa().ledger.exists():
        return [], 0
    where, values = wanted.where()
    with Ledger(ws) as ledger:
        total = ledger.one(f"SELECT COUNT(*) FROM rows WHERE {where}", *values)
        rows = ledger.query(
            f"SELECT * FROM pairs WHERE id IN (SELECT id FROM rows WHERE {where} ORDER BY {ORDER} LIMIT ? OFFSET ?) "
            f"ORDER BY {ORDER}",
            *values,
            max(0, min(limit, PAGE_SIZE)),
            max(0, offset),
        )
        return [_pair(row) for row in rows], total


def choices(ws: Workspace) -> Choices:
    """What there is to filter by."""
    if not ws.qa().ledger.exists():
        return Choices({}, [], [])
    with Ledger(ws) as ledger:
        piles = {r[0]: r[1] for r in ledger.query("SELECT pile, COUNT(*) FROM rows GROUP BY pile")}
        reasons = ledger.query("SELECT DISTINCT gate FROM rows WHERE gate != '' UNION "
                               "SELECT DISTINCT doubt FROM rows WHERE doubt != ''")
        kinds = ledger.query("SELECT DISTINCT kind FROM rows ORDER BY kind")
        model = last_asked(ledger)
        now = counted(ledger, model) if model else None
        known = {"known": now.known, "unsure": now.unsure, "unknown": now.unknown, "left": now.left} if now else {}
        return Choices(piles, [r[0] for r in kinds], [r[0] for r in reasons], known)


def all_accepted(ws: Workspace) -> list[Pair]:
    """Every accepted pair in document order."""
    if not ws.qa().ledger.exists():
        return []
    with Ledger(ws) as ledger:
        return [_pair(r) for r in ledger.query(f"SELECT * FROM pairs WHERE pile IN ('ready', 'look') ORDER BY {ORDER}")]


def liked(ws: Workspace, count: int = 3) -> list[Pair]:
    """The pairs that a person confirmed or edited last, as examples of the style that is wanted."""
    if not ws.qa().ledger.exists():
        return []
    with Ledger(ws) as ledger:
        rows = ledger.query(
            "SELECT p.* FROM pairs p LEFT JOIN (SELECT row_id, MAX(change_id) AS step FROM changed_rows "
            "GROUP BY row_id) c ON c.row_id = p.id WHERE p.pile = 'ready' "
            "AND (p.human = 'kept' OR p.origin = 'edited') "
            "ORDER BY c.step DESC, p.id LIMIT ?", count)
        return [_pair(row) for row in rows]


def get_pair(ws: Workspace, id: str) -> Pair:
    """One pair. Raises UserError when there is none with this id."""
    with Ledger(ws) as ledger:
        return _one(ledger, id)


def edit_pair(ws: Workspace, id: str, question: str | None = None, answer: str | None = None,
              turn: int | None = None) -> Pair:
    """Changes a pair and judges it again, a conversation with all its turns; the helper's words are kept.

    Args:
        turn: of a conversation the turn that is changed, counted from 0; None for the last.

    Raises UserError for empty texts, or when there is no such turn.
    """
    changed = {name: text.strip() for name, text in (("question", question), ("answer", answer)) if text is not None}
    if not all(changed.values()):
        raise UserError("qa.error.empty")
    with Ledger(ws) as ledger:
        now = _one(ledger, id)
        with ledger.transaction() as db:
            changes.record(db, "edit", "id = ?", [id], texts=True)
            db.execute("UPDATE rows SET human = '' WHERE id = ?", (id,))
            changes.rewrite(db, [_changed(now, changed, turn)])
        return _one(ledger, id)


def revert_pair(ws: Workspace, id: str) -> Pair:
    """Gives a pair the helper's own words back, in every turn."""
    with Ledger(ws) as ledger:
        now = _one(ledger, id)
        first = ledger.one("SELECT original_earlier FROM rows WHERE id = ?", id)
        with ledger.transaction() as db:
            changes.record(db, "edit", "id = ?", [id], texts=True)
            db.execute("UPDATE rows SET human = '' WHERE id = ?", (id,))
            changes.rewrite(db, [changes.Text(id, now.original_question, now.original_answer, first or None)])
        return _one(ledger, id)


def _changed(now: Pair, changed: dict[str, str], turn: int | None) -> changes.Text:
    """What a pair says with one turn changed."""
    if turn is None or turn == len(now.earlier):
        return changes.Text(now.id, changed.get("question", now.question), changed.get("answer", now.answer))
    if not 0 <= turn < len(now.earlier):
        raise UserError("qa.error.no_pair")
    turns = [list(one) for one in now.earlier]
    turns[turn][0], turns[turn][1] = changed.get("question", turns[turn][0]), changed.get("answer", turns[turn][1])
    return changes.Text(now.id, now.question, now.answer, json.dumps(turns, ensure_ascii=False))


def delete_pairs(ws: Workspace, wanted: Wanted) -> int:
    """Takes pairs out; they can be restored. Returns how many were changed."""
    return changes.delete(ws, wanted)


def restore_pairs(ws: Workspace, wanted: Wanted) -> int:
    """Brings deleted pairs back as they were, accepts rejected ones on the person's word; returns how many changed."""
    return changes.restore(ws, wanted)


def confirm_pairs(ws: Workspace, wanted: Wanted) -> int:
    """Says that pairs are good, rejected ones too; returns how many were changed."""
    return changes.confirm(ws, wanted)


def counts(ws: Workspace) -> Counts:
    """All counts at once; cheap enough for polling."""
    if not ws.qa().ledger.exists():
        return Counts()
    with Ledger(ws) as ledger:
        piles = {r[0]: r[1] for r in ledger.query("SELECT pile, COUNT(*) FROM rows GROUP BY pile")}
        reasons = {
            r[0]: r[1] for r in ledger.query("SELECT gate, COUNT(*) FROM rows WHERE pile = 'rejected' GROUP BY gate")
        }
        chunks = "FROM chunks c LEFT JOIN outcomes o ON o.chunk_id = c.id WHERE c.retired = 0 AND c.excluded = ''"
        calls = ledger.query(
            "SELECT COUNT(*), COALESCE(SUM(tokens_in), 0), COALESCE(SUM(tokens_out), 0) FROM calls "
            "WHERE state != 'failed' AND stage != 'closed_book'"
        )[0]
        return Counts(
            piles.get("ready", 0) + piles.get("look", 0),
            piles.get("rejected", 0),
            piles.get("deleted", 0),
            ledger.one("SELECT COUNT(DISTINCT fact_id) FROM rows WHERE pile IN ('ready', 'look')"),
            ledger.one("SELECT COUNT(*) FROM rows WHERE origin = 'edited'"),
            reasons,
            ledger.one(f"SELECT COUNT(*) {chunks} AND o.state = 'done'"),
            ledger.one(f"SELECT COUNT(*) {chunks}"),
            ledger.one(f"SELECT COUNT(*) {chunks} AND o.state = 'failed'"),
            *calls,
        )


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
        row["pile"],
        row["doubt"] if row["pile"] == "look" else "",
        row["human"] == "kept",
        row["chunk_id"],
        tuple(tuple(turn) for turn in json.loads(row["earlier"] or "[]")),
        row["known"],
    )
