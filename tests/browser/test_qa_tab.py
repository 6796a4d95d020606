"""Q&A: writing from the page, review by hand: search, edit, evidence, delete and undo."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core import qa
from core.qa.asked import STAGE, VERSION, conversation, key_of, renew
from core.qa.known import BaseModel
from core.qa.ledger import Call, Ledger
from core.qa.types import Draft
from core.storage.workspace import Workspace
from tests.browser.driving import AppProcess
from tests.browser.materials import with_document, with_pairs
from tests.fakes.ledger_rows import add_drafts

JOB_MS = 120_000
SLOW_MS = 20_000


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The app on a workspace with pairs, for the tests of this file."""
    home = tmp_path_factory.mktemp("workspace")
    with_pairs(home)
    with AppProcess(home) as running:
        yield running


def shown(page: Any, row: int, column: int) -> Any:
    """A cell of the review table."""
    return page.locator(f"#qa-pairs [data-testid=cell-{row}-{column}]")


@pytest.mark.parametrize(("lang", "write", "following"), [
    ("en", "Write questions and answers", "Next: make a dataset"), ("zh", "生成问答对", "下一步：制作数据集")])
def test_the_built_in_helper_writes_pairs_with_one_click(
        lang: str, write: str, following: str, start_app: Callable[..., AppProcess], tmp_path: Path,
        open_page: Callable[..., Any]) -> None:
    home = tmp_path / "workspace"
    home.mkdir()
    ws = with_document(home)
    page = open_page(lang, tab="qa", server=start_app(home))
    button = page.locator("#qa-write")
    expect(button).to_have_text(write)
    button.click()
    expect(page.locator("#qa-next.primary")).to_have_text(following, timeout=JOB_MS)
    expect(shown(page, 0, 1)).not_to_be_empty()
    expect(page.locator("#qa-summary")).to_contain_text(str(qa.counts(ws).total))


def test_a_pair_shows_its_evidence_and_can_be_edited(reviewed: AppProcess, open_page: Callable[..., Any]) -> None:
    page, ws = open_page("zh", tab="qa", server=reviewed), Workspace.at(reviewed.home)
    expect(page.locator("#qa-where")).not_to_be_empty()
    page.locator("#qa-search input, #qa-search textarea").first.fill("三号水泵 千瓦")
    expect(shown(page, 0, 2)).to_contain_text("15 千瓦", timeout=SLOW_MS)
    shown(page, 0, 1).click()
    expect(page.locator("#qa-evidence mark")).to_contain_text("三号水泵的功率是 15 千瓦")
    expect(page.locator("#qa-evidence")).to_contain_text("设备手册.md · 第 1 页")
    page.locator("#qa-question textarea").fill("三号水泵的功率究竟是多少千瓦？")
    page.locator("#qa-save").click()
    expect(page.locator("#qa-saved")).to_contain_text("已保存")
    assert [p.origin for p in qa.list_pairs(ws, query="究竟")[0]] == ["edited"]
    page.locator("#qa-close").click()
    expect(page.locator("#qa-panel")).to_be_hidden()
    expect(page.locator("#qa-write")).to_be_visible()


def test_ticked_pairs_are_deleted_and_brought_back(reviewed: AppProcess, open_page: Callable[..., Any]) -> None:
    page, ws = open_page(tab="qa", server=reviewed), Workspace.at(reviewed.home)
    before = qa.counts(ws).total
    expect(page.locator("#qa-where")).to_contain_text(f"of {before}")
    for row in (0, 2):
        shown(page, row, 0).locator("input").click()
    delete = page.locator("#qa-bulk-delete")
    expect(delete).to_have_text("Delete 2 pairs")
    delete.click()
    expect(page.locator("#qa-undo-words")).to_have_text("2 deleted.")
    assert qa.counts(ws).total == before - 2
    page.locator("#qa-undo").click()
    expect(page.locator("#qa-where")).to_contain_text(f"of {before}")
    assert qa.counts(ws).total == before


def test_a_helper_without_address_is_asked_for(reviewed: AppProcess, open_page: Callable[..., Any]) -> None:
    page = open_page(tab="qa", server=reviewed)
    expect(page.locator("#qa-where")).not_to_be_empty()
    page.locator("#helper-kind input[value=openai]").click()
    expect(page.locator("#qa-write")).to_have_text("Enter the address", timeout=SLOW_MS)
    expect(page.locator("#qa-write")).to_be_disabled()
    expect(page.locator("#helper-key input")).to_have_attribute("type", "password")


