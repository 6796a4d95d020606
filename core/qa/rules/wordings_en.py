"""English questions by rules: what a reader would ask to get a fact, most natural first."""

from __future__ import annotations

import re

from core.qa.rules.sentences import split_at_verb
from core.qa.rules.tables import VERB_HEAD
from core.qa.rules.values import Value, find_values
from core.qa.types import Fact

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
TIME_UNIT = re.compile(r"\b(?:seconds?|s|ms|minutes?|min|hours?|hrs?|days?|weeks?|months?|years?|working days?)\b")
PREPOSITION = re.compile(
    r"(?:^|\s)(in|at|on|by|for|from|to|until|after|within|under|with|about|between|up to|at least|at most|only"
    r"|over|above|below|of|than|as|up|least|most|every|before|till|around)$"
)
PERSON = re.compile(r"^(?:(?:Dr|Mr|Mrs|Ms|Prof|Captain|Nurse)\.? )?[A-Z][a-z’'-]+(?: [A-Z][a-z’'-]+)+$")
OBJECT = re.compile(
    r"[A-Z][a-z]+ ((?:the|a|an|your|all|only) (?:[a-z-]+ ){0,3}?[a-z-]+)(?= (?:at|on|in|to|with|by|for|from|after|each"
    r"|every|before|once|when|until|of|a|and|or)\b|[,.])"
)
CATEGORY = re.compile(
    r"^(room|lane|pier|deck|gate|counter|hatch|floor|level|port|extension|form|version|building|hall|station"
    r"|door|window|platform|terminal|slot|locker|bay)\b",
    re.IGNORECASE,
)


def questions_en(fact: Fact, spare: bool = True) -> list[str]:
    """Questions for one fact. `spare` adds the vague kind ("Tell me about …") that fits only an unshared subject."""
    kind = fact.kind.split(":")[0]
    if kind in ("code", "remedy"):
        made = _code(fact.subject, kind)
    elif kind == "cell":
        made = _cell(fact, fact.kind.split(":", 1)[1])
    elif kind == "label":
        made = _label(fact)
    elif kind == "howto":
        made = _howto(fact.subject)
    elif kind == "list":
        made = _list(fact.subject)
    elif kind == "faq":
        made = [fact.subject, f"I have a question: {_lower(fact.subject)}"]
    elif kind == "row":
        made = [f"What is known about {_lower(fact.subject)}?", f"What applies to {_lower(fact.subject)}?"]
    else:
        made = _sentence(fact)
    if spare and kind in ("fact", "row") and 0 < len(fact.subject.split()) < 7 and fact.subject in fact.statement:
        made += [f"What should I know about {_lower(fact.subject)}?", f"Tell me about {_lower(fact.subject)}."]
    return [q[:1].upper() + q[1:] for q in dict.fromkeys(re.sub(r"\s+([?.])", r"\1", q) for q in made)]


def _lower(text: str) -> str:
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


def _code(name: str, kind: str) -> list[str]:
    short = re.fullmatch(r"[A-Z]{0,5}[-_]?[A-Z]?\d{1,6}[A-Za-z]?", name) is not None
    called = f"error {name}" if short else _lower(name)
    if kind == "code":
        return [
            f"What does {name} mean?",
            f"Why do I see {called}?",
            f"What is the reason for {called}?",
            f"I get {name}. What is wrong?",
            f"{name} is shown, what does that mean?",
            f"What is {called}?",
        ]
    return [
        f"How do I fix {name}?",
        f"What should I do when {called} appears?",
        f"I get {name}. What can I do?",
        f"How do I get rid of {called}?",
        f"{name} shows up, how is it solved?",
        f"What helps against {called}?",
    ]


