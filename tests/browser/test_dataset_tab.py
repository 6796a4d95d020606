"""Dataset: made from the pairs, looked at page by page, as a conversation, deleted with a second click."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core import datasets, qa
from core.datasets.change_settings import FilterSettings
from core.datasets.operations import count_fitting
from tests.browser.driving import AppProcess
from tests.browser.materials import with_pairs

KEEP = {"en": "Keep {} of {} rows", "zh": "保留 {1} 行中的 {0} 行"}
WORDS = {"en": ("Make a dataset from {} pairs", "Next: train"), "zh": ("用 {} 个问答对制作数据集", "下一步：微调")}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_pairs_become_a_dataset_that_can_be_looked_at(lang: str, start_app: Callable[..., AppProcess], tmp_path: Path,
                                                      open_page: Callable[..., Any]) -> None:
    home = tmp_path / "workspace"
    home.mkdir()
    ws = with_pairs(home)
    page, (make, following) = open_page(lang, tab="dataset", server=start_app(home)), WORDS[lang]
    expect(page.locator("#dataset-make")).to_have_text(make.format(qa.counts(ws).total))
    page.locator("#dataset-name input, #dataset-name textarea").first.fill("水泵 <b>&")
    page.locator("#dataset-make").click()
    expect(page.locator("#dataset-next")).to_have_text(following)
    expect(page.locator("#dataset-head")).to_contain_text("水泵 <b>&")
    info = datasets.list_datasets(ws)[0]
    expect(page.locator("#dataset-place")).to_contain_text(info.name)

    expect(page.locator("#dataset-where")).to_contain_text(str(info.rows))
    page.locator("#dataset-forward").click()
    eleventh = datasets.preview(ws, info.id, 10, 1)[0][0]
    expect(page.locator("#dataset-rows [data-testid=cell-0-0]")).to_contain_text(eleventh[0]["content"])
    page.locator("#dataset-rows [data-testid=cell-0-0]").click()
    expect(page.locator("#dataset-chat")).to_contain_text(eleventh[1]["content"])
    page.locator("#dataset-split input[value=held_out]").click()
    first = datasets.preview(ws, info.id, 0, 1, split="held_out")[0][0]
    expect(page.locator("#dataset-rows [data-testid=cell-0-0]")).to_contain_text(first[0]["content"])

    page.locator("#dataset-operations > button").click()
    page.locator("#dataset_filter-words textarea, #dataset_filter-words input").first.fill("车间")
    total = info.rows + info.held_out_rows
    kept = count_fitting(ws, info.id, FilterSettings(words="车间"))
    expect(page.locator("#dataset-do-start")).to_have_text(KEEP[lang].format(kept, total), timeout=60_000)
    page.locator("#dataset-do-start").click()
    expect(page.locator("#dataset-do-undo")).to_be_visible(timeout=60_000)
    assert sum(counted(ws, info.id)) == kept < total
    page.locator("#dataset-do-undo").click()
    expect(page.locator("#dataset-do-undo")).to_be_hidden()
    assert counted(ws, info.id) == (info.rows, info.held_out_rows)

    page.locator("#dataset-delete").click()
    page.wait_for_timeout(1000)
    page.locator("#dataset-delete").click()
    expect(page.locator("#dataset-view")).to_be_hidden()
    assert datasets.list_datasets(ws) == []


def counted(ws: Any, dataset_id: str) -> tuple[int, int]:
    """Rows to train on and held-out rows as they are now."""
    info = datasets.get_dataset(ws, dataset_id)
    return info.rows, info.held_out_rows
