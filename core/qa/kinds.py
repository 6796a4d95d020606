"""Kinds of pairs that a chat model can be asked for, for whom and in which tone: what the request says about each."""

from __future__ import annotations

from collections.abc import Sequence

from core.qa.types import Language

DIALOGUE = "dialogue"
KINDS = ("fact", "list", "howto", "why", "compare", "definition", "summary", DIALOGUE, "absent", "premise")
USUAL = ("fact", "list", "howto", "why", "compare")
"""The kinds that are written when nothing else is chosen."""
ABSENT: dict[Language, str] = {"en": "The documents do not say this.", "zh": "文档中没有说明。"}
"""The answer of every pair whose question the documents leave open: the same words teach the model to say so."""
_ASK: dict[Language, dict[str, str]] = {
    "en": {
        "fact": "one fact: who, what, when, where, how much",
        "list": "a question whose answer is a whole list of the text",
        "howto": "how something is done, with all steps in their order",
        "why": "a reason that the text gives",
        "compare": "how two things that the text describes differ or agree",
        "definition": "what a term of the text means",
        "summary": "the gist of a passage in one or two sentences; the quote is the passage",
        "absent": "a question that people would naturally ask here but that the text does NOT answer; the quote is the "
        f'sentence nearest to it, the answer is "{ABSENT["en"]}"',
        "premise": "a question that wrongly takes something for granted (another number, name or condition than the "
        "text has); the answer says what is wrong and what is right",
    },
    "zh": {
        "fact": "一个事实：谁、什么、何时、何地、多少",
        "list": "答案是文字中完整的列举",
        "howto": "怎样做某事，按顺序写出全部步骤",
        "why": "文字给出的原因",
        "compare": "文字描述的两样东西有何异同",
        "definition": "文字中某个术语的含义",
        "summary": "用一两句话概括一段内容；quote 为该段原文",
        "absent": f"人们自然会问、但文字没有回答的问题；quote 为与之最接近的一句，answer 为“{ABSENT['zh']}”",
        "premise": "问题中含有错误的前提（与文字不同的数字、名称或条件）；答案指出错在哪里、正确的是什么",
    },
}
_AUDIENCE: dict[Language, dict[str, str]] = {
    "en": {"newcomer": "Questions come from newcomers and answers explain technical terms.",
           "expert": "Questions come from experts; answers are precise and use technical terms as the text does."},
    "zh": {"newcomer": "提问者是新手，答案要解释专业术语。",
           "expert": "提问者是专业人员，答案精确，沿用文字中的术语。"},
}  # fmt: skip
_TONE: dict[Language, dict[str, str]] = {
    "en": {"friendly": "Answers are friendly, in whole sentences.", "formal": "Answers are formal and impersonal.",
           "brief": "Answers are as brief as they can be."},
    "zh": {"friendly": "答案语气亲切，使用完整的句子。", "formal": "答案正式、客观。", "brief": "答案尽可能简短。"},
}  # fmt: skip
_LIKE: dict[Language, str] = {
    "en": "Write in the style of these examples. Take their style alone, never what they say:",
    "zh": "仿照以下例子的风格来写。只学风格，不要用其中的内容：",
}
_KINDS_HEAD: dict[Language, str] = {"en": "Write only these kinds, each where the text allows it:",
                                    "zh": "只写以下类型，文字允许时才写："}  # fmt: skip


def fact_kinds(kinds: Sequence[str]) -> tuple[str, ...]:
    """The kinds that are asked for together; conversations have a request of their own."""
    return tuple(kind for kind in kinds if kind != DIALOGUE) or USUAL


def wishes(
    language: Language, kinds: Sequence[str], audience: str, tone: str, examples: Sequence[tuple[str, str]]
) -> str:
    """What is added to a request; empty when nothing was chosen."""
    parts = []
    if tuple(kinds) != USUAL:
        parts.append("\n".join([_KINDS_HEAD[language], *(f'- "{k}": {_ASK[language][k]}' for k in kinds)]))
    parts += [
        words[language][chosen] for words, chosen in ((_AUDIENCE, audience), (_TONE, tone)) if chosen in words[language]
    ]
    if examples:
        parts.append(
            "\n".join(
                [
                    _LIKE[language],
                    *(f"- {' '.join(q.split())[:200]} → {' '.join(a.split())[:300]}" for q, a in examples),
                ]
            )
        )
    return "\n\n".join(parts)
