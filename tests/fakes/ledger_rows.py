"""Pairs in a workspace's ledger without a build: facts with several wordings, or drafts of one's own."""

from __future__ import annotations

from core.qa.ledger import Ledger
from core.qa.material import Material
from core.qa.rows import find_duplicates, store_drafts
from core.qa.types import Draft
from core.storage import Workspace

WORDINGS = (
    "How many litres does tank {n} of the {name} works hold?",
    "Tank {n} in {name}: what is its capacity?",
    "Could you tell me the volume of the {name} tank with number {n}?",
    "In {name}, tank {n} takes up to how much?",
)
NAMES = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ironwood", "Juniper")


def add_facts(ws: Workspace, count: int, wordings: int = 4, document: str = "doc-a") -> None:
    """`count` facts, each on a line of its own, with `wordings` questions."""
    said, drafts = [], []
    for n in range(count):
        name, litres = NAMES[n % len(NAMES)], n * 13 + 500
        said.append(f"Tank {n} of the {name} works holds {litres} litres.")
        drafts += [Draft(WORDINGS[v].format(n=n, name=name), f"{litres} litres", said[-1], f"f{n}", "fact", v)
                   for v in range(wordings)]
    text = "# Tanks\n\n" + "\n\n".join(said)
    add_drafts(ws, text, drafts, document)


def add_drafts(ws: Workspace, text: str, drafts: list[Draft], document: str = "doc-a", target: int = 4000,
               label: str = "tanks.pdf") -> None:
    """Judges and stores drafts; each goes to the chunk that holds its quote, else to the first."""
    with Ledger(ws) as ledger:
        ledger.sync_document(document, label, Material([(1, text)], {}), target)
        body, spans = ledger.body(document), ledger.spans([document], missing_only=False, recipe="r")
        for span in spans:
            mine = [d for d in drafts if d.quote in span.chunk.text or (span is spans[0] and d.quote not in text)]
            with ledger.transaction() as db:
                store_drafts(db, body, span, mine, span.chunk.language, "call")
                ledger.outcome(db, span.chunk.id, "r")
        find_duplicates(ledger)
