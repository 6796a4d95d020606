"""The letter height of lines in pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from core.documents.ocr_sizes import BELOW, inked_box

SIZE = 40


def drawn(text: str, rule: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """A picture with a line of text whose baseline is at 100, and the generous box of somebody who found it."""
    picture = Image.new("L", (900, 200), 255)
    font = ImageFont.load_default(SIZE)
    draw = ImageDraw.Draw(picture)
    draw.text((50, 100), text, 0, font, anchor="ls")
    if rule:
        draw.rectangle((40, 112, 860, 114), fill=0)
    left, top, right, bottom = draw.textbbox((50, 100), text, font, anchor="ls")
    corners = np.array([[left - 9, top - 6], [right + 11, top - 6], [right + 11, bottom + 6], [left - 9, bottom + 6]])
    return np.asarray(picture), corners.astype(float)


@pytest.mark.parametrize("text", ["Heading", "hanging page", "source", "Total 1,204", "# apex", "see below"])
def test_the_height_is_that_of_the_letters_whatever_they_are(text: str) -> None:
    pixels, corners = drawn(text)
    _, top, _, bottom = inked_box(corners, text, pixels)
    assert bottom - top == pytest.approx(SIZE, rel=0.12)
    assert bottom - BELOW * (bottom - top) == pytest.approx(100, abs=3)


def test_the_box_ends_where_the_ink_ends() -> None:
    pixels, corners = drawn("margin")
    left, _, right, _ = inked_box(corners, "margin", pixels)
    inked = np.flatnonzero((pixels < 128).any(axis=0))
    assert abs(left - inked[0]) <= 1 and abs(right - inked[-1] - 1) <= 1


def test_a_rule_under_the_line_is_no_letter() -> None:
    pixels, corners = drawn("Amount", rule=True)
    corners[2:, 1] += 12
    _, top, _, bottom = inked_box(corners, "Amount", pixels)
    assert bottom - top == pytest.approx(SIZE, rel=0.12)


def test_without_ink_the_box_stays_as_it_was_found() -> None:
    corners = np.array([[10.0, 10], [200, 10], [200, 40], [10, 40]])
    assert inked_box(corners, "nothing", np.full((100, 300, 3), 255, np.uint8)) == (10, 10, 200, 40)
    assert inked_box(corners, "--- ···", drawn("x")[0]) == (10, 10, 200, 40)
