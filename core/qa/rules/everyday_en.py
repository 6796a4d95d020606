"""Questions said again as people say them: in the active, of themselves, and with the everyday word for a measure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import zip_longest

from core.qa.rules.clauses import IMPERATIVES, NOUNS_TOO

_DONE = {
    "kept": "keep", "held": "hold", "put": "put", "cut": "cut", "taken": "take", "given": "give", "written": "write",
    "sent": "send", "paid": "pay", "worn": "wear", "made": "make", "shut": "shut", "set": "set", "reset": "reset",
    "read": "read", "left": "leave", "wound": "wind", "fed": "feed", "thrown": "throw", "brought": "bring",
}  # fmt: skip
_HELPERS = {
    "must": ("do I have to", "do I need to"),
    "should": ("should I", "do I have to"),
    "can": ("can I",),
    "may": ("may I", "can I"),
    "has to": ("do I have to",),
    "have to": ("do I have to",),
}
_THING = r"(?P<thing>(?:the|a|an|all|all the|my|your|each|every) (?:(?!not\b)[\w'-]+ ){1,8}?)"
_TURN = rf"(?P<done>[a-z]+ed|{'|'.join(_DONE)})(?P<particle> (?:out|off|up|down|away|in|on))?(?P<tail>(?: [^?]*)?)\?"
_ASKS = r"(?P<ask>(?:When|How|Where|With|At|After|In|On|To|For|By|Until|Which|What)\b[^?]*?)"
_MUST = re.compile(rf"{_ASKS} (?P<helper>must|should|can|may|has to|have to) {_THING}be {_TURN}")
_IS = re.compile(rf"(?P<ask>How often|How|At what intervals?|After how many \w+|With what) (?:is|are) "
                 rf"{_THING}{_TURN}")
_NEW = re.compile(r"(?:the|a|an|my|your) ((?!(?:.* )?(?:water|air|oil|salt|soil|food|fluid|software)\b)"
                  r"[a-z][\w-]*(?: [\w-]+)?) ?$")
_SHORT = r"((?:the |an? )?[\w-]+(?: (?!that|which|used|where|who)[\w-]+){0,3})"
_TALL = {"height": "tall", "width": "wide", "length": "long", "depth": "deep", "weight": "heavy", "price": "expensive",
         "age": "old", "loudness": "loud", "thickness": "thick", "size": "large", "speed": "fast"}  # fmt: skip
_PERIOD = r"(day|week|month|year|hour|night|minute)\b(?!s)"

_SWAPS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"How much do(?:es)? (.+) weigh\?", r"How heavy is \1?"),
    (r"How heavy is (.+)\?", r"What is the weight of \1?"),
    (r"How much does (.+?) cost\?", r"What is the price of \1?"),
    (r"How much is (.+)\?", r"What does \1 cost?"),
    (r"What is the price of (.+)\?", r"What do I pay for \1?"),
    (rf"What is the ({'|'.join(_TALL)}) of (.+)\?", lambda m: f"How {_TALL[m[1]]} is {m[2]}?"),
    (r"What does (.+) mean\?", r"What is the meaning of \1?"),
    (r"Where does (.+?) (?:sit|stand|lie)\?", r"Where can I find \1?"),
    (rf"Where is {_SHORT}(?<!ed|pt)\?", r"Where do I find \1?"),
    (r"How many (.+?) does (the .+?|[A-Z].*?) (?:hold|contain)\?", r"How many \1 fit into \2?"),
    (r"How long does (.+?) take\?", r"How much time does \1 take?"),
    (rf"How long does {_SHORT} last\?", r"How long is \1?"),
    (r"At what time (.+)\?", r"When \1?"),
    (r"When does (.+? (?:open|close|start|begin|end|leave|depart|arrive))\b(.*)\?", r"At what time does \1\2?"),
    (rf"What is the name of {_SHORT}\?", r"What is \1 called?"),
    (rf"(.+?) a {_PERIOD}(.*)\?", r"\1 per \2\3?"),
    (rf"(.+?) (?:per|every) {_PERIOD}(.*)\?", r"\1 each \2\3?"),
)


def everyday(questions: Iterable[str]) -> list[str]:
    """Other wordings of the questions, each once: the first one of every question, then the second ones, and so on."""
    made: dict[str, None] = {}
    for others in zip_longest(*([*_active(question), *_swapped(question)] for question in questions)):
        made |= {re.sub(r"\s+", " ", other): None for other in others if other}
    return list(made)


def _active(question: str) -> list[str]:
    """ "How often must the filter be changed?" → "How often do I have to change the filter?" """
    match = _MUST.fullmatch(question)
    helpers = _HELPERS[match["helper"]] if match else ("do I",)
    match = match or _IS.fullmatch(question)
    verb = _base(match["done"]) if match else ""
    if not match or not verb or match["tail"].startswith(" and "):
        return []
    ask, thing = match["ask"], match["thing"].strip()
    does = f"{verb}{match['particle'] or ''}"
    made = [f"{ask} {helper} {does} {thing}{match['tail']}?" for helper in helpers]
    new = _NEW.fullmatch(thing)
    if verb in ("replace", "change", "renew") and new and not new[1].endswith("s") and ask == "How often":
        made.insert(0, f"How often do I need a new {new[1]}?")
    return made


def _swapped(question: str) -> list[str]:
    return [match.expand(new) if isinstance(new, str) else new(match)
            for old, new in _SWAPS if (match := re.fullmatch(old, question))]


def _base(done: str) -> str:
    """ "changed" → "change" for what a reader may be told to do; "" for other verbs."""
    if done in _DONE:
        return _DONE[done]
    if not done.endswith("ed"):
        return ""
    stem = done[:-2]
    single = stem[:-1] if stem[-2:-1] == stem[-1:] else stem
    forms = (done[:-1], stem, single, f"{stem[:-1]}y" if stem[-1:] == "i" else stem)
    return next((form for form in forms if form in IMPERATIVES or form in NOUNS_TOO), "")
