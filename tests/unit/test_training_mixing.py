"""Several datasets in one run: how often rows are seen, what is held out, what is refused, and what a form holds."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from core.datasets import get_dataset
from core.datasets.general import load_general
from core.errors import UserError
from core.i18n import LANGUAGES
from core.settings import InvalidSettings
from core.storage import Workspace, read_json, write_json
from core.training import TrainSettings, lengths, machine, mixing, preflight, read_yaml, to_yaml
from core.training.notes import differences
from core.training.report import _parts, changed
from core.training.settings import MOST_FURTHER
from tests.fakes.shaped_model import shaped_model
from webui.language import translations
from webui.page import Call, Page
from webui.tabs import train_also, train_details


def register(ws: Workspace, name: str, rows: list[tuple[str, str]], held_out: list[tuple[str, str]] = ()) -> None:
    """A dataset of questions and answers."""
    known = read_json(ws.dataset_info) if ws.dataset_info.exists() else {}
    for suffix, pairs in (("", rows), ("_held_out", held_out)):
        write_json(ws.data / f"{name}{suffix}.json",
                   [{"instruction": asked, "input": "", "output": said} for asked, said in pairs])
        known[name + suffix] = {"file_name": f"{name}{suffix}.json"}
    write_json(ws.dataset_info, known)


def pairs(name: str, count: int, words: int = 1) -> list[tuple[str, str]]:
    return [(f"{name} question {n}?", f"{name} answer {n}" + " word" * words) for n in range(count)]


def settings(*also: tuple[str, float], **changes: Any) -> TrainSettings:
    return TrainSettings.load({"dataset": "pump", "also": [{"dataset": id, "weight": w} for id, w in also], **changes})


@pytest.fixture
def sets(ws: Workspace) -> Workspace:
    """Three datasets of questions and one of texts; some held-out questions of one are trained on in another."""
    tested = [("Valve question 3", "known"), ("pump new?", "yes"), ("pump question 0?", "own")]
    register(ws, "pump", pairs("pump", 20), tested)
    register(ws, "valve", pairs("valve", 10), [("PUMP question 7", "known"), ("valve new?", "yes")])
    register(ws, "motor", pairs("motor", 8))
    write_json(ws.data / "texts.json", [{"text": "A text."}])
    write_json(ws.dataset_info, read_json(ws.dataset_info)
               | {"texts": {"file_name": "texts.json", "columns": {"prompt": "text"}}})
    return ws


def test_the_setting_comes_back_from_its_file_and_old_files_have_none(tmp_path) -> None:
    asked = settings(("valve", 0.5), ("motor", 2))
    path = tmp_path / "run.yaml"
    path.write_text(to_yaml(asked), encoding="utf-8")
    assert read_yaml(path) == asked
    assert "also:\n- dataset: motor\n  weight: 2.0\n- dataset: valve\n  weight: 0.5\n" in to_yaml(asked)
    assert TrainSettings.load({"dataset": "pump"}).also == () and settings().datasets == ["pump"]
    assert settings(("motor", 2), ("valve", 0.5)) == asked
    assert list(changed(asked)) == ["also"]
    assert list(differences([asked, settings(("valve", 0.5))])) == ["also"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_wrong_weights_and_too_many_datasets_are_named(lang: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        settings(("valve", 1), ("motor", 11), epochs=0)
    text = caught.value.text(lang)
    told = {"en": "Also learn from, no. 2, times per epoch must be ≤ 10", "zh": "同时学习第 2 项的每轮遍数”必须 ≤ 10"}
    assert told[lang] in text and "≥ 1" in text
    for weight in (0, 0.01, float("nan")):
        with pytest.raises(InvalidSettings):
            settings(("valve", weight))
    with pytest.raises(InvalidSettings) as caught:
        settings(*((f"set{n}", 1) for n in range(MOST_FURTHER + 1)))
    assert str(MOST_FURTHER) in caught.value.text(lang)
    with pytest.raises(InvalidSettings) as caught:
        TrainSettings.load({"also": [{"name": "x"}]})
    assert "name" in caught.value.text(lang)


@pytest.mark.parametrize(("weight", "most", "least"), [(1, 1, 1), (0.5, 1, 0), (2, 2, 2), (2.5, 3, 2), (10, 10, 10)])
def test_a_weight_is_how_often_each_row_is_seen(weight: float, most: int, least: int) -> None:
    found = mixing.places(40, weight, seed=7)
    often = Counter(found)
    assert len(found) == mixing.seen(40, weight) == 40 * weight
    assert max(often.values()) == most and (min(often.values()) if len(often) == 40 else 0) == least
    assert found == mixing.places(40, weight, seed=7)
    assert weight in (1, 2, 10) or found != mixing.places(40, weight, seed=8)


def test_a_small_share_of_few_rows_is_one_row() -> None:
    assert len(mixing.places(3, 0.05, 1)) == 1 and mixing.places(0, 0.5, 1) == []


def test_one_dataset_is_taken_as_it_is(sets: Workspace) -> None:
    found = mixing.rows_of(sets, settings())
    assert [row.question for row in found.train] == [asked for asked, _ in pairs("pump", 20)]
    assert len(found.held_out) == 3 and found.parts == ()


def test_rows_of_all_are_seen_by_weight_and_no_known_question_is_held_out(sets: Workspace) -> None:
    found = mixing.rows_of(sets, settings(("valve", 2), ("motor", 0.5)))
    assert {part.dataset: part.rows for part in found.parts} == {"pump": 20, "valve": 20, "motor": 4}
    often = Counter(row.question for row in found.train)
    assert all(often[asked] == 2 for asked, _ in pairs("valve", 10))
    assert all(often[asked] == 1 for asked, _ in pairs("pump", 20))
    assert sum(question.startswith("motor") for question in often) == 4
    # A question that its own dataset trains on stays, as it does without others.
    assert [row.question for row in found.held_out] == ["pump new?", "pump question 0?", "valve new?"]
    assert mixing.rows_of(sets, settings(("motor", 0.5), ("valve", 2))) == found


def test_what_is_not_drawn_is_no_reason_to_leave_a_question_out(sets: Workspace) -> None:
    drawn = {row.question for row in mixing.rows_of(sets, settings(("valve", 0.5))).train}
    held = {row.question for row in mixing.rows_of(sets, settings(("valve", 0.5))).held_out}
    assert ("valve question 3?" in drawn) != ("Valve question 3" in held)


@pytest.mark.parametrize(("also", "key"), [
    ([("gone", 1)], "missing"), ([("pump", 1)], "twice"), ([("valve", 1), ("valve", 2)], "twice"),
    ([("texts", 1)], "kind"), ([("empty", 1)], "empty")])
def test_a_further_dataset_that_cannot_be_used_is_a_blocker(sets: Workspace, also: list[tuple[str, float]], key: str
                                                            ) -> None:
    register(sets, "empty", [])
    asked = settings(*also, model=str(shaped_model(sets.models / "shaped")))
    [found] = preflight.check(sets, asked).findings
    assert (found.grade, found.key) == ("blocker", f"train.error.also_{key}")
    for lang in LANGUAGES:
        assert UserError(found.key, **found.params).text(lang)


def test_steps_lengths_and_memory_count_all_rows(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    register(ws, "pump", pairs("pump", 100))
    register(ws, "valve", pairs("valve", 60, words=300))
    model = str(shaped_model(ws.models / "shaped", hidden=576, inner=1536, layers=30, heads=9, kv_heads=3,
                             vocabulary=49152))
    here = machine.Machine(free=16 * 10**9, program=10**8, disk_free=10**11, card=True)
    monkeypatch.setattr(machine, "look", lambda ws: here)
    monkeypatch.setattr(machine, "hidden_card", lambda: "")
    alone = preflight.check(ws, settings(model=model))
    both = preflight.check(ws, settings(("valve", 0.5), model=model))
    assert alone.steps == 4 * 16 and both.steps == 4 * -(-round(130 / 0.8) // 8)
    assert both.need > 1.1 * alone.need

    from core.training.token_counts import TokenCounts

    counted = {"valve": TokenCounts("m", {40: 50, 900: 10}, {10: 58, 700: 2}, 500, 0, 0)}
    monkeypatch.setattr(lengths, "last_count", lambda ws, info: counted.get(info.id))
    found = lengths.known(ws, get_dataset(ws, "pump"), settings(("valve", 2)))
    assert (found.cut(512), found.dropped(512), found.rows) == (20, 4, 220)
    reading = settings(("valve", 3), stage="pt", packing=False)
    assert lengths.known(ws, get_dataset(ws, "pump"), reading).rows == 100 + 3 * 60


def test_what_an_epoch_will_see_is_told_with_general_conversations(sets: Workspace) -> None:
    asked = settings(("valve", 0.5), general_share=0.2)
    found = [(part.title, part.rows) for part in mixing.expected(sets, asked)]
    assert found == [("pump", 20), ("valve", 5), ("", min(len(load_general()), 6))]
    assert len(mixing.expected(sets, asked.model_copy(update={"stage": "rlhf"}))) == 2


def test_the_report_names_the_rows_of_each() -> None:
    result = {"parts": [{"dataset": "a", "title": "Pump", "rows": 20}, {"dataset": "b", "title": "Valve", "rows": 5}]}
    assert _parts(SimpleNamespace(result=result), "en") == ["Rows of each epoch: Pump 20, Valve 5"]  # type: ignore
    assert _parts(SimpleNamespace(result={}), "en") == []  # type: ignore


def test_the_form_holds_what_a_run_was_trained_with(sets: Workspace) -> None:
    with gr.Blocks():
        also = train_also.build(Page(sets, translations()))
    call = Call(sets, "en")
    asked = settings(("valve", 0.5), ("motor", 2), ("gone", 1))
    box, menu, *numbers, held, left = also.fill(call, asked, "pump")
    assert box["label"] == "Also learn from · 2 datasets" and box["visible"]
    assert menu["value"] == held == ["motor", "valve"]
    offered = {id for _, id in menu["choices"]}
    assert {"motor", "valve"} < offered and not offered & {"pump", "texts"}
    assert [one["label"] for one in numbers[:2]] == ["motor: times per epoch", "valve: times per epoch"]
    assert [one["visible"] for one in numbers] == [True, True, *[False] * (MOST_FURTHER - 2)]
    assert "gone" in left["value"] and left["visible"]
    shown = {also.held: held} | {one: update.get("value") for one, update in zip(also.weights, numbers, strict=True)}
    assert settings(("valve", 0.5), ("motor", 2)) == TrainSettings.load({"dataset": "pump", "also": also.read(shown)})
    assert also.read(shown | {also.weights[0]: None})[0] == {"dataset": "motor"}
    assert train_also.told(call, {"dataset": "pump", "also": also.read(shown), "general_share": 0.0}) \
        == "Each epoch sees 41 rows: pump 20 (49 %), motor 16 (39 %), valve 5 (12 %)"
    assert train_also.told(call, {"dataset": "pump"}) == ""
    value = settings(("valve", 0.5)).model_dump()["also"]
    assert train_details.value_words(call, "also", value) == "valve × 0.5"
    assert train_details.value_words(call, "also", ()) == "–"
