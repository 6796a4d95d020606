"""One dataset's further sides: what was left out, its name and notes, copies, undo, and export for other programs."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import jobs, models
from core.datasets import DatasetInfo, find_dataset, work
from core.datasets.command import describe as fault_words
from core.datasets.exporting import counts, plan
from core.datasets.folders import MODEL
from core.datasets.importing import faults_of
from core.datasets.labels import describe, duplicate
from core.datasets.licences import CHOICES, LICENCES
from core.datasets.reading import Split
from core.datasets.services import FEWEST, SERVICES
from core.datasets.trl_folder import fitting
from core.datasets.versions import undo, versions
from core.storage.workspace import user_path
from webui.components.words import plain, size
from webui.page import Call, Page
from webui.tabs.dataset_hub import HubExport, keep_licence

SHOWN_FAULTS = 100
JUDGED = 20_000
"""Rows up to which a service's rules are checked before the export."""


class ManagePanel:
    """Below the rows of the dataset whose id is in `shown`."""

    def __init__(self, page: Page, shown: gr.State, split: gr.Radio) -> None:
        tr = page.tr
        self.shown, self.split = shown, split
        with gr.Accordion(tr("dataset.faults.title"), open=False, visible=False,
                          elem_id="dataset-faults") as self.faults_box:
            self.faults = gr.Dataframe(datatype="str", interactive=False, buttons=[], show_label=False, wrap=True,
                                       label=tr("dataset.faults.title"), elem_classes="rows", max_height=300)
        with gr.Accordion(tr("dataset.out.title"), open=False, elem_id="dataset-export") as self.export_box:
            gr.Markdown(tr("dataset.out.about"), elem_classes="hint")
            self.format = gr.Dropdown([], label=tr("dataset.out.format"), interactive=True, elem_id="dataset-format")
            with gr.Row():
                self.licence = gr.Dropdown([], label=tr("dataset.out.licence"), info=tr("dataset.out.licence_help"),
                                           interactive=True, min_width=200, elem_id="dataset-licence")
                self.model = gr.Dropdown([], label=tr("dataset.out.model"), info=tr("dataset.out.model_help"),
                                         interactive=True, allow_custom_value=True, min_width=200,
                                         elem_id="dataset-export-model")
            self.note = gr.Markdown("", elem_classes="hint", elem_id="dataset-export-note", sanitize_html=True)
            with gr.Row(elem_classes="actions"):
                self.export = gr.Button(tr("dataset.out.title"), elem_id="dataset-export-start")
                self.card = gr.DownloadButton(tr("dataset.out.card"), visible=False, elem_id="dataset-export-card")
                self.file = gr.DownloadButton(tr("dataset.out.save"), visible=False, elem_id="dataset-export-save")
            self.hub = HubExport(page)
        with gr.Accordion(tr("dataset.about.title"), open=False, visible=False, elem_id="dataset-about") as self.about:
            self.title = gr.Textbox(label=tr("dataset.ui.name"), max_lines=1, elem_id="dataset-title")
            self.tags = gr.Textbox(label=tr("dataset.about.tags"), info=tr("dataset.about.tags_help"), max_lines=1,
                                   elem_id="dataset-tags")
            self.notes = gr.Textbox(label=tr("dataset.about.notes"), lines=3, elem_id="dataset-notes")
            with gr.Row(elem_classes="actions"):
                self.copy = gr.Button(tr("dataset.about.copy"), size="sm", elem_id="dataset-copy")
                self.undo = gr.Button(tr("dataset.about.undo"), size="sm", visible=False, elem_id="dataset-undo")
                self.save = gr.Button(tr("dataset.about.save"), size="sm", elem_id="dataset-save")
        told = [self.model, self.export, self.note, *self.files]
        for changed in (self.format.input, self.licence.input):
            page.on(changed, self.hub.again, None, self.hub.asking)
        page.on(self.format.input, self.count, [shown, split, self.format], told)
        page.on(split.input, self.count, [shown, split, self.format], told)

    @property
    def files(self) -> list[Any]:
        """The buttons that save what was exported."""
        return [self.card, self.file]

    @property
    def outputs(self) -> list[Any]:
        """What `show` fills, in its order."""
        return [self.faults_box, self.faults, self.format, self.licence, self.model, self.export, self.note,
                *self.files, self.about, self.title, self.tags, self.notes, self.undo, *self.hub.asking]

    def show(self, call: Call, info: DatasetInfo | None) -> list[Any]:
        """The sides of a dataset."""
        if info is None:
            return [gr.skip()] * len(self.outputs)
        found = faults_of(call.ws, info.id, SHOWN_FAULTS) if info.faults else []
        table = {"headers": [call.t("dataset.faults.column")], "data": [[fault_words(f, call.lang)] for f in found]}
        title = call.t("dataset.faults.count", count=info.faults)
        formats = [(call.t(f"dataset.format.{fmt}"), fmt) for fmt in (*work.FOLDERS, *counts(call.ws, info.id))]
        last = self._exported(call, info.id)
        chosen = last.params["format"] if last and last.params["format"] in dict(formats).values() else work.FOLDER
        licences = [(LICENCES[key][0] if key in LICENCES else call.t(f"dataset.licence.{key or 'none'}"), key)
                    for key in CHOICES]
        earlier = len(versions(call.ws, info.id)) if info.own else 0
        return [gr.update(visible=bool(found), label=title), gr.update(value=table),
                gr.update(choices=formats, value=chosen),
                gr.update(choices=licences, value=info.licence, visible=info.own),
                gr.update(choices=[m.huggingface for m in models.CATALOGUE if m.huggingface], value=MODEL,
                          visible=chosen in work.FOLDERS),
                *self.count(call, info.id, "train", chosen)[1:3], *self.finished(call, info.id),
                gr.update(visible=info.own), info.title, ", ".join(info.tags), info.notes,
                gr.update(visible=earlier > 0), *self.hub.again(call)]

    def count(self, call: Call, shown: str | None, split: str, fmt: str | None) -> list[Any]:
        """How many rows the file will have, on the button; what it cannot hold, below the menu."""
        hidden = [gr.update(visible=False)] * len(self.files)
        if not shown or not fmt:
            return [gr.skip(), gr.skip(), "", *hidden]
        part: Split = "train" if fmt in work.FOLDERS or split != "held_out" else "held_out"
        known = counts(call.ws, shown, part)
        total = known.get("csv", 0)
        rows = fitting(call.ws, shown) if fmt == work.TRL else total if fmt == work.FOLDER else known.get(fmt, 0)
        said = [call.t(f"dataset.out.help.{fmt}")] if fmt in (*work.FOLDERS, *SERVICES) else []
        if fmt in SERVICES and total <= JUDGED:
            judged = plan(call.ws, shown, fmt, part).judged
            said += [call.say(note) for note in judged.notes()] if judged else []
        elif total > rows:
            said.append(call.t("dataset.out.left_out", count=total - rows))
        return [gr.update(visible=fmt in work.FOLDERS),
                gr.update(value=call.t("dataset.out.start", count=rows), interactive=rows >= FEWEST.get(fmt, 1)),
                "\n\n".join(said), *hidden]

    def begin(self, call: Call, shown: str | None, split: str, fmt: str | None, licence: str | None,
              model: str | None) -> jobs.JobView | None:
        """Keeps the licence and starts the export."""
        info = find_dataset(call.ws, shown)
        if info is None or not fmt:
            return None
        keep_licence(call, info, licence)
        return work.start_export(call.ws, info.id, fmt, "held_out" if split == "held_out" else "train",
                                 (model or "").strip() or MODEL, call.lang)

    def finished(self, call: Call, shown: str) -> list[Any]:
        """The download buttons, when the newest job exported the dataset that is shown."""
        hidden = gr.update(visible=False)
        job = self._exported(call, shown)
        if job is None:
            return [hidden, hidden]
        path, told = user_path(job.result["path"]), job.result.get("card")
        if not path.is_file():
            return [hidden, hidden]
        label = call.t("dataset.out.ready", name=path.name, size=size(path.stat().st_size), count=job.result["rows"])
        beside = gr.update(value=told, visible=True) if told and user_path(told).is_file() else hidden
        return [beside, gr.update(value=str(path), label=label, visible=True)]

    @staticmethod
    def _exported(call: Call, shown: str) -> jobs.JobView | None:
        """The newest job on datasets, if it exported the one that is shown."""
        job = next(iter(jobs.list_jobs(call.ws, "dataset")), None)
        done = job is not None and job.state is jobs.JobState.DONE and job.result
        return job if done and (job.params.get("op"), job.params.get("dataset")) == ("export", shown) else None

    def labelled(self, call: Call, shown: str | None, title: str, tags: str, notes: str) -> None:
        """Keeps name, tags and notes."""
        if shown:
            describe(call.ws, shown, title=title, notes=notes, tags=tags.replace("，", ",").split(","))

    def copied(self, call: Call, shown: str | None, title: str) -> DatasetInfo | None:
        """Makes a copy."""
        return duplicate(call.ws, shown, call.t("dataset.about.copy_name", name=title)) if shown else None

    def undone(self, call: Call, shown: str | None) -> DatasetInfo | None:
        """Goes back to the version before."""
        return undo(call.ws, shown) if shown else None


def about(info: DatasetInfo, call: Call) -> str:
    """What a dataset of files is: its kind, format, files, tags and notes, for its head."""
    if not info.shape or info.rows < 0:
        return ""
    parts = [call.t(f"dataset.kind.{info.kind}")]
    if info.files:
        parts.append(plain(", ".join(info.files[:3])) + (" …" if len(info.files) > 3 else ""))
    if info.tools:
        parts.append(call.t("dataset.tools", count=info.tools))
    if info.made_from:
        parts.append(plain(call.say(info.made_from)))
    parts += [f"`{tag.replace('`', '')}`" for tag in info.tags]
    return " · ".join(parts) + (f"\n\n{plain(info.notes)}" if info.notes else "")
