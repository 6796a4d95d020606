"""Rules on documents they were not made for: what states nothing is left alone, what is stated is asked for rightly."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from core.qa.chunk import chunk_document
from core.qa.facts import extract_facts
from core.qa.rules.wordings_en import questions_en
from core.qa.rules.wordings_zh import questions_zh


def table(*lines: str, language: str = "en") -> list:
    return facts_of("# Manual\n\n" + "\n".join(lines) + "\n", language)


def facts_of(text: str, language: str = "en") -> list:
    _, spans = chunk_document("doc-a", "a.md", [(1, text)])
    return [fact for span in spans for fact in extract_facts(replace(span.chunk, language=language))]


def test_a_number_that_only_counts_rows_is_no_subject():
    found = table("| # | Model | Score |", "|---|---|---|", "| 1 | Alpha | 0.74504 |", "| 2 | Beta | 0.71 |")
    assert {f.subject for f in found} == {"Alpha model", "Beta model"}
    asked = questions_en(next(f for f in found if f.answer == "0.74504"))
    assert asked and not [q for q in asked if "time" in q.lower()]
    assert not table("| # | Score |", "|---|---|", "| 1 | 3.1 |", "| 2 | 4.2 |")


def test_rows_are_told_apart_before_a_value_is_told_of_them():
    found = table("| Method | Base | Quantization | Score |", "|---|---|---|---|", "| LoRA | Llama 2 | None | 16.6 |",
                  "| LoRA | Gemma 2 | None | 31.2 |", "| LoRA | Gemma 2 | nf4 | 30.9 |",
                  "| Full | Gemma 2 | None | 40.1 |")
    scores = {f.answer: f.statement for f in found if f.kind == "cell:Score"}
    assert scores["30.9"] == "The score for LoRA (Gemma 2, nf4) is 30.9."
    assert scores["31.2"] == "The score for LoRA (Gemma 2, Quantization: None) is 31.2."


@pytest.mark.parametrize(("column", "cell", "statement"), [
    ("Supported Devices", "CPU and GPU", "The supported devices for Alpha are CPU and GPU."),
    ("MoE", "8", "The MoE for Alpha is 8."),
    ("Data-driven", "yes", "For Alpha, “Data-driven” is marked “yes”."),
    ("Initialization for", "layer A", "Alpha – Initialization for: layer A."),
    ("What it does", "limits requests", "Alpha – What it does: limits requests."),
    ("Support reply", "3 days", "The support reply for Alpha is 3 days."),
])
def test_columns_become_sentences(column, cell, statement):
    [fact] = table(f"| Name | {column} |", "|---|---|", f"| Alpha | {cell} |")
    assert fact.statement == statement
    assert all(column.lower() in q.lower() or "devices" in q for q in questions_en(fact))


def test_prices_and_times_are_asked_for_where_they_are_meant():
    [fact] = table("| Name | Initial matrix |", "|---|---|", "| Alpha | $A$ and more |") or [None]
    assert fact is None or not [q for q in questions_en(fact) if "pay" in q]
    [ratio] = table("| Name | Ratio |", "|---|---|", "| Alpha | 2.91 |")
    assert not [q for q in questions_en(ratio) if "time" in q]


@pytest.mark.parametrize("text", [
    "Read me: https://example.org/a/b.html", "role: the kind of message, one of these:",
    "But it holds only in a few cases of the second kind.",
    "For details, see the installation guide.",
    "The norm $A^2$ is added to the loss of the model.", "The <td>Engine</td> runs on a processor.",
])
def test_what_leans_or_points_elsewhere_states_nothing(text):
    assert facts_of(f"# Details\n\n{text}\n") == []


def test_common_headings_are_asked_with_what_they_belong_to():
    text = ("# Orta pump manual\n\n## Installation\n\nThe pump stands on a level floor near a wall. Its hose is fixed "
            "with two clamps and a ring.\n")
    assert "the installation of Orta pump" in {f.subject for f in facts_of(text)}
    assert not [f for f in facts_of(text.replace("# Orta pump manual", "# Overview")) if f.kind == "section"]


@pytest.mark.parametrize("text", ["您可以使用本地数据集或者在线的数据集。", "与第一版相比，第二版采用了统一的格式。",
                                  "根据来源的不同，分为两种策略。"])
def test_chinese_questions_do_not_name_what_names_nothing(text):
    asked = [q for f in facts_of(f"# 手册\n\n{text}\n", "zh") for q in questions_zh(f)]
    assert not [q for q in asked if re.search(r"介绍一下(?:您|可)|版本?相比？|^根据来源的不同，?分为什么", q)], asked


def test_a_chunk_tells_its_own_language():
    chinese = "## 第二部分\n\n" + "水泵每天检查一次，滤芯每月更换一次，阀门由第三车间负责维护。" * 4 + "\n"
    english = "## Part one\n\n" + "The pump is checked every day and the filter is replaced every month. " * 30 + "\n"
    body, spans = chunk_document("doc-a", "a.md", [(1, f"# Manual\n\n{english}{chinese}")], target=200)
    assert {span.chunk.language for span in spans} == {"en", "zh"} and spans[-1].chunk.language == "zh"
