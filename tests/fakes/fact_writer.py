"""Replies of a helper that reads the text between the marks and writes one fact a sentence."""

from __future__ import annotations

import json
import re

from tests.fakes.llm_replies import Step


def fenced(messages: list[dict[str, str]]) -> str:
    """The text that a request shows as data."""
    mark = re.search(r"<<<(TEXT-[0-9a-f]{12})\n(.*?)\n\1>>>", messages[-1]["content"], re.DOTALL)
    assert mark, "the request has no data marks"
    return mark[2]


def sentences(text: str) -> list[str]:
    """Sentences that state something, headings left out."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [s.strip() for s in re.split(r"(?<=[.。])\s*", " ".join(lines)) if len(s.strip()) > 12]


def facts(messages: list[dict[str, str]], wordings: int = 3) -> list[dict[str, object]]:
    """One fact a sentence, with several wordings."""
    forms = (
        "What is known about {}?",
        "Tell me what holds for {}, briefly: which facts?",
        "Could you explain {} to a newcomer?",
        "As for {}: what should I remember?",
    )
    found = []
    for sentence in sentences(fenced(messages)):
        topic = " ".join(sentence.rstrip(".").split()[:6])
        found.append(
            {
                "quote": sentence,
                "answer": sentence,
                "kind": "fact",
                "questions": [form.format(topic) for form in forms[:wordings]],
            }
        )
    return found


def good(messages: list[dict[str, str]]) -> Step:
    """A well-formed reply."""
    return Step(json.dumps({"facts": facts(messages)}))
