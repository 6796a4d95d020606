"""The conversion job: as many documents at a time as there are slots. A bad document does not stop the others."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from core.documents import record
from core.documents.conversion import Conversion
from core.documents.crew import Stopped
from core.documents.settings import ConvertSettings
from core.documents.slots import Slots
from core.documents.starting import PASSWORD
from core.errors import UserError
from core.jobs import JobContext


def run(job: JobContext) -> None:
    """Handler of the kind "convert". Parameters: ``ids``, ``settings``, and ``page`` to read a single one anew."""
    batch = _Batch(job, ConvertSettings.load(job.params["settings"]))
    job.phase("pages")
    with ThreadPoolExecutor(batch.slots.most) as pool:
        ended = [pool.submit(batch.convert, id) for id in batch.totals]
    job.check_stop()
    states = [one.result() for one in ended]
    job.result(**{state: states.count(state) for state in set(states)})


@dataclass
class _Batch:
    """All documents of one job. `totals` are finished and all pages of each."""

    job: JobContext
    settings: ConvertSettings
    slots: Slots = field(default_factory=Slots)
    totals: dict[str, tuple[int, int]] = field(init=False)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        documents = (self.job.ws.document(id) for id in self.job.params["ids"])
        self.totals = {paths.id: (0, record.fold(paths).total or 1) for paths in documents}

    def convert(self, id: str) -> str:
        """Converts a document and returns its state, "stopped" when the job was asked to stop."""
        job = self.job
        if job.should_stop():
            return "stopped"
        work = Conversion(job.ws, id, self.settings, job.id, password=os.environ.get(PASSWORD, ""),
                          should_stop=job.should_stop, report=lambda done, total: self._report(id, done, total),
                          only=job.params.get("page"), slots=self.slots, log=lambda text: print(text, file=sys.stderr))
        try:
            state = work.run()
        except Stopped:
            return "stopped"
        except UserError as error:  # deleted meanwhile, or being converted by another job
            state = "failed"
            job.warn(error.key, **error.params)
        job.item(document=id, state=state)
        return state

    def _report(self, id: str, done: int, total: int) -> None:
        with self.lock:
            self.totals[id] = (done, total)
            self.job.progress(sum(d for d, _ in self.totals.values()), sum(t for _, t in self.totals.values()), "pages")
