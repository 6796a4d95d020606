"""The text of Word paragraphs: runs, line breaks, links, formulas, footnote marks; deleted text is left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.documents.clean import lowered, raised
from core.documents.word_math import formula

MONOSPACED = ("consolas", "courier", "menlo", "monaco", "mono", "source code", "fira code", "lucida console")
_SPACES = {"w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
           "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
           "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006"}
_NOTES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
_GONE = ("w:del", "w:moveFrom", "w:pPr", "mc:Fallback", "w:txbxContent", "w:rt")
_SIGNS = {"F0E0": "→", "F0DF": "←", "F0FC": "✓", "F0FB": "✗", "F0FE": "☑", "F052": "☑", "F0A8": "☐", "F06F": "☐",
          "F0B7": "•", "F0A7": "▪", "F0B0": "°", "F0B1": "±", "F06D": "μ", "F061": "α", "F062": "β", "F0B4": "×"}


def qn(name: str) -> str:
    """``w:p`` with its name space, as lxml writes it."""
    prefix, _, tag = name.partition(":")
    return f"{{{_SPACES[prefix]}}}{tag}"


class Texts:
    """Reads paragraphs; remembers which footnotes they mention."""

    def __init__(self, part: Any) -> None:
        self.part = part
        self.notes: dict[tuple[str, str], int] = {}

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

    def footnotes(self) -> list[tuple[int, str]]:
        """(number, text) of the footnotes and endnotes that were mentioned, in that order."""
        from docx.oxml import parse_xml

        found: dict[tuple[str, str], Any] = {}
        for relation in self.part.rels.values():
            kind = relation.reltype.removeprefix(_NOTES)
            if kind in ("footnotes", "endnotes") and not relation.is_external:
                found |= {(kind, note.get(qn("w:id"))): note for note in parse_xml(relation.target_part.blob)}
        return [(number, " ".join(self.inline(p).strip() for p in found[key].iter(qn("w:p"))).strip())
                for key, number in list(self.notes.items()) if key in found]

    def _runs(self, parent: Any) -> Iterator[tuple[Any, str]]:
        """(run or None, text) of everything visible below an element."""
        for element in parent.iterchildren():
            tag = element.tag
            if tag == qn("w:r"):
                yield element, self._run_text(element)
            elif tag == qn("m:oMath"):
                yield None, f"${written}$" if (written := formula(element)) else ""
            elif tag == qn("m:oMathPara"):
                yield None, "".join(f"\n$${written}$$\n" for part in element.iterchildren(qn("m:oMath"))
                                    if (written := formula(part)))
            elif isinstance(tag, str) and tag not in map(qn, _GONE):
                yield from self._runs(element)

    def _run_text(self, run: Any) -> str:
        text, properties = "", run.find(qn("w:rPr"))
        if _is_on(properties, "w:vanish"):
            return ""
        for element in run.iterchildren():
            if element.tag == qn("w:t"):
                text += element.text or ""
            elif element.tag == qn("w:tab"):
                text += "\t"
            elif element.tag in (qn("w:br"), qn("w:cr")):
                text += "\n" if element.get(qn("w:type")) in (None, "textWrapping") else ""
            elif element.tag == qn("w:noBreakHyphen"):
                text += "-"
            elif element.tag == qn("w:sym"):
                text += _SIGNS.get(element.get(qn("w:char"), "").upper(), "")
            elif element.tag in (qn("w:footnoteReference"), qn("w:endnoteReference")):
                kind = "footnotes" if element.tag == qn("w:footnoteReference") else "endnotes"
                key = (kind, element.get(qn("w:id"), ""))
                text += f"[^{self.notes.setdefault(key, len(self.notes) + 1)}]"
            elif element.tag == qn("mc:AlternateContent") or element.tag == qn("w:ruby"):
                text += "".join(part for _, part in self._runs(element))
        raise_ = properties.find(qn("w:vertAlign")) if properties is not None else None
        how = raise_.get(qn("w:val")) if raise_ is not None else ""
        return raised(text) if how == "superscript" else lowered(text) if how == "subscript" else text


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


def _is_on(properties: Any, tag: str) -> bool:
    found = properties.find(qn(tag)) if properties is not None else None
    return found is not None and found.get(qn("w:val")) not in ("0", "false", "off")


def _trail(text: str) -> str:
    return " " if text.endswith(" ") else ""
