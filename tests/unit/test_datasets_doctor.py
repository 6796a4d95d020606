"""The doctor finds every planted kind of fault, mends what it says, touches no good row, and its work can be undone."""

from __future__ import annotations

import json

import pytest

from core import datasets
from core.datasets.doctor import examine, mend
from core.datasets.findings import CHECKS
from core.datasets.importing import import_files
from core.datasets.operations import choose, sample, split
from core.datasets.reading import typed_rows
from core.datasets.rows import Message, Row
from core.datasets.versions import change, undo, versions
from core.errors import UserError
from core.storage.fsck import fsck


def row(question, answer):
    return Row("chat", (Message("user", question), Message("assistant", answer)))


# Rows that look a little like faults and are none.
GOOD = [
    row("How heavy is the Rova-2 pump?", "12 kg"),
    row("Is it safe?", "Yes"),
    row("水泵多重？", "十二公斤"),
    row("List the parts.", "1. Pump\n2. Hose\n3. Filter"),
    row("Write the HTML of a bold word.", "Use <b>word</b>. It is shown in bold type."),
    row("Show me a loop.", "Use this:\n```python\nfor a in b:\n    print('<p>', a)\n```"),
    row("Translate into Chinese: The pump is heavy and large.", "这个水泵又大又重，需要两个人搬。"),
    row("What is the price in 2024?", "It was 1,299.00 euros on 2024-05-01, order 20240501-17."),
    row("Whom do I write to?", "Write to help@example.com; the desk answers within a day."),
    row("Which valve is it?", "It is valve A-12. See: the drawing on page 3 (left)"),
    row("数据库用什么？", "用 PostgreSQL 16，默认端口 5432。"),
    row("What is 3 < 5 && 2 > 1?", "Both are true: 3 < 5 and 2 > 1, so the whole is true."),
    row("Think first: what is 2+2?", "<think>Two and two.</think>\nFour."),
    row("Who wrote it?", "Müller, Çelik and Ångström wrote it in São Paulo."),
    row("How heavy is the Rova-3 pump?", "12 kg"),
    row("What does the model say?", "The model says: “Stop”"),
] + [row(f"How long is hose number {n} of the {name} plant?", f"Hose {n} of {name} is {n + 3} metres long.")
     for n, name in enumerate(("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ironwood",
                               "Juniper", "Katsura", "Larch", "Maple", "Nutmeg"))]

PLANTED = {
    "empty": [row("What is the colour?", "N/A"), row("哪种颜色？", " …… ")],
    "debris": [row("Where is the cafÃ© of the plant?", "The cafÃ© is on the first floor."),
               row("Who is there?", "The \ufffd\ufffd operator.")],
    "control": [row("What now?", "Stop the pump.<|im_end|>\n<|im_start|>user"), row("[INST] And then?", "Drain it.")],
    "html": [row("How is it cleaned?", "<p>With warm&nbsp;water.</p>"), row("And dried?", "In the sun &amp; wind.")],
    "personal": [row("Who is responsible?", "Ann Lee, ann.lee@pumpworks.com, answers."),
                 row("谁负责？", "张三，电话 13812345678，身份证 11010519900307123X。")],
    "cut_off": [row("How do I start it?", "First open the valve. Then press the green button and wait for the"),
                row("如何停机？", "先关闭阀门。然后按下红色按钮，等待指示灯熄灭之后再")],
    "language": [row("How do I change the filter of the pump?", "先关闭电源，再打开盖子，取出旧滤芯，换上新的。")],
    "duplicate": [GOOD[0], GOOD[20]],
    "near": [row("How long is hose number 3 of the Dogwood plant ?!", "Hose 3 of Dogwood is 6 metres long!"),
             row("how long is hose number 4 of the elm plants?", "Hose 4 of Elm is 7 metres long.")],
    "contradiction": [row("Which oil does it need?", "Oil type A."), row("Which oil does it need?", "Oil type B.")],
    "leak": [row("How deep is the well of the plant?", "It is 14 metres deep.")],
    "long": [row("Tell me everything.", "The pump stands here. " * 300)],
}


@pytest.fixture
def patient(ws, tmp_path):
    """A dataset of good rows with faulty ones among them; the first rows are good."""
    rows = [*GOOD, *(one for faulty in PLANTED.values() for one in faulty)]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"prompt": r.question, "completion": r.answer}) + "\n" for r in rows), "utf-8")
    info = import_files(ws, [(path, path.name)], "patient").datasets[0]
    assert info.rows == len(rows)
    test = [(("held_out", 0), row("How deep is the well of the plant?", "It is 14 metres deep."))]
    return change(ws, info.id, ((("train", n), r) for n, r in enumerate(rows)), test, {})


