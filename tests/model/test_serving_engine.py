"""Batches of a real (tiny) model: who shares one must not change what anybody gets."""

from __future__ import annotations

import functools
import threading

import pytest

from core.errors import UserError
from core.serving.adapters import BASE, read_adapter
from core.serving.engine import Engine
from core.serving.work import Delta, QueueFull, Sampling, Work, WorkQueue
from tests.model.serving_home import make_home

pytestmark = pytest.mark.model
QUESTIONS = ["How heavy is the anchor?", "What?", "What is the capital of the island? " * 3, "深潜器", "Rova-2 dives"]


class Asker:
    """Collects the news of one request."""

    def __init__(self, engine: Engine, question: str, adapter: str | None = None, group: tuple[str, int] | None = None,
                 **sampling: object) -> None:
        self.news: list[Delta] = []
        self.ended = threading.Event()
        prompt = engine.encode([{"role": "user", "content": question}])
        self.work = Work(prompt, Sampling(**{"max_tokens": 12, **sampling}), self._deliver, adapter, group)

    def _deliver(self, delta: Delta) -> None:
        self.news.append(delta)
        if delta.is_last:
            self.ended.set()

    def text(self) -> str:
        assert self.ended.wait(60)
        return "".join(delta.text for delta in self.news)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return make_home(tmp_path_factory.mktemp("serving"))


@pytest.fixture(scope="module")
def engine(home):
    ws, model = home
    engine = Engine.load(model, WorkQueue(40))
    engine.start()
    for run in ("run-one", "run-two"):
        engine.add_adapter(run, read_adapter(ws.run(run).adapter))
    yield engine
    engine.stop()


def ask_all(engine: Engine, askers: list[Asker]) -> list[str]:
    for asker in askers:
        engine.submit(asker.work)
    return [asker.text() for asker in askers]


def alone(engine: Engine, question: str, adapter: str | None = None, **sampling: object) -> str:
    return ask_all(engine, [Asker(engine, question, adapter, **sampling)])[0]


def test_mixed_batch_equals_single_rows(engine):
    cases = [(question, adapter) for question in QUESTIONS[:2] + QUESTIONS[3:]
             for adapter in (None, "run-one", "run-two")]
    single = [alone(engine, *case) for case in cases]
    before = engine.batches
    assert ask_all(engine, [Asker(engine, question, adapter) for question, adapter in cases]) == single
    assert engine.batches == before + 1
    assert len(set(single)) > len(QUESTIONS)  # the adapters really change the answers


def test_equal_prompts_are_read_once_and_get_the_same_answers(engine, monkeypatch):
    cases = [(QUESTIONS[0], "run-one")] * 3 + [(QUESTIONS[2], None)] * 3 + [(QUESTIONS[0], None)] * 2
    single = [alone(engine, *case) for case in cases]
    read: list[int] = []
    original = engine._read_once

    def watched(*given):
        cache = original(*given)
        read.append(0 if cache is None else cache.layers[0].keys.shape[0])
        return cache

    monkeypatch.setattr(engine, "_read_once", watched)
    assert ask_all(engine, [Asker(engine, question, adapter) for question, adapter in cases]) == single
    assert read == [8], "the whole batch goes on from the shared prompts"


def test_base_rows_are_what_transformers_alone_generates(engine, home):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(home[1])
    tokenizer = AutoTokenizer.from_pretrained(home[1])
    ids = engine.encode([{"role": "user", "content": QUESTIONS[0]}])
    out = model.generate(torch.tensor([ids]), max_new_tokens=12, do_sample=False)[0, len(ids):]
    assert alone(engine, QUESTIONS[0]) == tokenizer.decode(out, skip_special_tokens=True).rstrip("\ufffd")


def test_pair_is_one_batch(engine):
    before = engine.batches
    pair = [Asker(engine, QUESTIONS[0], None, ("p", 2)), Asker(engine, QUESTIONS[0], "run-one", ("p", 2))]
    engine.submit(pair[0].work)
    threading.Timer(0.2, lambda: engine.submit(pair[1].work)).start()
    texts = [asker.text() for asker in pair]
    assert engine.batches == before + 1
    assert engine.recent[-1] == [BASE, "run-one"]
    assert texts[0] != texts[1]


def test_seeds_limits_and_stops_are_per_row(engine):
    drawn = {"temperature": 1.0, "top_p": 0.9}
    single = alone(engine, "What?", seed=7, **drawn)
    rows = [Asker(engine, "What?", seed=7, **drawn), Asker(engine, "What?", seed=8, **drawn), Asker(engine, "What?"),
            Asker(engine, "What?", max_tokens=3)]
    texts = ask_all(engine, rows)
    assert texts[0] == single and texts[1] != single
    assert texts[2].startswith(texts[3].rstrip("\ufffd"))
    assert rows[3].news[-1].finish == "length" and rows[3].news[-1].completion_tokens == 3
    plain = texts[2]
    stop = plain[4:6]
    stopped = Asker(engine, "What?", stop=(stop,))
    assert ask_all(engine, [stopped]) == [plain[:plain.index(stop)]]
    assert stopped.news[-1].finish == "stop"


def test_cancelled_row_leaves_the_others_alone(engine):
    expected = alone(engine, "What?", max_tokens=60)
    gone, stays = Asker(engine, "What?", max_tokens=300), Asker(engine, "What?", max_tokens=60)

    def deliver(delta: Delta) -> None:
        gone.news.append(delta)
        engine.queue.cancel(gone.work)

    gone.work.deliver = deliver
    assert ask_all(engine, [stays]) == [expected]
    engine.submit(gone.work)
    engine.submit((again := Asker(engine, "What?", max_tokens=60)).work)
    assert again.text() == expected
    assert alone(engine, "What?", max_tokens=60) == expected  # the batch of the cancelled row has ended
    assert not any(delta.is_last for delta in gone.news)


