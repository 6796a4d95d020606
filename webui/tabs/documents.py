"""Step 1: files in, Markdown out, each page beside its image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from core import documents
from core.documents import ConvertSettings
from core.errors import UserError
from core.storage.workspace import user_path
from webui.components.jobcard import JobCard, ending
from webui.components.words import plain
from webui.forms import Form
from webui.page import Call, Page
from webui.tabs.documents_engine import EngineMenu
from webui.tabs.documents_list import Snapshot, headers, primary, problems, row, snapshot
from webui.tabs.documents_viewer import IN_ORDER, Viewer, place_of

OTHER = {"en": "zh", "zh": "en"}
REFUSALS_SHOWN = 12  # an archive may hold hundreds of files that are no documents


def build(page: Page) -> None:
    """Renders the step into the open tab."""
    DocumentsTab(page)


class DocumentsTab:
    """The components of the step and what they do."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.ids = gr.State([])
        self.drawn = gr.State("")
        self.ticked = gr.State([])
        with gr.Row(elem_classes="columns"):
            with gr.Column(scale=4, min_width=300, elem_classes="left"):
                self._left()
            with gr.Column(scale=9, min_width=320):
                self._right()
        self._wire()

    def _left(self) -> None:
        tr = self.page.tr
        with gr.Column(elem_classes="card"):
            gr.Markdown(tr("documents.ui.title"))
            self.files = gr.File(label=tr("documents.ui.files"), file_count="multiple", height=130,
                                 show_label=False,
                                 elem_id="documents-files")
            self.refused = gr.Markdown(visible=False, elem_classes="blocker", elem_id="documents-refused")
            self.form = Form.build(self.page, ConvertSettings)
            self.engine = EngineMenu(self.page)
            self.message = gr.Markdown(visible=False, elem_classes="doubt", elem_id="documents-message")
            with gr.Row(elem_classes=["actions", "primary-row"]):
                self.convert = gr.Button(tr("documents.ui.choose"), variant="primary", interactive=False,
                                         elem_id="documents-convert")
                self.next = gr.Button(tr("documents.ui.next"), variant="primary", visible=False,
                                      elem_id="documents-next")

    def _right(self) -> None:
        page, tr = self.page, self.page.tr
        with gr.Column(elem_classes=["card", "empty-state"]) as self.empty:
            gr.Markdown(tr("documents.ui.empty"))
            with gr.Row(elem_classes="centred"):
                self.example = gr.Button(tr("documents.ui.example"), elem_id="documents-example")
                self.example_other = gr.Button(tr("documents.ui.example_other"), elem_id="documents-example-other")
        self.card = JobCard.build(page, "convert", lambda call: snapshot(call).job)
        with gr.Column(visible=False, elem_classes="card") as self.listing:
            with gr.Row(visible=False, elem_classes="bulk") as self.bulk:
                self.join = gr.Button("", size="sm", elem_id="documents-join")
                self.order = gr.Markdown("", elem_classes="hint", elem_id="documents-order")
            self.list = gr.Dataframe(datatype=["bool", *["str"] * 6], interactive=True, type="array", buttons=[],
                                     static_columns=[1, 2, 3, 4, 5, 6], show_label=False, wrap=True,
                                     label=tr("documents.ui.list"), elem_id="documents-list",
                                     elem_classes=["rows", "few-columns"],
                                     column_widths=["5%", "30%", "18%", "9%", "16%", "12%", "10%"], max_height=264)
            self.problems = gr.Markdown(visible=False, elem_classes="doubt", elem_id="documents-problems")
        self.viewer = Viewer.build(page)

    def _wire(self) -> None:
        page, shown = self.page, self.viewer.shown
        filled = [self.empty, self.listing, self.list, self.ids, self.drawn, self.problems, self.message, self.convert,
                  self.next, *self.card.outputs, *self.viewer.outputs]
        timer = page.poll(self.tick, filled, inputs=[self.drawn, shown, self.viewer.sent, self.ticked], **IN_ORDER)
        self.outputs: list[Any] = [*filled, timer]
        page.on(self.list.input, self.tick_rows, [self.list, self.ids], self.chosen)
        page.on(self.join.click, self.join_ticked, [self.ticked, *self.viewer.typed], [*self.chosen, *self.outputs],
                **IN_ORDER)
        page.on_open("documents", self.open, self.outputs, [shown], **IN_ORDER)
        page.on(self.files.upload, self.upload, self.files, [self.files, self.refused, *self.outputs], **IN_ORDER)
        for button, other in ((self.example, False), (self.example_other, True)):
            page.on(button.click, self._example(other), None, self.outputs, **IN_ORDER)
        chosen = self.form.inputs | self.engine.inputs
        page.on(self.convert.click, self.start, chosen, self.outputs, **IN_ORDER)
        page.on(self.viewer.again.click, self.again, chosen | {shown}, self.outputs, **IN_ORDER)
        page.on(self.viewer.reread.click, self.reread, chosen | set(self.viewer.typed), self.outputs, **IN_ORDER)
        for event in (self.viewer.unlock.click, self.viewer.password.submit):
            page.on(event, self.unlock, chosen | {shown, self.viewer.password},
                    [self.viewer.password, *self._but(self.outputs, self.outputs, [self.viewer.password])], **IN_ORDER)
        page.on(self.list.select, self.choose, [self.ids, *self.viewer.typed, self.viewer.sent], self.viewer.outputs,
                trigger_mode="multiple", **IN_ORDER)  # a click while the answer to another is awaited must not be lost
        self.viewer.delete.wire(page, [shown], self._but_delete(self.outputs), words=self.lost, act=self.remove,
                                **IN_ORDER)
        page.link(self.next, "qa")

    def _but_delete(self, values: list[Any]) -> list[Any]:
        """The entries of `values`, which go with `outputs`, less those of the delete button: it resets itself."""
        return self._but(self.outputs, values, self.viewer.delete.outputs)

    @staticmethod
    def _but(components: list[Any], values: list[Any], without: list[Any]) -> list[Any]:
        """The entries of `values`, which go with `components`, less those of some components."""
        own = {id(component) for component in without}
        return [value for component, value in zip(components, values, strict=True) if id(component) not in own]

    def open(self, call: Call, shown: str) -> list[Any]:
        """Everything anew, keeping the page that is looked at."""
        return self.draw(call, snapshot(call), shown)

    def draw(self, call: Call, snap: Snapshot, shown: str, drawn: str = "", look: bool = True,
             sent: str = "", ticked: Sequence[str] = ()) -> list[Any]:
        """Updates for `outputs`. The table is sent only when it differs from `drawn`; the viewer only if `look`."""
        rows = [row(call, d, snap.find(d.part_of)) for d in snap.documents]
        fresh = repr(rows)
        ticks = [[d.id in ticked, *cells] for d, cells in zip(snap.documents, rows, strict=True)]
        table = gr.skip() if fresh == drawn else gr.update(value={"headers": headers(call), "data": ticks})
        said, ended = problems(call, snap), ending(call, snap.job)
        button = primary(call, snap)
        any_documents = bool(snap.documents)
        view = [gr.skip()] * len(self.viewer.outputs)
        if look:
            id, number = place_of(sent or shown)  # a call that set out before the last answer came has an old `shown`
            document = snap.find(id) or next(iter(snap.documents), None)
            known = document is not None and document.id == id and number
            view = self.viewer.show(call, document, number if known else 1, shown, sent)
        return [gr.update(visible=not any_documents), gr.update(visible=any_documents), table,
                [d.id for d in snap.documents], fresh, gr.update(visible=bool(said), value=said),
                gr.update(visible=bool(ended), value=ended), gr.update(**button),
                gr.update(visible=not button["visible"]), *self.card.updates(call, snap.job), *view,
                gr.Timer(active=snap.running)]

    def tick(self, call: Call, drawn: str, shown: str, sent: str, ticked: list[str]) -> list[Any]:
        """While converting: the list and the progress; the viewer when it has nothing yet, and at the end."""
        snap = snapshot(call)
        return self.draw(call, snap, shown, drawn, not snap.running or not place_of(shown)[1], sent, ticked)

    @property
    def chosen(self) -> list[Any]:
        """What ticking fills."""
        return [self.ticked, self.bulk, self.join, self.order]

    def tick_rows(self, call: Call, rows: list[list[Any]], ids: list[str]) -> list[Any]:
        """Remembers the ticked documents and offers to join them, in the order that is shown."""
        ticked = [id for id, cells in zip(ids, rows, strict=False) if cells[0] in (True, "true")]
        labels = sorted((cells[1] for id, cells in zip(ids, rows, strict=False) if id in ticked),
                        key=documents.natural)
        order = " · ".join(f"{number}\\. {plain(label)}" for number, label in enumerate(labels, 1))
        return [ticked, gr.update(visible=bool(ticked)),
                gr.update(value=call.t("documents.ui.join", count=len(ticked)), interactive=len(ticked) > 1),
                order if len(ticked) > 1 else call.t("documents.ui.join_more")]

    def join_ticked(self, call: Call, ticked: list[str], shown: str, text: str) -> list[Any]:
        """Makes one document of the ticked ones and opens it; deleting it brings them back."""
        self.viewer.keep(call, shown, text)
        known = [d for id in ticked if (d := documents.find_document(call.ws, id)) is not None]
        first = min((d.label for d in known), key=documents.natural, default="")
        label = call.t("documents.ui.joined_name", name=first, count=len(known) - 1)
        whole = documents.join_documents(call.ws, ticked, label)
        return [[], gr.update(visible=False), "", "", *self.open(call, f"{whole} 1 ")]

    def upload(self, call: Call, paths: list[str] | None) -> list[Any]:
        """Takes the files in; each that cannot be used is named with the reason."""
        results = documents.import_files(call.ws, [(p, user_path(p).name) for p in paths or []])
        said = [f"**{plain(r.label)}** · {plain(call.say(r.error))}" for r in results if r.error]
        more = [call.t("documents.ui.more_problems", count=len(said) - REFUSALS_SHOWN)]
        lines = said[:REFUSALS_SHOWN] + (more if len(said) > REFUSALS_SHOWN else [])
        colour = "doubt" if all(r.document_id for r in results) else "blocker"
        return [None, gr.update(visible=bool(lines), value="\n\n".join(lines), elem_classes=[colour]),
                *self.open(call, "")]

    def _example(self, other: bool) -> Any:
        def click(call: Call) -> list[Any]:
            ids = documents.import_example(call.ws, OTHER[call.lang] if other else call.lang)
            documents.start_convert(call.ws, ids, ConvertSettings())
            return self.open(call, "")
        return click

    def _settings(self, call: Call, values: dict[Any, Any]) -> ConvertSettings:
        return self.engine.choose(call, values, self.form.read(values))

    def start(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Converts what waits; documents that failed are tried again when nothing waits."""
        snap = snapshot(call)
        wanted = snap.todo or [d for d in snap.documents if d.state == "failed"]
        documents.start_convert(call.ws, [d.id for d in wanted], self._settings(call, values))
        return self.open(call, "")

    def again(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Converts the shown document once more, reading every page as a picture."""
        shown = values[self.viewer.shown]
        settings = self._settings(call, values).model_copy(update={"ocr": "always"})
        documents.start_convert(call.ws, [place_of(shown)[0]], settings)
        return self.open(call, shown)

    def reread(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Reads the shown page anew from its picture, with the chosen engine. A correction of it stays until it is
        taken back."""
        shown, text = (values[component] for component in self.viewer.typed)
        self.viewer.keep(call, shown, text)
        settings = self._settings(call, values).model_copy(update={"ocr": "always"})
        documents.start_page(call.ws, *place_of(shown), settings)
        return self.open(call, shown)

    def unlock(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Converts the shown document with the password that was typed; it is handed on and forgotten."""
        password, shown = str(values[self.viewer.password] or ""), values[self.viewer.shown]
        if not password:
            raise UserError("documents.error.no_password")
        documents.start_convert(call.ws, [place_of(shown)[0]], self._settings(call, values), password=password)
        return ["", *self._but(self.outputs, self.open(call, shown), [self.viewer.password])]

    def choose(self, call: Call, ids: list[str], shown: str, text: str, sent: str,
               event: gr.SelectData) -> list[Any]:
        """Opens the document of the clicked row; the one that is open stays as it is, for somebody may be typing."""
        self.viewer.keep(call, shown, text)
        number, column = event.index
        if column == 0:  # it only ticks
            return [gr.skip()] * len(self.viewer.outputs)
        document = snapshot(call).find(ids[number] if number < len(ids) else None)
        id, page = place_of(sent)
        open_page = page if document and document.id == id and page else 1
        return self.viewer.show(call, document, open_page, sent=sent)

    def lost(self, call: Call, shown: str) -> str:
        """What deleting the shown document loses."""
        document = snapshot(call).find(place_of(shown)[0])
        key = "documents.ui.delete_joined_sure" if document and document.parts else "documents.ui.delete_sure"
        return call.t(key, name=document.label if document else "",
                      pages=document.pages or 0 if document else 0)

    def remove(self, call: Call, shown: str) -> list[Any]:
        """Deletes the shown document and opens the next."""
        if id := place_of(shown)[0]:
            documents.delete_document(call.ws, id)
        return self._but_delete(self.open(call, ""))
