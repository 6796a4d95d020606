"""Train: further datasets are chosen with a weight, told in a line, and stand in the run's file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core.i18n import t
from core.storage.workspace import Workspace
from tests.browser.driving import AppProcess
from tests.fakes.shaped_model import shaped_model
from tests.fakes.tiny_run import make_datasets, make_second

LONG_MS = 60_000
PHONE = (390, 844)


@pytest.mark.parametrize(("lang", "viewport"), [("zh", PHONE)])
def test_a_run_learns_from_a_second_dataset_by_weight(start_app: Callable[..., AppProcess], tmp_path: Path, lang: str,
                                                      viewport: tuple[int, int], open_page: Callable[..., Any]) -> None:
    home = tmp_path / "workspace"
    home.mkdir()
    ws = Workspace.at(home)
    make_datasets(ws)
    make_second(ws, "sft")
    page = open_page(lang, viewport, "train", start_app(home))

    def said(key: str, **params: Any) -> str:
        return t(f"train.{key}", lang, **params)

    expect(page.locator("#train-dataset input")).to_have_value("tiny", timeout=LONG_MS)
    menu, line, number = (page.locator(f"#train-also{name}") for name in ("", "-line", "-0"))
    expect(menu).to_be_hidden()
    expect(line).to_be_hidden()
    page.get_by_role("button", name=said("ui.own_folder")).click()
    page.locator("#train-folder").locator("input, textarea").fill(str(shaped_model(tmp_path / "model")))
    page.get_by_role("button", name=said("also.label")).click()
    menu.locator("input").focus()
    page.keyboard.type("second")
    page.keyboard.press("Enter")
    expect(number.locator("input")).to_have_value("1")
    expect(number).to_contain_text(said("ui.also_weight", title="second"))
    expect(line).to_contain_text("50 行")  # 20 and 20, and a fifth of all are general conversations
    page.keyboard.press("Escape")
    number.locator("input").fill("0.5")
    page.get_by_role("button", name=t("form.more", lang)).click()
    page.locator("#train-general_share input").fill("0")
    expect(line).to_contain_text("30 行")
    expect(line).to_contain_text(said("ui.also_part", title="second", rows=10, percent=33))
    expect(page.get_by_role("button", name=said("ui.also_count", count=1))).to_be_visible()
    expect(page.locator("#train-start")).to_be_enabled()
    page.get_by_role("button", name=said("ui.as_file")).click()
    expect(page.locator("#train-yaml")).to_contain_text("dataset: second")
    expect(page.locator("#train-yaml")).to_contain_text("weight: 0.5")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    file = tmp_path / "run.yaml"
    file.write_text(f"dataset: tiny\ngeneral_share: 0\nmodel: {json.dumps(str(tmp_path / 'model'))}\n"
                    "also: [{dataset: second, weight: 2}]\n", encoding="utf-8")
    with page.expect_file_chooser() as chooser:
        page.locator("#train-load").click()
    chooser.value.set_files(file)
    expect(line).to_contain_text("60 行", timeout=LONG_MS)
    expect(number.locator("input")).to_have_value("2")
    number.locator("input").fill("20")
    expect(page.locator("#train-found")).to_contain_text("≤ 10", timeout=LONG_MS)
    expect(line).to_be_hidden()
