"""Conversations of several turns about one text: every turn has its quote and passes the gates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from core.llm.parse import parse_reply
from core.llm.types import Message
from core.qa.gates import check
from core.qa.kinds import DIALOGUE
from core.qa.ledger import Call
from core.qa.request import SYSTEM, document_part
from core.qa.types import Chunk, Draft, Language

MOST_TURNS = 4
_TASK: dict[Language, str] = {
    "en": """{part}

Write one conversation of 2 to {most} turns in which a person who has not seen the text asks about it and gets answers.
The first question says clearly what it is about; the others follow from the answers before and may say "it" or "that".
For each turn give
- "quote": the words of the text that state the answer, copied exactly
- "question" and "answer": the answer has exactly the numbers, units and names of the quote; nobody speaks of a text
If the text does not say enough for two turns, answer {{"turns": []}}. Write in English.
Answer as {{"turns": [{{"quote": "…", "question": "…", "answer": "…"}}]}}.""",
    "zh": """{part}

写一段 2 到 {most} 轮的对话：一个没看过这段文字的人提问并得到回答。
第一个问题写明问的是什么；后面的问题承接前面的回答，可以用“它”“那”。
每一轮给出：
- "quote"：文字中陈述答案的原话，逐字照抄
- "question" 和 "answer"：答案中的数字、单位和名称与 quote 完全一致；都不提“文中”“该文档”
如果文字不够写两轮，回答 {{"turns": []}}。用中文写。
按 {{"turns": [{{"quote": "…", "question": "…", "answer": "…"}}]}} 的形式回答。""",
}
_TEXT = {"type": "string"}
_SCHEMA: dict[str, Any] = {
    "type": "object", "additionalProperties": False, "required": ["turns"],
    "properties": {"turns": {"type": "array", "items": {
        "type": "object", "additionalProperties": False, "required": ["quote", "question", "answer"],
        "properties": {"quote": _TEXT, "question": _TEXT, "answer": _TEXT}}}},
}  # fmt: skip


class _Turn(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)

    quote: str = Field(min_length=1, max_length=2000)
    question: str = Field(min_length=4, max_length=600)
    answer: str = Field(min_length=1, max_length=2000)


def write_dialogue(chunk: Chunk, language: Language, wished: str,
                   ask: Callable[[str, list[Message], dict[str, Any], int], Call | None]) -> list[Draft]:
    """One conversation, cut before its first turn that a gate refuses; refused as a whole when fewer than two are left.

    The draft is its last turn, with the turns before it in `earlier`. Nothing when the text does not say enough.
    """
    task = _TASK[language].format(part=document_part(chunk, language), most=MOST_TURNS)
    task += f"\n\n{wished}" if wished else ""
    call = ask(DIALOGUE, [{"role": "system", "content": SYSTEM[language]}, {"role": "user", "content": task}], _SCHEMA,
               200 + 250 * MOST_TURNS)
    turns = parse_reply(call.reply, call.finish_reason, _Turn).items[:MOST_TURNS] if call else []
    if len(turns) < 2:
        return []
    good = 0
    while good < len(turns) and _passes(chunk, language, turns[: good + 1]):
        good += 1
    return [_draft(turns[: max(good, 1)] if good != 1 else turns[:2])]


def _passes(chunk: Chunk, language: Language, turns: list[_Turn]) -> bool:
    _, verdicts = check(_draft(turns), chunk, language, strict=True)
    return all(v.passed or v.doubt for v in verdicts)


def _draft(turns: list[_Turn]) -> Draft:
    *before, last = turns
    return Draft(last.question, last.answer, last.quote, DIALOGUE, DIALOGUE, 0,
                 tuple((turn.question, turn.answer, turn.quote) for turn in before))
