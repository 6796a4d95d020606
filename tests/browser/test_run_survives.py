"""A training run outlives the web server and its own death, and the page tells it truly."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core import jobs, qa, training
from core.errors import UserError
from core.i18n import t
from core.storage.workspace import Workspace
from core.training import checkpoints
from core.training.runs import has_adapter
from tests.browser.driving import AppProcess
from tests.fakes.ledger_rows import add_facts
from tests.fakes.tiny_model import make_model
from tests.waiting import until

LONG = 300
LONG_MS = LONG * 1000


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A workspace with a dataset."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    ws = Workspace.at(folder)
    add_facts(ws, 30)
    qa.make_dataset(ws, "Tanks")
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A tiny model in a folder outside the workspace."""
    return make_model(tmp_path / "tiny-llama")


def start_in_page(page: Any, model: Path, **settings: int) -> None:
    """Names the folder of the model, types the settings and clicks Start, once the page shows the dataset."""
    expect(page.locator("#train-dataset input")).not_to_have_value("", timeout=LONG_MS)
    page.get_by_role("button", name=t("train.ui.own_folder", "en")).click()
    page.locator("#train-folder").locator("input, textarea").fill(str(model))
    page.get_by_role("button", name=t("form.more", "en")).click()
    for name, value in settings.items():
        page.locator(f"#train-{name} input").fill(str(value))
    expect(page.locator("#train-start")).to_be_enabled(timeout=LONG_MS)
    page.locator("#train-start").click()


def the_run(ws: Workspace) -> jobs.JobView:
    """The only run there is."""
    until(lambda: jobs.list_jobs(ws, "train"), LONG)
    [run] = jobs.list_jobs(ws, "train")
    return run


def steps(ws: Workspace, run: str) -> list[int]:
    """The steps of the curve."""
    return [step for step, _ in training.curves(ws, run).train]


def points(page: Any) -> list[tuple[float, float]]:
    """(step, loss) of the curve that the page has drawn, once it has drawn some."""
    expect(page.locator("#train-plot .js-plotly-plot")).to_be_visible(timeout=LONG_MS)
    drawn = until(lambda: page.evaluate(
        "(() => { const d = document.querySelector('#train-plot .js-plotly-plot').data[0];"
        " return Array.from(d.x, (x, n) => [x, d.y[n]]); })()"), LONG)
    return [(step, loss) for step, loss in drawn]


def whole(ws: Workspace, run: str) -> bool:
    """The curve has every step from the first to its last once."""
    found = steps(ws, run)
    return found == list(range(1, len(found) + 1))


def reach(ws: Workspace, run: str, step: int) -> None:
    """Waits until the run has done a step; fails when it ends before."""
    until(lambda: len(steps(ws, run)) >= step or jobs.view(ws, run).state.is_terminal, LONG)
    view = jobs.view(ws, run)
    assert not view.state.is_terminal, (view, jobs.log_tail(ws, run))


def test_a_killed_server_leaves_the_run_alone_and_the_next_page_stops_it(
        home: Path, model: Path, start_app: Callable[..., AppProcess], open_page: Callable[..., Any]) -> None:
    ws, first = Workspace.at(home), start_app(home)
    page = open_page(tab="train", server=first)
    start_in_page(page, model, epochs=100, batch_size=1)
    run = the_run(ws).id
    reach(ws, run, 10)
    before = jobs.view(ws, run)
    page.close()
    first.kill()
    reach(ws, run, len(steps(ws, run)) + 10)
    page = open_page(tab="train", server=start_app(home))
    expect(page.locator("#train-title")).to_contain_text(t("train.ui.state.running", "en"), timeout=LONG_MS)
    expect(page.locator("#train-title")).to_contain_text(before.title)
    expect(page.locator("#train-plot .js-plotly-plot")).to_be_visible(timeout=LONG_MS)
    now = jobs.view(ws, run)
    assert (now.id, now.pid, now.started_at) == (before.id, before.pid, before.started_at)
    page.locator("#train-stop").click()
    expect(page.locator("#train-title")).to_contain_text(t("train.ui.state.stopped", "en"), timeout=LONG_MS)
    assert jobs.view(ws, run).state is jobs.JobState.STOPPED
    assert whole(ws, run) and has_adapter(ws, run)
    expect(page.locator("#train-next")).to_be_visible()


def test_two_pages_show_one_run_and_closing_one_changes_nothing(
        home: Path, model: Path, start_app: Callable[..., AppProcess], open_page: Callable[..., Any]) -> None:
    ws, server = Workspace.at(home), start_app(home)
    page = open_page(tab="train", server=server)
    start_in_page(page, model, epochs=100, batch_size=1)
    run = the_run(ws)
    seen = points(page)
    page.context.close()
    reach(ws, run.id, len(steps(ws, run.id)) + 10)
    other = open_page("zh", tab="train", server=server)
    expect(other.locator("#train-title")).to_contain_text(run.title, timeout=LONG_MS)
    shown = points(other)
    assert len(shown) > len(seen) > 0 and shown[:len(seen)] == seen, "the same points, and those since then"
    assert shown == [(step, loss) for step, loss in training.curves(ws, run.id).train[:len(shown)]]
    expect(other.locator("#train-start")).to_be_disabled()
    assert jobs.view(ws, run.id).state is jobs.JobState.RUNNING and whole(ws, run.id)


def test_a_killed_trainer_is_told_and_the_run_continues_from_its_last_checkpoint(
        home: Path, model: Path, start_app: Callable[..., AppProcess], open_page: Callable[..., Any]) -> None:
    ws = Workspace.at(home)
    page = open_page(tab="train", server=start_app(home))
    start_in_page(page, model, epochs=20, batch_size=4)
    run = the_run(ws).id
    saved = until(lambda: kept_steps(ws, run), LONG)[-1]
    reach(ws, run, saved + 3)
    worker = jobs.view(ws, run).pid
    assert worker
    os.kill(worker, signal.SIGKILL)
    ended = jobs.wait(ws, run, LONG)
    assert ended.state is jobs.JobState.FAILED and ended.error and ended.error["key"] == "jobs.error.killed"
    expect(page.locator("#train-title")).to_contain_text(t("train.ui.state.failed", "en"), timeout=LONG_MS)
    expect(page.locator("#train-message")).to_contain_text(UserError(**told(ended.error)).text("en"))
    page.locator("#train-resume").click()
    expect(page.locator("#train-title")).to_contain_text(t("train.ui.state.done", "en"), timeout=LONG_MS)
    done = jobs.view(ws, run)
    resumed = [e["resumed_from"] for e in jobs.events(ws, run)[0] if "resumed_from" in e]
    assert done.state is jobs.JobState.DONE and done.sitting == 2 and resumed[-1] >= saved
    assert whole(ws, run) and len(steps(ws, run)) == done.result["total_steps"]
    assert has_adapter(ws, run)
    expect(page.locator("#train-next")).to_be_visible()


def told(error: dict[str, Any]) -> dict[str, Any]:
    """A stored error as arguments of UserError."""
    return {"key": error["key"], **error["params"]}


def kept_steps(ws: Workspace, run: str) -> list[int]:
    """Steps of the complete checkpoints."""
    found = checkpoints.last_good(ws.run(run))[0]
    return [found[0]] if found else []
