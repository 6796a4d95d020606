"""Every run so far, pinned ones first, then the newest; a click shows one. Runs can be noted, compared and deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import gradio as gr

from core import jobs, models, training
from core.training.notes import Note, differences, lowest, note, size_of, write_note
from webui.components import charts
from webui.components.confirm import TwoClicks
from webui.components.words import duration, plain, size
from webui.page import Call, Page
from webui.tabs.train_details import value_words
from webui.tabs.train_live import Live, current

MOST_COMPARED = 5


@dataclass
class History:
    """The table of runs and the menu of those to compare."""

    box: gr.Column
    table: gr.Dataframe
    ids: gr.State
    menu: gr.Dropdown

    @property
    def outputs(self) -> list[Any]:
        """What `rows` fills, in its order."""
        return [self.box, self.table, self.ids, self.menu]

    def rows(self, call: Call) -> list[Any]:
        """All runs as they are now."""
        runs = training.list_runs(call.ws)
        notes = {run.view.id: note(call.ws, run.view.id) for run in runs}
        best = lowest(call.ws, [(run.view.id, " ".join(run.settings.datasets)) for run in runs if run.settings])
        runs = sorted(runs, key=lambda run: not notes[run.view.id].pinned)
        names = [(f"{run.view.title} · {_when(run.view)}", run.view.id) for run in runs]
        return [gr.update(visible=bool(runs)),
                gr.update(value=[_row(call, run, notes[run.view.id], run.view.id in best) for run in runs],
                          headers=_headers(call)), [run.view.id for run in runs], gr.update(choices=names)]


def build(page: Page, shown: gr.State, live: Live) -> History:
    """Renders the table below the live run."""
    with gr.Column(elem_classes="card", visible=False) as box:
        gr.Markdown(page.tr("train.ui.history"))
        table = gr.Dataframe(interactive=False, datatype="str", wrap=True, buttons=[], show_label=False,
                             elem_id="train-history", elem_classes="few-columns")
        gr.Markdown(page.tr("train.ui.legend"), elem_classes="hint")
        with gr.Row(elem_classes="actions"):
            pin = gr.Button(page.tr("train.ui.pin"), size="sm", elem_id="train-pin")
            delete = TwoClicks.build(page, "train.ui.delete", "train-delete")
        words = gr.Textbox(label=page.tr("train.ui.note"), info=page.tr("train.ui.note_help"), max_lines=3,
                           elem_id="train-note")
        with gr.Accordion(page.tr("train.ui.compare"), open=False):
            menu = gr.Dropdown([], multiselect=True, max_choices=MOST_COMPARED, show_label=False,
                               info=page.tr("train.ui.compare_help"), interactive=True, elem_id="train-compared")
            plot = gr.Plot(show_label=False, visible=False, elem_id="train-overlay")
            table_of = gr.Markdown(elem_id="train-differences")
    history = History(box, table, gr.State([]), menu)
    _wire(page, shown, live, history, pin, delete, words)
    page.on(menu.change, compared, [menu], [plot, table_of])
    return history


def _wire(page: Page, shown: gr.State, live: Live, history: History, pin: gr.Button, delete: TwoClicks,
          words: gr.Textbox) -> None:
    def pick(call: Call, ids: list[str], event: gr.SelectData) -> list[Any]:
        row = event.index[0] if isinstance(event.index, (list, tuple)) else event.index
        run = ids[row] if 0 <= row < len(ids) else None
        return [run, *live.show(call, run), *delete.reset(call), *about(call, run)]

    def about(call: Call, run: str | None) -> list[Any]:
        found = note(call.ws, run) if run else Note()
        return [gr.update(value=found.text), call.t("train.ui.unpin" if found.pinned else "train.ui.pin")]

    def pinned(call: Call, run: str | None) -> list[Any]:
        if run:
            write_note(call.ws, run, pinned=not note(call.ws, run).pinned)
        return [*about(call, run), *history.rows(call)]

    def noted(call: Call, run: str | None, text: str) -> list[Any]:
        if run:
            write_note(call.ws, run, text=text)
        return history.rows(call)

    def frees(call: Call, run: str | None) -> str:
        return call.t("train.ui.delete_frees", size=size(size_of(call.ws, run) if run else 0))

    def remove(call: Call, run: str | None) -> list[Any]:
        if run:
            training.delete_run(call.ws, run)
        newest = current(call)
        left = newest.id if newest else None
        return [left, *live.show(call, left), *history.rows(call)]

    page.on(history.table.select, pick, [history.ids], [shown, *live.outputs, *delete.outputs, words, pin],
            trigger_mode="multiple")
    page.on(pin.click, pinned, [shown], [words, pin, *history.outputs])
    page.on(words.blur, noted, [shown, words], history.outputs)
    page.on(words.submit, noted, [shown, words], history.outputs)
    delete.wire(page, [shown], [shown, *live.outputs, *history.outputs], words=frees, act=remove)
    page.on(live.ended.change, history.rows, None, history.outputs)
    page.on(shown.change, about, [shown], [words, pin])
    page.on_open("train", history.rows, history.outputs)


def compared(call: Call, chosen: list[str] | None) -> list[Any]:
    """The loss curves of some runs in one chart, and a table of the settings in which they differ."""
    runs = [run for run in training.list_runs(call.ws) if run.view.id in (chosen or []) and run.settings]
    if len(runs) < 2:
        return [gr.update(visible=False), ""]
    names = [f"{number} · {run.view.title} {_when(run.view)}" for number, run in enumerate(runs, 1)]
    found = [training.curves(call.ws, run.view.id) for run in runs]
    figure = charts.overlay([(name, one.train, one.held_out) for name, one in zip(names, found, strict=True)],
                            call.lang)
    differ = differences([run.settings for run in runs if run.settings])
    lines = [f"| {call.t('train.ui.setting')} | {' | '.join(map(plain, names))} |", "|---" * (len(names) + 1) + "|"]
    lines += [f"| {plain(call.t(f'train.{name}.label'))} | {' | '.join(value_words(call, name, v) for v in values)} |"
              for name, values in differ.items()]
    return [gr.update(value=figure, visible=True),
            "\n".join(lines) if differ else call.t("train.ui.no_difference")]


def _headers(call: Call) -> list[str]:
    return [call.t(f"train.ui.column.{name}")
            for name in ("run", "state", "when", "took", "model", "settings", "loss", "held_out", "note")]


def _when(view: jobs.JobView) -> str:
    return datetime.fromtimestamp(view.started_at).strftime("%Y-%m-%d %H:%M") if view.started_at else ""


def _row(call: Call, run: training.RunInfo, words: Note, best: bool) -> list[str]:
    view = run.view
    curves = training.curves(call.ws, view.id)
    took = duration(view.elapsed_s, call.lang) if view.elapsed_s is not None else ""
    chosen = run.settings
    brief = call.t("train.ui.brief", epochs=f"{chosen.epochs:g}", rate=f"{chosen.learning_rate:g}",
                   rank=chosen.lora_rank) if chosen else ""
    model = models.label(chosen.model) if chosen else ""
    marks = ("▲ " if words.pinned else "") + ("★ " if best else "")
    return [marks + (view.title or view.id), call.t(f"train.ui.state.{view.state}"), _when(view), took, model, brief,
            _last(curves.train), _last(curves.held_out), words.text]


def _last(points: tuple[tuple[int, float], ...]) -> str:
    return f"{points[-1][1]:.3g}" if points else ""
