"""Two answers side by side: what fails on one side leaves the other alone, and the page can always be asked again."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import gradio as gr
import pytest

from core import jobs, serving
from core.errors import UserError
from core.i18n import t
from core.serving import PairUpdate
from core.serving.control import Endpoint
from core.training import TrainSettings, to_yaml
from tests.fakes.shaped_model import shaped_model
from tests.fakes.trainer import ARGV
from webui.language import translations
from webui.page import Call, Page
from webui.tabs import compare

RIGHT = "The anchor weighs 22 kilograms."
FAULT = {"error": {"message": "no", "type": "server_error", "param": None, "code": "serving.error.no_memory"}}


class Uneven(BaseHTTPRequestHandler):
    """A model server whose base model fails in the way that is set, while the tuned one answers."""

    left: bytes = b""

    def log_message(self, *_: object) -> None:
        return

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = self.left if body["model"] == "base" else _stream([({"content": RIGHT}, None), ({}, "stop")])
        self.send_response(200)
        self.send_header("Content-Length", str(len(said) + (len(said) < 3)))  # what is too short breaks off
        self.end_headers()
        self.wfile.write(said)


def _stream(deltas: list[tuple[dict[str, str], str | None]]) -> bytes:
    lines = [json.dumps({"choices": [{"delta": delta, "finish_reason": end}]}) for delta, end in deltas]
    return "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Uneven)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Endpoint(f"http://127.0.0.1:{server.server_address[1]}/v1", "key", "job-a", "base", "base")
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("left", "key"), [
    (_stream([({"content": "The an"}, None)])[:-14] + b"data: " + json.dumps(FAULT).encode() + b"\n\n", "no_memory"),
    (b"data: {not json\n\n", "no_answer"), (b"data: [1]\n\n", "no_answer"),
    (b'data: {"choices": [3]}\n\n', "no_answer"),
    (b"data: [DONE]\n\n", "cut_off"), (b": ", "not_reachable")])
def test_whatever_happens_on_the_left_the_right_answers(
        endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, left: bytes, key: str) -> None:
    monkeypatch.setattr(Uneven, "left", left)
    ends: dict[str, PairUpdate] = {}

    def read() -> None:
        pair = serving.chat_pair(endpoint, "run-a", [{"role": "user", "content": "?"}])
        ends.update({news.side: news for news in pair if news.is_last})

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(20)
    assert not reader.is_alive(), "a side without an end"
    assert (ends["after"].text, ends["after"].finish) == (RIGHT, "stop")
    error = ends["before"].error
    assert error and error.key == f"serving.error.{key}"


@pytest.fixture
def asked(ws) -> tuple[compare._Parts, dict[Any, Any]]:
    """The components of the tab, and what a person has put into them."""
    ws.run("run-a").dir.mkdir(parents=True)
    ws.run("run-a").yaml.write_text(to_yaml(TrainSettings(model=str(shaped_model(ws.models / "m")))), encoding="utf-8")
    parts = compare._Parts()
    parts.form = type("Form", (), {"read": lambda self, values: compare.ChatSettings()})()
    parts.run, parts.question, parts.chats = "run", "question", {side: side for side in compare.SIDES}
    return parts, {"run": "run-a", "question": "How heavy is the anchor?", "before": [], "after": []}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_left_side_shows_its_cause_and_the_right_its_answer(ws, asked, monkeypatch, lang: str) -> None:
    full = UserError("serving.error.no_memory")
    monkeypatch.setattr(compare, "_both", lambda *given: iter([
        PairUpdate("before", "", error=full), PairUpdate("after", RIGHT[:5]), PairUpdate("after", RIGHT, "stop")]))
    *_, last = compare._answer(Call(ws, lang), *asked)
    before, after = last[0], last[1]
    assert before[-1] == {"role": "assistant", "content": t("compare.ui.failed", lang, reason=full.text(lang))}
    assert after[-1] == {"role": "assistant", "content": RIGHT}
    assert last[-2:] == [gr.update(interactive=True), gr.update(visible=False)]


def test_a_question_while_a_run_trains_names_the_run_and_can_be_asked_again(ws, asked, monkeypatch) -> None:
    toasts: list[str] = []
    monkeypatch.setattr(gr, "Warning", lambda text, **_: toasts.append(text))
    monkeypatch.setattr(serving.control, "adapter_folder", lambda ws, name: None)
    monkeypatch.setattr(serving.control, "read_result", lambda folder: None)
    run = jobs.start(ws, "train", {"steps": 100_000}, title="Tanks", lease="accelerator", argv=ARGV)
    parts, values = asked

    def answer(call: Call, given: dict[Any, Any]) -> Iterator[list[Any]]:
        yield from compare._answer(call, parts, given)

    shown = list(Page(ws, translations()).guarded(answer, {1}, [1] * 6)(values, None))
    assert len(toasts) == 1 and "Tanks" in toasts[0] and toasts[0].count(".") >= 1
    before, after, question, _, *buttons = shown[-2]
    assert (before, after, question) == ([], [], values["question"])
    assert buttons == [gr.update(interactive=True), gr.update(visible=False)]
    assert not jobs.view(ws, run.id).state.is_terminal and jobs.list_jobs(ws, "serve") == []
