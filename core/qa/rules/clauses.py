"""Clauses of an English sentence: imperatives told from statements, and compounds cut where that is safe."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.qa.rules.sentences import FOLLOWS_VERB, VERBS, split_at_verb

IMPERATIVES = set(
    """add adjust allow apply attach avoid boil bring brush call carry change charge check choose clean click close
collect complete connect contact cook copy create cut delete dilute disconnect dissolve do download drain drop dry
eat empty enter fasten feed fill fit flush fold follow give heat hold insert install join keep let lift load lock
lower make measure mix meet mount move open pay place plug pour prepare press pull push put raise read rebuild refill
remove repeat replace report reset restart restore return rinse rotate run save scan select send set shake shut
sign slide soak spray start stir stop store supply switch tap throw tie tighten try turn twist type unplug unscrew
update upload use wait warm wash water wear weigh wipe write""".split()
)
NOUNS_TOO = set(
    """leave fuse water charge change check report set use start stop switch call load lock cut copy return run
drop fit press scan store tap tie turn type update wash watch book order file test cover brush charge ship clean dry
empty supply lift reset restart plug feed heat mix""".split()
)
AFTER_IMPERATIVE = re.compile(
    r"(?:the|a|an|your|all|each|both|any|it|them|up|out|off|on|at|for|until|to|with|in|only|no|every|about|after|before|one|two"
    r"|three|four|five|six|at least|\d.*)$",
    re.IGNORECASE,
)
SEPARATOR = re.compile(r"; |, (?:and then |and |but |then |so please )?| and (?:then )?")
SUBORDINATE = re.compile(r"\b(?:that|which|who|whose|because|if|when|until|unless|while|as soon as|so)\b")
LEANS = re.compile(r"\b(?:it|its|they|them|their|this|these|those)\b", re.IGNORECASE)
DETERMINER = re.compile(r"(?:the|a|an|each|every|all|no|up to|\d\S*|one|two|three|(?-i:[A-Z]\w*)) ", re.IGNORECASE)
MOMENT = re.compile(r"^((?:At|By|During|In|On) (?:the )?[a-z]+(?: of the [a-z]+)?),? (?=(?:the|a|an|all) )")


@dataclass(frozen=True)
class Clause:
    """A clause: `text` stands at `start` of the sentence; `lead` are the words that it shares with the one before."""

    text: str
    start: int
    lead: str = ""

    @property
    def statement(self) -> str:
        """The clause as a sentence of its own."""
        whole = f"{self.lead} {self.text}" if self.lead else self.text
        return whole[:1].upper() + whole[1:].rstrip(" .") + "."


def imperative(text: str) -> tuple[str, str] | None:
    """(verb, the rest) of a sentence that tells to do something; None for all others."""
    match = re.match(r"(?:(?:Please|Always|Then|Now|please|always|then) )?([A-Za-z]+) (.+)$", text.rstrip(" ."))
    if not match:
        return ("Wait", "") if text.strip(" .") == "Wait" else None
    verb, rest = match[1].lower(), match[2]
    if verb in NOUNS_TOO:
        return (verb, rest) if AFTER_IMPERATIVE.match(rest.split(" ")[0]) else None
    if re.match(r"[\w-]+ (?:is|are|was|were|must|can|may|has|have|will|should|do|take|cost)\b", rest):
        return None
    return (verb, rest) if verb in IMPERATIVES else None


def base_of_gerund(word: str) -> str:
    """ "Removing" → "remove"; "" when the verb is not known."""
    if not word.lower().endswith("ing"):
        return ""
    stem = word.lower()[:-3]
    for form in (stem, f"{stem}e", stem[:-1] if stem[-2:-1] == stem[-1:] else stem):
        if form in IMPERATIVES or form in NOUNS_TOO or form in VERBS:
            return form
    return ""


def clauses(sentence: str) -> list[Clause]:
    """The sentence's clauses in order; one when no cut is safe."""
    made: list[Clause] = []
    start = 0
    lead = ""
    for match in SEPARATOR.finditer(sentence):
        if match.start() < start:
            continue
        left, right = sentence[start : match.start()], sentence[match.end() :]
        first = made[0].statement if made else sentence[: match.start()]
        joined = _joins(left if not lead else f"{lead} {left}", first, match[0], right)
        if joined is None:
            continue
        made.append(Clause(left, start, lead))
        start, lead = match.end(), joined
    made.append(Clause(sentence[start:].rstrip("."), start, lead))
    return made


def _joins(left: str, first: str, separator: str, right: str) -> str | None:
    """What the right clause takes over from the left one ("" for nothing); None when it is no clause of its own."""
    ordered = imperative(left) or imperative(first)
    if ordered:
        return "" if imperative(right) and not re.search(r"\b(?:If|When)\b", left) else None
    if "please" in separator:
        return "" if imperative(right) else None
    moment = MOMENT.match(left)
    parts = split_at_verb(left[moment.end() :] if moment else left)
    if not parts and separator == "; " and len(left.split()) > 3:
        parts = (left, "", "")
    if not parts or separator == " and " and SUBORDINATE.search(parts[2]):
        return None
    if DETERMINER.match(right) and "," in separator + ("," if ";" in separator else ""):
        own = split_at_verb(right[:1].upper() + right[1:])
        if own and len(own[0].split()) < 6 and own[2] and not SUBORDINATE.search(own[0]):
            return moment[1] if moment else ""
    words = right.rstrip(".").split(" ")
    third = re.fullmatch(r"(?:is|has|does|[a-z]+[^su\W]s|[a-z]+(?:sh|ch|ss|x)es)", words[0])
    known = third and (words[0] in VERBS or len(words) > 1 and FOLLOWS_VERB.match(words[1]))
    single = re.search(r"s$", parts[1])
    if known and single and len(words) > 2 and FOLLOWS_VERB.match(words[1]):
        return (f"{moment[1]} " if moment else "") + parts[0]
    return None


def separable(parts: list[Clause]) -> bool:
    """Whether each clause may stand as a statement: none orders to do something, none leans on another."""
    return len(parts) > 1 and not any(
        imperative(p.statement)
        or (n and LEANS.search(re.sub(r"\bthat (?:it|they)\b", "", p.text)))
        or len(p.text.split()) < 3
        for n, p in enumerate(parts)
    )
