"""The main job: a person drops documents in the browser and compares the model before and after."""

from __future__ import annotations

import json
import re
import shutil
import time
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

FACTS_RIGHT, BASE_RIGHT, GENERAL_RIGHT, GENERAL_ASKED = 0.8, 0.1, 0.7, 20
ASKED_ON_PAGE = 10
LONG = 40 * 60_000
SMALL = ("# Lumo lamp\n\nThe Lumo lamp weighs 740 grams. The battery of the Lumo lamp lasts 31 hours. "
         "The Lumo lamp was designed by Pela Orwin. The code E7 means that the lamp is too hot.\n")


def test_the_example_handbook_is_remembered_after_tuning(open_page: Callable[..., Any], app: AppProcess) -> None:
    """Nothing is set: the example is opened, primary buttons are clicked, and what comes out is asked for its facts."""
    began = time.monotonic()
    page = open_page("en", DESKTOP)
    page.locator("#documents-example").click()
    walk(page)
    print(f"documents to compare: {(time.monotonic() - began) / 60:.1f} min")
    ws = Workspace.at(app.home)
    questions = unseen(ws, json.loads((ROOT / "data/examples/questions-en.json").read_text(encoding="utf-8")))
    seen = [ask(page, q["question"]) for q in questions[:ASKED_ON_PAGE]]
    run = next(job.id for job in jobs.list_jobs(ws, "train"))
    endpoint = serving.ensure(ws, training.run_settings(ws, run).model, (run,))
    before, after = ([*(pair[side] for pair in seen), *replies(endpoint, name, questions[ASKED_ON_PAGE:])]
                     for side, name in enumerate((endpoint.model, run)))
    assert hits(before, questions) <= BASE_RIGHT * len(questions), before
    missed = [f"{q['question']} -> {answer}" for q, answer in zip(questions, after, strict=True)
              if not right(answer, q["must_contain"])]
    print(f"handbook: {hits(before, questions)} before, {hits(after, questions)} after, of {len(questions)}", *missed,
          sep="\n")
    assert hits(after, questions) >= FACTS_RIGHT * len(questions), missed
    general = json.loads((ROOT / "benchmarks/effect_data/general.json").read_text(encoding="utf-8"))
    known = [q for q, a in zip(general, replies(endpoint, endpoint.model, general), strict=True)
             if right(a, q["must_contain"])]
    assert len(known) >= GENERAL_ASKED
    kept = hits(replies(endpoint, run, known), known)
    print(f"general: {kept} of {len(known)} after")
    assert kept >= GENERAL_RIGHT * len(known)


def test_the_same_clicks_in_chinese(open_page: Callable[..., Any], app: AppProcess, tmp_path: Path) -> None:
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
        _start_over_in_mid_answer(page)
        page.close()
    finally:
        server.stop()
        end_jobs(server.home)


def _start_over_in_mid_answer(page: Any) -> None:
    """A new conversation ends the answer that is being written, and one can ask again."""
    page.locator("#compare-question textarea").fill("Tell me a long story about lamps.")
    press(page, "#compare-ask")
    expect(page.locator("#compare-stop")).to_be_visible(timeout=LONG)
    page.locator("#compare-fresh").click()
    expect(page.locator("#compare-after .message.bot")).to_have_count(0, timeout=LONG)
    expect(page.locator("#compare-ask")).to_be_enabled(timeout=LONG)
    expect(page.locator("#compare-stop")).to_be_hidden(timeout=LONG)


def unseen(ws: Workspace, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The questions that do not stand in the dataset in this wording; nearly all must be left."""
    known = {_words(m["content"]) for d in datasets.list_datasets(ws) for split in ("train", "held_out")
             for row in datasets.conversations(ws, d.id, split) for m in row if m["role"] == "user"}
    fresh = [q for q in questions if _words(q["question"]) not in known]
    assert len(known) > 50 and qa.counts(ws).total > 50
    assert len(fresh) >= 0.9 * len(questions)
    return fresh


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def replies(endpoint: serving.Endpoint, model: str, questions: list[dict[str, Any]]) -> list[str]:
    """What a model of the server answers over the API, greedy; several questions at once."""
    def reply(question: dict[str, Any]) -> str:
        body = {"model": model, "temperature": 0, "max_tokens": 60,
                "messages": [{"role": "user", "content": question["question"]}]}
        got = httpx.post(f"{endpoint.base_url}/chat/completions", json=body, timeout=600, trust_env=False,
                         headers={"Authorization": f"Bearer {endpoint.api_key}"})
        got.raise_for_status()
        return got.json()["choices"][0]["message"]["content"]

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(reply, questions))


def hits(answers: list[str], questions: list[dict[str, Any]]) -> int:
    """How many answers contain what they must."""
    return sum(right(answer, q["must_contain"]) for answer, q in zip(answers, questions, strict=True))


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
    _wait(page, button.is_visible, f"{step}: no next step was offered")
    button.click()


def press(page: Any, button: str) -> None:
    """Clicks a button once it works."""
    found = page.locator(button)
    _wait(page, lambda: found.is_visible() and found.is_enabled(), f"{button} cannot be pressed")
    found.click()


def _wait(page: Any, is_so: Callable[[], bool], otherwise: str) -> None:
    """Looks now and then: `expect` looks at the whole page several times a second, on the cores that train."""
    deadline = time.monotonic() + LONG / 1000
    while not is_so():
        assert time.monotonic() < deadline, otherwise
        page.wait_for_timeout(1000)


def ask(page: Any, question: str) -> tuple[str, str]:
    """Both answers to a question in a new conversation."""
    page.locator("#compare-fresh").click()
    bots = [page.locator(f"#compare-{side} .message.bot") for side in ("before", "after")]
    for bot in bots:
        expect(bot).to_have_count(0, timeout=LONG)
    page.locator("#compare-question textarea").fill(question)
    press(page, "#compare-ask")
    for bot in bots:
        expect(bot).to_have_count(1, timeout=LONG)
    _wait(page, page.locator("#compare-ask").is_enabled, "the answers do not end")
    expect(page.locator("#compare-evidence")).to_contain_text(re.compile(r"\S"), timeout=LONG)
    return tuple(bot.last.inner_text().strip() for bot in bots)  # type: ignore[return-value]
