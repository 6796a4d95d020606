"""English questions by rules: what a reader would ask to get a fact, most natural first."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from core.qa.rules.asks_en import CATEGORY, UNIT_NAMES, question_words, unit_of
from core.qa.rules.attributes import attribute_questions
from core.qa.rules.clauses import LEANS, MOMENT, clauses, imperative
from core.qa.rules.forms_en import (
    cell_questions,
    code_questions,
    howto_questions,
    label_questions,
    list_questions,
)
from core.qa.rules.sections import KIND as SECTION
from core.qa.rules.sections import section_questions
from core.qa.rules.sentences import split_at_verb
from core.qa.rules.trimming_en import without_first, without_others, without_prepositions, without_rest
from core.qa.rules.values import TIME_UNIT, WORD_NUMBER, Value, find_values
from core.qa.rules.verbs_en import MODAL, PERSON, SAME_PAST, base_form, lower, purpose, third_person
from core.qa.rules.wordings_rest_en import rest_questions
from core.qa.types import Fact

CONDITION = re.compile(
    r"^((?:If|When|After|Before|In case of|During|By default|In|To|For|On|At|As soon as|Once) ?[^,]*), (.+)$"
)
RELATIVE = re.compile(
    r"((?:the|a|an|your) [\w-]+(?: [\w-]+)?), which ((?:takes|lasts|is|costs|weighs|holds|needs) .+)$"
)
DAYTIME = re.compile(r"(?:morning|afternoon|evening|night)s?$")
STEP = re.compile(r"^.*?, step \d+: ")
LOOSE = re.compile(
    r"(?!(?:in|on|at|by|for|from|to|until|after|within|under|with|about|between|per|of|before|during|below|above|long|high"
    r"|wide|deep|tall|heavy|large|thick|old|big|away|a|an|each|every|only|without|when|if|as|ahead|early|late|over|via"
    r"|through|than|behind|inside|outside|and|or|morning|afternoon|evening|night)s?\b)[a-z]+"
)
PLURAL = re.compile(
    r"^(?:[\w-]+ ){0,3}?(?:[\w-]+[^s\W]s|[Cc]hildren|[Pp]eople)"
    r"(?: (?:under|over|of|in|with|on|for|from|at|who|that)\b.*)?$|\band\b"
)
MASS = re.compile(
    r"^ ?of ((?:[\w-]+ ){0,3}?[\w-]+)"
    r"(?= (?:in|into|to|with|at|behind|so|and|for|on|until|from|per|before|after)\b|[.,]|$)"
)


FILLED = re.compile(r"(?:fill|type|key|hand|send|turn|switch|dial|put)")
"""Orders whose "in" or "on" belongs to them: "Fill in form B2" happens in no form."""


@dataclass(frozen=True)
class Ask:
    """A question in its two orders: "How long does it last", "how long it lasts"; and with a pronoun, for variety."""

    direct: str
    indirect: str
    about: str = ""


def questions_en(fact: Fact, spare: bool = True) -> list[str]:
    """Questions for one fact. `spare` adds the vague kind ("Tell me about …") that fits only an unshared subject."""
    kind = fact.kind.split(":")[0]
    if kind in ("code", "remedy"):
        made = code_questions(fact.subject, kind)
    elif kind == SECTION:
        made = section_questions(fact.subject, "en")
    elif kind == "cell":
        made = cell_questions(fact, fact.kind.split(":", 1)[1])
    elif kind == "attribute":
        made = attribute_questions(fact, "en")
    elif kind == "label":
        made = label_questions(fact)
    elif kind == "howto":
        made = howto_questions(fact.subject)
    elif kind == "list":
        made = list_questions(fact.subject)
    elif kind == "faq":
        made = [fact.subject, f"I have a question: {lower(fact.subject)}", f"Can you tell me: {lower(fact.subject)}"]
    elif kind == "row":
        made = [f"What is known about {lower(fact.subject)}?", f"What applies to {lower(fact.subject)}?"]
    else:
        made = _sentence(fact, spare)
    plain_subject = 0 < len(fact.subject.split()) < 7 and not re.match(r"(?:No|Up) ", fact.subject)
    if (
        spare
        and len(made) < 3
        and kind in ("fact", "row")
        and plain_subject
        and fact.statement.startswith(fact.subject)
    ):
        made += [f"What should I know about {lower(fact.subject)}?", f"Tell me about {lower(fact.subject)}."]
    tidy = (re.sub(r"\s+", " ", re.sub(r"\s+([?.])", r"\1", q)) for q in made)
    return [q[:1].upper() + q[1:] for q in dict.fromkeys(tidy)]


def _sentence(fact: Fact, spare: bool) -> list[str]:
    """Questions for a value in a sentence: its own clause is found, parsed and turned; else for the whole."""
    step = STEP.match(fact.statement) if fact.kind.startswith("step") else None
    text = fact.statement[step.end() :] if step else fact.statement
    aim = f" {purpose(fact.subject)}" if step else ""
    value = next((v for v in find_values(text, "en", limit=9) if v.text.strip('"“”`') == fact.answer), None)
    if value is None:
        at = text.find(fact.answer)
        if at < 0 or not text[:at].strip():
            return rest_questions(text, aim, wide=spare)
        value = Value(fact.answer, "rest", at, at + len(fact.answer))
    if value.start <= 1 and value.kind == "name":
        rest = text[value.end :].strip(" .")
        return [
            f"Who {rest}?",
            f"Can you tell me who {rest}?",
            f"What is the name of the person who {rest}?",
            f"I need to know who {rest}.",
        ]
    line = re.match(r"([A-Z][^:.]{1,40}): ", text)
    if line and not step and fact.kind == "fact" and not split_at_verb(line[1]):
        said = text[line.end() :]
        if value.start < line.end() or not split_at_verb(said):
            return _line(lower(line[1]), value, said)
        return [f"What should I know about {lower(line[1])}?", f"What applies to {lower(line[1])}?",
                *_varied(_asks(said, _moved(value, -line.end()), ""))[:4], f"Tell me about {lower(line[1])}."]
    if value.kind == "rest":
        return rest_questions(text, aim, wide=spare)
    asks = _asks(text, value, aim)
    return _varied(asks) + _special(text, value) if asks else rest_questions(text, aim, wide=False)


def _asks(text: str, value: Value, aim: str) -> list[Ask]:
    """Questions for the value, out of the clause that it stands in."""
    condition = ""
    match = CONDITION.match(text)
    if match and value.start >= match.start(2):
        condition = f" {match[1][:1].lower()}{match[1][1:]}"
        value = _moved(value, -match.start(2))
        text = match[2]
    for clause in clauses(text):
        if clause.start <= value.start < clause.start + len(clause.text):
            statement = clause.statement
            shift = len(statement.rstrip(".")) - len(clause.text.rstrip(" ."))
            value, text = _moved(value, shift - clause.start), statement
            break
    relative = RELATIVE.search(text)
    if relative and value.start >= relative.start(2):
        subject = relative[1][:1].upper() + relative[1][1:]
        value = _moved(value, len(subject) + 1 - relative.start(2))
        text = f"{subject} {relative[2]}"
    ordered = imperative(text)
    if ordered:
        return _ordered(text, value, condition or aim)
    moment = MOMENT.match(text)
    if moment:
        text = text[moment.end() :][:1].upper() + text[moment.end() + 1 :]
        value = _moved(value, -moment.end())
        condition = f" {_small(moment[1])}"
    parts = split_at_verb(text)
    start = re.match(r"(?:Up to |At least |At most |About |Only |Around )?", text)
    if parts and start and value.start == start.end() and value.kind == "number" and unit_of(value):
        rest = f"{parts[0][value.end :].strip()} {parts[1]} {parts[2]}".strip(" .")
        ask = f"How many {unit_of(value)} {rest}"
        return [Ask(ask, _small(ask)), Ask(f"What number of {unit_of(value)} {rest}", _small(ask))]
    if parts and len(parts[0]) < value.start:
        return _asked(parts, value, text, condition)
    return []


def _moved(value: Value, by: int) -> Value:
    return replace(value, start=value.start + by, end=value.end + by)


def _asked(parts: tuple[str, str, str], value: Value, text: str, condition: str) -> list[Ask]:
    """Questions for a value behind a subject and its verb."""
    subject, verb, _ = parts
    before = text[len(subject) + len(verb) + 1 : value.start].strip(' "“`')
    after = re.split(r"[,;](?:\s|$)|\band\b|\bbut\b|\bor\b", text[value.end :].strip(' "”`.'))[0].strip(" .")
    before = without_rest(without_others(without_first(before), text), value)
    if (
        value.kind in ("name", "number")
        and LOOSE.match(after)
        and (value.kind == "name" or unit_of(value) in UNIT_NAMES)
    ):
        return []
    size = re.fullmatch(r"(?:the|a|an) (.+) of", before)
    if size and verb in ("has", "have"):
        asks = [f"What is the {size[1]} of {lower(subject)}", f"Which {size[1]} does {lower(subject)} have"]
        return [Ask(a, f"which {size[1]} {lower(subject)} {verb}") for a in asks]
    if verb in ("is", "are", "was", "were") and re.match(r"(?:a|an|one) ", before):
        return []
    called = re.search(r"((?:a|an|the) [^,]+), called(?: the)?$", before)
    if called:
        thing = re.sub(r"^an? ", "the ", called[1])
        return [Ask(f"What is {thing} called", f"what {thing} is called"), Ask(f"What is the name of {thing}", "")]
    if (
        re.search(rf"[,;] |\d|{WORD_NUMBER}|\b(?:that|which|who|if|when|unless|because|until)\b(?!$)", before)
        and value.kind != "meaning"
        or len(before.split()) > 9
    ):
        return []
    if value.kind == "meaning":
        before = ""
    noun = re.sub(r"^(?:the|a|an) ", "", before)
    if verb in ("has", "have") and value.kind in ("code", "name") and noun != before:
        asks = [f"What is the {noun} of {lower(subject)}", f"Which {noun} does {lower(subject)} have"]
        return [Ask(a, f"which {noun} {lower(subject)} {verb}") for a in asks]
    preposition, before = without_prepositions(before)
    if (
        re.match(r"to ", after)
        and value.kind == "time"
        or after == "only"
        or DAYTIME.match(after)
        or value.kind == "place"
        and after[:3] == "of "
    ):
        after = ""
    adjective = re.match(r"(long|high|wide|deep|tall|heavy|large|thick|old|big)\b", after)
    if adjective and verb in MODAL:
        ask, after = [f"How {adjective[1]}"], ""
    elif re.match(r"(?:in advance|ahead|early|away|late)\b", after) and value.kind == "number" and verb in MODAL:
        after = without_others(after, text)
        ask, after = [f"How many {unit_of(value)} {after}", f"How far {after}"], ""
    else:
        ask = question_words(value, preposition, verb, before, text)
    before = re.sub(r"(?:^|\s)only\b", "", before).strip()
    if before.endswith(",") or re.search(r"\band [a-z]+[^s\W]s$", before):
        return []
    if ask and (kind := re.fullmatch(r"([A-Z][a-z]+) which ([a-z]+)", ask[0])):
        before = re.sub(rf"(?:^|\s){kind[1].lower()} (?:the|a|an) (?:[a-z]+ )*?{kind[2]}$", "", before)
    return _turned(subject, verb, ask, before, after, condition)


def _by_whom(subject: str, verb: str, done: str) -> list[str]:
    """Who does what is done: "The shop is run by Ann." → "Who runs the shop?", "Who is the shop run by?" """
    name = lower(subject)
    past = verb in ("was", "were") and (done.endswith("ed") or done in SAME_PAST)
    does = done if past else third_person(done)
    made = [f"Who {verb} {name} {done} by?"]
    return [f"Who {does} {name}?", *made] if does else made


def _turned(subject: str, verb: str, ask: list[str], before: str, after: str, condition: str) -> list[Ask]:
    """The clause with its verb and subject turned, once for each question word."""
    helper, base = base_form(verb, subject)
    name, made = lower(subject), []
    it = (
        "they"
        if helper in ("do", "are", "were") or helper not in ("does", "is", "was") and PLURAL.search(name)
        else "it"
    )
    for word in ask:
        of = (
            re.match(r"of (?:up to|at most|at least|over|under|about) [\d.,]+ [\w-]+(?: each)?"
                     r"|(?:of|per) (?:[\w-]+ )?[\w-]+(?= (?:a|an|per|in|on|at|for|with|to|from|by|during)\b|$)", after)
            if re.match(r"(?:\w+ )?how m(?:any|uch)", word, re.IGNORECASE)
            else None
        )
        of = None if of and of[0].startswith("per") and "ow many" not in word else of
        if of and "ow much" in word and of[0].endswith("s"):
            continue
        moved = f" {of[0] if 'ow many' in word else of[0][3:]}" if of else ""
        rest = after[of.end() :].strip() if of else re.sub(r"^of [\w-]+ ?", "", after)
        tail = " ".join(p for p in (before, rest) if p)
        direct = f"{word}{moved} {helper} {name} {base} {tail}".strip() + condition
        indirect = f"{word}{moved} {name} {verb} {tail}".strip() + condition
        about = "" if PERSON.match(subject) else f"About {name}: {_small(word)}{moved} {helper} {it} {base} {tail}"
        made.append(Ask(direct, _small(indirect), "" if LEANS.search(tail) else f"{about.strip()}{condition}"))
    return made


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _ordered(text: str, value: Value, aim: str) -> list[Ask]:
    """Questions for a value in an instruction: "Empty the cup every 5 days." → "How often should I empty the cup?" """
    before = text[: value.start].strip(' "“`')
    preposition, act = without_prepositions(before)
    negative = re.match(r"(?:Do not|Never) ", act)
    if not act or "," in act or negative or re.search(r"\b(?:and|when|until|which|if)\b", act):
        return []
    act = act[:1].lower() + act[1:]
    if value.kind == "code" and preposition in ("in", "on", "out") and FILLED.fullmatch(act):
        thing = CATEGORY.match(value.text)
        which = f"Which {thing[1].lower()}" if thing else "What"
        ways = (f"should I {act} {preposition}{aim}", f"do I have to {act} {preposition}{aim}", f"do I need{aim}")
        return [Ask(f"{which} {way}", f"{_small(which)} to {act} {preposition}{aim}") for way in ways]
    mass = MASS.match(text[value.end :])
    if mass and value.kind == "number" and not TIME_UNIT.search(value.text):
        return _amount(act, value, mass[1].strip(), preposition, text[value.end + mass.end() :], aim)
    after = re.split(r"[,;]|\buntil\b|\band\b|\bso that\b", text[value.end :])[0].strip(" .")
    tail = f" {after}" if after and not LEANS.search(after) and not re.match(r"of\b", after) else ""
    made = []
    for word in question_words(value, preposition, "do", act, text):
        if word == "What":
            continue
        made.append(Ask(f"{word} should I {act}{tail}{aim}", f"{_small(word)} to {act}{tail}{aim}"))
        made.append(Ask(f"{word} do I have to {act}{aim}", f"{_small(word)} I have to {act}{aim}"))
    return made


def _amount(act: str, value: Value, thing: str, preposition: str, after: str, aim: str) -> list[Ask]:
    """Questions for a quantity of something: "Add 77 ml of Verdal A." → "How much Verdal A should I add?" """
    unit = UNIT_NAMES.get(unit_of(value), unit_of(value))
    act = f"{act} {preposition}".strip() if preposition in ("with", "in", "to", "into") else act
    tail = re.split(r"[,;]|\band\b|\bso that\b", after)[0].strip(" .")
    act = f"{act} {tail}" if tail and not LEANS.search(tail) else act
    made = [
        Ask(f"How much {thing} should I {act}{aim}", f"how much {thing} to {act}{aim}"),
        Ask(f"How much {thing} do I need{aim}", f"how much {thing} is needed{aim}"),
    ]
    if re.fullmatch(r"[a-z ]+", unit):
        made.append(Ask(f"How many {unit} of {thing} do I {act}{aim}", f"how many {unit} of {thing} to {act}{aim}"))
    return made


def _varied(asks: list[Ask]) -> list[str]:
    """Each question in a structure of its own: asked directly, politely, as a wish, and with the subject first."""
    if not asks:
        return []
    first, last = asks[0], asks[-1]
    made = [f"{first.direct}?", f"Can you tell me {first.indirect}?"]
    made += [f"{a.direct}?" for a in asks[1:3]]
    made.append(f"I need to know {last.indirect or first.indirect}.")
    if first.about:
        made.append(f"{first.about}?")
    return made + [f"{a.direct}?" for a in asks[3:]] + [f"I would like to know {first.indirect}."]


def _line(name: str, value: Value, text: str) -> list[str]:
    """Questions for a value in a line "Service telephone: 0555, Monday to Friday"."""
    label = name if re.match(r"(?:the|your|a) ", name) else f"the {name}"
    if text.startswith(value.text.strip('"“`')):
        return [f"What is {label}?", f"Can you give me {label}?", f"I need to know {label}.", f"{name}: what is it?"]
    if value.kind in ("time", "date"):
        day = value.kind == "date"
        return [
            f"On which days is {label} available?" if day else f"When is {label} available?",
            f"Can you tell me the {'days' if day else 'times'} for {label}?",
            f"{'What days' if day else 'What times'} apply to {label}?",
            f"I need to know {'on which days' if day else 'at what times'} {label} is there.",
        ]
    return []


def _special(text: str, value: Value) -> list[str]:
    """Questions by another word than the sentence uses."""
    parts = split_at_verb(text)
    if not parts or len(parts[0]) > value.start or text[: value.start].count(","):
        return []
    name = lower(parts[0])
    by = re.fullmatch(r"([a-z]+)(?: in \d{4})? by", text[len(parts[0]) + len(parts[1]) + 2 : value.start].strip())
    if by and parts[1] in ("is", "are", "was", "were"):
        return [] if text[value.end :].strip(" .") else _by_whom(parts[0], parts[1], by[1])
    direct = text[len(parts[0]) + len(parts[1]) + 2 : value.start].strip() == ""
    if not direct:
        return []
    if parts[1] in ("weighs", "weigh"):
        return [f"How heavy {'is' if parts[1] == 'weighs' else 'are'} {name}?"]
    if parts[1] in ("costs", "cost"):
        return [f"What is the price of {name}?", f"How much do I pay for {name}?"]
    if parts[1] in ("takes", "take", "lasts", "last") and TIME_UNIT.search(value.text):
        return [f"What is the duration of {name}?", f"How much time does {name} take?"][
            : 2 if parts[1][-1] == "s" else 1
        ]
    if parts[1] in ("is", "are") and value.kind in ("number", "money"):
        return [f"Can you give me {name}?"] if name.startswith("the ") else []
    return []
