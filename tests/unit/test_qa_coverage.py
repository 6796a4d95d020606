"""Coverage: what the page says equals a recount by other means, and gaps are the passages that are left over."""

import re

from core import qa
from core.qa.coverage import gaps, sentences_of
from core.qa.facts import extract_facts
from core.qa.ledger import Ledger
from core.qa.material import Material
from core.qa.rows import find_duplicates, store_drafts
from core.qa.selection import Filter
from core.qa.types import Draft
from core.qa.writer import write_pairs
from core.storage.workspace import CODE_ROOT

SAID = [f"Pump number {n} of the Quillmere works delivers {n * 7 + 40} litres of water per minute."
        for n in range(1, 31)]
PAGES = [(1, "# Pumps\n\n" + " ".join(SAID[:10])), (2, "## More\n\n" + "\n".join(f"- {s}" for s in SAID[10:20])),
         (3, "## Table\n\n| Pump | Delivers |\n|---|---|\n" + "\n".join(f"| Row {s[:-1]} | ok |" for s in SAID[20:]))]


def build(ws, numbers, wrong=()):
    """Accepted pairs that quote these sentences, refused ones for `wrong`."""
    with Ledger(ws) as ledger:
        ledger.sync_document("d", "pumps.md", Material(PAGES, {}), 400)
        body = ledger.body("d")
        for span in ledger.spans(["d"], missing_only=False, recipe=""):
            drafts = []
            for n in [*numbers, *wrong]:
                quote = SAID[n] if SAID[n] in span.chunk.text else SAID[n][:-1]
                if quote in span.chunk.text:
                    litres = (n + 1) * 7 + 40 + (n in wrong)
                    drafts.append(Draft(f"How much does pump number {n + 1} of the Quillmere works deliver?",
                                        f"{litres} litres per minute", quote, f"f{n}"))
            with ledger.transaction() as db:
                store_drafts(db, body, span, drafts, "en", "call")
                ledger.outcome(db, span.chunk.id, "r")
        find_duplicates(ledger)


def recount(ws):
    """Used sentences by page, from the evidence on the pages alone."""
    quotes = {}
    for pair in qa.find_pairs(ws, Filter(piles=("ready", "look")), 0, 500)[0]:
        quotes.setdefault(pair.evidence.page, []).append((pair.evidence.start, pair.evidence.end))
    found = {}
    for number, text in PAGES:
        places = [m.span() for m in re.finditer(r"(?:\| Row )?Pump number \d+ [^.|\n]+[.|]", text)]
        direct = [any(a < e and s < b for a, b in quotes.get(number, ())) for s, e in places]
        found[number] = (len(places), sum(any(direct[max(0, i - 1):i + 2]) for i in range(len(places))))
    return found


def test_what_is_shown_equals_an_independent_recount(ws):
    build(ws, [0, 5, 6, 12, 27], wrong=[9, 18])
    shown = {p.page: (p.sentences, p.used) for p in qa.page_use(ws)}
    counted = recount(ws)
    assert {n: s for n, (s, _) in shown.items()} == {1: 10, 2: 10, 3: 10} == {n: s for n, (s, _) in counted.items()}
    assert {n: u for n, (_, u) in shown.items()} == {n: u for n, (_, u) in counted.items()} == {1: 6, 2: 3, 3: 3}
    with Ledger(ws) as ledger:
        left = " ".join(p for passages in gaps(ledger, ["d"]).values() for p in passages)
    assert left.count("Pump number") == 30 - 12, "what is not used is a gap, and nothing else is"


def test_gaps_are_what_is_left_over_on_a_page(ws):
    build(ws, [0, 12])
    left = " ".join(qa.unused_on(ws, "d", 1))
    assert SAID[9] in left and SAID[0] not in left and SAID[1] not in left
    assert all(text in PAGES[0][1] for text in qa.unused_on(ws, "d", 1))
    build(ws, range(30))
    assert [p.share for p in qa.page_use(ws)] == [1.0] * 3 or qa.unused_on(ws, "d", 1) == []


def test_a_deleted_pair_uses_nothing(ws):
    build(ws, [0])
    assert sum(p.used for p in qa.page_use(ws)) == 2
    qa.delete_pairs(ws, Filter())
    assert sum(p.used for p in qa.page_use(ws)) == 0
    assert qa.page_use(ws, ["other"]) == []


