"""The convert command: files in, Markdown and an exit code out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.documents.engines import require_engine
from core.documents.loose import convert_files
from core.documents.settings import ConvertSettings
from core.documents.terminal import Terminal, given_passwords
from core.errors import UserError
from core.storage import Workspace

INCOMPLETE, INTERRUPTED = 1, 130


def convert_command(files: Sequence[Path], output: Path, settings: ConvertSettings, password_file: Path | None = None,
                    ray: str | None = None, terminal: Terminal | None = None) -> int:
    """Converts; 0 when all is well, 1 when a file failed or lacks pages, 130 when interrupted.

    Raises UserError when nothing could be started: no engine, no cluster, another command in the same folder.
    """
    terminal = terminal or Terminal()
    require_engine(Workspace.default(), settings)
    try:
        passwords = given_passwords(password_file)
    except (OSError, UnicodeDecodeError):
        raise UserError("convert.error.password_file") from None
    mapper = None
    if ray is not None:
        from core.documents.cluster import ray_mapper

        mapper = ray_mapper(ray)
    try:
        failed = convert_files(files, output, settings, passwords=passwords, ask=terminal.asker(), say=terminal.say,
                               report=terminal.report, mapper=mapper)
    except KeyboardInterrupt:
        return INTERRUPTED
    return INCOMPLETE if failed else 0
