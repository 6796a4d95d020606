"""Preference data: what is preferred holds, what is not failed a named check, and both become datasets."""

import pytest

from core import datasets, qa
from core.datasets.reading import every_row
from core.datasets.store import list_all
from core.errors import UserError
from core.qa.ledger import Ledger
from core.qa.selection import Filter
from core.qa.types import Draft
from tests.fakes.ledger_rows import add_drafts

TEXT = "# Pumps\n\nThe Rova-2 pump weighs 45 kg and runs at 12 bar.\n\nThe Orta pump weighs 60 kg and runs at 9 bar."
ROVA, ORTA = "The Rova-2 pump weighs 45 kg and runs at 12 bar.", "The Orta pump weighs 60 kg and runs at 9 bar."
HEAVY = "How heavy is the Rova-2 pump?"


def pairs(ws):
    add_drafts(ws, TEXT, [
        Draft(HEAVY, "It weighs 45 kg.", ROVA, "f0"), Draft(f"{HEAVY} ", "It weighs 54 kg.", ROVA, "f1"),
        Draft("How heavy is the Orta pump?", "It weighs 60 kg.", ORTA, "f2"),
        Draft("At what pressure does the Orta pump run?", "9 bar", ORTA, "f3"),
        Draft("How heavy is it?", "60 kg", ORTA, "f4"),
    ])
    by_question = {p.question: p for p in qa.find_pairs(ws, Filter())[0]}
    mended = by_question["How heavy is the Orta pump?"]
    with Ledger(ws) as ledger, ledger.transaction() as db:
        db.execute("INSERT INTO first_tries VALUES (?, ?, 'It weighs 61 kg.', 'numbers')", (mended.id, mended.question))
    qa.edit_pair(ws, by_question["At what pressure does the Orta pump run?"].id, answer="at 9 bar")


def test_refused_mended_and_corrected_answers_are_paired_with_what_holds(ws):
    assert qa.preferences(ws) == []
    pairs(ws)
    found = {(p.question, p.chosen, p.rejected): p.reason for p in qa.preferences(ws)}
    assert found == {
        (HEAVY, "It weighs 45 kg.", "It weighs 54 kg."): "numbers",
        ("How heavy is the Orta pump?", "It weighs 60 kg.", "It weighs 61 kg."): "numbers",
        ("At what pressure does the Orta pump run?", "at 9 bar", "9 bar"): "person",
    }
    accepted = {p.answer for p in qa.all_accepted(ws)}
    assert all(p.chosen in accepted and p.quote in TEXT for p in qa.preferences(ws))


def test_they_become_datasets_for_dpo_and_kto(ws):
    pairs(ws)
    dpo = qa.make_preference_dataset(ws, "Better", "preference")
    rows = list(every_row(ws, dpo.id, "train"))
    assert dpo.kind == "preference" and len(rows) == dpo.rows == 3
    assert {row.extra["reason"] for row in rows} == {"numbers", "person"}
    assert all(row.chosen.content != row.rejected.content for row in rows)
    kto = qa.make_preference_dataset(ws, "Marked", "label")
    labelled = [(row.question.strip(), row.answer, row.label) for row in every_row(ws, kto.id, "train")]
    assert kto.kind == "label" and (HEAVY, "It weighs 54 kg.", False) in labelled
    assert sum(label for *_, label in labelled) == qa.counts(ws).total
    assert len(list_all(ws)) == 2 and datasets.get_dataset(ws, dpo.id).title == "Better"


@pytest.mark.parametrize("form", ["preference", "label"])
def test_without_a_worse_answer_there_is_nothing_to_prefer(ws, form):
    add_drafts(ws, TEXT, [Draft(HEAVY, "It weighs 45 kg.", ROVA, "f0"), Draft("How heavy is it?", "60 kg", ORTA, "f1")])
    with pytest.raises(UserError) as told:
        qa.make_preference_dataset(ws, "Better", form)
    assert told.value.key == "qa.error.no_preferences" and list_all(ws) == []
