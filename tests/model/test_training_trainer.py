"""Real runs of a tiny model on the CPU: training, stopping, resuming, damaged checkpoints, killed trainers."""

from __future__ import annotations

import json
import math
import os
import pickle
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core import jobs
from core.errors import UserError
from core.jobs import JobState, JobStopped, context
from core.jobs.main import explain
from core.jobs.spec import load_spec
from core.storage import verify_dir, write_json
from core.storage.folders import describe
from core.training import checkpoints, curves, list_runs, methods, resume_run, start_run, stop_run, to_yaml
from core.training.safer import safer
from core.training.trainer import train
from tests.fakes import tiny_model, tiny_run
from tests.waiting import until

pytestmark = pytest.mark.model


def _adapter(ws, run_id):
    from safetensors.torch import load_file

    return load_file(ws.run(run_id).adapter / "adapter_model.safetensors")


def _distance(one, other):
    assert one.keys() == other.keys()
    return max(float((one[name] - other[name]).abs().max()) for name in one)


def _stop_at(job, step):
    """Asks the job to stop when it reports that step."""
    original = job.metric

    def metric(**numbers):
        original(**numbers)
        if numbers.get("step") == step and "loss" in numbers:
            job.terminate()

    job.metric = metric


def test_a_run_learns_and_leaves_a_whole_adapter(ws):
    job = tiny_run.new_job(ws)
    train(job, tiny_run.settings(ws, epochs=6, key_word_share=0.0))
    found = curves(ws, job.id)
    losses = [loss for _, loss in found.train]
    assert [step for step, _ in found.train] == list(range(1, 31))
    assert all(math.isfinite(loss) for loss in losses)
    assert losses[-1] < losses[0] - 0.5
    assert [step for step, _ in found.held_out] == [5, 10, 15, 20, 25, 30]
    assert verify_dir(ws.run(job.id).adapter, deep=True) == []
    assert [step for step, _ in checkpoints.complete(ws.run(job.id))] == [30, 25]
    assert not any(ws.saves.glob("tmp/*"))


def test_stop_and_resume_equal_an_uninterrupted_run(ws):
    """Also in the middle of an epoch, with dropout."""
    settings = tiny_run.settings(ws)
    whole = tiny_run.new_job(ws)
    train(whole, settings)
    halves = tiny_run.new_job(ws)
    _stop_at(halves, 6)
    with pytest.raises(JobStopped):
        train(halves, settings)
    assert verify_dir(ws.run(halves.id).adapter, deep=True) == []
    assert checkpoints.complete(ws.run(halves.id))[0][0] == 7
    train(tiny_run.new_job(ws, halves.id), settings)
    assert _distance(_adapter(ws, whole.id), _adapter(ws, halves.id)) < 1e-5
    one, other = curves(ws, whole.id).train, curves(ws, halves.id).train
    assert [step for step, _ in other] == [step for step, _ in one] == list(range(1, 11))
    assert max(abs(a - b) for (_, a), (_, b) in zip(one, other, strict=True)) < 1e-5


@pytest.mark.parametrize("damage", ["no manifest", "short file", "other bytes", "evil pickle"])
def test_a_damaged_checkpoint_is_passed_over(ws, tmp_path, damage):
    settings = tiny_run.settings(ws)
    job = tiny_run.new_job(ws)
    train(job, settings)
    expected = _adapter(ws, job.id)
    newest = ws.run(job.id).checkpoint(10)
    trap = tmp_path / "pwned"
    _damage(newest, damage, trap)
    again = tiny_run.new_job(ws, job.id)
    train(again, settings)
    assert not trap.exists()
    assert _distance(expected, _adapter(ws, job.id)) < 1e-5
    assert [step for step, _ in curves(ws, job.id).train] == list(range(1, 11))
    assert _resumed_from(again) == 5


def _damage(checkpoint: Path, kind: str, trap: Path) -> None:
    if kind == "no manifest":
        (checkpoint / "manifest.json").unlink()
    elif kind == "short file":
        file = checkpoint / "optimizer.pt"
        file.write_bytes(file.read_bytes()[:-100])
    elif kind == "other bytes":
        file = checkpoint / "adapter_model.safetensors"
        file.write_bytes(file.read_bytes()[:-1] + b"\x7f")
    else:
        (checkpoint / "rng_state.pth").write_bytes(pickle.dumps(_Trap(str(trap))))


class _Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def _resumed_from(job):
    lines = job.paths.events.read_text(encoding="utf-8").splitlines()
    return [event["resumed_from"] for event in map(json.loads, lines) if "resumed_from" in event][-1]


@pytest.mark.parametrize("file", ["rng_state.pth", "optimizer.pt"])
def test_a_pickle_is_not_run_even_if_the_manifest_lists_it(ws, tmp_path, file):
    job, trap = tiny_run.new_job(ws), tmp_path / "pwned"
    train(job, tiny_run.settings(ws, epochs=1))
    newest = ws.run(job.id).checkpoint(5)
    (newest / file).write_bytes(pickle.dumps(_Trap(str(trap))))
    write_json(newest / "manifest.json", {"files": describe(newest)})
    assert checkpoints.last_good(ws.run(job.id))[0] == (5, newest)
    with pytest.raises(Exception, match="(?i)weights.only|unpickl"):
        train(tiny_run.new_job(ws, job.id), tiny_run.settings(ws))
    assert not trap.exists()


