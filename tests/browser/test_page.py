"""The page as a whole: every step opens in both languages, on a desktop and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core import documents
from core.i18n import t
from core.storage.workspace import Workspace
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.driving import AppProcess

STEPS = ("documents", "qa", "dataset", "train", "compare", "ship", "settings")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_step_opens_from_the_rail(open_page: Callable[..., Any], lang: str) -> None:
    page = open_page(lang, DESKTOP)
    for step in STEPS:
        page.locator(f"#rail-{step}").click()
        page.locator(f"#rail-{step}.here").wait_for()
        assert t(f"rail.{step}", lang) in page.locator(f"#rail-{step}").inner_text()


def test_no_step_is_wider_than_a_phone(open_page: Callable[..., Any]) -> None:
    page = open_page("zh", PHONE)
    for step in STEPS:
        page.locator(f"#rail-{step}").click()
        page.locator(f"#rail-{step}.here").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], step


def test_a_phone_shows_what_memory_a_model_needs(open_page: Callable[..., Any]) -> None:
    cells = open_page("zh", PHONE, "settings").locator("#settings-models [role=gridcell]:visible")
    cells.first.wait_for()
    boxes = [cells.nth(number).bounding_box() for number in range(3)]
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= PHONE[0] for box in boxes), boxes
    assert "GB" in cells.nth(1).inner_text()


def test_the_language_is_kept_on_the_next_visit(open_page: Callable[..., Any]) -> None:
    page = open_page("en")
    page.locator("#switch-language").click()
    page.wait_for_url("**lang=zh**")
    page.get_by_text(t("rail.documents", "zh")).first.wait_for()


def test_the_rail_follows_work_that_was_started_elsewhere(open_page: Callable[..., Any], app: AppProcess,
                                                          tmp_path: Path) -> None:
    page = open_page("en", DESKTOP)
    expect(page.locator("#rail-documents")).to_contain_text(t("rail.state.documents.empty", "en"))
    file = tmp_path / "notes.txt"
    file.write_text("The lamp weighs 740 grams.", encoding="utf-8")
    documents.import_files(Workspace.at(app.home), [(file, "notes.txt")])
    expect(page.locator("#rail-documents")).to_contain_text(t("rail.state.documents.waiting", "en", count=1),
                                                            timeout=60_000)


def test_a_page_that_waits_does_not_paint(open_page: Callable[..., Any]) -> None:
    page = open_page("en", DESKTOP)
    page.context.add_init_script("""(() => {
        const frame = window.requestAnimationFrame.bind(window)
        window.frames_asked = 0
        window.requestAnimationFrame = call => { window.frames_asked++; return frame(call) }
    })()""")
    page.reload()
    page.locator("#rail-documents.here").wait_for()
    asked = []
    while len(asked) < 10 and (not asked or asked[-1] >= 45):  # it may still be drawing itself for a while
        page.evaluate("window.frames_asked = 0")
        page.wait_for_timeout(3000)
        asked.append(page.evaluate("window.frames_asked"))
    assert asked[-1] < 45, asked  # a loop that asks for each frame comes to 180, again and again
