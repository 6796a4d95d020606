"""Every format that is written is read back as the same rows (case E1 for tables); what cannot be held is counted."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from core.datasets.exporting import export, plan, suffix
from core.datasets.importing import import_files
from core.datasets.mapping import detect
from core.datasets.reading import typed_rows
from core.datasets.reading_rows import to_row
from core.datasets.rows import Answer, Message, Row, ToolCall, check, from_disk, to_disk, used
from core.datasets.shapes import FORMATS, Traits, holds, writer
from core.datasets.writing import write_rows
from core.errors import UserError
from core.storage.workspace import DatasetPaths

HARD = ('=HYPERLINK("http://x","y")', "+1", "-5 degrees", "@SUM(1)", "\t=1", "\r=1", "'=1", 'a "b",;\r\nc\n d ',
        " spaced ", "_x0041_ \x01\x1f", "水\u2028泵 🙂", "[1]", '[{"a": 1}]', "true", "12", "null")
SYSTEM = Message("system", "Be short.")


def talk(*texts):
    return tuple(Message("user" if n % 2 == 0 else "assistant", text) for n, text in enumerate(texts))


CALL = Message("assistant", "", (ToolCall("find", {"q": "水", "n": [1]}, "call_a"),))
RESULT = Message("tool", "[1]", (), "call_a", "find")
SETS = {
    "chat": [Row("chat", talk(f"q{n} {t}", t)) for n, t in enumerate(HARD)] + [Row("chat", talk(t, "a")) for t in HARD],
    "turns": [Row("chat", (SYSTEM, *talk("a", "b", "c", "d")), extra={"source": "p. 3"}), Row("chat", talk("e", "f"))],
    "query": [Row("chat", talk("Add\n1 and 2", "3"), query="1 and 2"), Row("chat", talk("x", "y"))],
    "tools": [Row("chat", (*talk("q"), CALL, RESULT, Message("assistant", "a")), tools='[{"name": "find"}]'),
              Row("chat", talk("q", "a"))],
    "preference": [Row("preference", talk("q", "a", "b"), Message("assistant", "good"), Message("assistant", "bad")),
                   *(Row("preference", talk(t), Message("assistant", t), Message("assistant", "-")) for t in HARD)],
    "label": [Row("label", talk("q", t), label=n % 2 == 0) for n, t in enumerate(HARD)],
    "scored": [Row("scored", talk("q"), answers=(Answer(t, 4.5, "why"), Answer("bad", -1.0, ""))) for t in HARD],
    "flat scores": [Row("scored", talk("q"), answers=(Answer(t, 2.0, "why"),)) for t in HARD],
    "task": [Row("chat", talk(f"Translate\n{t}", t), query=t, task="Translate") for t in HARD],
    "text": [Row("text", text=t) for t in HARD],
}


def store(ws, rows, tmp_path):
    """A dataset of these rows, by way of the messages on disk."""
    path = tmp_path / "rows.jsonl"
    make = writer("messages" if rows[0].kind != "text" else "text", traits(rows))
    path.write_text("".join(json.dumps(make(row)) + "\n" for row in rows), encoding="utf-8")
    return import_files(ws, [(path, "rows.jsonl")], "rows").datasets[0]


def traits(rows):
    found = Traits()
    for row in rows:
        found.add(row)
    return found


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("name", SETS)
def test_what_is_exported_is_read_back_as_the_same_rows(ws, tmp_path, name, fmt):
    rows = SETS[name]
    info = store(ws, rows, tmp_path)
    assert list(typed_rows(ws, info.id)) == rows
    expected = [row for row in rows if holds(row, fmt)]
    promised = plan(ws, info.id, fmt)
    assert (promised.rows, promised.left_out) == (len(expected), len(rows) - len(expected))
    target = tmp_path / f"out{suffix(fmt)}"
    if len(expected) < (10 if fmt == "openai" else 1):
        with pytest.raises(UserError):
            export(ws, info.id, fmt, target)
        assert not target.exists()
        return
    assert export(ws, info.id, fmt, target).rows == len(expected)
    again = import_files(ws, [(target, target.name)], "again").datasets[0]
    assert (again.rows, again.faults) == (len(expected), 0)
    if fmt == "preference" and rows[0].kind == "scored":
        assert [(r.chosen.content, r.rejected.content) for r in typed_rows(ws, again.id)] == [
            (row.answers[0].content, row.answers[1].content) for row in expected]
        return
    if fmt in ("openai", "siliconflow"):
        expected = [replace(row, task="", extra={}) for row in expected]  # services take nothing else
    if fmt == "sharegpt":
        expected = [replace(row, messages=tuple(map(without_ids, row.messages))) for row in expected]
    assert list(typed_rows(ws, again.id)) == expected


def without_ids(message):
    """A turn as ShareGPT knows it."""
    return replace(message, call_id="", name="", calls=tuple(replace(call, id="") for call in message.calls))


def test_no_format_that_could_hold_the_rows_is_missing():
    held = {name: [fmt for fmt in FORMATS if all(holds(row, fmt) for row in rows)] for name, rows in SETS.items()}
    assert "alpaca" in held["turns"] and "alpaca" not in held["tools"] and "multitask" in held["task"]
    assert {"csv", "xlsx", "parquet"} <= set.intersection(*map(set, held.values()))
    assert "preference" in held["scored"] and "preference" not in held["chat"]


def test_cells_are_never_formulas_and_lines_are_as_written(ws, tmp_path):
    info = store(ws, SETS["chat"], tmp_path)
    export(ws, info.id, "csv", tmp_path / "o.csv")
    with (tmp_path / "o.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell[:1] and cell[0] in "=+-@\t\r"]
    assert "'-5 degrees" in cells
    export(ws, info.id, "xlsx", tmp_path / "o.xlsx")
    book = load_workbook(tmp_path / "o.xlsx")
    assert not [c for row in book.active.iter_rows() for c in row if c.data_type == "f"]
    export(ws, info.id, "alpaca", tmp_path / "o.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]
    assert [line["output"] for line in lines[:len(HARD)]] == list(HARD)


def test_a_text_too_long_for_a_cell_is_said_and_leaves_the_old_file(ws, tmp_path):
    info = store(ws, [Row("chat", talk("q", "x" * 40_000))], tmp_path)
    target = tmp_path / "o.xlsx"
    target.write_bytes(b"old")
    with pytest.raises(UserError, match="32767|32,767"):
        export(ws, info.id, "xlsx", target)
    assert target.read_bytes() == b"old" and len(list(tmp_path.glob(".tmp*"))) == 0
    assert export(ws, info.id, "csv", tmp_path / "o.csv").rows == 1


def test_services_get_what_their_rules_want(ws, tmp_path):
    rows = [*SETS["tools"], *SETS["chat"]]
    info = store(ws, rows, tmp_path)
    export(ws, info.id, "openai", tmp_path / "o.jsonl")
    first = json.loads((tmp_path / "o.jsonl").read_text(encoding="utf-8").splitlines()[0])
    call = first["messages"][1]["tool_calls"][0]
    assert json.loads(call["function"]["arguments"]) == {"q": "水", "n": [1]}
    assert first["messages"][2]["tool_call_id"] == call["id"] and first["tools"]
    made = plan(ws, info.id, "siliconflow")
    assert (made.rows, made.left_out) == (len(rows) - 1, 1)  # no tools there
    pairs = store(ws, SETS["preference"], tmp_path)
    export(ws, pairs.id, "openai", tmp_path / "d.jsonl")
    pair = json.loads((tmp_path / "d.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert pair["input"]["messages"][-1] == {"role": "user", "content": "b"}
    assert pair["preferred_output"] == [{"role": "assistant", "content": "good"}]


WORDS = st.text(min_size=1, max_size=20).filter(str.strip)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4), st.none() | WORDS, WORDS)
def test_rows_on_disk_and_in_every_format_stay_what_they_are(pairs, system, query):
    messages = tuple(m for q, a in pairs for m in (Message("user", q), Message("assistant", a)))
    if system:
        messages = (Message("system", system), *messages)
    if query:
        messages = (*messages[:-2], Message("user", messages[-2].content + "\n" + query), messages[-1])
    row = check(Row("chat", messages, query=query))
    assert from_disk(json.loads(json.dumps(to_disk(row, used(row)))), "chat") == row
    for fmt in ("alpaca", "sharegpt", "messages", "prompt_completion", "openai"):
        raw = json.loads(json.dumps(writer(fmt, traits([row]))(row)))
        assert to_row(raw, detect([raw])) == row, fmt


def test_rows_of_one_file_have_the_same_columns(tmp_path):
    """Arrow, and with it LLaMA-Factory, takes the columns of the first rows for those of all."""
    paths = DatasetPaths(tmp_path)
    rows = [Row("chat", talk(f"q{n}", "a"), extra={"n": n} if n % 700 == 3 else {}) for n in range(1500)]
    written = write_rows(paths, paths.train, rows)
    lines = paths.train.read_bytes().splitlines(keepends=True)
    assert {tuple(json.loads(line)) for line in lines} == {("messages", "extra")}
    assert written.index == [sum(map(len, lines[:at])) for at in (0, 500, 1000)]
    assert [from_disk(json.loads(line), "chat") for line in lines] == rows
