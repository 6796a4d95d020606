"""Datasets: formats, the shared registry, held-out wordings, pages of rows, deletion (cases D1, D4, D5)."""

from __future__ import annotations

import json
import threading
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import datasets, jobs, qa
from core.datasets import DatasetSettings, reading
from core.datasets.entries import mapping_of
from core.datasets.formats import entry_for
from core.datasets.formats import to_row as pair_row
from core.datasets.reading import as_conversation
from core.datasets.reading_rows import to_row
from core.datasets.rows import Wrong
from core.datasets.similar import jaccard, near_pairs, shingles
from core.datasets.split import held_out, spread_is_clean, unseen
from core.datasets.store import free_name
from core.errors import UserError
from core.qa.ledger import Ledger
from core.storage import atomic_write, write_json
from core.storage.fsck import fsck
from tests.fakes.ledger_rows import add_facts

TEXT = st.text(min_size=1).filter(str.strip)


def read(row, raw):
    """A row as the entry of a registry says."""
    return as_conversation(to_row(row, mapping_of(raw)))


@given(
    st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4), st.none() | TEXT, st.sampled_from(["alpaca", "sharegpt"])
)
def test_every_format_gives_back_the_same_conversation(turns, system, fmt):
    talk = [{"role": "system", "content": system}] if system else []
    for question, answer in turns:
        talk += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    entry = entry_for(fmt, "x.jsonl")
    if fmt == "alpaca":
        entry["columns"] |= {"system": "system", "history": "history"}
    assert read(json.loads(json.dumps(pair_row(talk, fmt))), entry) == talk


def test_foreign_rows_are_read_as_their_entry_says():
    alpaca = {"file_name": "a.json"}
    assert read({"instruction": "Add", "input": "1 and 2", "output": "3"}, alpaca)[0]["content"] == "Add\n1 and 2"
    renamed = {"file_name": "a.json", "columns": {"prompt": "q", "response": "a"}}
    assert read({"q": "Who?", "a": "Me", "input": "ignored"}, renamed)[0]["content"] == "Who?"
    openai = {"file_name": "a.json", "formatting": "openai"}
    talk = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}]
    assert read({"messages": talk}, openai) == talk
    assert mapping_of({"file_name": "x", "formatting": "odd"}) is None
    for row in (
        None,
        [],
        {},
        {"instruction": ["x"], "output": "x"},
        {"instruction": "x"},
        {"instruction": "x", "output": ""},
        {"instruction": "x", "output": "y", "input": ["z"]},
    ):
        with pytest.raises(Wrong):
            read(row, alpaca)


@pytest.mark.parametrize("fmt", ["alpaca", "sharegpt"])
def test_a_dataset_is_registered_as_llama_factory_reads_it(ws, fmt):
    add_facts(ws, 10)
    info = qa.make_dataset(ws, "Handbook, spring", DatasetSettings(fmt=fmt, held_out_share=0.2))
    assert (info.name, info.title, info.rows + info.held_out_rows, info.facts) == (
        "handbook_spring",
        "Handbook, spring",
        40,
        10,
    )
    entries = json.loads(ws.dataset_info.read_text(encoding="utf-8"))
    assert set(entries) == {"handbook_spring", "handbook_spring_held_out"}
    for split, name in (("train", "handbook_spring"), ("held_out", "handbook_spring_held_out")):
        raw = entries[name]
        rows = [json.loads(line) for line in (ws.data / raw["file_name"]).read_text(encoding="utf-8").splitlines()]
        assert [read(r, raw) for r in rows] == datasets.conversations(ws, info.id, split)
        columns = set(raw["columns"].values())
        assert all(columns <= set(r) for r in rows)
    assert fsck(ws) == []
    origins = [json.loads(line) for line in ws.dataset(info.id).provenance.read_text(encoding="utf-8").splitlines()]
    assert len(origins) == 40 and all(o["quote"] and o["document"] == "doc-a" and o["page"] == 1 for o in origins)


def test_held_out_questions_ask_trained_facts_in_other_words(ws):
    add_facts(ws, 25)
    pairs = qa.all_accepted(ws)
    asked, facts = [p.question for p in pairs], [p.fact_key for p in pairs]
    test = held_out(asked, facts, 0.2, 1)
    assert len(test) == 20
    assert test == held_out(asked, facts, 0.2, 1) != held_out(asked, facts, 0.2, 2)
    left = defaultdict(int)
    for index, fact in enumerate(facts):
        left[fact] += index not in test
    assert all(left[facts[i]] >= 2 for i in test)
    assert spread_is_clean([q for i, q in enumerate(asked) if i not in test], [asked[i] for i in test])


