"""Message catalogue, Chinese and English. One JSON file an area: `en/documents.json` holds the keys `documents.*`."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = ("en", "zh")


@cache
def catalogue(lang: str) -> dict[str, str]:
    """All entries of one language, `key -> text`. Raises ValueError for a language that is not in LANGUAGES."""
    if lang not in LANGUAGES:
        raise ValueError(f"no catalogue for {lang!r}")
    entries: dict[str, str] = {}
    for file in sorted(resources.files(__package__).joinpath(lang).iterdir(), key=lambda f: f.name):
        if file.name.endswith(".json"):
            entries.update(json.loads(file.read_text(encoding="utf-8")))
    return entries


def t(key: str, lang: str = "en", **params: Any) -> str:
    """The text of `key` with `{name}` placeholders filled. Raises KeyError when the catalogue lacks the key."""
    text = catalogue(lang)[key]
    return text.format(**params) if params else text
