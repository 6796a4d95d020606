"""Pictures found in documents, made harmless: decoded with limits and written anew as PNG or JPEG. Child only."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
from typing import Any
from urllib.parse import unquote_to_bytes

from core.documents.pictures import reference
from core.storage.workspace import DocumentPaths

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
MOST_PIXELS = 50_000_000
LONGEST = 1600  # pixels of the longer side of what is kept
SHORTEST, SMALLEST, THINNEST = 32, 64 * 64, 12
"""Decorations: narrower than this on a side, smaller in area, or that many times as long as wide (pixels)."""
MOST_PICTURES, MOST_BYTES = 2_000, 300 * 1000**2
_JPEG_FROM_BYTES, _QUALITY = 300_000, 88
_PLAIN = 10  # grey levels: a picture with less contrast shows nothing
_DATA = re.compile(r"\s*data:image/(?!svg)[\w.+-]+(?:;[\w-]+=[^;,]*)*(?P<base64>;base64)?,(?P<data>.*)", re.I | re.S)


class PictureStore:
    """Keeps the pictures of one document in a folder that `paths` name; each is shown where it stands first."""

    def __init__(self, paths: DocumentPaths) -> None:
        self.paths = paths
        self.seen: set[str] = set()
        self.written: set[str] = set()
        self.bytes = 0

    def keep(self, raw: bytes, alt: str = "") -> str:
        """The Markdown that shows a picture; "" for what is no picture, tiny, plain, shown before, or too much."""
        known = hashlib.sha256(raw).hexdigest()
        if not raw or known in self.seen:
            return ""
        self.seen.add(known)
        image = _decoded(raw)
        return self._write(image, image.format == "JPEG", alt) if image is not None else ""

    def keep_image(self, image: Any, alt: str = "") -> str:
        """Like `keep`, for a picture that was drawn by ourselves (a Pillow image)."""
        return self._write(image, False, alt)

    def keep_address(self, address: str, alt: str = "") -> str:
        """Like `keep`, for a ``data:`` address; others are never followed."""
        found = _DATA.match(address[:64]) and _DATA.match(address)
        if not found:
            return ""
        try:
            raw = base64.b64decode(re.sub(r"\s+|%0A|%0D|%20", "", found["data"]).replace("%2B", "+").replace("%3D", "=")
                                   .replace("%2F", "/")) if found["base64"] else unquote_to_bytes(found["data"])
        except (binascii.Error, ValueError):
            return ""
        return self.keep(raw, alt)

    def _write(self, image: Any, is_photo: bool, alt: str) -> str:
        if len(self.written) >= MOST_PICTURES or self.bytes >= MOST_BYTES:
            return ""
        try:
            small = _small(image)
            raw, suffix = _encoded(small, is_photo) if small is not None else (b"", "")
        except (OSError, ValueError, SyntaxError, EOFError, MemoryError):
            return ""
        name = f"{hashlib.sha256(raw).hexdigest()[:16]}.{suffix}"
        if not raw or name in self.written:
            return ""
        path = self.paths.picture(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
        self.written.add(name)
        self.bytes += len(raw)
        return reference(name, alt)


def _decoded(raw: bytes) -> Any:
    """The picture with its header read; None when it is of another format, absurdly large, or damaged."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        image = Image.open(io.BytesIO(raw), formats=FORMATS)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    return image if image.width * image.height <= MOST_PIXELS else None


def _small(image: Any) -> Any:
    """RGB or grey on white, upright, at most LONGEST pixels long; None for decorations."""
    from PIL import Image, ImageOps

    width, height = image.size
    if min(width, height) < SHORTEST or width * height < SMALLEST or max(width, height) > THINNEST * min(width, height):
        return None
    if image.format == "JPEG":
        image.draft(None, (LONGEST, LONGEST))
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):  # more than 256 shades of grey
        image = image.convert("F")
        low, high = image.getextrema()
        scale = 255 / max(high - low, 1e-9)
        image = image.point(lambda value: value * scale - low * scale).convert("L")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("L" if image.mode in ("1", "L") else "RGB")
    image.thumbnail((LONGEST, LONGEST))
    darkest, lightest = image.convert("L").getextrema()
    return image if lightest - darkest >= _PLAIN else None


def _encoded(image: Any, is_photo: bool) -> tuple[bytes, str]:
    """(bytes, suffix): photographs, and pictures that PNG would make large, as JPEG."""
    buffer = io.BytesIO()
    if not is_photo:
        image.save(buffer, "PNG", optimize=False)
        if buffer.tell() < _JPEG_FROM_BYTES or image.getcolors(4096) is not None:
            return buffer.getvalue(), "png"
        buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue(), "jpg"
