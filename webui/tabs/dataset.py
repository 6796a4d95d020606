"""Step 3: the reviewed pairs become a dataset that one can look at."""

from __future__ import annotations

import time
from typing import Any

import gradio as gr

from core import datasets, jobs, qa
from core.datasets import DatasetInfo, DatasetSettings
from webui.components.jobcard import JobCard, ending
from webui.forms import Form
from webui.page import Call, Page
from webui.tabs.dataset_import import ImportPanel, outcome
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
                self.imports = ImportPanel(page)
                self.result = gr.Markdown("", visible=False, elem_id="dataset-result", sanitize_html=True)
                self.card = JobCard.build(page, "dataset", newest)
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
        page, shown, manage = self.page, self.view.shown, self.view.manage
        mine = [self.empty, self.listing, self.list, self.ids, self.message, self.make, self.next, self.result,
                *self.card.outputs]
        self.watched = gr.State("")
        self.mine = len(mine)
        timer = page.poll(self.tick, [self.watched, *mine, *self.view.outputs], inputs=[self.watched, shown])
        self.outputs: list[Any] = [*mine, timer, *self.view.outputs]
        page.on_open("dataset", self.open, self.outputs, [shown])
        page.on(self.make.click, self.create, self.form.inputs | {self.name}, [self.name, *self.outputs])
        page.on(self.list.select, self.choose, self.ids, self.view.outputs, trigger_mode="multiple")
        own = {id(c) for c in self.view.delete.outputs}
        rest = [c for c in self.outputs if id(c) not in own]
        self.kept = [id(c) not in own for c in self.outputs]
        self.view.delete.wire(page, [shown], rest, words=self.lost, act=self.remove)
        page.link(self.next, "train")
        imports = self.imports
        page.on(imports.start.click, self.begin_import, {imports.files, imports.tags, self.name,
                                                         *imports.menus.values()},
                [imports.files, *imports.seen, self.watched, *self.card.outputs, self.result, timer])
        page.on(imports.hub.start.click, self.begin_pull, {*imports.hub.inputs, self.name},
                [*imports.hub.cleared, self.watched, *self.card.outputs, self.result, timer])
        page.on(manage.export.click, self.begin_export,
                [shown, self.view.split, manage.format, manage.licence, manage.model],
                [*manage.files, self.watched, *self.card.outputs, timer])
        hub = manage.hub
        page.on(hub.start.click, self.begin_push, [hub.asked, shown, manage.format, manage.licence, hub.repo,
                                                   hub.private, hub.token],
                [*hub.asking, hub.token, self.watched, *self.card.outputs, self.result, timer])
        checks, started = self.view.checks, [self.watched, *self.card.outputs, timer]
        page.on(checks.start.click, self.begin_check, [shown], started)
        page.on(checks.mend.click, self.begin_mending, [shown, checks.kinds], started)
        page.on(self.view.operations.start.click, self.begin_change, self.view.operations.inputs, started)
        page.on(self.view.augment.start.click, self.begin_augment, self.view.augment.inputs, started)
        page.on(checks.undo.click, self.undo, [shown], self.outputs)
        page.on(manage.save.click, self.save, [shown, manage.title, manage.tags, manage.notes], self.outputs)
        page.on(manage.copy.click, self.duplicate, [shown, manage.title], self.outputs)
        for back in (manage.undo, self.view.operations.undo):
            page.on(back.click, self.undo, [shown], self.outputs)

    def open(self, call: Call, shown: str | None) -> list[Any]:
        """Everything anew; the dataset that is looked at stays, else the newest is shown."""
        known, count = datasets.list_all(call.ws), qa.counts(call.ws).total
        chosen = next((d for d in known if d.id == shown), known[0] if known else None)
        said, colour = advice(call, count)
        make, following = button(call, count, any(d.trainable for d in known))
        table = {"headers": headers(call), "data": [row(call, d) for d in known]}
        job = newest(call)
        brought, tone = outcome(call, job)
        brought, tone = (ending(call, job), "doubt") if ending(call, job) else (brought, tone)
        return [gr.update(visible=not known), gr.update(visible=len(known) > 1), gr.update(value=table),
                [d.id for d in known], gr.update(value=said, visible=bool(said), elem_classes=[colour]),
                gr.update(**make), gr.update(visible=following),
                gr.update(value=brought, visible=bool(brought), elem_classes=[tone]), *self.card.updates(call, job),
                gr.Timer(active=job is not None and not job.state.is_terminal), *self.view.show(call, chosen)]

    def tick(self, call: Call, watched: str, shown: str | None) -> list[Any]:
        """While a job works only its progress; at its end everything anew, what was imported in view."""
        job = newest(call)
        if job is not None and not job.state.is_terminal:
            card = self.card.updates(call, job)
            return [gr.skip() if c not in self.card.outputs else card[self.card.outputs.index(c)]
                    for c in [self.watched, *self.outputs[:self.mine], *self.view.outputs]] + [gr.Timer(active=True)]
        made = (job.result or {}).get("ids") if job is not None and job.id == watched else None
        fresh = self.open(call, made[0] if made else shown)
        return ["", *fresh[:self.mine], *fresh[self.mine + 1:], gr.Timer(active=False)]

    def begin_import(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Starts the import; its progress takes the place of the choice."""
        job = self.imports.begin(call, values, (values[self.name] or "").strip())
        return [None, *self.imports.forget(call), job.id, *self.card.updates(call, job), gr.update(visible=False),
                gr.Timer(active=True)]

    def begin_pull(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Starts the download of a dataset from a hub."""
        job = self.imports.hub.begin(call, values, (values[self.name] or "").strip())
        return ["", job.id, *self.card.updates(call, job), gr.update(visible=False), gr.Timer(active=True)]

    def begin_push(self, call: Call, asked: list[Any], shown: str | None, fmt: str | None, licence: str | None,
                   repo: str, private: bool, token: str) -> list[Any]:
        """Asks, then starts the sending to a hub."""
        question, job = self.view.manage.hub.click(call, asked, shown, fmt, licence, repo, private, token)
        if job is None:
            return [*question, *[gr.skip()] * (len(self.card.outputs) + 4)]
        return [*question, "", job.id, *self.card.updates(call, job), gr.update(visible=False), gr.Timer(active=True)]

    def begin_export(self, call: Call, shown: str | None, split: str, fmt: str | None, licence: str | None,
                     model: str | None) -> list[Any]:
        """Starts the export of what the menu says."""
        job, files = self.view.manage.begin(call, shown, split, fmt, licence, model), self.view.manage.files
        if job is None:
            return [gr.skip()] * (len(self.card.outputs) + len(files) + 2)
        return [*[gr.update(visible=False)] * len(files), job.id, *self.card.updates(call, job), gr.Timer(active=True)]

    def begin_check(self, call: Call, shown: str | None) -> list[Any]:
        """Starts the doctor."""
        return self._started(call, self.view.checks.begin(call, shown))

    def begin_mending(self, call: Call, shown: str | None, kinds: list[str] | None) -> list[Any]:
        """Starts the mending of the chosen kinds of faults."""
        return self._started(call, self.view.checks.begin_mending(call, shown, kinds))

    def begin_change(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Starts the operation that is chosen."""
        return self._started(call, self.view.operations.begin(call, values))

    def begin_augment(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Starts the writing of new wordings."""
        return self._started(call, self.view.augment.begin(call, values))

    def _started(self, call: Call, job: jobs.JobView | None) -> list[Any]:
        if job is None:
            return [gr.skip()] * (len(self.card.outputs) + 2)
        return [job.id, *self.card.updates(call, job), gr.Timer(active=True)]

    def save(self, call: Call, shown: str | None, title: str, tags: str, notes: str) -> list[Any]:
        """Keeps name, tags and notes."""
        self.view.manage.labelled(call, shown, title, tags, notes)
        return self.open(call, shown)

    def duplicate(self, call: Call, shown: str | None, title: str) -> list[Any]:
        """Makes a copy and opens it."""
        made = self.view.manage.copied(call, shown, title)
        return self.open(call, made.id if made else shown)

    def undo(self, call: Call, shown: str | None) -> list[Any]:
        """Goes back to the version before."""
        self.view.manage.undone(call, shown)
        return self.open(call, shown)

    def create(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Makes the dataset and opens it."""
        settings = self.form.read(values)
        title = (values[self.name] or "").strip() or default_title(call)
        made = qa.make_dataset(call.ws, title, settings)
        return ["", *self.open(call, made.id)]

    def choose(self, call: Call, ids: list[str], event: gr.SelectData) -> list[Any]:
        """Opens the dataset of the clicked row."""
        number = event.index[0]
        return self.view.show(call, datasets.find_dataset(call.ws, ids[number] if number < len(ids) else None))

    def lost(self, call: Call, shown: str | None) -> str:
        """What deleting the shown dataset loses."""
        info = datasets.find_dataset(call.ws, shown)
        return call.t("dataset.ui.delete_sure", name=info.title, count=info.rows + info.held_out_rows) if info else ""

    def remove(self, call: Call, shown: str | None) -> list[Any]:
        """Deletes the shown dataset and opens the newest."""
        if shown:
            datasets.delete_dataset(call.ws, shown)
        return [u for u, keep in zip(self.open(call, None), self.kept, strict=True) if keep]


def newest(call: Call) -> jobs.JobView | None:
    """The last work on datasets."""
    found = [job for kind in ("dataset", "hub", "augment") for job in jobs.list_jobs(call.ws, kind)[:1]]
    return max(found, key=lambda job: job.started_at or time.time(), default=None)


def default_title(call: Call) -> str:
    """The name of a dataset whose maker typed none: "Dataset 2"."""
    return call.t("dataset.ui.default_name", number=len(datasets.list_all(call.ws)) + 1)


def headers(call: Call) -> list[str]:
    """Column titles of the list."""
    return [call.t(f"dataset.ui.list_column.{name}") for name in ("title", "rows", "held_out", "format")]


def row(call: Call, info: DatasetInfo) -> list[str]:
    """One line of the list."""
    rows = (info.rows, info.held_out_rows)
    return [info.title, *(str(n) if n >= 0 else "–" for n in rows), info.shape or info.fmt]


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
