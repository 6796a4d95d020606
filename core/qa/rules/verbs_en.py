"""English verbs and names as questions need them."""

from __future__ import annotations

import re

from core.qa.rules.clauses import IMPERATIVES, NOUNS_TOO, base_of_gerund
from core.qa.rules.sentences import VERBS

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


SAME_PAST = {"led": "leads", "made": "makes", "built": "builds", "held": "holds", "kept": "keeps", "sold": "sells",
             "paid": "pays", "sent": "sends", "taught": "teaches", "bought": "buys", "met": "meets", "won": "wins",
             "set": "sets", "put": "puts", "cut": "cuts", "read": "reads"}  # fmt: skip
"""Participles that are the past tense, too, and their third person."""
_OTHER_PAST = {"run": "runs", "written": "writes", "given": "gives", "taken": "takes", "driven": "drives",
               "drawn": "draws", "overseen": "oversees", "chosen": "chooses"}  # fmt: skip
_DONE_BY_PEOPLE = set(
    """appoint approve assist author certify compose control coordinate design develop direct distribute edit elect
employ finance fund head host inspect issue lead maintain oversee organise organize own plan prepare process produce
provide publish repair review service sign sponsor supervise teach test train translate verify""".split()
)


def third_person(done: str) -> str:
    """ "handled" → "handles", "led" → "leads": what somebody does by whom it is done. "" for verbs not known."""
    known = {**SAME_PAST, **_OTHER_PAST}.get(done)
    if known or not done.endswith("ed"):
        return known or ""
    stem = done[:-2]
    single = stem[:-1] if stem[-2:-1] == stem[-1:] else stem
    forms = (done[:-1], stem, single, f"{stem[:-1]}y" if stem[-1:] == "i" else stem)
    base = next((f for f in forms if f in _DONE_BY_PEOPLE or f in VERBS or f in IMPERATIVES or f in NOUNS_TOO), "")
    if re.search(r"[^aeiou]y$", base):
        return f"{base[:-1]}ies"
    return base and base + ("es" if re.search(r"(?:s|x|z|ch|sh)$", base) else "s")


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
