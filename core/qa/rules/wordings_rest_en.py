"""English questions for sentences without a value to ask for: rules, prohibitions, purposes, conditions."""

from __future__ import annotations

import re

from core.qa.rules.clauses import MOMENT as MOMENT_FIRST
from core.qa.rules.clauses import imperative
from core.qa.rules.sentences import split_at_verb
from core.qa.rules.verbs_en import base_form, lower

MODALS = ("must", "may", "can", "should", "could", "will")
MOMENT = re.compile(r" ((?:before|after|when|if|as soon as|once) [^,;]+)$")


def rest_questions(text: str, aim: str = "", wide: bool = True) -> list[str]:
    """Questions whose answer is the whole sentence; none when its form is not known.

    `wide` allows "What does X do?", which fits only when nothing else is said about X.
    """
    text = text.rstrip(" .")
    match = re.match(r"^((?:If|When|After|Before|In case of|During|To|Once|As soon as) [^,]*), (.+)$", text)
    if match:
        return _conditional(match[1][:1].lower() + match[1][1:])
    ordered = imperative(text)
    if ordered:
        return _instruction(text, aim)
    moment = MOMENT_FIRST.match(text)
    if moment:
        made = rest_questions(text[moment.end() :][:1].upper() + text[moment.end() + 1 :], aim, wide)
        when = moment[1][:1].lower() + moment[1][1:]
        return [f"{q[:-1]} {when}{q[-1]}" for q in made]
    parts = split_at_verb(text)
    if not parts:
        return _forbidden_start(text)
    subject, verb, rest = parts
    why = re.search(r",? because (.+)$", rest)
    rest = rest[: why.start()] if why else rest
    made = _modal(subject, verb, rest) if verb in MODALS else _plain(subject, verb, rest, wide)
    if why:
        helper, base = base_form(verb, subject)
        made.insert(1, f"Why {helper} {lower(subject)} {base} {rest}?".replace("  ", " "))
    return made


def _conditional(condition: str) -> list[str]:
    if condition.startswith("to "):
        act = condition[3:]
        return [] if re.match(r"\w+ (?:it|them|this)\b", act) else [
            f"How do I {act}?",
            f"What must I do to {act}?",
            f"I want to {act}, how does that work?",
            f"Can you explain how to {act}?",
        ]  # fmt: skip
    if condition.startswith(("if ", "when ", "in case of ", "once ", "as soon as ")):
        return [
            f"What happens {condition}?",
            f"What should be done {condition}?",
            f"What do I do {condition}?",
            f"Can you tell me what applies {condition}?",
        ]
    return [f"What must be done {condition}?", f"What applies {condition}?", f"Can you tell me what to do {condition}?"]


def _instruction(text: str, aim: str) -> list[str]:
    moment = MOMENT.search(text)
    act = text[: moment.start()] if moment else text
    act = act[:1].lower() + act[1:]
    if moment and not re.search(r"\b(?:it|them)\b", moment[1]):
        return [
            f"What should I do {moment[1]}?",
            f"When should I {act}?",
            f"Can you tell me what to do {moment[1]}?",
            f"What is necessary {moment[1]}?",
        ]
    thing = re.match(
        r"[a-z]+ ((?:the|a|an|your|all|only) (?:[a-z-]+ ){0,3}?[a-z-]+)(?= (?:at|on|in|to|with|by|for|from|after|each"
        r"|every|before|once|when|until|of|a|and|or|through|onto|into|out)\b|[,.]|$)",
        act,
    )
    if not thing:
        return []
    return [
        f"What should I do with {thing[1]}{aim}?",
        f"What do I have to do with {thing[1]}{aim}?",
        f"Can you tell me what to do with {thing[1]}{aim}?",
    ]


def _forbidden_start(text: str) -> list[str]:
    match = re.match(r"(?:Do not|Never|Don't) ([a-z]+ .+)$", text)
    if not match:
        return []
    act = re.sub(r"\bor\b.*$", "", match[1]).strip(" ,")
    return [f"May I {act}?", f"Can I {act}?", f"Am I allowed to {act}?", f"Is it okay to {act}?"]


def _modal(subject: str, verb: str, rest: str) -> list[str]:
    """A rule: what must, may or can be done, asked as one asks for permission or duty."""
    name = lower(subject)
    nothing = re.match(r"No (.+)$", subject)
    short = re.sub(r"^not ", "", rest)
    when = re.match(r"(be [a-z]+(?: out| off| up)?) (?:when|as soon as|before|after|if) ", rest)
    if when and not nothing:
        limit = re.search(r"\b(?:less than|more than|fewer than|below|above|under|over) \d[\d.,]* ([a-z]{3,})\b", rest)
        return [
            f"When {verb} {name} {when[1]}?",
            *([f"At how many {limit[1]} {verb} {name} {when[1]}?"] if limit else []),
            f"Can you tell me when {name} {verb} {when[1]}?",
            f"In what case {verb} {name} {when[1]}?",
            f"I need to know when {name} {verb} {when[1]}.",
        ]
    if nothing or short != rest or verb in ("may", "can"):
        name = nothing[1] if nothing else name
        permitted = re.sub(r"\bonly\b ?", "", short)
        return [
            f"May {name} {permitted}?",
            f"Can {name} {permitted}?",
            f"Is it allowed for {name} to {permitted}?",
            f"Can you tell me whether {name} may {permitted}?",
        ]
    return [
        f"What {verb} I know about {name}?" if verb == "should" else f"What is the rule for {name}?",
        f"What is required of {name}?",
        f"Can you tell me the rule for {name}?",
    ]


def _plain(subject: str, verb: str, rest: str, wide: bool) -> list[str]:
    name = lower(subject)
    condition = re.match(r"(.*?)\b(?:if|when|as soon as|once) ", rest)
    if condition and len(condition[1].split()) < 4 and verb.endswith("s") and verb not in ("is", "was"):
        _, base = base_form(verb, subject)
        done = f"{base} {condition[1]}".strip()
        return [
            f"When does {name} {done}?",
            f"In what case does {name} {done}?",
            f"Can you tell me when {name} {verb} {condition[1].strip()}".strip() + "?",
            f"What makes {name} {done}?",
        ]
    if verb in ("is", "are") and re.match(r"(?:a|an|the) ", rest):
        return [
            f"What {verb} {name}?",
            f"Can you tell me what {name} {verb}?",
            f"I would like to know what {name} {verb}.",
            f"Can you explain {name}?",
        ]
    if not wide or verb in ("is", "are", "was", "were", "has", "have") or not verb.endswith("s"):
        return []
    return [
        f"What does {name} do?",
        f"Can you tell me what {name} does?",
        f"I need to know what {name} does.",
    ]
