"""Facts of a chunk by rules: what its sentences, lists, table rows, definitions and procedures state.

A fact's `statement` is a full sentence that names its subject (headings and previous sentences put pronouns right),
because a tuned model binds a value to the subject it was trained with. Several facts may share one statement and
differ in the `answer`, the value that a question asks for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from core.documents.pictures import masked
from core.qa.rules.attributes import attribute_fact, line_parts
from core.qa.rules.clauses import clauses, imperative, separable
from core.qa.rules.columns import column_name, is_many, other_script
from core.qa.rules.document import GENERIC_HEADING, about_document, document_subject, leans_on, points_elsewhere
from core.qa.rules.parts import Part, Span, parse_parts, plain, plain_heading, table_rows
from core.qa.rules.sections import section_facts
from core.qa.rules.sentences import resolve, split_at_verb, split_sentences, subject_of
from core.qa.rules.tables import table_facts
from core.qa.rules.values import find_values
from core.qa.types import Chunk, Fact

LABEL = re.compile(
    r"^(?:\*\*|__|`)?(?P<label>[^*_:：|.!?。]{1,60}?)(?:\*\*|__|`)?\s?(?:(?<!\d)[:：]|[:：](?!\d)|\s[–—-]\s)(?:\*\*|__)?\s*"
    r"(?P<text>\S.*)$",
    re.DOTALL,
)
CODE_LABEL = re.compile(
    r"^(?:(?:[Ee]rror|[Cc]ode|[Ff]ault|[Aa]larm|[Ss]tatus|错误|代码|故障|报警) ?)*"
    r"(?:[A-Z]{0,5}[-_ ]?[A-Z]?\d{1,6}[A-Za-z]?|[A-Z]{1,3}-?[A-Z0-9]{1,5}|0x\w+)$"
)
ADDRESS = re.compile(r"<?(?:https?://|www\.)[^\s/]+/\S+>?\.?\Z|(?:\.{0,2}/)?[\w.-]+/[\w./-]+\.(?:md|html?|pdf)\Z")
"""Where something lies on the web or in a folder: nothing that a model should learn by heart."""
LEFT_OPEN = re.compile(
    r"(?:This|These|Those|Such) (?!is\b|are\b)[a-z-]+(?: [a-z-]+)? |To [^,]+, we\b"
    r"|(?:But|And|Or|However|Therefore|Thus|Hence|Moreover|Furthermore|For example|For instance|In addition)\b")
"""What leans on the sentence before it, or says what the authors did."""
MARKED = re.compile(r"`[^`\n]+`|\*\*[^*\n]{1,40}\*\*")
LEAD_IN = re.compile(r"[:：]\s*(?:\*\*)?$")
UNREADABLE = re.compile(
    r"\$\$|\\[a-z]+\{|\\(?:frac|sum|theta|begin)|\$[A-Za-z\\][^$\n]{0,60}\$"
    r"|</?[a-z][a-z0-9]*\b[^<>]*>")
"""Formulas and HTML: no words to ask with."""
MOST_WORDS = 64
ASKED_IN_STEPS = ("number", "time", "money", "often", "date", "code")


@dataclass
class Context:
    """What earlier text says about the words to come."""

    language: str
    title: str
    heading: str
    subject: str = ""
    of_document: bool = False
    """Whether the sentence before spoke of the document itself."""

    @property
    def named(self) -> str:
        """What a pronoun stands for: the subject before it, else what the document is about."""
        return self.subject or document_subject(self.title, self.language) or self.title

    @property
    def owner(self) -> str:
        """What a bare property belongs to: the document's subject, unless the heading names something narrower."""
        if self.heading == self.title or GENERIC_HEADING.match(self.heading):
            return document_subject(self.title, self.language)
        return ""


