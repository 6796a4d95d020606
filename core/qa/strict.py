"""Further gates for the pairs of a chat model, which may word freely and so may err in ways that rules cannot.

Every number, date, unit and name of the answer occurs in the evidence or the question; the question says what it is
about; the answer is one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from core.qa.numbers import digits_of, numbers_of

_UNITS = {
    "kg": "kg kilogram kilograms kilo kilos 千克 公斤", "g": "g gram grams 克", "mg": "mg milligram milligrams 毫克",
    "t": "t ton tons tonne tonnes 吨", "km": "km kilometre kilometres kilometer kilometers 千米 公里",
    "m": "m metre metres meter meters 米", "cm": "cm centimetre centimetres centimeter centimeters 厘米",
    "mm": "mm millimetre millimetres millimeter millimeters 毫米", "l": "l litre litres liter liters 升",
    "ml": "ml millilitre millilitres milliliter milliliters 毫升", "bar": "bar 巴", "pa": "pa 帕", "kpa": "kpa 千帕",
    "mpa": "mpa 兆帕", "°c": "°c ℃ 摄氏度", "°f": "°f ℉", "%": "% percent 个百分点", "w": "w watt watts 瓦",
    "kw": "kw kilowatt kilowatts 千瓦", "kwh": "kwh 千瓦时 度电", "v": "v volt volts 伏 伏特", "a": "ampere amperes 安",
    "hz": "hz hertz 赫兹", "nm": "nm 牛米", "h": "h hour hours 小时", "min": "min minute minutes 分钟",
    "s": "s second seconds 秒", "d": "day days 天", "week": "week weeks 周 星期", "month": "month months 个月",
    "year": "year years 年", "eur": "eur euro euros € 欧元", "usd": "usd dollar dollars $ 美元",
    "cny": "yuan rmb cny 元", "times": "times 次", "people": "people persons 人", "rpm": "rpm", "mb": "mb", "gb": "gb",
}  # fmt: skip
_UNIT = {word: unit for unit, words in _UNITS.items() for word in words.split()}
_MEASURED = re.compile(
    r"(\d[\d,]*(?:\.\d+)?)\s*(?:-\s*)?(" + "|".join(re.escape(w) for w in sorted(_UNIT, key=len, reverse=True))
    + r")(?![a-z0-9])", re.IGNORECASE,
)  # fmt: skip
_HAN = "零〇一二两三四五六七八九十百千万"
_HAN_MEASURED = re.compile(
    rf"(?<![\d{_HAN}])[{_HAN}]+?(?={'|'.join(sorted((w for w in _UNIT if not w.isascii()), key=len, reverse=True))})"
)
"""A number in Han signs before a unit; the shortest, since the sign for thousand begins "kilogram", too."""
_MONTHS = {name: n for n, names in enumerate(
    ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
     "september sep sept", "october oct", "november nov", "december dec"), 1) for name in names.split()}  # fmt: skip
_NAMED_MONTH = "|".join(_MONTHS)
_DATES = (
    (re.compile(r"\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\b"), ("year", "month", "day")),
    (re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月(?:\s*(\d{1,2})\s*[日号])?"), ("year", "month", "day")),
    (re.compile(r"(?<!\d)(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]"), ("month", "day")),
    (re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_NAMED_MONTH})\b\.?,?(?: (\d{{4}}))?", re.IGNORECASE),
     ("day", "month", "year")),
    (re.compile(rf"\b({_NAMED_MONTH})\b\.? (\d{{1,2}})(?:st|nd|rd|th)?\b,?(?: (\d{{4}}))?", re.IGNORECASE),
     ("month", "day", "year")),
    (re.compile(rf"\b({_NAMED_MONTH})\b\.? (\d{{4}})\b", re.IGNORECASE), ("month", "year")),
)  # fmt: skip
_DAY = re.compile(r"(?:星期|周|礼拜)([一二三四五六日天])")
_CODE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9-]*\d[A-Za-z0-9-]*")
_CARDINALS = frozenset(
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred".split()
)
_ASKING = frozenset("does much many ofte long when abou tell 什么 多少 怎么 为什 如何 是否 多久".split())
"""Words with which anything is asked, as `terms_of` gives them."""
_LOOSE = {"1", "2"}
"""Numbers that words like "a", "both" and "first" stand for in any text: no claim when they are spelled out."""
_NO_ANSWER = re.compile(
    r"\b(?:not (?:mentioned|stated|specified|provided|given|available|clear|known)|"
    r"(?:cannot|can't|can not) be determined|"
    r"I (?:do not|don't|cannot|can't)\b|as an AI|no information|unknown)|"
    r"(?:没有|未|并未|无法)(?:提到|提及|说明|给出|确定|明确|得知|提供)|作为(?:一个)?(?:AI|人工智能)|不清楚|不知道|无法回答",
    re.IGNORECASE,
)


def wrong_numbers(answer: str, question: str, evidence: str, around: str) -> str:
    """Numbers of the answer that neither evidence nor question states, in digits or words; and numbers of the question
    that do not stand in the text around, which a question would smuggle in."""
    known = numbers_of(f"{evidence}\n{question}")
    answer = _plain(answer)
    invented = (digits_of(answer) - known) | (_spelled(answer) - known)
    return ", ".join(sorted(invented | (digits_of(_plain(question)) - numbers_of(f"{evidence}\n{around}"))))


def wrong_units(answer: str, question: str, evidence: str) -> str:
    """Measures of the answer whose number stands in the evidence or question with other units only."""
    known = measures(f"{evidence}\n{question}")
    found = {number: {u for n, u in known if n == number} for number, _ in known}
    return ", ".join(sorted(f"{n} {u}" for n, u in measures(answer) if n in found and u not in found[n]))


def wrong_dates(answer: str, question: str, evidence: str) -> str:
    """Dates and days of the week of the answer that neither evidence nor question gives."""
    sources = f"{evidence}\n{question}"
    known, numbers = dates(sources), numbers_of(sources)
    wrong = [date for date in dates(answer) if not any(_agree(date, other, numbers) for other in known)]
    days = set(_DAY.findall(answer)) - set(_DAY.findall(sources))
    return ", ".join([*(" ".join(f"{part} {n}" for part, n in date) for date in wrong), *sorted(days)])


def wrong_codes(answer: str, question: str, evidence: str, titles: str) -> str:
    """Model numbers and codes ("E7", "Rova-2") of the answer that stand nowhere in evidence, titles or question."""
    known = codes(f"{evidence} {titles} {question}")
    return ", ".join(sorted(codes(answer) - known))


def codes(text: str) -> set[str]:
    """Model numbers and codes in one spelling: "f-03" is "F03"."""
    return {re.sub(r"\W", "", code).upper() for code in _CODE.findall(_wide(text))}


def no_answer(answer: str) -> str:
    """Words with which a model says that it has no answer."""
    found = _NO_ANSWER.search(answer)
    return found.group() if found else ""


def takes_for_granted(question: str, text: str, terms: Callable[[str], set[str]]) -> bool:
    """Whether a question holds a number or word that no text around has, as one with a false premise must."""
    return bool(digits_of(question) - numbers_of(text) or terms(question) - terms(text) - _ASKING)


def measures(text: str) -> set[tuple[str, str]]:
    """(number, unit) of everything measured, both in one spelling."""
    found = set()
    for number, unit in _MEASURED.findall(_in_digits(_wide(text))):
        plain = next(iter(digits_of(number)), "")
        found.add((plain, _UNIT[unit.lower()]))
    return found


def dates(text: str) -> set[tuple[tuple[str, int], ...]]:
    """Dates as sorted (part, number): year, month and day as far as given."""
    found, rest = set(), _wide(text)
    for pattern, parts in _DATES:
        for match in pattern.finditer(rest):
            values = zip(parts, match.groups(), strict=True)
            found.add(tuple(sorted((part, _MONTHS.get(v.lower()) or int(v)) for part, v in values if v)))
        rest = pattern.sub(" ", rest)
    return found


def _agree(said: tuple[tuple[str, int], ...], given: tuple[tuple[str, int], ...], numbers: set[str]) -> bool:
    """Whether a date says nothing that the given one does not; a year or day may stand elsewhere."""
    known = dict(given)
    return any(part in known for part, _ in said) and all(
        known[part] == n if part in known else part != "month" and str(n) in numbers for part, n in said
    )


def _plain(text: str) -> str:
    """The text without its dates and codes, which have gates of their own."""
    text = _wide(text)
    for pattern, _ in _DATES:
        text = pattern.sub(" ", text)
    return _CODE.sub(" ", text)


def _spelled(text: str) -> set[str]:
    """Numbers in words that are a claim: not what "a" or "both" stand for; Han numbers of two signs or more."""
    words = {n for w in re.findall(r"[a-z]+", text.lower()) for n in numbers_of(w)}
    han = {n for run in re.findall(r"[零〇二两三四五六七八九十百千万][零〇一二两三四五六七八九十百千万]+", text)
           for n in numbers_of(run)}  # fmt: skip
    return (words | han) - _LOOSE


def _in_digits(text: str) -> str:
    """Cardinal numbers in words as digits, so that "six months" is measured like "6 months"."""
    text = re.sub(r"[A-Za-z]+", lambda m: _only(m.group()) if m.group().lower() in _CARDINALS else m.group(), text)
    return _HAN_MEASURED.sub(lambda m: _only(m.group()), text)


def _only(word: str) -> str:
    found = numbers_of(word)
    return next(iter(found)) if len(found) == 1 else word


def _wide(text: str) -> str:
    return unicodedata.normalize("NFKC", text)
