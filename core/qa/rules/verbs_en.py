"""English verbs and names as questions need them."""

from __future__ import annotations

import re

from core.qa.rules.clauses import base_of_gerund

MODAL = {"is", "are", "was", "were", "can", "must", "may", "should", "will", "could", "might", "would"}
PAST = {
    "founded": "found",
    "built": "build",
    "won": "win",
    "took": "take",
    "began": "begin",
    "got": "get",
    "made": "make",
    "sold": "sell",
    "opened": "open",
    "closed": "close",
    "became": "become",
    "wrote": "write",
    "lost": "lose",
    "came": "come",
    "invented": "invent",
    "moved": "move",
    "had": "have",
    "did": "do",
}
PERSON = re.compile(r"^(?:(?:Dr|Mr|Mrs|Ms|Prof|Captain|Nurse)\.? )?[A-Z][a-z’'-]+(?: [A-Z][a-z’'-]+)+$")


def lower(text: str) -> str:
    """Lower-case start, unless it is a name or an abbreviation."""
    first = text.split(" ")[0]
    common = first in (
        "The",
        "A",
        "An",
        "All",
        "Each",
        "Every",
        "In",
        "On",
        "At",
        "For",
        "If",
        "When",
        "After",
        "Before",
    )
    plural = (
        re.fullmatch(r"[A-Z][a-z-]+", first)
        and not re.search(r"(?<= )[A-Z]", text[: len(first) + 2])
        and (" " in text or text.endswith("s"))
    )
    verb = first.lower() in ("how", "what", "can", "do", "is", "are", "where", "who", "which", "does", "may", "should")
    return text[:1].lower() + text[1:] if common or plural or verb else text


def base_form(verb: str, subject: str) -> tuple[str, str]:
    """Helper verb and base form: ("does", "last") for "lasts", ("is", "") for "is"."""
    if verb in MODAL:
        return verb, ""
    if verb in PAST:
        return "did", PAST[verb]
    if verb in ("has", "have"):
        return ("does" if verb == "has" else "do"), "have"
    if verb.endswith("s"):
        if verb.endswith("ies"):
            return "does", verb[:-3] + "y"
        return "does", verb[:-2] if verb.endswith(("shes", "ches", "sses", "xes", "goes", "does")) else verb[:-1]
    return "do", verb


def purpose(goal: str) -> str:
    """A heading as the end of a question: "for removing limescale", "to add a node", "for the first start"."""
    if re.match(r"(?:To|When|If|Before|After|For|In case of) ", goal):
        return goal[:1].lower() + goal[1:]
    if goal.startswith("How to "):
        return goal[4:]
    return f"for {named(goal)}"


def named(goal: str) -> str:
    """A heading as a name within a sentence: gerunds bare, other headings with an article."""
    name = lower(goal)
    if base_of_gerund(goal.split(" ")[0]):
        return goal[:1].lower() + goal[1:]
    return name if name == goal or re.match(r"(?:the|a|an|your|our|all) |.*s$", name) else f"the {name}"
