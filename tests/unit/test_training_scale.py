"""What is told of several processes before a run, the command that starts them, and what their ends mean."""

from __future__ import annotations

import pytest

from core.errors import UserError
from core.jobs import JobStopped
from core.storage.workspace import CODE_ROOT
from core.training import TrainSettings, launching, low_rank, scale
from core.training.arguments import steps_in
from core.training.lengths import pieces_of
from core.training.methods import check
from core.training.runs import divided

KILLED = {"state": "failed", "error": {"key": "jobs.error.unexpected", "params": {"number": "1"}}}
MEMORY = {"state": "failed", "error": {"key": "train.error.memory", "params": {"batch": 4, "cutoff": 512}}}


def settings(strategy="ddp", **changes):
    return TrainSettings.load({"dataset": "ds", "strategy": strategy, **changes})


@pytest.mark.parametrize(("changes", "key"), [
    ({"stage": "rlhf"}, "train.error.strategy_stage_ddp"),
    ({"strategy": "fsdp", "stage": "dpo"}, "train.error.strategy_stage_sharded"),
    ({"strategy": "fsdp", "quantization": "4bit"}, "train.error.strategy_quantized"),
    ({"strategy": "fsdp", "method": "prompt"}, "train.error.strategy_method"),
    ({"strategy": "fsdp_offload", "lora_variant": "pissa"}, "train.error.strategy_method"),
    ({"strategy": "fsdp", "method": "full", "optimizer": "adamw_8bit"}, "train.error.strategy_optimizer"),
    ({"machines": 2}, "train.error.no_address"),
])
def test_what_several_processes_cannot_do_is_told(changes, key):
    with pytest.raises(UserError) as caught:
        scale.check(settings(**changes))
    assert caught.value.key == key
    assert scale.check(settings(**changes).model_copy(update={"strategy": "single"})) is None


def test_zero_is_offered_where_deepspeed_is(monkeypatch):
    monkeypatch.setattr(scale, "deepspeed", lambda: False)
    with pytest.raises(UserError) as caught:
        scale.check(settings("zero3"))
    assert caught.value.key == "train.error.no_deepspeed"
    monkeypatch.setattr(scale, "deepspeed", lambda: True)
    scale.check(settings("zero3"))


def test_what_the_machine_lacks_is_told_with_what_mends_it(monkeypatch):
    monkeypatch.setattr(scale, "usable_cores", lambda: 4)

    def told(cards, **changes):
        return [(grade, key, change) for grade, key, _, change in scale.concerns(settings(**changes), cards)]

    assert told(8, processes=8) == []
    assert told(2, processes=8) == [("blocker", "train.preflight.few_cards", {"processes": 2})]
    assert told(1, processes=2) == [("blocker", "train.preflight.few_cards", {"strategy": "single"})]
    assert told(0, processes=2) == [("doubt", "train.preflight.no_cards", {"strategy": "single"})]
    assert told(0, processes=5) == [("blocker", "train.preflight.few_cores", {"strategy": "single"})]
    assert [key for _, key, _ in told(2, strategy="fsdp", machines=2, questions="Why?")] == \
        ["train.preflight.machines", "train.preflight.no_answers"]
    assert scale.concerns(settings("single"), 0) == []


def test_the_command_names_processes_machines_and_strategy(ws):
    pytest.importorskip("accelerate")
    from accelerate.commands.launch import launch_command_parser

    chosen = settings("zero3_offload", processes=4, machines=2, main_address="10.0.0.1", gradient_accumulation=3)
    path = ws.run("run-abcdefghij").yaml
    given = launch_command_parser().parse_args(launching.arguments(chosen, path, 1))
    assert (given.num_processes, given.num_machines, given.machine_rank) == (8, 2, 1)
    assert (given.main_process_ip, given.main_process_port, given.same_network) == ("10.0.0.1", 29500, True)
    assert (given.use_deepspeed, given.zero_stage, given.gradient_accumulation_steps) == (True, 3, 3)
    assert given.offload_optimizer_device == given.offload_param_device == "cpu"
    assert (given.training_script, given.training_script_args) == (str(CODE_ROOT / "app.py"), ["train", str(path)])
    [command] = launching.commands(ws, path.parent.name, chosen)
    assert "accelerate.commands.launch" in command and "--machine_rank 1" in command and str(path) in command
    given = launch_command_parser().parse_args(launching.arguments(settings("fsdp"), path))
    assert given.multi_gpu and not given.use_fsdp and not given.use_deepspeed
    assert launching.commands(ws, path.parent.name, settings("ddp")) == []


def test_low_rank_optimisers_need_the_whole_model_and_their_package(monkeypatch):
    for changes, key in (({"optimizer": "galore"}, "low_rank_method"),
                         ({"optimizer": "apollo", "method": "full"}, "low_rank_package")):
        monkeypatch.setattr(low_rank, "find_spec", lambda name: None)
        with pytest.raises(UserError) as caught:
            check(TrainSettings.load(changes))
        assert caught.value.key == f"train.error.{key}"
    monkeypatch.setattr(low_rank, "find_spec", lambda name: name)
    check(TrainSettings.load({"optimizer": "apollo", "method": "full"}))
    assert low_rank.arguments(TrainSettings(optimizer="apollo", projection_rank=4))["optim_args"] == \
        "rank=4, update_proj_gap=200, scale=1.0"
    assert low_rank.arguments(TrainSettings()) == {}


def test_pieces_of_texts_are_full_when_they_are_packed():
    texts = {10: 3, 40: 2, 16: 1}
    packed = TrainSettings(stage="pt", cutoff_len=16)
    assert pieces_of(texts, packed) == {16: 7, 14: 1}
    assert pieces_of(texts, packed.model_copy(update={"packing": False})) == {16: 5, 10: 3, 8: 2}
    assert pieces_of({17: 2}, packed.model_copy(update={"packing": False})) == {16: 2}


@pytest.mark.parametrize("address", ["--run_as=x", "a b", "x;y", "$(id)"])
def test_an_address_is_nothing_but_an_address(address):
    with pytest.raises(UserError):
        settings(main_address=address)


def test_a_cause_that_was_told_comes_before_what_followed_from_it():
    launching.judge([{"state": "done"}, {"state": "done"}], [])
    with pytest.raises(UserError) as caught:
        launching.judge([KILLED, MEMORY], [1, -15])
    assert caught.value.key == "train.error.memory" and caught.value.params == {"batch": 4, "cutoff": 512}
    with pytest.raises(JobStopped):
        launching.judge([{"state": "stopped"}, {}], [])
    with pytest.raises(UserError) as caught:
        launching.judge([KILLED, {}], [1])
    assert caught.value.key == "jobs.error.unexpected"
    with pytest.raises(UserError) as caught:
        launching.judge([{}, {}], [1, 1])
    assert caught.value.key == "train.error.process_lost"


def test_a_killed_process_ends_the_launcher_as_it_was_ended(monkeypatch):
    codes = []
    monkeypatch.setattr(launching.os, "_exit", lambda code: codes.append(code) or (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        launching.judge([KILLED, {}], [1, -9])
    assert codes == [137]


def test_another_number_of_processes_sees_the_same_rows_a_step():
    two = divided(TrainSettings(batch_size=8), 2)
    assert (two.strategy, two.processes, two.batch_size) == ("ddp", 2, 4)
    one = divided(two, 1)
    assert (one.strategy, one.batch_size, one.world) == ("single", 8, 1)
    assert steps_in(one, 100) == steps_in(two, 100) == 4 * 13
    with pytest.raises(UserError) as caught:
        divided(two, 3)
    assert caught.value.key == "train.error.processes"
