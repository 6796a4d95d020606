"""Starts the real app on a workspace of its own, and Chromium to look at it. Used by tests and docs/screenshots.py."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = re.compile(r"DocTune is running at (http://127\.0\.0\.1:\d+)/")
START_SECONDS = 240
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]


class AppProcess:
    """`python app.py --port 0 --no-browser` on the workspace `home`; its output goes to `home/app.log`."""

    def __init__(self, home: Path, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.home = home
        self.arguments = arguments
        self.extra = env or {}
        self.address = ""
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """Everything the server printed so far."""
        return (self.home / "app.log").read_text(encoding="utf-8", errors="replace")

    @property
    def pid(self) -> int:
        """The server's process id."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> AppProcess:
        """Returns when the server printed its address; fails with its output when it ended instead."""
        person = self.home / "person"
        person.mkdir(parents=True, exist_ok=True)
        env = {name: value for name, value in os.environ.items() if not name.startswith(("DOCTUNE_", "GRADIO_"))}
        env |= {"DOCTUNE_HOME": str(self.home), "DOCTUNE_SECRETS": str(person / "secrets.json"), "HOME": str(person),
                "PYTHONUNBUFFERED": "1", "LC_ALL": "C.UTF-8"} | self.extra
        argv = [sys.executable, str(ROOT / "app.py"), "--port", "0", "--no-browser", *self.arguments]
        with (self.home / "app.log").open("ab") as log:
            began = log.tell()
            self.process = subprocess.Popen(argv, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            found = ADDRESS.search(self.log, began)
            if found:
                self.address = found.group(1)
                return self
            if self.process.poll() is not None:
                raise AssertionError(f"app.py ended with {self.process.returncode}:\n{self.log}")
            time.sleep(0.1)
        self.kill()
        raise AssertionError(f"app.py printed no address in {START_SECONDS} s:\n{self.log}")

    def kill(self) -> None:
        """SIGKILL, as a crash would end it; work in processes of its own goes on."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """Ctrl-C, then waits; kills it when it does not end in 20 s."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def __enter__(self) -> AppProcess:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()
        end_jobs(self.home)


def end_jobs(home: Path) -> None:
    """Ends the jobs of a workspace, which by design outlive its server."""
    from core import jobs
    from core.storage.workspace import Workspace

    ws = Workspace(home)
    alive = [view for view in jobs.list_jobs(ws) if not view.state.is_terminal]
    for view in alive:
        jobs.request_stop(ws, view.id, force=True)
    for view in alive:
        jobs.wait(ws, view.id, 30)


def chromium_path() -> str | None:
    """The system's Chromium, or None for the one that Playwright installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium (a Playwright `Browser`)."""
    folder = ROOT / ".venv" / "browsers"
    if folder.is_dir():
        os.environ.setdefault("PLAYWRIGHT_BROWSERS_PATH", str(folder))
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()


def new_page(browser: Any, lang: str, viewport: tuple[int, int]) -> Any:
    """A page in a fresh profile (Playwright context) whose browser speaks `lang` ("en" or "zh")."""
    width, height = viewport
    context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True,
                                  locale="zh-CN" if lang == "zh" else "en-US", reduced_motion="reduce")
    return context.new_page()


def top(page: Any, selector: str) -> float:
    """Where an element that is shown begins, in pixels from the top of the screen."""
    box = page.locator(selector).bounding_box()
    assert box is not None, selector
    return float(box["y"])


def open_app(page: Any, address: str, lang: str, tab: str = "documents") -> None:
    """Loads the app and waits until its rail shows the state of the chosen step."""
    page.goto(f"{address}/?lang={lang}&tab={tab}", wait_until="load")
    page.locator(f"#rail-{tab}.here").wait_for(timeout=60_000)
