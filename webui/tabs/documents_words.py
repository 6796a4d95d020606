"""What the viewer says of a document and of a page: state, how it was read, what to check, what is not asked about."""

from __future__ import annotations

from core import documents
from core.documents import LOCKED, DocumentInfo, PageInfo
from webui.components.words import plain
from webui.page import Call
from webui.tabs.documents_list import how_read, reason, snapshot, state_words

HARD_TO_READ = "documents.warning.hard_to_read"


def is_locked(document: DocumentInfo) -> bool:
    """Whether the document waits for its password."""
    return document.state == "failed" and (document.error or {}).get("key") in LOCKED


def head_words(call: Call, document: DocumentInfo) -> str:
    """The line under the name: state, how it was read, and the reason when it is not whole and that is not said below
    the list already."""
    words = " · ".join(filter(None, [state_words(call, document), how_read(call, document)]))
    said = document.error or document.warnings
    return f"{words} · {reason(call, document)}" if said and document.id not in snapshot(call).listed else words


def page_words(call: Call, page: PageInfo, total: int) -> str:
    """A page in the list of pages; pages to check are marked."""
    parts = [call.t("documents.ui.page_of", number=page.number, total=total)]
    if page.source != "text":
        percent = f" {round(100 * page.confidence)}%" if page.confidence is not None else ""
        parts.append(call.t(f"documents.ui.page_source.{page.source}") + percent)
    if page.corrected:
        parts.append(call.t("documents.ui.page_corrected"))
    if page.origin:
        parts.append(call.t("documents.ui.page_origin", label=page.origin[0], number=page.origin[1]))
    return ("! " if page.warnings else "") + " · ".join(parts)


def page_doubt(call: Call, page: PageInfo) -> str:
    """What to check on this page; empty when nothing."""
    said = []
    for warning in page.warnings:
        if warning["key"] == HARD_TO_READ and page.confidence is not None:
            said.append(call.t("documents.ui.check_page", percent=round(100 * page.confidence)))
        else:
            said.append(call.say(warning))
    return plain(" ".join(said))


def use_words(call: Call, id: str, number: int) -> tuple[str, bool]:
    """(what of the page questions are not written from, whether all of it is used); "" when all of it is."""
    kinds = list(dict.fromkeys(mark.kind for mark in documents.unused(call.ws, id).get(number, ())))
    return " ".join(call.t(f"documents.ui.unused.{kind}") for kind in kinds), not kinds


def next_doubtful(document: DocumentInfo, number: int) -> int:
    """The next page to check after this one, from the beginning again at the end; 0 when there is no other."""
    others = [page for page in document.doubtful if page != number]
    return next((page for page in others if page > number), others[0] if others else 0)
