"""Raster pictures of PDF pages, shown where they stand in the text. Child only."""

from __future__ import annotations

import re
from typing import Any

import pymupdf

from core.documents.classify import ends_sentence
from core.documents.picture_store import LONGEST, PictureStore
from core.documents.pictures import without_pictures

_SMALLEST_POINTS, _SMALLEST_SHARE, _LARGEST_SHARE, _THINNEST = 40, 0.008, 0.8, 12
_TOUCH = 2.0  # points between strips of one picture
_EDGE = 0.1  # share of the page's height that belongs to running headers and footers
_BEHIND_CHARS = 200  # a picture with so much text on it is a background
_MOST_SCALE = 4.0
_ANCHOR = 24
_CAPTION = re.compile(
    r"^(?:fig(?:ure)?\.?|abb(?:ildung)?\.?|photo|图片?|插图|照片|示意图)\s*[\d一二三四五六七八九十A-Z]", re.I)
_SIGNS = re.compile(r"[\W_]+")


def with_pictures(page: Any, markdown: str, store: PictureStore) -> str:
    """The Markdown of a page with its pictures: each after the text that stands above it, or before it where it would
    cut a sentence that goes on over the page break."""
    blocks = [block for block in markdown.strip("\n").split("\n\n") if block.strip()]
    lines = _lines(page)
    places: list[tuple[int, str]] = []
    for box in picture_boxes(page, lines):
        caption = _caption(box, lines)
        shown = store.keep_image(_drawn(page, box), caption)
        if shown:
            places.append((_place(box, lines, blocks), shown))
    if not places:
        return markdown
    parts: list[str] = []
    for index in range(len(blocks) + 1):
        parts += [shown for at, shown in places if at == index]
        parts += blocks[index:index + 1]
    return "\n\n".join(parts) + "\n"


def picture_boxes(page: Any, lines: list[tuple[Any, str]]) -> list[Any]:
    """Boxes of pictures worth keeping, from top to bottom; strips of one picture are one."""
    boxes = [pymupdf.Rect(info["bbox"]) & page.rect for info in page.get_image_info()]
    boxes = _joined([box for box in boxes if not box.is_empty and abs(box) < 0.98 * abs(page.rect)])
    chars = sum(len(text) for _, text in lines)
    return sorted((box for box in boxes if _is_worth(box, page.rect, lines, chars)), key=lambda box: (box.y0, box.x0))


def _joined(boxes: list[Any]) -> list[Any]:
    """Boxes that touch or overlap, as one each."""
    found: list[Any] = []
    for box in sorted(boxes, key=lambda box: (box.y0, box.x0)):
        wide = box + (-_TOUCH, -_TOUCH, _TOUCH, _TOUCH)
        while near := next((other for other in found if wide.intersects(other)), None):
            found.remove(near)
            box = box | near
            wide = box + (-_TOUCH, -_TOUCH, _TOUCH, _TOUCH)
        found.append(box)
    return found


def _is_worth(box: Any, page: Any, lines: list[tuple[Any, str]], chars: int) -> bool:
    short, long = sorted((box.width, box.height))
    share = abs(box) / (abs(page) or 1)
    if short < _SMALLEST_POINTS or long > _THINNEST * short or not _SMALLEST_SHARE < share < _LARGEST_SHARE:
        return False
    if box.y1 < _EDGE * page.height or box.y0 > (1 - _EDGE) * page.height:
        return False
    inside = sum(len(text) for line, text in lines if box.contains((line.tl + line.br) / 2))
    return inside < _BEHIND_CHARS or inside < 0.25 * chars


def _drawn(page: Any, box: Any) -> Any:
    """The place on the page as it looks, in about the picture's own resolution."""
    from PIL import Image

    own = max((info["width"] / max(1.0, pymupdf.Rect(info["bbox"]).width) for info in page.get_image_info()
               if pymupdf.Rect(info["bbox"]).intersects(box)), default=1.0)
    scale = min(max(own, 1.0), _MOST_SCALE, LONGEST / max(box.width, box.height))
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), clip=box, alpha=False, colorspace=pymupdf.csRGB)
    return Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)


def _lines(page: Any) -> list[tuple[Any, str]]:
    """(box, text) of the lines of a page."""
    return [(pymupdf.Rect(line["bbox"]), "".join(span["text"] for span in line["spans"]))
            for block in page.get_text("dict", flags=0)["blocks"] for line in block.get("lines", ())]


def _caption(box: Any, lines: list[tuple[Any, str]]) -> str:
    """The line that says what a picture shows: right below it, or right above."""
    near = [(abs(line.y0 - box.y1), text) for line, text in lines if -4 < line.y0 - box.y1 < 40 and _beside(line, box)]
    near += [(abs(box.y0 - line.y1), text) for line, text in lines if -4 < box.y0 - line.y1 < 40 and _beside(line, box)]
    return next((text.strip() for _, text in sorted(near) if _CAPTION.match(text.strip())), "")


def _beside(line: Any, box: Any) -> bool:
    return min(line.x1, box.x1) - max(line.x0, box.x0) > 0.3 * min(line.width, box.width)


def _place(box: Any, lines: list[tuple[Any, str]], blocks: list[str]) -> int:
    """Index of the block before which a picture stands."""
    plain = [_plain(without_pictures(block)) for block in blocks]
    above = sorted(((line, text) for line, text in lines if line.y1 <= box.y0 + 4 and _beside(line, box)),
                   key=lambda pair: -pair[0].y1)
    at = next((index + 1 for _, text in above if (index := _find(text, plain)) is not None), None)
    if at is None:
        below = sorted(((line, text) for line, text in lines if line.y0 >= box.y1 - 4 and _beside(line, box)),
                       key=lambda pair: pair[0].y0)
        at = next((index for _, text in below if (index := _find(text, plain)) is not None), len(blocks))
    if at == 0 and blocks and not blocks[0].startswith("#") and len(blocks) > 1:
        return 1  # the first block may go on from the page before
    if at == len(blocks) > 1 and not blocks[-1].startswith(("#", "|", "<", "!")) and not ends_sentence(blocks[-1]):
        return at - 1  # the last one may go on
    return at


def _find(text: str, blocks: list[str]) -> int | None:
    """The block that holds a line of the page, told by the line's last letters."""
    wanted = _plain(text)[-_ANCHOR:]
    if len(wanted) < 3:
        return None
    found = [index for index, block in enumerate(blocks) if wanted in block]
    return found[-1] if found else None


def _plain(text: str) -> str:
    return _SIGNS.sub("", text).lower()
