"""What the form does when what to learn, the method or the dataset changes."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import datasets, training
from core.training.stages import KINDS, fits, stage_for, usual_rate, usual_rates
from webui.forms import Form
from webui.page import Call, Page


def usable(call: Call) -> list[datasets.DatasetInfo]:
    """The datasets that some stage can learn from."""
    return [info for info in datasets.list_all(call.ws) if any(fits(stage, info) for stage in KINDS)]


def wire(page: Page, form: Form[training.TrainSettings], dataset: gr.Dropdown) -> None:
    """A dataset brings the stage that its rows are made for; stage and method bring their usual learning rate."""
    stage, method, rate = (form.controls[name] for name in ("stage", "method", "learning_rate"))

    def follow(call: Call, chosen: str | None, now: str, method_now: str, rate_now: float | None) -> list[Any]:
        info = datasets.find_dataset(call.ws, chosen)
        stage_now = stage_for(info) if info else now
        # The usual stage could learn from many kinds of rows, but these were made for another one.
        if info is None or stage_now == now or (fits(now, info) and now != "sft"):
            return [gr.skip(), gr.skip()]
        return [gr.update(value=stage_now), adapt(call, stage_now, method_now, rate_now)]

    def adapt(call: Call, stage_now: str, method_now: str, rate_now: float | None) -> Any:
        typed = rate_now is not None and rate_now not in usual_rates()
        return gr.skip() if typed else gr.update(value=usual_rate(stage_now, method_now))

    def judges(call: Call, chosen: str | None) -> Any:
        known = [(run.view.title or run.view.id, run.view.id) for run in training.reward_runs(call.ws)]
        return gr.update(choices=known, value=chosen if chosen in [v for _, v in known] else None)

    page.on(dataset.change, follow, [dataset, stage, method, rate], [stage, rate])
    for control in (stage, method):
        page.on(control.input, adapt, [stage, method, rate], rate)
    page.on_open("train", judges, [form.controls["reward_run"]], [form.controls["reward_run"]])
