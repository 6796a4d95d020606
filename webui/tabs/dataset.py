"""Step 3: the reviewed pairs become a dataset that one can look at."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import datasets, qa
from core.datasets import DatasetInfo, DatasetSettings
from core.storage import Workspace
from webui.forms import Form
from webui.page import Call, Page
from webui.tabs.dataset_view import DatasetView
from webui.tabs.qa_words import ENOUGH, FEW


def build(page: Page) -> None:
    """Renders the step into the open tab."""
    DatasetTab(page)


class DatasetTab:
    """The components of the step and what they do."""

    def __init__(self, page: Page) -> None:
        self.page, self.ids = page, gr.State([])
        tr = page.tr
        with gr.Row(elem_classes="columns"):
            with gr.Column(scale=4, min_width=300), gr.Column(elem_classes="card"):
                gr.Markdown(tr("dataset.ui.title"))
                self.name = gr.Textbox(label=tr("dataset.ui.name"), placeholder=tr("dataset.ui.name_example"),
                                       max_lines=1, elem_id="dataset-name")
                self.form = Form.build(page, DatasetSettings)
                self.message = gr.Markdown("", visible=False, elem_id="dataset-message")
                with gr.Row(elem_classes=["actions", "primary-row"]):
                    self.make = gr.Button(tr("dataset.ui.no_pairs"), variant="primary", interactive=False,
                                          elem_id="dataset-make")
                    self.next = gr.Button(tr("dataset.ui.next"), variant="primary", visible=False,
                                          elem_id="dataset-next")
            with gr.Column(scale=9, min_width=320):
                with gr.Column(elem_classes=["card", "empty-state"]) as self.empty:
                    gr.Markdown(tr("dataset.ui.empty"))
                with gr.Column(visible=False, elem_classes="card") as self.listing:
                    self.list = gr.Dataframe(datatype="str", interactive=False, buttons=[], show_label=False,
                                             wrap=True, label=tr("dataset.ui.list"), elem_id="dataset-list",
                                             elem_classes="rows", max_height=220,
                                             column_widths=["40%", "20%", "20%", "20%"])
                self.view = DatasetView(page)
        self._wire()

    def _wire(self) -> None:
        page, shown = self.page, self.view.shown
        mine = [self.empty, self.listing, self.list, self.ids, self.message, self.make, self.next]
        self.outputs: list[Any] = [*mine, *self.view.outputs]
        page.on_open("dataset", self.open, self.outputs, [shown])
        page.on(self.make.click, self.create, self.form.inputs | {self.name}, [self.name, *self.outputs])
        page.on(self.list.select, self.choose, self.ids, self.view.outputs, trigger_mode="multiple")
        own = {id(c) for c in self.view.delete.outputs}
        rest = [c for c in self.outputs if id(c) not in own]
        self.kept = [id(c) not in own for c in self.outputs]
        self.view.delete.wire(page, [shown], rest, words=self.lost, act=self.remove)
        page.link(self.next, "train")

    def open(self, call: Call, shown: str | None) -> list[Any]:
        """Everything anew; the dataset that is looked at stays, else the newest is shown."""
        known, count = datasets.list_datasets(call.ws), qa.counts(call.ws).total
        chosen = next((d for d in known if d.id == shown), known[0] if known else None)
        said, colour = advice(call, count)
        make, following = button(call, count, bool(known))
        table = {"headers": headers(call), "data": [row(call, d) for d in known]}
        return [gr.update(visible=not known), gr.update(visible=len(known) > 1), gr.update(value=table),
                [d.id for d in known], gr.update(value=said, visible=bool(said), elem_classes=[colour]),
                gr.update(**make), gr.update(visible=following), *self.view.show(call, chosen)]

    def create(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Makes the dataset and opens it."""
        settings = self.form.read(values)
        title = (values[self.name] or "").strip() or default_title(call)
        made = qa.make_dataset(call.ws, title, settings)
        return ["", *self.open(call, made.id)]

    def choose(self, call: Call, ids: list[str], event: gr.SelectData) -> list[Any]:
        """Opens the dataset of the clicked row."""
        number = event.index[0]
        return self.view.show(call, find(call.ws, ids[number] if number < len(ids) else None))

    def lost(self, call: Call, shown: str | None) -> str:
        """What deleting the shown dataset loses."""
        info = find(call.ws, shown)
        return call.t("dataset.ui.delete_sure", name=info.title, count=info.rows + info.held_out_rows) if info else ""

    def remove(self, call: Call, shown: str | None) -> list[Any]:
        """Deletes the shown dataset and opens the newest."""
        if shown:
            datasets.delete_dataset(call.ws, shown)
        return [u for u, keep in zip(self.open(call, None), self.kept, strict=True) if keep]


def find(ws: Workspace, dataset_id: str | None) -> DatasetInfo | None:
    """The dataset of that id, if it is still there."""
    return next((d for d in datasets.list_datasets(ws) if d.id == dataset_id), None)


def default_title(call: Call) -> str:
    """The name of a dataset whose maker typed none: "Dataset 2"."""
    return call.t("dataset.ui.default_name", number=len(datasets.list_datasets(call.ws)) + 1)


def headers(call: Call) -> list[str]:
    """Column titles of the list."""
    return [call.t(f"dataset.ui.list_column.{name}") for name in ("title", "rows", "held_out", "format")]


def row(call: Call, info: DatasetInfo) -> list[str]:
    """One line of the list."""
    rows = (info.rows, info.held_out_rows)
    return [info.title, *(str(n) if n >= 0 else "–" for n in rows), info.fmt]


def advice(call: Call, count: int) -> tuple[str, str]:
    """(what so many pairs are good for, class of its colour)."""
    if not count or count >= ENOUGH:
        return "", "ok"
    return (call.t("qa.ui.advice.few", count=count), "blocker") if count < FEW else (
        call.t("qa.ui.advice.some", count=count), "doubt")


def button(call: Call, count: int, any_datasets: bool) -> tuple[dict[str, Any], bool]:
    """(the make button, whether "Next" is the primary button)."""
    words = call.t("dataset.ui.make", count=count) if count else call.t("dataset.ui.no_pairs")
    return {"value": words, "interactive": bool(count), "variant": "secondary" if any_datasets else "primary"}, \
        any_datasets
