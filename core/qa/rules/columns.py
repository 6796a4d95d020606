"""Columns of a table as words: their name within a sentence, and those that no sentence with "is" can be made of."""

from __future__ import annotations

import re

INDEX = re.compile(r"(?:#|no\.?|nr\.?|id|rank|index|row|序号|编号|排名|)\Z", re.IGNORECASE)
"""Heads of columns that only count the rows."""
NUMBER = re.compile(r"[-−+]?[\d,.]+\s*[.)]?\Z")
MARK = re.compile(
    r"(?:yes|no|true|false|on|off|y|n|x|✓|✔️?|✗|✘|✅|❌|☑️?|☒|√|×|○|●|是|否|有|无|支持|不支持|可以|不可以)\.?\Z",
    re.IGNORECASE)
"""Values that only say whether the column holds for the row."""
_ENDS_OPEN = re.compile(r"\b(?:for|of|in|by|with|to|at|on|from|per)\Z", re.IGNORECASE)
_ACTION = re.compile(
    r"(?:supports|requires|needs|includes|uses|works|has|have|is|are|can|allows|provides|enables|does|do)\s\S",
    re.IGNORECASE)
_ASKS = re.compile(r"(?:what|how|why|when|where|who|which) ", re.IGNORECASE)
_HAN = re.compile(r"[\u3400-\u9fff]")
_MOST_WORDS = 6


def column_name(name: str) -> str:
    """The head of a column within a sentence: "Supported Devices" as "supported devices", "MoE" as it is."""
    words = name.split()
    if not words or not _plain(words[0]):
        return name
    titled = len(words) > 1 and all(_plain(w) or not w[:1].isalpha() for w in words)
    return " ".join(_small(w) if titled or at == 0 else w for at, w in enumerate(words))


def is_many(name: str) -> bool:
    """Whether a column names several things: its main word is a plural."""
    head = re.split(r" (?:of|for|in|per|with|at|to|by|on|from|until|before|after)\b", name)[0].split()
    return bool(head) and re.search(r"[^sui'’]s\Z", head[-1]) is not None


def odd(name: str, cell: str) -> bool:
    """Whether "the <column> of <row> is <value>" would be no sentence: marks, actions, open ends, questions."""
    return bool(MARK.match(cell) or _ENDS_OPEN.search(name) or _ACTION.match(name) or name.endswith(("?", "？"))
                or _ASKS.match(name) or len(name.split()) > _MOST_WORDS)


def other_script(*texts: str) -> bool:
    """Whether words for an English sentence are Chinese."""
    return any(_HAN.search(text) for text in texts)


def odd_statement(subject: str, name: str, value: str, language: str) -> str:
    """A sentence for an odd column, which quotes its name."""
    return f"{subject}的“{name}”一栏为“{value}”。" if language == "zh" else \
        f"For {subject}, “{name}” is marked “{value}”." if MARK.match(value) else f"{subject} – {name}: {value}."


def odd_questions(subject: str, name: str, value: str, language: str) -> list[str]:
    """Questions for an odd column."""
    if language == "zh":
        return [f"{subject}的“{name}”一栏是什么？", f"请问{subject}的“{name}”一栏填的是什么？",
                f"{subject}在“{name}”这一项上是怎样的？", f"我想知道{subject}的“{name}”一栏。"]
    if MARK.match(value):
        return [f"What is “{name}” marked as for {subject}?", f"How is “{name}” marked for {subject}?",
                f"What does {subject} have under “{name}”?", f"I need to know how “{name}” is marked for {subject}."]
    return [f"What is given under “{name}” for {subject}?", f"What does {subject} have under “{name}”?",
            f"Tell me what “{name}” says for {subject}.", f"For {subject}, what is given under “{name}”?"]


def _plain(word: str) -> bool:
    """An ordinary word with a capital: "Devices", not "CORE", "MoE" or "v2"."""
    return re.fullmatch(r"[A-Z][a-z][a-z'’-]*[,.]?", word) is not None


def _small(word: str) -> str:
    return word[:1].lower() + word[1:]
