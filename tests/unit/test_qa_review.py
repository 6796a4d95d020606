"""Review of many pairs: piles, filters, bulk actions that can be taken back step by step, replacing everywhere."""

import pytest

from core import qa
from core.errors import UserError
from core.qa.ledger import Ledger
from core.qa.selection import Filter
from core.qa.types import Draft
from tests.fakes.ledger_rows import add_drafts, add_facts

TEXT = "# Pumps\n\nThe Rova-2 pump weighs 45 kg and runs at 12 bar.\n\nThe Orta pump weighs 60 kg and runs at 9 bar."
ROVA, ORTA = "The Rova-2 pump weighs 45 kg and runs at 12 bar.", "The Orta pump weighs 60 kg and runs at 9 bar."


def piles(ws):
    return qa.choices(ws).piles


def questions(ws, **given):
    return [p.question for p in qa.find_pairs(ws, Filter(**given))[0]]


def mixed(ws):
    """Two pairs that are ready, three to look at (one contested, its rival refused), one refused."""
    add_drafts(
        ws,
        TEXT,
        [
            Draft("How heavy is the Rova-2 pump?", "45 kg", ROVA, "f0"),
            Draft("How heavy is the Orta pump?", "60 kg", ORTA, "f1", "list"),
            Draft("What pressure does the pump run at?", "12 bar", ROVA, "f2"),
            Draft("What pressure does the pump run at?", "9 bar", ORTA, "f3"),
            Draft("At what pressure does the Orta pump work?", "9 bar", ORTA.replace("weighs", "weihgs"), "f4"),
            Draft("How heavy is it?", "60 kg", ORTA, "f5"),
        ],
    )


def test_piles_say_what_is_ready_doubtful_and_refused(ws):
    mixed(ws)
    assert piles(ws) == {"ready": 2, "look": 2, "rejected": 2}
    look = {p.question: p.doubt for p in qa.find_pairs(ws, Filter(piles=("look",)))[0]}
    assert look == {
        "What pressure does the pump run at?": "contested",
        "At what pressure does the Orta pump work?": "near",
    }
    assert sorted(p.reason for p in qa.find_pairs(ws, Filter(piles=("rejected",)))[0]) == ["conflict", "standalone"]
    assert qa.counts(ws).total == len(qa.all_accepted(ws)) == 4, "what is to be looked at is used all the same"


def test_filters_narrow_by_all_that_is_given(ws):
    mixed(ws)
    add_facts(ws, 4, 2, "doc-b")
    assert questions(ws, kind="list") == ["How heavy is the Orta pump?"]
    assert questions(ws, reason="standalone") == ["How heavy is it?"]
    assert questions(ws, document_id="doc-b", words="alder volume") == []
    assert len(questions(ws, document_id="doc-b", page=1)) == 8 and questions(ws, document_id="doc-b", page=2) == []
    assert qa.choices(ws).kinds == ["fact", "list"]
    assert sorted(qa.choices(ws).reasons) == ["conflict", "contested", "near", "standalone"]


def test_steps_are_taken_back_one_by_one_even_later(ws):
    mixed(ws)
    before = qa.find_pairs(ws, Filter())[0]
    assert qa.confirm_pairs(ws, Filter(piles=("look",))) == 2
    assert piles(ws) == {"ready": 4, "rejected": 2}
    assert qa.delete_pairs(ws, Filter(words="pressure")) == 3
    assert qa.restore_pairs(ws, [p.id for p in before if p.question == "How heavy is it?"]) == 1
    assert qa.edit_pair(ws, before[0].id, answer="46 kg").reason == "numbers"
    assert qa.delete_pairs(ws, Filter(words="nothing holds this")) == 0
    taken = [qa.undo(ws) for _ in range(4)]
    assert [(c.kind, c.rows) for c in taken] == [("edit", 1), ("restore", 1), ("delete", 3), ("confirm", 2)]
    assert qa.find_pairs(ws, Filter())[0] == before
    assert qa.undo(ws) is None and qa.last_change(ws) is None


