"""Faults in the words of single rows, each with its fix: what the doctor looks for in one row at a time."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace

from core.datasets.rows import Answer, Message, Row
from core.datasets.similar import bare

_NOTHING = frozenset(("", "na", "none", "null", "nan", "无", "暂无", "不知道", "略", "todo", "tbd", "unknown"))
_CONTROL = re.compile(r"<\|[a-z_0-9 ▁｜-]{2,40}\|>|<｜[^｜>]{2,40}｜>|\[/?INST\]|<</?SYS>>"
                      r"|<(?:start|end)_of_turn>|</s>|<s>", re.IGNORECASE)
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_STRAY = re.compile(r"</?think>")
_TAG = re.compile(r"</?(?:p|br|div|span|table|tbody|thead|tr|td|th|ul|ol|li|b|i|strong|em|font|a|img|h[1-6]|hr"
                  r"|script|style)"
                  r"(?:\s[^<>]*)?/?>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|ldquo|rdquo|mdash|hellip|#\d{2,6}|#x[0-9a-f]{2,6});", re.IGNORECASE)
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_DEBRIS = re.compile("\ufffd|[\x00-\x08\x0b\x0c\x0e-\x1f]|锟斤拷|烫烫烫|[ÃÂ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
                     "|â€[\x80-\xbf™œžŸ\x9d“”˜¦¢]|ï»¿")
_PERSONAL: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("[e-mail]", re.compile(r"(?<![\w.+-])\w[\w.+-]{0,63}@(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}(?![\w-])", re.IGNORECASE)),
    ("[ID number]", re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
                               r"\d{3}[\dXx](?!\d)")),
    ("[card number]", re.compile(r"(?<!\d)(?:\d{4}[ -]){3}\d{4}(?!\d)|(?<!\d)[3-6]\d{15}(?!\d)")),
    ("[phone]", re.compile(r"(?<![\d.-])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"
                           r"|(?<![\d.])\+\d{1,3}[ -]?(?:\(\d{1,4}\)[ -]?)?\d{2,4}(?:[ -]\d{2,4}){1,4}(?![\d.])"
                           r"|(?<![\d.-])\(?\d{3}\)?[ -]\d{3}-\d{4}(?!\d)")),
)
_ON_LANGUAGES = re.compile(r"translat|翻译|英文|英语|中文|汉语|单词|代码|程序|脚本|字符串|函数|code|script"
                           r"|in (?:english|chinese|french|german|spanish)|language",
                           re.IGNORECASE)
_ENDS = tuple(".!?。！？…:：;；)）]】}」』”\"'’`*|>~") + ("-",)
_QUOTED = re.compile(r"[-–—]\s*[A-Z][\w.]*(?:\s[A-Z][\w.]*){0,4}$")  # who said it, after what was said
_HALVES = re.compile(r"(?:\b(?:and|or|the|a|an|of|to|in|with|for|by|that|which|is|are|because|but|from|as|at)"
                     r"|[,，、；;（(]|[的和与及或在对从把被将是为了因而])\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Check:
    """One kind of fault in a single row.

    Attributes:
        name: key of its texts, `dataset.doctor.<name>`.
        found: the words that show the fault; "" when there is none.
        fixed: the row without it; None when it is to be dropped.
    """

    name: str
    found: Callable[[Row], str]
    fixed: Callable[[Row], Row | None]


def drop(row: Row) -> Row | None:
    """The fix of what cannot be mended."""
    return None


def empty_answer(row: Row) -> str:
    """An answer that says nothing: white space, dots, "N/A"."""
    if row.kind == "text":
        return ""
    return (row.answer.strip() or "–") if bare(row.answer) in _NOTHING else ""


def cut_off(row: Row) -> str:
    """A long answer that ends in the middle of a sentence; lists, code and short answers are let be."""
    text = row.answer.rstrip()
    last = text.rpartition("\n")[2].strip()
    if row.kind == "text" or len(text) < 24 or text.endswith(_ENDS) or not last or last[:1] in "-*•|#" or re.match(
            r"\d+[.)、]", last) or _QUOTED.search(last):
        return ""
    sentences = len(re.findall(r"[.!?。！？](?:\s|$|[^\d\w])", text)) + len(re.findall(r"[。！？]", text))
    if _HALVES.search(text) or sentences >= 1 and len(last) > 12 and last[-1:].isalpha() and _is_running(last):
        return last[-60:]
    return ""


def _is_running(line: str) -> bool:
    """Whether a line is running text and no title, name or formula."""
    tail = re.split(r"[.!?。！？]", line)[-1].strip()
    return len(tail) >= 8 if re.search("[\u4e00-\u9fff]", tail) else len(tail.split()) >= 3


def debris(row: Row) -> str:
    """Signs that text was read in the wrong encoding."""
    return _first(row, lambda text: _match(_DEBRIS, text))


def left_over_html(row: Row) -> str:
    """Tags and entities outside of code; text about HTML itself, which has them in questions, is let be."""
    if re.search(r"<!doctype|<html", row.answer, re.IGNORECASE):
        return ""  # a whole page is wanted
    if re.search(r"\b(?:html|xml|css|javascript|jsx|svg|markdown|标签|网页代码)\b|html", row.question, re.IGNORECASE):
        return ""
    return _first(row, lambda text: _match(_TAG, _CODE.sub("", text)) or _match(_ENTITY, _CODE.sub("", text)))


def control_tokens(row: Row) -> str:
    """Marks by which chat templates steer the model."""
    return _first(row, lambda text: _match(_CONTROL, text) or _match(_STRAY, _THOUGHT.sub("", text)))


def personal(row: Row) -> str:
    """E-mail addresses, phone, identity and card numbers; those made for examples are let be."""
    return _first(row, lambda text: next((found for found in map(lambda p: _real(p[1], text), _PERSONAL) if found), ""))


def wrong_language(row: Row) -> str:
    """An answer in another script than its question, where nothing was asked about languages."""
    if row.kind == "text" or _ON_LANGUAGES.search(" ".join(m.content for m in row.messages)):
        return ""
    question, answer = _CODE.sub("", row.question), _CODE.sub("", row.answer)
    asked, said = script(question), script(answer)
    return answer.strip()[:60] if asked and said and asked != said else ""


def script(text: str) -> str:
    """"zh", "en" (any Latin script) or "other" when most of at least 16 letters are of it; "" when unclear."""
    han = sum("\u4e00" <= c <= "\u9fff" for c in text)
    latin = sum(c.isascii() and c.isalpha() or "\u00c0" <= c <= "\u024f" for c in text)
    other = sum(c.isalpha() for c in text) - han - latin
    weight = 3 * han + latin + 2 * other  # a Chinese character says about as much as three letters
    if weight < 16:
        return ""
    shares = {"zh": 3 * han, "en": latin, "other": 2 * other}
    name = max(shares, key=lambda one: shares[one])
    return name if shares[name] > 0.85 * weight else ""


def _without(pattern: re.Pattern[str], text: str) -> str:
    return re.sub(r"[ \t]{2,}", " ", pattern.sub("", text)).strip()


def without_controls(text: str) -> str:
    """Without marks of templates; whole thoughts, which reasoning models are taught on purpose, stay."""
    text = _without(_CONTROL, text)
    return text if _THOUGHT.search(text) else _without(_STRAY, text)


def clean_debris(text: str) -> str:
    """Text read as Windows-1252 instead of UTF-8 is read anew; what is lost for good is left to be seen."""
    for encoding in ("cp1252", "latin-1"):
        try:
            mended = text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if not _DEBRIS.search(mended):
            return mended
    return text


def clean_html(text: str) -> str:
    """Without tags, entities as characters; code stays as it is."""
    parts, at = [], 0
    for code in _CODE.finditer(text):
        parts += [_plain(text[at:code.start()]), code[0]]
        at = code.end()
    return "".join([*parts, _plain(text[at:])]).strip()


def _plain(text: str) -> str:
    text = re.sub(r"<br\s*/?>|</(?:p|div|tr|li|h[1-6])>", "\n", text, flags=re.IGNORECASE)
    text = unicodedata.normalize("NFC", html.unescape(_TAG.sub("", text))).replace("\xa0", " ")
    return re.sub(r"\n{3,}", "\n\n", text)


def hide_personal(text: str) -> str:
    """Personal data replaced by what kind they were."""
    for name, pattern in _PERSONAL:
        text = pattern.sub(lambda found, name=name: found[0] if _made_up(found[0]) else name, text)
    return text


def rewrite(change: Callable[[str], str]) -> Callable[[Row], Row | None]:
    """A fix that changes every text of a row; a row that loses its question or answer by it is dropped."""
    def fixed(row: Row) -> Row | None:
        def turn(message: Message) -> Message:
            return replace(message, content=change(message.content)) if message.content else message

        changed = replace(
            row, messages=tuple(map(turn, row.messages)), text=change(row.text), query="",
            chosen=turn(row.chosen) if row.chosen else None, rejected=turn(row.rejected) if row.rejected else None,
            answers=tuple(Answer(change(a.content), a.score, a.reason) for a in row.answers))
        spoken = [m.content or m.calls for m in changed.every_message] + [a.content for a in changed.answers]
        return changed if all(spoken or [changed.text]) else None
    return fixed


def mended_debris(row: Row) -> Row | None:
    """The row read in the right encoding; None when characters are lost for good."""
    changed = rewrite(clean_debris)(row)
    return None if changed is None or debris(changed) else changed


CHECKS = (
    Check("empty", empty_answer, drop),
    Check("debris", debris, mended_debris),
    Check("control", control_tokens, rewrite(without_controls)),
    Check("html", left_over_html, rewrite(clean_html)),
    Check("personal", personal, rewrite(hide_personal)),
    Check("cut_off", cut_off, drop),
    Check("language", wrong_language, drop),
)


def _first(row: Row, look: Callable[[str], str]) -> str:
    texts = [m.content for m in row.every_message] + [a.content for a in row.answers] + [row.text]
    return next((found for text in texts if text and (found := look(text))), "")


def _match(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return text[max(0, found.start() - 20):found.end() + 20].strip() or found[0] if found else ""


def _real(pattern: re.Pattern[str], text: str) -> str:
    return next((found[0] for found in pattern.finditer(text) if not _made_up(found[0])), "")


def _made_up(text: str) -> bool:
    """Addresses and numbers that are reserved for examples (RFC 2606, 555 numbers)."""
    return bool(re.search(r"@(?:[\w-]+\.)*(?:example\.(?:com|org|net)|example|test|invalid|localhost)$|\b555\)?[ -]",
                          text, re.IGNORECASE))
