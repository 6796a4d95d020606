"""Asking a base model without the documents, as a job: continued after kill -9, and nothing is asked twice."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter

import pytest

from core import jobs, qa
from core.errors import UserError
from core.jobs import JobState
from core.qa.command import closed_book_command
from core.qa.selection import Filter
from core.serving.control import LEASE
from core.storage.fsck import fsck
from tests.fakes import model_server
from tests.fakes.ledger_rows import add_facts
from tests.fakes.shaped_model import shaped_model

pytestmark = pytest.mark.fault
FACTS, WORDINGS = 20, 4


def served(ws, model, says, delay_s=0.0):
    """The model server's place is taken by one that answers what it was told; returns where its questions are noted."""
    job = jobs.start(ws, "serve", {"model": str(model), "says": says, "delay_s": delay_s}, lease=LEASE, yields=True,
                     argv=model_server.ARGV)
    while not ws.job(job.id).endpoint.exists():
        time.sleep(0.05)
    return ws.job(job.id).dir / "asked.jsonl"


def asked(*logs):
    return [json.loads(line) for log in logs if log.exists() for line in log.read_text(encoding="utf-8").splitlines()]


def told(ws):
    """A model that knows the first fact in all wordings, and half of another one's."""
    pairs = qa.all_accepted(ws)
    return {p.question: p.answer if n < WORDINGS + 2 else "It holds 3 litres." for n, p in enumerate(pairs)}


def test_every_question_is_asked_once_though_the_job_is_killed(ws, tmp_path):
    add_facts(ws, FACTS, WORDINGS)
    model = shaped_model(tmp_path / "base")
    log = served(ws, model, told(ws), delay_s=0.25)
    for _ in range(2):
        before = len(asked(log))
        job = qa.start_closed_book(ws, str(model))
        with pytest.raises(UserError):
            qa.start_closed_book(ws, str(model))
        while len(asked(log)) < before + 10:
            time.sleep(0.02)
        os.kill(jobs.view(ws, job.id).pid, signal.SIGKILL)
        assert jobs.wait(ws, job.id, 60).state in (JobState.FAILED, JobState.INTERRUPTED)
        assert not [p for p in fsck(ws) if p.level == "error"]
    answered = qa.knowledge(ws).asked
    done = jobs.wait(ws, qa.start_closed_book(ws, str(model)).id, 60)
    assert done.state is JobState.DONE and 0 <= answered < FACTS * WORDINGS
    now = qa.knowledge(ws)
    assert (now.known, now.unknown, now.left) == (WORDINGS + 2, FACTS * WORDINGS - WORDINGS - 2, 0)
    assert done.result["known"] == now.known and qa.find_pairs(ws, Filter(known="known"))[1] == now.known
    times = Counter(asked(log))
    assert set(times) == {p.question for p in qa.all_accepted(ws)}
    assert sum(times.values()) - len(times) <= 2 * 48, "only what was in flight at a kill may be asked again"

    count = len(asked(log))
    assert closed_book_command(ws, str(model), lambda line: None) == 0
    assert len(asked(log)) == count, "nothing is asked of a model that has answered all"


def test_another_model_is_asked_anew_and_stopping_keeps_what_was_answered(ws, tmp_path):
    add_facts(ws, FACTS, WORDINGS)
    first = shaped_model(tmp_path / "base")
    log = served(ws, first, told(ws))
    assert jobs.wait(ws, qa.start_closed_book(ws, str(first)).id, 60).state is JobState.DONE
    knew = qa.knowledge(ws)
    pairs = qa.all_accepted(ws)
    rows = [[{"role": "user", "content": p.question}, {"role": "assistant", "content": p.answer}] for p in pairs]
    assert qa.before_scores(ws, str(first), rows) == qa.Before(len(rows), len(rows), knew.known)

    second = shaped_model(tmp_path / "other", layers=3)
    assert qa.before_scores(ws, str(second), rows) is None
    other = served(ws, second, "No idea.", delay_s=0.4)
    job = qa.start_closed_book(ws, str(second))
    while not asked(other):
        time.sleep(0.02)
    jobs.request_stop(ws, job.id)
    assert jobs.wait(ws, job.id, 60).state is JobState.STOPPED
    assert qa.knowledge(ws).model.label == "other" and qa.knowledge(ws).known == 0
    assert jobs.wait(ws, qa.start_closed_book(ws, str(second)).id, 60).state is JobState.DONE
    assert len(asked(other)) == FACTS * WORDINGS and qa.knowledge(ws).unknown == FACTS * WORDINGS

    served(ws, first, told(ws))
    assert jobs.wait(ws, qa.start_closed_book(ws, str(first)).id, 60).state is JobState.DONE
    assert qa.knowledge(ws) == knew and len(asked(log)) == FACTS * WORDINGS


def test_without_pairs_or_model_it_is_said(ws, tmp_path):
    with pytest.raises(UserError) as told_so:
        qa.start_closed_book(ws)
    assert told_so.value.key == "qa.error.no_pairs"
    add_facts(ws, 1)
    with pytest.raises(UserError):
        qa.start_closed_book(ws, str(tmp_path / "nothing"))
