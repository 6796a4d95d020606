"""Pages read from their picture by RapidOCR (PP-OCR models of its wheel: Chinese and English). Child only."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pymupdf

from core.documents.ocr_engine import engine, loading, reader
from core.documents.ocr_sizes import BELOW, inked_box
from core.documents.ocr_spaces import measured, spaced, usual_gap
from core.documents.page_picture import pixels_of

DPI = 200
LONGEST_PIXELS = 3600
TRIED_LINES = 6
SURE = 0.8
LEAST_SLANT = 0.15  # degrees
Reading = tuple[np.ndarray, str, float]


@dataclass(frozen=True)
class Line:
    """A line that was read: its box in points, text, and certainty 0 to 1."""

    box: tuple[float, float, float, float]
    text: str
    score: float


@dataclass
class Scan:
    """A page as it was read.

    Args:
        document: a PDF of one page: the picture, upright, under invisible text.
        turn: rotation in degrees by which the picture was turned.
        confidence: mean certainty, weighted by length.
    """

    document: Any
    turn: int = 0
    lines: list[Line] = field(default_factory=list)

    @property
    def confidence(self) -> float:
        """0 without lines."""
        letters = sum(len(line.text) for line in self.lines)
        return sum(line.score * len(line.text) for line in self.lines) / letters if letters else 0.0


class PageOcr:
    """The reading of a page, in a thread of its own, which leaves MuPDF alone: another page can be laid out meanwhile.

    Args:
        page: of PyMuPDF; it is drawn here and now.
        is_grey: it has no colours.
    """

    def __init__(self, page: Any, is_grey: bool = False) -> None:
        self._models = loading()
        self.scale = min(DPI / 72, LONGEST_PIXELS / max(page.rect.width, page.rect.height, 1))
        pixels = pixels_of(page.get_pixmap(matrix=pymupdf.Matrix(self.scale, self.scale), alpha=False,
                                           colorspace=pymupdf.csGRAY if is_grey else pymupdf.csRGB))
        pixels = _coloured(pixels) if is_grey else np.ascontiguousarray(pixels[:, :, ::-1])
        self._found = reader().submit(_read_upright, pixels, self.scale)

    def wait_for_models(self) -> None:
        """Returns when the models are loaded and it only reads."""
        self._models.result()

    def finish(self) -> Scan:
        """Waits for the reading; raises what it raised."""
        pixels, turn, lines = self._found.result()
        return Scan(_searchable(pixels, lines, self.scale), turn, lines)


def _read_upright(pixels: np.ndarray, scale: float) -> tuple[np.ndarray, int, list[Line]]:
    """The picture, upright, the rotation that made it so, and its lines.

    A picture whose reading makes no sense is turned the right way up and read again; slight slants are straightened
    after the reading, so that lines and columns are what they seem.
    """
    turn, found = 0, _read(pixels)
    if not _is_upright(found):
        turn = find_turn(pixels)
        if turn:
            pixels = np.ascontiguousarray(np.rot90(pixels, -turn // 90))
            found = _read(pixels)
    pixels, found = _straight(pixels, found)
    grey = _grey(pixels)
    return pixels, turn, [Line(_points(inked_box(corners, text, grey), scale), text, score)
                          for corners, text, score in found]


def _coloured(grey: np.ndarray) -> np.ndarray:
    import cv2

    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))


def _grey(pixels: np.ndarray) -> np.ndarray:
    import cv2

    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY))


def _straight(pixels: np.ndarray, found: list[Reading]) -> tuple[np.ndarray, list[Reading]]:
    """Picture and corners turned by the median slant of the long lines, if that is worth while."""
    from PIL import Image

    sides = [corners[1] - corners[0] + corners[2] - corners[3] for corners, _, _ in found]
    slants = [np.degrees(np.arctan2(y, x)) for x, y in sides if abs(x) > 8 * abs(y) and abs(x) > 300]
    slant = float(np.median(slants)) if len(slants) >= 3 else 0.0
    if abs(slant) < LEAST_SLANT:
        return pixels, found
    centre = np.array([pixels.shape[1] / 2, pixels.shape[0] / 2])
    angle = np.radians(-slant)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = Image.fromarray(pixels).rotate(slant, resample=Image.Resampling.BILINEAR, fillcolor=(255, 255, 255))
    return np.asarray(turned), [((corners - centre) @ matrix + centre, text, score) for corners, text, score in found]


def _points(box: tuple[float, float, float, float], scale: float) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box
    return x0 / scale, y0 / scale, x1 / scale, y1 / scale


def _is_upright(found: list[Reading]) -> bool:
    """Whether a reading makes sense: wide lines, read with certainty. Turned pages give short, doubtful ones."""
    extents = [np.ptp(corners, axis=0) for corners, _, _ in found]
    wide = sum(width > height for width, height in extents)
    return bool(found) and wide > 0.6 * len(found) and sum(score for _, _, score in found) > SURE * len(found)


def find_turn(pixels: np.ndarray) -> int:
    """Clockwise rotation (0, 90, 180, 270) that brings the text upright.

    Wide or tall line boxes leave two candidates; a few long lines are read in both and the surer reading wins.
    """
    small = np.ascontiguousarray(pixels[::2, ::2])
    boxes = getattr(engine()(small, use_det=True, use_cls=False, use_rec=False), "boxes", None)
    if boxes is None or len(boxes) == 0:
        return 0
    rects = [(box[:, 0].min(), box[:, 1].min(), box[:, 0].max(), box[:, 1].max()) for box in 2 * np.asarray(boxes)]
    tall = sum((y1 - y0) > 1.5 * (x1 - x0) for x0, y0, x1, y1 in rects)
    wide = sum((x1 - x0) > 1.5 * (y1 - y0) for x0, y0, x1, y1 in rects)
    candidates = (90, 270) if tall > wide else (0, 180)
    longest = sorted(rects, key=lambda r: -max(r[2] - r[0], r[3] - r[1]))[:TRIED_LINES]
    crops = [pixels[int(y0):int(y1) + 1, int(x0):int(x1) + 1] for x0, y0, x1, y1 in longest]
    return max(candidates, key=lambda turn: (_sureness([np.rot90(crop, -turn // 90) for crop in crops]), -turn))


def _sureness(crops: list[np.ndarray]) -> float:
    crops = [np.ascontiguousarray(crop) for crop in crops if crop.size]
    found = [getattr(engine()(crop, use_det=False, use_cls=False, use_rec=True), "scores", None) for crop in crops]
    return float(np.mean([scores[0] if scores else 0.0 for scores in found])) if found else 0.0


def _read(pixels: np.ndarray) -> list[Reading]:
    """The lines with their corners (clockwise from the upper left, in pixels), text and certainty."""
    found = engine()(pixels, use_det=True, use_cls=False, use_rec=True)
    if getattr(found, "boxes", None) is None or getattr(found, "txts", None) is None:
        return []
    lines = list(zip((np.asarray(corners, dtype=float) for corners in found.boxes), found.txts, found.scores,
                     strict=True))
    letters = found.word_results if len(found.word_results) == len(lines) else [()] * len(lines)
    grey = _grey(pixels)
    gaps = [measured(text, theirs, corners, grey) if isinstance(theirs, tuple) else None
            for (corners, text, _), theirs in zip(lines, letters, strict=True)]
    usual = usual_gap(gaps)
    return [(corners, _put_right(spaced(text, own, usual)), float(score))
            for (corners, text, score), own in zip(lines, gaps, strict=True) if text.strip()]


def _put_right(text: str) -> str:
    """What the models mistake by rule: a small ring before an item is no full stop, two hyphens are an option."""
    return re.sub(r"(?<![^\s(\[`])- -(?=\w)", "--", re.sub(r"^\s*。\s*(?=\S)", "• ", text))


def _jpeg(pixels: np.ndarray) -> bytes:
    """The picture as the layout models get it: quick to take out of the page again, which they do twice."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels[:, :, ::-1])).save(file, "JPEG", quality=90)
    return file.getvalue()


@lru_cache(maxsize=1)
def _font() -> Any:
    return pymupdf.Font("china-s")


def _searchable(pixels: np.ndarray, lines: list[Line], scale: float) -> Any:
    """A page with the picture and the text in its places, for the layout models."""
    height, width = pixels.shape[:2]
    document = pymupdf.open()
    page = document.new_page(width=width / scale, height=height / scale)
    page.insert_image(page.rect, stream=_jpeg(pixels))
    font = _font()
    for line in lines:
        rect = pymupdf.Rect(line.box)
        size = rect.height
        natural = font.text_length(line.text, size)
        stretch = pymupdf.Matrix(rect.width / natural if natural else 1, 1)
        writer = pymupdf.TextWriter(page.rect)  # unlike insert_text it does not measure the whole font for each page
        writer.append(rect.bl + (0, -BELOW * size), line.text, font=font, fontsize=size)
        writer.write_text(page, morph=(rect.bl, stretch), render_mode=3)
    return document
