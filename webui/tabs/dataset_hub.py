"""Datasets from and to a hub: its name there or the address of its page, and a token for what is not public."""

from __future__ import annotations

import time
from typing import Any

import gradio as gr

from core import jobs
from core.datasets import DatasetInfo, find_dataset
from core.datasets.hub_jobs import HUBS, parse, start_pull, start_push
from core.datasets.labels import describe
from core.datasets.licences import checked
from core.datasets.sharing import check_licence, share_plan
from core.hubs.access import keep_token
from webui.components.confirm import PAUSE_S
from webui.components.words import plain
from webui.page import Call, Page


class HubImport:
    """Inside the import panel, below the files."""

    def __init__(self, page: Page) -> None:
        tr = page.tr
        with gr.Accordion(tr("dataset.hub.title"), open=False, elem_id="dataset-hub"):
            gr.Markdown(tr("dataset.hub.about"), elem_classes="hint")
            self.hub = gr.Radio([(label, key) for key, label in HUBS.items()], value="huggingface", show_label=False,
                                label=tr("dataset.hub.site"), elem_id="dataset-hub-site")
            self.repo = gr.Textbox(label=tr("dataset.hub.repo"), placeholder="owner/name", max_lines=1,
                                   elem_id="dataset-hub-repo")
            self.token = gr.Textbox(label=tr("dataset.hub.token"), info=tr("dataset.hub.token_help"), type="password",
                                    max_lines=1, elem_id="dataset-hub-token")
            with gr.Row(elem_classes="actions"):
                self.start = gr.Button(tr("dataset.hub.start"), elem_id="dataset-hub-start")

    @property
    def inputs(self) -> set[Any]:
        """What `begin` reads."""
        return {self.hub, self.repo, self.token}

    @property
    def cleared(self) -> list[Any]:
        """What is empty again once the job has started."""
        return [self.token]

    def begin(self, call: Call, values: dict[Any, Any], title: str) -> jobs.JobView:
        """Keeps the token and starts the download."""
        name = parse(values[self.repo] or "", values[self.hub] or "huggingface")
        if (values[self.token] or "").strip():
            keep_token(call.ws, name.hub, values[self.token])
        return start_pull(call.ws, name, title, call.lang)


class HubExport:
    """Inside the export panel, below the file: what is chosen there for format and licence holds here too."""

    def __init__(self, page: Page) -> None:
        tr = page.tr
        with gr.Accordion(tr("dataset.push.title"), open=False, elem_id="dataset-push"):
            gr.Markdown(tr("dataset.push.about"), elem_classes="hint")
            with gr.Row():
                self.repo = gr.Textbox(label=tr("dataset.push.repo"), info=tr("dataset.push.repo_help"),
                                       placeholder="owner/name", max_lines=1, min_width=200,
                                       elem_id="dataset-push-repo")
                self.token = gr.Textbox(label=tr("dataset.hub.token"), info=tr("dataset.push.token_help"),
                                        type="password", max_lines=1, min_width=200, elem_id="dataset-push-token")
            self.private = gr.Checkbox(True, label=tr("dataset.push.private"), elem_id="dataset-push-private")
            self.note = gr.Markdown(visible=False, elem_id="dataset-push-note", sanitize_html=True)
            with gr.Row(elem_classes="actions"):
                self.start = gr.Button(tr("dataset.push.start"), size="sm", elem_id="dataset-push-start")
        self.asked = gr.State([])
        for changed in (self.repo.input, self.private.input):
            page.on(changed, self.again, None, self.asking)

    @property
    def asking(self) -> list[Any]:
        """The open question."""
        return [self.start, self.asked, self.note]

    def again(self, call: Call) -> list[Any]:
        """Takes the question back: it was about something else."""
        return [gr.update(value=call.t("dataset.push.start"), variant="secondary"), [], gr.update(visible=False)]

    def click(self, call: Call, asked: list[Any], shown: str | None, fmt: str | None, licence: str | None, repo: str,
              private: bool, token: str) -> tuple[list[Any], jobs.JobView | None]:
        """The first click says in full what would leave this computer; the second, to the same words, sends it."""
        info, name = find_dataset(call.ws, shown), parse(repo or "")
        if info is None:
            return self.again(call), None
        keep_licence(call, info, licence)
        check_licence(call.ws, info.id, private)
        share = share_plan(call.ws, info.id, fmt or "")
        seen = call.t("dataset.push.for_you" if private else "dataset.push.for_all")
        said = call.t("dataset.push.sure", count=share.rows, title=plain(info.title), files=", ".join(share.names),
                      hub=HUBS[name.hub], repo=plain(name.repo), seen=seen,
                      format=call.t(f"dataset.format.{share.fmt}"))
        if not asked or asked[1] != said:
            return [gr.update(value=call.t("dataset.push.again"), variant="stop"), [time.time(), said],
                    gr.update(value=said, visible=True, elem_classes=["doubt"])], None
        if time.time() - asked[0] < PAUSE_S:
            return [gr.skip()] * len(self.asking), None
        if (token or "").strip():
            keep_token(call.ws, name.hub, token)
        return self.again(call), start_push(call.ws, info.id, name, share.fmt, private, call.lang)


def keep_licence(call: Call, info: DatasetInfo, licence: str | None) -> None:
    """Keeps the licence that is chosen for an export."""
    if info.own and (licence or "") != info.licence:
        describe(call.ws, info.id, licence=checked(licence or ""))
