"""Runs other programs with their output kept in a file, so that a failure can be told from its last lines."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

TAIL_LINES = 12
SHOWN = re.compile(r"^\s*(Downloading .*\([\d.]+ [MG]B\)|Installing collected packages)")


def run_logged(argv: Sequence[str], log: Path, env: Mapping[str, str], keep_open: Sequence[int] = ()) -> int:
    """Runs a program, appends both its streams to `log`, and shows the lines that tell progress.

    `keep_open` are descriptors that the program inherits (a held lock), where the system can do that.
    Returns its exit status; 127 when it is not there. Ctrl-C waits for the program's own end, then goes on up.
    """
    inherited = tuple(keep_open) if os.name == "posix" else ()
    with log.open("a", encoding="utf-8", errors="replace") as record:
        record.write("$ " + " ".join(argv) + "\n")
        record.flush()
        try:
            child = subprocess.Popen(argv, env=dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", pass_fds=inherited)
        except OSError as error:
            record.write(f"{error}\n")
            return 127
        try:
            assert child.stdout is not None
            for line in child.stdout:
                record.write(line)
                if SHOWN.match(line):
                    print("  " + line.strip()[:110], flush=True)
        except KeyboardInterrupt:
            child.wait()
            raise
        return child.wait()


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last non-empty lines of a record, indented, each cut at 300 characters."""
    try:
        found = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    except OSError:
        return ""
    return "\n".join("  " + line[:300] for line in found[-lines:])


def works(argv: Sequence[str]) -> bool:
    """Whether a program starts and ends well within half a minute."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0

