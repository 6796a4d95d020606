"""Drafts become rows: located, judged, stored with their evidence; then duplicates are found over all rows."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType

from core.datasets.similar import bare, near_pairs
from core.qa.chunk import Body, Span, locate_on_page
from core.qa.gates import VERSION, Candidate, Verdict, check, check_text
from core.qa.ledger import Ledger
from core.qa.locate import locate
from core.qa.types import Chunk, Draft, Language

NEAR = ("duplicate", "conflict", "contested")
"""Gates that compare a row with others."""


def store_drafts(
    db: sqlite3.Connection,
    body: Body,
    span: Span,
    drafts: list[Draft],
    language: Language,
    call_key: str,
    *,
    strict: bool = False,
    verdicts: Mapping[Draft, list[Verdict]] = MappingProxyType({}),
    before: Mapping[Draft, Draft] = MappingProxyType({}),
    keep: bool = False,
) -> int:
    """Replaces the generated rows of a chunk by these drafts and returns how many passed; edited rows stay.

    A draft whose quote cannot be found is kept with the whole chunk as its evidence, so that the rejection can be read.

    Args:
        strict: a chat model wrote them: further gates apply.
        verdicts: what a judge said, besides the gates.
        before: what a mended draft was at first; kept for preference pairs.
        keep: the rows that are there stay too: these drafts fill gaps.
    """
    chunk_id = span.chunk.id
    if not keep:
        db.execute("DELETE FROM rows WHERE chunk_id = ? AND origin = 'generated' AND human = ''", (chunk_id,))
    kept = {row[0] for row in db.execute("SELECT id FROM rows WHERE chunk_id = ?", (chunk_id,))}
    first = db.execute("SELECT COALESCE(MAX(place) + 1, 0) FROM rows WHERE chunk_id = ?", (chunk_id,)).fetchone()[0] \
        if keep else 0
    passed = 0
    for place, draft in enumerate(drafts, first):
        earlier = json.dumps(draft.earlier, ensure_ascii=False) if draft.earlier else ""
        row_id = _id("q", chunk_id, draft.question, draft.answer, *([earlier] if earlier else []))
        if row_id in kept:
            continue
        kept.add(row_id)
        found, mine = check(draft, span.chunk, language, strict=strict)
        mine += verdicts.get(draft, [])
        start, end = (found.start, found.end) if found else (0, len(span.chunk.text))
        _store_row(db, body, span, draft, language, (row_id, call_key, place, strict), start, end)
        _store_evidence(db, body, span, row_id, start, end, found.score if found else 0.0)
        store_verdicts(db, row_id, mine)
        if draft in before:
            _store_first(db, row_id, before[draft], span.chunk, language)
        passed += all(v.passed or v.doubt for v in mine)
    db.execute("DELETE FROM facts WHERE chunk_id = ? AND id NOT IN (SELECT fact_id FROM rows)", (chunk_id,))
    return passed


def _store_row(db: sqlite3.Connection, body: Body, span: Span, draft: Draft, language: Language,
               key: tuple[str, str, int, bool], start: int, end: int) -> None:
    chunk, (row_id, call_key, place, strict) = span.chunk, key
    fact_id = _id("f", chunk.id, draft.fact_key, draft.quote)
    db.execute(
        'INSERT OR IGNORE INTO facts (id, chunk_id, quote, start, "end") VALUES (?, ?, ?, ?, ?)',
        (fact_id, chunk.id, chunk.text[start:end], start, end),
    )
    values = {
        "id": row_id, "fact_id": fact_id, "chunk_id": chunk.id, "document_id": chunk.document_id,
        "call_key": call_key, "place": place, "kind": draft.kind, "variant": draft.variant, "language": language,
        "question": draft.question, "answer": draft.answer, "original_question": draft.question,
        "original_answer": draft.answer, "strict": strict,
        "earlier": json.dumps(draft.earlier, ensure_ascii=False) if draft.earlier else "",
        "page": locate_on_page(body, *span.to_body(start, end))[0],
        "ordinal": db.execute("SELECT ordinal FROM chunks WHERE id = ?", (chunk.id,)).fetchone()[0],
    }
    db.execute(f"INSERT INTO rows ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
               tuple(values.values()))


def _store_first(db: sqlite3.Connection, row_id: str, draft: Draft, chunk: Chunk, language: Language) -> None:
    """What a mended row was at first, and the gate that refused it."""
    _, verdicts = check(draft, chunk, language, strict=True)
    gate = next((v.gate for v in verdicts if not v.passed and not v.doubt), "")
    db.execute("INSERT OR REPLACE INTO first_tries (row_id, question, answer, gate) VALUES (?, ?, ?, ?)",
               (row_id, draft.question, draft.answer, gate))


def store_verdicts(db: sqlite3.Connection, row_id: str, verdicts: list[Verdict]) -> None:
    """Writes verdicts of a row, replacing those of the same gates."""
    db.executemany(
        "INSERT OR REPLACE INTO gates (row_id, gate, passed, detail, version, doubt) VALUES (?, ?, ?, ?, ?, ?)",
        [(row_id, v.gate, v.passed, v.detail, VERSION, v.doubt) for v in verdicts],
    )
    settle(db, "id = ?", row_id)


def settle(db: sqlite3.Connection, condition: str, *values: str) -> None:
    """Notes in the rows which gate refuses them and which asks for a look: the first of each."""
    first = "COALESCE((SELECT g.gate FROM gates g WHERE g.row_id = rows.id AND g.passed = 0 AND g.doubt = {} " \
            "ORDER BY g.rowid LIMIT 1), '')"
    db.execute(f"UPDATE rows SET gate = {first.format(0)}, doubt = {first.format(1)} WHERE {condition}", values)


def recheck(db: sqlite3.Connection, row_id: str) -> None:
    """Judges a row again as it is now, after a person changed it; of a conversation every turn, the first that fails
    a gate counting."""
    row = db.execute(
        "SELECT r.*, e.quote, c.text, c.heading_path, e.label FROM rows r JOIN evidence e ON e.row_id = r.id "
        "JOIN chunks c ON c.id = r.chunk_id WHERE r.id = ?",
        (row_id,),
    ).fetchone()
    titles = f"{row['label']} {row['heading_path']}"
    turns = [*json.loads(row["earlier"] or "[]"), (row["question"], row["answer"], row["quote"])]
    found: dict[str, Verdict] = {}
    for at, (question, answer, quote) in enumerate(turns):
        follows = " ".join(said for turn in turns[:at] for said in turn[:2])
        for verdict in check_text(Candidate(question, answer, quote, row["text"], titles, row["language"],
                                            bool(row["strict"]), row["kind"], follows)):
            if verdict.gate not in found or found[verdict.gate].passed:
                found[verdict.gate] = verdict
    store_verdicts(db, row_id, list(found.values()))


def find_duplicates(ledger: Ledger) -> int:
    """Marks nearly equal questions of all rows in document order, and rows whose text is gone; returns how many failed.

    Wordings of one fact may resemble each other but not be equal. Of different facts the later row is a duplicate when
    the answers agree too, and a conflict when the same question has another answer; the earlier one is then contested,
    which asks for a look, as does a page that is hard to read.
    """
    with ledger.transaction() as db:
        db.execute("DELETE FROM gates WHERE gate IN ('duplicate', 'conflict', 'contested', 'stale', 'page')")
        db.execute(
            "INSERT INTO gates (row_id, gate, passed, version, doubt) SELECT e.row_id, 'page', 0, ?, 1 FROM evidence e "
            "JOIN pages p ON p.document_id = e.document_id AND p.number = e.page WHERE p.doubtful = 1", (VERSION,)
        )
        settle(db, "gate != '' OR doubt != '' OR id IN (SELECT row_id FROM gates WHERE passed = 0)")
        _mark_stale(db)
        rows = db.execute(
            "SELECT id, fact_id, question, answer, earlier FROM pairs p WHERE state = 'accepted' "
            "ORDER BY (origin = 'edited') DESC, (SELECT rowid FROM documents d WHERE d.id = p.document_id), "
            "ordinal, place"
        ).fetchall()
        return _mark_near(db, rows)


def _mark_near(db: sqlite3.Connection, rows: list[sqlite3.Row]) -> int:
    out: dict[int, tuple[str, str]] = {}
    asked = [" ".join([*(turn[0] for turn in json.loads(r["earlier"] or "[]")), r["question"]]) for r in rows]
    questions, answers = [bare(q) for q in asked], [bare(r["answer"]) for r in rows]
    numbers = [re.findall(r"\d+", r["question"]) for r in rows]
    partners: dict[int, list[int]] = defaultdict(list)
    for i, j in near_pairs(asked):
        partners[j].append(i)
    for j, near in sorted(partners.items()):
        for i in near:
            if i in out:
                continue
            same, agree = questions[i] == questions[j], answers[i] == answers[j] or _contains(answers[i], answers[j])
            if rows[i]["fact_id"] == rows[j]["fact_id"]:
                verdict = "duplicate" if same else ""
            elif same and not agree:
                verdict = "conflict"
            else:
                verdict = "duplicate" if agree and numbers[i] == numbers[j] else ""
            if verdict:
                out[j] = (verdict, rows[i]["question"])
                if verdict == "conflict":
                    store_verdicts(db, rows[i]["id"], [Verdict("contested", False, rows[j]["answer"][:120], True)])
                break
    for j, (gate, detail) in out.items():
        store_verdicts(db, rows[j]["id"], [Verdict(gate, False, detail[:120])])
    return len(out)


def _contains(a: str, b: str) -> bool:
    short, long = sorted((a, b), key=len)
    return len(short) > 3 and short in long


def _mark_stale(db: sqlite3.Connection) -> None:
    """Rows of chunks that are no longer part of their document; edited ones only when their quote left its page."""
    rows = db.execute(
        "SELECT r.id, r.origin, e.quote, p.markdown FROM rows r JOIN chunks c ON c.id = r.chunk_id "
        "JOIN evidence e ON e.row_id = r.id LEFT JOIN pages p ON p.document_id = e.document_id AND p.number = e.page "
        "WHERE c.retired = 1"
    ).fetchall()
    for row in rows:
        if row["origin"] == "generated" or locate(row["quote"], row["markdown"] or "") is None:
            store_verdicts(db, row["id"], [Verdict("stale", False)])


def _store_evidence(
    db: sqlite3.Connection, body: Body, span: Span, row_id: str, start: int, end: int, score: float
) -> None:
    page, a, b = locate_on_page(body, *span.to_body(start, end))
    markdown = next((body.text[p.start : p.start + p.length] for p in body.pages if p.number == page), "")
    db.execute(
        'INSERT INTO evidence (row_id, document_id, label, page, quote, start, "end", score) '
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (row_id, span.chunk.document_id, span.chunk.document_label, page, markdown[a:b], a, b, score),
    )


def _id(prefix: str, *parts: str) -> str:
    return f"{prefix}-{hashlib.sha256(chr(31).join(parts).encode('utf-8', 'replace')).hexdigest()[:20]}"