def test_unseen_sections_are_held_out_whole_and_nothing_of_them_is_trained_on(ws):
    for n in range(6):
        add_facts(ws, 5, 4, f"doc-{n}")
    with Ledger(ws) as ledger, ledger.transaction() as db:
        for n in range(6):
            for column in ("question", "answer"):
                db.execute(f"UPDATE rows SET {column} = 'House {n}{n}{n}: ' || {column} WHERE document_id = ?",
                           (f"doc-{n}",))
            db.execute("UPDATE rows SET human = 'kept'")
    info = qa.make_dataset(ws, "Tanks", DatasetSettings(unseen_share=0.2))
    origins = [json.loads(line) for line in ws.dataset(info.id).provenance.read_text(encoding="utf-8").splitlines()]
    new = {o["document"] for o in origins if o.get("unseen")}
    assert len(new) == 1 and sum(bool(o.get("unseen")) for o in origins) == 20
    assert not new & {o["document"] for o in origins if o["split"] == "train"}
    trained = {o["fact"] for o in origins if o["split"] == "train"}
    assert all(o["fact"] in trained for o in origins if o["split"] == "held_out" and not o.get("unseen"))
    asked = {part: [c[0]["content"] for c in datasets.conversations(ws, info.id, part)]
             for part in ("train", "held_out")}
    assert spread_is_clean(asked["train"], asked["held_out"])


def test_sections_that_share_a_question_are_not_held_out():
    asked = ["How heavy is the Rova-2 pump?", "Who repairs the crane?", "How heavy is the Rova-2 pump",
             "What is a valve?"]
    assert unseen(asked, ["a", "a", "b", "c"], 0.6, 1) == {3}
    assert unseen(asked[:1], ["a"], 1.0, 1) == set() == unseen([], [], 0.5, 1)


def test_wordings_that_are_nearly_the_same_are_not_held_out():
    same = ["How heavy is the Rova-2 pump?", "How heavy is the Rova-2 pump", "how heavy is the rova-2 pump?"]
    assert held_out(same, ["f"] * 3, 0.4, 1) == set()
    assert held_out(["a question"], ["f"], 0.4, 1) == set()
    assert held_out([], [], 0.4, 1) == set()


@given(st.lists(st.text("abcd ", max_size=14), max_size=25))
def test_near_pairs_are_exactly_those_of_a_full_comparison(texts):
    sets = [shingles(t) for t in texts]
    full = [(i, j) for j in range(len(texts)) for i in range(j) if jaccard(sets[i], sets[j]) >= 0.8]
    assert list(near_pairs(texts)) == full


def test_foreign_entries_and_unknown_keys_survive(ws):
    foreign = {"alpaca_en": {"file_name": "alpaca.json", "odd": {"k": [1]}}, "hub": {"hf_hub_url": "a/b"}, "stray": 7}
    write_json(ws.dataset_info, foreign)
    atomic_write(ws.data / "alpaca.json", json.dumps([{"instruction": "q", "input": "", "output": "a"}] * 3))
    add_facts(ws, 3)
    info = qa.make_dataset(ws, "alpaca en")
    assert info.name == "alpaca_en_2"
    known = {d.id: d for d in datasets.list_datasets(ws)}
    assert set(known) == {info.id, "alpaca_en"} and not known["alpaca_en"].own
    assert datasets.preview(ws, "alpaca_en", 1, 5)[1] == 3
    with pytest.raises(UserError):
        datasets.delete_dataset(ws, "alpaca_en")
    datasets.delete_dataset(ws, info.id)
    assert json.loads(ws.dataset_info.read_text(encoding="utf-8")) == foreign
    assert json.loads(ws.dataset_info_backup.read_text(encoding="utf-8")).keys() > foreign.keys()


def test_foreign_entries_that_point_outside_are_not_read(ws, tmp_path):
    (tmp_path / "secret.json").write_text('[{"instruction": "q", "output": "a"}]', encoding="utf-8")
    write_json(
        ws.dataset_info,
        {"out": {"file_name": "../../secret.json"}, "abs": {"file_name": str(tmp_path / "secret.json")}},
    )
    assert datasets.list_datasets(ws) == []


@pytest.mark.parametrize("content", [b"", b"{", b"\x00" * 50, b"[1]", b"\xff\xfe"])
def test_a_damaged_registry_is_set_aside_and_rebuilt(ws, content):
    add_facts(ws, 3)
    first = qa.make_dataset(ws, "one")
    ws.dataset_info.write_bytes(content)
    assert [d.id for d in datasets.list_datasets(ws)] == [first.id]
    second = qa.make_dataset(ws, "two")
    assert {"one", "two"} <= set(json.loads(ws.dataset_info.read_text(encoding="utf-8")))
    assert {first.id, second.id} == {d.id for d in datasets.list_datasets(ws)}
    assert [p for p in fsck(ws) if p.level == "error"] == []


