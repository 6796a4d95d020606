"""From a model's words to checked items: a pure function that never raises, invents, or completes what was cut."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

Item = TypeVar("Item", bound=BaseModel)

MAX_ITEMS = 100
MAX_DEPTH = 60
EXCERPT = 300
_THINK = re.compile(r"<(think|thinking|thought|reasoning)>(.*?)(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_THINK_END = re.compile(
    r"\A(?!\s*(?:[\[{]|```))(.*?)</(?:think|thinking|thought|reasoning)>", re.DOTALL | re.IGNORECASE
)
_FENCE = re.compile(r"```[a-zA-Z]*[ \t]*\n(.*?)(?:\n?```|\Z)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Rejected:
    """Part of a reply that was not used; `reason` is cut, no_json, schema, duplicate, too_many or depth."""

    reason: str
    text: str


@dataclass(frozen=True)
class Parsed(Generic[Item]):
    """What a reply held. `complete` is True only when the whole reply was read to its end."""

    items: list[Item] = field(default_factory=list)
    rejects: list[Rejected] = field(default_factory=list)
    complete: bool = True


def split_thinking(text: str) -> tuple[str, str]:
    """(thinking, answer). Unclosed thinking has no answer; a lone closing tag ends what began before the text."""
    thoughts: list[str] = []

    def take(match: re.Match[str]) -> str:
        thoughts.append(match.group(2 if match.re is _THINK else 1).strip())
        return ""

    answer = _THINK_END.sub(take, _THINK.sub(take, text))
    return "\n".join(t for t in thoughts if t), answer.strip()


def parse_reply(text: str, finish_reason: str, item: type[Item], *, limit: int = MAX_ITEMS) -> Parsed[Item]:
    """Reads the JSON items of a reply.

    Args:
        text: as the model wrote it; thinking, prose, code fences and an object around the list are tolerated.
        finish_reason: anything but "length" counts as finished. Only finished replies are repaired (single quotes,
            trailing commas, typographic quotes); of cut replies the items that were written to their end are kept.
        item: what one item must satisfy.
        limit: most items kept; the rest is rejected as too_many.
    """
    _, body = split_thinking(_CONTROL.sub("", text))
    finished = finish_reason != "length"
    try:
        values, complete = _values(body, finished)
    except RecursionError:
        return Parsed(rejects=[Rejected("depth", body[:EXCERPT])], complete=False)
    if values is None:
        reason = "no_json" if finished else "cut"
        return Parsed(rejects=[Rejected(reason, body[:EXCERPT])], complete=False)
    items, rejects = _validated(values, item, limit)
    if not complete:
        rejects.append(Rejected("cut" if not finished else "no_json", body[-EXCERPT:]))
    return Parsed(items, rejects, complete)


def _values(body: str, finished: bool) -> tuple[list[Any] | None, bool]:
    """(candidate items, read to the end); None when there is no JSON at all."""
    if _deep(body):
        raise RecursionError
    sources = [m.group(1) for m in _FENCE.finditer(body)] or [body]
    whole: list[Any] = []
    for source in sources:
        found = _roots(source) or (_roots(_repaired(source)) if finished else None)
        if found is None:
            break
        for root in found:
            whole.extend(_items_of(root))
    else:
        return whole, finished
    salvaged = list(_objects(body))
    return (
        (whole + [s for s in salvaged if s not in whole], False)
        if salvaged or "{" in body or "[" in body
        else (None, False)
    )


def _roots(source: str) -> list[Any] | None:
    """All JSON lists and objects at the top level of a text with prose around them; None when one of them is broken."""
    decoder, roots, at = json.JSONDecoder(parse_constant=_refuse), [], 0
    while (match := re.compile(r"[\[{]").search(source, at)) is not None:
        try:
            value, at = decoder.raw_decode(source, match.start())
        except ValueError:
            if re.match(r"[\[{]\s*[\[{\"'“]", source[match.start() :]) or not source[match.start() + 1 :].strip():
                return None
            at = match.start() + 1
            continue
        if isinstance(value, dict) or (isinstance(value, list) and all(isinstance(v, dict) for v in value)):
            roots.append(value)
    return roots or None


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _items_of(root: Any) -> list[Any]:
    """The list itself, the list of objects inside an object, or a single object."""
    if isinstance(root, list):
        return root
    lists = [v for v in root.values() if isinstance(v, list) and all(isinstance(e, dict) for e in v)]
    return lists[0] if len(lists) == 1 and (lists[0] or len(root) == 1) else [root]


def _objects(text: str) -> Iterator[Any]:
    """Innermost complete objects of a broken text: each `{…}` that closes and holds no unfinished list."""
    decoder, at = json.JSONDecoder(parse_constant=_refuse), 0
    while (at := text.find("{", at)) >= 0:
        try:
            value, at = decoder.raw_decode(text, at)
            yield value
        except ValueError:
            at += 1


def _deep(text: str) -> bool:
    depth = 0
    for mark in re.finditer(r"[\[{\]}]", text):
        depth += 1 if mark.group() in "[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _repaired(source: str) -> str:
    """Typographic and single quotes as delimiters, trailing commas, Python constants. Text in strings stays."""
    start = re.search(r"[\[{]", source)
    text = source[start.start() :] if start else source
    if re.search(r"[{,\[]\s*[“”]", text) and not re.search(r"[{,\[]\s*\"", text):
        text = re.sub(r"[“”]", '"', text)
    if re.search(r"[{,\[]\s*'", text) and not re.search(r"[{,]\s*\"", text):
        text = re.sub(
            r"(?<=[{\[,:])(\s*)'((?:[^'\\]|\\.|'(?!\s*[,:\]}]))*)'(?=\s*[,:\]}])",
            lambda m: m.group(1) + json.dumps(m.group(2).replace("\\'", "'"), ensure_ascii=False),
            text,
        )
    pieces = re.split(r'("(?:[^"\\]|\\.)*")', text)
    for i in range(0, len(pieces), 2):
        part = pieces[i].translate(str.maketrans("，：", ",:"))
        part = re.sub(r"\bTrue\b", "true", re.sub(r"\bFalse\b", "false", re.sub(r"\bNone\b", "null", part)))
        pieces[i] = re.sub(r",(\s*[\]}])", r"\1", re.sub(r"(\})(\s*)(\{)", r"\1,\2\3", part))
    return re.sub(r",(\s*[\]}])", r"\1", "".join(pieces)) if len(pieces) == 1 else "".join(pieces)


def _printable(value: Any) -> Any:
    """The value without control characters and lone surrogates, which escapes in JSON can bring in."""
    if isinstance(value, str):
        return _CONTROL.sub("", value)
    if isinstance(value, list):
        return [_printable(v) for v in value]
    return {_printable(k): _printable(v) for k, v in value.items()} if isinstance(value, dict) else value


def _validated(values: list[Any], item: type[Item], limit: int) -> tuple[list[Item], list[Rejected]]:
    items: list[Item] = []
    rejects: list[Rejected] = []
    seen: set[str] = set()
    for value in map(_printable, values):
        excerpt = json.dumps(value, ensure_ascii=False)[:EXCERPT]
        try:
            checked = item.model_validate(value)
        except ValidationError:
            rejects.append(Rejected("schema", excerpt))
            continue
        same = checked.model_dump_json()
        if same in seen or len(items) >= limit:
            rejects.append(Rejected("duplicate" if same in seen else "too_many", excerpt))
            continue
        seen.add(same)
        items.append(checked)
    return items, rejects
