"""The ledger's tables, as numbered steps that each run once."""

from __future__ import annotations

import sqlite3

MIGRATIONS = (
    """
    CREATE TABLE documents (
        id TEXT PRIMARY KEY, label TEXT NOT NULL, language TEXT NOT NULL, sha256 TEXT NOT NULL);
    CREATE TABLE pages (
        document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, number INTEGER NOT NULL,
        start INTEGER NOT NULL, markdown TEXT NOT NULL, PRIMARY KEY (document_id, number));
    CREATE TABLE chunks (
        id TEXT PRIMARY KEY, document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE,
        ordinal INTEGER NOT NULL, heading_path TEXT NOT NULL, page_start INTEGER NOT NULL, page_end INTEGER NOT NULL,
        start INTEGER NOT NULL, "end" INTEGER NOT NULL, text_start INTEGER NOT NULL, text_end INTEGER NOT NULL,
        header_start INTEGER, header_end INTEGER, text TEXT NOT NULL, language TEXT NOT NULL, kind TEXT NOT NULL,
        excluded TEXT NOT NULL DEFAULT '', retired INTEGER NOT NULL DEFAULT 0);
    CREATE INDEX chunks_of_document ON chunks (document_id, ordinal);
    CREATE TABLE calls (
        key TEXT PRIMARY KEY, stage TEXT NOT NULL, chunk_id TEXT NOT NULL, model TEXT NOT NULL,
        prompt_version TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('done', 'cut', 'failed')),
        tries INTEGER NOT NULL, reply TEXT NOT NULL DEFAULT '', finish_reason TEXT NOT NULL DEFAULT '',
        tokens_in INTEGER NOT NULL DEFAULT 0, tokens_out INTEGER NOT NULL DEFAULT 0, ms INTEGER NOT NULL DEFAULT 0,
        error TEXT NOT NULL DEFAULT '', at REAL NOT NULL);
    CREATE INDEX calls_of_chunk ON calls (chunk_id);
    CREATE TABLE rejects (
        id INTEGER PRIMARY KEY, call_key TEXT NOT NULL, chunk_id TEXT NOT NULL, reason TEXT NOT NULL,
        text TEXT NOT NULL);
    CREATE TABLE outcomes (
        chunk_id TEXT PRIMARY KEY, recipe TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('done', 'failed')),
        failures INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '', at REAL NOT NULL);
    CREATE TABLE facts (
        id TEXT PRIMARY KEY, chunk_id TEXT NOT NULL REFERENCES chunks ON DELETE CASCADE,
        quote TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL);
    CREATE TABLE rows (
        id TEXT PRIMARY KEY, fact_id TEXT NOT NULL REFERENCES facts ON DELETE CASCADE, chunk_id TEXT NOT NULL,
        document_id TEXT NOT NULL, call_key TEXT NOT NULL, place INTEGER NOT NULL, kind TEXT NOT NULL,
        variant INTEGER NOT NULL, language TEXT NOT NULL, question TEXT NOT NULL, answer TEXT NOT NULL,
        original_question TEXT NOT NULL, original_answer TEXT NOT NULL,
        origin TEXT NOT NULL DEFAULT 'generated' CHECK (origin IN ('generated', 'edited')),
        human TEXT NOT NULL DEFAULT '' CHECK (human IN ('', 'kept', 'deleted')));
    CREATE INDEX rows_of_document ON rows (document_id, chunk_id, place);
    CREATE TABLE evidence (
        row_id TEXT PRIMARY KEY REFERENCES rows ON DELETE CASCADE, document_id TEXT NOT NULL, label TEXT NOT NULL,
        page INTEGER NOT NULL, quote TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
        score REAL NOT NULL);
    CREATE TABLE gates (
        row_id TEXT NOT NULL REFERENCES rows ON DELETE CASCADE, gate TEXT NOT NULL, passed INTEGER NOT NULL,
        detail TEXT NOT NULL DEFAULT '', version INTEGER NOT NULL, PRIMARY KEY (row_id, gate));
    CREATE INDEX failed_gates ON gates (row_id) WHERE passed = 0;
    CREATE VIEW pairs AS
        SELECT r.*, c.ordinal, e.document_id AS e_document, e.label, e.page, e.quote, e.start, e."end",
            COALESCE((SELECT g.gate FROM gates g WHERE g.row_id = r.id AND g.passed = 0
                      ORDER BY g.rowid LIMIT 1), '') AS gate,
            CASE WHEN r.human = 'deleted' THEN 'deleted' WHEN r.human = 'kept' THEN 'accepted'
                 WHEN EXISTS (SELECT 1 FROM gates g WHERE g.row_id = r.id AND g.passed = 0) THEN 'rejected'
                 ELSE 'accepted' END AS state
        FROM rows r JOIN evidence e ON e.row_id = r.id JOIN chunks c ON c.id = r.chunk_id;
    """,
    # Piles of the review: what decides them stands in the row itself, so that 100,000 rows are counted and listed by
    # an index. `gate` is the first gate that refused the row, `doubt` the first that asks for a look.
    """
    ALTER TABLE gates ADD COLUMN doubt INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE pages ADD COLUMN doubtful INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE rows ADD COLUMN gate TEXT NOT NULL DEFAULT '';
    ALTER TABLE rows ADD COLUMN doubt TEXT NOT NULL DEFAULT '';
    ALTER TABLE rows ADD COLUMN earlier TEXT NOT NULL DEFAULT '';
    ALTER TABLE rows ADD COLUMN strict INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE rows ADD COLUMN page INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE rows ADD COLUMN ordinal INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE rows ADD COLUMN pile TEXT AS (
        CASE WHEN human = 'deleted' THEN 'deleted' WHEN human = 'kept' THEN 'ready' WHEN gate != '' THEN 'rejected'
             WHEN doubt != '' THEN 'look' ELSE 'ready' END) VIRTUAL;
    UPDATE rows SET
        gate = COALESCE((SELECT g.gate FROM gates g WHERE g.row_id = rows.id AND g.passed = 0
                         ORDER BY g.rowid LIMIT 1), ''),
        page = COALESCE((SELECT e.page FROM evidence e WHERE e.row_id = rows.id), 0),
        ordinal = COALESCE((SELECT c.ordinal FROM chunks c WHERE c.id = rows.chunk_id), 0);
    CREATE INDEX rows_of_pile ON rows (pile, document_id, ordinal, place);
    CREATE INDEX rows_in_order ON rows (document_id, ordinal, place);
    CREATE INDEX rows_of_fact ON rows (fact_id);
    CREATE TABLE changes (
        id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, params TEXT NOT NULL DEFAULT '{}',
        rows INTEGER NOT NULL DEFAULT 0, at REAL NOT NULL);
    CREATE TABLE changed_rows (
        change_id INTEGER NOT NULL REFERENCES changes ON DELETE CASCADE, row_id TEXT NOT NULL, human TEXT NOT NULL,
        question TEXT, answer TEXT, gate TEXT NOT NULL, PRIMARY KEY (change_id, row_id)) WITHOUT ROWID;
    CREATE TABLE first_tries (
        row_id TEXT PRIMARY KEY REFERENCES rows ON DELETE CASCADE, question TEXT NOT NULL, answer TEXT NOT NULL,
        gate TEXT NOT NULL);
    DROP VIEW pairs;
    CREATE VIEW pairs AS
        SELECT r.*, e.document_id AS e_document, e.label, e.quote, e.start, e."end",
            CASE r.pile WHEN 'ready' THEN 'accepted' WHEN 'look' THEN 'accepted' ELSE r.pile END AS state
        FROM rows r JOIN evidence e ON e.row_id = r.id;
    """,
    # What a base model knows without the text. Its replies are calls of the stage "closed_book"; `known` is the
    # verdict on the reply of the model that was asked last.
    """
    ALTER TABLE rows ADD COLUMN known TEXT NOT NULL DEFAULT '' CHECK (known IN ('', 'known', 'unsure', 'unknown'));
    CREATE INDEX rows_by_knowledge ON rows (known, pile) WHERE known != '';
    CREATE TABLE base_models (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, label TEXT NOT NULL, at REAL NOT NULL);
    CREATE INDEX calls_of_stage ON calls (stage, model);
    """,
    # Every turn of a conversation can be changed: what the helper wrote is kept once it is.
    """
    ALTER TABLE rows ADD COLUMN original_earlier TEXT NOT NULL DEFAULT '';
    ALTER TABLE changed_rows ADD COLUMN earlier TEXT;
    """,
)


def migrate(connection: sqlite3.Connection) -> None:
    """Brings the tables up to date, each step in a transaction of its own."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise NewerLedger(version)
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;")


class NewerLedger(Exception):
    """The file was written by a later version of the program."""
