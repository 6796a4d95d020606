"""Every stage and method trains a tiny model, resumes as if nothing had happened, and answers like its own library."""

from __future__ import annotations

import gc
import threading

import pytest

from core.errors import UserError
from core.jobs import JobStopped
from core.serving.alone import read_result
from core.serving.engine import Engine
from core.serving.names import adapter_folder
from core.serving.work import Delta, Sampling, Work, WorkQueue
from core.storage import verify_dir
from core.training import TrainSettings, curves, to_yaml
from core.training.methods import check
from core.training.results import folder_of
from core.training.trainer import train
from tests.fakes import tiny_run
from tests.fakes.tiny_model import make_model

pytestmark = pytest.mark.model
QUESTION = [{"role": "user", "content": "How heavy is the anchor?"}]
STRONG = {"learning_rate": 0.1, "prompt_loss_weight": 0.0}
TALKS = {
    "dora": {"lora_variant": "dora"}, "pissa": {"lora_variant": "pissa"},
    "rslora, lora+": {"lora_variant": "rslora", "lora_plus_ratio": 8, "learning_rate": 1e-3},
    "8bit": {"quantization": "8bit"}, "4bit": {"quantization": "4bit"},
    "freeze": {"method": "freeze", "trained_layers": 1},
    "full": {"method": "full", "neftune_alpha": 5, "optimizer": "adafactor"}, "oft": {"method": "oft"},
    "ia3": {"method": "ia3", **STRONG}, "prompt": {"method": "prompt", **STRONG},
    "prefix": {"method": "prefix", **STRONG}, "p_tuning": {"method": "p_tuning", **STRONG, "learning_rate": 0.02},
}
OTHERS = {
    "pt": {"stage": "pt", "method": "full", "cutoff_len": 32, "scheduler": "warmup_stable_decay"},
    "dpo": {"stage": "dpo", "method": "prefix", "learning_rate": 0.1},
    "ipo": {"stage": "dpo", "preference_loss": "ipo", "method": "full"},
    "orpo": {"stage": "dpo", "preference_loss": "orpo", "optimizer": "adamw_8bit"},
    "simpo": {"stage": "dpo", "preference_loss": "simpo", "method": "freeze"}, "kto": {"stage": "kto"},
}


@pytest.fixture(scope="module", autouse=True)
def _small_steps():
    """One thread, since so small a model only waits for others; and what the imports left is no garbage to look at."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield
    gc.unfreeze()
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """What the base model answers, by its own library; it is the same in every test."""
    return generated(make_model(tmp_path_factory.mktemp("base") / "tiny"))


def stop_at(job, step):
    """Asks the job to stop when it reports that step."""
    original = job.metric

    def metric(**numbers):
        original(**numbers)
        if numbers.get("step") == step and "loss" in numbers:
            job.terminate()

    job.metric = metric


def weights(ws, run_id, settings):
    from safetensors.torch import load_file

    return load_file(next(folder_of(ws.run(run_id), settings).glob("*model.safetensors")))


def distance(one, other):
    assert one.keys() == other.keys()
    return max(float((one[name].float() - other[name].float()).abs().max()) for name in one)


def settings_of(ws, **changes) -> TrainSettings:
    dataset = tiny_run.SETS[changes.get("stage", "sft")]
    return tiny_run.settings(ws, **{"lora_dropout": 0.0, "dataset": dataset, "evaluate_every": 3, **changes})


def write_yaml(ws, run_id, settings):
    """What starting a run on the page leaves beside it."""
    ws.run(run_id).yaml.write_text(to_yaml(settings), encoding="utf-8")


def train_twice(ws, settings):
    """Ids of a run from end to end, and of one that was stopped in its second epoch and resumed."""
    whole, halves = tiny_run.new_job(ws), tiny_run.new_job(ws)
    train(whole, settings)
    stop_at(halves, 6)
    with pytest.raises(JobStopped):
        train(halves, settings)
    train(tiny_run.new_job(ws, halves.id), settings)
    assert distance(weights(ws, whole.id, settings), weights(ws, halves.id, settings)) < 1e-5
    assert verify_dir(folder_of(ws.run(whole.id), settings), deep=True) == []
    return whole.id


def answers(ws, run_id):
    """Greedy answers of the base model and of the result, from one batch of the model server's engine."""
    engine = Engine.load(ws.models / "tiny", WorkQueue(4))
    engine.add_adapter(run_id, read_result(adapter_folder(ws, run_id)))
    ended, texts = {name: threading.Event() for name in (None, run_id)}, {None: "", run_id: ""}

    def deliver(name):
        def take(delta: Delta) -> None:
            assert delta.error is None
            texts[name] += delta.text
            if delta.is_last:
                ended[name].set()
        return take

    prompt = engine.encode(QUESTION)
    for name in texts:
        engine.submit(Work(prompt, Sampling(max_tokens=12), deliver(name), name, ("pair", 2)))
    engine.start()
    assert all(event.wait(60) for event in ended.values())
    engine.stop()
    return texts[None], texts[run_id]


