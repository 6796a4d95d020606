"""The limited child of `core.jobs.sandbox`: sets its limits before it imports or reads anything, then works."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

NICENESS = 10


def main(argv: list[str]) -> int:
    """``LIMITS package.module:function`` or ``LIMITS --exec COMMAND …``."""
    set_limits(json.loads(argv[0]))
    if argv[1] == "--exec":
        os.execvp(argv[2], argv[2:])
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not mix with the lines

    def send(message: dict[str, Any]) -> None:
        from core.storage.atomic import finite

        channel.write(json.dumps(finite(message), allow_nan=False) + "\n")
        channel.flush()

    send({**_run(argv[1], json.loads(sys.stdin.buffer.read()), send)})
    channel.flush()
    sys.stderr.flush()
    os._exit(0)  # a library's threads or exit handlers must not hold up or crash what is done


def set_limits(limits: dict[str, float | None]) -> None:
    """Limits this process and those it starts; on Windows there are none but the parent's clock and memory watch."""
    if sys.platform == "win32":
        return
    import resource

    os.nice(max(0, NICENESS - os.nice(0)))  # not on top of what the command was given
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limits.get("cpu_s"):
        seconds = max(1, int(limits["cpu_s"] or 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    if limits.get("memory_bytes"):
        most = int(limits["memory_bytes"] or 0) * 5 // 4
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    if limits.get("file_bytes"):
        most = int(limits["file_bytes"] or 0)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def _run(target: str, input: dict[str, Any], send: Any) -> dict[str, Any]:
    import traceback

    from core.errors import UserError
    from core.jobs.kinds import resolve

    try:
        resolve(target)(input, send)
        return {"sandbox": "ok"}
    except UserError as error:
        return {"sandbox": "error", "error": error.as_dict()}
    except MemoryError:
        return {"sandbox": "memory"}
    except BaseException:
        traceback.print_exc(file=sys.stderr)
        return {"sandbox": "crash"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
