"""Trials of settings, folded below the form: what to try and for how long, the table of trials, taking the best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core import jobs
from core.errors import UserError
from core.training import TrainSettings, trials, tuning
from core.training.tune_settings import TUNED, TuneSettings, rounded_rate
from webui.components.jobcard import JobCard, ending
from webui.components.words import plain
from webui.forms import Form
from webui.page import Call, Page
from webui.tabs.train_preflight import Read

WORDS = {"learning_rate": "rate", "lora_rank": "rank", "epochs": "epochs"}
TICK_S = 3.0
BELOW, ABOVE = 5, 3
"""How far rates below and above the form's own are tried."""


@dataclass
class Tune:
    """The components of the folded part."""

    box: gr.Accordion
    form: Form[TuneSettings]
    start: gr.Button
    card: JobCard
    message: gr.Markdown
    words: gr.Markdown
    table: gr.Dataframe
    take: gr.Button
    resume: gr.Button

    @property
    def outputs(self) -> list[Any]:
        """What `show` fills, in its order."""
        return [self.start, *self.card.outputs, self.message, self.words, self.table, self.take, self.resume]

    def show(self, call: Call) -> list[Any]:
        """The newest tuning as it is now."""
        view = trials.newest(call.ws)
        hidden = gr.update(visible=False)
        if view is None:
            return [gr.update(interactive=True), *self.card.updates(call, None), hidden, hidden, hidden, hidden, hidden]
        found = trials.tuning(call.ws, view.id)
        over = view.state.is_terminal
        end = ending(call, view)
        best = found.best
        label = call.t("tune.ui.take", values=values_of(call, best.values)) if best else ""
        return [gr.update(interactive=over), *self.card.updates(call, view),
                gr.update(value=end, visible=bool(end), elem_classes=[_grade(view)]),
                gr.update(value=summary(call, found), visible=found.plan is not None),
                gr.update(value=rows(call, found), headers=headers(call), visible=bool(found.trials)),
                gr.update(value=label, visible=best is not None),
                gr.update(visible=over and view.state is not jobs.JobState.DONE)]


def build(page: Page) -> Tune:
    """Renders the part, closed."""
    with gr.Accordion(page.tr("tune.ui.title"), open=False, elem_classes="card", elem_id="tune") as box:
        gr.Markdown(page.tr("tune.ui.intro"), elem_classes="hint")
        form: Form[TuneSettings] = Form(page, TuneSettings)
        form.add("minutes")
        for name in TUNED:
            with gr.Row():
                form.add(name, f"{name}_low", f"{name}_high")
        message = gr.Markdown(visible=False, elem_id="tune-message")
        with gr.Row(elem_classes="actions"):
            resume = gr.Button(page.tr("tune.ui.resume"), visible=False, size="sm", elem_id="tune-resume")
            start = gr.Button(page.tr("tune.ui.start"), elem_id="tune-start")
        card = JobCard.build(page, "tune", lambda call: trials.newest(call.ws))
        words = gr.Markdown(visible=False, elem_id="tune-words")
        table = gr.Dataframe(interactive=False, datatype="str", wrap=True, buttons=[], show_label=False, visible=False,
                             elem_id="tune-table")
        with gr.Row(elem_classes=["actions", "may-be-empty"]):
            take = gr.Button("", visible=False, elem_id="tune-take")
    return Tune(box, form, start, card, message, words, table, take, resume)


