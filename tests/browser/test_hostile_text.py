"""Texts that try to run, fetch or send something are shown and do nothing, on every tab (case X1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import expect

from core.i18n import t
from core.storage.workspace import Workspace
from tests.browser.conftest import DESKTOP, Watch
from tests.browser.driving import AppProcess, new_page, open_app
from tests.fakes.hostile import END, NAME, Beacon, fill
from webui.page import STEPS

SLOW_MS = 60_000
LISTEN = """window.__csp = [];
document.addEventListener("securitypolicyviolation", e => window.__csp.push(e.effectiveDirective + " " + e.blockedURI));
"""
# What must not be in the page, even where the policy would stop it.
ALIVE = """() => [...document.querySelectorAll("*")].filter(e =>
  [...e.attributes].some(a => (a.name.startsWith("on") && a.value.includes("__xss"))
    || (["href", "src", "action", "xlink:href", "formaction"].includes(a.name) && /^\\s*javascript:/i.test(a.value)))
  || e.matches("iframe[srcdoc], body base, body meta[http-equiv]")
  || (e.matches("script, style") && e.textContent.includes("__xss") && !e.textContent.includes("__csp"))
).map(e => e.outerHTML.slice(0, 200))"""


@dataclass
class Place:
    """The app on a workspace full of hostile texts, and the server that they would call."""

    app: AppProcess
    beacon: Beacon


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One workspace for the tests of this file."""
    home, folder = tmp_path_factory.mktemp("workspace"), tmp_path_factory.mktemp("given")
    with Beacon() as beacon, AppProcess(home) as app:
        fill(Workspace.at(home), folder, beacon.url)
        yield Place(app, beacon)


@pytest.fixture
def visit(place: Place, browser: Any, watch: Watch) -> Iterator[Callable[[str], Any]]:
    """`visit(step)` opens a tab; when the test ends, the page has done nothing that a text wanted."""
    watch.allow(re.escape(place.beacon.host))  # the policy says what it has refused to load
    watch.allow("AbortError|Connection errored out")  # a form that is refused has made the page close its stream
    watch.allow(r"Failed to load resource.*\b404\b")  # a picture whose name is "x" is looked for on our own server
    page = new_page(browser, "en", DESKTOP)
    page.add_init_script(LISTEN)
    watch.follow(page)

    def go(step: str) -> Any:
        open_app(page, place.app.address, "en", step)
        return page

    yield go
    page.wait_for_timeout(1000)
    ran, alive, refused = (page.evaluate(look) for look in ("window.__xss", ALIVE, "window.__csp"))
    url, frames = page.url, len(page.frames)
    page.context.close()
    assert ran is None
    assert alive == []
    assert url.startswith(f"{place.app.address}/") and frames == 1
    assert [line for line in refused if place.beacon.host not in line] == []
    assert place.beacon.hits == []


def cell(page: Any, table: str, row: int, column: int) -> Any:
    """A cell of a table."""
    return page.locator(f"{table} [data-testid=cell-{row}-{column}]")


def press_all(page: Any, inside: str) -> None:
    """Follows every link that is no plain address, and sends every form that a text brought along."""
    page.evaluate("""inside => document.querySelectorAll(inside).forEach(box => {
        box.querySelectorAll("a:not([href^=http])").forEach(link => link.click());
        box.querySelectorAll("form").forEach(form => form.requestSubmit());
    })""", inside)


@pytest.mark.parametrize("step", STEPS)
def test_every_tab_stays_itself(visit: Callable[[str], Any], step: str) -> None:
    page = visit(step)
    page.wait_for_timeout(1000)
    expect(page.locator(f"#rail-{step}.here")).to_be_visible()


def test_documents(visit: Callable[[str], Any]) -> None:
    page = visit("documents")
    expect(page.locator("#documents-list")).to_contain_text(f"{NAME}.pdf", timeout=SLOW_MS)
    expect(page.locator("#documents-problems")).to_contain_text(f"{NAME}.pdf")
    cell(page, "#documents-list", 1, 1).click()
    expect(page.locator("#documents-head")).to_contain_text(f"{NAME}.md", timeout=SLOW_MS)
    expect(page.locator("#documents-rendered")).to_contain_text(END)
    page.get_by_role("tab", name=t("documents.ui.source", "en")).click()
    expect(page.locator("#documents-source textarea")).to_have_value(re.compile("<script>"))
    page.locator("#documents-delete").click()
    expect(page.locator("#documents-delete")).to_contain_text(NAME, timeout=SLOW_MS)