def generated(folder, adapter=None):
    """What the library that trained a model generates by itself."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    from core.models.chat_template import encode_prompt, stop_ids

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    model = PeftModel.from_pretrained(model, str(adapter)) if adapter else model
    ids = torch.tensor([encode_prompt(QUESTION, tokenizer)])
    config = GenerationConfig(max_new_tokens=12, do_sample=False, pad_token_id=tokenizer.pad_token_id,
                              eos_token_id=stop_ids(tokenizer))
    made = model.eval().generate(input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=config)
    return tokenizer.decode(made[0, ids.shape[1]:], skip_special_tokens=True)


@pytest.mark.parametrize("changes", [*TALKS.values(), *OTHERS.values()], ids=[*TALKS, *OTHERS])
def test_trains_resumes_and_answers(ws, untouched, changes):
    settings = settings_of(ws, **changes)
    run_id = train_twice(ws, settings)
    found = curves(ws, run_id)
    losses, held_out = ([value for _, value in points] for points in (found.train, found.held_out))
    assert len(losses) >= 10 and held_out[-1] < held_out[0]
    assert sum(losses[-5:]) < sum(losses[:5])
    result, base = folder_of(ws.run(run_id), settings), ws.models / "tiny"
    wanted = generated(result) if settings.trains_whole else generated(base, result)
    assert answers(ws, run_id) == (untouched, wanted)
    assert untouched and wanted


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_reward_model_judges_and_then_rewards(ws, method):
    """The whole of RLHF: a model learns to judge, and another learns from its judgement."""
    from core.training.hardware import find_device
    from core.training.stages.rewards import load_reward_model

    judge = settings_of(ws, stage="reward", method=method)
    judge_id = train_twice(ws, judge)
    write_yaml(ws, judge_id, judge)
    assert [loss for _, loss in curves(ws, judge_id).train][-1] < 0.3
    job = tiny_run.new_job(ws)
    model = load_reward_model(job, judge_id, find_device())
    assert model.config.num_labels == 1
    with pytest.raises(UserError) as caught:
        Engine.load(ws.models / "tiny", WorkQueue(4)).add_adapter(judge_id, read_result(adapter_folder(ws, judge_id)))
    assert caught.value.key == "serving.error.adapter_kind"
    learner = settings_of(ws, stage="rlhf", method=method, answer_len=8, reward="model", reward_run=judge_id,
                          rlhf_method="grpo" if method == "lora" else "rloo", learning_rate=0.01)
    if method == "lora":
        learner_id = train_twice(ws, learner)
    else:
        train(whole := tiny_run.new_job(ws), learner)
        learner_id = whole.id
    write_yaml(ws, learner_id, learner)
    with pytest.raises(UserError) as caught:
        load_reward_model(job, learner_id, find_device())
    assert caught.value.key == "train.error.no_reward_run"


def test_answers_come_nearer_to_what_is_rewarded(ws):
    import json

    job = tiny_run.new_job(ws)
    train(job, settings_of(ws, stage="rlhf", method="full", answer_len=16, learning_rate=0.01, epochs=2,
                           answers_per_question=16, preference_beta=0.001))
    lines = map(json.loads, job.paths.events.read_text(encoding="utf-8").splitlines())
    rewards = [line["reward"] for line in lines if "reward" in line]
    assert sum(rewards[-5:]) > 1.2 * sum(rewards[:5])


def test_what_cannot_go_together_is_told(ws):
    from core.training.stages import check_rows

    for key, changes in {"pissa_quantized": {"lora_variant": "pissa", "quantization": "4bit"},
                         "prompt_stage": {"stage": "reward", "method": "prefix"},
                         "kto_batch": {"stage": "kto", "batch_size": 1},
                         "no_reward_run": {"stage": "rlhf", "reward": "model"}}.items():
        with pytest.raises(UserError) as caught:
            check(settings_of(ws, **changes))
        assert caught.value.key == f"train.error.{key}"
    check(settings_of(ws, method="full", lora_variant="pissa", quantization="4bit"))
    for stage, dataset in {"sft": "tiny_texts", "pt": "tiny", "dpo": "tiny", "kto": "tiny", "reward": "tiny_judged",
                           "rlhf": "tiny_texts"}.items():
        with pytest.raises(UserError) as caught:
            check_rows(ws, settings_of(ws, stage=stage, dataset=dataset))
        assert caught.value.key == f"train.error.rows_{stage}"
