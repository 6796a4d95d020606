"""Rows side by side in one sequence change neither the loss nor a gradient."""

from __future__ import annotations

import pytest

from tests.fakes.tiny_model import make_model

pytestmark = pytest.mark.model
OPENING = list(range(5, 25))


def batch(rows):
    """Rows of (prompt, answer) tokens after the opening, padded on the right; the answers count."""
    import torch

    whole = [(OPENING + prompt + answer, [-100] * (len(OPENING) + len(prompt)) + answer) for prompt, answer in rows]
    width = max(len(ids) for ids, _ in whole)
    return {"input_ids": torch.tensor([ids + [0] * (width - len(ids)) for ids, _ in whole]),
            "labels": torch.tensor([labels + [-100] * (width - len(labels)) for _, labels in whole]),
            "attention_mask": torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids, _ in whole])}


MIXED = [([30, 31, 32], [40, 41]), ([33], [42, 43, 44, 45]), ([30, 31, 34, 35], [46, 47, 48])]


@pytest.mark.parametrize(("rows", "expected"), [
    (MIXED, len(OPENING) - 1),
    ([([30, 31], [40]), ([30, 32], [41])], len(OPENING)),
    # The same question twice: what predicts the first word of an answer stays with the rows.
    ([([30, 31], [40]), ([30, 31], [41])], len(OPENING) + 1),
    ([([30], [40])], len(OPENING)),
])
def test_the_opening_ends_before_the_rows_differ_or_answer(rows, expected):
    from core.training.side_by_side import common_prefix

    given = batch(rows)
    assert common_prefix(given["input_ids"], given["attention_mask"], given["labels"]) == expected


