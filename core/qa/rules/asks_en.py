"""The English question words that fit a value, by its kind, its unit and the preposition before it."""

from __future__ import annotations

import re

from core.qa.rules.values import TIME_UNIT, Value
from core.qa.rules.verbs_en import PERSON

CATEGORY = re.compile(
    r"^(room|lane|pier|deck|gate|counter|hatch|floor|level|port|extension|form|version|building|hall|station"
    r"|door|window|platform|terminal|slot|locker|bay)\b",
    re.IGNORECASE,
)
STREET = re.compile(r" (?:Street|Road|Lane|Avenue|Square|Boulevard|Drive|Way|Place|Court|Close|Quay|Hill|Row)$")
UNIT_NAMES = {
    "m": "metres", "cm": "centimetres", "mm": "millimetres", "km": "kilometres", "kg": "kilograms", "g": "grams",
    "mg": "milligrams", "L": "litres", "l": "litres", "ml": "millilitres", "W": "watts", "kW": "kilowatts",
    "V": "volts", "A": "amperes", "GB": "gigabytes", "MB": "megabytes", "GHz": "gigahertz", "Hz": "hertz",
    "%": "percent", "dB": "decibels", "s": "seconds", "min": "minutes", "h": "hours", "bar": "bar",
}  # fmt: skip
AMOUNT_VERBS = ("receive", "receives", "get", "gets", "has", "have", "needs", "need", "includes", "gives", "give")
SOFT = ("", "about", "only", "up to", "at least", "at most", "least", "most", "over", "around", "up", "longer than",
        "more than", "less than", "average")  # fmt: skip


def unit_of(value: Value) -> str:
    """ "15 hours" → "hours"; "" when the number has no unit."""
    number = r"^[-−\d.,\s–×x]+|^(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\s"
    return re.sub(number, "", re.sub(r"^.*?\d (?:to|and) (?=\d)", "", value.text)).strip()


def question_words(value: Value, preposition: str, verb: str, before: str, text: str) -> list[str]:
    """Question words for a value, most natural first; none when no word surely fits."""
    if value.kind == "time":
        if re.search(r"\d (?:to|and|until|–|-) ?\d", value.text):
            return ["During which hours", "When", "Between what times"]
        return {
            "until": ["Until when", "Until what time"],
            "by": ["By when", "By what time"],
            "from": ["From when", "From what time"],
            "after": ["After what time", "When"],
            "before": ["Before what time", "Until when"],
        }.get(preposition, ["When", "At what time"])
    if value.kind == "money":
        currency = re.search(r"[a-z]{4,}$", value.text)
        return ["How much"] + ([f"How many {currency[0]}"] if currency else [])
    if value.kind == "often":
        unit = re.match(r"every \d+ ([a-z]+s)\b", value.text)
        return ["How often", "At what interval", *([f"After how many {unit[1]}"] if unit else []), "How frequently"]
    if value.kind == "date":
        year = re.search(r"\b(?:1[89]|20)\d\d$", value.text) and not re.search(r"[A-Z]", value.text)
        day = re.search(r"days?\b", value.text)
        extra = ["In what year"] if year else ["On which day"] if day else ["On what date"]
        return ["Until when"] if preposition == "until" else ["When", *extra]
    if value.kind == "meaning":
        return ["What"]
    street = value.kind == "name" and STREET.search(value.text)
    if value.kind == "place" or street or (
        preposition in ("in", "at", "on", "under") and value.kind in ("code", "name")
    ):
        category = CATEGORY.match(value.text)
        first = [f"{preposition.capitalize()} which {category[1].lower()}"] if category and preposition else []
        if value.text.split()[0] in ("with", "by", "via", "through"):
            return ["How", "In what way"]
        return [*first, "Where", "In what place"]
    if value.kind == "number":
        return _number_words(value, preposition, verb, before, text)
    if kind := re.search(r"\b(with|in|at|on|by|from|to|of) (?:the|a|an) (?:[a-z]+ ){0,2}?([a-z]+)(?: of)?$", before):
        return [f"{kind[1].capitalize()} which {kind[2]}"] if kind[1] != "of" else []
    person = PERSON.match(value.text) and not re.search(r"\b(?:the|an?) $", text[: value.start])
    if preposition == "by" or person:
        if not preposition:
            return ["Who"]
        return ["By whom", "Who"][:1] if preposition == "by" else ["To whom"] if preposition == "to" else []
    return ["What"] if preposition in ("", "as") else []


def _number_words(value: Value, preposition: str, verb: str, before: str, text: str) -> list[str]:
    unit = unit_of(value)
    full = UNIT_NAMES.get(unit, unit)
    if re.match(r"(?:1|one) ", value.text) and full[-1:] != "s":
        full += "s"
    if TIME_UNIT.search(value.text):
        if preposition in ("within", "after", "in"):
            soon = ["Within what time", "How soon"] if preposition == "within" else ["How soon", "After how long"]
            return [*soon, f"{preposition.capitalize()} how many {full}"]
        if preposition in ("to", "under", "below", "with", "of", "from"):
            return [f"{preposition.capitalize()} how many {full}"] if preposition != "of" else []
        if verb in AMOUNT_VERBS:
            return [f"How many {full}"]
        return ["How long", f"For how many {full}" if preposition not in ("", "by") else f"How many {full}"]
    if re.search(r"°|degrees", unit) or re.search(r"°|degrees", value.text):
        if "temperature" in text[: value.start]:
            return ["In what range" if preposition == "between" else "At what value"] if preposition else ["What"]
        return ["At what temperature", "At how many degrees"] if preposition else ["What temperature"]
    if preposition == "of" and verb.startswith("consist"):
        return [f"Of how many {full}", f"Out of how many {full}"]
    if preposition in ("at", "to", "with", "from", "under", "in") and re.fullmatch(r"[a-z ]{3,}", full):
        return [f"{preposition.capitalize()} how many {full}"]
    if verb in ("weighs", "weigh"):
        return ["How much", f"How many {full}"]
    if unit in UNIT_NAMES:
        return ["How much", f"How many {full}"] if preposition in SOFT else []
    if not unit:
        return ["What", "What number"][: 1 if before else 2] if not before and not preposition else []
    if verb in ("is", "are") and not before and full == "percent":
        return ["What", "How many percent", "How high"]
    return [f"How many {full}"] if preposition in SOFT and not re.match(r"\d", unit) else []
