"""The page viewer: what is typed stays when the list around it is drawn anew."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import gradio as gr
import pytest

from core import documents
from core.documents import DocumentInfo, PageInfo, record
from core.errors import UserError
from tests.fakes.converted import add_converted
from webui.language import translations
from webui.page import Call, Page
from webui.tabs.documents import DocumentsTab
from webui.tabs.documents_list import how_read, kind_words, snapshot, state_words
from webui.tabs.documents_viewer import Viewer, place_of
from webui.tabs.documents_words import head_words

ALPHA = DocumentInfo("alpha", "alpha.md", "md", 10, "", state="done", pages=1, done_pages=1)


@dataclass
class Stored:
    converted: dict[int, str] = field(default_factory=lambda: {1: "every 14 days"})
    edited: dict[int, str] = field(default_factory=dict)

    def text(self, ws, id: str, number: int, corrected: bool = True) -> str:
        return (self.edited if corrected and number in self.edited else self.converted)[number]


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> Stored:
    found = Stored()
    monkeypatch.setattr(documents, "pages", lambda ws, id: [PageInfo(number, corrected=number in found.edited)
                                                            for number in found.converted])
    monkeypatch.setattr(documents, "page_markdown", found.text)
    monkeypatch.setattr(documents, "page_image", lambda ws, id, number: None)
    monkeypatch.setattr(documents, "is_corrected", lambda ws, id, number: number in found.edited)
    monkeypatch.setattr(documents, "undo_correction", lambda ws, id, number: found.edited.pop(number, None))
    monkeypatch.setattr(documents, "list_documents", lambda ws: [ALPHA])
    monkeypatch.setattr(documents, "find_document", lambda ws, id: ALPHA)
    monkeypatch.setattr(documents, "unused", lambda ws, id: {})
    monkeypatch.setattr(documents, "save_page_markdown",
                        lambda ws, id, number, text: found.edited.__setitem__(number, text))
    return found


@pytest.fixture
def viewer(ws) -> tuple[Viewer, Call]:
    with gr.Blocks():
        return Viewer.build(Page(ws, translations())), Call(ws, "en")


def sent(viewer: Viewer, values: list[object]) -> dict[str, object]:
    """The values for the box with the text and for `shown`."""
    named = dict(zip((id(c) for c in viewer.outputs), values, strict=True))
    return {"source": named[id(viewer.source)], "shown": named[id(viewer.shown)]}


def is_skip(value: object) -> bool:
    return isinstance(value, dict) and value == gr.skip()


def test_drawing_again_leaves_a_box_in_which_somebody_types(viewer: tuple[Viewer, Call], texts: Stored) -> None:
    view, call = viewer
    first = sent(view, view.show(call, ALPHA))
    assert first["source"] == "every 14 days"
    assert is_skip(sent(view, view.show(call, ALPHA, 1, first["shown"]))["source"])


def test_a_correction_is_stored_and_the_box_is_left_alone(viewer: tuple[Viewer, Call], texts: Stored) -> None:
    view, call = viewer
    first = sent(view, view.show(call, ALPHA))
    said = view.keep(call, first["shown"], "every 15 days")
    assert texts.edited[1] == "every 15 days" and said
    again = sent(view, view.show(call, ALPHA, 1, first["shown"]))
    assert is_skip(again["source"]) and is_skip(again["shown"])
    assert sent(view, view.show(call, ALPHA))["source"] == "every 15 days"


def test_a_call_that_set_out_before_the_page_arrived_leaves_the_box(viewer: tuple[Viewer, Call], texts: Stored) -> None:
    view, call = viewer
    first = sent(view, view.show(call, ALPHA))
    late = sent(view, view.show(call, ALPHA, 1, shown="alpha 0 x", sent=first["shown"]))
    assert is_skip(late["source"]) and is_skip(late["shown"])


def test_text_that_was_read_anew_is_sent(viewer: tuple[Viewer, Call], texts: Stored) -> None:
    view, call = viewer
    first = sent(view, view.show(call, ALPHA))
    texts.converted[1] = "every 16 days"
    assert sent(view, view.show(call, ALPHA, 1, first["shown"]))["source"] == "every 16 days"


@pytest.mark.parametrize("shown", ["", "alpha 0 x", "alpha", "alpha x y", None])
def test_without_a_page_nothing_is_kept(viewer: tuple[Viewer, Call], texts: Stored, shown: str) -> None:
    view, call = viewer
    assert is_skip(view.keep(call, shown, "lost?")) and texts.edited == {}


def test_a_strange_place_is_refused(viewer: tuple[Viewer, Call], texts: Stored) -> None:
    view, call = viewer
    with pytest.raises(UserError):
        view.keep(call, "../../etc 1 x", "text")


@pytest.mark.parametrize(("error", "asks"), [("documents.error.locked", True), ("documents.error.wrong_password", True),
                                             ("documents.error.damaged", False)])
def test_a_locked_file_is_asked_for_its_password(viewer: tuple[Viewer, Call], monkeypatch: pytest.MonkeyPatch,
                                                 error: str, asks: bool) -> None:
    view, call = viewer
    monkeypatch.setattr(documents, "pages", lambda ws, id: [])
    failed = DocumentInfo("alpha", "alpha.pdf", "pdf", 10, "", state="failed", error={"key": error, "params": {}})
    shown = dict(zip((id(c) for c in view.outputs), view.show(call, failed), strict=True))
    assert shown[id(view.lock)]["visible"] is asks
    assert shown[id(view.again)]["visible"] is not asks
    assert is_skip(shown[id(view.password)]) is asks, "a password that is being typed stays, others are taken away"


def test_a_correction_can_be_taken_back(viewer: tuple[Viewer, Call], texts: Stored) -> None:
    view, call = viewer
    first = sent(view, view.show(call, ALPHA))
    _, undo = view.keep_and_say(call, first["shown"], "every 15 days")
    assert undo["visible"]
    values = view.take_back(call, first["shown"])
    assert sent(view, values)["source"] == "every 14 days" and texts.edited == {}
    assert not dict(zip((id(c) for c in view.outputs), values, strict=True))[id(view.undo)]["visible"]


def shown(viewer: Viewer, values: list[object]) -> dict[int, object]:
    """The sent values by component."""
    return dict(zip((id(c) for c in viewer.outputs), values, strict=True))


HARD = [{"key": "documents.warning.hard_to_read", "params": {}}]


def test_doubtful_pages_are_stepped_through_until_they_are_confirmed(ws, tmp_path, viewer: tuple[Viewer, Call]) -> None:
    view, call = viewer
    doc = add_converted(ws, tmp_path, "scan.md", [f"page {n}\n" for n in range(1, 5)], source="ocr", confidence=0.7)
    for number in (2, 4):
        line = {"source": "ocr", "confidence": 0.7, "warnings": HARD, "chars": 7, "sizes": []}
        record.append(ws.document(doc), "page", number=number, ok=True, **line)
    first = shown(view, view.show(call, documents.find_document(ws, doc)))
    assert first[id(view.doubtful)]["value"] == "Next page to check (2)" and not first[id(view.confirm)]["visible"]
    second = shown(view, view.next_doubt(call, first[id(view.shown)], "page 1\n"))
    assert second[id(view.source)] == "page 2\n" and "70% sure" in second[id(view.note)]["value"].replace("\\", "")
    third = shown(view, view.approve(call, second[id(view.shown)], "page 2\n"))
    assert third[id(view.source)] == "page 4\n" and not third[id(view.doubtful)]["visible"]
    last = shown(view, view.approve(call, third[id(view.shown)], "page 4\n"))
    assert last[id(view.source)] == "page 4\n" and not last[id(view.note)]["visible"]


def test_search_turns_to_the_page_and_goes_round(ws, tmp_path, viewer: tuple[Viewer, Call]) -> None:
    view, call = viewer
    doc = add_converted(ws, tmp_path, "a.md", ["no\n", "the pump, the Pump\n", "no\n", "`pump` and 水泵\n"])
    at, place = f"{doc} 1 x", ("", -1)
    seen = []
    for step in (1, 1, 1, 1, -1):
        place, words, _, _, *values = view.find(call, at, documents.page_markdown(ws, doc, place_of(at)[1]), "pump",
                                                place, step)
        at = shown(view, values)[id(view.shown)]
        seen.append((words, place_of(at)[1], shown(view, values)[id(view.rendered)].strip()))
    assert [(words, page) for words, page, _ in seen] == [("1 of 3", 2), ("2 of 3", 2), ("3 of 3", 4), ("1 of 3", 2),
                                                          ("3 of 3", 4)]
    assert seen[1][2] == "the <mark>pump</mark>, the <mark><b>Pump</b></mark>" and seen[2][2] == "`pump` and 水泵"
    _, words, back, _, *values = view.find(call, at, documents.page_markdown(ws, doc, 4), "hose", place, 1)
    assert words == "not found" and not back["interactive"] and all(is_skip(value) for value in values)


def test_a_page_is_taken_out_of_the_questions_and_in_again(ws, tmp_path, viewer: tuple[Viewer, Call]) -> None:
    view, call = viewer
    doc = add_converted(ws, tmp_path, "a.md", ["The pump weighs 12 kg.\n"])
    at = shown(view, view.show(call, documents.find_document(ws, doc)))[id(view.shown)]
    for label, hint in (("Use for questions", True), ("Leave out of questions", False)):
        now = shown(view, view.switch_use(call, at, "The pump weighs 12 kg.\n"))
        assert now[id(view.use)]["value"] == label and now[id(view.unused)]["visible"] is hint


def test_only_own_pictures_are_shown(ws, tmp_path, viewer: tuple[Viewer, Call]) -> None:
    view, call = viewer
    doc = add_converted(ws, tmp_path, "a.md", ["x\n"])
    own, other = "0123456789abcdef.png", "1123456789abcdef.png"
    ws.document(doc).picture(own).parent.mkdir()
    ws.document(doc).picture(own).write_bytes(b"\x89PNG")
    given = f"![a](images/{own}) ![b](images/{other}) ![c](http://192.0.2.1/x.png) ![d](../x.png)"
    text = view.render(call, doc, given)
    assert text.startswith("![a](/gradio_api/file=") and text.count("![") == 1
    assert text.endswith(f"[b](images/{other}) [c](http://192.0.2.1/x.png) [d](../x.png)")


def test_the_list_puts_doubtful_documents_first_and_says_how_they_were_read(ws, tmp_path) -> None:
    call = Call(ws, "en")
    add_converted(ws, tmp_path, "sure.md", ["a\n"])
    add_converted(ws, tmp_path, "half.md", ["b\n", "c\n"], source="ocr", confidence=0.7, warnings=HARD)
    documents.confirm_page(ws, snapshot(call).documents[0].id, 2)
    found = snapshot(call).documents
    assert [d.label for d in found] == ["half.md", "sure.md"]
    assert [state_words(call, d) for d in found] == ["! 1 page to check", "✓ ready"]
    scan = replace(found[0], kind="pdf")
    assert kind_words(call, scan) == "PDF · OCR 70%" and kind_words(call, replace(found[1], kind="pdf")) == "PDF · text"
    assert how_read(call, scan) == "2 pages read with OCR, 70% sure"


def test_a_reason_below_the_list_is_not_said_again_in_the_head(ws, tmp_path) -> None:
    call = Call(ws, "en")
    for number in range(7):
        doc = add_converted(ws, tmp_path, f"{number}.md", [f"{number}\n"])
        record.append(ws.document(doc), "end", state="failed", error={"key": "documents.error.damaged", "params": {}})
    heads = [head_words(call, d) for d in snapshot(call).documents]
    assert ["damaged" in head for head in heads] == [False] * 6 + [True]


def test_whatever_fills_the_box_goes_one_after_the_other(ws) -> None:
    """An answer that was made before a correction was taken back must not arrive after it."""
    with gr.Blocks() as demo:
        page = Page(ws, translations())
        tab = DocumentsTab(page)
        for fn, inputs, outputs, options in page.refreshers["documents"]:
            page.on(demo.load, fn, inputs, outputs, **options)
    filling = [fn for fn in demo.fns.values() if any(tab.viewer.source is output for output in fn.outputs)]
    assert len(filling) > 10
    assert {(fn.concurrency_id, fn.concurrency_limit) for fn in filling} == {("correction", 1)}


def test_clicking_the_open_document_leaves_what_is_typed(ws, texts: Stored) -> None:
    with gr.Blocks():
        tab = DocumentsTab(Page(ws, translations()))
    call, click = Call(ws, "en"), SimpleNamespace(index=(0, 1))
    opened = sent(tab.viewer, tab.choose(call, ["alpha"], "", "", "", click))
    assert opened["source"] == "every 14 days"
    again = sent(tab.viewer, tab.choose(call, ["alpha"], "", "", opened["shown"], click))
    assert is_skip(again["source"]) and is_skip(again["shown"])
    other = sent(tab.viewer, tab.choose(call, ["alpha"], opened["shown"], "every 14 days", "beta 1 x", click))
    assert other["source"] == "every 14 days"
