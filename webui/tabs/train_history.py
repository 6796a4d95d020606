"""Every run so far, newest first; a click shows one, two clicks delete one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import gradio as gr

from core import jobs, models, training
from webui.components.words import duration
from webui.page import Call, Page
from webui.tabs.train_live import Live


@dataclass
class History:
    """The table of runs."""

    box: gr.Column
    table: gr.Dataframe
    ids: gr.State

    @property
    def outputs(self) -> list[Any]:
        """What `rows` fills, in its order."""
        return [self.box, self.table, self.ids]

    def rows(self, call: Call) -> list[Any]:
        """All runs as they are now."""
        runs = training.list_runs(call.ws)
        return [gr.update(visible=bool(runs)),
                gr.update(value=[_row(call, r) for r in runs], headers=_headers(call)), [r.view.id for r in runs]]


def build(page: Page, shown: gr.State, live: Live) -> History:
    """Renders the table below the live run."""
    with gr.Column(elem_classes="card", visible=False) as box:
        gr.Markdown(page.tr("train.ui.history"))
        table = gr.Dataframe(interactive=False, datatype="str", wrap=True, buttons=[], show_label=False,
                             elem_id="train-history")
        with gr.Row(elem_classes="actions"):
            delete = gr.Button(page.tr("train.ui.delete"), size="sm", elem_id="train-delete")
            sure = gr.Button(page.tr("train.ui.delete_sure"), size="sm", variant="stop", visible=False,
                             elem_id="train-delete-sure")
    history = History(box, table, gr.State([]))

    def pick(call: Call, ids: list[str], event: gr.SelectData) -> list[Any]:
        row = event.index[0] if isinstance(event.index, (list, tuple)) else event.index
        run = ids[row] if 0 <= row < len(ids) else None
        return [run, *live.show(call, run), gr.update(visible=False)]

    def ask(call: Call, run: str | None) -> Any:
        return gr.update(visible=run is not None)

    def remove(call: Call, run: str) -> list[Any]:
        training.delete_run(call.ws, run)
        newest = next((j.id for j in jobs.list_jobs(call.ws, "train")), None)
        return [newest, *live.show(call, newest), *history.rows(call), gr.update(visible=False)]

    page.on(table.select, pick, [history.ids], [shown, *live.outputs, sure], trigger_mode="multiple")
    page.on(delete.click, ask, [shown], sure)
    page.on(sure.click, remove, [shown], [shown, *live.outputs, *history.outputs, sure])
    page.on(live.ended.change, history.rows, None, history.outputs)
    page.on_open("train", history.rows, history.outputs)
    return history


def _headers(call: Call) -> list[str]:
    return [call.t(f"train.ui.column.{name}")
            for name in ("run", "state", "when", "took", "model", "settings", "loss", "held_out")]


def _row(call: Call, run: training.RunInfo) -> list[str]:
    view = run.view
    curves = training.curves(call.ws, view.id)
    when = datetime.fromtimestamp(view.started_at).strftime("%Y-%m-%d %H:%M") if view.started_at else ""
    took = duration(view.elapsed_s, call.lang) if view.elapsed_s is not None else ""
    chosen = run.settings
    brief = call.t("train.ui.brief", epochs=f"{chosen.epochs:g}", rate=f"{chosen.learning_rate:g}",
                   rank=chosen.lora_rank) if chosen else ""
    model = models.label(chosen.model) if chosen else ""
    return [view.title or view.id, call.t(f"train.ui.state.{view.state}"), when, took, model, brief,
            _last(curves.train), _last(curves.held_out)]


def _last(points: tuple[tuple[int, float], ...]) -> str:
    return f"{points[-1][1]:.3g}" if points else ""
