"""Values that describe documents and their pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LOCKED = ("documents.error.locked", "documents.error.wrong_password")
"""Keys of the errors of a file that waits for a password."""
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
        doubtful: numbers of the pages that a person should look at: with a warning, neither corrected nor confirmed.
        ocr_pages, confidence: how many pages were read from their picture, and with what mean certainty (0 to 1).
        parts: the documents that this one was joined of, in order.
        part_of: the joined document that stands for this one.
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
    doubtful: tuple[int, ...] = ()
    ocr_pages: int = 0
    confidence: float | None = None
    parts: tuple[str, ...] = ()
    part_of: str | None = None

    @property
    def is_ready(self) -> bool:
        """Whether questions can be written from it; a part is asked about in the document that it was joined into."""
        return bool(self.done_pages) and self.part_of is None


@dataclass(frozen=True)
class PageInfo:
    """One page that was converted, or failed (then `chars` is 0 and `warnings` say why).

    Args:
        source: "text" (from the file), "ocr" (read from the picture) or "mixed".
        confidence: mean certainty of the letters read from the picture, 0 to 1; None for text.
        chars: length of its Markdown.
        corrected: its text was changed by hand.
        origin: label of the file that it came from, and its number there, for pages of joined documents.
    """

    number: int
    source: str = "text"
    confidence: float | None = None
    warnings: list[Message] = field(default_factory=list)
    chars: int = 0
    corrected: bool = False
    origin: tuple[str, int] | None = None
