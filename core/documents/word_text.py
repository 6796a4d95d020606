"""The text of Word paragraphs: runs, line breaks, links, formulas, footnote marks; deleted text is left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MONOSPACED = ("consolas", "courier", "menlo", "monaco", "mono", "source code", "fira code", "lucida console")
_SPACES = {"w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
           "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
           "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006"}
_FOOTNOTES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"


def qn(name: str) -> str:
    """``w:p`` with its name space, as lxml writes it."""
    prefix, _, tag = name.partition(":")
    return f"{{{_SPACES[prefix]}}}{tag}"


class Texts:
    """Reads paragraphs; remembers which footnotes they mention."""

    def __init__(self, part: Any) -> None:
        self.part = part
        self.mentioned: list[str] = []

    def inline(self, paragraph: Any) -> str:
        """Text with line breaks as \\n and inline code in backticks."""
        pieces: list[tuple[str, bool]] = []
        for run, text in self._runs(paragraph):
            code = run is not None and is_mono(run) and bool(text.strip())
            if pieces and pieces[-1][1] == code:
                pieces[-1] = (pieces[-1][0] + text, code)
            else:
                pieces.append((text, code))
        return "".join(f"`{text.strip()}`{_trail(text)}" if code and "`" not in text else text for text, code in pieces)

    def plain(self, paragraph: Any) -> str:
        """Text as it is, for code."""
        return "".join(text for _, text in self._runs(paragraph)).replace("\t", "    ").rstrip()

    def all_code(self, paragraph: Any) -> bool:
        """Whether every run is monospaced, and there is more than a word."""
        runs = [(run, text) for run, text in self._runs(paragraph) if text.strip()]
        return bool(runs) and all(run is not None and is_mono(run) for run, _ in runs)

    def footnotes(self) -> list[tuple[str, str]]:
        """(number, text) of the footnotes that were mentioned."""
        for relation in self.part.rels.values():
            if relation.reltype == _FOOTNOTES and not relation.is_external:
                from docx.oxml import parse_xml

                notes = {note.get(qn("w:id")): note for note in parse_xml(relation.target_part.blob)}
                return [(id, " ".join(self.inline(p).strip() for p in notes[id].iter(qn("w:p"))).strip())
                        for id in list(self.mentioned) if id in notes]
        return []

    def _runs(self, parent: Any) -> Iterator[tuple[Any, str]]:
        """(run or None, text) of everything visible below an element."""
        for element in parent.iterchildren():
            tag = element.tag
            if tag == qn("w:r"):
                yield element, self._run_text(element)
            elif tag in (qn("m:oMath"), qn("m:oMathPara")):
                yield None, "".join(t.text or "" for t in element.iter(qn("m:t")))
            elif isinstance(tag, str) and tag not in (qn("w:del"), qn("w:moveFrom"), qn("w:pPr"), qn("mc:Fallback")):
                yield from self._runs(element)

    def _run_text(self, run: Any) -> str:
        text = ""
        for element in run.iterchildren():
            if element.tag == qn("w:t"):
                text += element.text or ""
            elif element.tag == qn("w:tab"):
                text += "\t"
            elif element.tag in (qn("w:br"), qn("w:cr")):
                text += "\n" if element.get(qn("w:type")) in (None, "textWrapping") else ""
            elif element.tag == qn("w:noBreakHyphen"):
                text += "-"
            elif element.tag == qn("w:footnoteReference"):
                self.mentioned.append(element.get(qn("w:id"), ""))
                text += f"[^{self.mentioned[-1]}]"
        return text


def is_mono(run: Any) -> bool:
    """Whether a run is set in a monospaced font or in a character style for code."""
    properties = run.find(qn("w:rPr"))
    if properties is None:
        return False
    names = []
    for tag, attributes in (("w:rFonts", ("w:ascii", "w:hAnsi")), ("w:rStyle", ("w:val",))):
        found = properties.find(qn(tag))
        names += [found.get(qn(name)) or "" for name in attributes] if found is not None else []
    text = " ".join(names).lower()
    return any(word in text for word in (*MONOSPACED, "verbatim", "code"))


def _trail(text: str) -> str:
    return " " if text.endswith(" ") else ""
