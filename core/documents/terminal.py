"""What the convert command shows and asks at a terminal."""

from __future__ import annotations

import getpass
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from core.documents.starting import PASSWORD
from core.i18n import t

SELDOM_S = 10.0
OFTEN_S = 0.2
WIDTH = 100


class Terminal:
    """Lines that stay on standard output; progress on standard error, in place at a terminal, else now and then."""

    def __init__(self, out: TextIO | None = None, progress: TextIO | None = None) -> None:
        self._out, self._progress = out or sys.stdout, progress or sys.stderr
        self._in_place = self._progress.isatty()
        self._lock, self._last, self._shown = threading.Lock(), time.monotonic(), False

    def say(self, text: str) -> None:
        """A line that stays."""
        with self._lock:
            self._clear()
            print(text, file=self._out, flush=True)

    def report(self, name: str, done: int, total: int, left_s: float | None) -> None:
        """How far a file is."""
        now = time.monotonic()
        with self._lock:
            if now - self._last < (OFTEN_S if self._in_place else SELDOM_S):
                return
            self._last = now
            line = t("convert.cli.progress", "en", name=name, done=done, total=total)
            if left_s is not None and left_s >= 1:
                line = t("convert.cli.left", "en", line=line, time=_duration(left_s))
            if self._in_place:
                self._clear()
                print(line[:WIDTH], end="", file=self._progress, flush=True)
                self._shown = True
            else:
                print(line, file=self._progress, flush=True)

    def asker(self) -> Callable[[str], str] | None:
        """Asks for the password of a file without showing it; None where nobody can be asked."""
        if not (sys.stdin and sys.stdin.isatty()):
            return None

        def ask(name: str) -> str:
            with self._lock:
                self._clear()
            return getpass.getpass(t("convert.cli.ask", "en", name=name) + ": ")

        return ask

    def _clear(self) -> None:
        if self._shown:
            print("\r" + " " * WIDTH + "\r", end="", file=self._progress, flush=True)
            self._shown = False


def given_passwords(file: Path | None) -> list[str]:
    """Passwords from the environment, and from a file with one a line. Never from arguments, which anybody can see."""
    words = [os.environ.get(PASSWORD, "")]
    if file is not None:
        words += file.read_text(encoding="utf-8-sig").splitlines()
    return list(dict.fromkeys(word for word in words if word))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
