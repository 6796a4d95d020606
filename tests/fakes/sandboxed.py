"""Functions that behave badly inside a limited child."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

from core.errors import UserError


def echo(input: dict[str, Any], send: Any) -> None:
    """Sends its input back, and prints noise that must not matter."""
    print("noise on standard output")
    for number in range(input.get("times", 1)):
        send({"number": number, "text": input.get("text", "")})


def sleep(input: dict[str, Any], send: Any) -> None:
    """Sleeps for ever beside a child that does the same."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    send({"pids": [os.getpid(), child.pid]})
    time.sleep(600)


def spin(input: dict[str, Any], send: Any) -> None:
    """Burns processor time."""
    while True:
        pass


def allocate(input: dict[str, Any], send: Any) -> None:
    """Asks for 8 GB at once."""
    bytearray(8 * 1024 ** 3)


def abort(input: dict[str, Any], send: Any) -> None:
    """Dies like a crashed C library."""
    os.abort()


def refuse(input: dict[str, Any], send: Any) -> None:
    """Raises an error for people."""
    raise UserError("storage.error.damaged", name="x.pdf")


def write_much(input: dict[str, Any], send: Any) -> None:
    """Writes a file of 10 MB into its working folder."""
    with open("big.bin", "wb") as file:
        file.write(b"x" * 10_000_000)
