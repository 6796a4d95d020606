"""What the built-in helper makes of documents it was not made for.

    python -m benchmarks.unseen MARKDOWN|FOLDER … [--starter FOLDER] [--show 20] [--seed 7] [--json FILE]

Prints, for each language and for all: pairs a page (of 1,800 characters), facts, the share that passes the gates with
the reasons of the others, the share of sentences used, and so many accepted pairs drawn at random, one of a fact. With
the folder of the starter model the question writer works too, as in the product; without it the rules write alone.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from core import documents, jobs, qa
from core.models import STARTER_ID
from core.qa import BuildSettings, Filter, Pair
from core.qa.facts import extract_facts
from core.qa.ledger import Ledger
from core.qa.material import material
from core.qa.rows import find_duplicates, store_drafts
from core.qa.settings import LEAST
from core.qa.writer import write_pairs
from core.storage import Workspace
from tests.fakes.documents import add_markdown

PAGE = 1800


def main() -> int:
    """Prints the report; 1 when a pair without located evidence was accepted."""
    options = parse()
    files = [f for path in options.paths for f in ([path] if path.is_file() else sorted(path.rglob("*.md")))]
    with tempfile.TemporaryDirectory(prefix="doctune-unseen-") as folder:
        ws = Workspace.at(folder)
        texts = [file.read_text(encoding="utf-8") for file in files]
        size = {add_markdown(ws, Path(folder), file.name, text): len(text)
                for file, text in zip(files, texts, strict=True)}
        by_rules(ws, list(size)) if options.starter is None else by_build(ws, options.starter)
        pairs = qa.all_accepted(ws)
        report(ws, pairs, size)
        shown(pairs, options.show, options.seed)
        if options.json:
            options.json.write_text(json.dumps([
                {"q": p.question, "a": p.answer, "kind": p.kind, "quote": p.evidence.quote, "label": p.evidence.label}
                for p in pairs], ensure_ascii=False, indent=1), encoding="utf-8")
    return 0 if all(p.evidence.quote for p in pairs) else 1


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="The built-in helper on documents it has never seen.")
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--starter", type=Path)
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, help="all accepted pairs")
    return parser.parse_args()


def by_rules(ws: Workspace, ids: list[str]) -> None:
    """Pairs of the rules alone."""
    labels = {d.id: d.label for d in documents.list_documents(ws)}
    with Ledger(ws) as ledger:
        for id in ids:
            ledger.sync_document(id, labels[id], material(ws, id), BuildSettings().chunk_tokens)
            body = ledger.body(id)
            for span in ledger.spans([id], missing_only=False, recipe=""):
                drafts = write_pairs(span.chunk, extract_facts(span.chunk), None, wordings=LEAST, seed=42)
                with ledger.transaction() as db:
                    store_drafts(db, body, span, drafts, span.chunk.language, "rules")
                    ledger.outcome(db, span.chunk.id, "rules")
        find_duplicates(ledger)


def by_build(ws: Workspace, starter: Path) -> None:
    """Pairs as the product writes them."""
    target = ws.model(STARTER_ID).dir
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(starter.resolve(), target_is_directory=True)
    done = jobs.wait(ws, qa.start_build(ws, BuildSettings()).id, 7200)
    assert done.state is jobs.JobState.DONE, done


def report(ws: Workspace, pairs: list[Pair], size: dict[str, int]) -> None:
    """The figures."""
    with Ledger(ws) as ledger:
        language = {row[0]: row[1] for row in ledger.query("SELECT id, language FROM documents")}
    everything = _all(ws)
    use = qa.page_use(ws)
    for name in ("en", "zh", "all"):
        mine = {id for id in size if name in ("all", language[id])}
        if not mine:
            continue
        good = [p for p in pairs if p.evidence.document_id in mine]
        tried = [p for p in everything if p.evidence.document_id in mine]
        pages = sum(size[id] for id in mine) / PAGE
        total, used = (sum(getattr(u, k) for u in use if u.document_id in mine) for k in ("sentences", "used"))
        why = Counter(p.reason for p in tried if p.reason)
        print(f"{name}: {len(mine)} documents, {pages:.0f} pages, {len(good)} pairs ({len(good) / pages:.1f} a page) "
              f"about {len({p.fact_key for p in good})} facts; {len(good) / max(1, len(tried)):.1%} pass the gates "
              f"({', '.join(f'{n} {gate}' for gate, n in why.most_common())}); {used} of {total} sentences used "
              f"({used / max(1, total):.1%})")
        print("   kinds:", ", ".join(f"{kind} {n}" for kind, n in Counter(p.kind for p in good).most_common()))


def _all(ws: Workspace) -> list[Pair]:
    found: list[Pair] = []
    while more := qa.find_pairs(ws, Filter(), len(found), 500)[0]:
        found += more
    return found


def shown(pairs: list[Pair], count: int, seed: int) -> None:
    """Accepted pairs drawn at random, one of a fact."""
    one = list({p.fact_key: p for p in random.Random(seed).sample(pairs, len(pairs))}.values())
    for pair in sorted(random.Random(seed).sample(one, min(count, len(one))), key=lambda p: p.evidence.label):
        print(f"\n[{pair.evidence.label} · {pair.kind}]\nQ {pair.question}\nA {pair.answer}")
        if pair.evidence.quote != pair.answer:
            print(f"E {' '.join(pair.evidence.quote.split())[:300]}")


if __name__ == "__main__":
    sys.exit(main())