def test_a_confirmed_pair_is_marked_and_survives_writing_again(ws):
    mixed(ws)
    qa.confirm_pairs(ws, Filter(words="Orta heavy"))
    with Ledger(ws) as ledger, ledger.transaction() as db:
        db.execute("DELETE FROM outcomes")
    add_drafts(ws, TEXT, [Draft("How heavy is the Rova-2 pump?", "45 kg", ROVA, "f0")])
    kept = {p.question: p.confirmed for p in qa.all_accepted(ws)}
    assert kept == {"How heavy is the Rova-2 pump?": False, "How heavy is the Orta pump?": True}


def test_replacing_says_before_what_it_will_do_and_can_be_undone(ws):
    mixed(ws)
    before = qa.find_pairs(ws, Filter())[0]
    seen = qa.preview(ws, Filter(piles=("ready", "look")), "pump", "Pump")
    assert seen.pairs == 4 and (seen.before, seen.after) == (
        "How heavy is the Rova-2 pump?",
        "How heavy is the Rova-2 Pump?",
    )
    assert questions(ws, words="Rova") == ["How heavy is the Rova-2 pump?"], "looking changes nothing"
    done = qa.replace(ws, Filter(), "12 bar", "13 bar")
    assert (done.pairs, done.refused) == (1, 1)
    assert [p.reason for p in qa.find_pairs(ws, Filter(words="13 bar"))[0]] == ["numbers"]
    qa.undo(ws)
    qa.replace(ws, Filter(), "What pressure", "Which pressure")
    assert [p.reason for p in qa.find_pairs(ws, Filter(words="Which", piles=("rejected",)))[0]] == ["conflict"]
    qa.undo(ws)
    assert [(p.question, p.answer, p.state, p.reason, p.origin) for p in qa.find_pairs(ws, Filter())[0]] == [
        (p.question, p.answer, p.state, p.reason, p.origin) for p in before
    ]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("no such words", "x", "qa.error.nothing_to_replace"),
        (" ", "x", "qa.error.nothing_to_replace"),
        ("45 kg", "", "qa.error.empty"),
    ],
)
def test_replacing_refuses_what_makes_no_sense_and_changes_nothing(ws, old, new, key):
    mixed(ws)
    before = qa.find_pairs(ws, Filter())[0]
    with pytest.raises(UserError) as told:
        qa.replace(ws, Filter(), old, new)
    assert told.value.key == key
    assert qa.find_pairs(ws, Filter())[0] == before and qa.last_change(ws) is None


def test_pages_that_are_hard_to_read_ask_for_a_look(ws):
    mixed(ws)
    with Ledger(ws) as ledger, ledger.transaction() as db:
        db.execute("UPDATE pages SET doubtful = 1")
    from core.qa.rows import find_duplicates

    with Ledger(ws) as ledger:
        find_duplicates(ledger)
    assert piles(ws) == {"look": 4, "rejected": 2}


def test_a_ledger_of_the_first_version_keeps_its_pairs(ws):
    """Steps of the tables run on what an earlier version wrote."""
    import sqlite3

    from core.qa import schema

    path = ws.qa().ledger
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path, isolation_level=None) as db:
        db.executescript(f"BEGIN; {schema.MIGRATIONS[0]} PRAGMA user_version = 1; COMMIT;")
        db.execute("INSERT INTO documents VALUES ('d', 'a.md', 'en', '')")
        db.execute("INSERT INTO pages VALUES ('d', 3, 0, 'Pumps.')")
        db.execute(
            "INSERT INTO chunks VALUES ('c', 'd', 7, '[]', 3, 3, 0, 6, 0, 6, NULL, NULL, 'Pumps.', 'en', 'text', '', 0)"
        )
        db.execute("INSERT INTO facts VALUES ('f', 'c', 'Pumps.', 0, 6)")
        for id, passed in (("q1", 1), ("q2", 0)):
            db.execute(
                "INSERT INTO rows VALUES (?, 'f', 'c', 'd', '', 0, 'fact', 0, 'en', ?, 'a', ?, 'a', 'generated', '')",
                (id, id, id),
            )
            db.execute("INSERT INTO evidence VALUES (?, 'd', 'a.md', 3, 'Pumps.', 0, 6, 1)", (id,))
            db.execute("INSERT INTO gates VALUES (?, 'numbers', ?, '', 1)", (id, passed))
    found = qa.find_pairs(ws, Filter(document_id="d", page=3))[0]
    assert [(p.id, p.state, p.reason) for p in found] == [("q1", "accepted", ""), ("q2", "rejected", "numbers")]
    assert qa.counts(ws).total == 1
