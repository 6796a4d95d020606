"""What a line of text is by its wording alone: a numbered heading, code, the end of a sentence. For both languages."""

from __future__ import annotations

import re

HEADING_CHARS = 80
_DECIMAL = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){0,4})(?:[.、)）]\s*|\s+)(?=[^\s\d.,%])"
                      r"|^(\d{1,2}(?:\.\d{1,2}){1,4})\s*(?=[^\W\d])")
_NAMED = (
    ("chapter", re.compile(r"^(?:第\s*[\d一二三四五六七八九十百]+\s*[章篇编]|(?:Chapter|Part)\s+(?:\d+|[IVXL]+)\b)")),
    ("section", re.compile(r"^(?:第\s*[\d一二三四五六七八九十百]+\s*[节条]|附录"
                           r"|(?:Section|Appendix)\s+(?:\d+|[A-Z])\b)")),
    ("han", re.compile(r"^[一二三四五六七八九十]{1,3}[、.．]\s*\S")),
    ("han-brackets", re.compile(r"^[(（][一二三四五六七八九十]{1,3}[)）]\s*\S")),
)
_SENTENCE_END = re.compile(r"[。．.;；,，！!]$")
_COMMAND = re.compile(
    r"^(?:[$>]\s+)?(?:sudo |pip3? install|git (?:clone|checkout|pull)|cd [\w./~-]+$|python3? \S|docker[ -]|npm |npx "
    r"|curl |wget |export \w+=|apt(?:-get)? |conda |uv |cargo |make \w|import \w|from [\w.]+ import|def \w+\("
    r"|class \w+[(:]|return\b|async def|const |let |var |func |public |private |#include|using )")
_CODE_MARK = re.compile(
    r"[{}]|\w\(.*\)|\w\[.*\]|=>|->|==|!=|:=|&&|\|\||</?\w+>|\w=\S|--\w[\w-]+|\w\.\w+\(|^\s*[\]})]+[,;]?$"
    r"|\w+_\w+|/[A-Za-z]\w*/|\\$|;$|^\s*[\"'][\w-]+[\"']\s*:|^\s*(?!\d)[\w-]+:\s*(?:\S+)?$")
_CALL = re.compile(r"\w\((?:[^()]*[,=.'\"\d_][^()]*)?\)")
_HAN = re.compile(r"[㐀-鿿]")
_PROSE = re.compile(r"\b(?:the|a|an|is|are|of|to|and|with|for|you|your|this|that|when|which)\b", re.I)


def heading_class(text: str) -> str:
    """"d1", "d2" … for decimal numbers by their depth, "han" for 一、, …; empty for text without a section number."""
    for name, pattern in _NAMED:
        if pattern.match(text):
            return name
    match = _DECIMAL.match(text)
    return f"d{(match[1] or match[2]).count('.') + 1}" if match else ""


def reads_as_heading(text: str) -> bool:
    """A short line with a section number that is no sentence."""
    return bool(heading_class(text)) and len(text) <= HEADING_CHARS and not _SENTENCE_END.search(text.rstrip())


def ends_sentence(text: str) -> bool:
    """Whether the text ends as a sentence does."""
    return text.rstrip()[-1:] in tuple("。．.！!？?：:；;…”\"」")


def looks_like_code(text: str) -> bool:
    """A command, or a line with the marks of a program or a data file and few words of prose."""
    text = text.strip()
    if not text or ends_sentence(text) and len(_HAN.findall(text)) > 4:
        return False
    if _COMMAND.match(text):
        return True
    marks = len(_CODE_MARK.findall(text)) + len(_CALL.findall(text))
    words = len(_PROSE.findall(text)) + len(_HAN.findall(text.split("#")[0].split("//")[0])) // 3
    return marks >= 1 and marks > words


def looks_like_comment(text: str) -> bool:
    """A comment line, code only beside code."""
    return bool(re.match(r"^\s*(?:#(?!#)|//|--\s|/\*|\*)", text))
