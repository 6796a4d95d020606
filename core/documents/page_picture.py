"""The picture of a page. Imported in the limited child only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pymupdf

PIXELS = 1600
COMPRESSION = 3  # a scanned page is written in 0.1 s instead of 0.25 s, and is smaller


def draw(page: Any, picture: Path, turn: int = 0) -> None:
    """Writes a PyMuPDF page as PNG, at most PIXELS on its longer side, turned clockwise by so many degrees."""
    scale = min(2.0, PIXELS / max(page.rect.width, page.rect.height, 1))
    matrix = pymupdf.Matrix(scale, scale).prerotate(turn)
    page.get_pixmap(matrix=matrix, alpha=False).pil_save(picture, format="PNG", compress_level=COMPRESSION)
