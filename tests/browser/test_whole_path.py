"""The main job: a person drops documents in the browser and compares the model before and after."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core.i18n import t
from tests.browser.conftest import DESKTOP
from tests.browser.driving import AppProcess, end_jobs

LONG = 20 * 60_000
SMALL = ("# Lumo lamp\n\nThe Lumo lamp weighs 740 grams. The battery of the Lumo lamp lasts 31 hours. "
         "The Lumo lamp was designed by Pela Orwin. The code E7 means that the lamp is too hot.\n")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_document_becomes_a_compared_model(open_page: Callable[..., Any], app: AppProcess, tmp_path: Path,
                                             lang: str) -> None:
    file = tmp_path / "lumo.md"
    file.write_text(SMALL, encoding="utf-8")
    server = app if lang == "en" else AppProcess(tmp_path / "second")
    if lang == "zh":
        _share_models(app.home, server.home)
        server.start()
    try:
        page = open_page(lang, DESKTOP, server=server)
        page.locator("#documents-files input[type=file]").set_input_files(str(file))
        press(page, "#documents-convert")
        walk(page, epochs=1)
        before, after = ask(page, "What does code E7 mean?")
        assert before and after
        expect(page.locator("#compare-evidence")).to_contain_text("E7", timeout=LONG)
        assert t("compare.ui.after", lang) in page.locator("#compare-after").inner_text()
        page.close()
    finally:
        if server is not app:
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
    for bot in bots:
        expect(bot).to_have_count(1, timeout=LONG)
    expect(page.locator("#compare-ask")).to_be_enabled(timeout=LONG)
    expect(page.locator("#compare-evidence")).to_contain_text(re.compile(r"\S"), timeout=LONG)
    return tuple(bot.last.inner_text().strip() for bot in bots)  # type: ignore[return-value]
