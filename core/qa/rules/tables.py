"""Facts of a table: every cell is the value of a column for the thing its row is about."""

from __future__ import annotations

import re

from core.qa.rules.attributes import attribute_fact, is_attribute_table
from core.qa.rules.columns import INDEX, NUMBER, column_name, is_many, odd, odd_statement, other_script
from core.qa.rules.parts import TABLE_RULE, Span
from core.qa.types import Fact

UNNAMED = {
    "",
    "name",
    "item",
    "type",
    "no",
    "no.",
    "#",
    "nr",
    "day",
    "topic",
    "field",
    "名称",
    "项目",
    "序号",
    "类型",
    "编号",
}
CODE_HEAD = re.compile(
    r"^(?:(?:error|fault|exit|status|alarm|blink|signal|message|display|错误|故障|报警)[ -]?)*"
    r"(?:codes?|numbers?|no\.?|message|signal|display|代码|码|error|fault|错误|故障)$",
    re.IGNORECASE,
)
MEANING_HEAD = re.compile(r"mean|description|cause|problem|reason|含义|说明|原因|意思|描述", re.IGNORECASE)
REMEDY_HEAD = re.compile(r"remed|action|solution|fix|what to do|measure|resol|处理|解决|措施|办法|对策", re.IGNORECASE)
KIND_ZH = re.compile(r"^(?:.{0,2}(?:模式|套餐|房型|型|级|路线|线路|版|档|票种|班))$")
VERB_HEAD = re.compile(r"^(?:opens|closes|starts|ends|begins|leaves|arrives|departs|costs|takes|lasts)$", re.IGNORECASE)

MOST_KEYS = 3
NOTHING = re.compile(r"(?:none|null|nil|n/a|[-–—]|无)\Z", re.IGNORECASE)
ROW_CODE = re.compile(r"^[A-Za-z]{0,4}[-_ ]?\d{1,5}[A-Za-z]?$")
FAULTS = re.compile(r"fault|error|message|code|alarm|trouble|problem|故障|错误|代码|报警|异常|提示", re.IGNORECASE)

Row = tuple[Span, list[str]]


def table_facts(rows: list[Row], heading: str, language: str, owner: str = "", before: Row | None = None) -> list[Fact]:
    """Facts of all rows. Without a rule under the first line (a table that was cut), columns have no names.

    Args:
        owner: what a table of properties and values is about, when that is known.
        before: the header row of the table before this one: the header of a table that was cut in two.
    """
    head, body = _head_and_body(rows, heading, language, before)
    facts: list[Fact] = []
    if head and is_attribute_table(head):
        pairs = [(span, row) for span, row in body if len(row) == 2 and all(row)]
        return [attribute_fact(span, row[0], row[1], owner, language) for span, row in pairs]
    width = key_width([row for _, row in body if head and len(row) == len(head)])
    for span, row in body:
        if len([c for c in row if c]) < 2 or not row[0]:
            continue
        if not head or len(head) != len(row):
            facts.append(_bare(span, row, heading, language))
        elif _is_code_table(head, row):
            facts += _code_row(span, head, row, language)
        else:
            facts += _cells(span, *_keyed(head, row, width, language), language)
    return facts


def key_width(rows: list[list[str]]) -> int:
    """How many leading columns tell the rows apart, at most `MOST_KEYS`, those after the first being words. Else 1:
    then a thing has several values, and the gates find those that contradict each other."""
    columns = min(map(len, rows), default=0)
    for width in range(1, min(MOST_KEYS, columns - 1) + 1):
        if width > 1 and any(re.match(r"[-−+$€£¥]?\d", row[width - 1]) for row in rows):
            break
        if len({tuple(row[:width]) for row in rows}) == len({tuple(row) for row in rows}):
            return width
    return 1


def _keyed(head: list[str], row: list[str], width: int, language: str) -> tuple[list[str], list[str]]:
    """Names and cells with the columns that tell the rows apart as one: "LoRA (Llama 2, 7 B)"."""
    further = [f"{name}: {cell}" if NOTHING.match(cell) else cell for name, cell in zip(head, row, strict=True) if cell]
    further = further[1:width]
    if width == 1 or not further:
        return head, row
    name = f"{row[0]}（{'，'.join(further)}）" if language == "zh" else f"{row[0]} ({', '.join(further)})"
    return ["", *head[width:]], [name, *row[width:]]