def extract_facts(chunk: Chunk) -> list[Fact]:
    """All facts of a chunk in reading order; every quote is `chunk.text[start:end]`. Needs no model."""
    path = [plain_heading(h) for h in chunk.heading_path]
    context = Context(chunk.language, path[0] if path else "", path[-1] if path else "")
    facts: list[Fact] = []
    source = masked(chunk.text)  # as long as the text, but pictures, whose file names state nothing, are blanks
    parts = parse_parts(source)
    lead: Span | None = None
    header: tuple[Span, list[str]] | None = None
    for at, part in enumerate(parts):
        following = parts[at + 1].kind if at + 1 < len(parts) else ""
        if part.kind == "heading":
            context.heading, context.subject = plain_heading(part.span.text), ""
            lead = part.span if following == "list" and part.level == 7 else None
        elif part.kind == "paragraph":
            lead = _lead_in(part, following, context)
            facts += _paragraph(source, part.span, lead, context)
        elif part.kind == "table":
            rows = table_rows(part.pieces)
            if not rows:
                continue
            facts += table_facts(rows, context.heading, chunk.language, context.owner, header)
            header = rows[0]
            lead = None
        else:
            facts += _list(source, part, lead, context)
            lead = None
    facts += section_facts(source, parts, path[0] if path else "", path[-1] if path else "", chunk.language)
    kept = [f for f in _unique(facts) if not UNREADABLE.search(f.statement)]
    return kept if source == chunk.text else [replace(f, quote=chunk.text[f.start : f.end]) for f in kept]


def _lead_in(part: Part, following: str, context: Context) -> Span | None:
    """The last sentence of a paragraph when a list hangs on it."""
    if following not in ("list", "table") or not LEAD_IN.search(part.span.text):
        return None
    return split_sentences(part.span, context.language)[-1]


def _paragraph(source: str, span: Span, lead: Span | None, context: Context) -> list[Fact]:
    label = LABEL.match(span.text)
    if label and not lead and _is_label(label["label"]):
        return _definition(span, plain(label["label"]), label["text"], span.start + label.start("text"), context)
    if part := line_parts(plain(span.text), context.language):
        return [attribute_fact(span, *part, context.owner, context.language)]
    if context.heading.endswith(("?", "？")):
        return _faq(span, context)
    facts = []
    for sentence in split_sentences(span, context.language):
        if lead and sentence.start == lead.start:
            continue
        facts += _sentence(sentence, context)
    return facts


def _is_label(label: str) -> bool:
    words = plain(label).split()
    return 0 < len(words) <= 6 and not (words[0][:1].islower() and len(words) > 3) and "," not in label


def _sentence(sentence: Span, context: Context, statement: str = "") -> list[Fact]:
    text = statement or resolve(plain(sentence.text), context.named, context.language)
    if len(text) < 8 or text.endswith(("?", "？", ":", "：")) or (context.language == "en" and len(text.split()) < 3):
        return []
    bare = plain(sentence.text)
    text = re.sub(r"[；;]$", "。", text)
    context.of_document = about_document(bare, context.language) or (
        context.of_document and leans_on(bare, context.language)
    )
    if context.of_document or LEFT_OPEN.match(text):
        return []
    facts = []
    for single in _statements(text, context.language):
        subject = "" if context.language == "en" and imperative(single) else subject_of(single, context.language)
        context.subject = subject or _awaited(single) or context.subject
        facts += _facts_for(single, sentence, subject or context.heading, context.language)
    return facts


def _statements(text: str, language: str) -> list[str]:
    """The sentence, or each of its clauses as a sentence where they can stand alone."""
    parts = clauses(text) if language == "en" and '"' not in text and "“" not in text else []
    return [p.statement for p in parts] if separable(parts) else [text]


def _awaited(text: str) -> str:
    """What an instruction waits for: the next sentence's "it"."""
    match = re.search(r"^Wait (?:until (the .+?) (?:has|have|is|are)|for (the [\w -]+?)(?:,|\.|$))", text)
    return _capital(match[1] or match[2]) if match else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _facts_for(statement: str, quote: Span, subject: str, language: str, kind: str = "fact") -> list[Fact]:
    """One fact for each value of a statement; the whole predicate when there is none."""
    skip = subject if statement.startswith(subject) else ""
    marked = tuple(plain(m) for m in MARKED.findall(quote.text))
    answers = [plain(v.text).strip('"“”「」') for v in find_values(statement, language, skip, marked=marked)]
    if not answers:
        parts = split_at_verb(statement) if language == "en" and not imperative(statement) else None
        rest = parts[2] if parts else statement[len(skip) :]
        answers = [rest.strip(" .。") or statement]
    return [Fact(statement, quote.text, a, subject, quote.start, quote.end, kind) for a in answers]


