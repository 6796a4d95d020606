"""What can be opened below the curve: answers, the first batch, the run's settings, its log, a report to copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from core import datasets, models, training
from core.errors import UserError
from core.storage import load_or_set_aside
from core.training.launching import commands
from core.training.record import RECORDS
from core.training.report import changed, report
from core.training.settings import questions_of
from webui.components.tokens import marked, token_box
from webui.components.words import plain
from webui.page import Call, Page


@dataclass
class Details:
    """The parts that are filled while the run goes on: only the answers; the rest when it is opened."""

    answers: gr.Dataframe
    asked: gr.Markdown
    told: gr.State

    @property
    def outputs(self) -> list[Any]:
        """What `updates` fills, in its order."""
        return [self.asked, self.answers, self.told]

    def updates(self, call: Call, run: str | None, told: str = "") -> list[Any]:
        """The answers so far; nothing is sent when the page has them.

        Args:
            told: what the page shows: the run and how many answers.
        """
        found = RECORDS.of(call.ws, run).answers if run else {}
        now = f"{run} {len(found)}"
        if now == told:
            return [gr.skip(), gr.skip(), told]
        nothing = [gr.update(visible=False), gr.update(visible=False), now]
        if not run or not found:
            return nothing
        try:
            questions = questions_of(training.run_settings(call.ws, run))
        except UserError:
            return nothing
        rows = [[call.t("train.ui.before") if step == 0 else str(step), *(text or "–" for text in said)]
                for step, said in sorted(found.items())]
        headers = [call.t("chart.axis.step"), *questions]
        return [gr.update(visible=True),
                gr.update(value=[row[:len(headers)] for row in rows], headers=headers, visible=True), now]


def build(page: Page, shown: gr.State) -> Details:
    """Renders the parts, closed."""
    asked = gr.Markdown(page.tr("train.ui.answers"), visible=False)
    answers = gr.Dataframe(interactive=False, datatype="str", wrap=True, buttons=[], show_label=False, visible=False,
                           elem_id="train-answers", elem_classes="rows")
    with gr.Accordion(page.tr("train.ui.batch"), open=False) as batch:
        note = gr.Markdown(elem_classes="hint")
        tokens = token_box(page.tr("train.ui.batch"), "train-batch")
    with gr.Accordion(page.tr("train.ui.run_settings"), open=False) as settings:
        listed = gr.Markdown(elem_id="train-run-settings")
    with gr.Accordion(page.tr("train.ui.machines"), open=False, visible=False) as machines:
        gr.Markdown(page.tr("train.ui.machines_help"), elem_classes="hint")
        typed = gr.Textbox(show_label=False, lines=3, interactive=False, buttons=["copy"],
                              elem_id="train-machines")
    with gr.Accordion(page.tr("train.ui.report"), open=False) as told:
        text = gr.Textbox(show_label=False, lines=12, max_lines=12, interactive=False, buttons=["copy"],
                          elem_id="train-report")
    page.on(batch.expand, first_batch, [shown], [note, tokens])
    page.on(settings.expand, settings_of, [shown], listed)
    page.on(told.expand, lambda call, run: report(call.ws, run, call.lang) if run else "", [shown], text)
    page.on(shown.change, machines_of, [shown], [machines, typed])
    return Details(answers, asked, gr.State(""))


def first_batch(call: Call, run: str | None) -> list[Any]:
    """The rows of the first step, trained tokens coloured."""
    rows = load_or_set_aside(call.ws.run(run).first_batch, []) if run else []
    if not isinstance(rows, list) or not rows:
        return [call.t("train.ui.no_batch"), gr.update(visible=False)]
    shown: list[tuple[str, str | None]] = []
    for number, row in enumerate(rows, 1):
        shown.append((call.t("train.ui.batch_row", number=number, tokens=row["tokens"]) + "\n", None))
        shown += [*marked(row["pieces"]), ("\n\n", None)]
    return [call.t("train.ui.batch_note"), gr.update(value=shown, visible=True)]


def machines_of(call: Call, run: str | None) -> list[Any]:
    """The commands that the other machines of a run need; nothing is shown for a run on one."""
    try:
        found = commands(call.ws, run, training.run_settings(call.ws, run)) if run else []
    except UserError:
        found = []
    return [gr.update(visible=bool(found)), "\n\n".join(found)]


def settings_of(call: Call, run: str | None) -> str:
    """All settings of the run, those that are not the defaults in bold."""
    if not run:
        return ""
    chosen = training.run_settings(call.ws, run)
    differs = changed(chosen)
    lines = []
    values = chosen.model_dump()
    for name, value in values.items():
        if not chosen.applies(name, values):
            continue
        label, said = plain(call.t(f"train.{name}.label")), value_words(call, name, value)
        lines.append(f"| {label} | {'**' + said + '**' if name in differs else said} |")
    return f"| {call.t('train.ui.setting')} | {call.t('train.ui.value')} |\n|---|---|\n" + "\n".join(lines)


def value_words(call: Call, name: str, value: Any) -> str:
    """A setting's value as the form shows it, safe in a table of Markdown."""
    choices = (training.TrainSettings.model_fields[name].json_schema_extra or {}).get("choices")  # type: ignore
    if choices and value in choices:
        return plain(call.t(f"train.{name}.choice.{value}"))
    if isinstance(value, bool):
        return call.t("train.ui.yes" if value else "train.ui.no")
    if name == "model":
        return plain(models.label(value))
    if name in ("dataset", "also"):
        titles = {d.id: d.title for d in datasets.list_datasets(call.ws)}
        if name == "dataset":
            return plain(titles.get(value, value))
        return call.t("train.ui.list_comma").join(f"{plain(titles.get(one['dataset'], one['dataset']))} × "
                                                  f"{one['weight']:g}" for one in value) or "–"
    return plain(str(value)) or "–"
