"""A section as one answer: what its first paragraphs say together, asked for by the heading.

Single facts are learned better when the model has also seen them side by side: benchmarks/README.md, section Effect.
"""

from __future__ import annotations

import re

from core.qa.rules.columns import column_name
from core.qa.rules.document import COMMON_HEADING, GENERIC_HEADING, about_document, document_subject, leans_on
from core.qa.rules.parts import Part, Span, plain, plain_heading
from core.qa.rules.sentences import split_sentences
from core.qa.rules.verbs_en import lower
from core.qa.types import Fact

KIND = "section"
LEAST = {"en": 12, "zh": 24}
MOST = {"en": 80, "zh": 160}
"""Length of an answer, in words (English) or characters (Chinese)."""


def section_facts(source: str, parts: list[Part], title: str, heading: str, language: str) -> list[Fact]:
    """One fact of the kind "section" for each heading whose paragraphs hold at least two sentences."""
    facts: list[Fact] = []
    run: list[Span] = []
    for part in [*parts, None]:
        if part is not None and part.kind == "paragraph" and not re.search(r"[:：]\s*\**$", part.span.text):
            run.append(part.span)
            continue
        if run and heading and not GENERIC_HEADING.match(heading) and not heading.endswith(("?", "？")):
            name = document_subject(title, language) if heading == title else _named(heading, title, language)
            facts += _fact(source, run, name, language)
        run = []
        # What follows a list or a table under the same heading seldom stands for the whole section.
        heading = plain_heading(part.span.text) if part is not None and part.kind == "heading" else ""
    return facts


def section_questions(subject: str, language: str) -> list[str]:
    """Questions for a whole section."""
    if language == "zh":
        return [f"请介绍一下{subject}。", f"关于{subject}，需要了解什么？", f"{subject}有哪些要点？"]
    name = lower(subject)
    return [f"Tell me about {name}.", f"What should I know about {name}?", f"What is important about {name}?"]


def _named(heading: str, title: str, language: str) -> str:
    """A heading that many documents have, with what the document is about; "" when its title does not tell."""
    if not COMMON_HEADING.match(heading):
        return heading
    about = document_subject(title, language) or title
    if not title or COMMON_HEADING.match(title) or len(about.split()) > 6 or len(about) > 50:
        return ""
    if language == "zh":
        return f"{about}的{heading}"
    small = column_name(heading)
    return f"{small} with {about}" if re.match(r"\w+ing\b", heading) else f"the {small} of {about}"


def _fact(source: str, run: list[Span], name: str, language: str) -> list[Fact]:
    chosen: list[Span] = []
    size = 0
    for sentence in (s for span in run for s in split_sentences(span, language)):
        text = plain(sentence.text)
        length = len(text) if language == "zh" else len(text.split())
        if about_document(text, language) or not chosen and leans_on(text, language):
            if chosen:
                break
            continue
        if size + length > MOST[language]:
            break
        chosen.append(sentence)
        size += length
    if len(chosen) < 2 or size < LEAST[language] or not name:
        return []
    start, end = chosen[0].start, chosen[-1].end
    text = ("" if language == "zh" else " ").join(plain(s.text).strip() for s in chosen)
    text = text if re.search(r"[.!?。！？]$", text) else text + ("。" if language == "zh" else ".")
    return [Fact(text, source[start:end], text, name, start, end, KIND)]
