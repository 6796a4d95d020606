"""What a PDF page needs: is its text layer usable, is it a picture, which way up is it. Rules: cheap first."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

FEW_CHARS = 20
PICTURE_SHARE = 0.3
_HAN = re.compile(r"[぀-ヿ㐀-鿿가-힯]")
_WORD = re.compile(r"[A-Za-z]{3,}")
_VOWEL = re.compile(r"[aeiouyAEIOUY]")
_ODD = re.compile("[�\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ue000-\uf8ff]")
_BULLETS = frozenset("\uf0b7\uf0a7\uf0d8\uf0fc\uf06e\uf076\uf02d")  # symbol fonts, harmless


@dataclass(frozen=True)
class Look:
    """Result of `look_at`.

    Args:
        needs_ocr: the text layer is missing or garbage, and there is something to read.
        turn: rotation in degrees that brings the lines of the text layer upright.
        inked: there is anything on the page.
    """

    needs_ocr: bool
    turn: int
    inked: bool


def look_at(page: Any) -> Look:
    """Looks at the text of a page without rotation flag, its direction, and how much of it is pictures."""
    directions: Counter[int] = Counter()
    text: list[str] = []
    for block in page.get_text("dict", flags=0)["blocks"]:
        for line in block.get("lines", ()):
            words = "".join(span["text"] for span in line["spans"])
            text.append(words)
            directions[_quarter(line["dir"])] += len(words.strip())
    content = "\n".join(text)
    chars = len("".join(content.split()))
    pictures = _picture_share(page)
    drawn = chars or pictures > 0.01 or bool(page.get_cdrawings())
    bad = chars >= FEW_CHARS and is_garbage(content)
    turn = directions.most_common(1)[0][0] if directions else 0
    return Look(bad or chars < FEW_CHARS and pictures > PICTURE_SHARE, turn, bool(drawn))


def is_garbage(text: str) -> bool:
    """Whether a text layer cannot be meant: unmapped characters, odd Latin-1, or words without vowels."""
    letters = [char for char in text if not char.isspace()]
    if not letters:
        return False
    odd = sum(bool(_ODD.match(char)) and char not in _BULLETS for char in letters)
    if odd > 0.05 * len(letters):
        return True
    if sum("\xa1" <= char <= "\xff" for char in letters) > 0.15 * len(letters):
        return not _accented_prose(text)
    han = len(_HAN.findall(text))
    words = _WORD.findall(text)
    if han < 0.3 * len(letters) and len(words) >= 10:
        return sum(bool(_VOWEL.search(word)) for word in words) < 0.6 * len(words)
    return False


def _accented_prose(text: str) -> bool:
    """Latin-1 letters within words of plain letters, as French or Swedish have them."""
    words = re.findall(r"[A-Za-z\xc0-\xff]{2,}", text)
    mixed = sum(bool(re.search(r"[A-Za-z]", word)) for word in words)
    return mixed > 0.6 * max(1, len(words))


def _quarter(direction: tuple[float, float]) -> int:
    """Rotation that makes a line with this direction run to the right."""
    x, y = direction
    if abs(x) >= abs(y):
        return 0 if x >= 0 else 180
    return 90 if y < 0 else 270


def _picture_share(page: Any) -> float:
    """Share of the page that its largest pictures cover, added up, at most 1."""
    area = abs(page.rect) or 1
    share = sum(abs(page.rect & info["bbox"]) for info in page.get_image_info()) / area
    return min(1.0, share)