EVIL = {"pickled weights": "pickle", "own code": "remote_code", "own code of the tokenizer": "remote_code",
        "an adapter beside it": "adapter_inside", "../../../no-such-folder/etc": "no_folder", "/etc": "no_config",
        "org/repo": "no_folder", "https://example.org/model": "no_folder"}


@pytest.mark.parametrize("kind", list(EVIL))
def test_evil_models_are_refused_before_anything_is_loaded(ws, tmp_path, monkeypatch, kind):
    from transformers import AutoTokenizer

    settings, trap = tiny_run.settings(ws), tmp_path / "pwned"
    if "/" in kind:
        settings = settings.model_copy(update={"model": kind})
    else:
        _spoil(ws.models / "tiny", kind, trap)
    monkeypatch.setattr(AutoTokenizer, "from_pretrained", lambda *a, **k: pytest.fail("something was loaded"))
    monkeypatch.setattr(methods, "load_model", lambda *a, **k: pytest.fail("something was loaded"))
    job = tiny_run.new_job(ws)
    with pytest.raises(UserError) as caught:
        train(job, settings)
    assert caught.value.key == f"models.error.{EVIL[kind]}"
    assert not trap.exists() and "evil" not in sys.modules


def _spoil(folder: Path, kind: str, trap: Path) -> None:
    """Makes a model folder one that would run code of its own."""
    if kind == "pickled weights":
        (folder / "model.safetensors").unlink()
        (folder / "pytorch_model.bin").write_bytes(pickle.dumps(_Trap(str(trap))))
    elif kind == "an adapter beside it":
        (folder / "adapter_config.json").write_text(json.dumps({
            "peft_type": "LORA", "base_model_name_or_path": str(folder), "r": 4, "target_modules": ["q_proj"],
            "task_type": "CAUSAL_LM"}), encoding="utf-8")
        (folder / "adapter_model.bin").write_bytes(pickle.dumps(_Trap(str(trap))))
    else:
        name, auto = ("tokenizer_config.json", "AutoTokenizer") if "tokenizer" in kind else (
            "config.json", "AutoModelForCausalLM")
        config = json.loads((folder / name).read_text(encoding="utf-8"))
        config["auto_map"] = {auto: "evil.Model"}
        (folder / name).write_text(json.dumps(config), encoding="utf-8")
        (folder / "evil.py").write_text(f"import os; os.mkdir({str(trap)!r})", encoding="utf-8")


def test_a_pickled_reward_model_is_refused_before_anything_is_loaded(ws, tmp_path):
    from core.training.hardware import find_device
    from core.training.stages.rewards import load_reward_model

    run, trap = ws.run("run-judge"), tmp_path / "pwned"
    run.adapter.mkdir(parents=True)
    run.yaml.write_text(to_yaml(tiny_run.settings(ws, stage="reward", dataset=tiny_run.SETS["reward"])),
                        encoding="utf-8")
    write_json(run.adapter / "adapter_config.json", {"peft_type": "LORA", "task_type": "SEQ_CLS", "r": 4,
                                                     "target_modules": ["q_proj"]})
    (run.adapter / "adapter_model.bin").write_bytes(pickle.dumps(_Trap(str(trap))))
    write_json(run.adapter / "manifest.json", {"files": describe(run.adapter)})
    with pytest.raises(UserError) as caught:
        load_reward_model(tiny_run.new_job(ws), "run-judge", find_device())
    assert caught.value.key == "models.error.no_adapter" and not trap.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of a file's size")
