"""The picture of a page. Imported in the limited child only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
from PIL import Image

PIXELS = 1600
COMPRESSION = 1  # quick; of a scanned page in grey 0.05 s and 1 MB, against 0.11 s and 1.4 MB in colour at level 3


@dataclass(frozen=True)
class Picture:
    """A drawn page: `pixels` (rows, columns, 3) of 0 to 255, and whether it is without colours."""

    pixels: np.ndarray
    is_grey: bool

    def write(self, picture: Path) -> None:
        """Writes it as PNG, in grey if it is."""
        pixels = self.pixels[..., 0] if self.is_grey else self.pixels
        Image.fromarray(pixels).save(picture, format="PNG", compress_level=COMPRESSION)


def drawn(page: Any, turn: int = 0) -> Picture:
    """A PyMuPDF page, at most PIXELS on its longer side, turned clockwise by so many degrees."""
    scale = min(2.0, PIXELS / max(page.rect.width, page.rect.height, 1))
    pixels = pixels_of(page.get_pixmap(matrix=pymupdf.Matrix(scale, scale).prerotate(turn), alpha=False,
                                       colorspace=pymupdf.csRGB))
    return Picture(pixels, bool((pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all()))


def draw(page: Any, picture: Path, turn: int = 0) -> None:
    """Writes the picture of a page."""
    drawn(page, turn).write(picture)


def pixels_of(pixmap: Any) -> np.ndarray:
    """(rows, columns, channels) of a pixmap, which may go; a view of its samples would go with it."""
    lines = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.stride)
    return lines[:, :pixmap.width * pixmap.n].reshape(pixmap.height, pixmap.width, pixmap.n)
