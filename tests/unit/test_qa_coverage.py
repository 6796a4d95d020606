"""Coverage: what the page says equals a recount by other means, and gaps are the passages that are left over."""

import re

from core import qa
from core.qa.coverage import gaps, sentences_of
from core.qa.ledger import Ledger
from core.qa.material import Material
from core.qa.rows import find_duplicates, store_drafts
from core.qa.selection import Filter
from core.qa.types import Draft

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
