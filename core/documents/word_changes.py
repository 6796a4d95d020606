"""Tracked changes of a Word file, accepted: what was deleted goes, paragraphs whose end was deleted are joined."""

from __future__ import annotations

from typing import Any

from core.documents.word_text import qn

_MARKS = ("w:del", "w:moveFrom")


def accept_changes(body: Any) -> None:
    """Changes the tree of a document's body in place."""
    for row in list(body.iter(qn("w:tr"))):
        if row.find(f"{qn('w:trPr')}/{qn('w:del')}") is not None:
            _remove(row)
    for cell in list(body.iter(qn("w:tc"))):
        if cell.find(f"{qn('w:tcPr')}/{qn('w:cellDel')}") is not None:
            _remove(cell)
    joined = [p for p in body.iter(qn("w:p"))
              if any(p.find(f"{qn('w:pPr')}/{qn('w:rPr')}/{qn(mark)}") is not None for mark in _MARKS)]
    for mark in _MARKS:
        for element in list(body.iter(qn(mark))):
            if element.getparent().tag not in (qn("w:rPr"), qn("w:trPr")):
                _remove(element)
    for paragraph in joined:
        _join_with_next(paragraph)


def _join_with_next(paragraph: Any) -> None:
    """Moves the text in front of the next paragraph, whose style then holds, as Word does."""
    content = [child for child in paragraph.iterchildren() if child.tag != qn("w:pPr")]
    following = paragraph.getnext()
    if following is not None and following.tag == qn("w:p"):
        properties = following.find(qn("w:pPr"))
        at = following.index(properties) + 1 if properties is not None else 0
        following[at:at] = content
        _remove(paragraph)
    elif not content and following is not None:
        _remove(paragraph)


def _remove(element: Any) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)
