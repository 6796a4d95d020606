"""A model is fetched onto an Ollama server by a job: progress in bytes, one at a time, faults in words."""

from __future__ import annotations

import pytest

from core import jobs
from core.errors import UserError
from core.jobs import JobState
from core.llm import HelperSettings, start_pull
from tests.fakes.llm_server import FakeLLM

pytestmark = pytest.mark.fault


def helper(fake, model="fake", kind="ollama"):
    return HelperSettings(kind=kind, base_url=fake.url, model=model)


def test_a_model_is_fetched_with_progress_and_only_once_at_a_time(ws):
    with FakeLLM(delay_s=0.15) as fake:
        first = start_pull(ws, helper(fake))
        assert start_pull(ws, helper(fake)).id == first.id
        done = jobs.wait(ws, first.id, 60)
    assert done.state is JobState.DONE and done.result["model"] == "fake"
    assert (done.done, done.total, done.unit) == (2000, 2000, "bytes")
    assert [r["body"].get("model") for r in fake.requests if r["path"] == "/api/pull"] == ["fake"]


def test_a_model_that_the_library_lacks_is_named(ws):
    with FakeLLM() as fake:
        failed = jobs.wait(ws, start_pull(ws, helper(fake, "missing")).id, 60)
        assert (failed.state, failed.error["key"]) == (JobState.FAILED, "pull.error.no_such_model")
        with pytest.raises(UserError) as told:
            start_pull(ws, helper(fake, kind="openai"))
    assert told.value.key == "pull.error.not_ollama"


def test_it_stops_when_asked(ws):
    with FakeLLM(delay_s=1.0) as fake:
        job = start_pull(ws, helper(fake))
        jobs.request_stop(ws, job.id)
        assert jobs.wait(ws, job.id, 60).state is JobState.STOPPED
