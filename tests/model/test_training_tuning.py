"""Tuning with real trainings of a tiny model: the table of trials, what is judged by what, kills, lost losses."""

from __future__ import annotations

import os
import signal
import time

import pytest

from core import jobs
from core.errors import UserError
from core.jobs import JobContext, JobState, JobStopped
from core.storage import new_id, write_json
from core.training import measuring, short, trials, tuning
from core.training.tune_settings import TuneSettings
from tests.fakes import tiny_run
from tests.waiting import until

pytestmark = pytest.mark.model
LONG = 200


def _job(ws, train, tune, job_id=""):
    """A context for tuning in this process."""
    name = job_id or new_id("job")
    ws.job(name).dir.mkdir(parents=True, exist_ok=True)
    return JobContext(ws, name, {"train": train.model_dump(), "tune": tune.model_dump()})


def _tune(**changes):
    return TuneSettings.load({"minutes": 1, "learning_rate_low": 1e-3, "learning_rate_high": 2e-2, "lora_rank": False,
                              "epochs_low": 1, "epochs_high": 2, **changes})


def _plan_of(monkeypatch, **facts):
    """A plan without measuring: how long trials are expected to take."""
    given = {"rows": 20, "of": 20, "held_out": 4, "held_out_of": 4, "epoch_s": 2.0, "check_s": 0.1, "start_s": 1.0}
    monkeypatch.setattr(tuning, "make_plan", lambda *args: trials.Plan(**{**given, **facts}))


def test_a_budget_becomes_trials_of_which_the_best_is_the_lowest_held_out_loss(ws, monkeypatch):
    settings = tiny_run.settings(ws, epochs=2, learning_rate=2e-3)
    job = _job(ws, settings, _tune(minutes=5, lora_rank=True, lora_rank_low=2, lora_rank_high=8))
    monkeypatch.setattr(tuning.Series, "next", _at_most(tuning.Series.next, 4))
    tuning.run(job)
    found, plan = trials.told(ws, job.id)
    assert plan is not None and (plan.rows, plan.of, plan.held_out) == (20, 20, 4)
    assert plan.epoch_s > 0 and plan.check_s > 0
    assert [one.number for one in found] == [1, 2, 3, 4]
    assert found[0].values == {"learning_rate": 2e-3, "lora_rank": 4, "epochs": 2}, "the person's own come first"
    done = [one for one in found if one.state == "done"]
    assert len(done) >= 3
    best = trials.best_of(found)
    assert best is not None and best.held_out == min(one.held_out for one in done)
    assert len({one.held_out for one in done}) == len(done)
    assert all(one.values != other.values for one in found for other in found if one is not other)
    assert not (ws.job(job.id).dir / "adapter").exists()
    assert not any(ws.job(job.id).dir.glob("checkpoints/*"))


def _at_most(original, count):
    def limited(self, again=None):
        return len(self.finished) < count and original(self, again)

    return limited


def test_a_trial_is_the_run_that_its_settings_describe(ws):
    """The held-out loss of a trial over all rows is that of the run, so the best of trials is the best of runs."""
    from core.training import curves
    from core.training.trainer import train

    settings = tiny_run.settings(ws, lora_dropout=0.0)
    heard = []
    job = _job(ws, settings, _tune())
    out = short.train(short.open_bench(job, settings), settings, heard.append, lambda: False, checks=2)
    run = tiny_run.new_job(ws)
    train(run, settings)
    assert out.held_out == pytest.approx(curves(ws, run.id).held_out[-1][1], abs=0.02)
    again = short.train(short.open_bench(job, settings), settings, heard.append, lambda: False, checks=2)
    assert again.held_out == pytest.approx(out.held_out, abs=1e-6), "equal settings are judged equal"


def test_a_part_of_the_rows_is_the_same_for_all_trials(ws):
    settings = tiny_run.settings(ws, key_word_share=0.5)
    job = _job(ws, settings, _tune())
    bench = short.open_bench(job, settings)
    from core.training.stages import sft

    def rows(epochs):
        quiet = short.QuietJob(job, lambda numbers: None, lambda: False)
        made = sft.prepare(quiet, settings.model_copy(update={"epochs": epochs}), bench.tokenizer).train
        return short.part_of(made, 7, 42)

    few, more = rows(1), rows(4)
    assert len(few.rows) == 7 and few.rows == more.rows
    assert more.instead and all(7 <= place < len(more.every) for place in more.instead.values())
    assert all(row < 7 for _, row in more.instead)


