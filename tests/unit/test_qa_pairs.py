"""Review: what is listed, edited, deleted and restored, and what duplicates mean."""

import pytest

from core import qa
from core.errors import UserError
from core.qa.ledger import Call, Ledger, call_key
from core.qa.types import Draft
from core.storage.fsck import fsck
from tests.fakes.ledger_rows import add_drafts, add_facts

TEXT = "# Pumps\n\nThe Rova-2 pump weighs 45 kg and runs at 12 bar.\n\nThe Orta pump weighs 60 kg and runs at 9 bar."
ROVA, ORTA = "The Rova-2 pump weighs 45 kg and runs at 12 bar.", "The Orta pump weighs 60 kg and runs at 9 bar."


def questions(ws, **options):
    return [p.question for p in qa.list_pairs(ws, 0, 100, **options)[0]]


def test_lists_filter_page_and_count(ws):
    add_facts(ws, 10, 3)
    pairs, total = qa.list_pairs(ws, 5, 7)
    assert (len(pairs), total) == (7, 30)
    assert qa.list_pairs(ws, 0, 7)[0][5].id == pairs[0].id
    assert qa.list_pairs(ws, query="cedar volume")[1] == 1
    assert qa.list_pairs(ws, query="100%_")[1] == 0
    assert qa.list_pairs(ws, document_id="doc-other") == ([], 0)
    counts = qa.counts(ws)
    assert (counts.total, counts.facts, counts.rejected, counts.chunks_done) == (30, 10, 0, 1)


def test_an_empty_workspace_has_no_pairs_and_stays_empty(ws):
    assert qa.list_pairs(ws) == ([], 0)
    assert qa.counts(ws).total == 0
    assert qa.find_evidence(ws, "What?") == []
    assert not ws.qa().dir.exists()


def test_edits_are_judged_again_and_can_be_taken_back(ws):
    add_drafts(ws, TEXT, [Draft("How heavy is the Rova-2 pump?", "45 kg", ROVA, "f0")])
    [pair] = qa.list_pairs(ws)[0]
    wrong = qa.edit_pair(ws, pair.id, answer="54 kg")
    assert (wrong.state, wrong.reason, wrong.origin) == ("rejected", "numbers", "edited")
    fixed = qa.edit_pair(ws, pair.id, answer="It weighs 45 kg.")
    assert (fixed.state, fixed.reason, fixed.original_answer) == ("accepted", "", "45 kg")
    assert qa.revert_pair(ws, pair.id).origin == "generated"
    with pytest.raises(UserError):
        qa.edit_pair(ws, pair.id, answer="  ")
    with pytest.raises(UserError):
        qa.edit_pair(ws, "q-none", answer="x")


def test_deleted_pairs_come_back_and_rejected_ones_can_be_accepted(ws):
    add_drafts(
        ws,
        TEXT,
        [Draft("How heavy is the Rova-2 pump?", "45 kg", ROVA, "f0"), Draft("How heavy is it?", "60 kg", ORTA, "f1")],
    )
    good, bad = qa.list_pairs(ws)[0]
    assert (bad.state, bad.reason) == ("rejected", "standalone")
    assert qa.delete_pairs(ws, [good.id]) == 1
    assert questions(ws, state="deleted") == [good.question] and questions(ws) == [bad.question]
    assert qa.restore_pairs(ws, [good.id, bad.id]) == 2
    assert qa.counts(ws).total == 2


