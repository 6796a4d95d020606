"""Where in a reply the items are: under which key, in how many wrappings, by which names; tables and YAML lists too."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

_WRAPPERS = frozenset(
    "arguments parameters input function tool_input content result results data output response json reply".split())
"""Keys under which services and models hand over what was asked for, as an object, a list, or JSON in a string."""
_ALIASES = {alias: name for name, aliases in {
    "question": "q query prompt instruction 问题 问 提问 pregunta frage",
    "questions": "question_list 问题列表 多种问法 问法",
    "answer": "a response reply output 答案 答 回答 解答 respuesta antwort",
    "quote": "evidence citation source_text 引文 引用 原文 依据 证据",
    "kind": "type category 类型 类别",
    "n": "number id no index 编号 序号",
    "verdict": "judgement judgment 判断 结论",
    "answered": "已回答",
}.items() for alias in aliases.split()}  # fmt: skip
_DEEPEST = 6


def items_of(root: Any, depth: int = 0) -> list[Any]:
    """The objects that a JSON value holds: the list itself, the one list inside an object, or a single object."""
    if isinstance(root, str):
        inner = _json_in(root)
        return items_of(inner, depth + 1) if inner is not None and depth < _DEEPEST else [root]
    if isinstance(root, list):
        return [item for one in root for item in (items_of(one, depth + 1) if _wrapped(one, depth) else [one])]
    lists = [v for v in root.values() if isinstance(v, list) and v and all(isinstance(e, dict) for e in v)]
    if len(lists) == 1:
        return items_of(lists[0], depth + 1) if depth < _DEEPEST else lists[0]
    if len(root) == 1 and list(root.values()) == [[]]:
        return []
    if depth < _DEEPEST and root and all(isinstance(v, dict) for v in root.values()):
        return [item for value in root.values() for item in items_of(value, depth + 1)]
    return [item for key in root if key in _WRAPPERS and isinstance(root[key], (dict, str))
            for item in items_of(root[key], depth + 1)] if _wrapped(root, depth) else [root]


def renamed(value: Any, fields: Collection[str]) -> Any:
    """An item whose keys are translated, abbreviated or decorated, by the names that are wanted."""
    if not isinstance(value, dict):
        return value
    named = dict(value)
    for key in value:
        plain = re.sub(r"[\s*_“”\"'：:]+\Z|\A[\s*_“”\"']+", "", str(key)).lower()
        name = plain if plain in fields else _ALIASES.get(plain, "")
        if key not in fields and name in fields and name not in named:
            named[name] = named.pop(key)
    return named


def rows_of_text(text: str, fields: Collection[str]) -> list[dict[str, Any]]:
    """Items written as a Markdown table, or as a list of "key: value" lines (YAML), whose keys are the wanted names."""
    return _table(text, fields) or _yaml(text, fields)


def _wrapped(value: Any, depth: int) -> bool:
    """Whether an object only wraps what was asked for."""
    return depth < _DEEPEST and isinstance(value, dict) and any(
        key in _WRAPPERS and (isinstance(inner, dict) or isinstance(inner, str) and _json_in(inner) is not None)
        for key, inner in value.items())


def _json_in(text: str) -> Any:
    """The object or list that a string holds as JSON; None when it holds none."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) or isinstance(value, list) and all(isinstance(v, dict) for v in value) \
        else None


def _table(text: str, fields: Collection[str]) -> list[dict[str, Any]]:
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("|")]
    if len(lines) < 3 or not re.fullmatch(r"\|[\s|:-]+\|?", lines[1]):
        return []
    cells = [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines]
    heads = list(renamed(dict.fromkeys(cells[0]), fields))
    if not set(heads) & set(fields):
        return []
    return [{head: cell for head, cell in zip(heads, row, strict=False) if cell} for row in cells[2:]]


_PAIR = re.compile(r"^(\s*)(?:(-)\s+)?([^\s:：\"'\-][^:：\n\"']{0,30}?)\s*[:：](?:\s+(.*?)|)\s*$")
_VALUE = re.compile(r"^\s*-\s+(.+?)\s*$")


def _yaml(text: str, fields: Collection[str]) -> list[dict[str, Any]]:
    """Only a text all of whose lines are keys and values: what else looks like that is prose."""
    items: list[dict[str, Any]] = []
    open_list: list[str] | None = None
    for line in text.strip().splitlines():
        if not line.strip() or line.strip() == "---":
            continue
        found, value = _PAIR.match(line), _VALUE.match(line)
        if found and (found[2] or items):
            if found[2] and not (open_list is not None and found[4] and found[3].lower() not in _ALIASES
                                 and found[3] not in fields):
                items.append({})
            open_list = None if found[4] else items[-1].setdefault(found[3], [])
            if found[4]:
                items[-1][found[3]] = _bare(found[4])
        elif value and open_list is not None:
            open_list.append(_bare(value[1]))
        elif not found:
            return []
    named = [renamed({k: v for k, v in item.items() if v != []}, fields) for item in items]
    return [item for item in named if len(set(item) & set(fields)) > 1]


def _bare(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
