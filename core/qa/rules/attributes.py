"""Attributes: a property and its value, from two-column tables and lines like "Height 142 cm"."""

from __future__ import annotations

import re

from core.qa.rules.clauses import imperative
from core.qa.rules.parts import Span
from core.qa.types import Fact

VALUE_HEADS = re.compile(
    r"^(?:values?|specifications?|specs?|data|details?|amounts?|quantit(?:y|ies)|figures?|descriptions?"
    r"|数值|值|规格|参数|数据|内容|指标|说明|详情|参数值|规格值)$",
    re.IGNORECASE,
)
NAME_HEADS = re.compile(
    r"^(?:|name|item|propert(?:y|ies)|parameters?|attributes?|features?|characteristics?|specifications?|specs?"
    r"|technical data|type|field|topic|名称|项目|属性|参数|指标|特性|规格|技术参数|参数名称?)$",
    re.IGNORECASE,
)
CONDITION = re.compile(r"^(.+?) ((?:when|at|by|with|without|in|during|per|on|while|under) .+)$")
LINE = re.compile(
    r"^(?P<name>[A-Z][a-z]+(?: [a-z][\w-]*){0,4}) (?P<value>[-−]?\d[\d.,]*"
    r"(?: ?(?:to|–|-|×|x) ?\d[\d.,]*)? ?(?:°C|°F|%|[^\W\d_]+"
    r"[²³]?)(?:,.{1,40})?)$"
)
NOT_NAME = re.compile(
    r"\b(?:is|are|was|were|must|may|can|should|will|has|have|every|at|for|in|of|to|than|within|after|by|from|about|the)\b"
)
LINE_ZH = re.compile(
    r"^(?P<name>[\u4e00-\u9fff]{2,8}) "
    r"(?P<value>[-−]?\d[\d.,]*\s?(?:[\u4e00-\u9fff]{1,3}|[a-zA-Z%°]{1,4})(?:，.{1,20})?)$"
)
ASK_EN = [
    (r"height\b", "How tall is {of}?", "How high is {of}?"),
    (r"width\b", "How wide is {of}?", ""),
    (r"depth\b", "How deep is {of}?", ""),
    (r"length\b", "How long is {of}?", ""),
    (r"thickness\b", "How thick is {of}?", ""),
    (r"diameter\b", "How large is {name} of {of}?", ""),
    (r"(?:^|empty |total |net |own )(?:weight|mass)\b", "How heavy is {of}?", "How much does {of} weigh?"),
    (r"(?:price|cost)\b", "How much does {of} cost?", "How much do I pay for {of}?"),
    (r"(?:loudness|noise|sound)\b", "How loud is {of}{when}?", "How noisy is {of}{when}?"),
    (r"speed\b", "How fast is {of}{when}?", ""),
    (r"^age\b", "How old is {of}?", ""),
]
ASK_ZH = [
    ("高度?$", "{of}有多高？"),
    ("宽度?$", "{of}有多宽？"),
    ("深度$", "{of}有多深？"),
    ("长度$", "{of}有多长？"),
    ("厚度$", "{of}有多厚？"),
    ("重量?$|质量$", "{of}有多重？"),
    ("价格?$|售价$", "{of}多少钱？"),
    ("噪[声音]$", "{of}的{name}有多大？"),
    ("寿命$|时间$|时长$|期限?$|周期$", "{name}有多长？"),
]


def is_attribute_table(head: list[str]) -> bool:
    """Whether a table lists properties and their values under heads that say no more than that."""
    return len(head) == 2 and bool(NAME_HEADS.match(head[0])) and bool(VALUE_HEADS.match(head[1]))


def line_parts(text: str, language: str) -> tuple[str, str] | None:
    """(property, value) of a line without a verb, as a cut table leaves it behind."""
    if text.endswith((".", "。")):
        return None
    match = (LINE_ZH if language == "zh" else LINE).match(text)
    if not match or language == "en" and imperative(text) and not re.search(r",", match["value"]):
        return None
    if language == "en" and NOT_NAME.search(match["name"]):
        return None
    return match["name"], match["value"]


def attribute_fact(span: Span, name: str, value: str, owner: str, language: str) -> Fact:
    """ "The height of the Quillmere H4 is 142 cm." The kind carries the property's name, the subject its owner."""
    bare = value.rstrip(".。")
    if language == "zh":
        statement = f"{owner}的{name}是{bare}。" if owner else f"{name}是{bare}。"
    else:
        head, when = _split(_lower(name))
        verb = "are" if re.search(r"[^s]s$", head.split()[-1]) else "is"
        statement = f"The {head}{f' of {owner}' if owner else ''}{f' {when}' if when else ''} {verb} {bare}."
    return Fact(statement, span.text, bare, owner or name, span.start, span.end, f"attribute:{name}")


def _split(name: str) -> tuple[str, str]:
    match = CONDITION.match(name)
    return (match[1], match[2]) if match else (name, "")


def _lower(name: str) -> str:
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def attribute_questions(fact: Fact, language: str) -> list[str]:
    """Questions for the value of an attribute, by the words of its name and the unit of its value."""
    name = fact.kind.split(":", 1)[1]
    owner = "" if fact.subject == name else fact.subject
    return _ask_zh(name, owner, fact.answer) if language == "zh" else _ask_en(name, owner, fact.answer)


def _ask_en(full: str, owner: str, value: str) -> list[str]:
    name, condition = _split(_lower(full))
    when = f" {condition}" if condition else ""
    whole = f"the {name}{f' of {owner}' if owner else ''}{when}"
    verb = "are" if re.search(r"[^s]s$", name.split()[-1]) else "is"
    made = [f"What {verb} {whole}?"]
    for pattern, *forms in ASK_EN:
        if owner and re.search(pattern, name):
            made += [form.format(of=owner, name=f"the {name}", when=when) for form in forms if form]
    if re.search(r"life|time|duration|period|warranty|interval", name):
        made.append(f"How long {verb} the {name}{when}?")
    elif re.search(r"hours?|days?|months?|years?|minutes?", value):
        made.append(f"How long {verb} the {name}{when}?")
    elif re.search(r"temperature", name):
        made.append(f"How hot or cold {verb} {whole}?")
    elif len(made) == 1 and owner:
        made.append(f"Which {name} does {owner} have{when}?")
    elif len(made) == 1 and re.match(r"\d", value):
        made.append(f"How much {verb} the {name}{when}?")
    made.append(f"Can you tell me the {name}{when}?")
    made.append(f"I need to know {whole}.")
    short = re.sub(r"^the ", "", owner)
    made.append(f"{short + ' ' if short else ''}{name}{when}?")
    made.append(f"What {name} {'does ' + owner + ' have' if owner else 'applies'}{when}?")
    return made


def _ask_zh(name: str, owner: str, value: str) -> list[str]:
    of = f"{owner}的" if owner else ""
    ask = "多少" if re.search(r"\d", value) else "什么"
    made = [f"{of}{name}是{ask}？"]
    for pattern, form in ASK_ZH:
        if re.search(pattern, name) and (owner or "{of}" not in form):
            made.append(form.format(of=owner, name=name))
    unit = re.search(r"^[\d.,\s至到~–-]+([\u4e00-\u9fff]{1,3})", value)
    if unit:
        made.append(f"{name}是多少{unit[1]}？")
    made += [f"请告诉我{of}{name}。", f"我想知道{name}，能说一下吗？", f"{name}{ask}？", f"{of}{name}参数是{ask}？"]
    return list(dict.fromkeys(made))
