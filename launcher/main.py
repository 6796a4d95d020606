"""`python start.py …`: prepares the environment, then starts the app or the tests in it and ends with their status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from launcher import browser
from launcher.environment import Environment
from launcher.messages import Stop, say, text

INTERRUPTED = 130


def main(root: str, arguments: list[str]) -> int:
    """Exit status: that of the app or of pytest; 1 after a sentence that says what to do; 130 after Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    environment = Environment(Path(root))
    try:
        torch, rest = take_option(arguments, "--torch")
        if rest and rest[0] in ("-h", "--help"):
            say("usage")
            return 0
        if sys.maxsize < 2**32:
            raise Stop("bits", path=sys.executable)
        environment.ensure(torch)
        if rest and rest[0] == "test":
            return run_tests(environment, rest[1:])
        return run_app(environment, rest)
    except Stop as stop:
        print(text(stop.key, **stop.params), file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED


def take_option(arguments: list[str], name: str) -> tuple[str, list[str]]:
    """Takes `name VALUE` or `name=VALUE` out of the arguments; returns the value ("" if absent) and the rest."""
    for index, argument in enumerate(arguments):
        if argument.startswith(name + "="):
            return argument[len(name) + 1:], arguments[:index] + arguments[index + 1:]
        if argument == name and index + 1 < len(arguments):
            return arguments[index + 1], arguments[:index] + arguments[index + 2:]
    return "", arguments


def run_tests(environment: Environment, arguments: list[str]) -> int:
    """Installs the test extras and runs pytest; its closing line is the last thing printed."""
    environment.ensure_tests()
    browser.prepare(environment)
    env = dict(os.environ, PLAYWRIGHT_BROWSERS_PATH=browser.browsers_folder(environment))
    return follow([str(environment.python), "-m", "pytest", *arguments], environment.root, env)


def run_app(environment: Environment, arguments: list[str]) -> int:
    """Starts app.py. Commands of app.py (`train …`) go through as they are; the page opens where there is a desktop."""
    app = environment.root / "app.py"
    if not app.is_file():
        raise Stop("app_missing", path=app)
    argv = [str(environment.python), str(app), *arguments]
    env = dict(os.environ, PYTHONUNBUFFERED="1", PYTHONUTF8="1")
    if arguments and not arguments[0].startswith("-"):
        return follow(argv, environment.root, env)
    say("starting")
    if has_desktop() and not {"--browser", "--no-browser"} & set(arguments):
        argv.append("--browser")
    return follow(argv, environment.root, env, goodbye="stopped")


def has_desktop() -> bool:
    """Whether a browser opened here would be seen by the person: no remote shell, no CI, a display on Linux."""
    if os.environ.get("CI") or os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def follow(argv: list[str], folder: Path, env: dict[str, str], goodbye: str = "") -> int:
    """Runs a program to its end and returns its status. Ctrl-C and SIGTERM reach it and are waited for.

    `goodbye` is the sentence after Ctrl-C.
    """
    child = subprocess.Popen(argv, cwd=folder, env=env)

    def pass_on(number: int, frame: FrameType | None) -> None:
        child.terminate()

    before = signal.signal(signal.SIGTERM, pass_on)
    try:
        status = child.wait()
    except KeyboardInterrupt:
        status = wait_after_interrupt(child)
        if goodbye:
            say(goodbye)
        return 0 if status in (0, INTERRUPTED, -signal.SIGINT) else status
    finally:
        signal.signal(signal.SIGTERM, before)
    return status if status >= 0 else 128 - status


def wait_after_interrupt(child: subprocess.Popen[bytes]) -> int:
    """The program got the same Ctrl-C from the terminal; a second one ends it the hard way."""
    try:
        return child.wait()
    except KeyboardInterrupt:
        child.kill()
        return child.wait()
