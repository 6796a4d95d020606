"""One dataset: its counts and place on disk, rows page by page, one row as the model sees it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.datasets import DatasetInfo
from core.datasets.reading import SHOWN, page_of
from core.datasets.rows import Row, Wrong, said
from webui.components.confirm import TwoClicks
from webui.components.pager import Pager
from webui.components.words import plain
from webui.page import Call, Page
from webui.tabs.dataset_augment import AugmentPanel
from webui.tabs.dataset_checks import ChecksPanel
from webui.tabs.dataset_manage import ManagePanel, about
from webui.tabs.dataset_operations import OperationsPanel
from webui.tabs.dataset_statistics import StatisticsPanel
from webui.tabs.dataset_tokens import TokensPanel

ROWS, CELL = 10, 400
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
            self.words = gr.Textbox(show_label=False, label=tr("dataset.ui.search"), container=False, max_lines=1,
                                    placeholder=tr("dataset.ui.search"), elem_id="dataset-search")
            self.table = gr.Dataframe(datatype="str", interactive=False, buttons=[], show_label=False, wrap=True,
                                      label=tr("dataset.ui.rows"), elem_id="dataset-rows", elem_classes="rows",
                                      column_widths=["45%", "55%"], max_height=2000)
            self.pager = Pager.build(page, "dataset", self.fetch, [self.table, self.rows, self.about],
                                     [self.shown, self.split, self.words], ROWS)
            self.chat = gr.Chatbot(visible=False, label=tr("dataset.ui.chat"), sanitize_html=True, height=260,
                                   buttons=[], render_markdown=False, elem_id="dataset-chat")
            self.tokens = TokensPanel(page, self.shown, self.split)
            self.statistics = StatisticsPanel(page, self.shown)
            self.checks = ChecksPanel(page)
            self.operations = OperationsPanel(page, self.shown)
            self.augment = AugmentPanel(page, self.shown)
            self.manage = ManagePanel(page, self.shown, self.split)
            self.place = gr.Markdown("", elem_classes="hint", elem_id="dataset-place", sanitize_html=True)
        self.sides = (self.tokens, self.statistics, self.checks, self.operations, self.augment,
                      self.manage)
        page.on(self.split.input, self._split, self.pager.inputs, [*self.pager.all_outputs, self.chat])
        page.on(self.words.submit, self._split, self.pager.inputs, [*self.pager.all_outputs, self.chat])
        page.on(self.table.select, self._choose, self.rows, [self.chat, self.tokens.number],
                trigger_mode="multiple")

    @property
    def outputs(self) -> list[Any]:
        """What `show` fills, in its order."""
        return [self.shown, self.box, self.head, self.place, self.split, self.words, self.chat, *self.delete.outputs,
                *(output for side in self.sides for output in side.outputs), *self.pager.all_outputs]

    def show(self, call: Call, info: DatasetInfo | None, split: str = "train") -> list[Any]:
        """Opens a dataset; hides the view for None."""
        if info is None:
            return [None, gr.update(visible=False), "", "", gr.skip(), "", gr.update(visible=False),
                    *self.delete.reset(call), *self._sides(call, None),
                    *[gr.skip()] * len(self.pager.all_outputs)]
        head = "\n\n".join(p for p in (f"### {plain(info.title)}\n{counts(call, info)}", about(info, call)) if p)
        place = call.t("dataset.ui.place", path=_code(info.path), name=_code(info.name))
        return [info.id, gr.update(visible=True), head, place, gr.update(value=split, visible=info.held_out_rows > 0),
                "", gr.update(visible=False), gr.update(value=call.t(self.delete.label), variant="secondary",
                                                    visible=info.own), 0.0, *self._sides(call, info),
                *self.pager.first(call, info.id, split, "")]

    def _sides(self, call: Call, info: DatasetInfo | None) -> list[Any]:
        return [update for side in self.sides for update in side.show(call, info)]

    def fetch(self, call: Call, offset: int, limit: int, shown: str | None, split: str,
              words: str = "") -> tuple[list[Any], int]:
        """One page of rows: the last question and answer of each; all of a row's turns for the chat."""
        if shown is None:
            return [gr.skip(), [], ""], 0
        found, total = page_of(call.ws, shown, offset, limit, "held_out" if split == "held_out" else "train",
                               words or "")
        heads = [call.t("dataset.ui.column.question"), call.t("dataset.ui.column.answer")]
        rows = [line(call, one.row) for one in found]
        held = [(one.number, turns(call, one.row)) for one in found]
        about = call.t(f"dataset.ui.about.{split}")
        if words.strip():
            about = call.t("dataset.ui.found", count=total)
        return [gr.update(value={"headers": heads, "data": rows}), held, about], total

    def _split(self, call: Call, shown: str | None, split: str, words: str = "") -> list[Any]:
        return [*self.pager.first(call, shown, split, words), gr.update(visible=False)]

    @staticmethod
    def _choose(call: Call, rows: list[tuple[int, list[dict[str, str]]]], event: gr.SelectData) -> list[Any]:
        if event.index[0] >= len(rows):
            return [gr.skip(), gr.skip()]
        number, talk = rows[event.index[0]]
        return [gr.update(visible=True, value=talk), number]


def counts(call: Call, info: DatasetInfo) -> str:
    """How many rows and facts there are; rows of files made elsewhere are not counted."""
    if info.rows < 0:
        return call.t("dataset.ui.not_ours")
    if not info.facts:
        return call.t("dataset.ui.rows_only", train=info.rows, held_out=info.held_out_rows)
    return call.t("dataset.ui.counts", train=info.rows, held_out=info.held_out_rows, facts=info.facts,
                  documents=info.documents)


def line(call: Call, row: Row | Wrong) -> list[str]:
    """The cells of a row in the table."""
    if isinstance(row, Wrong):
        return ["–", call.t("dataset.ui.unreadable", why=call.t(row.key, **row.params))]
    return [_cut(text, CELL) for text in ("" if row.kind == "text" else row.question, row.text or row.answer)]


def turns(call: Call, row: Row | Wrong) -> list[dict[str, str]]:
    """A row as a conversation; what is neither said by the person nor by the model is named."""
    if isinstance(row, Wrong):
        return []
    if row.kind == "text":
        return [_say("assistant", row.text)]
    said_so_far = [_say("assistant" if m.role == "assistant" else "user", _named(call, m.role, said(m)))
                   for m in row.messages]
    if row.tools:
        said_so_far.insert(0, _say("user", _named(call, "tools", row.tools)))
    if row.chosen and row.rejected:
        pair = (("better", row.chosen), ("worse", row.rejected))
        return said_so_far + [_say("assistant", _named(call, name, said(m))) for name, m in pair]
    if row.kind == "label":
        said_so_far.append(_say("user", f"[{call.t('dataset.chat.good' if row.label else 'dataset.chat.bad')}]"))
    return said_so_far + [_say("assistant", f"[{a.score:g}] {a.content}" + (f"\n({a.reason})" if a.reason else ""))
                          for a in row.answers]


def _named(call: Call, name: str, text: str) -> str:
    return text if name in ("user", "assistant") else f"[{call.t(f'dataset.chat.{name}')}] {text}"


def _say(role: str, text: str) -> dict[str, str]:
    return {"role": role, "content": _cut(text)}


def _cut(text: str, most: int = SHOWN) -> str:
    return text if len(text) <= most else text[:most] + " …"


def _code(text: object) -> str:
    return str(text).replace("`", "")
