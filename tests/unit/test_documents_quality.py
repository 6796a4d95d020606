"""Pages that a person should look at are told from the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from core.documents.quality import EMPTY, GARBLED, HARD_TO_READ, LOW_CONFIDENCE, TABLE, doubts

PROSE = "# Pump\n\nThe grey pump is inspected every 14 days by the crew of the north station, and the log is signed.\n"


def table(*rows: str) -> str:
    head, *body = rows
    return "\n".join([head, "|" + " --- |" * (head.count("|") - 1), *body]) + "\n"


@pytest.mark.parametrize(("text", "confidence", "expected"), [
    (PROSE, None, []),
    (PROSE, 0.97, []),
    (PROSE, LOW_CONFIDENCE - 0.01, [HARD_TO_READ]),
    ("水泵每 30 天检查一次，由北站值班人员签字。\n", None, []),
    ("\ufffd\ufffd\ufffd pump \ufffd\ufffd\ufffd\ufffd is \ufffd\ufffd\ufffd\n", None, [GARBLED]),
    ("Thx qwrt bcdf ghjk lmnp qrst vwxz bcdfg hjklm npqrs tvwxz bcd fgh.\n", None, [GARBLED]),
    ("```\nfor k in xrng: prntf(strng, chrs, bffr, ptr, lngth, wdth, hght, clr, xyz, dst, src)\n```\n", None, []),
    (table("| Part | Mass | Colour |", "| Valve | 2 kg | red |", "| Lid | 1 kg | blue |"), None, []),
    (table("| Part | Mass | Colour |", "| Valve |  |  |", "|  |  | blue |", "|  |  |  |"), None, [TABLE]),
    (table("| Part | Mass |", "| Valve | 2 kg | red |"), None, [TABLE]),
    (table("| Part | Mass |"), None, [TABLE]),
])
def test_doubts_of_a_page(text: str, confidence: float | None, expected: list[str]) -> None:
    assert doubts(text, confidence, paged=True) == expected


def test_tables_of_word_files_are_what_the_file_says() -> None:
    assert doubts(table("| a | b | c |", "| 1 |  |  |", "|  |  |  |", "|  |  |  |"), None, paged=False) == []


def test_a_blank_page_is_not_an_unread_one(tmp_path: Path) -> None:
    blank, inked = tmp_path / "blank.png", tmp_path / "inked.png"
    image = Image.new("RGB", (800, 1100), "#fdfdfb")
    image.save(blank)
    ImageDraw.Draw(image).text((100, 100), "12 kg", fill="black", font_size=40)
    image.save(inked)
    assert doubts("", None, paged=True, picture=blank) == []
    assert doubts(" \n", None, paged=True, picture=inked) == [EMPTY]
    assert doubts("![](images/0123456789abcdef.png)\n", None, paged=True, picture=inked) == []
