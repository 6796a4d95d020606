"""What a run needs is told before it starts; what would fail is a blocker, with the change that mends it."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import UserError
from core.storage import Workspace, write_json
from core.training import TrainSettings, lengths, machine, memory, preflight, start_run
from tests.fakes.shaped_model import shaped_model

GB = 1_000_000_000
SMOL = {"hidden": 576, "inner": 1536, "layers": 30, "heads": 9, "kv_heads": 3, "vocabulary": 49152}


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A machine of known size."""
    found = SimpleNamespace(free=16 * GB, program=700_000_000, disk_free=100 * GB, card=False)
    monkeypatch.setattr(machine, "look", lambda ws: found)
    monkeypatch.setattr(machine, "hidden_card", lambda: "")
    return found


def settings(ws: Workspace, rows: int = 400, words: int = 20, model: dict[str, Any] | None = None, **changes: Any
             ) -> TrainSettings:
    """A run over rows of so many words."""
    folder = ws.models / "shaped"
    if not folder.exists():
        shaped_model(folder, **(SMOL if model is None else model))
        write_json(ws.data / "rows.json", [
            {"instruction": f"{n} " * (words // 2), "input": "", "output": "word " * words} for n in range(rows)])
        write_json(ws.dataset_info, {"rows": {"file_name": "rows.json"}})
    return TrainSettings.load({"model": str(folder), "dataset": "rows", **changes})


def keys(report: preflight.Report) -> list[tuple[str, str]]:
    return [(found.grade, found.key.rpartition(".")[2]) for found in report.findings]


def test_the_shape_is_read_from_the_heads_of_the_files(tmp_path: Path) -> None:
    shape = memory.read_shape(shaped_model(tmp_path / "m", **SMOL))
    assert shape.parameters == 134_515_008  # SmolLM2 135M as published
    assert shape.adapter(16) == 4_884_480  # what PEFT counts for rank 16 on all linear layers
    assert (shape.head_dim, len(shape.linear)) == (64, 210)


@pytest.mark.parametrize("damage", [b"", b"\xff" * 20, b"\x05\0\0\0\0\0\0\0{\"a\"", b"\x02\0\0\0\0\0\0\0[]"])
def test_a_damaged_weight_file_is_a_sentence(tmp_path: Path, damage: bytes) -> None:
    folder = shaped_model(tmp_path / "m")
    (folder / "model.safetensors").write_bytes(damage)
    with pytest.raises(UserError) as caught:
        memory.read_shape(folder)
    assert caught.value.key == "train.preflight.no_shape"


def test_an_ordinary_run_has_nothing_against_it(ws: Workspace, here: SimpleNamespace) -> None:
    report = preflight.check(ws, settings(ws))
    assert report.findings == ()
    assert report.steps == 4 * 63  # 400 rows and a fifth general ones, by eights
    assert 1.0 * GB < report.need < 6 * GB


def test_it_is_quick(ws: Workspace, here: SimpleNamespace) -> None:
    asked = settings(ws, rows=20_000)
    lengths.guessed.cache_clear()
    began = time.process_time()
    preflight.check(ws, asked)
    again = time.process_time()
    preflight.check(ws, asked)
    assert again - began < 1.0 and time.process_time() - again < 0.3


def test_memory_grows_with_rows_width_and_rank_and_shrinks_when_computed_twice(tmp_path: Path) -> None:
    shape = memory.read_shape(shaped_model(tmp_path / "m", **SMOL))
    batch = memory.Batch(8, 100, 800, 400, 200)
    plain = memory.estimate(shape, batch, memory.Plan(16)).total
    assert memory.estimate(shape, memory.fewer_rows(batch, 4), memory.Plan(16)).total < plain
    assert memory.estimate(shape, memory.shorter(batch, 50), memory.Plan(16)).total < plain
    assert memory.estimate(shape, batch, memory.Plan(64)).total > plain
    assert memory.estimate(shape, batch, memory.Plan(16, checkpointing=True)).total < plain
    summed = memory.estimate(shape, batch, memory.Plan(16, accumulation=2))
    assert summed.gradients == summed.trainable == shape.adapter(16) * 4


def test_too_little_memory_blocks_and_names_the_change_that_fits(ws: Workspace, here: SimpleNamespace) -> None:
    here.free, here.card = round(1.6 * GB), True
    asked = settings(ws, words=150, batch_size=64)
    report = preflight.check(ws, asked)
    found = next(found for found in report.findings if found.grade == "blocker")
    assert found.key == "train.preflight.no_memory" and report.need > here.free
    mended = asked.model_copy(update=found.change)
    assert mended.batch_size * mended.gradient_accumulation == 64
    assert preflight.check(ws, mended).blockers == ()


def test_a_processor_computes_a_large_batch_in_parts(ws: Workspace, here: SimpleNamespace) -> None:
    def need(rows: int) -> int:
        return preflight.check(ws, settings(ws, words=500, batch_size=rows, cutoff_len=4096)).need

    assert need(64) == need(1)
    here.card = True
    assert need(64) > 2 * need(1)


def test_near_the_limit_is_a_doubt(ws: Workspace, here: SimpleNamespace) -> None:
    asked = settings(ws)
    here.free = round(preflight.check(ws, asked).need * 1.05)
    assert keys(preflight.check(ws, asked)) == [("doubt", "little_memory")]


def test_a_model_that_never_fits_says_so(ws: Workspace, here: SimpleNamespace) -> None:
    asked = settings(ws, model={**SMOL, "hidden": 4096, "inner": 14336, "layers": 32, "heads": 32, "kv_heads": 8})
    [found] = preflight.check(ws, asked).findings
    assert (found.grade, found.key, found.change) == ("blocker", "train.preflight.no_memory_model", {})


def test_few_steps_are_a_doubt_with_a_smaller_batch(ws: Workspace, here: SimpleNamespace) -> None:
    report = preflight.check(ws, settings(ws, rows=30, epochs=2))
    assert keys(report) == [("doubt", "few_steps")] and 1 <= report.findings[0].change["batch_size"] < 8
    added = preflight.check(ws, settings(ws, epochs=2, gradient_accumulation=8))
    assert added.findings[0].change == {"gradient_accumulation": 1}


def test_template_disk_model_and_dataset_block(ws: Workspace, here: SimpleNamespace) -> None:
    asked = settings(ws)
    here.disk_free = 300_000_000
    assert keys(preflight.check(ws, asked)) == [("blocker", "disk")]
    here.disk_free = 100 * GB
    write_json(ws.models / "shaped" / "tokenizer_config.json", {})
    assert keys(preflight.check(ws, asked)) == [("blocker", "no_chat_template")]
    assert keys(preflight.check(ws, asked.model_copy(update={"dataset": "gone"}))) == [("blocker", "missing")]
    assert keys(preflight.check(ws, asked.model_copy(update={"model": "qwen3-0-6b"}))) == [("blocker", "not_installed")]


def test_counted_rows_that_are_cut_or_dropped_are_told(ws: Workspace, here: SimpleNamespace,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    from core.training.token_counts import TokenCounts

    counted = TokenCounts("m", {100: 300, 700: 80, 900: 20}, {40: 380, 600: 20}, 20_000, 0, 0)
    monkeypatch.setattr(lengths, "last_count", lambda ws, info: counted)
    report = preflight.check(ws, settings(ws, cutoff_len=800))
    assert keys(report) == [("doubt", "cut")] and report.findings[0].params["rows"] == 20
    report = preflight.check(ws, settings(ws, cutoff_len=512))
    assert keys(report) == [("doubt", "dropped")] and report.findings[0].change == {"cutoff_len": 912}
    assert keys(preflight.check(ws, settings(ws, cutoff_len=32)))[0] == ("blocker", "no_rows")


def test_a_card_that_torch_cannot_use_is_a_doubt(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_card", lambda: 24 * GB)
    monkeypatch.setattr(machine, "torch_has_cuda", lambda: False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert ("doubt", "card_unused") in keys(preflight.check(ws, settings(ws)))
    monkeypatch.setattr(machine, "torch_has_cuda", lambda: True)
    assert machine.hidden_card() == "" and machine.look(ws).card
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert machine.hidden_card() == "train.preflight.card_hidden"


@pytest.mark.parametrize(("kind", "free"), [("serve", 10), ("train", 4)])
def test_memory_of_the_card_that_a_model_server_will_give_back_is_free(
        ws: Workspace, monkeypatch: pytest.MonkeyPatch, kind: str, free: int) -> None:
    held = [SimpleNamespace(pid=77, usedGpuMemory=6 * GB), SimpleNamespace(pid=78, usedGpuMemory=9 * GB),
            SimpleNamespace(pid=77, usedGpuMemory=None)]
    driver = SimpleNamespace(NVMLError=OSError, nvmlInit=lambda: None, nvmlShutdown=lambda: None,
                             nvmlDeviceGetHandleByIndex=lambda number: number, nvmlDeviceGetCount=lambda: 1,
                             nvmlDeviceGetMemoryInfo=lambda card: SimpleNamespace(free=4 * GB),
                             nvmlDeviceGetComputeRunningProcesses=lambda card: held)
    monkeypatch.setitem(sys.modules, "pynvml", driver)
    monkeypatch.setattr(machine, "torch_has_cuda", lambda: True)
    monkeypatch.setattr(machine.jobs, "holder", lambda ws, lease: SimpleNamespace(kind=kind, pid=77))
    assert machine.look(ws).free == free * GB


def test_a_blocker_stops_the_start_and_leaves_no_run(ws: Workspace, here: SimpleNamespace) -> None:
    asked = settings(ws, words=150, batch_size=64)
    here.free = GB
    with pytest.raises(UserError) as caught:
        start_run(ws, asked)
    assert caught.value.key.startswith("train.preflight.no_memory")
    assert not list(ws.runs.glob("*"))


def test_other_methods_take_what_they_train(ws: Workspace, here: SimpleNamespace) -> None:
    plain = settings(ws)
    shape = memory.read_shape(ws.models / "shaped")
    batch = memory.Batch(8, 100, 800, 400, 200)

    def parts(**changes: Any) -> memory.Estimate:
        return preflight.needed(shape, batch, TrainSettings.load(plain.model_dump() | changes), here)[0]

    lora, full, frozen = parts(), parts(method="full"), parts(method="freeze", trained_layers=3)
    assert full.optimizer == 8 * shape.parameters and full.trainable == 0
    assert 0.05 < frozen.optimizer / full.optimizer < 0.1  # three of thirty layers, without the vocabulary
    assert parts(method="full", optimizer="adamw_8bit").optimizer < 0.3 * full.optimizer
    assert parts(quantization="4bit").weights < 0.2 * lora.weights == 0.2 * full.weights
    assert parts(method="ia3").total < lora.total
    one = memory.Batch(1, 20, 20, 10, 5)
    assert preflight.needed(shape, one, plain.model_copy(update={"method": "full"}), here)[0].gradients > 0


def test_settings_and_rows_that_do_not_fit_are_blockers(ws: Workspace, here: SimpleNamespace) -> None:
    plain = settings(ws)
    pissa = plain.model_copy(update={"lora_variant": "pissa", "quantization": "4bit"})
    assert keys(preflight.check(ws, pissa)) == [("blocker", "pissa_quantized")]
    assert keys(preflight.check(ws, plain.model_copy(update={"stage": "dpo"}))) == [("blocker", "rows_dpo")]


def test_a_texts_dataset_is_weighed_for_reading_on(ws: Workspace, here: SimpleNamespace) -> None:
    asked = settings(ws, stage="pt")
    write_json(ws.data / "texts.json", [{"text": f"word {n} " * 60} for n in range(300)])
    write_json(ws.dataset_info, {"texts": {"file_name": "texts.json", "columns": {"prompt": "text"}}})
    (ws.models / "shaped" / "tokenizer_config.json").write_text("{}")
    report = preflight.check(ws, asked.model_copy(update={"dataset": "texts", "packing": False}))
    assert report.findings == () and report.steps == 4 * 38 and report.need > 700_000_000
    packed = preflight.check(ws, asked.model_copy(update={"dataset": "texts"}))  # several texts fill each piece
    assert keys(packed) == [("doubt", "few_steps")] and packed.steps == 4 * 7


@pytest.mark.parametrize(("every", "rows", "expected"), [
    ([60] * 40, 8, 1),
    ([40, 41, 47, 52, 60], 8, 11),  # 20 tokens are common: batches of 180 to 340
    ([100, 200, 300], 8, 18),  # in parts, two thirds of all between a row and a whole sequence
    ([600, 700, 1000], 4, 26),  # each row alone
])
def test_each_number_of_tokens_is_a_product_of_its_own(every, rows, expected):
    assert memory.sizes(every, rows, 20) == expected


def test_code_of_products_grows_with_the_numbers_of_tokens_not_with_the_layers():
    shape = memory.ModelShape(64, 128, 4, 4, 16, 1000, 10_000, ((64, 64), (64, 128), (128, 64)) * 4)
    batch = memory.Batch(8, 100, 800, 400, 200, sizes=10)
    plan = memory.Plan(rank=8)
    code = memory.estimate(shape, batch, plan).code
    assert code == memory.CODE * (10 * (6 + 2 + 2) + 32)
    assert memory.estimate(replace(shape, linear=shape.linear * 2), batch, plan).code == code
    assert memory.estimate(shape, batch, replace(plan, split=False)).code == 0
