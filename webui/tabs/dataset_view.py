"""One dataset: its counts and place on disk, rows page by page, one row as the model sees it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import datasets
from core.datasets import DatasetInfo
from webui.components.confirm import TwoClicks
from webui.components.pager import Pager
from webui.components.words import plain
from webui.page import Call, Page

ROWS = 10
SPLITS = ("train", "held_out")


class DatasetView:
    """Shows the dataset whose id is in `shown`."""

    def __init__(self, page: Page) -> None:
        tr = page.tr
        self.shown, self.rows = gr.State(None), gr.State([])
        with gr.Column(visible=False, elem_classes="card", elem_id="dataset-view") as self.box:
            with gr.Row(elem_classes="title-row"):
                self.head = gr.Markdown("", elem_id="dataset-head", sanitize_html=True)
                self.delete = TwoClicks.build(page, "dataset.ui.delete", "dataset-delete")
            self.split = gr.Radio([(tr(f"dataset.ui.split.{s}"), s) for s in SPLITS], value="train", show_label=False,
                                  label=tr("dataset.ui.split"), container=False, elem_id="dataset-split")
            self.about = gr.Markdown("", elem_classes="hint", elem_id="dataset-split-about")
            self.table = gr.Dataframe(datatype="str", interactive=False, buttons=[], show_label=False, wrap=True,
                                      label=tr("dataset.ui.rows"), elem_id="dataset-rows", elem_classes="rows",
                                      column_widths=["45%", "55%"], max_height=2000)
            self.pager = Pager.build(page, "dataset", self.fetch, [self.table, self.rows, self.about],
                                     [self.shown, self.split], ROWS)
            self.chat = gr.Chatbot(visible=False, label=tr("dataset.ui.chat"), sanitize_html=True, height=260,
                                   buttons=[], render_markdown=False, elem_id="dataset-chat")
            self.place = gr.Markdown("", elem_classes="hint", elem_id="dataset-place", sanitize_html=True)
        page.on(self.split.input, self._split, self.pager.inputs, [*self.pager.all_outputs, self.chat])
        page.on(self.table.select, self._choose, self.rows, self.chat, trigger_mode="multiple")

    @property
    def outputs(self) -> list[Any]:
        """What `show` fills, in its order."""
        return [self.shown, self.box, self.head, self.place, self.split, self.chat, *self.delete.outputs,
                *self.pager.all_outputs]

    def show(self, call: Call, info: DatasetInfo | None, split: str = "train") -> list[Any]:
        """Opens a dataset; hides the view for None."""
        if info is None:
            return [None, gr.update(visible=False), "", "", gr.skip(), gr.update(visible=False),
                    *self.delete.reset(call), *[gr.skip()] * len(self.pager.all_outputs)]
        words = counts(call, info)
        head = f"### {plain(info.title)}\n{words}"
        place = call.t("dataset.ui.place", path=_code(info.path), name=_code(info.name))
        return [info.id, gr.update(visible=True), head, place, gr.update(value=split, visible=info.held_out_rows > 0),
                gr.update(visible=False), gr.update(value=call.t(self.delete.label), variant="secondary",
                                                    visible=info.own), 0.0, *self.pager.first(call, info.id, split)]

    def fetch(self, call: Call, offset: int, limit: int, shown: str | None, split: str) -> tuple[list[Any], int]:
        """One page of rows: the last question and answer of each conversation."""
        if shown is None:
            return [gr.skip(), [], ""], 0
        found, total = datasets.preview(call.ws, shown, offset, limit, split=split)
        heads = [call.t("dataset.ui.column.question"), call.t("dataset.ui.column.answer")]
        rows = [[_last(m, "user"), _last(m, "assistant")] for m in found]
        return [gr.update(value={"headers": heads, "data": rows}), found, call.t(f"dataset.ui.about.{split}")], total

    def _split(self, call: Call, shown: str | None, split: str) -> list[Any]:
        return [*self.pager.first(call, shown, split), gr.update(visible=False)]

    @staticmethod
    def _choose(call: Call, rows: list[list[dict[str, str]]], event: gr.SelectData) -> Any:
        row = event.index[0]
        return gr.update(visible=True, value=rows[row]) if row < len(rows) else gr.skip()


def counts(call: Call, info: DatasetInfo) -> str:
    """How many rows and facts there are; rows of files made elsewhere are not counted."""
    if info.rows < 0:
        return call.t("dataset.ui.not_ours")
    return call.t("dataset.ui.counts", train=info.rows, held_out=info.held_out_rows, facts=info.facts,
                  documents=info.documents)


def _code(text: object) -> str:
    return str(text).replace("`", "")


def _last(messages: list[dict[str, str]], role: str) -> str:
    return next((m["content"] for m in reversed(messages) if m["role"] == role), "")
