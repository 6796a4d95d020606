"""Starts the conversion job."""

from __future__ import annotations

from collections.abc import Sequence

from core import jobs
from core.documents import record
from core.documents.detect import PAGED
from core.documents.engines import engine_environment, require_engine
from core.documents.library import known_ids
from core.documents.settings import ConvertSettings
from core.errors import UserError
from core.storage import Workspace, new_id

PASSWORD = "DOCTUNE_DOCUMENT_PASSWORD"


def start_convert(ws: Workspace, ids: Sequence[str], settings: ConvertSettings, password: str = "") -> jobs.JobView:
    """Converts documents in a job of their own; pages that were converted with equal settings are kept.

    Args:
        password: for encrypted PDF files; handed to the job by its environment and never stored.

    Raises UserError when none of the documents exists or all are being converted already, or the engine is missing.
    """
    require_engine(ws, settings)
    known = [id for id in known_ids(ws, ids) if record.load_spec(ws.document(id))["kind"] != record.JOINED]
    free = [id for id in known if not record.is_converting(ws, record.fold(ws.document(id)))]
    if not free:
        raise UserError("documents.error.converting" if known else "documents.error.missing")
    job_id = new_id("job")
    for id in free:
        record.append(ws.document(id), "sitting", job=job_id, recipe=settings.recipe)
    params = {"ids": free, "settings": settings.model_dump()}
    env = engine_environment() | ({PASSWORD: password} if password else {})
    return jobs.start(ws, "convert", params, id=job_id, title="convert", env=env or None)


def start_page(ws: Workspace, id: str, number: int, settings: ConvertSettings | None = None) -> jobs.JobView:
    """Reads one page anew, in a job of its own; the other pages stay as they are.

    Args:
        settings: how; by default from its picture with the built-in engine.

    Raises UserError when there is no such page, the kind of document has no pictures, it is being converted, or the
    engine is missing.
    """
    settings = settings or ConvertSettings(ocr="always")
    require_engine(ws, settings)
    paths = ws.document(id)
    known = record.fold(paths)
    if record.load_spec(paths)["kind"] not in PAGED or number not in known.pages:
        raise UserError("documents.error.missing")
    if record.is_converting(ws, known):
        raise UserError("documents.error.converting")
    job_id = new_id("job")
    record.append(paths, "sitting", job=job_id, recipe=known.recipe)
    params = {"ids": [id], "page": number, "settings": settings.model_dump()}
    return jobs.start(ws, "convert", params, id=job_id, title="convert", env=engine_environment() or None)
