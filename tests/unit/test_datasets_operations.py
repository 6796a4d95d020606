"""Filter, sort, sample, merge and mix: which rows come out, in which order, and that it can be undone."""

from __future__ import annotations

import json
from collections import Counter
from types import SimpleNamespace

import pytest

from core import datasets, jobs
from core.datasets.change_settings import FilterSettings, MixSettings, SortSettings
from core.datasets.changing import apply, start_change
from core.datasets.columns import columns_of
from core.datasets.combining import amounts, merge, mix
from core.datasets.general import load_general
from core.datasets.importing import import_files
from core.datasets.labels import describe, duplicate
from core.datasets.operations import count_fitting, filter_rows, sort, split
from core.datasets.reading import typed_rows
from core.datasets.rows import Message, Row
from core.datasets.versions import change, undo
from core.errors import UserError
from core.storage.fsck import fsck


def made(ws, tmp_path, rows, title="rows"):
    path = tmp_path / f"{title}.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return import_files(ws, [(path, path.name)], title).datasets[0]


@pytest.fixture
def pumps(ws, tmp_path):
    """30 rows of three documents, answers of 4 to 33 characters."""
    rows = [{"prompt": f"Pump {n}: how long?", "completion": "x" * (n + 4), "document": f"Book {'ABC'[n % 3]}",
             "number": n * 7 % 30} for n in range(30)]
    return made(ws, tmp_path, rows, "pumps")


def questions(ws, info, part="train"):
    return [row.question for row in typed_rows(ws, info.id, part)]


@pytest.mark.parametrize(("given", "kept"), [
    ({"words": "PUMP 1"}, [1, *range(10, 20)]),
    ({"words": "pump", "where": "answer"}, []),
    ({"shortest": 10, "longest": 12, "where": "answer"}, [6, 7, 8]),
    ({"column": "document", "values": "book a， book c"}, [n for n in range(30) if n % 3 != 1]),
    ({"column": "number", "values": "7,14"}, [1, 2]),
    ({"words": "Pump 2", "column": "document", "values": "Book B", "keep": "others"},
     [n for n in range(30) if n not in (22, 25, 28)]),
])
def test_a_filter_keeps_exactly_the_rows_that_fit_every_condition(ws, pumps, given, kept):
    settings = FilterSettings.load(given)
    assert count_fitting(ws, pumps.id, settings) == len(kept)
    if not kept:
        with pytest.raises(UserError):
            filter_rows(ws, pumps.id, settings)
        assert questions(ws, pumps) == [f"Pump {n}: how long?" for n in range(30)]
        return
    changed = filter_rows(ws, pumps.id, settings)
    assert questions(ws, changed) == [f"Pump {n}: how long?" for n in kept]
    assert changed.made_from["params"] == {"count": 30 - len(kept)}
    assert fsck(ws) == [] and undo(ws, pumps.id).rows == 30


def test_what_cannot_be_filtered_or_sorted_is_said(ws, pumps):
    for given in ({}, {"shortest": 9, "longest": 3}, {"column": "nothing", "values": "a"}):
        with pytest.raises(UserError):
            filter_rows(ws, pumps.id, FilterSettings.load(given))
    with pytest.raises(UserError, match="document, number"):
        sort(ws, pumps.id, "colour")
    with pytest.raises(UserError):
        split(ws, pumps.id, 0.2, group="colour")


def test_rows_are_sorted_by_text_by_number_by_length_and_by_chance(ws, pumps):
    numbers = [row.extra["number"] for row in typed_rows(ws, sort(ws, pumps.id, "number", down=True).id)]
    assert numbers == sorted(numbers, reverse=True) and numbers[:2] == [29, 28]
    lengths = [len(row.answer) for row in typed_rows(ws, sort(ws, pumps.id, "length").id)]
    assert lengths == list(range(4, 34))
    assert questions(ws, sort(ws, pumps.id))[:3] == ["Pump 0: how long?", "Pump 10: how long?", "Pump 11: how long?"]
    mixed = questions(ws, sort(ws, pumps.id, "random", seed=3))
    assert sorted(mixed) == sorted(questions(ws, pumps)) and mixed != sorted(mixed)
    assert questions(ws, sort(ws, sort(ws, pumps.id).id, "random", seed=3)) != mixed[::-1]
    assert fsck(ws) == []


