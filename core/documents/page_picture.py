"""The picture of a page. Imported in the limited child only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
from PIL import Image

PIXELS = 1600
COMPRESSION = 1  # quick; of a scanned page in grey 0.05 s and 1 MB, against 0.11 s and 1.4 MB in colour at level 3


def draw(page: Any, picture: Path, turn: int = 0) -> None:
    """Writes a PyMuPDF page as PNG, at most PIXELS on its longer side, turned clockwise by so many degrees.

    A page without colours is written in grey.
    """
    scale = min(2.0, PIXELS / max(page.rect.width, page.rect.height, 1))
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale).prerotate(turn), alpha=False,
                             colorspace=pymupdf.csRGB)
    pixels = np.frombuffer(pixmap.samples_mv, np.uint8).reshape(pixmap.height, pixmap.stride)
    pixels = pixels[:, :pixmap.width * 3].reshape(pixmap.height, pixmap.width, 3)
    is_grey = bool((pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all())
    Image.fromarray(pixels[..., 0] if is_grey else pixels).save(picture, format="PNG", compress_level=COMPRESSION)
