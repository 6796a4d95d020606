"""Documents in a workspace without conversion: Markdown files, imported and converted by the real code."""

from __future__ import annotations

from pathlib import Path

from core import documents, jobs
from core.storage import Workspace


def add_markdown(ws: Workspace, folder: Path, name: str, text: str) -> str:
    """Imports and converts a Markdown file; returns the document's id."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    [result] = documents.import_files(ws, [(path, name)])
    assert result.document_id, result.error
    job = documents.start_convert(ws, [result.document_id], documents.ConvertSettings())
    ended = jobs.wait(ws, job.id, 120)
    assert ended.state is jobs.JobState.DONE, ended
    return result.document_id


def handbook(sections: int) -> str:
    """A fictional handbook: every section states four facts with numbers of its own."""
    return "# Quillmere pump handbook\n\n" + "\n".join(
        f"## Station {n}\n\nThe pump of station {n} delivers {n * 3 + 40} litres per minute at {n + 2} bar. "
        f"Its filter is replaced after {n * 5 + 100} hours of operation by the night shift. "
        f"Staff of station {n} open valve number {n + 700} before every start of the engine. "
        f"The alarm of station {n} sounds when the tank holds more than {n * 11 + 900} litres of water.\n"
        for n in range(1, sections + 1)
    )
