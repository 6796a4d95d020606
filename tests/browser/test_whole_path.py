"""The main job: a person drops documents in the browser and compares the model before and after."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import expect

from benchmarks.scoring import right
from core import datasets, jobs, qa, serving, training
from core.i18n import t
from core.storage.workspace import Workspace
from tests.browser.conftest import DESKTOP
from tests.browser.driving import ROOT, AppProcess, end_jobs

LONG = 30 * 60_000
FACTS_RIGHT, BASE_RIGHT = 0.8, 0.1
GENERAL_ASKED, GENERAL_RIGHT = 20, 14
SMALL = ("# Lumo lamp\n\nThe Lumo lamp weighs 740 grams. The battery of the Lumo lamp lasts 31 hours. "
         "The Lumo lamp was designed by Pela Orwin. The code E7 means that the lamp is too hot.\n")


def test_example_handbook_is_remembered_after_tuning(open_page: Callable[..., Any], app: AppProcess) -> None:
    page = open_page("en", DESKTOP)
    page.locator("#documents-example").click()
    walk(page)
    ws = Workspace.at(app.home)
    questions = _unseen(ws, json.loads((ROOT / "data/examples/questions-en.json").read_text(encoding="utf-8")))
    before, after = zip(*(ask(page, q["question"]) for q in questions), strict=True)
    hits = [[right(answer, q["must_contain"]) for answer, q in zip(side, questions, strict=True)]
            for side in (before, after)]
    report = "\n".join(f"{hit} {q['question']} -> {answer}"
                       for hit, q, answer in zip(hits[1], questions, after, strict=True))
    print(f"handbook: {sum(hits[0])} before, {sum(hits[1])} after, of {len(questions)}")
    assert sum(hits[1]) >= FACTS_RIGHT * len(questions), report
    assert sum(hits[0]) <= BASE_RIGHT * len(questions), before
    kept, asked = _general(ws)
    print(f"general: {kept} of {asked} after")
    assert asked >= GENERAL_ASKED
    assert kept >= GENERAL_RIGHT / GENERAL_ASKED * asked, f"{kept} of {asked} general answers are still right"


def test_same_clicks_in_chinese_on_a_small_document(open_page: Callable[..., Any], app: AppProcess,
                                                    tmp_path: Path) -> None:
    file = tmp_path / "lumo.md"
    file.write_text(SMALL, encoding="utf-8")
    server = AppProcess(tmp_path / "second")
    _share_models(app.home, server.home)
    server.start()
    try:
        page = open_page("zh", DESKTOP, server=server)
        page.locator("#documents-files input[type=file]").set_input_files(str(file))
        press(page, "#documents-convert")
        walk(page, epochs=1)
        before, after = ask(page, "What does code E7 mean?")
        assert before and after
        expect(page.locator("#compare-evidence")).to_contain_text("E7", timeout=LONG)
        assert t("compare.ui.after", "zh") in page.locator("#compare-after").inner_text()
        page.close()
    finally:
        server.stop()
        end_jobs(server.home)


def _share_models(home: Path, other: Path) -> None:
    """Lets a second workspace use the models that the first one downloaded."""
    folder = home / "saves" / "models"
    (other / "saves").mkdir(parents=True)
    if folder.is_dir():
        shutil.copytree(folder, other / "saves" / "models")


def walk(page: Any, epochs: int | None = None) -> None:
    """From documents that are being converted to the open Compare step; only the primary buttons are clicked."""
    next_step(page, "documents")
    press(page, "#qa-write")
    next_step(page, "qa")
    press(page, "#dataset-make")
    next_step(page, "dataset")
    if epochs is not None:
        page.locator("#train-epochs input").fill(str(epochs))
    press(page, "#train-start")
    expect(page.locator("#train-plot .js-plotly-plot")).to_be_visible(timeout=LONG)
    next_step(page, "train")
    expect(page.locator("#rail-compare.here")).to_be_visible()


def next_step(page: Any, step: str) -> None:
    """Waits until the step offers the next one as its primary button, and goes there."""
    button = page.locator(f"#{step}-next.primary, #{step}-next.lg.primary").first
    expect(button).to_be_visible(timeout=LONG)
    button.click()


def press(page: Any, button: str) -> None:
    """Clicks a button once it works."""
    expect(page.locator(button)).to_be_enabled(timeout=LONG)
    page.locator(button).click()


def ask(page: Any, question: str) -> tuple[str, str]:
    """Both answers to a question in a new conversation."""
    page.locator("#compare-fresh").click()
    bots = [page.locator(f"#compare-{side} .message.bot") for side in ("before", "after")]
    for bot in bots:
        expect(bot).to_have_count(0, timeout=LONG)
    page.locator("#compare-question textarea").fill(question)
    press(page, "#compare-ask")
    expect(page.locator("#compare-evidence")).not_to_be_empty(timeout=LONG)
    expect(page.locator("#compare-ask")).to_be_enabled(timeout=LONG)
    return tuple(bot.last.inner_text().strip() for bot in bots)  # type: ignore[return-value]


def _unseen(ws: Workspace, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The questions that do not stand in the dataset in this wording; nearly all must be left."""
    known = {_words(m["content"]) for d in datasets.list_datasets(ws) for split in ("train", "held_out")
             for row in datasets.conversations(ws, d.id, split) for m in row if m["role"] == "user"}
    fresh = [q for q in questions if _words(q["question"]) not in known]
    assert len(known) > 50 and qa.counts(ws).total > 50
    assert len(fresh) >= 0.9 * len(questions)
    return fresh


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _general(ws: Workspace) -> tuple[int, int]:
    """(still right after tuning, right before) over general questions that the base model answers rightly."""
    run = next(job.id for job in jobs.list_jobs(ws, "train"))
    endpoint = serving.ensure(ws, training.run_settings(ws, run).model, (run,))
    questions = json.loads((ROOT / "benchmarks/effect_data/general.json").read_text(encoding="utf-8"))
    base = [q for q, is_right in zip(questions, _rightly(endpoint, endpoint.model, questions), strict=True) if is_right]
    return sum(_rightly(endpoint, run, base)), len(base)


def _rightly(endpoint: serving.Endpoint, model: str, questions: list[dict[str, Any]]) -> list[bool]:
    """Which questions a model answers rightly; several are asked at once."""
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda q: _reply(endpoint, model, q["question"]), questions))
    return [right(reply, q["must_contain"]) for reply, q in zip(replies, questions, strict=True)]


def _reply(endpoint: serving.Endpoint, model: str, question: str) -> str:
    body = {"model": model, "temperature": 0, "max_tokens": 60, "messages": [{"role": "user", "content": question}]}
    reply = httpx.post(f"{endpoint.base_url}/chat/completions", json=body, timeout=300, trust_env=False,
                       headers={"Authorization": f"Bearer {endpoint.api_key}"})
    reply.raise_for_status()
    return reply.json()["choices"][0]["message"]["content"]
