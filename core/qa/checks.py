"""What must hold for the ledger; part of `core.storage.fsck`."""

from __future__ import annotations

import sqlite3

from core.errors import UserError
from core.qa.ledger import Ledger
from core.storage import Workspace
from core.storage.fsck import Problem


def check_qa(ws: Workspace) -> list[Problem]:
    """The database is whole, every row has its evidence and verdicts, every evidence stands on its page."""
    path = ws.qa().ledger
    if not path.exists():
        return []
    where = path.relative_to(ws.root).as_posix()
    try:
        with Ledger(ws) as ledger:
            return _check(ledger, where)
    except UserError as error:
        return [Problem("error", where, error.key, error.params)]
    except sqlite3.DatabaseError as error:
        return [Problem("error", where, "qa.fsck.integrity", {"detail": type(error).__name__})]


def _check(ledger: Ledger, where: str) -> list[Problem]:
    found = []
    if (said := ledger.one("PRAGMA integrity_check")) != "ok":
        found.append(Problem("error", where, "qa.fsck.integrity", {"detail": str(said)[:200]}))
    orphans = ledger.one(
        "SELECT COUNT(*) FROM rows r WHERE NOT EXISTS (SELECT 1 FROM evidence e WHERE e.row_id = r.id) "
        "OR NOT EXISTS (SELECT 1 FROM gates g WHERE g.row_id = r.id)"
    )
    if orphans:
        found.append(Problem("error", where, "qa.fsck.orphans", {"count": orphans}))
    moved = sum(
        row["markdown"][row["start"] : row["end"]] != row["quote"]
        for row in ledger.query(
            'SELECT e.quote, e.start, e."end", p.markdown FROM evidence e JOIN rows r ON r.id = e.row_id '
            "JOIN chunks c ON c.id = r.chunk_id JOIN pages p ON p.document_id = e.document_id AND p.number = e.page "
            "WHERE c.retired = 0"
        )
    )
    if moved:
        found.append(Problem("error", where, "qa.fsck.evidence", {"count": moved}))
    return found
