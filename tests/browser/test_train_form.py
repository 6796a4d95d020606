"""Train: the form shows what applies to the chosen stage and method, without a reload."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from core.i18n import t
from core.storage.workspace import Workspace
from tests.browser.driving import AppProcess, top
from tests.fakes.tiny_run import make_datasets

LONG_MS = 60_000


def choose(page: Any, control: str, label: str) -> None:
    """Picks an entry of a menu by its text."""
    page.locator(f"#{control} input").click()
    page.get_by_role("option", name=label, exact=True).click()


def test_the_form_follows_dataset_stage_and_method(start_app: Callable[..., AppProcess], tmp_path: Path,
                                                   open_page: Callable[..., Any]) -> None:
    lang = "zh"
    home = tmp_path / "workspace"
    home.mkdir()
    make_datasets(Workspace.at(home))
    page = open_page(lang, tab="train", server=start_app(home))

    def said(key: str) -> str:
        return t(f"train.{key}", lang)

    expect(page.locator("#train-dataset input")).to_have_value("tiny", timeout=LONG_MS)
    expect(page.locator("#train-stage input")).to_have_value(said("stage.choice.sft"))
    fold, questions = page.locator("#train-questions-fold"), page.locator("#train-questions textarea")
    expect(questions).to_be_hidden()
    fold.get_by_role("button").click()
    questions.fill("?")
    expect(fold).to_contain_text(t("form.filled", lang, label=said("questions.fold")))
    page.set_viewport_size({"width": 390, "height": 844})
    assert top(page, "#train-model") < top(page, "#train-title"), "before any run the form comes first"
    page.set_viewport_size({"width": 1366, "height": 768})
    page.get_by_role("button", name=said("ui.own_folder")).click()
    page.locator("#train-folder").locator("input, textarea").fill(str(tmp_path))
    page.get_by_role("button", name=t("form.more", lang)).click()
    rank, layers, beta = (page.locator(f"#train-{name}") for name in ("lora_rank", "trained_layers", "preference_beta"))
    expect(rank).to_be_visible()
    expect(layers).to_be_hidden()
    choose(page, "train-method", said("method.choice.freeze"))
    expect(layers).to_be_visible()
    expect(rank).to_be_hidden()
    expect(page.locator("#train-learning_rate input")).to_have_value("0.00005")

    expect(beta).to_be_hidden()
    choose(page, "train-dataset", "tiny_pairs")
    expect(page.locator("#train-stage input")).to_have_value(said("stage.choice.dpo"))
    expect(page.locator("#train-advice")).to_contain_text(t("train.ui.learns_dpo", lang))
    expect(beta).to_be_visible()
    expect(fold).to_be_hidden()
    choose(page, "train-stage", said("stage.choice.pt"))
    expect(page.locator("#train-advice")).to_contain_text(said("error.rows_pt"))
    expect(page.locator("#train-start")).to_be_disabled()

    processes = page.locator("#train-processes")
    expect(processes).to_be_hidden()
    choose(page, "train-strategy", said("strategy.choice.ddp"))
    expect(processes).to_be_visible()
