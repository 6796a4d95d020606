"""The conversion job: its documents one after the other. A bad document does not stop the others."""

from __future__ import annotations

import os
import sys

from core.documents import record
from core.documents.conversion import Conversion, Stopped
from core.documents.settings import ConvertSettings
from core.documents.starting import PASSWORD
from core.errors import UserError
from core.jobs import JobContext, JobStopped


def run(job: JobContext) -> None:
    """Handler of the kind "convert". Parameters: ``ids``, ``settings``, and ``page`` to read a single one anew."""
    settings = ConvertSettings.load(job.params["settings"])
    totals: dict[str, tuple[int, int]] = {}
    states: dict[str, str] = {}
    for id in job.params["ids"]:
        known = record.fold(job.ws.document(id))
        totals[id] = (0, known.total or 1)
    job.phase("pages")
    for id in totals:
        job.check_stop()

        def report(done: int, total: int, id: str = id) -> None:
            totals[id] = (done, total)
            job.progress(sum(d for d, _ in totals.values()), sum(t for _, t in totals.values()), "pages")

        work = Conversion(job.ws, id, settings, job.id, password=os.environ.get(PASSWORD, ""),
                          should_stop=job.should_stop, report=report, only=job.params.get("page"),
                          log=lambda text: print(text, file=sys.stderr))
        try:
            states[id] = work.run()
        except Stopped:
            raise JobStopped from None
        except UserError as error:  # deleted meanwhile, or being converted by another job
            states[id] = "failed"
            job.warn(error.key, **error.params)
        job.item(document=id, state=states[id])
    job.result(**{state: sum(s == state for s in states.values()) for state in set(states.values())})
