"""Document operations that kill themselves at their k-th call that changes the disk (see `tests.fakes.kill_at`)."""

from __future__ import annotations

import sys

from core import documents
from core.documents import ConvertSettings
from core.documents.conversion import Conversion
from core.storage import Workspace
from tests.fakes.kill_at import acknowledge, arm


def add(ws: Workspace) -> None:
    """Imports the file that lies in the workspace."""
    for result in documents.import_files(ws, [(ws.root / "given.md", "given.md")]):
        acknowledge(result.document_id or "refused")


def convert(ws: Workspace) -> None:
    """Converts the one document, acknowledging each page."""
    [document] = documents.list_documents(ws)
    Conversion(ws, document.id, ConvertSettings(), "job-a", target="tests.fakes.converters:good",
               report=lambda done, total: acknowledge(str(done))).run()
    acknowledge("whole")


def correct(ws: Workspace) -> None:
    """Saves a correction of page 1."""
    [document] = documents.list_documents(ws)
    documents.save_page_markdown(ws, document.id, 1, "corrected\n")
    acknowledge("corrected")


def delete(ws: Workspace) -> None:
    """Deletes the one document."""
    [document] = documents.list_documents(ws)
    documents.delete_document(ws, document.id)
    acknowledge("deleted")


if __name__ == "__main__":
    arm(int(sys.argv[1]))
    globals()[sys.argv[2]](Workspace.default())
