"""Values that describe documents and their pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]  # {"key": …, "params": {…}} of the message catalogue


@dataclass(frozen=True)
class ImportResult:
    """What became of one given file.

    Args:
        document_id: the document; also for a file that was there already, None when it was refused.
        error: why it was refused, or that it was there already.
    """

    document_id: str | None
    label: str
    error: Message | None = None


@dataclass(frozen=True)
class DocumentInfo:
    """One document as it is now.

    Args:
        kind: one of `core.documents.detect.KINDS`: pdf, docx, xlsx, html, md, txt, png, doc and others.
        state: "new"; "converting"; "stopped" (some pages are there); "done"; "partial" (some pages failed); "failed".
        pages: number of pages, None while unknown; long documents without pages count sections.
        done_pages: pages that can be read.
        language: "en", "zh" or "other" by its text, "" while unknown.
        job_id: the last conversion.
    """

    id: str
    label: str
    kind: str
    bytes: int
    sha256: str
    state: str = "new"
    pages: int | None = None
    done_pages: int = 0
    language: str = ""
    warnings: list[Message] = field(default_factory=list)
    error: Message | None = None
    job_id: str | None = None


@dataclass(frozen=True)
class PageInfo:
    """One page that was converted, or failed (then `chars` is 0 and `warnings` say why).

    Args:
        source: "text" (from the file), "ocr" (read from the picture) or "mixed".
        confidence: mean certainty of the letters read from the picture, 0 to 1; None for text.
        chars: length of its Markdown.
    """

    number: int
    source: str = "text"
    confidence: float | None = None
    warnings: list[Message] = field(default_factory=list)
    chars: int = 0