def _head_and_body(rows: list[Row], heading: str, language: str, before: Row | None) -> tuple[list[str], list[Row]]:
    """Column names and rows. A first line that looks like the rows below it (a code) is a row, not a header."""
    ruled = len(rows) > 1 and (TABLE_RULE.match(rows[1][0].text) is not None or "<th" in rows[0][0].text.lower())
    body = [r for r in rows if not TABLE_RULE.match(r[0].text)]
    if not body:
        return [], []
    if not ruled and _names_columns([row for _, row in body]) and body[0][0].text.lstrip().startswith("<tr"):
        return body[0][1], body[1:]
    if not ruled:
        return (before[1] if before and len(before[1]) == len(body[0][1]) else []), body
    first = body[0][1]
    if not ROW_CODE.match(first[0]) or len(body) > 1 and not ROW_CODE.match(body[1][1][0]):
        return first, body[1:]
    if before and len(before[1]) == len(first):
        return before[1], body
    if FAULTS.search(heading) and len(first) in (2, 3):
        names = ["代码", "含义", "处理方法"] if language == "zh" else ["Code", "Meaning", "What to do"]
        return names[: len(first)], body
    return [], body


def _names_columns(rows: list[list[str]]) -> bool:
    """Whether the first row has words above numbers."""
    first, rest = rows[0], rows[1:]
    return len(rest) > 1 and all(cell and not re.match(r"[-−+$€£¥]?\d", cell) for cell in first) and any(
        all(len(row) > at and re.match(r"[-−+$€£¥]?\d", row[at]) for row in rest) for at in range(len(first)))


def _fact(span: Span, statement: str, answer: str, subject: str, kind: str) -> Fact:
    return Fact(statement, span.text, answer, subject, span.start, span.end, kind)


def _bare(span: Span, row: list[str], heading: str, language: str) -> Fact:
    joint, colon = ("，", "：") if language == "zh" else (", ", ": ")
    values = joint.join(c for c in row[1:] if c)
    return _fact(span, f"{row[0]}{colon}{values}{'。' if language == 'zh' else '.'}", values, row[0], "row")


def _is_code_table(head: list[str], row: list[str]) -> bool:
    wordy = any(MEANING_HEAD.search(h) or REMEDY_HEAD.search(h) for h in head[1:])
    return wordy and (
        bool(CODE_HEAD.match(head[0]))
        or len(row) <= 3
        and all(MEANING_HEAD.search(h) or REMEDY_HEAD.search(h) for h in head[1:])
    )


def _code_row(span: Span, head: list[str], row: list[str], language: str) -> list[Fact]:
    """Code, meaning, remedy: one statement; the first text column is the meaning, a remedy column the remedy."""
    zh = language == "zh"
    parts, wanted = [], []
    for name, cell in zip(head[1:], row[1:], strict=True):
        if not cell:
            continue
        remedy = bool(REMEDY_HEAD.search(name))
        wanted.append((cell.rstrip(".。"), "remedy" if remedy else "code"))
        if zh:
            parts.append(f"{name}：{cell.rstrip('。')}")
        else:
            parts.append(
                f"means: {cell.rstrip('.')}"
                if MEANING_HEAD.search(name) and not parts
                else f"{name}: {cell.rstrip('.')}"
            )
    statement = f"{row[0]}，{'；'.join(parts)}。" if zh else f"{row[0]} {'. '.join(parts)}."
    return [_fact(span, statement, cell, row[0], kind) for cell, kind in wanted]


def _cells(span: Span, head: list[str], row: list[str], language: str) -> list[Fact]:
    facts = []
    if INDEX.match(head[0]) and NUMBER.match(row[0]):
        head, row = head[1:], row[1:]  # a number that only counts the rows names nothing: the next column may
        if not row or not row[0] or NUMBER.match(row[0]):
            return []
    subject = row_subject(head[0], row[0], language)
    for name, cell in zip(head[1:], row[1:], strict=True):
        if language == "en" and other_script(subject, name):
            continue
        if cell and name and cell not in ("-", "–", "—", "n/a"):
            facts.append(_fact(span, cell_statement(subject, name, cell, language), cell, subject, f"cell:{name}"))
    return facts


def row_subject(head: str, row: str, language: str) -> str:
    """What a row is about: "Smoke mode" for the row Smoke under Mode, the bare row under a head that says nothing."""
    if language == "zh":
        return f"{row}{head}" if KIND_ZH.search(head) and head[-1] not in row and len(row) < 8 else row
    if head.lower() in UNNAMED or head.lower() in row.lower() or len(head.split()) > 2:
        return row
    if len(row.split()) > 3 or CODE_HEAD.match(head):
        return row
    return f"{row} {head.lower()}"


def cell_statement(subject: str, name: str, cell: str, language: str) -> str:
    """A sentence that binds subject, column and value."""
    value = cell.rstrip(".。")
    if odd(name, value):
        return odd_statement(subject, name, value, language)
    if language == "zh":
        return f"{subject}的{name}是{value}。"
    if MEANING_HEAD.search(name):
        return f"{subject}: {value}."
    if VERB_HEAD.match(name):
        return (
            f"{subject}: {name.lower()} at {value}."
            if re.match(r"\d", value)
            else f"{subject}: {name.lower()} {value}."
        )
    column = column_name(name)
    verb = "are" if is_many(column) else "is"
    return f"The {column} for {subject} {verb} {value}."
