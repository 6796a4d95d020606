"""Files of others: every format is recognised, every row checked, faults are named by their place (case D2)."""

from __future__ import annotations

import json
import zipfile

import pytest

from core import datasets
from core.datasets.files import kind_of, rows_of
from core.datasets.importing import faults_of, import_files, probe
from core.datasets.mapping import Mapping, detect
from core.datasets.reading import typed_rows
from core.datasets.reading_rows import to_row
from core.datasets.rows import Answer, Message, Row, ToolCall, Wrong
from core.errors import UserError
from core.storage import write_json
from core.storage.fsck import fsck

ASK, SAY = Message("user", "Who?"), Message("assistant", "Me.")
TOOLS = '[{"name": "search", "description": "x"}]'
CALL = ToolCall("search", {"q": "水"}, "call_9")

SHAPES = {
    "alpaca": ({"instruction": "Who", "input": "are you?", "output": "Me.", "system": "Short.",
                "history": [["Hi", "Ho"]]},
               Row("chat", (Message("system", "Short."), Message("user", "Hi"), Message("assistant", "Ho"),
                            Message("user", "Who\nare you?"), SAY))),
    "sharegpt": ({"conversations": [{"from": "human", "value": "Who?"}, {"from": "gpt", "value": "Me."}],
                  "system": "Short."}, Row("chat", (Message("system", "Short."), ASK, SAY))),
    "messages": ({"messages": [{"role": "user", "content": "Who?"},
                               {"role": "assistant", "content": None, "tool_calls": [
                                   {"id": "call_9", "type": "function",
                                    "function": {"name": "search", "arguments": '{"q": "水"}'}}]},
                               {"role": "tool", "content": "[]", "tool_call_id": "call_9"},
                               {"role": "assistant", "content": "Me."}],
                  "tools": json.loads(TOOLS)},
                 Row("chat", (ASK, Message("assistant", "", (CALL,)), Message("tool", "[]", (), "call_9"), SAY),
                     tools=TOOLS)),
    "prompt_completion": ({"prompt": "Who?", "completion": "Me."}, Row("chat", (ASK, SAY))),
    "preference": ({"prompt": "Who?", "chosen": "Me.", "rejected": "You."},
                   Row("preference", (ASK,), SAY, Message("assistant", "You."))),
    "label": ({"prompt": "Who?", "completion": "Me.", "label": True}, Row("label", (ASK, SAY), label=True)),
    "scored": ({"prompt": "Who?", "response": "Me.", "score": 4, "reason": "clear"},
               Row("scored", (ASK,), answers=(Answer("Me.", 4.0, "clear"),))),
    "multitask": ({"task": "Translate", "input": "水", "output": "water"},
                  Row("chat", (Message("user", "Translate\n水"), Message("assistant", "water")), task="Translate")),
    "text": ({"text": "A page."}, Row("text", text="A page.")),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_formats_are_told_by_their_columns_and_values(shape):
    raw, expected = SHAPES[shape]
    mapping = detect([raw])
    assert mapping.complete and mapping.shape == shape
    assert to_row(raw, mapping) == expected


def test_other_ways_to_write_the_same():
    talk = [{"role": "user", "content": "Who?"}]
    whole = {"chosen": [*talk, {"role": "assistant", "content": "Me."}],
             "rejected": [*talk, {"role": "assistant", "content": "You."}]}
    assert to_row(whole, detect([whole])) == SHAPES["preference"][1]
    listed = {"prompt": "Who?", "responses": [{"text": "Me.", "score": 4, "reason": "clear"},
                                             {"text": "x", "score": 1}]}
    assert [a.score for a in to_row(listed, detect([listed])).answers] == [4.0, 1.0]
    chinese = {"问题": "谁？", "答案": "我。"}
    assert to_row(chinese, detect([chinese])).question == "谁？"
    squad = {"context": "Long.", "question": "Who?", "answer": "Me."}
    assert to_row(squad, detect([squad])).question == "Who?\nLong."
    labelled = {"question": "Who?", "answer": "Me.", "label": "sports"}  # a class, not a verdict
    assert detect([labelled]).kind == "chat" and to_row(labelled, detect([labelled])).extra == {"label": "sports"}
    assert not detect([{"a1": "x", "b2": "y"}]).complete


LINES = ['{"instruction": "q1", "output": "a1"}', "", "{broken", '{"instruction": "q4", "output": "a4"}',
         '{"instruction": "\\ud800", "output": "a"}', '{"instruction": "q6", "output": "a6"}',
         '{"instruction": "q7"}']


def faults(ws, info):
    return [(f.line, f.key.rpartition(".")[2]) for f in faults_of(ws, info.id)]


def test_a_damaged_jsonl_file_gives_its_good_rows_and_the_places_of_the_others(ws, tmp_path):
    path = tmp_path / "good.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(LINES).encode() + b"\r\n\xff\xfe\r\n" +
                     b'{"instruction": "q9", "output": "a9"}')
    info = import_files(ws, [(path, "good.jsonl")], "t").datasets[0]
    assert [row.question for row in typed_rows(ws, info.id)] == ["q1", "q4", "q6", "q9"]
    assert faults(ws, info) == [(3, "not_json"), (5, "surrogate"), (7, "no_answer"), (8, "not_utf8")]
    assert info.faults == 4 and fsck(ws) == []


