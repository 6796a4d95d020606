"""Document readers that misbehave, as targets of `core.documents.conversion.Conversion`. All "have" four pages."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

from core.documents.child import claimed, with_next_begun
from core.errors import UserError

PAGES = 4


def _pages(input: dict[str, Any], send: Any, bad: int, behave: Any) -> None:
    for number in claimed(input, PAGES, send):
        if number == bad:
            behave()
        send({"page": number, "markdown": f"# Page {number}\n\nText of page {number}, pid {os.getpid()}."})


def good(input: dict[str, Any], send: Any) -> None:
    """Four plain pages."""
    _pages(input, send, 0, None)


def sleeps_on_two(input: dict[str, Any], send: Any) -> None:
    """Page 2 hangs for ever, beside a process of its own."""
    def hang() -> None:
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        time.sleep(600)
    _pages(input, send, 2, hang)


def aborts_on_two(input: dict[str, Any], send: Any) -> None:
    """Page 2 kills the process like a crashed C library."""
    _pages(input, send, 2, os.abort)


class _Ahead:
    """Begins a page while the one before is not finished, and dies over page 2 wherever it meets it."""

    looks_ahead = True

    def prepare(self, number: int) -> None:
        if number == 2:
            os.abort()


def aborts_looking_ahead(input: dict[str, Any], send: Any) -> None:
    """Page 2 kills the process while page 1 is not finished."""
    for number in with_next_begun(_Ahead(), claimed(input, PAGES, send), input["ahead"]):
        if number == 2:
            os.abort()
        send({"page": number, "markdown": f"# Page {number}\n\nText of page {number}, pid {os.getpid()}."})


def allocates_on_two(input: dict[str, Any], send: Any) -> None:
    """Page 2 wants 8 GB."""
    _pages(input, send, 2, lambda: bytearray(8 * 1024 ** 3))


def always_aborts(input: dict[str, Any], send: Any) -> None:
    """Every page kills the process."""
    for _ in claimed(input, 500, send):
        os.abort()


def aborts_at_once(input: dict[str, Any], send: Any) -> None:
    """Dies before it knows how many pages there are."""
    os.abort()


def refuses(input: dict[str, Any], send: Any) -> None:
    """Says what is wrong."""
    raise UserError("documents.error.encrypted")


def lies(input: dict[str, Any], send: Any) -> None:
    """Claims nonsense, as a child could that a hostile file has taken over."""
    send({"total": 1})
    send({"page": "../../../x", "markdown": "boo"})


def empty(input: dict[str, Any], send: Any) -> None:
    """Two pages without any text."""
    send({"total": 2})
    for number in (1, 2):
        send({"start": number})
        send({"page": number, "markdown": " \n", "warnings": ["documents.warning.no_text_layer"]})
