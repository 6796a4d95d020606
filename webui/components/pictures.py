"""Pictures from the workspace, made reachable for the browser: Gradio serves only what lies in its own folder."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from PIL import Image, ImageChops

from core.documents import Place
from core.storage.atomic import atomic_write
from core.storage.workspace import PictureFolder, Workspace

_OWN = re.compile(r"!\[([^\]\n]*)\]\(images/([0-9a-f]{16}\.(?:png|jpg))\)")
_ROUTE = "/gradio_api/file="
_MOST_PIXELS = 8_000_000
_PEN = (255, 228, 110)
_PAD, _MARGIN = 3, 16  # pixels
_FAINT = 40  # darkness from 0 to 255 of a grey that counts as paper
_AROUND, _LEAST_BAND, _MOST_BAND = 0.05, 0.22, 0.7  # parts of the height of the page


def copy_for_browser(ws: Workspace, picture: Path) -> str:
    """Path of a copy that may be served; made once for each version of the file."""
    facts = picture.stat()
    copy = ws.web_copy(f"{picture} {facts.st_mtime_ns} {facts.st_size}", picture.suffix)
    if not copy.exists():
        atomic_write(copy, picture.read_bytes())
    return str(copy)


def marked_for_browser(ws: Workspace, picture: Path, places: Sequence[Place], cut: bool = False) -> str:
    """Path of a copy that may be served, with these places marked like text under a marker pen; a plain copy of what is
    no picture of a page.

    Args:
        cut: only the part of the page around the places, without white margins.
    """
    if not places:
        return copy_for_browser(ws, picture)
    facts = picture.stat()
    copy = ws.web_copy(f"{picture} {facts.st_mtime_ns} {facts.st_size} {places} {cut}", ".png")
    if not copy.exists():
        buffer = io.BytesIO()
        try:
            with Image.open(picture, formats=("PNG",)) as page:
                if page.width * page.height > _MOST_PIXELS:  # no page that was drawn here: it is not unpacked
                    return copy_for_browser(ws, picture)
                _around(_marked(page.convert("RGB"), places), places, cut).save(buffer, "PNG")
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return copy_for_browser(ws, picture)
        atomic_write(copy, buffer.getvalue())
    return str(copy)


def _marked(page: Image.Image, places: Sequence[Place]) -> Image.Image:
    for place in places:
        box = (int(place.left * page.width) - _PAD, int(place.top * page.height) - _PAD,
               int(place.right * page.width) + _PAD + 1, int(place.bottom * page.height) + _PAD + 1)
        part = page.crop(box)
        page.paste(ImageChops.multiply(part, Image.new("RGB", part.size, _PEN)), box[:2])
    return page


def _around(page: Image.Image, places: Sequence[Place], cut: bool) -> Image.Image:
    """The band of the page that holds the places and some lines around them, without white margins; the whole page when
    that is most of it."""
    top, bottom = min(place.top for place in places), max(place.bottom for place in places)
    spare = max(_AROUND, (_LEAST_BAND - (bottom - top)) / 2)
    top, bottom = max(0.0, top - spare), min(1.0, bottom + spare)
    if not cut or bottom - top > _MOST_BAND:
        return page
    band = page.crop((0, int(top * page.height), page.width, int(bottom * page.height)))
    inked = ImageChops.invert(band.convert("L")).point(lambda value: 255 * (value > _FAINT)).getbbox()
    left, right = (inked[0], inked[2]) if inked else (0, band.width)
    return band.crop((max(0, left - _MARGIN), 0, min(band.width, right + _MARGIN), band.height))


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