def wire(page: Page, tune: Tune, read: Read, inputs: set[Any], filled: list[Any],
         fill: Callable[[Call, TrainSettings], list[Any]], rate: gr.Number) -> None:
    """Starting, watching, taking over.

    Args:
        rate: the learning rate in the training form; the range is around it when the part is opened.
        read: the settings in the training form, from `inputs`; None while model or dataset is not chosen.
        fill: (call, settings) → updates of `filled`.
    """
    def tick(call: Call) -> list[Any]:
        view = trials.newest(call.ws)
        return [*tune.show(call), gr.Timer(active=view is not None and not view.state.is_terminal)]

    def start(call: Call, values: dict[Any, Any]) -> list[Any]:
        settings = read(values)
        if settings is None:
            raise UserError("train.error.no_dataset")
        tuning.start_tuning(call.ws, settings, tune.form.read(values))
        return tick(call)

    def resume(call: Call) -> list[Any]:
        view = trials.newest(call.ws)
        if view is not None:
            jobs.resume(call.ws, view.id)
        return tick(call)

    def take(call: Call) -> list[Any]:
        view = trials.newest(call.ws)
        best = trials.tuning(call.ws, view.id).best if view else None
        if view is None or best is None:
            return [gr.skip() for _ in range(1 + len(filled))]
        said = call.t("tune.ui.taken", number=best.number)
        return [gr.update(value=said, visible=True, elem_classes=["ok"]),
                *fill(call, trials.settings_of(view, best))]

    ends = [tune.form.controls[f"learning_rate_{end}"] for end in ("low", "high")]
    page.on(tune.box.expand, around, [rate, *ends], ends)
    timer = page.poll(tick, tune.outputs, seconds=TICK_S)
    page.on(tune.start.click, start, inputs | tune.form.inputs, [*tune.outputs, timer])
    page.on(tune.resume.click, resume, None, [*tune.outputs, timer])
    page.on(tune.take.click, take, None, [tune.message, *filled])
    page.on_open("train", tick, [*tune.outputs, timer])


def around(call: Call, rate: float | None, low: float | None, high: float | None) -> list[Any]:
    """The ends of the range of learning rates, moved when the form's own rate lies outside."""
    if not rate or low is not None and high is not None and low <= rate <= high:
        return [gr.skip(), gr.skip()]
    return [rounded_rate(rate / BELOW), rounded_rate(min(0.1, rate * ABOVE))]


def headers(call: Call) -> list[str]:
    """Names of the table's columns."""
    tuned = [call.t(f"train.{name}.label") for name in TUNED]
    return [call.t("tune.ui.column.trial"), *tuned,
            *(call.t(f"tune.ui.column.{name}") for name in ("held_out", "minutes", "state"))]


def rows(call: Call, found: trials.Tuning) -> list[list[str]]:
    """A row for each trial; the best one is marked. What was not tuned is as in the person's settings."""
    base = trials.space_of(found.view).base.model_dump()
    made = []
    for one in found.trials:
        mark = "★ " if found.best and one.number == found.best.number else ""
        values = [f"{one.values.get(name, base[name]):g}" for name in TUNED]
        loss = f"{one.held_out:.4g}" if one.held_out is not None else "–"
        state = call.t(f"tune.state.{one.state}")
        reason = f": {call.say(one.error)}" if one.error else ""
        made.append([f"{mark}{one.number}", *values, loss, f"{one.seconds / 60:.1f}", state + reason])
    return made


def summary(call: Call, found: trials.Tuning) -> str:
    """In words: what was possible, from how many rows, and which trial is best."""
    plan, best = found.plan, found.best
    if plan is None:
        return ""
    train, tune = trials.asked(found.view)
    lines = [call.t("tune.ui.budget", minutes=tune.minutes, possible=trials.possible(found.view, plan),
                    done=found.count("done"), pruned=found.count("pruned", "late"), failed=found.count("failed")),
             call.t("tune.ui.whole" if plan.rows >= plan.of else "tune.ui.part", rows=plan.rows, of=plan.of,
                    held_out=plan.held_out, held_out_of=plan.held_out_of)]
    if best:
        own = next((one for one in found.trials if one.state == "done"
                    and all(getattr(train, name) == value for name, value in one.values.items())), None)
        key = "best" if own is None else "own_best" if own.number == best.number else "better"
        lines.append(call.t(f"tune.ui.{key}", number=best.number, loss=f"{best.held_out:.4g}",
                            own=f"{own.held_out:.4g}" if own and own.held_out is not None else ""))
    return "\n\n".join(plain(line) for line in lines)


def values_of(call: Call, values: dict[str, Any]) -> str:
    """A trial's values in one line: ``rate 0.001, rank 16, 4 epochs``."""
    return call.t("train.ui.list_comma").join(
        call.t(f"tune.ui.one_{WORDS[name]}", value=f"{value:g}" if isinstance(value, float) else value)
        for name, value in values.items())


def _grade(view: jobs.JobView) -> str:
    return "doubt" if view.state is jobs.JobState.STOPPED else "blocker"
