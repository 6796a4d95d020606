"""What the Q&A step says: the primary button, advice by count, table rows, evidence with its quote marked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from core import documents, jobs, models, qa
from core.documents import DocumentInfo, masked
from core.llm import HelperSettings
from core.models import STARTER_ID
from core.qa import Change, Counts, Knowledge, Pair
from webui.components.pictures import marked_for_browser
from webui.components.words import plain, size
from webui.page import Call

FEW, ENOUGH = 25, 50
CONTEXT = 260
WARNINGS_SHOWN = 3
KINDS = ("fact", "label", "list", "item", "howto", "step", "code", "remedy", "faq", "row", "section", "cell",
         "attribute", "why", "compare", "definition", "summary", "dialogue", "absent", "premise")
TITLE_SIGNS = re.compile(r"^#{1,6}\s+", re.MULTILINE)


@dataclass(frozen=True)
class Situation:
    """What is there to build from, what was built, and what is at work."""

    ready: list[DocumentInfo]
    counts: Counts
    build: jobs.JobView | None
    starter: bool

    @property
    def working(self) -> jobs.JobView | None:
        """The build that runs, if one does; it fetches the starter model itself."""
        return self.build if self.build is not None and not self.build.state.is_terminal else None

    @property
    def whole(self) -> bool:
        """Every chunk that was looked at has been written about."""
        done = self.build is not None and self.build.state is jobs.JobState.DONE
        return done and self.counts.chunks_done >= self.counts.chunks_total

    def asked(self) -> set[str]:
        """Documents of the last build; all of them when it named none."""
        named = self.build.params.get("settings", {}).get("documents", ()) if self.build else ()
        return set(named) if named or not self.build else {d.id for d in self.ready}


def situation(call: Call) -> Situation:
    """The present state, read from disk."""
    ready = [d for d in documents.list_documents(call.ws) if d.is_ready and d.state != "converting"]
    build = next(iter(jobs.list_jobs(call.ws, "build")), None)
    return Situation(ready, qa.counts(call.ws), build, models.installed(call.ws, STARTER_ID) is not None)


def needs_starter(now: Situation, ticked: list[str], kind: str) -> bool:
    """Whether the built-in helper must be fetched first; Chinese documents are written about by rules alone."""
    return kind == "builtin" and not now.starter and any(d.language != "zh" for d in now.ready if d.id in ticked)


def buttons(call: Call, now: Situation, ticked: list[str], helper: HelperSettings) -> tuple[dict[str, Any], bool]:
    """(the write button, whether "Next" is the primary button)."""
    if now.working:
        return {"value": call.t("qa.ui.writing"), "interactive": False, "variant": "primary"}, False
    missing = _missing(now, ticked, helper)
    if missing:
        return {"value": call.t(missing), "interactive": False, "variant": "primary"}, now.counts.total > 0
    if written(now, ticked):
        return {"value": call.t("qa.ui.again"), "interactive": True, "variant": "secondary"}, True
    if needs_starter(now, ticked, helper.kind):
        words = call.t("qa.ui.fetch_and_write", size=size(download_size()))
    else:
        words = call.t("qa.ui.continue" if now.counts.total and not now.whole else "qa.ui.write")
    return {"value": words, "interactive": True, "variant": "primary"}, False


def written(now: Situation, ticked: list[str]) -> bool:
    """Whether every chunk of the chosen documents has its pairs: the button then writes them again."""
    return bool(now.whole and now.counts.total and set(ticked) <= now.asked())


def download_size() -> int:
    """Bytes that fetching the starter model takes, about."""
    entry = models.find(STARTER_ID)
    return entry.package.bytes if entry.package else entry.bytes


def _missing(now: Situation, ticked: list[str], helper: HelperSettings) -> str:
    if not now.ready:
        return "qa.ui.no_documents"
    if not ticked:
        return "qa.ui.choose_documents"
    if helper.kind == "openai" and not helper.base_url:
        return "qa.ui.choose_address"
    if helper.kind != "builtin" and not helper.model:
        return "qa.ui.choose_model"
    return ""


def honest(call: Call, now: Situation, ticked: list[str], kind: str) -> str:
    """What to expect of the chosen helper with these documents."""
    if kind != "builtin":
        return call.t("qa.ui.honest.service")
    languages = {d.language for d in now.ready if d.id in ticked}
    key = "zh" if languages == {"zh"} else "both" if "zh" in languages else "en"
    return call.t(f"qa.ui.honest.{key}")


def estimate_words(call: Call, found: qa.Estimate) -> str:
    """What a build will take."""
    if not found.chunks:
        return call.t("qa.ui.estimate_nothing")
    numbers = {"requests": f"{found.requests:,}", "sent": f"{_round(found.tokens_in):,}",
               "received": f"{_round(found.tokens_out):,}"}
    words = call.t("qa.ui.estimate", **numbers)
    return f"{words} {call.t('qa.ui.estimate_cost', cost=f'{found.cost:,.2f}')}" if found.cost else words


def _round(number: int) -> int:
    """Two significant digits: more would promise what no estimate knows."""
    digits = max(0, len(str(number)) - 2)
    return round(number, -digits)


def summary(call: Call, counts: Counts, now: Knowledge | None = None) -> tuple[str, str]:
    """(text, class of its colour): how many pairs there are, what the model knows of them, and what that is good
    for."""
    if not counts.total:
        return "", "hint"
    words = f"**{call.t('qa.ui.total', count=counts.total)}** · {call.t('qa.ui.facts', count=counts.facts)}"
    if counts.rejected:
        words += " · " + call.t("qa.ui.refused", count=counts.rejected)
    if now is not None and now.asked:
        words += " · " + call.t("known.ui.summary", model=plain(now.model.label), known=f"{now.known:,}",
                                asked=f"{now.asked:,}")
    if counts.total < FEW:
        return f"{words}\n\n{call.t('qa.ui.advice.few', count=counts.total)}", "blocker"
    if counts.total < ENOUGH:
        return f"{words}\n\n{call.t('qa.ui.advice.some', count=counts.total)}", "doubt"
    return words, "ok"


def trouble(call: Call, build: jobs.JobView | None) -> str:
    """Warnings of the last build, a few of them."""
    said = [plain(say(call, w)) for w in build.warnings] if build else []
    said = filled(call, build) + said
    more = [call.t("qa.ui.more_warnings", count=len(said) - WARNINGS_SHOWN)] if len(said) > WARNINGS_SHOWN else []
    return "\n\n".join(said[:WARNINGS_SHOWN] + more)


def filled(call: Call, build: jobs.JobView | None) -> list[str]:
    """What came of asking about the passages that were not used; empty for other builds."""
    if build is None or not build.result or build.params.get("settings", {}).get("scope") != "gaps":
        return []
    key = "qa.ui.gaps_filled" if build.result.get("added", 0) > 0 else "qa.ui.gaps_nothing"
    return [call.t(key, added=build.result.get("added", 0), passages=build.result.get("passages", 0))]


def say(call: Call, message: dict[str, Any]) -> str:
    """A stored message whose params may hold messages themselves."""
    params = {name: say(call, value) if isinstance(value, dict) and "key" in value else value
              for name, value in message.get("params", {}).items()}
    return call.t(message["key"], **params)


def kind_name(call: Call, kind: str) -> str:
    """The type of a pair in words."""
    return call.t(f"qa.kind.{kind}") if kind in KINDS else kind


def change_words(call: Call, change: Change) -> str:
    """The last step, which can be taken back."""
    params = {name: plain(str(value)) for name, value in change.params.items()}
    return call.t(f"qa.ui.did.{change.kind}", count=change.rows, **params)


def row_cells(call: Call, pair: Pair) -> list[Any]:
    """A row of the table: tick, question, answer, and where it comes from or why it lies where it does, with what the
    model knows of it."""
    why = pair.reason or pair.doubt
    last = f"{call.t(f'qa.gate.{why}')} — {source(call, pair)}" if why else source(call, pair)
    last += f" · {call.t(f'known.badge.{pair.known}')}" if pair.known else ""
    asked = " → ".join([*(turn[0] for turn in pair.earlier), pair.question])
    return [False, asked, pair.answer, f"✓ {last}" if pair.confirmed else last]


def source(call: Call, pair: Pair) -> str:
    """Document and page of the evidence."""
    return call.t("qa.ui.source", label=pair.evidence.label, page=pair.evidence.page)


def evidence(call: Call, pair: Pair) -> str:
    """The evidence in its surroundings, the quote marked; derived text is escaped."""
    found = pair.evidence
    text, start, end = _quoted(call, pair)
    head = f"**{plain(source(call, pair))}**\n\n"
    if start < 0 or not text:
        return f"{head}<mark>{_bare(found.quote)}</mark>"
    before, after = text[max(0, start - CONTEXT):start], text[end:end + CONTEXT]
    dots = ("… " if start > CONTEXT else "", " …" if len(text) > end + CONTEXT else "")
    return f"{head}{dots[0]}{_bare(before)} <mark>{_bare(found.quote)}</mark> {_bare(after)}{dots[1]}"


def evidence_picture(call: Call, pair: Pair) -> str | None:
    """Path of the part of the page's picture that shows the quote, marked; None where the quote is not found on it."""
    found = pair.evidence
    _, start, end = _quoted(call, pair)
    picture = documents.page_image(call.ws, found.document_id, found.page) if start >= 0 else None
    places = documents.places_of(call.ws, found.document_id, found.page, start, end) if picture else []
    return marked_for_browser(call.ws, picture, places, cut=True) if picture and places else None


def _quoted(call: Call, pair: Pair) -> tuple[str, int, int]:
    """(text of the page, start and end of the quote in it); start is -1 when it does not stand there any more."""
    found = pair.evidence
    known = {d.id for d in documents.list_documents(call.ws)}
    text = documents.page_markdown(call.ws, found.document_id, found.page) if found.document_id in known else ""
    if text and text[found.start:found.end] == found.quote:
        return text, found.start, found.end
    start = text.find(found.quote)
    return text, start, start + len(found.quote)


def _bare(text: str) -> str:
    """Markdown as running text: without the signs of titles and bold, escaped."""
    return plain(TITLE_SIGNS.sub("", masked(text)).replace("**", ""))
