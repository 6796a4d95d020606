"""Numbers as people read them, in both languages."""

from __future__ import annotations

from core.i18n import t


def size(count: float) -> str:
    """Bytes with a unit: ``1.8 GB``."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("unreachable")


def parameters(count: int, lang: str) -> str:
    """Size of a model as people say it: ``135 million``, ``1.7 billion``; in Chinese by hundreds of millions."""
    if lang == "zh":
        return t("words.hundred_millions", lang, count=f"{count / 1e8:.3g}")
    if count < 1e9:
        return t("words.millions", lang, count=f"{count / 1e6:.0f}")
    return t("words.billions", lang, count=f"{count / 1e9:.2g}")


def duration(seconds: float, lang: str) -> str:
    """Seconds in the two largest units that matter: ``3 min 20 s``, ``2 h 5 min``."""
    whole = max(0, round(seconds))
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return t("words.hours_minutes", lang, hours=hours, minutes=minutes)
    if minutes:
        return t("words.minutes_seconds", lang, minutes=minutes, seconds=rest)
    return t("words.seconds", lang, seconds=rest)


def plain(text: str) -> str:
    """Derived text made safe for one line of Markdown: marks are escaped, also those that would turn an address into a
    link; line breaks become blanks."""
    escaped = "".join("\\" + c if c in "\\`*_{}[]()#+-.!|<>~$&:@" else c for c in text)
    return " ".join(escaped.split())
