"""Operations on the rows: one menu, the settings of what is chosen, and what it changes or makes."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import jobs
from core.datasets import DatasetInfo, find_dataset, list_all
from core.datasets.change_settings import FilterSettings
from core.datasets.changing import NEW, TABLES, start_change
from core.datasets.columns import ORIGINS, QUESTION, TASK, columns_of
from core.datasets.operations import ORDERS, count_fitting
from core.datasets.versions import versions
from core.errors import UserError
from webui.forms import Form
from webui.page import Call, Page

COUNTED = 5000
"""Rows up to which the button says at once how many stay."""
MIXED = 3
"""Further datasets that the page mixes in; the command line takes any number."""


class OperationsPanel:
    """Below the rows of the dataset whose id is in `shown`."""

    def __init__(self, page: Page, shown: gr.State) -> None:
        self.shown, tr = shown, page.tr
        self.forms: dict[str, Form[Any]] = {}
        self.columns: dict[str, gr.Dropdown] = {}
        self.groups: dict[str, gr.Column] = {}
        with gr.Accordion(tr("dataset.do.title"), open=False, elem_id="dataset-operations") as self.box:
            self.what = gr.Radio([(tr(f"dataset.do.{name}"), name) for name in TABLES], value="filter",
                                 label=tr("dataset.do.what"), elem_id="dataset-do")
            for name, table in TABLES.items():
                with gr.Column(visible=name == "filter", elem_classes="inset") as self.groups[name]:
                    self._others(page, name)
                    self.forms[name] = self._filter(page) if name == "filter" else self._form(page, name, table)
            self.note = gr.Markdown(tr("dataset.do.version"), elem_classes="hint", elem_id="dataset-do-note")
            with gr.Row(elem_classes="actions"):
                self.undo = gr.Button(tr("dataset.about.undo"), visible=False, elem_id="dataset-do-undo")
                self.start = gr.Button(tr("dataset.do.start.filter"), elem_id="dataset-do-start")
        told = [self.note, self.start]
        page.on(self.what.change, self._chosen, self.inputs, [*self.groups.values(), *told])
        for control in [*self.forms["filter"].controls.values(), self.columns["column"]]:
            page.on(control.change, self._told, self.inputs, told, trigger_mode="always_last")

    def _form(self, page: Page, name: str, table: Any) -> Form[Any]:
        """Menus of columns, which differ from dataset to dataset, and the settings of an operation."""
        for field in {"sort": ("by",), "split": ("group", "stratify")}.get(name, ()):
            self._column(page, table.area, field)
        return Form.build(page, table)

    def _filter(self, page: Page) -> Form[FilterSettings]:
        form = Form(page, FilterSettings)
        with gr.Row():
            form.add("words", "where")
        with gr.Row():
            form.add("shortest", "longest")
        with gr.Row():
            self._column(page, FilterSettings.area, "column")
            form.add("values")
        form.add("keep")
        return form

    def _column(self, page: Page, area: str, field: str) -> None:
        self.columns[field] = gr.Dropdown([], label=page.tr(f"{area}.{field}.label"), interactive=True,
                                          info=page.tr(f"{area}.{field}.help"), elem_id=f"{area}-{field}")

    def _others(self, page: Page, name: str) -> None:
        """Menus of further datasets."""
        tr = page.tr
        if name == "merge":
            self.merged = gr.Dropdown([], label=tr("dataset.do.with"), info=tr("dataset.do.with_help"),
                                      multiselect=True, interactive=True, elem_id="dataset-merge-with")
        if name == "mix":
            gr.Markdown(tr("dataset.do.mix_help"), elem_classes="hint")
            self.share = gr.Number(50, label=tr("dataset.do.share_here"), minimum=0, elem_id="dataset-mix-share")
            self.mixed, self.shares = [], []
            for number in range(MIXED):
                with gr.Row():
                    self.mixed.append(gr.Dropdown([], label=tr("dataset.do.mix_with"), interactive=True, scale=3,
                                                  min_width=160, elem_id=f"dataset-mix-with-{number}"))
                    self.shares.append(gr.Number(50, label=tr("dataset.do.share"), minimum=0, scale=1, min_width=90,
                                                 elem_id=f"dataset-mix-share-{number}"))

    @property
    def inputs(self) -> set[Any]:
        """Everything that `begin` reads."""
        return {self.shown, self.what, *self.columns.values(), self.merged, self.share, *self.mixed, *self.shares,
                *(control for form in self.forms.values() for control in form.controls.values())}

    @property
    def outputs(self) -> list[Any]:
        """What `show` fills, in its order."""
        return [self.what, *self.groups.values(), *self.columns.values(), self.merged, *self.mixed, self.note,
                self.start, self.undo]

    def show(self, call: Call, info: DatasetInfo | None) -> list[Any]:
        """The menus of a dataset, with nothing chosen yet."""
        if info is None:
            return [gr.skip()] * len(self.outputs)
        what = "filter" if info.own else "merge"
        named = [(_label(call, name), name) for name in columns_of(call.ws, info)]
        question = (call.t("dataset.do.question"), QUESTION)
        orders = [(call.t(f"dataset.order.{name}"), name) for name in ORDERS]
        none = (call.t("dataset.do.no_column"), "")
        menus = {"column": ([none, *named], ""), "by": ([*orders, *named], QUESTION),
                 "group": ([question, *named], QUESTION), "stratify": ([(call.t("dataset.in.none"), ""), *named], "")}
        others = [(other.title, other.id) for other in list_all(call.ws)
                  if other.id != info.id and other.kind == info.kind]
        return [what, *self._groups(what),
                *(gr.update(choices=menus[name][0], value=menus[name][1]) for name in self.columns),
                gr.update(choices=others, value=[]),
                *(gr.update(choices=[(call.t("dataset.in.none"), ""), *others], value="") for _ in self.mixed),
                *self._words(call, info, what, None, bool(others)),
                gr.update(visible=info.own and bool(versions(call.ws, info.id)))]

    def begin(self, call: Call, values: dict[Any, Any]) -> jobs.JobView | None:
        """Starts what is chosen. Raises UserError when something is missing."""
        shown, what = values[self.shown], values[self.what]
        if not shown:
            return None
        others = [(id, 1.0) for id in values[self.merged] or []]
        if what == "mix":
            others = [(values[menu], float(values[share] or 0))
                      for menu, share in zip(self.mixed, self.shares, strict=True) if values[menu]]
        if what in NEW and not others:
            raise UserError("dataset.error.one_dataset")
        return start_change(call.ws, what, shown, self._settings(what, values), others, float(values[self.share] or 0))

    def _settings(self, what: str, values: dict[Any, Any]) -> Any:
        hidden = {name: values[menu] or "" for name, menu in self.columns.items() if name in TABLES[what].model_fields}
        return self.forms[what].read(values, **hidden)

    def _chosen(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        return [*self._groups(values[self.what]), *self._told(call, values)]

    def _groups(self, what: str) -> list[Any]:
        return [gr.update(visible=name == what) for name in self.groups]

    def _told(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Updates for the note and the button."""
        info, what = find_dataset(call.ws, values[self.shown]), values[self.what]
        if info is None:
            return [gr.skip(), gr.skip()]
        given = None
        if what == "filter":
            try:
                given = self._settings(what, values).checked()
            except UserError:
                given = None  # said when the button is pressed
        others = any(other.id != info.id and other.kind == info.kind for other in list_all(call.ws))
        return self._words(call, info, what, given, others)

    @staticmethod
    def _words(call: Call, info: DatasetInfo, what: str, given: FilterSettings | None, others: bool) -> list[Any]:
        label, ready = call.t(f"dataset.do.start.{what}"), info.own
        note = call.t("dataset.do.version" if info.own else "dataset.do.foreign")
        if what in NEW:
            note, ready = call.t("dataset.do.new" if others else "dataset.do.no_others"), others
        elif given and info.own and info.rows + info.held_out_rows <= COUNTED:
            total = info.rows + info.held_out_rows
            kept = count_fitting(call.ws, info.id, given)
            label = call.t("dataset.do.keep", count=kept, total=total) if kept else call.t("dataset.do.none_fit")
            ready = 0 < kept < total
        return [gr.update(value=note), gr.update(value=label, interactive=ready)]


def _label(call: Call, column: str) -> str:
    return call.t(f"dataset.do.{column}") if column in (*ORIGINS, TASK) else column