def test_sentences_leave_out_titles_rules_and_short_lines():
    text = ("# A long title that nobody would ask a question about, or would they?\n\nShort.\n\n|---|---|\n"
            "The version 2.5 of the pump, e.g. the large one, was built by hand in 1998. "
            "Its successor came out of the factory in the following year.\n")
    assert [text[a:b] for a, b in sentences_of(text, "en")] == [
        "The version 2.5 of the pump, e.g. the large one, was built by hand in 1998.",
        "Its successor came out of the factory in the following year."]
    zh = "三号水泵的额定功率是十五千瓦，每七天检查一次。第二车间负责维护所有的水泵和阀门设备。好。"
    assert len(sentences_of(zh, "zh")) == 2


EXAMPLES = [CODE_ROOT / "data/examples/src/en.md", CODE_ROOT / "data/examples/src/zh.md",
            *sorted((CODE_ROOT / "benchmarks/effect_data").glob("*.md"))]
SHORTEST = {"en": 24, "zh": 10}


def pieces(text, language):
    """Sentences, list items and table rows of a text with their places, found sign by sign."""
    found, at = [], 0
    for line in text.split("\n"):
        start, at = at, at + len(line) + 1
        bare = line.strip()
        if bare.startswith(("```", "~~~", "<!--")) or bare[:1] == "#" and bare.lstrip("#")[:1] == " " or \
                not set(bare) - set("|:- "):
            continue
        begin = 0
        for n, sign in enumerate(line):
            if bare.startswith("|"):
                break
            rest = line[n + 1:].lstrip("”’」』\"')）")
            after = rest.lstrip()
            stops = sign in "。！？!?" and line[n + 1:n + 2] not in "。！？!?" or sign == "." and (
                not after or rest != after and not after[0].islower())
            if stops or n + 1 == len(line) and line[begin:].strip():
                end = n + 1 + (len(line[n + 1:]) - len(rest) if sign in "。！？!?" else 0)
                found.append((start + begin, start + end))
                begin = end
        if line[begin:].strip():
            found.append((start + begin, start + len(line)))
    return [(a, b) for a, b in found if len([c for c in text[a:b] if c not in " \t|*_#>`-"]) >= SHORTEST[language]]


def test_example_documents_are_used_and_the_share_shown_equals_a_recount(ws):
    with Ledger(ws) as ledger:
        for file in EXAMPLES:
            text = file.read_text(encoding="utf-8")
            ledger.sync_document(file.name, file.name, Material([(1, text)], {}), 600)
            body = ledger.body(file.name)
            for span in ledger.spans([file.name], missing_only=False, recipe=""):
                drafts = write_pairs(span.chunk, extract_facts(span.chunk), None, wordings=2, seed=42)
                with ledger.transaction() as db:
                    store_drafts(db, body, span, drafts, span.chunk.language, "rules")
                    ledger.outcome(db, span.chunk.id, "rules")
        find_duplicates(ledger)
    for share in (1.0, 0.4):
        pairs = qa.all_accepted(ws)
        dropped = [p.id for p in pairs if int(p.fact_key[-6:], 16) % 100 >= share * 100]
        qa.delete_pairs(ws, dropped)
        shown = {p.label: (p.sentences, p.used) for p in qa.page_use(ws)}
        assert shown == counted_again(ws), share
        total, used = (sum(n[at] for n in shown.values()) for at in (0, 1))
        print(f"{len(pairs) - len(dropped)} pairs: {used} of {total} sentences used")
        assert len(shown) == len(EXAMPLES) and total > 250
        assert all(n[1] >= 0.9 * n[0] for n in shown.values()) if share == 1 else used < 0.95 * total


def counted_again(ws):
    """Sentences and used ones by document, from the texts of chunks and the quotes of pairs as they read."""
    with Ledger(ws) as ledger:
        chunks = ledger.query("SELECT id, document_id, text, language FROM chunks WHERE excluded = '' AND retired = 0 "
                              "AND header_start IS NULL")
    quotes = {}
    for pair in qa.all_accepted(ws):
        quotes.setdefault(pair.section, set()).add(pair.evidence.quote)
    counts = {}
    for chunk in chunks:
        places = pieces(chunk["text"], chunk["language"])
        spans = [(at, at + len(quote)) for quote in quotes.get(chunk["id"], ())
                 if (at := chunk["text"].find(quote)) >= 0]
        direct = [any(a < end and start < b for a, b in spans) for start, end in places]
        near = sum(any(direct[max(0, n - 1):n + 2]) for n in range(len(places)))
        sums = counts.get(chunk["document_id"], (0, 0))
        counts[chunk["document_id"]] = (sums[0] + len(places), sums[1] + near)
    return {id: sums for id, sums in counts.items() if sums[0]}