def _cell(fact: Fact, column: str) -> list[str]:
    subject, name = fact.subject, column if column[:2].isupper() else column[:1].lower() + column[1:]
    if VERB_HEAD.match(column):
        verb = name[:-1] if not name.endswith("ses") or name == "closes" else name[:-2]
        ask = "When" if re.match(r"\d", fact.answer) else "What"
        if re.search(r"day|Mon|Tue|Wed|Thu|Fri|Sat|Sun", subject):
            return [
                f"{ask} do you {verb} on {subject}?",
                f"At what time do you {verb} on {subject}?",
                f"On {subject}, what time do you {verb}?",
                f"{subject}: when does it {verb}?",
            ]
        return [
            f"{ask} does {subject} {verb}?",
            f"At what time does {subject} {verb}?",
            f"{ask} will {subject} {verb}?",
        ]
    made = [
        f"What is the {name} for {subject}?",
        f"Tell me the {name} of {subject}.",
        f"Which {name} does {subject} have?",
        f"I need to know the {name} for {subject}.",
    ]
    if re.search(r"price|cost|fare|fee|rate|charge", name, re.IGNORECASE) or re.match(r"[$€£¥]", fact.answer):
        made[1:1] = [f"How much is {subject}?", f"How much do I pay for {subject}?"]
    elif re.search(r"time|duration|reply|response", name) and TIME_UNIT.search(fact.answer):
        made[1:1] = [f"How long is the {name} for {subject}?", f"How long does {subject} take?"]
    elif re.match(r"\d{1,2}[:.]\d\d", fact.answer):
        made[1:1] = [f"When is the {name} for {subject}?", f"At what time is the {name} of {subject}?"]
    elif re.fullmatch(r"[\d,.]+", fact.answer) and name.endswith("s"):
        made[1:1] = [f"How many {name} does {subject} have?", f"How many {name} do I get with {subject}?"]
    elif re.search(r"°|degrees", fact.answer):
        made[1:1] = [f"What temperature does {subject} have?", f"How hot does {subject} get?"]
    elif re.match(r"[-−]?\d", fact.answer):
        made[1:1] = [
            f"How many {name} are there for {subject}?"
            if name.split()[0].endswith("s")
            else f"How high is the {name} for {subject}?"
        ]
    return made


def _label(fact: Fact) -> list[str]:
    name = _lower(fact.subject)
    name = name[:1].lower() + name[1:] if not name[:2].isupper() else name
    ask = "Who" if PERSON.match(fact.answer) else "What"
    return [
        f"{ask} is the {name}?",
        f"Tell me the {name}.",
        f"I need the {name}.",
        f"Can you give me the {name}?",
        f"What do you know about the {name}?",
    ]


def _howto(goal: str) -> list[str]:
    match = re.match(r"^(?:To|How to) (.+)$", goal)
    condition = re.match(
        r"^((?:Before|After|When|If|Once|In case of|For) [^,]+), (?:please )?(.+?)(?: as follows| like this)?$", goal
    )
    if match or condition:
        act = match[1] if match else f"{condition[2]} {condition[1][:1].lower()}{condition[1][1:]}"  # type: ignore[index]
        act = re.sub(r", (?:follow these steps|do the following|proceed as follows|please)$", "", act)
        return [
            f"How do I {act}?",
            f"What are the steps to {act}?",
            f"How can I {act}?",
            f"I want to {act}. What do I have to do?",
            f"Explain how to {act}.",
        ]
    name = _lower(goal)
    return [
        f"How does {name} work?",
        f"What are the steps for {name}?",
        f"What is the procedure for {name}?",
        f"What do I do for {name}?",
    ]


def _list(intro: str) -> list[str]:
    parts = split_at_verb(intro)
    if not parts:
        return [f"What belongs to this: {_lower(intro)}?", f"Which points are named for: {_lower(intro)}?"]
    subject, verb, rest = (
        _lower(parts[0]),
        parts[1],
        re.sub(r"\s*(?:the following|these|as follows)\b.*$", "", parts[2]),
    )
    tail = f" {rest}" if rest else ""
    helper, base = _base(verb, subject)
    ask = f"{helper} {subject} {base}".strip()
    return [f"What {ask}{tail}?", f"Which things {ask}{tail}?", f"Can you list what {subject} {verb}{tail}?"]


