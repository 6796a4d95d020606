"""Sentences of a paragraph, their subjects, and pronouns put back into names. English and Chinese."""

from __future__ import annotations

import re

from core.qa.rules.parts import Span

ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|Prof|St|No|Nr|vs|etc|approx|e\.g|i\.e|Inc|Ltd|Co|Fig|Sec|p|pp|ca|max|min"
    r"|Ave|Rd|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)|^[A-Z])\.$"
)
END_EN = re.compile(r"[.!?]+[\"'”’)\]*_`]*(?=\s+[\"'“‘(\[*_`]*[A-Z0-9`\"“])")
END_ZH = re.compile(r"[。！？!?；;]+[”’」』）]*")
VERBS = set(
    """is are was were has have had can could must may might should shall will would does do did needs need takes
take lasts last costs cost weighs weigh holds hold runs run uses use means mean requires require opens open
closes close starts start begins begin ends end leaves leave arrives arrive lies lie stands stand sits
contains contain includes include consists comes come goes go gets get gives give provides provide offers
offer connects connect carries carry owns own listens listen talks talk stays stay wears wear receives receive
pays pay lives live works work leads lead manages manage handles handle answers answer serves serve sells sell
covers cover supports support allows allow shows show differs draws draw measures measure produces produce
burns burn expires expire belongs belong helps help keeps keep stores store sends send reaches reach reads
read writes write accepts accept applies apply depends makes make turns turn lets let says say meets meet
grows grow moves move changes change returns return reports report charges charge departs depart operates
operate sounds sound lights blinks flashes indicates indicate signals occurs occur happens appears appear
equals delivers deliver follows follow rises falls drops drop beeps beep delays enters joins waits wait rests
rest sleeps sleep spends spend saves save speaks speak adds add counts count ships ship arrives asks ask
became become becomes founded built wrote invented won lost took began came got made sold opened closed moved
survive survives""".split()
)
NOT_SUBJECT = re.compile(
    r"^(if|when|while|after|before|in|on|at|for|to|by|with|from|during|once|until|because|since|as"
    r"|under|between|without|only|never|always|please|there|then|also|however|not|do|every)\b",
    re.IGNORECASE,
)
BEFORE_NOUN = {"the", "a", "an", "to", "of", "and", "every", "each", "who", "that", "which", "for", "in", "on", "by"}
FOLLOWS_VERB = re.compile(r"(?:the|a|an|to|up|at|in|on|for|from|into|with|by|its|their|every|all|no|only|\d.*)$")
OBJECT_START = re.compile(r"(?:the|a|an|its|their|every|all|no)$")
AUXILIARY = {"is", "are", "was", "were", "has", "have", "can", "must", "may", "should", "will", "requests"}
EARLY = re.compile(r"^(?:Today|Currently|Now|Originally|Here|By default,?|Then) (?=it\b|they\b)")
OBJECT = re.compile(r"\b(?:it|them)\b(?= (?:for|with|to|in|at|on|by|before|after|when|every|once|from)\b|\.?$)")
PRONOUN = re.compile(
    r"^(It|They|He|She|This|These|Both)\b(?! (?:is|are|was) (?:possible|necessary|important|recommended"
    r"|forbidden|allowed|not allowed|best|advisable|also possible)\b)"
)
POSSESSIVE = re.compile(r"^(Its|Their|His|Her)\b")
PRONOUN_ZH = re.compile(r"^(?:它们?|他们?|她们?|该(?:产品|设备|机器|装置|公司|项目|型号|系统)|本(?:产品|设备|机))")
SUBJECT_ZH = re.compile(
    r"^(.{2,16}?)(?=是|为|把|将|被|使|有|应|必须|需|可以|可|不得|不能|位于|在|由|每|约|共|能|会|采用|支持|使用|分为|包括|印|叫|放|装|存|保存|设|负责|的|[重高长宽深厚]约?\s?\d)"
)


