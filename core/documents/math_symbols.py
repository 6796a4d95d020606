"""Characters and names of mathematics as LaTeX writes them; used for formulas of Word, PowerPoint and web pages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_GREEK = ("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho varsigma sigma "
          "tau upsilon phi chi psi omega").split()
_LATIN_LOOKS = {"Alpha": "A", "Beta": "B", "Epsilon": "E", "Zeta": "Z", "Eta": "H", "Iota": "I", "Kappa": "K",
                "Mu": "M", "Nu": "N", "Omicron": "O", "Rho": "P", "Tau": "T", "Upsilon": "\\Upsilon", "Chi": "X"}
SYMBOLS = {
    "×": r"\times", "÷": r"\div", "·": r"\cdot", "⋅": r"\cdot", "∙": r"\cdot", "∗": "*", "±": r"\pm", "∓": r"\mp",
    "−": "-", "–": "-", "≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "≈": r"\approx", "≃": r"\simeq", "≅": r"\cong",
    "≡": r"\equiv", "∼": r"\sim", "∝": r"\propto", "≪": r"\ll", "≫": r"\gg", "∈": r"\in", "∉": r"\notin", "∋": r"\ni",
    "⊂": r"\subset", "⊃": r"\supset", "⊆": r"\subseteq", "⊇": r"\supseteq", "∪": r"\cup", "∩": r"\cap",
    "∅": r"\emptyset", "∖": r"\setminus", "∀": r"\forall", "∃": r"\exists", "¬": r"\neg", "∧": r"\wedge", "∨": r"\vee",
    "⊕": r"\oplus", "⊗": r"\otimes", "⊙": r"\odot", "→": r"\to", "←": r"\leftarrow", "↔": r"\leftrightarrow",
    "⇒": r"\Rightarrow", "⇐": r"\Leftarrow", "⇔": r"\Leftrightarrow", "↦": r"\mapsto", "⟶": r"\longrightarrow",
    "∞": r"\infty", "∂": r"\partial", "∇": r"\nabla", "∑": r"\sum", "∏": r"\prod", "∫": r"\int", "∬": r"\iint",
    "∭": r"\iiint", "∮": r"\oint", "⋃": r"\bigcup", "⋂": r"\bigcap", "√": r"\sqrt", "…": r"\dots", "⋯": r"\cdots",
    "⋮": r"\vdots", "⋱": r"\ddots", "′": "'", "″": "''", "∘": r"\circ", "°": r"^\circ", "⊥": r"\perp",
    "∥": r"\parallel", "∣": "|", "‖": r"\|", "∠": r"\angle", "△": r"\triangle", "⟨": r"\langle", "⟩": r"\rangle",
    "⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil", "⌉": r"\rceil", "ℓ": r"\ell", "ℏ": r"\hbar", "ℵ": r"\aleph",
    "†": r"\dagger", "★": r"\star", "⋆": r"\star", "∴": r"\therefore", "∵": r"\because", "ϵ": r"\epsilon",
    "ϕ": r"\phi", "φ": r"\varphi", "ε": r"\varepsilon", "ϑ": r"\vartheta", "ϱ": r"\varrho", "ϖ": r"\varpi",
    "{": r"\{", "}": r"\}", "%": r"\%", "#": r"\#", "&": r"\&", "$": r"\$", "\\": r"\backslash", "\xa0": " ",
    "\u2061": "", "\u2062": "", "\u2063": "", "\u200b": "", "\u2009": " ", "\u2003": r"\quad",
}
for _index, _name in enumerate(_GREEK):
    SYMBOLS.setdefault(chr(0x3B1 + _index), f"\\{_name}" if _name != "omicron" else "o")
    if _name != "varsigma":
        SYMBOLS.setdefault(chr(0x391 + _index), _LATIN_LOOKS.get(_name.title(), f"\\{_name.title()}"))
FUNCTIONS = frozenset("sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log ln lg exp lim max min sup inf "
                      "det dim ker deg gcd arg Pr limsup liminf hom".split())
_NAMES = re.compile(f"(?<![A-Za-z])({'|'.join(sorted(FUNCTIONS, key=len, reverse=True))})(?![A-Za-z])")
ACCENTS = {"\u0302": "hat", "^": "hat", "\u0303": "tilde", "~": "tilde", "˜": "tilde", "\u0304": "bar", "¯": "bar",
           "\u0305": "overline", "‾": "overline", "\u0307": "dot", "˙": "dot", "\u0308": "ddot", "¨": "ddot",
           "\u20d7": "vec", "→": "vec", "\u030c": "check", "ˇ": "check", "\u0306": "breve", "˘": "breve",
           "⏞": "overbrace", "⏟": "underbrace", "_": "underline", "\u0332": "underline", "\u0301": "acute",
           "\u0300": "grave", "⎴": "overbracket", "⎵": "underbracket"}
RELATIONS = frozenset((*"=<>+-", r"\leq", r"\geq", r"\neq", r"\approx", r"\simeq", r"\cong", r"\equiv", r"\sim",
                       r"\propto", r"\ll", r"\gg", r"\in", r"\notin", r"\subset", r"\subseteq", r"\times", r"\div",
                       r"\cdot", r"\pm", r"\mp", r"\to", r"\cup", r"\cap", r"\Rightarrow", r"\Leftrightarrow",
                       r"\wedge", r"\vee", r"\mapsto", r"\oplus", r"\otimes"))
_ALPHABETS = range(0x1D400, 0x1D800)


def symbol(char: str) -> str:
    """A character of a formula in LaTeX."""
    if char in SYMBOLS:
        return SYMBOLS[char]
    if char.isascii():
        return char
    name = unicodedata.name(char, "")
    if "DOUBLE-STRUCK" in name:
        plain = unicodedata.normalize("NFKC", char)
        return f"\\mathbb{{{plain}}}" if plain.isascii() else char
    if ord(char) in _ALPHABETS or char == "ℎ" or name.startswith(("SCRIPT CAPITAL", "BLACK-LETTER CAPITAL")):
        plain = unicodedata.normalize("NFKC", char)
        letter = SYMBOLS.get(plain, plain)
        style = "\\mathcal" if "SCRIPT" in name else "\\mathfrak" if "FRAKTUR" in name or "BLACK-LETTER" in name else \
            "\\mathbf" if "BOLD" in name else ""
        return f"{style}{{{letter}}}" if style else letter
    return char


def latex(text: str) -> str:
    """Running characters of a formula in LaTeX, one token after the other."""
    return join(symbol(char) for char in text)


def join(pieces: Iterable[str]) -> str:
    """Pieces of LaTeX one after the other; a command is kept apart from a letter that follows it."""
    written = ""
    for piece in pieces:
        if piece[:1].isalpha() and re.search(r"\\[A-Za-z]+$", written):
            written += " "
        written += piece
    return written


def spaced_run(text: str) -> str:
    """Running characters of a formula: names of functions as such, spaces around relations and after commas."""
    pieces = []
    for char in _NAMES.split(text):
        if char in FUNCTIONS:
            pieces.append(f"\\{char}")
            continue
        pieces += _characters(char)
    return join(pieces)


def _characters(text: str) -> list[str]:
    pieces = []
    for char in text:
        written = symbol(char)
        apart = written in RELATIONS and written not in "<>-"
        pieces.append(f" {written} " if apart else ", " if char == "," else written)
    return pieces


def braced(inner: str) -> str:
    """An argument of ^ or _: braces unless it is one character or one command."""
    inner = inner.strip()
    return inner if re.fullmatch(r"[^\\{}\s^_]|\\[A-Za-z]+", inner) else f"{{{inner}}}"


def function_name(word: str) -> str:
    """An upright word of a formula: a known function, else ``\\mathrm``."""
    return f"\\{word}" if word in FUNCTIONS else f"\\mathrm{{{word}}}"


def accented(char: str, inner: str, default: str = "overline") -> str:
    """``\\hat{x}`` for an accent character above or below `inner`."""
    return f"\\{ACCENTS.get(char, default)}{{{inner}}}"
