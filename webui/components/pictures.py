"""Pictures from the workspace, made reachable for the browser: Gradio serves only what lies in its own folder."""

from __future__ import annotations

from pathlib import Path

from core.storage.atomic import atomic_write
from core.storage.workspace import Workspace


def copy_for_browser(ws: Workspace, picture: Path) -> str:
    """Path of a copy that may be served; made once for each version of the file."""
    facts = picture.stat()
    copy = ws.web_copy(f"{picture} {facts.st_mtime_ns} {facts.st_size}", picture.suffix)
    if not copy.exists():
        atomic_write(copy, picture.read_bytes())
    return str(copy)
