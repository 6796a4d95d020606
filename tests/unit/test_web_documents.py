"""The page viewer: what is typed stays when the list around it is drawn anew."""

from __future__ import annotations

from dataclasses import dataclass, field

import gradio as gr
import pytest

from core import documents
from core.documents import DocumentInfo, PageInfo
from core.errors import UserError
from webui.language import translations
from webui.page import Call, Page
from webui.tabs.documents_viewer import Viewer

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
    monkeypatch.setattr(documents, "pages", lambda ws, id: [PageInfo(number) for number in found.converted])
    monkeypatch.setattr(documents, "page_markdown", found.text)
    monkeypatch.setattr(documents, "page_image", lambda ws, id, number: None)
    monkeypatch.setattr(documents, "is_corrected", lambda ws, id, number: number in found.edited)
    monkeypatch.setattr(documents, "undo_correction", lambda ws, id, number: found.edited.pop(number, None))
    monkeypatch.setattr(documents, "list_documents", lambda ws: [ALPHA])
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