@pytest.mark.parametrize("text", [
    '[\n {"instruction": "q1", "output": "a1"},\n {"instruction": "q2" "output": {"x": {"y": 1}}},\n'
    ' {"instruction": "q3", "output": "a3"}\n]',
    '[{"instruction":"q1","output":"a1"},{"instruction":,"output":"a2"},{"instruction":"q3","output":"a3"}]',
    '{"version": "1", "data": [{"instruction":"q1","output":"a1"},\n{"instruction":"q2"},'
    '{"instruction":"q3","output":"a3"}]}',
    '{\n "instruction": "q1",\n "output": "a1"\n}\n{\n "instruction": "q2"\n}\n'
    '{\n "instruction": "q3", "output": "a3"}',
])
def test_a_damaged_row_of_a_list_costs_only_itself(ws, tmp_path, text):
    path = tmp_path / "list.json"
    path.write_text(text, encoding="utf-8")
    info = import_files(ws, [(path, "list.json")]).datasets[0]
    assert [row.question for row in typed_rows(ws, info.id)] == ["q1", "q3"]
    assert info.faults == 1


def test_a_list_that_is_cut_off_keeps_what_came_before(ws, tmp_path):
    path = tmp_path / "cut.json"
    path.write_text('[{"instruction": "q1", "output": "a1"},\n{"instruction": "q2", "outp', encoding="utf-8")
    info = import_files(ws, [(path, "cut.json")]).datasets[0]
    assert info.rows == 1 and faults(ws, info) == [(2, "not_json")]


def test_tables_with_quotes_line_breaks_and_damage(ws, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b'question;answer\r\n"a ""b""\r\nc";"x;y"\r\nonly one\r\nq3;a3;\r\n;no question\r\n')
    info = import_files(ws, [(path, "t.csv")]).datasets[0]
    rows = list(typed_rows(ws, info.id))
    assert [(r.question, r.answer) for r in rows] == [('a "b"\r\nc', "x;y"), ("q3", "a3")]
    assert faults(ws, info) == [(4, "cells"), (6, "no_question")]
    chinese = tmp_path / "c.tsv"
    chinese.write_bytes("问题\t答案\n泵多重？重量多少公斤？\t十二公斤，含油。\n".encode("gb18030"))
    assert list(typed_rows(ws, import_files(ws, [(chinese, "c.tsv")]).datasets[0].id))[0].answer == "十二公斤，含油。"


