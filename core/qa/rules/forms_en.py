"""English questions where the text's form says what to ask: codes, cells, labels, procedures, lists."""

from __future__ import annotations

import re
from itertools import zip_longest

from core.qa.rules.clauses import base_of_gerund
from core.qa.rules.columns import column_name, is_many, odd, odd_questions
from core.qa.rules.sentences import split_at_verb
from core.qa.rules.tables import VERB_HEAD
from core.qa.rules.values import TIME_UNIT
from core.qa.rules.verbs_en import PERSON, base_form, lower, named
from core.qa.types import Fact

ENDS = re.compile(r"([A-Z][\w'’]*(?: [A-Z][\w'’]*)*) ?[–—→-] ?([A-Z][\w'’]*(?: [A-Z][\w'’]*)*)(?: ([a-z]+))?$")
"""Two places with a dash between them, and the kind of thing that leads from one to the other."""


CLOCK = re.compile(r"\d{1,2}:\d\d(?!\d)|\d{1,2}\.\d\d (?:[ap]\.?m\b|h\b|o'clock)", re.IGNORECASE)
MEANS = re.compile(r"(?:meaning|description|purpose|use|function|explanation)s?", re.IGNORECASE)
"""Columns that say what a row's thing is."""


def code_questions(name: str, kind: str) -> list[str]:
    short = re.fullmatch(r"[A-Z]{0,5}[-_]?[A-Z]?\d{1,6}[A-Za-z]?", name) is not None
    called = f"error {name}" if short else lower(name)
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


def cell_questions(fact: Fact, column: str) -> list[str]:
    """Questions for a cell: its column asked of its row. A row "Ulm – Bonn route" is also one "from Ulm to Bonn"."""
    ends = ENDS.match(fact.subject)
    if not ends:
        return _cell(fact, fact.subject, column)
    way = f"{'the ' + ends[3].lower() if ends[3] else 'the way'} from {ends[1]} to {ends[2]}"
    between = zip_longest(_cell(fact, fact.subject, column), _cell(fact, way, column))
    return [q for pair in between for q in pair if q]


def _cell(fact: Fact, subject: str, column: str) -> list[str]:
    name = column_name(column)
    if odd(column, fact.answer.rstrip(".")):
        return odd_questions(subject, column, fact.answer.rstrip("."), "en")
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
    if MEANS.fullmatch(name):
        return [f"What is {subject} for?", f"What does {subject} mean?", f"What is the {name} of {subject}?",
                f"Can you explain {subject}?", f"What does {subject} do?", f"Which {name} does {subject} have?"]
    verb = "are" if is_many(name) else "is"
    made = [
        f"What {verb} the {name} for {subject}?",
        f"Tell me the {name} of {subject}.",
        f"Which {name} does {subject} have?",
        f"I need to know the {name} for {subject}.",
    ]
    priced = re.search(r"\b(?:price|cost|fare|fee|rate|charge)", name, re.IGNORECASE)
    if priced or re.match(r"[$€£¥]\s?\d", fact.answer):
        made[1:1] = [f"How much is {subject}?", f"How much do I pay for {subject}?"]
    elif re.search(r"time|duration", name) and TIME_UNIT.search(fact.answer):
        made[1:1] = [f"How long is the {name} for {subject}?", f"How long does {subject} take?"]
    elif re.search(r"reply|response|answer", name) and TIME_UNIT.search(fact.answer):
        made[1:1] = [f"How long is the {name} for {subject}?", f"How long do I wait for the {name} with {subject}?"]
    elif re.fullmatch(r"default(?: value)?|standard(?: value)?|factory setting", name):
        made[1:1] = [f"What is {subject} by default?", f"What is {subject} set to by default?",
                     f"Which value does {subject} have when nothing is changed?"]
    elif CLOCK.match(fact.answer):
        made[1:1] = [f"When is the {name} for {subject}?", f"At what time is the {name} of {subject}?"]
    elif re.fullmatch(r"[\d,.]+", fact.answer) and name.endswith("s"):
        made[1:1] = [f"How many {name} does {subject} have?", f"How many {name} do I get with {subject}?"]
    elif re.search(r"°|degrees", fact.answer):
        made[1:1] = [f"What temperature does {subject} have?", f"How hot does {subject} get?"]
    elif re.match(r"[-−]?\d", fact.answer):
        made[1:1] = [
            f"How many {name} are there for {subject}?"
            if is_many(name)
            else f"How high is the {name} for {subject}?"
        ]
    return made


def label_questions(fact: Fact) -> list[str]:
    name = lower(fact.subject)
    name = column_name(name)
    ask = "Who" if PERSON.match(fact.answer) else "What"
    return [
        f"{ask} is the {name}?",
        f"Tell me the {name}.",
        f"I need the {name}.",
        f"Can you give me the {name}?",
        f"What do you know about the {name}?",
    ]


def howto_questions(goal: str) -> list[str]:
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
    verb = base_of_gerund(goal.split(" ")[0])
    if verb:
        act = f"{verb} {' '.join(goal.split(' ')[1:])}".strip()
        return [
            f"How do I {act}?",
            f"What are the steps for {named(goal)}?",
            f"I want to {act}. What do I have to do?",
            f"How does {named(goal)} work?",
            f"Can you explain how to {act}?",
        ]
    name = named(goal)
    return [
        f"How does {name} work?",
        f"What are the steps for {name}?",
        f"What is the procedure for {name}?",
        f"What do I do for {name}?",
        f"Can you explain {name} step by step?",
    ]


def list_questions(intro: str) -> list[str]:
    parts = split_at_verb(intro)
    if not parts:
        return [f"What belongs to this: {lower(intro)}?", f"Which points are named for: {lower(intro)}?"]
    subject, verb, rest = (
        lower(parts[0]),
        parts[1],
        re.sub(r"\s*(?:the following|these|as follows)\b.*$", "", parts[2]),
    )
    tail = f" {rest}" if rest else ""
    helper, base = base_form(verb, subject)
    ask = f"{helper} {subject} {base}".strip()
    return [f"What {ask}{tail}?", f"Which things {ask}{tail}?", f"Can you list what {subject} {verb}{tail}?"]