def _definition(quote: Span, label: str, raw: str, at: int, context: Context) -> list[Fact]:
    """A line "label: text". Codes keep the label as their name; a short text becomes "The label is text"."""
    text = plain(raw)
    if ADDRESS.match(text) or text.endswith((":", "：")) or context.language == "en" and other_script(label, text):
        return []
    if CODE_LABEL.match(label):
        joint = "：" if context.language == "zh" else ": "
        return _code(f"{label}{joint}{text}", quote, label, text, context.language)
    short = not imperative(text) and (
        len(text.split()) <= 7 and not re.search(r"[.!?。！？]$", text) if context.language == "en" else len(text) <= 16
    )
    if short:
        statement = f"{label}是{text}。" if context.language == "zh" else _is_sentence(label, text)
        context.subject = label
        return [Fact(statement, quote.text, text, label, quote.start, quote.end, "label")]
    context.subject = label
    if len(text.split()) <= MOST_WORDS and label.lower() not in text.lower() and context.language == "en":
        return _facts_for(f"{label}: {text}", quote, label, context.language)
    if context.language == "zh" and len(text) <= 60 and not re.search(r"[。！？]", text.rstrip("。")):
        return _facts_for(f"{label}：{text}", quote, label, context.language)
    facts = []
    for sentence in split_sentences(Span(quote.text[at - quote.start :], at, quote.end), context.language):
        facts += _sentence(sentence, context)
    return facts


def _is_sentence(label: str, text: str) -> str:
    head = label if label.split()[0] in ("The", "Your") else column_name(label)
    verb = "are" if is_many(label) else "is"
    return f"{'' if head.lower().startswith(('the ', 'your ')) else 'The '}{head} {verb} {text}."


def _code(statement: str, quote: Span, label: str, text: str, language: str) -> list[Fact]:
    """Meaning and remedy of an error code: its first sentence, and the rest."""
    pieces = [s.text.strip(" .。") for s in split_sentences(Span(text, 0, len(text)), language)]
    facts = [Fact(statement, quote.text, pieces[0], label, quote.start, quote.end, "code")]
    if len(pieces) > 1:
        rest = text[text.index(pieces[1]) :].strip(" .。")
        facts.append(Fact(statement, quote.text, rest, label, quote.start, quote.end, "remedy"))
    return facts


def _faq(span: Span, context: Context) -> list[Fact]:
    """A heading that is a question: the paragraph answers it."""
    text = plain(span.text)
    if points_elsewhere(text):
        return []
    if len(text.split()) <= MOST_WORDS and len(text) <= 400:
        facts = _facts_for(text, span, context.heading, context.language)
        return [Fact(text, span.text, text, context.heading, span.start, span.end, "faq"), *facts]
    facts = []
    for sentence in split_sentences(span, context.language):
        facts += _sentence(sentence, context)
    return facts


def _list(source: str, part: Part, lead: Span | None, context: Context) -> list[Fact]:
    items = [plain(p.text) for p in part.pieces]
    intro = plain(lead.text).rstrip(":： ") if lead else ""
    if part.ordered and len(items) > 1:
        return _procedure(source, part, lead, intro or context.heading, items, context)
    total = sum(len(i.split()) for i in items) if context.language == "en" else sum(map(len, items)) // 2
    if intro and 1 < len(items) <= 10 and total <= MOST_WORDS and not any(_labelled(p.text) for p in part.pieces):
        return _enumeration(source, part, lead, intro, items, context)
    facts = []
    for piece, item in zip(part.pieces, items, strict=True):
        label = LABEL.match(piece.text)
        if label and _is_label(label["label"]):
            facts += _definition(
                piece, plain(label["label"]), label["text"], piece.start + label.start("text"), context
            )
            continue
        sentences = split_sentences(piece, context.language)
        joined = f"{intro}：{item}" if context.language == "zh" else f"{intro}: {item}"
        whole = len(item.split()) < 3 if context.language == "en" else len(item) < 8
        if intro and (whole or not re.search(r"[.。!！]$", item)):
            facts += _facts_for(joined, piece, intro, context.language)
            continue
        for sentence in sentences:
            facts += _sentence(sentence, context)
    return facts


def _labelled(text: str) -> bool:
    match = LABEL.match(text)
    return bool(match and _is_label(match["label"]))


