"""Values of spreadsheet cells as the sheet shows them, by their number formats (ECMA-376 part 1, 18.8.31)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

_LOCAL = {"mm-dd-yy": "yyyy-mm-dd", "m/d/yy h:mm": "yyyy-mm-dd h:mm", "m/d/yyyy": "yyyy-mm-dd"}  # shown by locale
_TOKEN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|AM/PM|A/P|上午/下午|y+|m+|d+|h+|s+(?:\.0+)?|e+|a{3,4}|.',
                    re.I | re.S)
_DIGITS = re.compile(r"[0#?][0#?,.]*")
_HELD = 0xE000  # literals of a format are private-use characters while its digits are filled in
_MONTHS = ("January February March April May June July August September October November December").split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


def shown(value: Any, number_format: str | None) -> str:
    """The text of a cell as a reader sees it. Dates in the computer's own format are written as 2024-03-05."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    number_format = number_format or "General"
    if isinstance(value, dt.datetime | dt.date | dt.time | dt.timedelta):
        return _date(value, number_format)
    if isinstance(value, int | float):
        return _number(value, number_format)
    return str(value)


def _number(value: float, number_format: str) -> str:
    sections = re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', number_format)
    section = sections[0]
    if len(sections) > 1 and value < 0:
        section, value = sections[1], abs(value)
    elif len(sections) > 2 and value == 0:
        section = sections[2]
    plain = re.sub(r"\[\$([^\]-]*)[^\]]*\]", lambda m: f'"{m[1]}"', section)
    plain = re.sub(r"\[[^\]]*\]|_.|\*.", "", plain)
    literals: list[str] = []

    def hold(match: re.Match[str]) -> str:
        literals.append(match[0][1:-1] if match[0].startswith('"') else match[0][1:])
        return chr(_HELD + len(literals) - 1)

    plain = re.sub(r'"[^"]*"|\\.', hold, plain)
    runs = list(_DIGITS.finditer(re.sub(r"E[+-][0#]+", lambda m: "E" * len(m[0]), plain)))
    if "general" in plain.lower() or "/" in plain or len(runs) > 1:
        text = re.sub("general", lambda _: general(abs(value)), plain, flags=re.I) if "general" in plain.lower() \
            else general(abs(value))
    elif runs:
        start, end = runs[0].span()
        text = plain[:start] + _digits(value, runs[0][0], plain) + re.sub(r"^E[+-][0#]+", "", plain[end:])
    else:
        text = plain.replace("@", general(abs(value)))
    text = f"-{text}" if value < 0 else text
    return re.sub("[\ue000-\uf8ff]", lambda m: literals[ord(m[0]) - _HELD], text).strip()


def _digits(value: float, pattern: str, plain: str) -> str:
    """The digits by a pattern such as ``#,##0.00``; the sign is left out."""
    decimals = len(re.sub("[^0#?]", "", pattern.partition(".")[2]))
    least = len(re.sub("[^0]", "", pattern.partition(".")[0]))
    value = abs(value) * 100 ** plain.count("%")
    whole = pattern.partition(".")[0]
    value /= 1000 ** (len(pattern) - len(pattern.rstrip(",")))
    if re.search(r"E[+-][0#]", plain):
        return f"{value:.{decimals}E}"
    text = f"{value:,.{decimals}f}" if "," in whole.rstrip(",") else f"{value:.{decimals}f}"
    optional = len(pattern.partition(".")[2]) - len(pattern.partition(".")[2].rstrip("#?,"))
    for _ in range(optional):
        text = text[:-1] if "." in text and text.endswith("0") else text
    text = text.removesuffix(".")
    head, dot, tail = text.partition(".")
    return head.zfill(least) + dot + tail if least or head != "0" or not tail else dot + tail


def general(value: float) -> str:
    """A number in the format "General": at most eleven digits, no needless zeros."""
    if isinstance(value, int) or float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = f"{value:.10g}"
    return text.replace("e", "E")


def _date(value: Any, number_format: str) -> str:
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    number_format = _LOCAL.get(number_format.lower(), number_format).partition(";")[0]
    tokens = [t for t in _TOKEN.findall(number_format) if not t.startswith("[") or re.fullmatch(r"\[[hms]+\]", t, re.I)]
    if not any(token[0].lower() in "ymdhsea[" for token in tokens) or number_format == "General":
        return value.isoformat(sep=" ", timespec="seconds") if isinstance(value, dt.datetime) else value.isoformat()
    half = any(token.upper() in ("AM/PM", "A/P", "上午/下午") for token in tokens)
    text = "".join(_date_part(value, tokens, index, half) for index in range(len(tokens)))
    return text.strip()


def _date_part(value: Any, tokens: list[str], index: int, half: bool) -> str:
    token = tokens[index].strip("[]")
    low, size = token.lower(), len(token)
    day = value if isinstance(value, dt.date) else dt.date(1900, 1, 1)
    time = value if isinstance(value, dt.datetime | dt.time) else dt.time()
    if low.startswith("y") or low.startswith("e"):
        return f"{day.year % 100:02d}" if size <= 2 and low[0] == "y" else str(day.year)
    if low.startswith("m") and "/" not in low:
        if _is_minute(tokens, index):
            return f"{time.minute:02d}" if size > 1 else str(time.minute)
        return (str(day.month), f"{day.month:02d}", _MONTHS[day.month - 1][:3], _MONTHS[day.month - 1],
                _MONTHS[day.month - 1][0])[min(size, 5) - 1]
    if low.startswith("d"):
        return (str(day.day), f"{day.day:02d}", _DAYS[day.weekday()][:3], _DAYS[day.weekday()])[min(size, 4) - 1]
    if low.startswith("aa"):
        return ("星期" if size > 3 else "") + "一二三四五六日"[day.weekday()]
    if low.startswith("h"):
        hour = (time.hour - 1) % 12 + 1 if half else time.hour
        return f"{hour:02d}" if size > 1 else str(hour)
    if low.startswith("s"):
        return f"{time.second:02d}" if size > 1 else str(time.second)
    if low in ("am/pm", "a/p", "上午/下午"):
        first, second = token.split("/")
        return first if time.hour < 12 else second
    if token.startswith('"'):
        return token[1:-1]
    if token[0] in "\\_*":
        return token[1:] if token[0] == "\\" else ""
    return "" if token == "@" else token


def _is_minute(tokens: list[str], index: int) -> bool:
    """Whether an "m" means minutes: it follows hours or precedes seconds."""
    def letter(steps: range) -> str:
        return next((tokens[i].strip("[]")[0].lower() for i in steps
                     if tokens[i].strip("[]")[:1].lower() in tuple("ymdhs")), "")
    return letter(range(index - 1, -1, -1)) == "h" or letter(range(index + 1, len(tokens))) == "s"
