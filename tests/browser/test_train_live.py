"""The page before, during and after a run: what it needs, a run that waits, what a failure offers, comparing runs."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from core import jobs, qa, training
from core.i18n import t
from core.jobs import JobState
from core.storage.workspace import Workspace
from tests.browser.driving import AppProcess, top
from tests.fakes import trainer
from tests.fakes.ledger_rows import add_facts
from tests.fakes.tiny_model import make_model
from tests.waiting import until

LONG = 200
LONG_MS = LONG * 1000


def test_a_run_is_weighed_followed_by_another_and_tried_again_more_safely(
        tmp_path: Path, start_app: Callable[..., AppProcess], open_page: Callable[..., Any]) -> None:
    home = tmp_path / "workspace"
    home.mkdir()
    ws = Workspace.at(home)
    add_facts(ws, 30)
    qa.make_dataset(ws, "Tanks")
    model = make_model(tmp_path / "tiny-llama")
    page = open_page(tab="train", server=start_app(home))
    expect(page.locator("#train-dataset input")).not_to_have_value("", timeout=LONG_MS)
    page.get_by_role("button", name=t("train.ui.own_folder", "en")).click()
    page.locator("#train-folder").locator("input, textarea").fill(str(model))
    page.locator("#train-preset").get_by_text(t("train.preset.light", "en")).click()
    expect(page.locator("#train-epochs input")).to_have_value("1")
    expect(page.locator("#train-found")).to_contain_text("steps, so the model will hardly change", timeout=LONG_MS)
    page.locator("#train-epochs input").fill("90")
    page.get_by_role("button", name=re.compile("^" + t("form.more", "en"))).click()
    page.locator("#train-batch_size input").fill("2")
    expect(page.locator("#train-facts")).to_contain_text("of memory", timeout=LONG_MS)
    expect(page.locator("#train-found")).to_be_hidden()
    expect(page.locator("#train-preset input[value=own]")).to_be_checked()
    page.locator("#train-start").click()
    expect(page.locator("#train-stop")).to_be_in_viewport(timeout=LONG_MS)
    page.locator("#train-queue").click(timeout=LONG_MS)
    second = until(lambda: [j for j in jobs.list_jobs(ws, "train") if j.state is JobState.WAITING], LONG)[0].id
    expect(page.locator("#train-progress")).to_contain_text("Tanks", timeout=LONG_MS)
    [first] = [j.id for j in jobs.list_jobs(ws, "train") if j.id != second]
    assert training.run_settings(ws, first).learning_rate == 1e-4, "the purpose also fills what is not in sight"
    until(lambda: len(training.curves(ws, first).train) >= 3, LONG)
    worker = jobs.view(ws, first).pid
    assert worker
    os.kill(worker, signal.SIGKILL)
    until(lambda: training.curves(ws, second).train, LONG)
    expect(page.locator("#train-numbers")).to_contain_text("loss", timeout=LONG_MS)
    expect(page.locator("#train-coach")).to_be_visible(timeout=LONG_MS)
    page.set_viewport_size({"width": 390, "height": 844})
    assert top(page, "#train-title") < top(page, "#train-stop") < top(page, "#train-model"), "progress comes first"
    page.set_viewport_size({"width": 1366, "height": 768})
    page.get_by_role("button", name=t("train.ui.batch", "en")).click()
    expect(page.locator("#train-batch")).to_contain_text("<|im_end|>", timeout=LONG_MS)
    page.locator("#train-stop").click()
    assert jobs.wait(ws, second, LONG).state is JobState.STOPPED
    page.reload()
    page.locator("#train-history").get_by_text(t("train.ui.state.failed", "en")).click(timeout=LONG_MS)
    safer = page.locator("#train-safer")
    expect(safer).to_contain_text("Batch size 1, Gradient accumulation 2", timeout=LONG_MS)
    page.locator("#train-again").click()
    expect(page.locator("#train-facts")).to_contain_text("of memory", timeout=LONG_MS)
    safer.click()
    third = until(lambda: [j for j in jobs.list_jobs(ws, "train") if j.id not in (first, second)], LONG)[0].id
    assert training.run_settings(ws, third).gradient_accumulation == 2
    jobs.request_stop(ws, third, force=True)


NOTED = """window.noted = [];
window.Notification = class { constructor(title, given) { window.noted.push(`${title}: ${given.body}`); }
  static permission = 'default';
  static async requestPermission() { return this.permission = 'granted'; } };"""


def test_the_screen_tells_when_a_run_ends_if_the_person_asked_for_it(
        tmp_path: Path, start_app: Callable[..., AppProcess], open_page: Callable[..., Any]) -> None:
    home = tmp_path / "workspace"
    home.mkdir()
    ws = Workspace.at(home)
    page = open_page(tab="train", server=start_app(home))
    page.add_init_script(NOTED)
    page.reload()
    page.get_by_role("button", name=t("train.ui.keys", "en")).click()
    expect(page.locator("#train-desktop-on")).to_be_hidden()
    page.locator("#train-desktop").click()
    expect(page.locator("#train-desktop-on")).to_be_visible(timeout=LONG_MS)
    job = jobs.start(ws, "train", {"mode": "ok", "steps": 400, "delay_s": 0.1}, title="Tanks", argv=trainer.ARGV)
    page.reload()
    expect(page.locator("#train-title")).to_contain_text(t("train.ui.state.running", "en"), timeout=LONG_MS)
    page.wait_for_timeout(2000)
    assert page.evaluate("window.noted") == []
    jobs.request_stop(ws, job.id)
    page.evaluate("Notification.permission = 'granted'")
    for _ in range(LONG):
        page.wait_for_timeout(1000)
        if page.evaluate("window.noted.length"):
            break
    assert page.evaluate("window.noted") == [f"DocTune: Run Tanks · {t('train.ui.state.stopped', 'en')}"]