def _base(verb: str, subject: str) -> tuple[str, str]:
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


def _sentence(fact: Fact) -> list[str]:
    text = fact.statement
    value = next((v for v in find_values(text, "en", limit=9) if v.text.strip('"“”`') == fact.answer), None)
    if value is None:
        at = text.find(fact.answer)
        if at < 0:
            return []
        value = Value(fact.answer, "rest", at, at + len(fact.answer))
    if value.start <= 1 and value.kind == "name":
        rest = text[value.end :].strip(" .")
        return [f"Who {rest}?", f"Tell me who {rest}.", f"What is the name of the person who {rest}?"]
    parts = split_at_verb(text)
    if parts and len(parts[0]) < value.start:
        return _asked(parts, value, text)
    return _imperative(text, value)


def _asked(parts: tuple[str, str, str], value: Value, text: str) -> list[str]:
    subject, verb, _ = parts
    before = text[len(subject) + len(verb) + 1 : value.start].strip(' "“`')
    if re.search(r"[,;] |\band\b|\d", before) or value.kind == "rest" and verb in MODAL:
        return []
    after = re.split(r"[,;](?:\s|$)|\band\b|\bbut\b|\bor\b", text[value.end :].strip(' "”`.'))[0].strip(" .")
    if verb in MODAL and re.match(r"(?:a|an|the|one) ", before):
        return []
    if verb in ("has", "have") and value.kind in ("code", "name") and re.match(r"(?:the|a|an) ", before):
        noun = re.sub(r"^(?:the|a|an) ", "", before)
        return [f"What is the {noun} of {_lower(subject)}?", f"Which {noun} does {_lower(subject)} have?"]
    match = PREPOSITION.search(before)
    preposition = match[1] if match else ""
    while match:
        before = before[: match.start()]
        match = PREPOSITION.search(before)
    after = "" if after.startswith("to ") and value.kind == "time" or after == "only" else after
    adjective = re.match(r"(long|high|wide|deep|tall|heavy|large|thick|old|big)\b", after)
    if adjective and verb in MODAL:
        return [f"How {adjective[1]} {verb} {_lower(subject)}?", f"What is the size of {_lower(subject)}?"][:1]
    distance = re.match(r"(?:in advance|ahead|early|away|late)\b", after)
    if distance and value.kind == "number" and verb in MODAL:
        unit = re.sub(r"^[\d.,\s]+", "", value.text)
        return [
            f"How many {unit} {after} {verb} {_lower(subject)} {before}?",
            f"How far {after} {verb} {_lower(subject)} {before}?",
        ]
    helper, base = _base(verb, subject)
    made = []
    for ask in _question_words(value, preposition, verb, before, text):
        of = re.match(r"of [\w-]+", after) if ask.startswith("How many") else None
        moved = f" {of[0]}" if of else ""
        tail = " ".join(p for p in (base, before, after[of.end() :].strip() if of else after) if p)
        made.append(f"{ask}{moved} {helper} {_lower(subject)} {tail}".strip() + "?")
    return made


def _question_words(value: Value, preposition: str, verb: str, before: str, text: str) -> list[str]:
    if value.kind == "time":
        return {
            "until": ["Until when", "Until what time"],
            "by": ["By when", "By what time"],
            "from": ["From when"],
            "after": ["After what time", "When"],
            "before": ["Before what time"],
        }.get(preposition, ["When", "At what time"])
    if value.kind == "money":
        return ["How much"]
    if value.kind == "often":
        return ["How often", "At what interval"]
    if value.kind == "date":
        return ["When"] if preposition != "until" else ["Until when"]
    if value.kind == "place" or (preposition in ("in", "at", "on", "under") and value.kind in ("code", "name")):
        category = CATEGORY.match(value.text)
        first = f"{preposition.capitalize()} which {category[1].lower()}" if category and preposition else "Where"
        return [first, "Where"] if value.text.split()[0] not in ("with", "by", "via", "through") else ["How"]
    if value.kind == "number":
        return _number_words(value, preposition, verb, before)
    if preposition == "by" or PERSON.match(value.text):
        return ["Who"] if not preposition else ["By whom", "Who"] if preposition == "by" else ["To whom"]
    return ["What"] if preposition in ("", "as") else []