def test_a_lost_loss_is_a_failed_trial_and_never_the_best(ws, monkeypatch):
    from core.training.engine import AnswerTrainer

    settings = tiny_run.settings(ws, epochs=1)
    _plan_of(monkeypatch)
    original = AnswerTrainer.compute_loss

    def lost_at_high_rates(self, model, *args, **kwargs):
        loss = original(self, model, *args, **kwargs)
        return loss * float("nan") if model.training and self.args.learning_rate > 6e-3 else loss

    monkeypatch.setattr(AnswerTrainer, "compute_loss", lost_at_high_rates)
    monkeypatch.setattr(tuning.Series, "next", _at_most(tuning.Series.next, 4))
    job = _job(ws, settings, _tune(epochs=False))
    tuning.run(job)
    found, _ = trials.told(ws, job.id)
    failed = [one for one in found if one.values["learning_rate"] > 6e-3]
    assert failed and all(one.state == "failed" and one.error for one in failed)
    best = trials.best_of(found)
    assert best is not None and best.values["learning_rate"] <= 6e-3


def test_a_stopped_tuning_goes_on_from_its_finished_trials(ws, monkeypatch):
    settings = tiny_run.settings(ws, epochs=1)
    _plan_of(monkeypatch)
    job = _job(ws, settings, _tune(epochs=False))
    original, heard = job.item, []

    def item(**facts):
        original(**facts)
        heard.append((facts.get("trial"), facts.get("state")))
        if heard[-1] == (3, "running"):
            job.terminate()

    job.item = item
    with pytest.raises(JobStopped):
        tuning.run(job)
    before, plan = trials.told(ws, job.id)
    assert [one.state for one in before[:2]] == ["done", "done"] and before[2].state == "cut"
    monkeypatch.setattr(tuning.Series, "next", _at_most(tuning.Series.next, 4))
    tuning.run(_job(ws, settings, _tune(epochs=False), job.id))
    after, same = trials.told(ws, job.id)
    assert after[:2] == before[:2] and same == plan
    assert after[2].values == before[2].values and after[2].state == "done"
    assert len(after) == 4


def test_a_killed_tuning_is_continued_as_a_job(ws):
    """In its own processes: killed at once in its second trial, then continued, then stopped."""
    settings = tiny_run.settings(ws, epochs=2)
    job = tuning.start_tuning(ws, settings, _tune(minutes=5))
    until(lambda: len(trials.told(ws, job.id)[0]) >= 2, LONG)
    first = trials.told(ws, job.id)[0][0]
    worker = jobs.view(ws, job.id).pid
    assert worker
    os.kill(worker, signal.SIGKILL)
    ended = jobs.wait(ws, job.id, LONG)
    assert ended.state in (JobState.FAILED, JobState.INTERRUPTED)
    assert trials.tuning(ws, job.id).count("running") == 0
    jobs.resume(ws, job.id)
    until(lambda: trials.tuning(ws, job.id).count("done", "pruned") >= 3, LONG)
    jobs.request_stop(ws, job.id)
    assert jobs.wait(ws, job.id, LONG).state is JobState.STOPPED
    found = trials.tuning(ws, job.id)
    assert found.trials[0] == first and found.best is not None
    assert trials.settings_of(found.view, found.best).epochs == found.best.values["epochs"]


def test_without_held_out_rows_nothing_is_started(ws):
    settings = tiny_run.settings(ws)
    write_json(ws.dataset_info, {tiny_run.DATASET: {"file_name": "tiny.json"}})
    with pytest.raises(UserError) as caught:
        tuning.start_tuning(ws, settings, _tune())
    assert caught.value.key == "tune.error.no_held_out"


def test_three_steps_tell_how_long_the_run_takes(ws):
    settings = tiny_run.settings(ws, epochs=2)
    job = _job(ws, settings, _tune())
    steps = []
    job.progress = lambda done, total, unit: steps.append((done, total))
    found, out = measuring.measure(job, short.open_bench(job, settings), settings)
    assert steps[-1] == (3, 3) and (out.steps, out.total) == (3, 10)
    assert found.held_out_rows == 4 and found.row_s > 0 and found.start_s > 0
    assert found.seconds(100) - found.seconds(10) == pytest.approx(90 * found.step_s)
    began = time.monotonic()
    whole = short.train(short.open_bench(job, settings), settings, lambda numbers: None, lambda: False)
    assert whole.steps == 10
    assert found.step_s * 10 < 10 * (time.monotonic() - began)
