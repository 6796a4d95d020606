"""Whether an answer says what it must: whole words and whole numbers only, so that "22" does not match "220"."""

from __future__ import annotations

import re

SMALL = {
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
}
LETTER = r"[^\W\u3400-\u9fff]"  # Chinese characters are written without spaces between words


def says(answer: str, wanted: str) -> bool:
    """True when `wanted` stands in the answer, not inside a longer word or number; small numbers may be words."""
    text = re.sub(r"\s+", " ", answer.lower())
    text = re.sub(r"\b(" + "|".join(SMALL) + r")\b", lambda m: SMALL[m[1]], text)
    target = re.sub(r"\s+", " ", wanted.lower())
    edge = r"(?<!\d)(?<!\d[.,:])" if target[:1].isdigit() else rf"(?<!{LETTER})"
    end = r"(?!\d)(?![.,:]\d)" if target[-1:].isdigit() else rf"(?!{LETTER})" if re.match(r"\w", target[-1:]) else ""
    return re.search(edge + re.escape(target) + end, text) is not None


def right(answer: str, must_contain: list[str]) -> bool:
    """True when the answer says every wanted thing."""
    return all(says(answer, wanted) for wanted in must_contain)
