"""The words between a verb and a value, without those that have no place in a question for the value."""

from __future__ import annotations

import re

from core.qa.rules.values import Value, find_values

PREPOSITION = re.compile(
    r"(?:^|\s)(in|at|on|by|for|from|to|until|after|within|under|with|about|between|up to|at least|at most|only"
    r"|over|above|below|of|than|as|up|least|most|every|before|till|around|longer than|more than|less than|average)$"
)


def without_rest(before: str, value: Value) -> str:
    """The words before a value without what only leads to it: "all", "for the first", an article before a name."""
    before = re.sub(r"(?:^|(?<=\s))(?:for )?the (?:first|last|next)$", "", before)
    if value.kind == "number":
        before = re.sub(r"(?:^|(?<=\s))(?:all|both|these|those)(?: the)?$", "", before)
    return re.sub(r"^(?:the|a|an)$", "", before).strip() if value.kind == "name" else before.strip()


def without_first(before: str) -> str:
    """The words before a value without the other half of an "and": "sold at the kiosk and in the app" → "sold in …"."""
    before = re.sub(r"^.* and (?:is|are|was|were) ", "", before)
    before = re.sub(r"^(be )?(?!be\b)[a-z]+ [^,]+ and (?=[a-z]+(?:ed|pt|nt|ld|en)\b)", r"\1", before)
    place = r"(?:at|in|on|by|from|with|to)"
    return re.sub(rf" {place} [^,]+ and (?={place} )", " ", before)


def without_others(before: str, text: str) -> str:
    """The words before a value without other values that hang on by a preposition ("opened in 1987 by")."""
    for other in find_values(text, "en", limit=9):
        pattern = rf"(?<=\S) (?:(?:in|on|at|by|for|within|to|from|with) (?:the )?){re.escape(other.text)}(?= |$)"
        if other.kind in ("often", "place") or other.kind == "date" and other.text.startswith("in "):
            pattern = rf"(?<=\S) {re.escape(other.text)}(?= |$)"
        before = re.sub(pattern, "", before, count=1)
    return before


def without_prepositions(before: str) -> tuple[str, str]:
    """(the preposition next to the value, the words before all of them)."""
    match = PREPOSITION.search(before)
    preposition = match[1] if match else ""
    while match:
        before = before[: match.start()]
        match = PREPOSITION.search(before)
    return preposition, before