def test_failing_forward_ends_the_rows_and_the_next_batch_works(engine, monkeypatch):
    expected = alone(engine, "What?", "run-one")
    with monkeypatch.context() as patch:
        patch.setattr(type(engine._model.get_base_model()), "forward", lambda *a, **k: 1 / 0)
        broken = Asker(engine, "What?", "run-two")
        assert ask_all(engine, [broken]) == [""]
        assert broken.news[-1].error == "serving.error.no_answer"
    assert alone(engine, "What?", "run-one") == expected


def test_no_memory_for_all_is_answered_one_by_one(engine, monkeypatch):
    expected = alone(engine, "What?")
    real = engine._generate

    def tight(batch, rows, alone):
        if len(batch) > 1:
            raise RuntimeError("CUDA out of memory")
        real(batch, rows, alone)

    monkeypatch.setattr(engine, "_generate", tight)
    assert ask_all(engine, [Asker(engine, "What?"), Asker(engine, "What?")]) == [expected] * 2


def test_rows_that_run_out_of_memory_together_go_on_alone_where_they_were(engine, monkeypatch):
    asked = [(None, {}), ("run-one", {}), ("run-two", {"seed": 7, "temperature": 1.0}), (None, {"max_tokens": 3})]
    expected = [alone(engine, QUESTIONS[0], name, **sampling) for name, sampling in asked]
    kind = type(engine._model.get_base_model())
    real, calls = kind.forward, []

    @functools.wraps(real)
    def tight(self, *args, input_ids=None, **kwargs):
        calls.append(len(input_ids))
        if len(input_ids) > 1 and len(calls) > 5:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20 MiB")
        return real(self, *args, input_ids=input_ids, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(kind, "forward", tight)
        rows = [Asker(engine, QUESTIONS[0], name, **sampling) for name, sampling in asked]
        assert ask_all(engine, rows) == expected
    assert calls[:6] == [4] * 6 and set(calls[6:]) == {1}
    assert [row.news[-1].error for row in rows] == [None] * 4
    assert rows[0].news[-1].completion_tokens == 12


@pytest.mark.parametrize("fault", [MemoryError(), RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")])
@pytest.mark.parametrize("side", [None, "run-one"])
def test_one_side_without_memory_says_so_and_the_other_answers(engine, monkeypatch, fault, side):
    other = "run-one" if side is None else None
    expected = alone(engine, QUESTIONS[0], other)
    real = engine._generate

    def tight(batch, rows, apart):
        if any(work.adapter == side for work in batch):
            raise fault
        real(batch, rows, apart)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "_generate", tight)
        pair = [Asker(engine, QUESTIONS[0], name, ("m", 2)) for name in (side, other)]
        assert ask_all(engine, pair) == ["", expected]
    assert [asker.news[-1].error for asker in pair] == ["serving.error.no_memory", None]
    assert alone(engine, QUESTIONS[0], side), "with memory it answers again"


def test_diverged_adapter_fails_alone(engine, home, tmp_path):
    from safetensors.torch import load_file, save_file

    from tests.model.serving_home import make_adapter

    folder = make_adapter(home[1], tmp_path / "nan", 5)
    weights = load_file(folder / "adapter_model.safetensors")
    save_file({name: value * float("nan") for name, value in weights.items()}, folder / "adapter_model.safetensors")
    engine.add_adapter("run-nan", read_adapter(folder))
    expected = alone(engine, "What?")
    rows = [Asker(engine, "What?", "run-nan"), Asker(engine, "What?")]
    assert ask_all(engine, rows) == ["", expected]
    assert rows[0].news[-1].error == "serving.error.not_numbers"


def test_adapter_of_another_model_is_refused_and_harmless(engine, home, tmp_path):
    from safetensors.torch import load_file, save_file

    from tests.model.serving_home import make_adapter

    expected = [alone(engine, "What?", adapter) for adapter in (None, "run-one")]
    folder = make_adapter(home[1], tmp_path / "odd", 6)
    weights = load_file(folder / "adapter_model.safetensors")
    save_file({name: value[:, :8].contiguous() for name, value in weights.items()},
              folder / "adapter_model.safetensors")
    with pytest.raises(UserError) as caught:
        engine.add_adapter("run-odd", read_adapter(folder))
    assert caught.value.key == "serving.error.adapter_mismatch"
    (folder / "adapter_model.safetensors").write_bytes(b"\x80\x04not safetensors")
    with pytest.raises(UserError):
        engine.add_adapter("run-odd", read_adapter(folder))
    assert "run-odd" not in engine.adapters
    assert [alone(engine, "What?", adapter) for adapter in (None, "run-one")] == expected


def test_first_adapter_that_does_not_fit_leaves_the_base_alone(home, tmp_path):
    from safetensors.torch import save_file

    from tests.model.serving_home import make_adapter

    engine = Engine.load(home[1], WorkQueue(1))
    folder = make_adapter(home[1], tmp_path / "empty", 7)
    import torch

    save_file({"unrelated": torch.zeros(2)}, folder / "adapter_model.safetensors")
    with pytest.raises(UserError):
        engine.add_adapter("run-empty", read_adapter(folder))
    first = Asker(engine, "What?")
    engine.submit(first.work)
    with pytest.raises(QueueFull):
        engine.submit(Asker(engine, "What?").work)
    engine.start()
    assert first.text()
    waiting = Asker(engine, "What?", max_tokens=400)
    engine.submit(waiting.work)
    engine.stop()
    assert waiting.text() is not None and waiting.news[-1].error == "serving.error.stopping"