def test_duplicates_conflicts_and_wordings_are_told_apart(ws):
    add_drafts(
        ws,
        TEXT,
        [
            Draft("How heavy is the Rova-2 pump?", "45 kg", ROVA, "f0", variant=0),
            Draft("How heavy is the Rova-2 pump ?", "45 kg.", ROVA, "f0", variant=1),
            Draft("What does the Rova-2 pump weigh?", "45 kg", ROVA, "f0", variant=2),
            Draft("What pressure does the pump run at?", "12 bar", ROVA, "f1"),
            Draft("What pressure does the pump run at?", "9 bar", ORTA, "f2"),
            Draft("How heavy is the  Rova-2 pump", "The Rova-2 pump weighs 45 kg", ROVA, "f3"),
        ],
    )
    assert questions(ws, state="accepted") == [
        "How heavy is the Rova-2 pump?",
        "What does the Rova-2 pump weigh?",
        "What pressure does the pump run at?",
    ]
    assert qa.counts(ws).reasons == {"duplicate": 2, "conflict": 1}


def test_questions_that_differ_in_a_number_are_not_duplicates(ws):
    pump = "the maximum operating pressure of the circulation pump number {}"
    said = [f"12 bar is {pump.format(n)}." for n in (1, 2)]
    drafts = [Draft(f"What is {pump.format(n)}?", "12 bar", said[n - 1], f"f{n}") for n in (1, 2)]
    add_drafts(ws, "\n\n".join(said), drafts)
    assert qa.counts(ws).total == 2


def test_changed_text_makes_its_pairs_stale_and_leaves_the_others(ws):
    part = "## B\n" + "The Orta pump weighs 60 kg. " * 12
    first = "# A\n" + "The Rova-2 pump weighs 45 kg. " * 12
    drafts = [
        Draft("How heavy is the Rova-2 pump?", "45 kg", "The Rova-2 pump weighs 45 kg.", "f0"),
        Draft("How heavy is the Orta pump?", "60 kg", "The Orta pump weighs 60 kg.", "f0"),
    ]
    add_drafts(ws, f"{first}\n{part}", drafts, target=120)
    before = {p.question: p.id for p in qa.list_pairs(ws)[0]}
    add_drafts(ws, f"{first.replace('45', '46')}\n{part}", [drafts[1]], target=120)
    pairs = {p.question: p for p in qa.list_pairs(ws)[0]}
    assert pairs["How heavy is the Rova-2 pump?"].reason == "stale"
    assert pairs["How heavy is the Orta pump?"].state == "accepted"
    assert {q: p.id for q, p in pairs.items()} == before


def test_evidence_is_found_for_a_question_of_ones_own(ws):
    add_facts(ws, 10, 2)
    found = qa.find_evidence(ws, "what is the capacity of tank 3 in Dogwood?", "539 litres")
    assert found[0].quote == "Tank 3 of the Dogwood works holds 539 litres."
    assert qa.find_evidence(ws, "Who was the first person on the moon?") == []


def test_calls_are_known_by_all_that_shapes_the_reply(ws):
    keys = {call_key(m, s, v, i) for m in "ab" for s in ({"t": 1}, {"t": 2}) for v in "12" for i in ("x", "y")}
    assert len(keys) == 16
    with Ledger(ws) as ledger:
        ledger.record_call(Call("k", "facts", "c", "m", "1", state="failed"))
        assert ledger.call("k") is None
        ledger.record_call(Call("k", "facts", "c", "m", "1", reply="yes"))
        assert (ledger.call("k").reply, ledger.call("k").tries) == ("yes", 2)


def test_damage_is_found_and_said(ws):
    add_facts(ws, 3)
    assert fsck(ws) == []
    with Ledger(ws) as ledger, ledger.transaction() as db:
        db.execute("UPDATE evidence SET start = start + 1")
    assert [p.key for p in fsck(ws)] == ["qa.fsck.evidence"]
    ws.qa().ledger.write_bytes(b"not a database, " * 1000)
    assert [p.key for p in fsck(ws)] == ["qa.error.damaged_ledger"]
    with pytest.raises(UserError):
        qa.counts(ws)


def test_a_ledger_of_a_later_version_is_left_alone(ws):
    add_facts(ws, 1)
    with Ledger(ws) as ledger:
        ledger.query("PRAGMA user_version = 99")
    with pytest.raises(UserError, match="newer version"):
        qa.counts(ws)
