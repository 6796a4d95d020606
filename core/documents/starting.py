"""Starts the conversion job."""

from __future__ import annotations

from collections.abc import Sequence

from core import jobs
from core.documents import record
from core.documents.library import known_ids
from core.documents.settings import ConvertSettings
from core.errors import UserError
from core.storage import Workspace, new_id

PASSWORD = "DOCTUNE_DOCUMENT_PASSWORD"


def start_convert(ws: Workspace, ids: Sequence[str], settings: ConvertSettings, password: str = "") -> jobs.JobView:
    """Converts documents in a job of their own; pages that were converted with equal settings are kept.

    Args:
        password: for encrypted PDF files; handed to the job by its environment and never stored.

    Raises UserError when none of the documents exists or all are being converted already.
    """
    known = known_ids(ws, ids)
    free = [id for id in known if not record.is_converting(ws, record.fold(ws.document(id)))]
    if not free:
        raise UserError("documents.error.converting" if known else "documents.error.missing")
    job_id = new_id("job")
    for id in free:
        record.append(ws.document(id), "sitting", job=job_id, recipe=settings.recipe)
    params = {"ids": free, "settings": settings.model_dump()}
    return jobs.start(ws, "convert", params, id=job_id, title="convert", env={PASSWORD: password} if password else None)
