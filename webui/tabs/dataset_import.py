"""Datasets from files: what was found, what each column means, an example as it would be read, then the import."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import jobs
from core.datasets import find_dataset, work
from core.datasets.mapping import Mapping
from core.errors import UserError
from core.storage.workspace import user_path
from webui.components.words import plain
from webui.page import Call, Page
from webui.tabs.dataset_hub import HubImport

MENUS = ("messages", "prompt", "query", "response", "system", "chosen", "rejected", "label", "answers", "score",
         "reason", "task", "text")
SHOWN_FAULTS = 8


class ImportPanel:
    """The controls; `job` is what an import starts, shown by the card of the page."""

    def __init__(self, page: Page) -> None:
        tr = page.tr
        self.tags = gr.State({})
        with gr.Accordion(tr("dataset.in.title"), open=False, elem_id="dataset-import") as self.box:
            gr.Markdown(tr("dataset.in.about"), elem_classes="hint")
            self.files = gr.File(label=tr("dataset.in.files"), file_count="multiple", height=110, show_label=False,
                                 elem_id="dataset-files")
            self.found = gr.Markdown(visible=False, elem_id="dataset-found", sanitize_html=True)
            with gr.Accordion(tr("dataset.in.columns"), open=False, visible=False) as self.columns:
                self.menus = {role: gr.Dropdown([("", "")], value="", label=tr(f"dataset.role.{role}"),
                                                interactive=True, elem_id=f"dataset-role-{role}") for role in MENUS}
            self.example = gr.Chatbot(visible=False, label=tr("dataset.in.example"), sanitize_html=True, height=240,
                                      buttons=[], render_markdown=False, autoscroll=False, show_label=False,
                                      elem_id="dataset-example")
            with gr.Row(elem_classes="actions"):
                self.start = gr.Button(tr("dataset.in.choose"), interactive=False, elem_id="dataset-import-start")
            self.hub = HubImport(page)
        seen = [self.found, self.columns, *self.menus.values(), self.tags, self.example, self.start]
        page.on(self.files.upload, self.look, self.files, seen)
        page.on(self.files.clear, self.forget, None, seen)
        for menu in self.menus.values():
            page.on(menu.input, self.again, {self.files, self.tags, *self.menus.values()},
                    [self.found, self.example, self.start])
        self.seen = seen

    def look(self, call: Call, paths: list[str] | None) -> list[Any]:
        """What the files seem to be."""
        if not paths:
            return self.forget(call)
        seen = work.look(call.ws, _sources(paths))
        choices = [(call.t("dataset.in.none"), "")] + [(name, name) for name in seen["columns"]]
        menus = [gr.update(choices=choices, value=seen["mapping"].get(role, "")) for role in MENUS]
        whole = bool(seen["archive"])
        return [*self._said(call, seen, len(paths))[:1],
                gr.update(visible=not whole, open=not seen["complete"]), *menus, seen["tags"],
                *self._said(call, seen, len(paths))[1:]]

    def again(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """The example anew, after a menu was changed."""
        paths = values[self.files] or []
        mapping = self._mapping(values)
        if not paths or mapping is None:
            return [gr.skip(), gr.update(visible=False), gr.update(interactive=False)]
        return self._said(call, work.look(call.ws, _sources(paths), mapping), len(paths))

    def forget(self, call: Call) -> list[Any]:
        """No files chosen."""
        menus = [gr.update(choices=[], value="") for _ in MENUS]
        return [gr.update(visible=False), gr.update(visible=False), *menus, {}, gr.update(visible=False),
                gr.update(value=call.t("dataset.in.choose"), interactive=False)]

    def begin(self, call: Call, values: dict[Any, Any], title: str) -> jobs.JobView:
        """Starts the import of what is chosen."""
        paths = values[self.files] or []
        if not paths:
            raise UserError("dataset.error.no_files")
        return work.start_import(call.ws, _sources(paths), title, self._mapping(values))

    def _mapping(self, values: dict[Any, Any]) -> Mapping | None:
        """What the menus say; None when they say nothing: an archive knows better."""
        chosen = {role: values[menu] for role, menu in self.menus.items() if values[menu]}
        tags = {k: v for k, v in (values[self.tags] or {}).items() if isinstance(v, str)}
        return Mapping(chosen, tags) if chosen else None

    def _said(self, call: Call, seen: dict[str, Any], files: int) -> list[Any]:
        """(what was found, the example, the button)."""
        if seen["archive"]:
            names = ", ".join(plain(name) for name in seen["archive"][:12])
            text, colour = call.t("dataset.in.archive", count=len(seen["archive"]), names=names), "ok"
        elif not seen["complete"]:
            text, colour = call.t("dataset.in.unclear"), "doubt"
        else:
            first = next((one for one in seen["examples"] if "wrong" in one), None)
            shape = call.t(f"dataset.shape.{seen['shape']}")
            text, colour = call.t("dataset.in.ready", format=shape), "ok"
            if first:
                column = call.t("dataset.fault.column", name=plain(first["column"])) if first["column"] else ""
                text = call.t("dataset.in.wrong", format=shape, column=column, why=plain(call.say(first["wrong"])))
                colour = "doubt"
        turns = next((_turns(one) for one in seen["examples"] if "wrong" not in one), [])
        ready = bool(seen["archive"]) or seen["complete"]
        label = call.t("dataset.in.start", count=files) if ready else call.t("dataset.in.say_columns")
        return [gr.update(value=text, visible=True, elem_classes=[colour]), gr.update(value=turns, visible=bool(turns)),
                gr.update(value=label, interactive=ready)]


def _turns(example: dict[str, Any]) -> list[dict[str, str]]:
    """An example for the chat: what the model says on the left, everything else on the right."""
    if example["text"]:
        return [{"role": "assistant", "content": example["text"]}]
    turns = [{"role": "assistant" if role == "assistant" else "user", "content": text}
             for role, text in example["turns"] if text]
    return turns + [{"role": "assistant", "content": f"[{score:g}] {text}" + (f"\n({reason})" if reason else "")}
                    for text, score, reason in example["scores"]]


def _sources(paths: list[str]) -> list[Any]:
    return [(user_path(path), user_path(path).name) for path in paths]


def outcome(call: Call, job: jobs.JobView | None) -> tuple[str, str]:
    """(what an import or an operation that ended well brought, class of its colour)."""
    if job is None or job.state is not jobs.JobState.DONE or not job.result:
        return "", "ok"
    if job.params.get("op") == "change":
        made = find_dataset(call.ws, job.result["ids"][0])
        title = plain(made.title) if made else ""
        return call.t("dataset.do.done", title=title, train=job.result["rows"], held_out=job.result["held_out"]), "ok"
    if job.params.get("op") == "augment":
        refused = sum(job.result["refused"].values())
        return call.t("qa_augment.ui.done", count=job.result["added"], refused=refused), "ok"
    if job.params.get("op") == "push":
        return call.t("dataset.push.done", count=job.result["rows"], url=job.result["url"]), "ok"
    if job.params.get("op") not in ("import", "pull"):
        return "", "ok"
    said = call.t("dataset.in.done", rows=job.result["rows"], count=len(job.result["ids"]))
    if job.result["faults"]:
        said += " " + call.t("dataset.in.faults", count=job.result["faults"])
    left = [plain(call.say(warning)) for warning in job.warnings[:SHOWN_FAULTS]]
    return "\n\n".join([said, *left]), "doubt" if job.result["faults"] or left else "ok"
