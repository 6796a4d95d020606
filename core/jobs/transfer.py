"""Bytes on their way, in either direction: how many, of how many, and how fast."""

from __future__ import annotations

import time

from core.jobs.context import JobContext

_REPORT_SECONDS = 0.5


class Transfer:
    """Reports bytes and speed of a transfer to the job, at most twice a second."""

    def __init__(self, job: JobContext, total: int) -> None:
        self.job, self.total = job, total
        self.started, self.first = time.monotonic(), -1
        self.reported = 0.0
        self.before = 0

    def __call__(self, done: int) -> None:
        """`done` bytes are there, besides the `before` bytes of files that are finished."""
        done += self.before
        now = time.monotonic()
        if self.first < 0:
            self.first = done
        if now - self.reported < _REPORT_SECONDS and done < self.total:
            return
        self.reported = now
        speed = (done - self.first) / max(now - self.started, 0.1)
        self.job.progress(done, self.total, "bytes")
        self.job.metric(bytes_per_second=round(speed))