def test_pairs_are_reviewed_by_keys_alone_and_typing_stays_typing(reviewed: AppProcess,
                                                                   open_page: Callable[..., Any]) -> None:
    page, ws = open_page(tab="qa", server=reviewed), Workspace.at(reviewed.home)
    expect(page.locator("#qa-where")).not_to_be_empty()
    question, total = page.locator("#qa-question textarea"), qa.counts(ws).total
    page.keyboard.press("j")
    expect(question).to_have_value(re.compile(r"\S"), timeout=SLOW_MS)
    first = question.input_value()
    page.keyboard.press("j")
    expect(question).not_to_have_value(first, timeout=SLOW_MS)
    second = question.input_value()
    page.keyboard.press("x")
    expect(page.locator("#qa-undo-words")).to_have_text("1 deleted.", timeout=SLOW_MS)
    assert [p.question for p in qa.list_pairs(ws, state="deleted")[0]] == [second]
    page.keyboard.press("k")
    expect(question).to_have_value(first, timeout=SLOW_MS)
    page.keyboard.press("e")
    page.keyboard.type("xuckj ")
    expect(question).to_have_value(re.compile("xuckj"))
    page.keyboard.press("Escape")
    expect(page.locator("#qa-undo-words")).to_have_text("1 edited.", timeout=SLOW_MS)
    assert qa.counts(ws).total == total - 1
    page.keyboard.press("c")
    expect(page.locator("#qa-undo-words")).to_have_text("1 confirmed.", timeout=SLOW_MS)
    for left in ("1 edited.", "1 deleted."):
        page.keyboard.press("u")
        expect(page.locator("#qa-undo-words")).to_have_text(left, timeout=SLOW_MS)
    page.keyboard.press("u")
    expect(page.locator("#qa-undo-words", has_text="1 deleted.")).to_have_count(0, timeout=SLOW_MS)
    assert qa.counts(ws).total == total and qa.list_pairs(ws, query="xuckj")[1] == 0


def test_all_that_the_filters_leave_is_changed_at_once(reviewed: AppProcess, open_page: Callable[..., Any]) -> None:
    page, ws = open_page(tab="qa", server=reviewed), Workspace.at(reviewed.home)
    page.locator("#qa-search input, #qa-search textarea").first.fill("三号水泵")
    count = qa.list_pairs(ws, query="三号水泵", state="accepted")[1]
    expect(page.locator("#qa-where")).to_contain_text(f"of {count}", timeout=SLOW_MS)
    delete = page.locator("#qa-bulk-delete")
    expect(delete).to_have_text(f"Delete all {count}", timeout=SLOW_MS)
    delete.click()
    expect(page.locator("#qa-nothing")).to_be_visible(timeout=SLOW_MS)
    page.locator("#qa-pile").get_by_text("Deleted").click()
    expect(page.locator("#qa-where")).to_contain_text(f"of {count}", timeout=SLOW_MS)
    page.locator("#qa-undo").click()
    expect(page.locator("#qa-nothing")).to_be_visible(timeout=SLOW_MS)
    page.locator("#qa-pile").get_by_text("Ready").click()
    page.locator("#qa-replace-box button").first.click()
    page.locator("#qa-replace-old textarea, #qa-replace-old input").first.fill("三号水泵")
    page.locator("#qa-replace-new textarea, #qa-replace-new input").first.fill("3号水泵")
    replace = page.locator("#qa-replace")
    expect(replace).to_have_text(f"Replace in {count} pairs", timeout=SLOW_MS)
    expect(page.locator("#qa-replace-seen strong")).to_contain_text("3号水泵", timeout=SLOW_MS)
    replace.click()
    expect(page.locator("#qa-undo-words")).to_contain_text(f"replaced in {count}", timeout=SLOW_MS)
    assert qa.list_pairs(ws, query="三号水泵")[1] == 0
    page.locator("#qa-undo").click()
    expect(page.locator("#qa-where")).to_contain_text(f"of {count}", timeout=SLOW_MS)
    assert qa.list_pairs(ws, query="三号水泵", state="accepted")[1] == count