def test_workbooks_xml_and_parquet(ws, tmp_path):
    import pyarrow as pa
    from openpyxl import Workbook
    from pyarrow import parquet

    book = Workbook()
    book.active.append(["Question", "Answer", "Nr"])
    book.active.append(["Who?", "Me.", 5])
    book.active.append(["Who?", None, 6])
    book.create_sheet("more").append(["question", "answer"])
    book["more"].append([12, "twelve"])
    book.save(tmp_path / "b.xlsx")
    info = import_files(ws, [(tmp_path / "b.xlsx", "b.xlsx")]).datasets[0]
    assert [r.extra for r in typed_rows(ws, info.id)] == [{"Nr": 5}] and info.faults == 2
    (tmp_path / "x.xml").write_text(
        '<rows><row id="1"><question>Who?</question><answer>Me.</answer></row>'
        "<row><question>a &lt; b</question><answer>yes</answer></row><row/></rows>", encoding="utf-8")
    info = import_files(ws, [(tmp_path / "x.xml", "x.xml")]).datasets[0]
    assert [r.question for r in typed_rows(ws, info.id)] == ["Who?", "a < b"] and info.faults == 1
    (tmp_path / "evil.xml").write_text('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><a>&x;</a></r>')
    with pytest.raises(UserError, match="DOCTYPE"):
        import_files(ws, [(tmp_path / "evil.xml", "evil.xml")])
    talk = [[{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Me."}]]
    parquet.write_table(pa.table({"messages": talk}), tmp_path / "p.parquet")
    info = import_files(ws, [(tmp_path / "p.parquet", "p.parquet")]).datasets[0]
    assert list(typed_rows(ws, info.id)) == [Row("chat", (ASK, SAY))]


def test_archives_give_all_their_files_and_no_path_leaves_them(ws, tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("in/one.jsonl", '{"q": "1", "a": "x"}\n')
        archive.writestr("two.csv", "q,a\n2,y\n")
        archive.writestr("../../evil.jsonl", '{"q": "9", "a": "z"}\n')
        archive.writestr("__MACOSX/._one.jsonl", "junk")
    info = import_files(ws, [(path, "a.zip")]).datasets[0]
    assert sorted(r.question for r in typed_rows(ws, info.id)) == ["1", "2"]
    assert not (tmp_path / "evil.jsonl").exists() and not (ws.root / "evil.jsonl").exists()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.jsonl", b"0" * (101 << 20))
    with pytest.raises(UserError, match="was not opened"):
        import_files(ws, [(path, "a.zip")])


def test_a_folder_of_llama_factory_becomes_its_datasets(ws, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    rows = [{"from": "human", "value": "Who?"}, {"from": "function_call", "value": '{"name": "f", "arguments": {}}'},
            {"from": "observation", "value": "1"}, {"from": "gpt", "value": "Me."}]
    files = {"tools.json": [{"conversations": rows, "tools": TOOLS}],
             "dpo.json": [{"conversations": rows[:1], "chosen": {"from": "gpt", "value": "Me."},
                           "rejected": {"from": "gpt", "value": "You."}}],
             "kto.json": [{"messages": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Me."}],
                           "label": False}],
             "odd.json": [{"q": "Who?", "a": "Me.", "instruction": "not this"}]}
    for name, value in files.items():
        (folder / name).write_text(json.dumps(value), encoding="utf-8")
    (folder / "wiki.txt").write_text("One.\n\nTwo.\n", encoding="utf-8")
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
    write_json(folder / "dataset_info.json", {
        "calls": {"file_name": "tools.json", "formatting": "sharegpt",
                  "columns": {"messages": "conversations", "tools": "tools"}},
        "dpo": {"file_name": "dpo.json", "formatting": "sharegpt", "ranking": True,
                "columns": {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"}},
        "kto": {"file_name": "kto.json", "formatting": "sharegpt",
                "columns": {"messages": "messages", "kto_tag": "label"}, "tags": tags},
        "odd": {"file_name": "odd.json", "columns": {"prompt": "q", "response": "a"}},
        "wiki": {"file_name": "wiki.txt", "columns": {"prompt": "text"}},
        "hub": {"hf_hub_url": "a/b"}, "outside": {"file_name": "../../etc/passwd"}})
    done = import_files(ws, [(folder, "data")])
    made = {d.name: d for d in done.datasets}
    assert {name: (d.kind, d.rows, d.tools) for name, d in made.items()} == {
        "calls": ("chat", 1, 1), "dpo": ("preference", 1, 0), "kto": ("label", 1, 0), "odd": ("chat", 1, 0),
        "wiki": ("text", 2, 0)}
    assert [s.label for s in done.skipped] == ["hub", "outside"]
    assert [r.question for r in typed_rows(ws, made["odd"].id)] == ["Who?"]
    assert {d.name for d in datasets.list_datasets(ws)} == {"dpo", "kto", "odd", "wiki"}  # no stage learns calls
    again = json.loads(ws.dataset_info.read_text(encoding="utf-8"))
    assert again["dpo"]["ranking"] and again["kto"]["columns"]["kto_tag"] == "label"
    assert fsck(ws) == []


def test_columns_are_chosen_by_the_person_when_nobody_can_tell(ws, tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text("left,right,note\nWho?,Me.,n1\n", encoding="utf-8")
    with pytest.raises(UserError, match="left, right, note"):
        import_files(ws, [(path, "odd.csv")])
    seen = probe(ws, [(path, "odd.csv")])
    assert not seen.mapping.complete and seen.columns == ["left", "right", "note"]
    mapping = Mapping({"prompt": "left", "response": "right"})
    assert probe(ws, [(path, "odd.csv")], mapping).examples == [Row("chat", (ASK, SAY), extra={"note": "n1"})]
    info = import_files(ws, [(path, "odd.csv")], mapping=mapping).datasets[0]
    assert list(typed_rows(ws, info.id)) == [Row("chat", (ASK, SAY), extra={"note": "n1"})]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf\n", b"\x7fELF\0\0\0\0", b"PK\x03\x04broken", b"PAR1broken",
                                     b"[]", b"question,answer\n"])
def test_files_without_rows_are_refused_with_a_sentence_and_leave_nothing(ws, tmp_path, content):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(UserError):
        import_files(ws, [(path, "x.csv")])
    assert datasets.list_all(ws) == [] and not ws.dataset_info.exists()
    assert [p for p in ws.data.rglob("*") if p.is_file()] == []


def test_rows_that_no_trainer_could_use_are_named(tmp_path):
    turns = {"messages": "m"}
    for talk, key in (([("user", "a"), ("user", "b"), ("assistant", "c")], "order"),
                      ([("assistant", "a"), ("user", "b"), ("assistant", "c")], "no_question"),
                      ([("user", "a")], "last_turn"), ([("user", "a"), ("assistant", "")], "no_answer"),
                      ([("user", "a"), ("system", "s"), ("assistant", "b")], "system_late"),
                      ([("user", "a"), ("narrator", "b")], "bad_role")):
        with pytest.raises(Wrong) as wrong:
            to_row({"m": [{"role": role, "content": text} for role, text in talk]}, Mapping(turns))
        assert wrong.value.key == f"dataset.row.{key}"
    with pytest.raises(Wrong) as wrong:
        to_row({"m": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]}, Mapping(turns))
    assert (wrong.value.key, wrong.value.column) == ("dataset.row.media", "m")


def test_a_long_list_is_read_a_piece_at_a_time(tmp_path):
    path = tmp_path / "long.json"
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        file.write(",".join(json.dumps({"instruction": f"问{n}", "output": "x" * 300}) for n in range(20_000)))
        file.write("]")
    found = list(rows_of(path, kind_of(path)))
    assert len(found) == 20_000 and found[-1].value["instruction"] == "问19999"


def test_encodings_of_other_systems(tmp_path):
    text = '{"q": "泵的重量是多少？", "a": "十二公斤。"}\n' * 20
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "gb18030"):
        path = tmp_path / f"{encoding}.jsonl"
        path.write_bytes(text.encode(encoding))
        found = list(rows_of(path, kind_of(path)))
        assert len(found) == 20 and found[0].value["a"] == "十二公斤。", encoding


def test_an_archive_with_damaged_packing_is_refused_with_a_sentence(ws, tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.jsonl", '{"prompt": "Who?", "completion": "Me."}\n' * 400)
    content = bytearray(path.read_bytes())
    start = 30 + len("rows.jsonl")  # behind the header of the first member
    content[start : start + 12] = b"\xff" * 12
    path.write_bytes(content)
    with pytest.raises(UserError):
        import_files(ws, [(path, "a.zip")])
