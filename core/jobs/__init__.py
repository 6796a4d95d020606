"""Long work: a folder with a spec, processes of its own, a journal of events; state is computed from these.

Start, stop, resume and watch jobs with the functions below; a job's own code gets a `JobContext`.
"""

from core.jobs.context import JobContext, JobStopped
from core.jobs.control import delete, recover, request_stop, resume, start, wait
from core.jobs.history import events, log_tail, metrics
from core.jobs.lease import holder
from core.jobs.state import JobState, JobView, list_jobs, view

__all__ = ["JobContext", "JobState", "JobStopped", "JobView", "delete", "events", "holder", "list_jobs", "log_tail",
           "metrics", "recover", "request_stop", "resume", "start", "view", "wait"]
