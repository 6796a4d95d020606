"""Folders for other trainers, the card in every export, and what the rules of services make of rows."""

from __future__ import annotations

import ast
import json
import zipfile
from types import SimpleNamespace

import pytest
import yaml

from core import datasets, jobs
from core.datasets import work
from core.datasets.card import Exported, card
from core.datasets.columns import placed_rows
from core.datasets.exporting import export, export_card, plan
from core.datasets.importing import import_files
from core.datasets.labels import describe
from core.datasets.licences import checked
from core.datasets.llama_factory import export_folder, template_of
from core.datasets.operations import split
from core.datasets.rows import Message, Row, ToolCall
from core.datasets.services import Judged, tokens, why_not
from core.datasets.trl_folder import export_trl, fitting
from core.datasets.versions import change
from core.errors import UserError

ROWS = {
    "chat": [{"prompt": f"What is {n}?", "completion": f"{n} 是一个数。"} for n in range(12)],
    "turns": [{"messages": [{"role": r, "content": f"{r} {n}"} for r in ("system", "user", "assistant", "user",
                                                                         "assistant")]} for n in range(12)],
    "preference": [{"prompt": f"What is {n}?", "chosen": "A number.", "rejected": "No."} for n in range(12)],
    "label": [{"prompt": f"What is {n}?", "completion": "A number.", "label": n % 2 == 0} for n in range(12)],
    "text": [{"text": f"The number {n}."} for n in range(12)],
}


def made(ws, tmp_path, name):
    path = tmp_path / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS[name]), encoding="utf-8")
    return import_files(ws, [(path, path.name)], name).datasets[0]


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(("name", "trainer", "columns"), [
    ("chat", "SFTTrainer", {"prompt", "completion"}), ("turns", "SFTTrainer", {"messages"}),
    ("preference", "DPOTrainer", {"prompt", "chosen", "rejected"}),
    ("label", "KTOTrainer", {"prompt", "completion", "label"}), ("text", "SFTTrainer", {"text"})])
def test_a_folder_for_trl_has_the_rows_that_its_trainer_takes(ws, tmp_path, name, trainer, columns):
    info = made(ws, tmp_path, name)
    assert export_trl(ws, info.id, tmp_path / "trl", model="some/model") == fitting(ws, info.id) == 12
    rows = lines(tmp_path / "trl" / "train.jsonl")
    assert len(rows) == 12 and {frozenset(row) for row in rows} == {frozenset(columns)}
    turns = [value for row in rows for value in row.values() if isinstance(value, list)]
    assert all(turn["role"] in ("system", "user", "assistant") for value in turns for turn in value)
    script = (tmp_path / "trl" / "train.py").read_text(encoding="utf-8")
    ast.parse(script)
    assert f"from trl import {trainer}" in script and "some/model" in script
    assert {path.name for path in (tmp_path / "trl").iterdir()} == {"train.jsonl", "train.py", "requirements.txt",
                                                                   "README.md"}
    with pytest.raises(UserError):
        export_trl(ws, info.id, tmp_path / "trl")


def test_a_folder_for_llama_factory_names_model_template_and_held_out_part(ws, tmp_path):
    info = made(ws, tmp_path, "preference")
    rows = list(datasets.reading.typed_rows(ws, info.id))
    change(ws, info.id, ((("train", n), r) for n, r in enumerate(rows[2:])),
           ((("train", n), r) for n, r in enumerate(rows[:2])), {})
    assert export_folder(ws, info.id, tmp_path / "lf.zip", model="HuggingFaceTB/SmolLM2-135M-Instruct") == 10
    with zipfile.ZipFile(tmp_path / "lf.zip") as archive:
        read = {name: archive.read(name).decode() for name in archive.namelist()}
    said = yaml.safe_load(read["train.yaml"])
    assert (said["stage"], said["template"], said["eval_dataset"]) == ("dpo", "smollm2", "preference_held_out")
    registry = json.loads(read["dataset_info.json"])
    assert registry["preference"]["ranking"] and registry["preference"]["file_name"] in read
    assert "`preference.jsonl` | to train | 10" in read["README.md"] and "llamafactory-cli" in read["README.md"]
    assert [template_of(name) for name in ("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen3-8B", "/models/mine")] == [
        "qwen", "qwen3", "default"]


