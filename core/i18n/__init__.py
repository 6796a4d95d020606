"""Message catalogue, Chinese and English. One JSON file an area: `en/documents.json` holds the keys `documents.*`."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from string import Formatter
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
    """The text of `key` with its placeholders filled: `{name}`, or `{count:pair|pairs}` for "1 pair", "2 pairs".

    A parameter that is itself a message (``{"key", "params"}``) is put in as its text.

    Raises KeyError when the catalogue lacks the key.
    """
    text = catalogue(lang)[key]
    filled = {name: t(value["key"], lang, **value.get("params", {})) if isinstance(value, dict) and "key" in value
              else value for name, value in params.items()}
    return _COUNTING.vformat(text, (), filled) if params else text


class _Counting(Formatter):
    """Placeholders as in `str.format`, and numbers with the form of their word."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if "|" not in format_spec:
            return format(value, format_spec)
        one, more = format_spec.split("|")
        return f"{value} {one if value == 1 else more}"


_COUNTING = _Counting()