@pytest.mark.parametrize("title", ["../x", "a/b", ".", "", "x" * 200, "Ünï", "<b>", "a\0b\n", "con", "  "])
def test_titles_are_labels_only(ws, title):
    add_facts(ws, 2)
    info = qa.make_dataset(ws, title)
    assert ws.dataset(info.id).dir.parent == ws.datasets
    assert len(info.title) <= 120 and info.title.isprintable() and info.title
    assert info.name.replace("_", "").isalnum() and info.name.isascii()
    assert fsck(ws) == []


def test_two_equal_names_at_once_from_ten_threads(ws):
    add_facts(ws, 2)
    made, faults = [], []

    def make():
        try:
            made.append(qa.make_dataset(ws, "Same name"))
            json.loads(ws.dataset_info.read_text(encoding="utf-8"))
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=make) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len({d.name for d in made}) == 10
    names = {n for n in json.loads(ws.dataset_info.read_text(encoding="utf-8")) if not n.endswith("_held_out")}
    assert names == {d.name for d in made}
    assert fsck(ws) == []


def test_no_pairs_no_dataset(ws):
    with pytest.raises(UserError):
        qa.make_dataset(ws, "x")
    assert not ws.dataset_info.exists()


@pytest.mark.parametrize("is_further", [False, True])
def test_a_dataset_in_use_is_not_deleted(ws, is_further):
    add_facts(ws, 3)
    info = qa.make_dataset(ws, "x")
    given = {"dataset": "other", "also": [{"dataset": info.id, "weight": 1.0}]} if is_further else {"dataset": info.id}
    run = jobs.start(ws, "train", given, title="Night run", id="run-test", argv=["/bin/sh", "-c", "sleep 60"])
    with pytest.raises(UserError, match="Night run"):
        datasets.delete_dataset(ws, info.id)
    assert datasets.get_dataset(ws, info.id).rows
    jobs.request_stop(ws, run.id, force=True)
    assert jobs.wait(ws, run.id, 30).state.is_terminal
    datasets.delete_dataset(ws, info.id)
    assert datasets.list_datasets(ws) == [] and fsck(ws) == []
    with pytest.raises(UserError):
        datasets.preview(ws, info.id)


def test_pages_of_a_large_dataset_read_only_what_they_show(ws, monkeypatch):
    add_facts(ws, 3)
    info = qa.make_dataset(ws, "big", DatasetSettings(held_out_share=0))
    paths = ws.dataset(info.id)
    rows, index, at = [], [], 0
    for number in range(50_000):
        line = (
            json.dumps({"instruction": f"question {number} " + "x" * 1000, "input": "", "output": "y" * 1000}).encode()
            + b"\n"
        )
        if number % 500 == 0:
            index.append(at)
        at += len(line)
        rows.append(line)
    paths.train.write_bytes(b"".join(rows))
    write_json(paths.info, {**info.to_json(), "rows": 50_000, "index": index})
    parsed: list[bytes] = []
    monkeypatch.setattr(reading, "_json", lambda line: parsed.append(line) or json.loads(line))
    page, total = datasets.preview(ws, info.id, 49_990, 20)
    assert len(parsed) == 10
    assert (len(page), total) == (10, 50_000)
    assert page[0][0]["content"].startswith("question 49990 ")
    assert len(json.dumps(datasets.preview(ws, info.id, 500, 50)[0])) < 300_000


A, C = '{"instruction": "a", "output": "b"}', '{"instruction": "c", "output": "d"}'


@pytest.mark.parametrize("text", [f"[{A}, {C}]", f"\ufeff{A}\r\n{C}\r\n", f'{A}\nbroken\n{{"output": 5}}\n\n{C}',
                                  f' \n[{A},\n{C}, {{"instr'])
def test_files_of_others_are_read_as_far_as_they_can_be(ws, text):
    write_json(ws.dataset_info, {"theirs": {"file_name": "theirs.json"}})
    atomic_write(ws.data / "theirs.json", text)
    assert [c[0]["content"] for c in datasets.conversations(ws, "theirs")] == ["a", "c"]


def test_a_name_for_the_registry_says_what_it_is_even_without_latin_letters() -> None:
    assert [free_name(title, set()) for title in ("数据集 2", "手册", "Pumps, spring", "2026")] == [
        "dataset_2", "dataset", "pumps_spring", "dataset_2026"]
    assert free_name("数据集 2", {"dataset_2"}) == "dataset_2_2"
