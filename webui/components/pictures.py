"""Pictures from the workspace, made reachable for the browser: Gradio serves only what lies in its own folder."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

from core.storage.atomic import atomic_write
from core.storage.workspace import PictureFolder, Workspace

_OWN = re.compile(r"!\[([^\]\n]*)\]\(images/([0-9a-f]{16}\.(?:png|jpg))\)")
_ROUTE = "/gradio_api/file="


def copy_for_browser(ws: Workspace, picture: Path) -> str:
    """Path of a copy that may be served; made once for each version of the file."""
    facts = picture.stat()
    copy = ws.web_copy(f"{picture} {facts.st_mtime_ns} {facts.st_size}", picture.suffix)
    if not copy.exists():
        atomic_write(copy, picture.read_bytes())
    return str(copy)


def with_own_pictures(ws: Workspace, folder: PictureFolder, text: str) -> str:
    """Markdown that shows the pictures kept beside it. Others become links with their names: a document must not
    make the browser fetch anything."""
    parts, at = [], 0
    for match in _OWN.finditer(text):
        picture = folder.picture(match[2])
        parts.append(text[at:match.start()].replace("![", "["))
        shown = picture.is_file()
        parts.append(f"![{match[1]}]({_ROUTE}{quote(copy_for_browser(ws, picture))})" if shown else match[0][1:])
        at = match.end()
    return "".join(parts) + text[at:].replace("![", "[")
