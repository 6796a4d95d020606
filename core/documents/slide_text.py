"""Text of shapes on slides: paragraphs, bullets as the slide's layout and master define them, formulas. Child only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from core.documents.clean import fenced, literal, lowered, raised
from core.documents.word_math import formula
from core.documents.word_text import MONOSPACED

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BODY = ("BODY", "OBJECT", "VERTICAL_BODY", "VERTICAL_OBJECT")


class Bullets:
    """Which paragraphs of a shape have bullets or numbers: said by themselves, the shape, its layout or its master."""

    def __init__(self, shape: Any, slide: Any) -> None:
        self.sources = [shape._element]
        placeholder = shape
        while getattr(placeholder, "is_placeholder", False):
            placeholder = getattr(placeholder, "_base_placeholder", None)
            if placeholder is None:
                break
            self.sources.append(placeholder._element)
        kind = shape.placeholder_format.type.name if shape.is_placeholder and shape.placeholder_format.type else ""
        self.in_body = kind in _BODY
        self.master = slide.slide_layout.slide_master._element if self.in_body else None

    def of(self, paragraph: Any, level: int) -> str:
        """"-" for a bullet, "1" for a number, "" for none."""
        own = paragraph.find(f"{_A}pPr")
        if own is not None and (found := _mark(own)) is not None:
            return found
        for source in self.sources:
            for style in source.iter(f"{_A}lstStyle"):
                described = style.find(f"{_A}lvl{level + 1}pPr")
                if described is not None and (found := _mark(described)) is not None:
                    return found
        if self.master is None:
            return ""
        described = self.master.find(f"{_P}txStyles/{_P}bodyStyle/{_A}lvl{level + 1}pPr")
        return (_mark(described) or "") if described is not None else ""


def shape_blocks(shape: Any, bullets: Bullets) -> list[str]:
    """The paragraphs of a shape: running text, lists and code."""
    found = [(element, text, level) for element, text, level in paragraphs_of(shape._element.txBody) if text.strip()]
    if found and all(_is_code(element) for element, _, _ in found) and len(found) > 1:
        return [fenced("\n".join(_plain(element) for element, _, _ in found))]
    marks = [bullets.of(element, level) for element, _, level in found]
    if len(found) == 1 and marks == ["-"]:
        marks = [""]
    if len(found) > 1 and marks[0] == "-" and found[0][1].rstrip().endswith((":", "：")) and not found[0][2]:
        marks[0] = ""
    blocks: list[str] = []
    counts: dict[int, int] = {}
    in_list = False
    for (_, text, level), mark in zip(found, marks, strict=True):
        if not mark:
            blocks.append(literal(text))
            counts, in_list = {}, False
            continue
        counts = {deep: count for deep, count in counts.items() if deep <= level}
        counts[level] = counts.get(level, 0) + 1
        sign = "-" if mark == "-" else f"{counts[level]}."
        depth = level if in_list else 0
        line = f"{'    ' * depth}{sign} " + text.replace("\n", f"\n{'    ' * (depth + 1)}")
        if in_list:
            blocks[-1] += f"\n{line}"
        else:
            blocks.append(line)
        in_list = True
    return blocks


def paragraphs_of(body: Any) -> Iterator[tuple[Any, str, int]]:
    """(element, text, level from 0) of the paragraphs of a text body."""
    if body is None:
        return
    for paragraph in body.iterchildren(f"{_A}p"):
        properties = paragraph.find(f"{_A}pPr")
        level = properties.get("lvl", "0") if properties is not None else "0"
        lines = [" ".join(line.split()) for line in "".join(_pieces(paragraph)).split("\n")]
        yield paragraph, "\n".join(filter(None, lines)), int(level) if level.isdecimal() and len(level) < 2 else 0


def _pieces(parent: Any) -> Iterator[str]:
    run_code = ""
    for element in parent.iterchildren():
        tag = element.tag
        if tag == f"{_A}r" and _is_mono(element):
            run_code += _run(element)
            continue
        if run_code:
            yield _coded(run_code)
            run_code = ""
        if tag in (f"{_A}r", f"{_A}fld"):
            yield _run(element)
        elif tag == f"{_A}br":
            yield "\n"
        elif tag == f"{_M}oMath":
            yield f"${written}$" if (written := formula(element)) else ""
        elif isinstance(tag, str) and tag not in (_FALLBACK, f"{_A}pPr", f"{_A}endParaRPr"):
            yield from _pieces(element)
    if run_code:
        yield _coded(run_code)


def _coded(text: str) -> str:
    inner = text.strip()
    return text.replace(inner, f"`{inner}`", 1) if inner and "`" not in inner and "\n" not in inner else text


def _run(element: Any) -> str:
    text = "".join(t.text or "" for t in element.iterchildren(f"{_A}t")).replace("\v", "\n")
    properties = element.find(f"{_A}rPr")
    shift = (properties.get("baseline") or "0") if properties is not None else "0"
    if re.fullmatch(r"-?\d+", shift) and int(shift):
        return raised(text) if int(shift) > 0 else lowered(text)
    return text


def _is_mono(run: Any) -> bool:
    font = run.find(f"{_A}rPr/{_A}latin")
    name = (font.get("typeface") or "").lower() if font is not None else ""
    return any(word in name for word in MONOSPACED)


def _is_code(paragraph: Any) -> bool:
    runs = list(paragraph.iterchildren(f"{_A}r"))
    return bool(runs) and all(_is_mono(run) for run in runs)


def _plain(paragraph: Any) -> str:
    return "".join(t.text or "" for t in paragraph.iter(f"{_A}t"))


def _mark(properties: Any) -> str | None:
    """What paragraph properties say of bullets; None when they say nothing."""
    if properties.find(f"{_A}buNone") is not None:
        return ""
    if properties.find(f"{_A}buAutoNum") is not None:
        return "1"
    if properties.find(f"{_A}buChar") is not None or properties.find(f"{_A}buBlip") is not None:
        return "-"
    return None
