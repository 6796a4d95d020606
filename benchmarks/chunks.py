"""A document cut at its headings: the chunks that experiments work on without the product's documents store."""

from __future__ import annotations

import hashlib
import re

from core.qa.types import Chunk, Language


def simple_chunks(markdown: str, label: str) -> list[Chunk]:
    """One chunk a section; headings become the path."""
    language: Language = "zh" if len(re.findall(r"[\u4e00-\u9fff]", markdown)) > len(markdown) / 5 else "en"
    chunks: list[Chunk] = []
    path: list[str] = []
    lines: list[str] = []

    def flush() -> None:
        text = "\n".join(lines).strip("\n")
        if text.strip():
            name = hashlib.sha256(("/".join(path) + text).encode()).hexdigest()[:16]
            chunks.append(Chunk(name, "doc-local", label, tuple(path), 1, 1, text, language))
        lines.clear()

    for line in markdown.splitlines():
        match = re.match(r"^(#{1,6})\s+(.*)", line)
        if match:
            flush()
            path[:] = [*path[: len(match[1]) - 1], match[2]]
        else:
            lines.append(line)
    flush()
    return chunks