def _number_words(value: Value, preposition: str, verb: str, before: str) -> list[str]:
    unit = re.sub(
        r"^[-−\d.,\s–×x]+|^(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\s", "", value.text
    ).strip()
    if TIME_UNIT.search(value.text):
        soon = {"within": ["Within what time", "How soon"], "after": ["How soon", "After how long"], "in": ["How soon"]}
        if verb in ("receive", "receives", "get", "gets", "has", "have", "needs", "need", "includes", "gives", "give"):
            return [f"How many {unit}"]
        return soon.get(preposition, ["How long", "For how long"] if preposition == "for" else ["How long"])
    if re.search(r"°|degrees", unit):
        return ["At what temperature"] if preposition else ["What temperature"]
    if verb in ("weighs", "weigh"):
        return ["How much"]
    if unit in (
        "m",
        "cm",
        "mm",
        "km",
        "kg",
        "g",
        "L",
        "ml",
        "W",
        "V",
        "A",
        "GB",
        "MB",
        "GHz",
        "Hz",
        "%",
        "watts",
        "volts",
        "kW",
    ):
        return ["How much"] if not preposition else []
    if not unit:
        return ["What"] if not before and not preposition else []
    return [f"How many {unit}"] if not re.match(r"\d", unit) else []


def _imperative(text: str, value: Value) -> list[str]:
    """ "Empty the cup every 5 days." → "How often should I empty the cup?" """
    first = text.split(" ")[0]
    if not re.fullmatch(r"[A-Z][a-z]+", first) or re.match(
        r"(If|When|In|On|At|For|The|A|After|Before|By|To|Every|Each|Only|There"
        r"|With|From|During|Once|Until|Because|Since|Under|No|All|You|We)\b",
        first,
    ):
        return _after_comma(text, value)
    before = text[: value.start].strip(' "“`')
    match = PREPOSITION.search(before)
    preposition = match[1] if match else ""
    before = before[: match.start()] if match else before
    thing = OBJECT.match(text)
    spare = [f"What should I do with {thing[1]}?", f"What applies to {thing[1]}?"] if thing else []
    if not before or "," in before:
        return spare
    act = before[:1].lower() + before[1:]
    words = _question_words(value, preposition, "do", before, text)
    return [f"{w} should I {act}?" for w in words if w != "What"] + spare


def _after_comma(text: str, value: Value) -> list[str]:
    match = re.match(r"^((?:If|When|After|Before|In case of|During|By default|In|To|For|On|At) ?[^,]*), (.+)$", text)
    if not match:
        return []
    condition = match[1][:1].lower() + match[1][1:]
    made: list[str] = []
    main = match[2][:1].upper() + match[2][1:]
    offset = len(text) - len(match[2])
    parts = split_at_verb(main)
    if parts and value.start - offset > len(parts[0]):
        moved = Value(value.text, value.kind, value.start - offset, value.end - offset)
        made = [f"{q[:-1]} {condition}?" for q in _asked(parts, moved, main)]
    if condition.startswith("to "):
        made += [
            f"How do I {condition[3:]}?",
            f"What must I do to {condition[3:]}?",
            f"I want to {condition[3:]}, how does that work?",
        ]
    elif condition.startswith(("if ", "when ", "in case of ")):
        made += [f"What happens {condition}?", f"What should be done {condition}?", f"What do I do {condition}?"]
    elif condition.startswith(("after ", "before ", "during ")):
        made += [f"What must be done {condition}?", f"What applies {condition}?"]
    return made