def _enumeration(
    source: str, part: Part, lead: Span | None, intro: str, items: list[str], context: Context
) -> list[Fact]:
    """A short list under its lead-in: one statement that names all items."""
    start = lead.start if lead else part.span.start
    quote = Span(source[start : part.span.end], start, part.span.end)
    bare = [i.rstrip(".;,。；，") for i in items]
    if context.language == "zh":
        statement, answer = f"{intro}：{'、'.join(bare)}。", "、".join(bare)
    else:
        answer = f"{', '.join(bare[:-1])} and {bare[-1]}"
        statement = f"{intro}: {answer}."
    facts = [Fact(statement, quote.text, answer, intro, start, quote.end, "list")]
    return facts + [Fact(statement, quote.text, b, intro, start, quote.end, "item") for b in bare[:4]]


def _procedure(source: str, part: Part, lead: Span | None, goal: str, items: list[str], context: Context) -> list[Fact]:
    """A numbered list: one statement with all steps, or one for each step when the whole is too long to learn."""
    start = lead.start if lead else part.span.start
    quote = Span(source[start : part.span.end], start, part.span.end)
    zh = context.language == "zh"
    steps = [i.rstrip(".;。；") for i in items]
    pieces = [_with_marker(source, piece) for piece in part.pieces]
    numbers = _step_numbers(pieces)
    whole = (f"{goal}：" if zh else f"{goal}: ") + ("；" if zh else "; ").join(
        f"{n}. {s}" for n, s in zip(numbers, steps, strict=True)
    )
    facts = [
        Fact(
            f"{whole}{'。' if zh else '.'}",
            quote.text,
            ("；" if zh else "; ").join(steps),
            goal,
            start,
            quote.end,
            "howto",
        )
    ]
    size = len(whole) // 2 if zh else len(whole.split())
    for number, piece, step in zip(numbers, pieces, steps, strict=True):
        facts += _step(piece, step, number, goal, context, bare=size > MOST_WORDS)
    return facts if size <= MOST_WORDS * 2 else facts[1:]


def _with_marker(source: str, piece: Span) -> Span:
    """The item with its "3. ": the quote of a step shows which one it is."""
    line = source[source.rfind("\n", 0, piece.start) + 1 : piece.start]
    start = piece.start - len(line.lstrip())
    return Span(source[start : piece.end], start, piece.end)


def _step_numbers(pieces: list[Span]) -> list[int]:
    """The numbers as they stand in the text when they rise, else 1, 2, …"""
    found = [int(m[0]) for p in pieces if (m := re.match(r"\d{1,4}", p.text))]
    rising = len(found) == len(pieces) and all(a < b for a, b in zip(found, found[1:], strict=False))
    return found if rising else list(range(1, len(pieces) + 1))


def _step(piece: Span, step: str, number: int, goal: str, context: Context, bare: bool) -> list[Fact]:
    """A step under its goal, one fact for each value; without a value only if `bare`. A second sentence stands alone.

    The kind "step:<n>:<goal>" lets the question speak of the goal.
    """
    zh = context.language == "zh"
    first, *rest = split_sentences(Span(step, 0, len(step)), context.language)
    text = first.text.rstrip(".。")
    statement = f"{goal}，第{number}步：{text}。" if zh else f"{goal}, step {number}: {text}."
    values = [v for v in find_values(text, context.language) if v.kind in ASKED_IN_STEPS]
    made = [Fact(statement, piece.text, v.text, goal, piece.start, piece.end, f"step:{number}") for v in values]
    if not made and bare:
        made = [Fact(statement, piece.text, text, goal, piece.start, piece.end, f"step:{number}")]
    context.subject = "" if zh else _awaited(text)
    for other in rest:
        at = piece.text.find(other.text)
        if at >= 0:
            quote = Span(other.text, piece.start + at, piece.start + at + len(other.text))
            whole = other.text if re.search(r"[.!?。！？]$", other.text) else other.text + ("。" if zh else ".")
            made += _sentence(quote, context, resolve(plain(whole), context.named, context.language))
    return made


def _unique(facts: list[Fact]) -> list[Fact]:
    seen: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        seen.setdefault((fact.statement, fact.answer), fact)
    return list(seen.values())
