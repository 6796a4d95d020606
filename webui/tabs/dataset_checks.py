"""The doctor on the page: what is wrong with which rows, what the fix makes of them, mending and taking it back."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import jobs
from core.datasets import DatasetInfo, work
from core.datasets.versions import versions
from core.errors import UserError
from webui.page import Call, Page

EXAMPLES_EACH = 5


class ChecksPanel:
    """Below the rows of the dataset whose id is in `shown`."""

    def __init__(self, page: Page) -> None:
        tr = page.tr
        with gr.Accordion(tr("dataset.check.title"), open=False, elem_id="dataset-check") as self.box:
            gr.Markdown(tr("dataset.check.about"), elem_classes="hint")
            self.said = gr.Markdown("", visible=False, elem_id="dataset-check-said")
            self.kinds = gr.CheckboxGroup([], label=tr("dataset.check.kinds"), visible=False,
                                          elem_id="dataset-check-kinds")
            self.table = gr.Dataframe(datatype="str", interactive=False, buttons=[], show_label=False, wrap=True,
                                      label=tr("dataset.check.examples"), visible=False, elem_classes="rows",
                                      column_widths=["30%", "35%", "35%"], max_height=360, elem_id="dataset-check-rows")
            with gr.Row(elem_classes="actions"):
                self.undo = gr.Button(tr("dataset.about.undo"), size="sm", visible=False, elem_id="dataset-check-undo")
                self.mend = gr.Button(tr("dataset.check.mend"), visible=False, elem_id="dataset-mend")
                self.start = gr.Button(tr("dataset.check.start"), elem_id="dataset-check-start")

    @property
    def outputs(self) -> list[Any]:
        """What `show` fills, in its order."""
        return [self.box, self.said, self.kinds, self.table, self.undo, self.mend]

    def show(self, call: Call, info: DatasetInfo | None) -> list[Any]:
        """The newest report on a dataset, as long as its rows are those that were looked at."""
        if info is None or info.rows < 0:
            return [gr.update(visible=info is not None), *[gr.update(visible=False)] * (len(self.outputs) - 1)]
        report = work.last_report(call.ws, info)
        back = gr.update(visible=info.own and bool(versions(call.ws, info.id)))
        if report is None:
            hidden = gr.update(visible=False)
            return [gr.update(visible=True), hidden, hidden, hidden, back, hidden]
        found = report["findings"]
        words, colour = self._words(call, report)
        mendable = [(call.t("dataset.check.kind", name=call.t(f"dataset.doctor.{f['name']}"), count=f["count"]),
                     f["name"]) for f in found if f["mendable"]]
        rows = [[call.t(f"dataset.doctor.{f['name']}"), _place(call, place, number) + shown,
                 call.t(f"dataset.doctor.{f['name']}.fix") if after is None else after[:300]]
                for f in found for place, number, shown, after in f["examples"][:EXAMPLES_EACH]]
        heads = [call.t(f"dataset.check.column.{name}") for name in ("fault", "row", "after")]
        can = info.own and bool(mendable)
        return [gr.update(visible=True), gr.update(value=words, visible=True, elem_classes=[colour]),
                gr.update(choices=mendable, value=[name for _, name in mendable], visible=can),
                gr.update(value={"headers": heads, "data": rows}, visible=bool(rows)), back, gr.update(visible=can)]

    def begin(self, call: Call, shown: str | None) -> jobs.JobView | None:
        """Starts the look at all rows."""
        return work.start_check(call.ws, shown) if shown else None

    def begin_mending(self, call: Call, shown: str | None, kinds: list[str] | None) -> jobs.JobView | None:
        """Starts the mending of the chosen kinds."""
        if not kinds:
            raise UserError("dataset.error.no_kinds")
        return work.start_mend(call.ws, shown, kinds) if shown else None

    @staticmethod
    def _words(call: Call, report: dict[str, Any]) -> tuple[str, str]:
        lines = []
        if not report["findings"]:
            lines.append(call.t("dataset.doctor.clean", count=report["rows"]))
        else:
            lines.append(call.t("dataset.check.found", kinds=len(report["findings"]), count=report["rows"]))
        if report["advice"]:
            lines.append(call.t(f"dataset.doctor.{report['advice']}", count=report["train"]))
        colour = "blocker" if report["advice"] == "red" else "doubt" if report["findings"] or report["advice"] else "ok"
        return "\n\n".join(lines), colour


def _place(call: Call, part: str, number: int) -> str:
    key = "dataset.check.row" if part == "train" else "dataset.check.held_out_row"
    return call.t(key, number=number + 1) + " "
