"""What a run will need and what speaks against it, below the form: asked anew whenever a setting changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from core import jobs, training
from core.errors import UserError
from core.training import measuring, preflight
from webui.components.words import duration, plain, size
from webui.forms import Form
from webui.page import Call, Page

SAID_ABOVE = "train.error.rows_"
"""Sentences about the dataset that the form says beside the menu."""
MEASURED_S = 1.5
Read = Callable[[dict[Any, Any]], training.TrainSettings | None]


@dataclass
class Checks:
    """The lines above Start."""

    facts: gr.Markdown
    found: gr.Markdown
    apply: gr.Button
    change: gr.State
    measure: gr.Button
    measured: gr.State

    @property
    def outputs(self) -> list[Any]:
        """What `updates` fills, in its order."""
        return [self.facts, self.found, self.apply, self.change, self.measure]


def build(page: Page) -> Checks:
    """Renders the lines, empty."""
    found = gr.Markdown(elem_id="train-found", visible=False)
    apply = gr.Button(page.tr("train.ui.apply_change"), size="sm", visible=False, elem_id="train-apply")
    facts = gr.Markdown(elem_classes="hint", elem_id="train-facts")
    measure = gr.Button(page.tr("train.ui.measure"), size="sm", visible=False, elem_id="train-measure")
    return Checks(facts, found, apply, gr.State({}), measure, gr.State(""))


def wire(page: Page, checks: Checks, form: Form[training.TrainSettings], read: Read, others: list[Any]) -> None:
    """Asks on every change of a control, of `others`, and when the tab opens.

    Args:
        read: the settings as they stand in the form; None while model or dataset is not chosen.
    """
    def look(call: Call, values: dict[Any, Any]) -> list[Any]:
        return updates(call, read, values)

    def mend(call: Call, change: dict[str, Any]) -> list[Any]:
        return [gr.update(value=change[name]) if name in change else gr.skip() for name in form.controls]

    inputs = form.inputs | set(others)
    triggers = [control.change for control in [*form.controls.values(), *others]]
    page.on(partial(gr.on, triggers), look, inputs, checks.outputs, trigger_mode="always_last")
    page.on(checks.apply.click, mend, [checks.change], list(form.controls.values()))
    _wire_measuring(page, checks, read, inputs)


def _wire_measuring(page: Page, checks: Checks, read: Read, inputs: set[Any]) -> None:
    """Three real steps, in a job of their own; when it has ended the facts are told anew."""
    def begin(call: Call, values: dict[Any, Any]) -> list[Any]:
        settings = read(values)
        if settings is None:
            raise UserError("train.error.no_dataset")
        job = measuring.start_measuring(call.ws, settings)
        return [gr.update(value=call.t("job.starting"), interactive=False), job.id, gr.Timer(active=True)]

    def tick(call: Call, values: dict[Any, Any]) -> list[Any]:
        job = jobs.view(call.ws, values[checks.measured]) if values[checks.measured] else None
        if job is not None and not job.state.is_terminal:
            phase = call.t(f"train.measure.{job.phase or 'load'}")
            label = call.t("train.ui.measuring", phase=phase)
            return [*[gr.skip()] * 4, gr.update(value=label, interactive=False), gr.skip(), gr.Timer(active=True)]
        shown = updates(call, read, values)
        if job is not None and job.error:
            shown[1] = _lines([plain(call.t("train.ui.measure_failed", reason=job.error))], "doubt")
        return [*shown, "", gr.Timer(active=False)]

    timer = gr.Timer(MEASURED_S, active=False)
    page.on(checks.measure.click, begin, inputs, [checks.measure, checks.measured, timer])
    page.on(timer.tick, tick, inputs | {checks.measured}, [*checks.outputs, checks.measured, timer],
            trigger_mode="once")


def updates(call: Call, read: Read, values: dict[Any, Any]) -> list[Any]:
    """What to show for the form as it stands; never fails."""
    try:
        settings = read(values)
    except UserError as error:
        hidden = gr.update(visible=False)
        return ["", _lines([plain(error.text(call.lang))], "blocker"), hidden, {}, hidden]
    if settings is None:
        return ["", *[gr.update(visible=False)] * 2, {}, gr.update(visible=False)]
    report = preflight.check(call.ws, settings)
    change = next((found.change for found in report.findings if found.change), {})
    told = [found for found in report.findings if not found.key.startswith(SAID_ABOVE)]
    lines = [plain(call.t(found.key, **found.params)) for found in told]
    grade = "blocker" if report.blockers else "doubt"
    label = call.t("train.ui.apply_change", change=described(call, change)) if change else ""
    measure = gr.update(value=call.t("train.ui.measure"), interactive=True,
                        visible=not report.blockers and not report.measured)
    return [facts(call, report), _lines(lines, grade), gr.update(visible=bool(change), value=label), change, measure]


def facts(call: Call, report: preflight.Report) -> str:
    """Steps, time, memory and disk in one line."""
    parts = []
    if report.steps:
        parts.append(call.t("train.ui.fact_steps", count=report.steps))
    if report.seconds is not None:
        key = "train.ui.fact_measured" if report.measured else "train.ui.fact_time"
        parts.append(call.t(key, time=duration(report.seconds, call.lang)))
    if report.need:
        parts.append(call.t("train.ui.fact_memory", need=size(report.need), free=size(report.free)))
    if report.disk:
        parts.append(call.t("train.ui.fact_disk", size=size(report.disk)))
    return " · ".join(parts)


def described(call: Call, change: dict[str, Any]) -> str:
    """Changed settings by their labels: ``Batch size 4, Gradient accumulation 2``."""
    return call.t("train.ui.list_comma").join(f"{call.t(f'train.{name}.label')} {value:g}" if isinstance(value, float)
                                              else f"{call.t(f'train.{name}.label')} {value}"
                                              for name, value in change.items())


def _lines(lines: list[str], grade: str) -> Any:
    return gr.update(value="\n\n".join(lines), elem_classes=[grade], visible=bool(lines))
