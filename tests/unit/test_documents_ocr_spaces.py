"""Spaces that the recogniser left out are found in the picture."""

from __future__ import annotations

import numpy as np
import pytest

from core.documents.ocr_spaces import measured, usual_gap
from core.documents.ocr_spaces import spaced as spaced_by

LETTER, HEIGHT = 12, 30


def line(drawn: str, gap: int = 2, space: int = 9, slant: float = 0.0) -> tuple[list, np.ndarray, np.ndarray]:
    """Letters as black blocks with gaps between them, wider where `drawn` has a space: letters, corners, pixels."""
    width = (LETTER + gap) * len(drawn) + 40
    pixels = np.full((120, width + 40), 250, dtype=np.uint8)
    letters, x = [], 20.0
    for sign in drawn:
        if sign == " ":
            x += space - gap
            continue
        top = 40 + slant * (x - 20)
        pixels[int(top) + 6:int(top) + HEIGHT - 6, int(x):int(x) + LETTER] = 20
        letters.append((sign, x + LETTER / 2))
        x += LETTER + gap
    end = 40 + slant * (x - 20)
    corners = np.array([[18.0, 40], [x + 2, end], [x + 2, end + HEIGHT], [18.0, 40 + HEIGHT]])
    return [(sign, 0.9, (middle - 18) / (x - 16)) for sign, middle in letters], corners, pixels


def spaced(text: str, letters: list, corners: np.ndarray, pixels: np.ndarray, usual: float = 0.0) -> str:
    """The line with its spaces, as its picture and the page's usual gap tell."""
    return spaced_by(text, measured(text, letters, corners, pixels), usual)


@pytest.mark.parametrize(("drawn", "read"), [
    ("while nobody is at home", "while nobodyis at home"),
    ("every 4 months", "every4 months"),
    ("dissolve 150 g of it", "dissolve 150g of it"),
    ("nospaceswereread here", "nospaceswerereadhere"),
])
@pytest.mark.parametrize("slant", [0.0, 0.02])
def test_a_space_that_is_drawn_is_put_back(drawn: str, read: str, slant: float) -> None:
    assert spaced(read, *line(drawn, slant=slant)) == drawn


@pytest.mark.parametrize("text", ["already spaced well", "one", "日期 2024 年 柜子", "a, b; c (d) e"])
def test_a_line_that_is_right_stays(text: str) -> None:
    assert spaced(text, *line(text)) == text


def test_wide_letters_of_a_typewriter_are_no_words() -> None:
    assert spaced("import json", *line("import json", gap=7, space=21)) == "import json"


def test_no_space_before_a_comma_nor_within_chinese() -> None:
    assert spaced("left,right end", *line("left ,right end")) == "left,right end"
    assert spaced("种植柜重31千克", *line("种植 柜重 31 千克")) == "种植柜重31千克"


def test_numbers_are_never_cut() -> None:
    for text, drawn in (("holds 18 plants", "holds 1 8 plants"), ("at 10:00 or 3.15 A", "at 10: 00 or 3. 15 A")):
        assert spaced(text, *line(drawn)) == text


def test_what_cannot_be_measured_stays() -> None:
    letters, corners, pixels = line("two words")
    assert spaced("twowords", letters[:-1], corners, pixels) == "twowords"
    assert spaced("twowords", letters, corners, np.full_like(pixels, 128)) == "twowords"
    underlined = pixels.copy()
    underlined[66:68] = 0
    assert spaced("twowords", letters, corners, underlined) == "twowords"


def test_the_page_tells_about_cells_of_two_letters() -> None:
    words = "while nobody is at home the pump keeps running and the lamp stays on until the tank has been filled again"
    usual = usual_gap([measured(words, *line(words))] * 2)
    assert 0.03 < usual < 0.12
    for drawn, read in (("3 B", "3B"), ("2 x", "2x"), ("GB", "GB"), ("1.3", "1.3")):
        assert spaced(read, *line(drawn), usual=usual) == drawn
        assert spaced(read, *line(drawn)) == read, "without a page nothing is known"
    assert usual_gap([measured("one word", *line("one word"))]) == 0.0
