"""The viewer: a page's image beside its Markdown, which can be corrected by hand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core import documents
from core.documents import DocumentInfo, PageInfo
from core.documents.detect import PAGED
from core.storage import check_id
from webui.components.confirm import TwoClicks
from webui.components.pictures import copy_for_browser
from webui.components.words import plain
from webui.page import Call, Page
from webui.tabs.documents_list import reason, state_words

LOW_CONFIDENCE = 0.85
IN_ORDER: dict[str, Any] = {"concurrency_id": "correction", "concurrency_limit": 1}
"""A click on a button first leaves the box, which saves it: the click must come second."""
LOCKED = ("documents.error.locked", "documents.error.wrong_password")


@dataclass
class Viewer:
    """Shows one page of one document.

    `shown` is what stands in the browser, `sent` what was sent there last: a call that set out before that arrived
    still has an old `shown`.
    """

    shown: gr.Textbox
    sent: gr.State
    box: gr.Column
    head: gr.Markdown
    pager: gr.Row
    back: gr.Button
    choice: gr.Dropdown
    forward: gr.Button
    note: gr.Markdown
    reread: gr.Button
    undo: gr.Button
    body: gr.Row
    image: gr.Image
    rendered: gr.Markdown
    source: gr.Textbox
    save: gr.Button
    saved: gr.Markdown
    again: gr.Button
    lock: gr.Row
    password: gr.Textbox
    unlock: gr.Button
    delete: TwoClicks

    @classmethod
    def build(cls, page: Page) -> Viewer:
        """Renders the viewer, hidden until a document is chosen."""
        tr = page.tr
        with gr.Column(visible=False, elem_classes="card", elem_id="documents-viewer") as box:
            # In the browser, not in a session: it arrives and leaves together with the text that it belongs to.
            shown = gr.Textbox("", show_label=False, container=False, elem_classes="unseen", elem_id="documents-shown")
            sent = gr.State("")
            with gr.Row(elem_classes="title-row"):
                head = gr.Markdown(elem_id="documents-head", sanitize_html=True)
                again = gr.Button(tr("documents.ui.with_ocr"), size="sm", visible=False, elem_id="documents-again")
                delete = TwoClicks.build(page, "documents.ui.delete", "documents-delete")
            with gr.Row(elem_classes="page-row", visible=False) as lock:
                password = gr.Textbox(type="password", show_label=False, container=False, min_width=200, max_length=500,
                                      label=tr("documents.ui.password"), placeholder=tr("documents.ui.password"),
                                      elem_id="documents-password")
                unlock = gr.Button(tr("documents.ui.unlock"), size="sm", elem_id="documents-unlock")
            with gr.Row(elem_classes="page-row") as pager:
                back = gr.Button(tr("documents.ui.page_back"), size="sm", elem_id="documents-page-back")
                choice = gr.Dropdown([], label=tr("documents.ui.page"), show_label=False, container=False,
                                     interactive=True, min_width=120, elem_id="documents-page")
                forward = gr.Button(tr("documents.ui.page_forward"), size="sm", elem_id="documents-page-forward")
            note = gr.Markdown(visible=False, elem_classes="doubt", elem_id="documents-page-note")
            with gr.Row(elem_classes="page-row"):
                reread = gr.Button(tr("documents.ui.reread"), size="sm", visible=False, elem_id="documents-reread")
                undo = gr.Button(tr("documents.ui.undo"), size="sm", visible=False, elem_id="documents-undo")
            with gr.Row(elem_classes="side-by-side") as body:
                image = gr.Image(type="filepath", interactive=False, buttons=["fullscreen"], show_label=False,
                                 label=tr("documents.ui.image"), elem_id="documents-image", min_width=280, scale=5)
                with gr.Column(min_width=280, scale=6), gr.Tabs():
                    with gr.Tab(tr("documents.ui.rendered"), elem_id="documents-tab-text") as text_tab:
                        rendered = gr.Markdown(sanitize_html=True, elem_classes="sheet", elem_id="documents-rendered")
                    with gr.Tab(tr("documents.ui.source"), elem_id="documents-tab-edit"):
                        source = gr.Textbox(lines=20, max_lines=20, container=False, show_label=False,
                                            label=tr("documents.ui.source_label"), elem_id="documents-source")
                        with gr.Row(elem_classes="actions"):
                            saved = gr.Markdown("", elem_classes=["ok", "said"], elem_id="documents-saved")
                            save = gr.Button(tr("documents.ui.save"), size="sm", elem_id="documents-save")
        viewer = cls(shown, sent, box, head, pager, back, choice, forward, note, reread, undo, body, image, rendered,
                     source, save, saved, again, lock, password, unlock, delete)
        viewer._wire(page, text_tab)
        return viewer

    @property
    def outputs(self) -> list[Any]:
        """What `show` fills, in its order."""
        return [self.shown, self.sent, self.box, self.head, self.pager, self.back, self.choice, self.forward, self.note,
                self.reread, self.undo, self.body, self.image, self.rendered, self.source, self.saved, self.again,
                self.lock, self.password, *self.delete.outputs]

    def _wire(self, page: Page, text_tab: gr.Tab) -> None:
        for button, by in ((self.back, -1), (self.forward, 1)):
            page.on(button.click, lambda call, shown, text, by=by: self.turn(call, shown, text, by), self.typed,
                    self.outputs, trigger_mode="always_last")
        page.on(self.choice.input, self._jump, [*self.typed, self.choice], self.outputs, trigger_mode="always_last")
        for event in (self.source.blur, self.save.click):
            page.on(event, self.keep_and_say, self.typed, [self.saved, self.undo], **IN_ORDER)
        page.on(self.undo.click, self.take_back, [self.shown], self.outputs, **IN_ORDER)
        page.on(text_tab.select, lambda call, text: without_remote_images(text), self.source, self.rendered)

    @property
    def typed(self) -> list[Any]:
        """What `keep` needs: the page that is shown, and its text in the box."""
        return [self.shown, self.source]

    def _jump(self, call: Call, shown: str, text: str, number: int) -> list[Any]:
        self.keep(call, shown, text)
        return self.show(call, _known(call, shown), number)

    def turn(self, call: Call, shown: str, text: str, by: int) -> list[Any]:
        """The neighbouring page."""
        self.keep(call, shown, text)
        return self.show(call, _known(call, shown), place_of(shown)[1] + by)

    def take_back(self, call: Call, shown: str) -> list[Any]:
        """The page as it was converted, without its correction."""
        id, number = place_of(shown)
        if number:
            documents.undo_correction(call.ws, id, number)
        return self.show(call, _known(call, shown), number)

    def nothing(self, call: Call) -> list[Any]:
        """Hides the viewer."""
        return ["", "", gr.update(visible=False), *[gr.skip()] * 14, gr.update(visible=False), "",
                *self.delete.reset(call)]

    def show(self, call: Call, document: DocumentInfo | None, number: int = 1,
             shown: str = "", sent: str = "") -> list[Any]:
        """One page of the document; its state and reason while it has none.

        When `shown` or `sent` is this page as it was converted last, the boxes stay: somebody may be typing.
        """
        if document is None:
            return self.nothing(call)
        found = documents.pages(call.ws, document.id)
        known = {p.number: p for p in found}
        number = number if number in known else min(known, key=lambda n: abs(n - number), default=0)
        locked = is_locked(document)
        again = gr.update(visible=document.state in ("failed", "partial") and not locked)
        lock = [gr.update(visible=locked), gr.skip() if locked else ""]
        head = f"### {plain(document.label)}\n{head_words(call, document)}"
        if not number:
            return [_place(document.id, 0, ""), "", gr.update(visible=True), head, gr.update(visible=False),
                    *[gr.skip()] * 3, *[gr.update(visible=False)] * 4, None, "", "", "", again,
                    *lock, *self.delete.reset(call)]
        text, doubt = documents.page_markdown(call.ws, document.id, number), page_doubt(call, known[number])
        picture = documents.page_image(call.ws, document.id, number)
        now = _place(document.id, number, documents.page_markdown(call.ws, document.id, number, corrected=False))
        same = now in (shown, sent)
        boxes = [gr.skip()] * 3 if same else [without_remote_images(text), text, ""]
        choices = [(page_words(call, p, document.pages or len(found)), p.number) for p in found]
        return [gr.skip() if same else now, now, gr.update(visible=True), head, gr.update(visible=len(found) > 1),
                gr.update(interactive=number > min(known)), gr.update(choices=choices, value=number),
                gr.update(interactive=number < max(known)), gr.update(visible=bool(doubt), value=doubt),
                gr.update(visible=document.kind in PAGED and document.state != "converting" and not locked),
                gr.update(visible=documents.is_corrected(call.ws, document.id, number)), gr.update(visible=True),
                gr.update(visible=picture is not None, value=copy_for_browser(call.ws, picture) if picture else None),
                *boxes, again, *lock, *self.delete.reset(call)]

    def keep_and_say(self, call: Call, shown: str, text: str) -> list[Any]:
        """Saves a correction, says so, and offers to take it back."""
        said, (id, number) = self.keep(call, shown, text), place_of(shown)
        return [said, gr.update(visible=bool(number) and documents.is_corrected(call.ws, id, number))]

    def keep(self, call: Call, shown: str, text: str) -> Any:
        """Saves a correction; also when the box is left or another page is opened: nothing typed is lost."""
        id, number = place_of(shown)
        if not number:
            return gr.skip()
        if text != documents.page_markdown(call.ws, id, number):
            documents.save_page_markdown(call.ws, id, number, text)
        return call.t("documents.ui.saved")


def is_locked(document: DocumentInfo) -> bool:
    """Whether the document waits for its password."""
    return document.state == "failed" and (document.error or {}).get("key") in LOCKED


def place_of(shown: str) -> tuple[str, int]:
    """(document id, page number) of what `shown` holds; ("", 0) for nothing. Raises UserError for a strange id."""
    id, number, _ = [*(shown or "").split(" "), "0", "", ""][:3]
    return (check_id(id), int(number)) if id and number.isdigit() else ("", 0)


def _place(id: str, number: int, text: str) -> str:
    """What `shown` holds: the page, and which conversion of it was sent to the browser; a correction is none."""
    return f"{id} {number} {hashlib.sha256(text.encode()).hexdigest()}"


def _known(call: Call, shown: str) -> DocumentInfo | None:
    id = place_of(shown)[0]
    return next((d for d in documents.list_documents(call.ws) if d.id == id), None)


def head_words(call: Call, document: DocumentInfo) -> str:
    """The line under the name: state, and the reason when it is not whole."""
    words = state_words(call, document)
    return f"{words} · {reason(call, document)}" if document.error or document.warnings else words


def page_words(call: Call, page: PageInfo, total: int) -> str:
    """A page in the list of pages; pages to check are marked."""
    words = call.t("documents.ui.page_of", number=page.number, total=total)
    mark = "" if page.source == "text" else " · " + call.t(f"documents.ui.page_source.{page.source}")
    return ("! " if page_doubt(call, page) else "") + words + mark


def page_doubt(call: Call, page: PageInfo) -> str:
    """What to check on this page; empty when nothing."""
    said = [call.say(w) for w in page.warnings]
    if not said and page.confidence is not None and page.confidence < LOW_CONFIDENCE:
        said.append(call.t("documents.ui.check_page", percent=round(100 * page.confidence)))
    return plain(" ".join(said))


def without_remote_images(text: str) -> str:
    """Markdown whose pictures are shown as their names: a document must not make the browser fetch anything."""
    return text.replace("![", "[")