@pytest.mark.parametrize(("config", "expected"), [
    ({}, None), ({"sliding_window": 4096}, 4096), ({"layer_types": ["full_attention"] * 2, "sliding_window": 9}, None),
    ({"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 512}, 512),
    ({"layer_types": ["sliding_attention"] * 2}, 0), ({"layer_types": ["linear_attention", "full_attention"]}, 0),
])
def test_how_far_layers_look_back(config, expected):
    from types import SimpleNamespace

    from core.training.side_by_side import reach

    assert reach(SimpleNamespace(**config)) == expected


def losses(model, given, merge, opening=None):
    import torch

    from core.training.side_by_side import answer_states

    model.zero_grad()
    states, targets, _ = answer_states(model.model, given, merge, opening)
    loss = torch.nn.functional.cross_entropy(model.lm_head(states), targets)
    loss.backward()
    return loss.item(), {name: p.grad.clone() for name, p in model.named_parameters()}


@pytest.fixture
def model(tmp_path):
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(make_model(tmp_path / "tiny"), dtype=torch.float64)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("opening", [None, len(OPENING), 2, 0])
@pytest.mark.parametrize("rows", [MIXED, [([30, 31], [40]), ([30, 31], [41])], [([30, 31, 32], [40, 41])]])
def test_losses_and_gradients_are_those_of_padded_rows(model, rows, opening, attention):
    model.set_attn_implementation(attention)
    (plain, gradients), (merged, same) = (losses(model, batch(rows), merge, opening) for merge in (False, True))
    assert merged == pytest.approx(plain, rel=1e-6)
    # Norms and rotations are computed in single precision whatever the weights are.
    for name, gradient in gradients.items():
        assert (gradient - same[name]).norm() <= 1e-5 * gradient.norm(), name


@pytest.mark.parametrize("rows", [MIXED, [([30, 31, 32], [40, 41])]])
@pytest.mark.parametrize("merge", [False, True])
def test_what_makes_the_number_of_tokens_even_counts_for_nothing(model, monkeypatch, merge, rows):
    from core.training import products, side_by_side

    def learned(even):
        sizes = []
        monkeypatch.setattr(side_by_side, "missing", lambda tokens, device: -tokens % products.EVEN if even else 0)
        watch = model.model.register_forward_pre_hook(lambda module, args, given: sizes.append(
            given["input_ids"].shape[1]), with_kwargs=True)
        try:
            return losses(model, batch(rows), merge, 2), sizes
        finally:
            watch.remove()

    (plain, gradients), [as_is] = learned(False)
    (filled, same), [size] = learned(True)
    assert as_is % products.EVEN and size == -(-as_is // products.EVEN) * products.EVEN
    assert filled == pytest.approx(plain, rel=1e-6)
    for name, gradient in gradients.items():
        assert (gradient - same[name]).norm() <= 1e-5 * gradient.norm(), name


def test_the_memory_estimate_knows_the_sizes_that_are_computed():
    from core.training import answer_loss, memory, products, side_by_side

    assert memory.LONGEST_MERGED == side_by_side.LONGEST and memory.EVEN == products.EVEN
    assert (memory.AT_ONCE, memory.FEW) == (answer_loss.AT_ONCE, answer_loss.FEW)


def test_each_row_is_one_sequence_of_its_own(model, monkeypatch):
    """What another row says must not be seen: the loss of two rows is that of each alone."""
    import torch

    from core.training.side_by_side import answer_states

    def summed(rows):
        states, targets, _ = answer_states(model.model, batch(rows), True)
        return torch.nn.functional.cross_entropy(model.lm_head(states), targets, reduction="sum").item()

    assert summed(MIXED) == pytest.approx(sum(summed([row]) for row in MIXED), rel=1e-6)


@pytest.mark.parametrize("merge", [False, True])
def test_questions_are_given_from_the_end_of_the_opening_on(model, merge):
    from core.training.side_by_side import answer_states

    rows = [([30, 31], [40]), ([32], [41, 42])]
    _, alone, _ = answer_states(model.model, batch(rows), merge)
    states, targets, answers = answer_states(model.model, batch(rows), merge, len(OPENING))
    assert targets[answers].tolist() == alone.tolist() and len(states) == len(targets)
    asked = targets[~answers].tolist()
    assert [t for t in asked if t in (30, 31, 32)] == [30, 31, 32]
    assert not set(asked) & set(OPENING), "the template's words before the question are no part of it"


def test_many_tokens_are_scored_in_parts(model, monkeypatch):
    import torch

    from core.training import answer_loss

    states = torch.randn(7, model.config.hidden_size, dtype=torch.float64, requires_grad=True)
    targets = torch.arange(7)
    whole = answer_loss.summed_loss(model.lm_head, states, targets)
    gradient, = torch.autograd.grad(whole, states)
    monkeypatch.setattr(answer_loss, "AT_ONCE", 3)
    parts = answer_loss.summed_loss(model.lm_head, states, targets)
    assert parts.item() == pytest.approx(whole.item(), rel=1e-6)
    assert torch.allclose(torch.autograd.grad(parts, states)[0], gradient, rtol=1e-5)


def test_a_head_that_does_not_learn_gives_the_same_loss_and_gradient(model, monkeypatch):
    import torch

    from core.training import answer_loss

    head, targets = torch.nn.Linear(64, 600, bias=False), torch.arange(70) * 8
    states = torch.randn(70, 64, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(head(states), targets, reduction="sum")
    gradient, = torch.autograd.grad(3 * expected, states)
    head.requires_grad_(False)
    monkeypatch.setattr(answer_loss, "FEW", 33)
    loss = answer_loss.summed_loss(head, states, targets)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    assert torch.allclose(torch.autograd.grad(3 * loss, states)[0], gradient, atol=1e-5)
    with torch.no_grad():
        assert answer_loss.summed_loss(head, states, targets).item() == pytest.approx(expected.item(), rel=1e-6)


def test_left_padding_and_long_batches_stay_padded(model, monkeypatch):
    import torch

    from core.training import side_by_side

    monkeypatch.setattr(side_by_side, "missing", lambda *given: 0)
    given = batch(MIXED)
    flipped = {name: value.flip(1) for name, value in given.items()}
    widths = []
    monkeypatch.setattr(model.model, "forward", lambda **k: widths.append(k["input_ids"].shape) or _Output(k, 64))
    side_by_side.answer_states(model.model, flipped, True)
    side_by_side.answer_states(model.model, given, True)
    monkeypatch.setattr(side_by_side, "LONGEST", 10)
    side_by_side.answer_states(model.model, given, True)
    assert widths[0] == widths[2] == given["input_ids"].shape
    assert widths[1] == torch.Size([1, int(given["attention_mask"].sum()) - 2 * (len(OPENING) - 1)])


class _Output:
    def __init__(self, given, features):
        import torch

        self.last_hidden_state = torch.zeros(*given["input_ids"].shape, features)