def split_sentences(span: Span, language: str) -> list[Span]:
    """Sentences of a span, in order, each a verbatim slice without outer white space."""
    ends = []
    for match in (END_ZH if language == "zh" else END_EN).finditer(span.text):
        if language == "zh" or not ABBREVIATION.search(span.text[max(0, match.start() - 12) : match.start() + 1]):
            ends.append(match.end())
    made, at = [], 0
    for end in [*ends, len(span.text)]:
        piece = span.text[at:end]
        lead = len(piece) - len(piece.lstrip())
        body = piece.strip()
        if body:
            made.append(Span(body, span.start + at + lead, span.start + at + lead + len(body)))
        at = end
    return made


def split_at_verb(sentence: str) -> tuple[str, str, str] | None:
    """(subject, verb, rest) of a plain English statement; None when the sentence does not begin with a subject."""
    words = sentence.rstrip(".!").split(" ")
    if NOT_SUBJECT.match(sentence):
        return None
    for at in range(1, min(len(words), 12)):
        word = words[at].strip(",").lower()
        following = words[at + 1].lower() if at + 1 < len(words) else ""
        noun = words[at - 1].lower() in BEFORE_NOUN and not (at > 1 and words[at - 1] == "A")
        if word in VERBS and not noun and following not in AUXILIARY:
            return " ".join(words[:at]), word, " ".join(words[at + 1 :])
    sure = re.match(r"(?:The|A|An|Each|Every|This|Our|Your|All) |[A-Z]\S* [A-Z]", sentence)
    for at in range(1, min(len(words) - 1, 8)):
        third = re.fullmatch(r"[a-z]+[^su\W]s", words[at]) and not words[at - 1].endswith("s")
        if (
            third
            and (FOLLOWS_VERB if sure else OBJECT_START).match(words[at + 1])
            and words[at - 1].lower() not in BEFORE_NOUN
        ):
            return " ".join(words[:at]), words[at], " ".join(words[at + 1 :])
    return None


RELATION_ZH = re.compile(r"(?:根据|按照|依据|基于|通过|由于|为了|随着|经过|除了|对于|关于|针对|与其|相比)")
"""Words that begin a circumstance; what follows them is not what the sentence is about."""


def subject_of(sentence: str, language: str) -> str:
    """What a sentence is about, or "" when rules cannot tell."""
    if language == "zh":
        match = SUBJECT_ZH.match(sentence)
        subject = match[1].strip("，,：: “”") if match and "，" not in match[1] else ""
        return "" if RELATION_ZH.match(subject) else subject
    parts = split_at_verb(sentence)
    if not parts or len(parts[0].split()) > 8 or parts[0].split()[0].lower() in ("you", "we", "i", "this", "it"):
        return ""
    return parts[0].rstrip(" -–—:")


def resolve(sentence: str, previous: str, language: str) -> str:
    """The sentence with a leading pronoun replaced by the previous subject, when there is one."""
    if not previous:
        return sentence
    if language == "zh":
        return PRONOUN_ZH.sub(previous, sentence, count=1)
    early = EARLY.match(sentence)
    if early:
        sentence = _capital(sentence[early.end() :])
    if re.match(r"(?:You|Please|We|Do not|Never|Always|Keep|Use|Bring|Send|Return)\b", sentence):
        return OBJECT.sub(_lower(previous), sentence, count=1)
    moment = re.match(r"^((?:At|By|During|In|On) (?:the )?[a-z]+(?: of the [a-z]+)?,?) (?:it|they) ", sentence)
    if moment:
        return f"{moment[1]} {_lower(previous)} {sentence[moment.end() :]}"
    match = PRONOUN.match(sentence)
    if match:
        tail = sentence[match.end() :]
        verb = re.match(r" (\w+)", tail)
        if match[1] not in ("This", "These", "Both") or (verb and verb[1] in VERBS):
            return _capital(previous) + tail
    match = POSSESSIVE.match(sentence)
    if match:
        return (
            f"{_capital(previous)}{'’' if previous.endswith('s') else '’s'}".replace("’", "'") + sentence[match.end() :]
        )
    return sentence


def dangling(text: str, language: str) -> bool:
    """Whether a statement or question leans on words that are not there."""
    if language == "zh":
        return bool(re.match(r"(它|他|她|这|那|其|该|上述|此)", text))
    return bool(re.match(r"(it|they|he|she|this|these|those|both|its|their|such)\b", text, re.IGNORECASE))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if re.match(r"(?:The|A|An|All|Each|Every)\b", text) else text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
