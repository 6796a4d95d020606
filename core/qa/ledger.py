"""The ledger: documents, chunks, calls, facts, rows, evidence and gates of one Q&A project, in one SQLite file.

Every call is keyed by a hash of model, settings, prompt version and inputs. Its reply and everything made from it are
stored in one transaction, so a call that has been answered is never paid for again.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from core.errors import UserError
from core.qa.chunk import Body, Page, Span, chunk_document, language_of
from core.qa.material import Material
from core.qa.schema import NewerLedger, migrate
from core.qa.types import Chunk
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class Call:
    """One answered (or finally failed) request to a helper. `state` is done, cut or failed."""

    key: str
    stage: str
    chunk_id: str
    model: str
    prompt_version: str
    state: str = "done"
    tries: int = 1
    reply: str = ""
    finish_reason: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    ms: int = 0
    error: str = ""


def call_key(model: str, settings: dict[str, Any], prompt_version: str, inputs: Any) -> str:
    """The identity of a call: equal for equal questions to an equal model, whatever document they came from."""
    parts = json.dumps([model, settings, prompt_version, inputs], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(parts.encode("ascii")).hexdigest()


class Ledger:
    """One open ledger; usable from several threads. Close it, or use it in a `with` statement."""

    def __init__(self, ws: Workspace, project: str = "main") -> None:
        path = ws.qa(project).ledger
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self.spent = (0, 0)
        """Tokens sent and received by calls that were recorded since this ledger was opened."""
        self._db = sqlite3.connect(path, timeout=30, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        try:
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                self._db.execute(f"PRAGMA {pragma}")
            migrate(self._db)
        except NewerLedger:
            self._db.close()
            raise UserError("qa.error.newer_ledger") from None
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise UserError("qa.error.damaged_ledger", detail=type(error).__name__) from None

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; raises UserError when the disk is full."""
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except sqlite3.OperationalError as error:
                self._rollback()
                if "full" in str(error) or "I/O" in str(error) or "readonly" in str(error):
                    raise UserError("qa.error.write_failed", detail=str(error)) from None
                raise
            except BaseException:
                self._rollback()
                raise

    def _rollback(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def query(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Rows of a SELECT."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def one(self, sql: str, *values: Any) -> Any:
        """First column of the first row, or None."""
        rows = self.query(sql, *values)
        return rows[0][0] if rows else None

    def call(self, key: str) -> Call | None:
        """A call that was answered (done or cut); failed calls may be made again."""
        rows = self.query("SELECT * FROM calls WHERE key = ? AND state != 'failed'", key)
        return Call(**{name: rows[0][name] for name in Call.__dataclass_fields__}) if rows else None

    def record_call(self, call: Call, db: sqlite3.Connection | None = None) -> None:
        """Stores a call, replacing a failed one; within a transaction when `db` is given."""
        if db is None:
            with self.transaction() as db:
                return self.record_call(call, db)
        with self._lock:
            self.spent = (self.spent[0] + call.tokens_in, self.spent[1] + call.tokens_out)
        tries = db.execute("SELECT tries FROM calls WHERE key = ?", (call.key,)).fetchone()
        values = {**call.__dict__, "tries": (tries[0] if tries else 0) + call.tries, "at": time.time()}
        names = ", ".join(values)
        db.execute(
            f"INSERT OR REPLACE INTO calls ({names}) VALUES ({', '.join('?' * len(values))})", tuple(values.values())
        )

    def sync_document(self, document_id: str, label: str, given: Material, target: int) -> None:
        """Brings pages and chunks of a document up to date. Chunks whose text is unchanged keep their rows."""
        body, spans = chunk_document(document_id, label, given.pages, target=target, unused=given.unused)
        with self.transaction() as db:
            db.execute(
                "INSERT INTO documents VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET label = excluded.label, "
                "language = excluded.language, sha256 = excluded.sha256",
                (document_id, label, language_of(body.text), given.digest),
            )
            db.execute("DELETE FROM pages WHERE document_id = ?", (document_id,))
            db.executemany(
                "INSERT INTO pages (document_id, number, start, markdown, doubtful) VALUES (?, ?, ?, ?, ?)",
                [
                    (document_id, page.number, page.start, text, page.number in given.doubtful)
                    for page, (_, text) in zip(body.pages, given.pages, strict=True)
                ],
            )
            db.execute("UPDATE chunks SET retired = 1 WHERE document_id = ?", (document_id,))
            for ordinal, span in enumerate(spans):
                _store_chunk(db, ordinal, span)
            db.execute(
                "UPDATE rows SET ordinal = (SELECT c.ordinal FROM chunks c WHERE c.id = rows.chunk_id) "
                "WHERE document_id = ? AND ordinal != (SELECT c.ordinal FROM chunks c WHERE c.id = rows.chunk_id)",
                (document_id,),
            )

    def body(self, document_id: str) -> Body:
        """The stored text of a document."""
        rows = self.query("SELECT number, start, markdown FROM pages WHERE document_id = ? ORDER BY start", document_id)
        return Body(
            "\n\n".join(r["markdown"] for r in rows),
            tuple(Page(r["number"], r["start"], len(r["markdown"])) for r in rows),
        )

    def spans(self, document_ids: Iterable[str], *, missing_only: bool, recipe: str) -> list[Span]:
        """Chunks to work on, in document order, without excluded ones.

        Args:
            missing_only: leave out chunks that were finished by any recipe; else only those finished by `recipe`.
        """
        done = "o.state = 'done'" + ("" if missing_only else " AND o.recipe = ?")
        found: list[Span] = []
        for document_id in document_ids:
            rows = self.query(
                "SELECT c.*, d.label FROM chunks c JOIN documents d ON d.id = c.document_id WHERE c.document_id = ? "
                "AND c.retired = 0 AND c.excluded = '' AND NOT EXISTS "
                f"(SELECT 1 FROM outcomes o WHERE o.chunk_id = c.id AND {done}) "
                "ORDER BY c.ordinal",
                document_id,
                *([] if missing_only else [recipe]),
            )
            found += [_span(row) for row in rows]
        return found

    def outcome(self, db: sqlite3.Connection, chunk_id: str, recipe: str, error: dict[str, Any] | None = None) -> None:
        """Marks a chunk finished, or failed with a reason."""
        failed = error is not None
        db.execute(
            "INSERT INTO outcomes (chunk_id, recipe, state, failures, error, at) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (chunk_id) DO UPDATE SET recipe = excluded.recipe, state = excluded.state, "
            "failures = failures + excluded.failures, error = excluded.error, at = excluded.at",
            (
                chunk_id,
                recipe,
                "failed" if failed else "done",
                int(failed),
                json.dumps(error) if failed else "",
                time.time(),
            ),
        )

    def failures(self, chunk_id: str) -> int:
        """How often a chunk has failed; part of the next attempt's key, so that it is asked anew."""
        return int(self.one("SELECT failures FROM outcomes WHERE chunk_id = ?", chunk_id) or 0)


def _store_chunk(db: sqlite3.Connection, ordinal: int, span: Span) -> None:
    chunk, header = span.chunk, span.header or (None, None)
    db.execute(
        'INSERT INTO chunks (id, document_id, ordinal, heading_path, page_start, page_end, start, "end", text_start, '
        "text_end, header_start, header_end, text, language, kind, excluded, retired) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT (id) DO UPDATE SET "
        "ordinal = excluded.ordinal, page_start = excluded.page_start, page_end = excluded.page_end, "
        'start = excluded.start, "end" = excluded."end", text_start = excluded.text_start, '
        "text_end = excluded.text_end, language = excluded.language, header_start = excluded.header_start, "
        "header_end = excluded.header_end, excluded = excluded.excluded, retired = 0",
        (
            chunk.id,
            chunk.document_id,
            ordinal,
            json.dumps(chunk.heading_path, ensure_ascii=False),
            chunk.page_start,
            chunk.page_end,
            span.start,
            span.end,
            span.text_start,
            span.text_end,
            *header,
            chunk.text,
            chunk.language,
            chunk.kind,
            span.excluded,
        ),
    )


def _span(row: sqlite3.Row) -> Span:
    chunk = Chunk(
        row["id"],
        row["document_id"],
        row["label"],
        tuple(json.loads(row["heading_path"])),
        row["page_start"],
        row["page_end"],
        row["text"],
        row["language"],
        row["kind"],
    )
    header = None if row["header_start"] is None else (row["header_start"], row["header_end"])
    return Span(chunk, row["start"], row["end"], row["text_start"], row["text_end"], header, row["excluded"])