def test_a_disk_that_is_full_says_so_and_keeps_the_last_checkpoint(ws):
    import resource

    settings, before = tiny_run.settings(ws), resource.getrlimit(resource.RLIMIT_FSIZE)
    job = tiny_run.new_job(ws)
    train(job, tiny_run.settings(ws, epochs=1))
    largest = max(path.stat().st_size for path in ws.run(job.id).checkpoint(5).iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest - 1, before[1]))
    try:
        with pytest.raises(Exception) as caught:
            train(tiny_run.new_job(ws, job.id), settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    told = explain(caught.value)
    assert told.key == "jobs.error.disk_full" and safer(settings, told.as_dict()).kind == "disk"
    assert checkpoints.last_good(ws.run(job.id))[0][0] == 5
    assert not any(ws.saves.glob("tmp/*")), "what was cut short is taken away"


def test_a_lost_loss_ends_the_run_with_its_cause(ws):
    from safetensors.torch import load_file, save_file

    settings = tiny_run.settings(ws)
    weights = load_file(ws.models / "tiny" / "model.safetensors")
    weights["model.norm.weight"][0] = math.nan
    save_file(weights, ws.models / "tiny" / "model.safetensors", metadata={"format": "pt"})
    job = tiny_run.new_job(ws)
    with pytest.raises(UserError) as caught:
        train(job, settings)
    assert caught.value.key == "train.error.loss_lost"
    assert curves(ws, job.id).lost_steps == (1, 2, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the private memory of a process")
def test_a_run_that_gets_no_memory_says_so_and_can_be_tried_more_safely(ws, monkeypatch):
    import resource

    from core.training.engine import Reporter

    settings = tiny_run.settings(ws, method="full", batch_size=4)
    shutil.rmtree(ws.models / "tiny")
    tiny_model.make_model(ws.models / "tiny", width=1536)  # 150 MB of weights; the optimiser wants twice as much again
    job, before = tiny_run.new_job(ws), resource.getrlimit(resource.RLIMIT_DATA)
    begin = Reporter.on_train_begin

    def with_little_left(*args, **kwargs):
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        used = int(status.split("VmData:")[1].split()[0]) * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (used + 200_000_000, before[1]))
        return begin(*args, **kwargs)

    monkeypatch.setattr(Reporter, "on_train_begin", with_little_left)
    try:
        with pytest.raises(UserError) as caught:
            train(job, settings)
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)
    assert caught.value.key == "train.error.memory"
    assert safer(settings, caught.value.as_dict()).change == {"batch_size": 2, "gradient_accumulation": 2}


def test_a_short_run_is_checked_and_saved_at_its_end(ws):
    job = tiny_run.new_job(ws)
    train(job, tiny_run.settings(ws, batch_size=10, epochs=4, save_every=0, evaluate_every=0))
    assert [step for step, _ in curves(ws, job.id).held_out] == [5, 8]
    assert [step for step, _ in checkpoints.complete(ws.run(job.id))] == [8, 5]
    assert curves(ws, job.id).learning_rate[0] == (1, 5e-3)


def test_a_long_step_shows_signs_of_life(ws, monkeypatch):
    monkeypatch.setattr(context, "_ALIVE_EVERY_S", 0.0)
    job = tiny_run.new_job(ws)
    train(job, tiny_run.settings(ws, epochs=1, batch_size=2, gradient_accumulation=2))
    kinds = [event["type"] for event in jobs.events(ws, job.id)[0] if event["type"] in ("alive", "metric")]
    assert kinds[:6] == ["alive", "metric"] * 3


def test_rows_that_do_not_fit_are_counted(ws):
    job = tiny_run.new_job(ws)
    with pytest.raises(UserError) as caught:
        train(job, tiny_run.settings(ws, cutoff_len=16))
    assert caught.value.key == "train.error.no_rows"
    keys = [json.loads(line).get("key") for line in job.paths.events.read_text(encoding="utf-8").splitlines()]
    assert {"train.warning.cut", "train.warning.dropped"} <= set(keys)


def test_a_killed_trainer_says_so_and_goes_on_where_it_was(ws):
    """The run as the page starts it: `app.py train RUN.yaml` in a session of its own."""
    view = start_run(ws, tiny_run.settings(ws, epochs=100), title="Handbook")
    until(lambda: checkpoints.complete(ws.run(view.id)) and len(curves(ws, view.id).train) > 6, 300)
    assert 600 < (load_spec(ws.job(view.id)).silence_s or 0) < 86_400, "a run that hangs for ever is ended"
    with pytest.raises(UserError) as caught:
        start_run(ws, tiny_run.settings(ws))
    assert caught.value.key == "jobs.error.busy"
    os.kill(jobs.view(ws, view.id).pid, signal.SIGKILL)
    ended = jobs.wait(ws, view.id, 30)
    assert (ended.state, ended.error["key"]) == (JobState.FAILED, "jobs.error.killed")
    reached = curves(ws, view.id).train[-1][0]
    assert list_runs(ws)[0].can_resume
    resume_run(ws, view.id)
    until(lambda: curves(ws, view.id).train[-1][0] > reached, 300)
    stop_run(ws, view.id)
    assert jobs.wait(ws, view.id, 60).state is JobState.STOPPED
    steps = [step for step, _ in curves(ws, view.id).train]
    assert steps == list(range(1, steps[-1] + 1))
    [info] = list_runs(ws)
    assert info.has_adapter and info.settings.epochs == 100 and info.view.title == "Handbook"
    assert verify_dir(ws.run(view.id).adapter, deep=True) == []


def test_the_command_follows_a_run_to_its_end(ws, tmp_path):
    path = tmp_path / "my run.yaml"
    path.write_text(to_yaml(tiny_run.settings(ws)), encoding="utf-8")
    done = subprocess.run([sys.executable, "app.py", "train", str(path)], capture_output=True, text=True,
                          encoding="utf-8", timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "step 10" in done.stdout and done.stdout.rstrip().endswith("done")
    [info] = list_runs(ws)
    assert info.view.title == "my run" and info.view.result["steps"] == 10
    path.write_text("epochs: 0\n", encoding="utf-8")
    done = subprocess.run([sys.executable, "app.py", "train", str(path)], capture_output=True, text=True,
                          encoding="utf-8", timeout=60, check=False)
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)
