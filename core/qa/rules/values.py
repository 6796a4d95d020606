"""Values inside a sentence that somebody may ask for: numbers with units, times, money, names, codes, places."""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBER = r"(?<![\w.,-])[-−]?\d[\d,.]*\d|(?<![\w.,-])[-−]?\d"
WORD_NUMBER = r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b"
UNIT = (
    r"(?: ?(?:°C|°F|%|‰|[kMG]?Hz|[kMGT]i?B|[kMGT]bit/s|[mkµ]?[gmlLsVAW]|[cmk]m[²³]?|k?W|k?Wh|mAh|min|hrs?|bar|dB|rpm|px"
    r"|"
    r"(?!(?:or|and|to|in|at|for|from|the|of|is|are|on|by|with|per|as|when|if|who|that|only|may|can|must|will|has|was)\b)"
    r"[a-z²³]+(?: (?:days|hours|minutes|rooms|people|[a-z]+ers|[a-z]+ions|years|weeks|months)\b)?)(?:/[a-z]+)?(?!\w))"
)
PATTERNS = [
    ("code", r"`[^`\n]+`|[\"“][^\"”\n]{1,50}[\"”]"),
    ("code", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|https?://[^\s)]*[\w/]|(?<!\w)(?:/[\w.-]+){2,}|(?<!\w)--[a-z][\w-]+"),
    (
        "time",
        r"(?<![\d:])\d{1,2}:\d{2}(?: ?[ap]\.?m\b\.?)?"
        r"(?: ?(?:to|and|until|–|-) ?\d{1,2}:\d{2}(?: ?[ap]\.?m\b\.?)?)?(?!\d)"
        r"|\b\d{1,2}(?:\.\d{2})? ?(?:am|pm|a\.m\.|p\.m\.)(?!\w)",
    ),
    (
        "money",
        rf"[$€£¥] ?\d[\d,.]*\d?|(?:{NUMBER}) (?:euros?|dollars?|pounds?|francs?|cents?|crowns?|yuan|rupees|EUR|USD"
        r"|GBP|CHF)\b",
    ),
    (
        "often",
        r"\b(?:every (?:\d+ [a-z]+(?: of [a-z]+)?|(?:other |second |third )?(?:day|week|month|year|hour|minute"
        r"|night|morning|evening|quarter|spring|autumn|winter|summer|[A-Z][a-z]+))\b|once an? [a-z]+"
        r"|twice an? [a-z]+"
        r"|\w+ times (?:a|per) [a-z]+)",
    ),
    (
        "date",
        r"\b(?:\d{1,2}(?:st|nd|rd|th)? )?(?:January|February|March|April|May|June|July|August|September|October"
        r"|November|December)\b(?: \d{1,2}(?:st|nd|rd|th)?(?!\d))?(?:,? \d{4})?|\bin (?:1[89]|20)\d\d\b",
    ),
    ("date", r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b(?: (?:to|and|until) [A-Z][a-z]+days?\b)?"),
    (
        "code",
        r"\b(?:[Rr]oom|[Ll]ane|[Pp]ier|[Dd]eck|[Gg]ate|[Cc]ounter|[Hh]atch|[Ff]loor|[Ll]evel|[Pp]ort|[Ee]xtension|[Ff]orm"
        r"|[Vv]ersion|[Bb]uilding|[Hh]all|[Ss]tation|[Dd]oor|[Ww]indow|[Pp]latform|[Tt]erminal|[Ss]lot|[Ll]ocker|[Bb]ay)"
        r" (?:[A-Z]?\d[\d.]*(?<!\.)|[A-Z]\b)",
    ),
    ("code", r"\b[a-z]+-\d+\b"),
    ("code", r"\b(?:[A-Z]{1,5}-?\d{1,6}[A-Z]?|\d{2,5}[ -]\d{2,4}[ -]\d{2,6}(?:[ -]\d+)*)\b(?!-\w)"),
    (
        "number",
        rf"(?<=between )(?:pH )?(?:{NUMBER}){UNIT}? and (?:pH )?(?:{NUMBER}){UNIT}?"
        rf"|(?<=from )(?:{NUMBER}){UNIT}? to (?:{NUMBER}){UNIT}",
    ),
    ("number", rf"(?:{NUMBER}) (?:to|and|–|-) (?:{NUMBER}){UNIT}?|(?:{NUMBER})(?: ?[×x] ?\d[\d.]*)*{UNIT}?"),
    ("number", r"\b(?:twice|once|half)\b"),
    ("number", rf"{WORD_NUMBER}(?: [a-z]+ [a-z]+s\b| [a-z]+)?"),
    ("name", r"\b(?:(?:Dr|Mr|Mrs|Ms|Prof|Captain)\.? )?[A-Z][\w’'-]*(?:(?: of the| of|-| &| de| van)? [A-Z][\w’'-]*)*"),
    (
        "place",
        r"\b(?:in|on|at|behind|beside|inside|under|below|above|opposite|next to|near|from|via|through|by|with)"
        r" (?:the|a|an) (?!morning|evening|afternoon|night|day\b|week|month|year)[a-z][\w’'-]*"
        r"(?: (?!and\b|or\b|so\b|that\b|which\b|while\b|because\b|before\b|after\b"
        r"|has\b|is\b|are\b|for\b|to\b|at\b|when\b|if\b|until\b|by\b)[\w’'-]+){0,5}",
    ),
]
COMPILED = [(kind, re.compile(pattern)) for kind, pattern in PATTERNS]
MEANS = re.compile(r"\b(?:means that|mean that|means|indicates that|indicates|stands for) (.+?)[.]?$")
TIME_UNIT = re.compile(r"\b(?:seconds?|s|ms|minutes?|min|hours?|hrs?|days?|weeks?|months?|years?|working days?)\b")
TITLE = re.compile(r"(?:Dr|Mr|Mrs|Ms|Prof|Captain|Nurse|Professor|Sister|Chef)\b")
ACTS = re.compile(
    r" (?:leads|manages|handles|answers|is responsible|is in charge|owns|founded|heads|approves|looks after"
    r"|takes care|supervises|decides|coordinates|runs the|maintains|teaches|trains)\b"
)
FILLER = {
    "The",
    "This",
    "These",
    "A",
    "An",
    "It",
    "If",
    "In",
    "On",
    "At",
    "For",
    "To",
    "All",
    "Each",
    "Every",
    "When",
    "After",
    "Before",
    "Please",
    "Only",
    "Never",
    "Always",
    "Do",
    "Use",
    "No",
    "By",
    "From",
    "With",
    "Both",
    "Any",
}
UNIT_ZH = (
    r"(?:分钟|小时|工作日|个工作日|秒钟?|毫秒|天|周|个月|月|年|日|点|元|美元|欧元|角|公斤|千克|克|吨|毫升|升|毫米|厘米|公里|千米|米"
    r"|平方米|瓦|千瓦|伏|安|兆|次|个|人|名|位|台|间|层|号楼?|楼|页|份|张|条|件|册|本|岁|度|倍|℃|°C|%|％|[kKMGT]?B|[kM]?W|V|A|mAh|mm|cm|kg|g|m|L|ml)"
)
ZH_PATTERNS = [
    (
        "number",
        r"(?:pH )?[-−]?\d[\d.,]*\s?(?:°C|℃|%|[a-zA-Z]{1,3}|[\u4e00-\u9fff]{1,2})?\s?(?:到|至|~|～)"
        r"\s?(?:pH )?[-−]?\d[\d.,]*\s?"
        r"(?:°C|℃|%|[a-zA-Z]{1,3})(?=[ 之，。]|$)|pH [\d.]+ ?[到至] ?pH [\d.]+",
    ),
    ("code", r"`[^`\n]+`|[「『“][^」』”\n]{1,30}[」』”]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|https?://[^\s，。）]+"),
    (
        "code",
        r"(?<![\dA-Za-z-])\d{3,4}[- ]\d{3,4}(?:[- ]\d{3,4})?(?!\d)"
        r"|(?<![A-Za-z0-9])[A-Za-z]{1,6}-?\d{1,6}(?:-[A-Za-z0-9]+)*(?![A-Za-z0-9])",
    ),
    (
        "time",
        r"\d{1,2}[:：]\d{2}(?:\s?[至到~—–-]\s?\d{1,2}[:：]\d{2})?|(?:上午|下午|晚上|中午|凌晨|早上)\s?\d{1,2}\s?[点时](?:半|\d+分)?",
    ),
    (
        "date",
        r"(?:\d{4}\s?年)?\s?\d{1,2}\s?月(?:\s?\d{1,2}\s?[日号])?|\d{4}\s?年|(?:每)?(?:周|星期)[一二三四五六日天](?:[至到](?:周|星期)?[一二三四五六日天])?",
    ),
    (
        "number",
        rf"(?<![A-Za-z\d-])(?:[-−]?\d[\d,.]*\s?[至到~～—–-]\s?)?[-−]?\d[\d,.]*\s?{UNIT_ZH}?|(?!一次|一个|一起|一份)[一二两三四五六七八九十百]+(?:个?{UNIT_ZH})",
    ),
]
COMPILED_ZH = [(kind, re.compile(pattern)) for kind, pattern in ZH_PATTERNS]


@dataclass(frozen=True)
class Value:
    """A value and where it stands in its sentence; `kind` chooses the question word."""

    text: str
    kind: str
    start: int
    end: int


def find_values(
    sentence: str, language: str = "en", skip: str = "", limit: int = 4, marked: tuple[str, ...] = ()
) -> list[Value]:
    """Values in reading order, without overlaps. Those in the first `len(skip)` characters count if nothing else does.

    `marked` are words that the document itself sets apart, as code or in bold.
    """
    taken = [Value(m, "code", sentence.index(m), sentence.index(m) + len(m)) for m in marked if m in sentence]
    for kind, pattern in COMPILED_ZH if language == "zh" else COMPILED:
        for match in pattern.finditer(sentence):
            value = Value(match[0].strip(" .,，"), kind, match.start(), match.end())
            if (
                value.text
                and _worth(value, sentence)
                and not any(value.start < t.end and t.start < value.end for t in taken)
            ):
                taken.append(value)
    means = MEANS.search(sentence) if language == "en" else None
    if means:
        taken = [t for t in taken if t.end <= means.start()]
        taken.append(Value(means[1], "meaning", means.start(1), means.end(1)))
    late = [v for v in taken if v.start >= len(skip) or v.start == 0 and _person(v, sentence)]
    early = [v for v in taken if v.kind in ("number", "code", "time", "money")]
    return sorted(late or early, key=lambda v: v.start)[:limit]


def _person(value: Value, sentence: str) -> bool:
    """Whether a sentence begins with somebody who does something."""
    rest = sentence[value.end :]
    return value.kind == "name" and bool(TITLE.match(value.text) or (" " in value.text and ACTS.match(rest)))


def _worth(value: Value, sentence: str) -> bool:
    if re.match(r"一(?!百|千)", value.text):
        return False
    if value.kind == "name":
        words = value.text.split()
        if words[0] in FILLER or (value.start == 0 and len(words) == 1):
            return False
    if value.kind == "number" and value.text.lower() in ("once", "half", "one"):
        return False
    return len(value.text) < len(sentence.rstrip(" .。"))
