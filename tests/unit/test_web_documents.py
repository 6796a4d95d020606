"""The page viewer: what is typed stays when the list around it is drawn anew."""

from __future__ import annotations

import gradio as gr
import pytest

from core import documents
from core.documents import DocumentInfo, PageInfo
from webui.language import translations
from webui.page import Call, Page
from webui.tabs.documents_viewer import Viewer

ALPHA = DocumentInfo("alpha", "alpha.md", "md", 10, "", state="done", pages=1, done_pages=1)


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> dict[int, str]:
    found = {1: "every 14 days"}
    monkeypatch.setattr(documents, "pages", lambda ws, id: [PageInfo(number) for number in found])
    monkeypatch.setattr(documents, "page_markdown", lambda ws, id, number: found[number])
    monkeypatch.setattr(documents, "page_image", lambda ws, id, number: None)
    monkeypatch.setattr(documents, "save_page_markdown", lambda ws, id, number, text: found.__setitem__(number, text))
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


def test_drawing_again_leaves_a_box_in_which_somebody_types(viewer: tuple[Viewer, Call], texts: dict[int, str]) -> None:
    view, call = viewer
    first = sent(view, view.show(call, ALPHA))
    assert first["source"] == "every 14 days"
    assert is_skip(sent(view, view.show(call, ALPHA, 1, first["shown"]))["source"])


def test_a_correction_is_stored_and_the_box_is_left_alone(viewer: tuple[Viewer, Call], texts: dict[int, str]) -> None:
    view, call = viewer
    first = sent(view, view.show(call, ALPHA))
    shown, said = view.keep(call, first["shown"], "every 15 days")
    assert texts[1] == "every 15 days" and said
    assert is_skip(sent(view, view.show(call, ALPHA, 1, shown))["source"])


def test_text_that_was_read_anew_is_sent(viewer: tuple[Viewer, Call], texts: dict[int, str]) -> None:
    view, call = viewer
    first = sent(view, view.show(call, ALPHA))
    texts[1] = "every 16 days"
    assert sent(view, view.show(call, ALPHA, 1, first["shown"]))["source"] == "every 16 days"