def words(one):
    return len(one.answer.split())


def test_all_planted_kinds_are_found_and_no_good_row_is_named(ws, patient):
    report = examine(ws, patient.id, words, 500)
    assert {f.name for f in report.findings} == set(PLANTED)
    at = len(GOOD)
    for name, faulty in PLANTED.items():
        expected = [("train", at + n) for n in range(len(faulty))]
        found = report.find(name)
        assert found.places == expected, name
        assert len(found.examples) == len(expected) and all(shown for _, shown, _ in found.examples)
        at += len(faulty)
    assert (report.advice, report.rows) == ("", patient.rows + 1)


def test_what_is_mended_is_mended_and_everything_else_stays(ws, patient):
    names = [name for name in PLANTED if name not in ("contradiction", "long")]
    mended = mend(ws, patient.id, names)
    rows = list(typed_rows(ws, mended.id))
    assert rows[:len(GOOD)] == GOOD
    rest = {r.question: r.answer for r in rows[len(GOOD):]}
    assert rest == {
        "Where is the café of the plant?": "The café is on the first floor.",
        "What now?": "Stop the pump.\nuser", "And then?": "Drain it.",
        "How is it cleaned?": "With warm water.", "And dried?": "In the sun & wind.",
        "Who is responsible?": "Ann Lee, [e-mail], answers.",
        "谁负责？": "张三，电话 [phone]，身份证 [ID number]。",
        "Which oil does it need?": "Oil type B.", "Tell me everything.": PLANTED["long"][0].answer}
    assert {f.name for f in examine(ws, mended.id).findings} == {"contradiction"}
    assert fsck(ws) == []
    assert list(typed_rows(ws, undo(ws, mended.id).id))[len(GOOD)] == PLANTED["empty"][0]
    assert fsck(ws) == []


def test_one_kind_alone_is_mended_when_only_it_is_asked_for(ws, patient):
    mended = mend(ws, patient.id, ["empty"])
    assert mended.rows == patient.rows - 2
    assert examine(ws, mended.id).find("html").places


def test_few_rows_get_advice_and_a_dataset_is_never_emptied(ws, tmp_path):
    path = tmp_path / "few.jsonl"
    path.write_text('{"prompt": "a", "completion": "N/A"}\n' * 30, encoding="utf-8")
    info = import_files(ws, [(path, path.name)]).datasets[0]
    assert examine(ws, info.id).advice == "amber"
    with pytest.raises(UserError):
        mend(ws, info.id, ["empty", "duplicate"])
    assert datasets.get_dataset(ws, info.id).rows == 30 and versions(ws, info.id) == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_fix_leaves_nothing_to_find(check):
    for faulty in PLANTED[check.name]:
        fixed = check.fixed(faulty)
        assert fixed is None or not check.found(fixed)
    assert not [good for good in GOOD if check.found(good)]


def test_splits_keep_groups_together_and_strata_in_proportion(ws, tmp_path):
    keys = [(("a", "b")[n % 4 == 0], f"g{n // 2}") for n in range(400)]
    chosen = choose(keys, 0.25, 7)
    assert chosen == choose(keys, 0.25, 7) != choose(keys, 0.25, 8)
    for stratum, size in (("a", 300), ("b", 100)):
        assert abs(sum(keys[n][0] == stratum for n in chosen) - size / 4) <= 2
    groups = {keys[n][1] for n in chosen}
    assert not [n for n in range(400) if n not in chosen and keys[n][1] in groups]
    path = tmp_path / "r.jsonl"
    path.write_text("".join(json.dumps({"q": f"Question {n // 2}?", "a": f"{n}", "topic": "x"}) + "\n"
                            for n in range(100)), encoding="utf-8")
    info = import_files(ws, [(path, path.name)]).datasets[0]
    divided = split(ws, info.id, 0.2, 1)
    assert (divided.rows, divided.held_out_rows) == (80, 20)
    train, test = ({r.question for r in typed_rows(ws, info.id, part)} for part in ("train", "held_out"))
    assert not train & test
    assert json.loads(ws.dataset_info.read_text(encoding="utf-8"))[f"{info.name}_held_out"]["formatting"] == "sharegpt"
    with pytest.raises(UserError):
        split(ws, info.id, 0.2, 1, group="topic")
    assert sample(ws, info.id, 10).rows == 10
    assert undo(ws, info.id).rows == 80 and undo(ws, info.id).rows == 100
    with pytest.raises(UserError):
        undo(ws, info.id)
    assert f"{info.name}_held_out" not in json.loads(ws.dataset_info.read_text(encoding="utf-8"))
    assert fsck(ws) == []
