"""What a person did to pairs, step by step in the ledger: every step can be taken back, also after a restart."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from core.qa.asked import renew
from core.qa.gates import Verdict
from core.qa.ledger import Ledger
from core.qa.rows import NEAR, recheck, store_verdicts
from core.qa.selection import Wanted, condition
from core.storage.workspace import Workspace

Kind = Literal["confirm", "delete", "restore", "edit", "replace"]
KEPT = 200
"""Steps that can be taken back; older ones are forgotten."""


class Text(NamedTuple):
    """What a row shall say; `earlier` is JSON of a conversation's turns before, None leaves them as they are."""

    id: str
    question: str
    answer: str
    earlier: str | None = None


@dataclass(frozen=True)
class Change:
    """One step: `rows` pairs were changed at `at` (seconds since 1970)."""

    id: int
    kind: Kind
    rows: int
    at: float
    params: dict[str, Any]


def confirm(ws: Workspace, wanted: Wanted) -> int:
    """Says that pairs are good, rejected ones too; returns how many were changed."""
    return _judge(ws, "confirm", wanted, "human NOT IN ('kept', 'deleted')", "'kept'")


def delete(ws: Workspace, wanted: Wanted) -> int:
    """Takes pairs out of what a dataset gets; returns how many were changed."""
    return _judge(ws, "delete", wanted, "human != 'deleted'", "'deleted'")


def restore(ws: Workspace, wanted: Wanted) -> int:
    """Brings deleted pairs back as they were, accepts rejected ones on the person's word; returns how many changed."""
    return _judge(
        ws, "restore", wanted, "pile IN ('deleted', 'rejected')", "CASE WHEN human = 'deleted' THEN '' ELSE 'kept' END"
    )


def last_change(ws: Workspace) -> Change | None:
    """The step that `undo` would take back."""
    if not ws.qa().ledger.exists():
        return None
    with Ledger(ws) as ledger:
        rows = ledger.query("SELECT * FROM changes ORDER BY id DESC LIMIT 1")
    return _change(rows[0]) if rows else None


def undo(ws: Workspace) -> Change | None:
    """Takes the last step back and returns it; None when there is nothing left to take back.

    Pairs that a build has replaced since are left alone.
    """
    with Ledger(ws) as ledger, ledger.transaction() as db:
        found = db.execute("SELECT * FROM changes ORDER BY id DESC LIMIT 1").fetchone()
        if found is None:
            return None
        id = found["id"]
        mine = "FROM changed_rows b WHERE b.change_id = ? AND b.row_id = rows.id"
        db.execute(
            f"UPDATE rows SET human = (SELECT b.human {mine}) WHERE id IN "
            "(SELECT row_id FROM changed_rows WHERE change_id = ?)",
            (id, id),
        )
        texts = db.execute("SELECT * FROM changed_rows WHERE change_id = ? AND question IS NOT NULL", (id,)).fetchall()
        rewrite(db, [Text(b["row_id"], b["question"], b["answer"], b["earlier"]) for b in texts])
        for b in texts:
            if b["gate"] in NEAR:
                store_verdicts(db, b["row_id"], [Verdict(b["gate"], False)])
        db.execute("DELETE FROM changes WHERE id = ?", (id,))
        return _change(found)


def record(
    db: sqlite3.Connection, kind: Kind, where: str, values: list[Any], *, texts: bool = False, **params: Any
) -> tuple[int, int]:
    """Notes how the rows that meet a condition are now; (id of the step, number of rows). Nothing for no rows.

    Args:
        texts: their questions and answers too, because these will change.
    """
    id = db.execute(
        "INSERT INTO changes (kind, params, at) VALUES (?, ?, ?)",
        (kind, json.dumps(params, ensure_ascii=False), time.time()),
    ).lastrowid
    columns = "question, answer, gate, earlier" if texts else "NULL, NULL, '', NULL"
    count = db.execute(
        f"INSERT INTO changed_rows SELECT ?, id, human, {columns} FROM rows WHERE {where}", [id, *values]
    ).rowcount
    if count:
        db.execute("UPDATE changes SET rows = ? WHERE id = ?", (count, id))
        db.execute("DELETE FROM changes WHERE id <= ?", (id - KEPT,))
    else:
        db.execute("DELETE FROM changes WHERE id = ?", (id,))
    return int(id or 0), count


def rewrite(db: sqlite3.Connection, texts: Iterable[Text], *, near: bool = False) -> int:
    """Gives rows their texts and judges them again; returns how many are refused now.

    Args:
        near: what resembled another row still does, because that one was changed in the same way.
    """
    refused, changed = 0, []
    for id, question, answer, earlier in texts:
        changed.append(id)
        if earlier is not None:
            db.execute("UPDATE rows SET original_earlier = earlier WHERE id = ? AND original_earlier = ''", (id,))
            db.execute("UPDATE rows SET earlier = ? WHERE id = ?", (earlier, id))
        db.execute(
            "UPDATE rows SET question = ?, answer = ?, origin = CASE WHEN ? = original_question "
            "AND ? = original_answer AND original_earlier IN ('', earlier) THEN 'generated' ELSE 'edited' END "
            "WHERE id = ?",
            (question, answer, question, answer, id),
        )
        if not near:
            db.executemany("DELETE FROM gates WHERE row_id = ? AND gate = ?", [(id, gate) for gate in NEAR])
        recheck(db, id)
        refused += db.execute("SELECT COUNT(*) FROM rows WHERE id = ? AND pile = 'rejected'", (id,)).fetchone()[0]
    renew(db, changed)
    return refused


def _judge(ws: Workspace, kind: Kind, wanted: Wanted, differs: str, human: str) -> int:
    if not ws.qa().ledger.exists():
        return 0
    where, values = condition(wanted)
    with Ledger(ws) as ledger, ledger.transaction() as db:
        id, count = record(db, kind, f"({where}) AND {differs}", values)
        if count:
            db.execute(
                f"UPDATE rows SET human = {human} WHERE id IN (SELECT row_id FROM changed_rows WHERE change_id = ?)",
                (id,),
            )
        return count


def _change(row: sqlite3.Row) -> Change:
    return Change(row["id"], row["kind"], row["rows"], row["at"], json.loads(row["params"]))
