"""Fixtures: the running app, and pages that fail their test on a console error, a request to the outside, or an error
that a handler logged."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from core.storage.workspace import Workspace
from tests.browser.driving import ROOT, AppProcess, chromium, end_jobs, new_page, open_app

DESKTOP = (1366, 768)
PHONE = (390, 844)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
OWN_SCHEMES = {"data", "blob", "about"}
HERE = Path(__file__).parent
INSIDE = re.compile(r"^\S+ \S+ ERROR ", re.MULTILINE)
LEAVING_S = 5.0
LEAVING = re.compile(r"AbortError: signal is aborted|Connection errored out|NetworkError|Failed to fetch|"
                     r"Unexpected error 404: Not Found")  # the last: a stream of a session that has just been forgotten


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


FAILED: pytest.StashKey[bool] = pytest.StashKey()


class _Visit:
    """The console of one page. A page that is left ends its requests and says so, a little before or after: that is
    no error of the page."""

    def __init__(self, console: list[str]) -> None:
        self.console = console
        self.opened = False
        self.ends = -math.inf
        self.ending: list[tuple[float, str]] = []

    def said(self, text: str) -> None:
        """A message of the console came."""
        now = time.monotonic()
        if not LEAVING.search(text):
            self.console.append(text)
        elif now - self.ends > LEAVING_S:
            self.console.append(text)
            self.ending.append((now, text))

    def is_open(self) -> None:
        """The page has loaded: from now on it can be left."""
        self.opened = True

    def left(self) -> None:
        """The page is being left, or was left just now. The first time it is merely opened."""
        if not self.opened:
            return
        self.ends = time.monotonic()
        for came, text in self.ending:
            if self.ends - came < LEAVING_S:
                self.console.remove(text)
        self.ending.clear()


@dataclass
class Watch:
    """What the pages of a test did wrong. `allow(pattern)` excuses console messages a test provokes on purpose."""

    console: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    logs: dict[Path, int] = field(default_factory=dict)

    def allow(self, pattern: str) -> None:
        """Excuses console messages that match the regular expression."""
        self.allowed.append(pattern)

    def follow_log(self, file: Path) -> None:
        """Collects what a server writes to this log from now on."""
        self.logs.setdefault(file, file.stat().st_size if file.is_file() else 0)

    def follow(self, page: Any) -> None:
        """Collects from this page and from windows it opens."""
        visit = _Visit(self.console)

        def asked(request: Any) -> None:
            if request.is_navigation_request():
                visit.left()
            self._request(request.url)

        page.on("console", lambda message: message.type == "error" and visit.said(message.text))
        page.on("pageerror", lambda error: visit.said(str(error)))
        page.on("request", asked)
        page.on("websocket", lambda socket: self._request(socket.url))
        page.on("popup", self.follow)
        page.on("framenavigated", lambda frame: frame == page.main_frame and visit.left())
        page.on("load", lambda _: visit.is_open())
        page.on("close", lambda _: visit.left())

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in OWN_SCHEMES and parts.hostname not in LOOPBACK:
            self.outside.append(url)

    def check(self) -> None:
        """Fails with everything that was seen."""
        errors = [text for text in self.console if not any(re.search(pattern, text) for pattern in self.allowed)]
        for file, began in self.logs.items():
            said = file.read_bytes()[began:].decode(errors="replace") if file.is_file() else ""
            assert not INSIDE.search(said), f"errors inside the program: {said[-3000:]}"
        assert not self.outside, f"requests to the outside: {self.outside}"
        assert not errors, f"console errors: {errors}"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One headless Chromium for all tests; every page has a profile of its own."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    """The real app on an empty workspace, one for each test file."""
    with AppProcess(tmp_path_factory.mktemp("workspace")) as running:
        yield running


@pytest.fixture
def start_app(tmp_path: Path) -> Iterator[Callable[..., AppProcess]]:
    """`start_app(home=None, *arguments, env=None)`: further servers, for tests that kill or restart them."""
    started: list[AppProcess] = []

    def start(home: Path | None = None, *arguments: str, env: dict[str, str] | None = None) -> AppProcess:
        folder = home or tmp_path / "workspace"
        folder.mkdir(parents=True, exist_ok=True)
        started.append(AppProcess(folder, *arguments, env=env))
        return started[-1].start()

    yield start
    for running in started:
        running.stop()
    for home in {running.home for running in started}:
        end_jobs(home)


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What all pages of this test do; checked when the test ends."""
    seen = Watch()
    yield seen
    seen.check()


@pytest.fixture
def open_page(browser: Any, request: pytest.FixtureRequest, watch: Watch) -> Iterator[Callable[..., Any]]:
    """`open_page(lang="en", viewport=DESKTOP, tab="documents", server=None)` → a Playwright page of the app."""
    pages: list[Any] = []

    def open_one(lang: str = "en", viewport: tuple[int, int] = DESKTOP, tab: str = "documents",
                 server: AppProcess | None = None) -> Any:
        running = server or request.getfixturevalue("app")
        page = new_page(browser, lang, viewport)
        pages.append(page)
        watch.follow(page)
        watch.follow_log(Workspace.at(running.home).web_log)
        open_app(page, running.address, lang, tab)
        return page

    yield open_one
    for number, page in enumerate(pages):
        if request.node.stash.get(FAILED, False) and not page.is_closed():
            name = re.sub(r"[^\w.-]+", "-", request.node.name)
            page.screenshot(path=ROOT / "test-results" / f"{name}-{number}.png", full_page=True)
        page.context.close()


@pytest.fixture
def page(open_page: Callable[..., Any]) -> Any:
    """The app in English on a 1366×768 screen."""
    return open_page()
