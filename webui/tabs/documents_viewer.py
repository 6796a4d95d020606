"""The viewer: a page's image beside its Markdown, which can be corrected by hand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core import documents
from core.documents import DocumentInfo
from core.documents.detect import PAGED
from core.storage import check_id
from webui.components.confirm import TwoClicks
from webui.components.formulas import DELIMITERS, with_formulas
from webui.components.found import marked
from webui.components.pictures import marked_for_browser, with_own_pictures
from webui.components.words import plain
from webui.page import Call, Page
from webui.tabs.documents_words import head_words, is_locked, next_doubtful, page_doubt, page_words, use_words

IN_ORDER: dict[str, Any] = {"concurrency_id": "correction", "concurrency_limit": 1}
"""A click on a button first leaves the box, which saves it: the click must come second. All that fills the viewer goes
one after the other, too: what was read before a change must not arrive after it."""


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
    doubtful: gr.Button
    searching: gr.Row
    query: gr.Textbox
    place: gr.State
    found: gr.Markdown
    found_back: gr.Button
    found_forward: gr.Button
    note: gr.Markdown
    confirm: gr.Button
    reread: gr.Button
    undo: gr.Button
    unused: gr.Markdown
    use: gr.Button
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
                doubtful = gr.Button("", size="sm", visible=False, elem_id="documents-doubtful")
            place = gr.State(("", -1))
            with gr.Row(elem_classes=["page-row", "find-row"]) as searching:
                query = gr.Textbox("", show_label=False, container=False, max_lines=1, min_width=140, max_length=200,
                                   label=tr("documents.ui.search"), placeholder=tr("documents.ui.search"),
                                   elem_id="documents-search")
                found = gr.Markdown("", elem_classes="hint", elem_id="documents-found")
                found_back = gr.Button(tr("documents.ui.found_back"), size="sm", elem_id="documents-found-back",
                                       interactive=False)
                found_forward = gr.Button(tr("documents.ui.found_forward"), size="sm", interactive=False,
                                          elem_id="documents-found-forward")
            note = gr.Markdown(visible=False, elem_classes="doubt", elem_id="documents-page-note")
            unused = gr.Markdown(visible=False, elem_classes="hint", elem_id="documents-unused")
            with gr.Row(elem_classes=["page-row", "page-actions"]):
                confirm = gr.Button(tr("documents.ui.confirm"), size="sm", visible=False, elem_id="documents-confirm")
                reread = gr.Button(tr("documents.ui.reread"), size="sm", visible=False, elem_id="documents-reread")
                undo = gr.Button(tr("documents.ui.undo"), size="sm", visible=False, elem_id="documents-undo")
                use = gr.Button("", size="sm", visible=False, elem_id="documents-use")
            with gr.Row(elem_classes="side-by-side") as body:
                image = gr.Image(type="filepath", interactive=False, buttons=["fullscreen"], show_label=False,
                                 label=tr("documents.ui.image"), elem_id="documents-image", min_width=280, scale=5)
                with gr.Column(min_width=280, scale=6), gr.Tabs():
                    with gr.Tab(tr("documents.ui.rendered"), elem_id="documents-tab-text") as text_tab:
                        rendered = gr.Markdown(sanitize_html=True, latex_delimiters=DELIMITERS, elem_classes="sheet",
                                               elem_id="documents-rendered")
                    with gr.Tab(tr("documents.ui.source"), elem_id="documents-tab-edit", render_children=True):
                        source = gr.Textbox(lines=20, max_lines=20, container=False, show_label=False,
                                            label=tr("documents.ui.source_label"), elem_id="documents-source")
                        with gr.Row(elem_classes="actions"):
                            saved = gr.Markdown("", elem_classes=["ok", "said"], elem_id="documents-saved")
                            save = gr.Button(tr("documents.ui.save"), size="sm", elem_id="documents-save")
        viewer = cls(shown, sent, box, head, pager, back, choice, forward, doubtful, searching, query, place, found,
                     found_back, found_forward, note, confirm, reread, undo, unused, use, body, image, rendered, source,
                     save, saved, again, lock, password, unlock, delete)
        viewer._wire(page, text_tab)
        return viewer

    @property
    def outputs(self) -> list[Any]:
        """What `show` fills, in its order."""
        return [self.shown, self.sent, self.box, self.head, self.pager, self.back, self.choice, self.forward,
                self.doubtful, self.searching, self.note, self.confirm, self.reread, self.undo, self.unused, self.use,
                self.body, self.image, self.rendered, self.source, self.saved, self.again, self.lock, self.password,
                *self.delete.outputs]

    def fill(self, values: dict[Any, Any]) -> list[Any]:
        """Updates for `outputs`; components that are not named stay as they are."""
        return [values.get(component, gr.skip()) for component in self.outputs]

    def _wire(self, page: Page, text_tab: gr.Tab) -> None:
        for button, by in ((self.back, -1), (self.forward, 1)):
            page.on(button.click, lambda call, shown, text, by=by: self.turn(call, shown, text, by), self.typed,
                    self.outputs, trigger_mode="always_last", **IN_ORDER)
        page.on(self.choice.input, self._jump, [*self.typed, self.choice], self.outputs, trigger_mode="always_last",
                **IN_ORDER)
        page.on(self.doubtful.click, self.next_doubt, self.typed, self.outputs, **IN_ORDER)
        for event in (self.source.blur, self.save.click):
            page.on(event, self.keep_and_say, self.typed, [self.saved, self.undo], **IN_ORDER)
        page.on(self.undo.click, self.take_back, [self.shown], self.outputs, **IN_ORDER)
        page.on(self.confirm.click, self.approve, self.typed, self.outputs, **IN_ORDER)
        page.on(self.use.click, self.switch_use, self.typed, self.outputs, **IN_ORDER)
        page.on(text_tab.select, lambda call, text, shown: self.render(call, place_of(shown)[0], text),
                [self.source, self.shown], self.rendered)
        asked = [*self.typed, self.query, self.place]
        answered = [self.place, self.found, self.found_back, self.found_forward, *self.outputs]
        for step, event in ((1, self.query.submit), (1, self.found_forward.click), (-1, self.found_back.click),
                            (0, self.query.change)):
            page.on(event, lambda call, shown, text, query, place, step=step:
                    self.find(call, shown, text, query, place, step), asked, answered, trigger_mode="always_last",
                    **IN_ORDER)

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

    def next_doubt(self, call: Call, shown: str, text: str) -> list[Any]:
        """The next page that should be checked."""
        self.keep(call, shown, text)
        document, number = _known(call, shown), place_of(shown)[1]
        return self.show(call, document, next_doubtful(document, number) or number if document else number)

    def approve(self, call: Call, shown: str, text: str) -> list[Any]:
        """Notes that the page was read rightly, and goes to the next one to check."""
        self.keep(call, shown, text)
        id, number = place_of(shown)
        documents.confirm_page(call.ws, id, number)
        document = _known(call, shown)
        return self.show(call, document, next_doubtful(document, number) or number if document else number)

    def switch_use(self, call: Call, shown: str, text: str) -> list[Any]:
        """Takes the page out of the questions, or in again."""
        self.keep(call, shown, text)
        id, number = place_of(shown)
        documents.use_page(call.ws, id, number, not use_words(call, id, number)[1])
        return self.show(call, _known(call, shown), number)

    def take_back(self, call: Call, shown: str) -> list[Any]:
        """The page as it was converted, without its correction."""
        id, number = place_of(shown)
        if number:
            documents.undo_correction(call.ws, id, number)
        return self.show(call, _known(call, shown), number)

    def find(self, call: Call, shown: str, text: str, query: str, place: tuple[str, int], step: int) -> list[Any]:
        """The next or previous place of what was searched, from the page that is shown; `step` 0 only counts."""
        self.keep(call, shown, text)
        id, number = place_of(shown)
        hits = documents.search(call.ws, id, query) if number else []
        at = place[1] if place[0] == f"{id} {query}" else -1
        if step and hits:
            first = next((i for i, hit in enumerate(hits) if hit.page >= number), 0)
            last = next((i for i in range(len(hits) - 1, -1, -1) if hits[i].page <= number), len(hits) - 1)
            at = (at + step) % len(hits) if at >= 0 else first if step > 0 else last
        words = "" if not query.strip() else call.t("documents.ui.found_none") if not hits else \
            call.t("documents.ui.found_at", number=at + 1, count=len(hits)) if at >= 0 else \
            call.t("documents.ui.found_count", count=len(hits))
        page = self.show(call, _known(call, shown), hits[at].page, query=query, hit=hits[at]) if hits and step else \
            [gr.skip()] * len(self.outputs)
        buttons = [gr.update(interactive=bool(hits))] * 2
        return [(f"{id} {query}", at), words, *buttons, *page]

    def render(self, call: Call, id: str, text: str, query: str = "", hit: documents.Hit | None = None) -> str:
        """The text as Markdown for the browser: with its own pictures, and marks where it holds what was searched."""
        if not id:
            return ""
        places = [match.span() for match in documents.hits_in(documents.pattern_of(query), text)]
        current = places.index((hit.start, hit.end)) if hit and (hit.start, hit.end) in places else -1
        return with_formulas(with_own_pictures(call.ws, call.ws.document(id), marked(text, places, current)))

    def show(self, call: Call, document: DocumentInfo | None, number: int = 1, shown: str = "", sent: str = "",
             query: str = "", hit: documents.Hit | None = None) -> list[Any]:
        """One page of the document; its state and reason while it has none.

        When `shown` or `sent` is this page as it was converted last, the boxes stay: somebody may be typing.
        """
        if document is None:
            return self.fill({self.shown: "", self.sent: "", self.box: gr.update(visible=False),
                              self.lock: gr.update(visible=False), self.password: "", **self._reset(call)})
        found = documents.pages(call.ws, document.id)
        known = {p.number: p for p in found}
        number = number if number in known else min(known, key=lambda n: abs(n - number), default=0)
        locked = is_locked(document)
        whole: dict[Any, Any] = {
            self.box: gr.update(visible=True), self.head: f"### {plain(document.label)}\n{head_words(call, document)}",
            self.again: gr.update(visible=document.state in ("failed", "partial") and not locked),
            self.lock: gr.update(visible=locked), **({} if locked else {self.password: ""}), **self._reset(call)}
        if not number:
            hidden = (self.pager, self.doubtful, self.searching, self.note, self.confirm, self.reread, self.undo,
                      self.unused, self.use, self.body)
            return self.fill({**whole, self.shown: _place(document.id, 0, ""), self.sent: "", self.image: None,
                              self.rendered: "", self.source: "", self.saved: "",
                              **{component: gr.update(visible=False) for component in hidden}})
        page, text = known[number], documents.page_markdown(call.ws, document.id, number)
        now = _place(document.id, number, documents.page_markdown(call.ws, document.id, number, corrected=False))
        boxes = {} if now in (shown, sent) else {
            self.shown: now, self.source: text, self.saved: "",
            self.rendered: self.render(call, document.id, text, query, hit)}
        choices = [(page_words(call, p, document.pages or len(found)), p.number) for p in found]
        picture = documents.page_image(call.ws, document.id, number)
        places = documents.places_of(call.ws, document.id, number, hit.start, hit.end) if hit and picture else []
        doubt, (unused, used) = page_doubt(call, page), use_words(call, document.id, number)
        others = len([n for n in document.doubtful if n != number])
        return self.fill({
            **whole, **boxes, self.sent: now, self.pager: gr.update(visible=len(found) > 1),
            self.back: gr.update(interactive=number > min(known)),
            self.choice: gr.update(choices=choices, value=number),
            self.forward: gr.update(interactive=number < max(known)),
            self.doubtful: gr.update(visible=bool(others), value=call.t("documents.ui.next_doubtful", count=others)),
            self.searching: gr.update(visible=True), self.note: gr.update(visible=bool(doubt), value=doubt),
            self.confirm: gr.update(visible=number in document.doubtful),
            self.reread: gr.update(visible=document.kind in PAGED and document.state != "converting" and not locked),
            self.undo: gr.update(visible=page.corrected), self.body: gr.update(visible=True),
            self.unused: gr.update(visible=bool(unused), value=unused),
            self.use: gr.update(visible=True, value=call.t(f"documents.ui.{'unuse' if used else 'use'}_page")),
            self.image: gr.update(visible=picture is not None,
                                  value=marked_for_browser(call.ws, picture, places) if picture else None)})

    def _reset(self, call: Call) -> dict[Any, Any]:
        return dict(zip(self.delete.outputs, self.delete.reset(call), strict=True))

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


def place_of(shown: str) -> tuple[str, int]:
    """(document id, page number) of what `shown` holds; ("", 0) for nothing. Raises UserError for a strange id."""
    id, number, _ = [*(shown or "").split(" "), "0", "", ""][:3]
    return (check_id(id), int(number)) if id and number.isdigit() else ("", 0)


def _place(id: str, number: int, text: str) -> str:
    """What `shown` holds: the page, and which conversion of it was sent to the browser; a correction is none."""
    return f"{id} {number} {hashlib.sha256(text.encode()).hexdigest()}"


def _known(call: Call, shown: str) -> DocumentInfo | None:
    id = place_of(shown)[0]
    return documents.find_document(call.ws, id) if id else None