def test_pairs_and_their_evidence(visit: Callable[[str], Any]) -> None:
    page = visit("qa")
    expect(cell(page, "#qa-pairs", 0, 1)).to_contain_text("<script>", timeout=SLOW_MS)
    expect(cell(page, "#qa-pairs", 0, 3)).to_contain_text(NAME)
    cell(page, "#qa-pairs", 0, 1).click()
    expect(page.locator("#qa-question textarea")).to_have_value(re.compile("<script>"), timeout=SLOW_MS)
    expect(page.locator("#qa-answer textarea")).to_have_value(re.compile("<script>"))
    expect(page.locator("#qa-evidence")).to_contain_text("<script>")
    expect(page.locator("#qa-evidence")).to_contain_text(NAME)


def test_rows_of_a_dataset(visit: Callable[[str], Any], place: Place) -> None:
    page = visit("dataset")
    expect(page.locator("#dataset-head")).to_contain_text(f"<img src={place.beacon.url}/title.png", timeout=SLOW_MS)
    expect(cell(page, "#dataset-rows", 0, 0)).to_contain_text("<script>")
    cell(page, "#dataset-rows", 0, 0).click()
    expect(page.locator("#dataset-chat")).to_contain_text("Answer 0:", timeout=SLOW_MS)


def test_runs_and_a_message_with_a_name(visit: Callable[[str], Any], place: Place) -> None:
    page = visit("train")
    expect(page.locator("#train-title")).to_contain_text(NAME, timeout=SLOW_MS)
    expect(page.locator("#train-message")).to_contain_text(f"{NAME}<img src={place.beacon.url}/warning.png>")
    page.get_by_role("button", name=t("train.ui.log", "en"), exact=False).first.click()
    expect(page.locator("#train-log textarea")).to_have_value(re.compile("<script>"))
    expect(page.locator("#train-history")).to_contain_text(NAME)
    expect(page.locator("#train-plot .js-plotly-plot")).to_be_visible(timeout=SLOW_MS)
    cell(page, "#train-history", 1, 0).click()
    expect(page.locator("#train-message")).to_contain_text(f"{NAME}<img src={place.beacon.url}/cause.png>",
                                                          timeout=SLOW_MS)
    page.get_by_role("button", name=t("train.ui.own_folder", "en")).click()
    page.locator("#train-folder").locator("input, textarea").fill(NAME)
    expect(page.locator("#train-start")).to_be_enabled(timeout=SLOW_MS)
    page.locator("#train-start").click()
    expect(page.locator(".toast-body").first).to_contain_text(NAME, timeout=SLOW_MS)


def test_answers(visit: Callable[[str], Any]) -> None:
    page = visit("compare")
    expect(page.locator("#compare-idea-0")).to_contain_text(re.compile(r"\w"), timeout=SLOW_MS)
    expect(page.locator("#compare-run input")).to_have_value(re.compile(re.escape(NAME)))
    page.locator("#compare-question textarea").fill(f"{NAME} What does the form in part 11 of the pump manual say?")
    page.locator("#compare-ask").click()
    for side in ("before", "after"):
        expect(page.locator(f"#compare-{side} .message.bot").last).to_contain_text(END, timeout=SLOW_MS)
    expect(page.locator("#compare-evidence")).not_to_be_empty(timeout=SLOW_MS)
    press_all(page, "#compare-after .message.bot")


def test_a_refused_file(visit: Callable[[str], Any]) -> None:
    page = visit("documents")
    page.locator("#documents-files input[type=file]").set_input_files(
        [{"name": f"{NAME}.docx", "mimeType": "application/octet-stream", "buffer": b"MZ no document at all"}])
    expect(page.locator("#documents-refused")).to_contain_text("docx", timeout=SLOW_MS)


def test_the_files_to_ship(visit: Callable[[str], Any]) -> None:
    page = visit("ship")
    expect(page.locator("#ship-run input")).to_have_value(NAME, timeout=SLOW_MS)
