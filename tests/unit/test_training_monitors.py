"""A monitor that fails, hangs or cannot be reached is told of once and dropped; the run notices nothing."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from core.errors import UserError
from core.jobs import JobContext, JobStopped
from core.storage import Workspace, new_id
from core.training import TrainSettings, monitors, notice
from core.training.monitors import mirrored


class Recorder:
    name = "Recorder"

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def start(self, run: monitors.RunFacts) -> None:
        self.heard.append(run.id)

    def log(self, step: int, numbers: dict[str, float]) -> None:
        self.heard.append((step, numbers))

    def finish(self, state: str) -> None:
        self.heard.append(state)


class Raises(Recorder):
    name = "Raises"

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def _fail(self, where: str) -> None:
        if where == self.where:
            raise SystemExit("no access")

    def start(self, run: monitors.RunFacts) -> None:
        self._fail("start")

    def log(self, step: int, numbers: dict[str, float]) -> None:
        self._fail("log")

    def finish(self, state: str) -> None:
        self._fail("finish")


class Hangs(Recorder):
    name = "Hangs"

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()

    def start(self, run: monitors.RunFacts) -> None:
        self.over.wait(60)


@pytest.fixture
def job(ws: Workspace) -> JobContext:
    found = JobContext(ws, new_id("run"), {})
    found.dir.mkdir(parents=True)
    return found


def warned(job: JobContext) -> list[tuple[str, Any]]:
    lines = map(json.loads, job.paths.events.read_text(encoding="utf-8").splitlines())
    return [(e["key"], e["params"]) for e in lines if e["type"] == "warning"]


def run(job: JobContext, found: list[Any], steps: int = 3, end: BaseException | None = None) -> None:
    with mirrored(job, TrainSettings(), monitors=found):
        for step in range(1, steps + 1):
            job.metric(step=step, loss=1.0 / step, tokens_per_second=None)
        if end:
            raise end


@pytest.mark.parametrize(("end", "state"), [(None, "done"), (JobStopped(), "stopped"), (MemoryError(), "failed")])
def test_a_monitor_hears_every_step_and_how_it_ended(job: JobContext, end: BaseException | None, state: str) -> None:
    recorder = Recorder()
    try:
        run(job, [recorder], end=end)
    except BaseException as error:
        assert error is end
    assert recorder.heard == [job.id, (1, {"loss": 1.0}), (2, {"loss": 0.5}), (3, {"loss": 1 / 3}), state]
    job.metric(step=9, loss=1.0)
    assert recorder.heard[-1] == state and warned(job) == []


@pytest.mark.parametrize("where", ["start", "log", "finish"])
def test_one_that_raises_is_told_of_once_and_others_go_on(job: JobContext, where: str) -> None:
    recorder = Recorder()
    run(job, [Raises(where), recorder])
    assert recorder.heard[-1] == "done"
    assert warned(job) == [("train.warning.monitor", {"name": "Raises", "reason": "SystemExit"})]


def test_one_that_hangs_costs_its_end_and_nothing_else(job: JobContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitors, "WAITING", 50)
    monkeypatch.setattr(monitors, "END_S", 0.3)
    hangs, recorder = Hangs(), Recorder()
    began = time.monotonic()
    run(job, [hangs, recorder], steps=3)
    assert time.monotonic() - began < 5
    assert warned(job) == [("train.warning.monitor", {"name": "Hangs", "reason": "hang"})]
    run(job, [hangs], steps=200)
    assert len(warned(job)) == 2, "a full queue drops it while the run goes on"
    hangs.over.set()


def test_nothing_is_mirrored_by_default() -> None:
    assert monitors.chosen(TrainSettings()) == []
    assert [one.name for one in monitors.chosen(TrainSettings(swanlab="local"))] == ["SwanLab"]


class Hook(BaseHTTPRequestHandler):
    got: list[dict[str, Any]] = []
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        Hook.got.append({"path": self.path, "body": json.loads(body)})
        self.send_response(Hook.status)
        self.send_header("location", "http://127.0.0.1:1/other")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        return


@pytest.fixture
def hook(ws: Workspace):
    Hook.got, Hook.status = [], 200
    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    notice.keep_address(ws, f"http://127.0.0.1:{server.server_port}/services/secret-token?key=abc")
    yield Hook
    server.shutdown()
    server.server_close()


def test_a_message_goes_to_the_typed_address_and_nowhere_else(job: JobContext, hook: type[Hook]) -> None:
    with notice.told(job, "Tanks", True):
        pass
    with pytest.raises(MemoryError), notice.told(job, "Tanks", True):
        raise MemoryError
    with notice.told(job, "Tanks", False):
        pass
    assert [(one["path"], one["body"]["state"]) for one in hook.got] == [
        ("/services/secret-token?key=abc", "done"), ("/services/secret-token?key=abc", "failed")]
    assert hook.got[0]["body"]["text"] == "DocTune: Tanks: done"


@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_address_that_refuses_is_a_warning(job: JobContext, hook: type[Hook], status: int) -> None:
    hook.status = status
    with notice.told(job, "Tanks", True):
        pass
    [(key, params)] = warned(job)
    assert key == "train.warning.notice" and params["reason"]["key"] == "train.error.notice" and len(hook.got) == 1
    assert "secret-token" not in job.paths.events.read_text(encoding="utf-8")


def test_no_address_or_a_wrong_one(ws: Workspace, job: JobContext) -> None:
    with notice.told(job, "Tanks", True):
        pass
    assert warned(job)[0][1]["reason"]["key"] == "train.error.no_notice"
    for text in ("ftp://x", "http://169.254.169.254/latest", "http://user:word@host/x", "hello"):
        with pytest.raises(UserError) as caught:
            notice.keep_address(ws, text)
        assert caught.value.key == "train.error.notice_address"
    assert notice.address(ws) is None
