"""Questions with words of the text exchanged for others that people use for the same thing.

Synonym replacement after Wei and Zou 2019, "EDA: Easy Data Augmentation Techniques": a model that has read a question
in one choice of words only does not find its answer when asked in another. Only words that can hardly mean anything
else in a question are exchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_VERBS = """activate: switch on | begin: start | buy: purchase | cancel: call off | choose: select, pick
collect: pick up | consume: use | deactivate: switch off | decrease: reduce | depart: leave | discard: throw away
drain: empty | employ: hire | examine: check | fasten: attach | function: work | indicate: show | inform: tell
inspect: check | modify: change | notify: tell | obtain: get | operate: run | permit: allow | press: push
prohibit: forbid | purchase: buy | receive: get | refill: top up, fill up | remain: stay | renew: replace
repair: fix | replace: change | reply: answer | require: need | retain: keep | select: choose | start: begin
store: keep | submit: hand in, send in | supply: provide | switch off: turn off | switch on: turn on
throw away: discard | transmit: send | utilise: use | verify: check | wash: clean | withdraw: take back"""
_WORDS = """additional: extra | annual: yearly | annually: every year | appliance: machine | approximately: about
at once: right away | beginning: start | child: kid | children: kids | correct: right | daily: every day
defective: broken | display: screen | duration: length | employee: staff member | entire: whole | error: fault
faulty: broken | fee: charge | fluid: liquid | free space: room | immediately: right away | initial: first
invoice: bill | journey: trip | lamp: light | location: place | malfunction: fault | manufacturer: maker
maximum: highest | medicine: drug | minimum: lowest | mobile phone: phone | monthly: every month
password: passcode | permissible: allowed | physician: doctor | prior to: before | reservoir: tank | rubbish: waste
telephone: phone | vehicle: car | warranty: guarantee | weekly: every week | wireless network: Wi-Fi network
wireless: Wi-Fi"""
_IRREGULAR = {"begin": ("began", "begun", "beginning"), "buy": ("bought", "bought", "buying"),
              "choose": ("chose", "chosen", "choosing"), "get": ("got", "got", "getting"),
              "keep": ("kept", "kept", "keeping"), "leave": ("left", "left", "leaving"),
              "run": ("ran", "run", "running"), "send": ("sent", "sent", "sending"),
              "show": ("showed", "shown", "showing"), "tell": ("told", "told", "telling"),
              "throw": ("threw", "thrown", "throwing"), "take": ("took", "taken", "taking"),
              "set": ("set", "set", "setting"), "withdraw": ("withdrew", "withdrawn", "withdrawing"),
              "forbid": ("forbade", "forbidden", "forbidding"), "permit": ("permitted", "permitted", "permitting"),
              "cancel": ("cancelled", "cancelled", "cancelling"), "top": ("topped", "topped", "topping"),
              "submit": ("submitted", "submitted", "submitting"),
              "transmit": ("transmitted", "transmitted", "transmitting")}  # fmt: skip


def _forms(verb: str) -> tuple[str, str, str, str, str]:
    """A verb's base, third person, past, participle and gerund; only its first word changes."""
    head, _, rest = verb.partition(" ")
    tail = f" {rest}" if rest else ""
    y = re.search(r"[^aeiou]y$", head)
    third = f"{head[:-1]}ies" if y else head + ("es" if re.search(r"(?:s|x|ch|sh)$", head) else "s")
    stem = head[:-1] if head.endswith("e") else head
    past = f"{head[:-1]}ied" if y else f"{stem}ed"
    forms = _IRREGULAR.get(head, (past, past, f"{stem}ing"))
    return head + tail, third + tail, forms[0] + tail, forms[1] + tail, forms[2] + tail


def _exchanges() -> dict[str, list[str]]:
    """Each form of each word with those that may stand in its place."""
    made: dict[str, list[str]] = {}
    for entry in re.split(r"\s*[|\n]\s*", f"{_WORDS}\n{_VERBS}"):
        word, others = entry.split(": ")
        verb = entry in re.split(r"\s*[|\n]\s*", _VERBS)
        for other in others.split(", "):
            pairs = zip(_forms(word), _forms(other), strict=True) if verb else \
                ((word, other), (f"{word}s", f"{other}s"))
            for mine, theirs in pairs:
                # "started" is past and participle alike, "began" is not: "when was it began" would come out.
                if verb and mine == _forms(word)[3] and theirs != _forms(other)[3]:
                    continue
                if theirs not in made.setdefault(mine, []):
                    made[mine].append(theirs)
    return made


_EXCHANGES = _exchanges()
_VERB_FORMS = {form for entry in re.split(r"\s*[|\n]\s*", _VERBS) for form in _forms(entry.split(": ")[0])[:2]}
"""Base and third person, which may be nouns as well: "the supply", "starts"."""
_TOLD = re.compile(r"\b(?:to|I|you|we|they|must|should|can|may|will|not) $")
_HELPED = re.compile(r"\b(?:do|does|did|must|should|can|may|will)\b")
_NO_COMPOUND = re.compile(
    r"(?:\W*$|[?.,;:]| (?:is|are|was|were|be|of|on|in|at|to|for|from|with|by|per|a|an|the|and|or|if|when|each|every"
    r"|that|must|may|can|should|will|has|have|had|behind|during|after|before|\w+s|\w+ed)\b)")
_ANY = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, _EXCHANGES), key=len, reverse=True))})\b")
_SHINES = re.compile(r"\bdoes (the [\w ]*?(?:lamp|light)) shine\b")


def reworded(questions: Iterable[str]) -> list[str]:
    """The questions that can be said in other words, the first other words of each before the second ones.

    "When must the lamp be replaced?" → "When must the light be changed?"
    """
    made: dict[str, None] = {}
    asked = list(questions)
    for turn in range(2):
        for question in asked:
            other = _said_again(question, turn)
            if other != question:
                made[re.sub(r"\b([Aa])n? (?=([a-z]))", _article, other)] = None
    return list(made)


def _said_again(question: str, turn: int) -> str:
    if turn == 0 and _SHINES.search(question):
        return _SHINES.sub(r"is \1 on", question)

    def exchange(match: re.Match[str]) -> str:
        before, after = question[:match.start()], question[match.end():]
        if match[0] in _VERB_FORMS:
            fits = _TOLD.search(before) is not None
        else:
            fits = _NO_COMPOUND.match(after) is not None or _HELPED.search(before) is not None
        others = _EXCHANGES[match[0]]
        return others[min(turn, len(others) - 1)] if fits else match[0]

    return _ANY.sub(exchange, question)


def _article(match: re.Match[str]) -> str:
    return f"{match[1]}{'n' if match[2] in 'aeio' else ''} "