def test_a_card_tells_licence_counts_fields_and_sources(ws, tmp_path):
    info = made(ws, tmp_path, "chat")
    describe(ws, info.id, title="Numbers <b>| of", notes="Made by hand.", tags=["maths"], licence=checked("cc-by-4.0"))
    done = export(ws, info.id, "csv", tmp_path / "out.csv")
    told = export_card(ws, info.id, done, tmp_path / "out.csv")
    assert told.name == "out.README.md"
    head, _, body = told.read_text(encoding="utf-8").removeprefix("---\n").partition("---\n")
    facts = yaml.safe_load(head)
    assert (facts["license"], facts["size_categories"], facts["tags"]) == ("cc-by-4.0", ["n<1K"], ["maths", "doctune"])
    assert facts["language"] == ["zh", "en"] or facts["language"] in (["zh"], ["en"])
    assert facts["configs"][0]["data_files"] == [{"split": "train", "path": "out.csv"}]
    assert "| `out.csv` | to train | 12 |" in body and "`instruction`" in body and "chat.jsonl" in body
    assert "<b>" not in body and "creativecommons.org/licenses/by/4.0" in body
    chinese = export_card(ws, info.id, done, tmp_path / "out.csv", lang="zh").read_text(encoding="utf-8")
    assert "许可证" in chinese
    with pytest.raises(UserError):
        checked("wtfpl")
    duplicate = datasets.labels.duplicate(ws, info.id, "copy")
    assert duplicate.licence == "cc-by-4.0"


def test_a_card_counts_the_documents_of_the_exported_part_alone(ws):
    def pair(n):
        evidence = SimpleNamespace(document_id=f"d{n % 2}", label=f"Book {n % 2}", page=1, start=0, end=1, quote="q")
        return SimpleNamespace(id=f"p{n}", question=f"Question {n}?", answer=f"{n}", fact_key=f"f{n}", variant=0,
                               origin="made", evidence=evidence)

    info = datasets.create_from_pairs(ws, "books", [pair(n) for n in range(20)])
    info = split(ws, info.id, 0.5, 1, group="document")
    held = next(iter(placed_rows(ws, info.id, "held_out")))[1].question
    tested = int(held.split()[1].rstrip("?")) % 2
    text = card(ws, info.id, [Exported("o.jsonl", "train", 10, ["prompt"])])
    assert f"Book {1 - tested}: 10 rows" in text and f"Book {tested}" not in text


def test_an_export_from_the_page_brings_its_card(ws, tmp_path):
    info = made(ws, tmp_path, "chat")
    done = jobs.wait(ws, work.start_export(ws, info.id, "openai", "train", lang="zh").id, 60)
    assert done.state is jobs.JobState.DONE and done.result["rows"] == 12
    assert done.result["card"].endswith("chat-openai.README.md")
    assert done.result["notes"][0]["key"] == "dataset.out.checked.openai"


def test_rules_of_services_are_told_with_their_reasons():
    def chat(*texts):
        return Row("chat", tuple(Message("user" if n % 2 == 0 else "assistant", text) for n, text in enumerate(texts)))

    call = Row("chat", (Message("user", "q"), Message("assistant", "", (ToolCall("f", {}),)), Message("tool", "1"),
                        Message("assistant", "a")))
    empty, label = chat("q", " ", "q", "a"), Row("label", chat("q", "a").messages)
    assert [why_not(row, "siliconflow") for row in (chat("q", "a"), call, empty, label)] == ["", "tools", "empty",
                                                                                             "kind"]
    assert [why_not(row, "openai") for row in (call, empty, label)] == ["", "", "kind"]
    judged = Judged("openai")
    for row in (chat("q", "水" * 70_000), label, call):
        judged.add(row)
    assert [note["key"] for note in judged.notes()] == ["dataset.out.why.kind", "dataset.out.few",
                                                        "dataset.out.too_long"]
    assert (judged.rows, judged.cut) == (2, 1)
    assert tokens(chat("word " * 70, "水泵")) == pytest.approx(110, abs=5)


def test_too_few_rows_for_a_service_are_refused(ws, tmp_path):
    info = made(ws, tmp_path, "chat")
    change(ws, info.id, ((("train", n), r) for n, r in enumerate(list(datasets.reading.typed_rows(ws, info.id))[:9])),
           [], {})
    assert plan(ws, info.id, "openai").judged.notes()[0]["params"] == {"count": 9, "fewest": 10}
    with pytest.raises(UserError, match="10"):
        export(ws, info.id, "openai", tmp_path / "o.jsonl")
    assert export(ws, info.id, "siliconflow", tmp_path / "o.jsonl").rows == 9
