"""Reading the common opening once changes neither the loss nor a gradient."""

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


MIXED = [([30, 31, 32], [40, 41]), ([33], [42, 43, 44, 45]), ([30, 31, 34, 35], [46])]


@pytest.mark.parametrize(("rows", "expected"), [
    (MIXED, len(OPENING) - 1),
    ([([30, 31], [40]), ([30, 32], [41])], len(OPENING)),
    # The same question twice: what predicts the first word of an answer stays with the rows.
    ([([30, 31], [40]), ([30, 31], [41])], len(OPENING) + 1),
    ([([30], [40])], 0),
])
def test_the_opening_ends_before_the_rows_differ_or_answer(rows, expected):
    from core.training.shared_prefix import common_prefix

    given = batch(rows)
    assert common_prefix(given["input_ids"], given["attention_mask"], given["labels"]) == expected


def test_left_padding_shares_nothing():
    import torch

    from core.training.shared_prefix import common_prefix

    ids, mask = torch.tensor([[0, 5, 6, 7], [5, 6, 7, 8]]), torch.tensor([[0, 1, 1, 1], [1, 1, 1, 1]])
    assert common_prefix(ids, mask, torch.full_like(ids, -100)) == 0


@pytest.mark.parametrize(("config", "expected"), [
    ({}, True), ({"sliding_window": 4096}, False), ({"layer_types": ["full_attention"] * 2}, True),
    ({"layer_types": ["sliding_attention", "full_attention"]}, False),
])
def test_layers_that_look_at_a_window_keep_their_rows(config, expected):
    from types import SimpleNamespace

    from core.training.shared_prefix import shareable

    assert shareable(SimpleNamespace(**config)) is expected


def test_losses_and_gradients_are_those_of_whole_rows(tmp_path):
    import torch
    from transformers import AutoModelForCausalLM

    from core.training.shared_prefix import common_prefix, hidden_states

    model = AutoModelForCausalLM.from_pretrained(make_model(tmp_path / "tiny"), dtype=torch.float64)
    given = batch(MIXED)
    found = []
    for prefix in (0, common_prefix(given["input_ids"], given["attention_mask"], given["labels"])):
        model.zero_grad()
        states, labels = hidden_states(model.model, given, prefix)
        counts = labels[:, 1:] != -100
        loss = torch.nn.functional.cross_entropy(model.lm_head(states[:, :-1][counts]), labels[:, 1:][counts])
        loss.backward()
        found.append((loss.item(), {name: p.grad.clone() for name, p in model.named_parameters()}))
    (plain, gradients), (shared, same) = found
    assert shared == pytest.approx(plain, rel=1e-6)
    # Norms and rotations are computed in single precision whatever the weights are.
    for name, gradient in gradients.items():
        assert (gradient - same[name]).norm() <= 1e-5 * gradient.norm(), name