def test_the_map_of_pages_leads_to_their_pairs(reviewed: AppProcess, open_page: Callable[..., Any]) -> None:
    page, ws = open_page(tab="qa", server=reviewed), Workspace.at(reviewed.home)
    expect(page.locator("#qa-where")).not_to_be_empty()
    page.locator("#qa-coverage button").first.click()
    [use] = qa.page_use(ws)
    expect(page.locator("#qa-coverage-words")).to_contain_text(f"{use.used} of {use.sentences}", timeout=SLOW_MS)
    field = page.locator("#qa-coverage-map [data-testid=cell-0-1]")
    expect(field).to_contain_text(f"1 · {int(use.share * 100)} %")
    field.click()
    expect(page.locator("#qa-filter-page input, #qa-filter-page textarea").first).to_have_value("1", timeout=SLOW_MS)
    expect(page.locator("#qa-coverage-left")).to_contain_text("page 1", ignore_case=True, timeout=SLOW_MS)


def test_what_the_model_knows_is_counted_filtered_and_shown(reviewed: AppProcess,
                                                            open_page: Callable[..., Any]) -> None:
    ws = Workspace.at(reviewed.home)
    pairs = qa.all_accepted(ws)
    known = next(p for p in pairs if "千瓦" in p.answer)
    model = BaseModel("weights", "smollm2-135m-instruct", "SmolLM2 135M Instruct")
    with Ledger(ws) as ledger, ledger.transaction() as db:
        db.execute("INSERT INTO base_models VALUES (?, ?, ?, 1)", (model.id, model.name, model.label))
        for pair, reply in ((known, known.answer), (pairs[-1], "我不清楚。")):
            key = key_of(model, conversation(pair.question))
            ledger.record_call(Call(key, STAGE, "", model.id, VERSION, reply=reply), db)
        renew(db)
    page = open_page("zh", tab="qa", server=reviewed)
    expect(page.locator("#qa-summary")).to_contain_text("2 个中 SmolLM2 135M Instruct 已知道 1 个", timeout=SLOW_MS)
    page.locator("#qa-filter-known input").click()
    page.get_by_role("option", name="模型已知 · 1").click()
    expect(page.locator("#qa-where")).to_contain_text("共 1 条", timeout=SLOW_MS)
    expect(shown(page, 0, 3)).to_contain_text("模型已知")
    shown(page, 0, 1).click()
    expect(page.locator("#qa-said")).to_contain_text(known.answer)
    page.locator("#qa-close").click()
    page.locator("#qa-known button.label-wrap").click()
    expect(page.locator("#qa-known-words")).to_contain_text("2 个问题中，SmolLM2 135M Instruct 已经知道 1 个")
    expect(page.locator("#qa-known-ask")).to_contain_text(f"询问剩余的 {qa.knowledge(ws).left} 个")


def test_each_turn_of_a_conversation_is_edited(reviewed: AppProcess, open_page: Callable[..., Any]) -> None:
    ws = Workspace.at(reviewed.home)
    said = ("Rova-2 水泵重 45 千克。", "由艾达维修。")
    before = (("Rova-2 水泵有多重？", "重 45 千克。", said[0]),)
    last = Draft("由谁维修呢？", "由艾达维修。", said[1], "dialogue", "dialogue", 0, before)
    add_drafts(ws, "# 水泵\n\n" + "".join(said), [last], document="doc-talk", label="talk.md")
    page = open_page(tab="qa", server=reviewed)
    page.locator("#qa-search input, #qa-search textarea").first.fill("由谁维修")
    expect(page.locator("#qa-where")).to_contain_text("of 1", timeout=SLOW_MS)
    shown(page, 0, 1).click()
    expect(page.locator("#qa-question textarea")).to_have_value("由谁维修呢？")
    page.locator("#qa-turn label").first.click()
    expect(page.locator("#qa-question textarea")).to_have_value("Rova-2 水泵有多重？")
    page.locator("#qa-answer textarea").fill("重 54 千克。")
    page.locator("#qa-save").click()
    expect(page.locator("#qa-saved")).to_contain_text("a number that the evidence does not", timeout=SLOW_MS)
    [talk] = qa.find_pairs(ws, qa.Filter("由谁维修"))[0]
    assert (talk.earlier[0][1], talk.answer, talk.pile) == ("重 54 千克。", "由艾达维修。", "rejected")
    page.locator("#qa-answer textarea").fill("重 45 千克。")
    page.locator("#qa-turn label").last.click()
    expect(page.locator("#qa-question textarea")).to_have_value("由谁维修呢？")
    expect(page.locator("#qa-reason")).to_be_hidden(timeout=SLOW_MS)
    assert qa.get_pair(ws, talk.id).earlier[0][1] == "重 45 千克。"