def test_whole_documents_are_held_out_and_origins_follow_their_rows(ws):
    pair = lambda n: SimpleNamespace(  # noqa: E731
        id=f"p{n}", question=f"Question {n}?", answer=f"{n}", fact_key=f"f{n // 2}", variant=0, origin="made",
        evidence=SimpleNamespace(document_id=f"d{n % 4}", label=f"Book {n % 4}", page=1, start=0, end=1, quote="q"))
    info = datasets.create_from_pairs(ws, "books", [pair(n) for n in range(40)],
                                      datasets.DatasetSettings(held_out_share=0))
    assert columns_of(ws, info) == ["document", "fact"]
    divided = split(ws, info.id, 0.5, 1, group="document")
    assert (divided.rows, divided.held_out_rows) == (20, 20)
    for n in range(4):
        only = filter_rows(ws, sort(ws, divided.id, "random", seed=n).id,
                           FilterSettings(column="document", values=f"Book {n}", keep="others"))
        assert (only.rows, only.held_out_rows) in ((10, 20), (20, 10))
        assert f"Question {n}?" not in questions(ws, only) + questions(ws, only, "held_out")
        undo(ws, info.id)
    pages = merge(ws, [divided.id, made_of_two(ws, divided)], "all", copies="keep")
    assert columns_of(ws, pages)[:2] == ["document", "fact"]
    assert split(ws, pages.id, 0.25, 2, group="document", stratify="source").held_out_rows == 20


def made_of_two(ws, info):
    return duplicate(ws, info.id, "copy").id


def test_merging_leaves_out_copies_and_tested_questions_and_keeps_its_sources(ws, tmp_path, pumps):
    more = made(ws, tmp_path, [{"prompt": "Pump 1: how long?", "completion": "xxxxx"},
                               {"prompt": "New?", "completion": "Yes.", "source": "web"}], "more")
    tested = [(("held_out", 0), Row("chat", (Message("user", "pump 2, how long"), Message("assistant", "6")))),
              (("held_out", 1), Row("chat", (Message("user", "Other?"), Message("assistant", "6"))))]
    more = change(ws, more.id, [(("train", n), r) for n, r in enumerate(typed_rows(ws, more.id))], tested, {})
    both = merge(ws, [pumps.id, more.id], "both")
    assert (both.rows, both.held_out_rows, both.title) == (31, 1, "both")
    rows = list(typed_rows(ws, both.id))
    assert [r.extra["source"] for r in rows[29:]] == ["pumps", "web"] and rows[0].extra["document"] == "Book A"
    assert questions(ws, both, "held_out") == ["Other?"]
    assert merge(ws, [pumps.id, more.id], copies="keep").rows == 32
    assert questions(ws, pumps) == [f"Pump {n}: how long?" for n in range(30)]
    assert set(json.loads(ws.dataset_info.read_text("utf-8"))) >= {"both", "both_held_out", "pumps", "more"}
    assert fsck(ws) == []
    texts = made(ws, tmp_path, [{"text": "A text."}], "texts")
    for ids in ([pumps.id, texts.id], [pumps.id, pumps.id]):
        with pytest.raises(UserError):
            merge(ws, ids)


def test_a_mix_has_the_shares_that_were_asked_for(ws, tmp_path, pumps):
    other = made(ws, tmp_path, [{"prompt": f"Q{n}", "completion": "a"} for n in range(100)], "other")
    assert amounts([30, 100], [70, 30]) == [30, 13] and amounts([30, 100], [1, 1], 20) == [10, 10]
    blend = mix(ws, [(pumps.id, 70), (other.id, 30)], "blend", general=0.25, seed=5)
    found = Counter(row.extra["source"] for row in typed_rows(ws, blend.id))
    assert found == {"pumps": 30, "other": 13, "general": min(14, len(load_general()))}
    order = [row.extra["source"] for row in typed_rows(ws, blend.id)]
    assert order != sorted(order)
    assert len(set(questions(ws, blend))) == blend.rows
    again = mix(ws, [(pumps.id, 7), (other.id, 3)], "blend", general=0.25, seed=5)
    assert questions(ws, again) == questions(ws, blend) and again.name != blend.name
    with pytest.raises(UserError):
        mix(ws, [(pumps.id, 1000), (other.id, 1)], rows=10)


def test_labels_that_were_typed_later_outlive_an_undo(ws, pumps):
    sort(ws, pumps.id, "random")
    describe(ws, pumps.id, title="Pumps of 2026", tags=["x"])
    back = undo(ws, pumps.id)
    assert (back.title, back.tags, back.rows) == ("Pumps of 2026", ["x"], 30)


def test_operations_run_as_jobs_that_name_what_they_made(ws, tmp_path, pumps):
    other = made(ws, tmp_path, [{"prompt": f"Q{n}", "completion": "a"} for n in range(10)], "other")
    job = start_change(ws, "mix", pumps.id, MixSettings(title="blend"), [(other.id, 1.0)])
    done = jobs.wait(ws, job.id, 60)
    assert done.state is jobs.JobState.DONE and done.result["rows"] == 20
    assert datasets.get_dataset(ws, done.result["ids"][0]).title == "blend"
    assert apply(ws, "sort", pumps.id, SortSettings(by="length", order="down")).id == pumps.id
    with pytest.raises(UserError):
        start_change(ws, "filter", pumps.id, FilterSettings())
