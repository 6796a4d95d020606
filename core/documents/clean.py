"""Text as it is stored: valid UTF-8, without NUL, control and direction-override characters; and its language."""

from __future__ import annotations

import re
import unicodedata

_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff"
                        "\u202a-\u202e\u2066-\u2069\u200b\u00ad]")
_VARIANTS = (*range(0x2E80, 0x2FE0), *range(0xF900, 0xFB07))  # CJK radicals and compatibility forms, Latin ligatures
_FOLDS = {code: unicodedata.normalize("NFKC", chr(code)) for code in _VARIANTS}
# as Unicode's EquivalentUnifiedIdeograph pairs them
_RADICALS = "⻅见⻆角⻉贝⻋车⻓长⻔门⻚页⻛风⻜飞⻢马⻥鱼⻦鸟⻧卤⻨麦⻩黄⻪黾⻬齐⻮齿⻰龙⺠民⻑長⻘青"
_FOLDS |= dict(zip(map(ord, _RADICALS[::2]), _RADICALS[1::2], strict=True))
_HAN = re.compile(r"[㐀-鿿𠀀-𲎯]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]+")
_NO_PROSE = re.compile(r"^ {0,3}```[\s\S]*?^ {0,3}```|^(?:\||<t|</t).*$", re.M)
_LETTER = re.compile(r"[^\W\d_]")
_ENGLISH = frozenset("the of and to in is that for it as with on be at by this are from or an was not must can if when "
                     "which has have its".split())
LABEL_CHARS = 200
_RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")


def clean_markdown(text: str) -> str:
    """Line ends as \\n, forbidden characters dropped, radicals and ligatures folded, no blank runs."""
    text = _FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n"))
    text = text.translate(_FOLDS)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{4,}", "\n\n\n", text).strip("\n") + "\n" if text.strip() else ""


def literal(text: str) -> str:
    """Running text that would otherwise be read as a heading or as the beginning of code, escaped."""
    return re.sub(r"^(#{1,6}(?=\s|$)|```|~~~)", r"\\\1", text)


def fenced(code: str) -> str:
    """A code block. Lines that would end it are indented, which keeps them inside."""
    return "```\n" + re.sub(r"^ {0,3}(?=```|~~~)", "    ", code, flags=re.M) + "\n```"


def raised(text: str) -> str:
    """Superscript in Unicode where all of it is digits and signs, so that 10⁶ does not become 106; else as it is."""
    written = text.translate(_RAISED)
    return written if re.fullmatch(r"[⁰¹²³⁴-⁹⁺⁻⁼⁽⁾ⁿ\s]*", written) else text


def lowered(text: str) -> str:
    """Subscript in Unicode where all of it is digits and signs; else as it is."""
    written = text.translate(_LOWERED)
    return written if re.fullmatch(r"[₀-₉₊₋₌₍₎\s]*", written) else text


def clean_label(name: str) -> str:
    """The name that a person gave, as a label: its last part, printable, at most LABEL_CHARS characters."""
    last = re.split(r"[\\/]", name)[-1] if name else ""
    label = " ".join(_FORBIDDEN.sub("", last.replace("\n", " ").replace("\t", " ")).split())
    if len(label) > LABEL_CHARS:
        stem, dot, suffix = label.rpartition(".")
        keep = len(suffix) + 1 if dot and len(suffix) < 10 else 0
        label = label[:LABEL_CHARS - keep - 1] + "…" + (label[-keep:] if keep else "")
    return label or "–"


def language_of(text: str) -> str:
    """"zh" by the share of Han characters, "en" by English function words, else "other"; "" without letters.

    Tables and code have few function words: sentences decide where there are any, else whether all letters are ASCII.
    """
    letters = len(_LETTER.findall(text))
    if not letters:
        return ""
    if len(_HAN.findall(text)) > 0.15 * letters:
        return "zh"
    words = [word.lower() for word in _LATIN.findall(text)]
    if sum(map(len, words)) < 0.7 * letters:
        return "other"
    prose = [word.lower() for word in _LATIN.findall(_NO_PROSE.sub("", text))]
    if len(prose) < 20:
        return "en" if len(words) < 20 or sum(map(str.isascii, words)) > 0.98 * len(words) else "other"
    return "en" if sum(word in _ENGLISH for word in prose) > 0.12 * len(prose) else "other"
