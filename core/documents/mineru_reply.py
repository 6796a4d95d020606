"""What MinerU found, as Markdown page by page. Its replies may hold anything, so nothing in them is taken on trust.

The form is that of `*_content_list.json`: a flat list of blocks in reading order, each with `type` and `page_idx`
(https://opendatalab.github.io/MinerU/reference/output_files/).
"""

from __future__ import annotations

import json
import re
from typing import Any

_DROPPED = ("header", "footer", "page_number", "aside_text", "discarded")
_LEVELS = 6
_IMAGE = re.compile(r"!\[[^\]]*\]\((?:images/)?[\w./-]+\)[ \t]*\n?")
_TABLE = re.compile(r"(?is)<(?:html|table)\b.*?</(?:html|table)\s*>")
_LISTED = re.compile(r"\s*(?:[-*+•·]|\(?\d{1,3}[.)、])\s*")


class BadReply(ValueError):
    """A reply from which no pages can be made."""


def pages_of(found: Any, count: int) -> list[str]:
    """Markdown of each of `count` pages.

    Args:
        found: ``{"md_content", "content_list"}``; the list may be text that holds JSON, as the server sends it.

    Raises BadReply when it tells nothing of these pages.
    """
    if not isinstance(found, dict):
        raise BadReply
    blocks = found.get("content_list")
    if isinstance(blocks, str):
        try:
            blocks = json.loads(blocks)
        except (ValueError, RecursionError):
            blocks = None
    if isinstance(blocks, list) and all(isinstance(block, dict) for block in blocks):
        pages: list[list[str]] = [[] for _ in range(count)]
        for block in blocks:
            number = block.get("page_idx")
            if isinstance(number, int) and 0 <= number < count and (text := _block(block).strip()):
                pages[number].append(text)
        return ["\n\n".join(page) for page in pages]
    text = found.get("md_content")
    if count == 1 and isinstance(text, str):
        return [_TABLE.sub(lambda match: "\n\n" + _table(match[0]) + "\n\n", _IMAGE.sub("", text))]
    raise BadReply


def _block(block: dict[str, Any]) -> str:
    kind = block.get("type")
    if kind in _DROPPED:
        return ""
    if kind == "table":
        return "\n\n".join(filter(None, [*_lines(block, "table_caption"), _table(_text(block, "table_body")),
                                         *_lines(block, "table_footnote")]))
    if kind in ("image", "chart"):
        return "\n\n".join(filter(None, [*_lines(block, f"{kind}_caption"), _text(block, "content"),
                                         *_lines(block, f"{kind}_footnote")]))
    if kind == "code":
        return "\n\n".join([*_lines(block, "code_caption"), _code(block)])
    if kind == "list":
        return "\n".join(item if _LISTED.match(item) else f"- {item}" for item in _lines(block, "list_items"))
    if kind == "equation":
        text = _text(block, "text").strip()
        return text if text.startswith("$") or not text else f"$$\n{text}\n$$"
    level = block.get("text_level")
    text = _text(block, "text").strip()
    if text and isinstance(level, int) and level > 0:
        return f"{'#' * min(level, _LEVELS)} {' '.join(text.split())}"
    return text


def _code(block: dict[str, Any]) -> str:
    body = _text(block, "code_body").strip("\n")
    return body if body.lstrip().startswith("```") else f"```\n{body}\n```"


def _table(markup: str) -> str:
    """A table of HTML as Markdown."""
    if "<" not in markup:
        return markup
    from core.documents.web_markdown import Writer
    from core.documents.web_page import parse

    return Writer().markdown(parse(f"<body>{markup}</body>"))


def _text(block: dict[str, Any], name: str) -> str:
    value = block.get(name)
    return value if isinstance(value, str) else ""


def _lines(block: dict[str, Any], name: str) -> list[str]:
    value = block.get(name)
    values = value if isinstance(value, list) else [value]
    return [one.strip() for one in values if isinstance(one, str) and one.strip()]
