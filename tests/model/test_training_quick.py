"""What makes a step quick on a processor changes neither losses nor gradients, for models of several kinds."""

from __future__ import annotations

import pytest

from tests.model.test_training_side_by_side import MIXED, OPENING, batch

pytestmark = pytest.mark.model
SIZES = {"vocab_size": 100, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "max_position_embeddings": 512,
         "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
KINDS = {"llama": ("Llama", {}), "qwen2": ("Qwen2", {}), "qwen3": ("Qwen3", {}), "phi3": ("Phi3", {}),
         "mistral": ("Mistral", {"sliding_window": 400}), "glm4": ("Glm4", {}),
         "gemma3": ("Gemma3", {"sliding_window": 400, "layer_types": ["sliding_attention", "full_attention"]})}
LONG = [([30 + n % 40 for n in range(60)], [40 + n % 9 for n in range(80)]), *MIXED]


def random_model(kind):
    import torch
    import transformers

    name, more = KINDS[kind]
    config = "Gemma3TextConfig" if kind == "gemma3" else f"{name}Config"
    torch.manual_seed(0)
    return getattr(transformers, f"{name}ForCausalLM")(getattr(transformers, config)(**SIZES | more)).eval()


def learned(model, causal, rows, **how):
    """Loss of the batch, and the gradients of what learns."""

    from core.training.answer_loss import summed_loss
    from core.training.side_by_side import answer_states

    model.zero_grad()
    states, targets, _ = answer_states(causal.base_model, batch(rows), **how)
    loss = summed_loss(causal.get_output_embeddings(), states, targets) / len(targets)
    loss.backward()
    return loss.item(), {name: p.grad.clone() for name, p in model.named_parameters() if p.requires_grad}


def with_lora(causal, **more):
    """An adapter that is not at its start, so that it has a gradient everywhere."""
    import torch
    from peft import LoraConfig, get_peft_model

    model = get_peft_model(causal, LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM",
                                              **more))
    torch.manual_seed(1)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.05)
    return model.train()


def assert_same(one, other):
    assert one[0] == pytest.approx(other[0], abs=1e-5)
    assert set(one[1]) == set(other[1])
    for name, gradient in one[1].items():
        assert (gradient - other[1][name]).norm() <= 1e-4 * gradient.norm() + 1e-7, name


def test_one_more_token_is_no_further_product_for_the_library(monkeypatch):
    """It makes code for each number of rows and keeps it, so only multiples may reach it; results stay the same."""
    import torch

    from core.training import products

    seen, plain = set(), torch.nn.functional.linear

    def watched(x, weight):
        seen.add(len(x))
        return plain(x, weight)

    monkeypatch.setattr(products, "product", watched)
    monkeypatch.setattr(products, "uses_onednn", lambda: True)
    layer = torch.nn.Linear(8, 12)
    for tokens in range(60, 80):
        x, outer = torch.randn(1, tokens, 8, requires_grad=True), torch.randn(1, tokens, 12)
        wanted = (x, layer.weight, layer.bias)
        expected = torch.autograd.grad((layer(x) * outer).sum(), wanted)
        made = products._Linear.called(layer, x)
        assert torch.allclose(made, layer(x), atol=1e-5) and made.shape == outer.shape
        for found, right in zip(torch.autograd.grad((made * outer).sum(), wanted), expected, strict=True):
            assert torch.allclose(found, right, atol=1e-4)
    assert seen == {64, 80, 12}, "12: the gradient of the weight has a row for each output"


@pytest.mark.parametrize("opening", [None, len(OPENING)])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_rows_side_by_side_without_a_mask_learn_what_padded_rows_learn(kind, opening):
    from core.training.products import quicken
    from core.training.row_attention import install
    from core.training.side_by_side import reach

    causal = random_model(kind)
    model = with_lora(causal)
    expected = learned(model, causal, LONG, merge=False, opening=opening)
    assert quicken(model) > 0
    assert_same(learned(model, causal, LONG, merge=False, opening=opening), expected)
    assert install(causal)
    how = {"merge": True, "masked": False, "reach": reach(causal.config)}
    assert_same(learned(model, causal, LONG, opening=opening, **how), expected)
    # The attention is the library's own for everything else.
    assert_same(learned(model, causal, LONG, merge=False, opening=opening), expected)


def test_rows_beyond_a_window_are_left_to_the_models_masks():
    from core.training.row_attention import install

    causal = random_model("gemma3")
    causal.config.sliding_window = 50
    for layer in causal.model.layers:
        if layer.self_attn.sliding_window:
            layer.self_attn.sliding_window = 50
    model = with_lora(causal)
    expected = learned(model, causal, LONG, merge=False)
    assert install(causal)
    assert_same(learned(model, causal, LONG, merge=True, masked=False, reach=50), expected)
    beyond, _ = learned(model, causal, LONG, merge=True, masked=False, reach=400)
    assert abs(beyond - expected[0]) > 1e-4, "the window matters for these rows"


def test_a_model_that_drops_the_layout_keeps_its_attention(monkeypatch):
    from core.training import row_attention

    causal = random_model("llama")
    for layer in causal.model.layers:
        own = layer.self_attn.forward
        monkeypatch.setattr(layer.self_attn, "forward", lambda *a, own=own, rows_layout=None, **k: own(*a, **k))
    assert not row_attention.install(causal)
    assert causal.config._attn_implementation == "sdpa"


def test_a_batch_in_parts_has_every_row_once_and_the_gradient_of_the_whole():
    import torch

    from core.training.side_by_side import parts

    whole = batch(LONG)
    found = parts(whole, 90)
    assert len(found) == 2 and [len(part["labels"]) for part in found] == [1, 3]
    assert found[1]["input_ids"].shape[1] == max(len(OPENING) + len(p) + len(a) for p, a in MIXED)

    def rows(given):
        return [ids[seen.bool()].tolist() for ids, seen in zip(given["input_ids"], given["attention_mask"],
                                                               strict=True)]

    assert sorted(row for part in found for row in rows(part)) == sorted(rows(whole))
    assert sum(int((part["labels"] != -100).sum()) for part in found) == int((whole["labels"] != -100).sum())
    assert parts(whole, 400) == [whole]
    left = {name: torch.flip(value, [1]) for name, value in whole.items()}
    assert parts(left, 90) == [left]


@pytest.mark.parametrize("onednn", [False, True])
@pytest.mark.parametrize("more", [{}, {"use_rslora": True}, {"use_dora": True}, {"lora_bias": True}])
def test_adapters_learn_the_same_by_quicker_products(more, onednn, monkeypatch):
    import torch

    from core.training import products

    if onednn and not products.uses_onednn():
        pytest.skip("this processor has no use for it")
    monkeypatch.setattr(products, "uses_onednn", lambda: onednn)
    causal = random_model("qwen2")  # has biases
    model = with_lora(causal, **more)
    expected, ids = learned(model, causal, LONG, merge=False), batch(LONG)["input_ids"]
    with torch.no_grad(), model.disable_adapter():
        off = causal(ids).logits
    products.quicken(model)
    assert_same(learned(model, causal, LONG, merge=False), expected)
    with torch.no_grad(), model.disable_adapter():
        assert torch.allclose(causal(ids).logits, off, atol=1e-5)


def test_weights_of_the_model_itself_learn_the_same_by_quicker_products():
    from core.training import products

    causal = random_model("qwen2")
    expected = learned(causal, causal, LONG, merge=False)
    assert products.quicken(causal) == 15 and products.quicken(causal) == 0
    assert_same(learned(causal, causal, LONG, merge=False), expected)


def test_a_quick_layer_with_dropout_or_other_numbers_works_as_before():
    import torch

    from core.training import products

    model = with_lora(random_model("llama"), lora_dropout=0.5)
    layer = model.get_base_model().model.layers[0].self_attn.q_proj
    x = torch.randn(80, 64)
    torch.manual_seed(5)
    expected = layer(x)
    products.quicken(model)
    torch.manual_seed(5)
    assert torch.allclose(layer(x), expected, atol=1e-6)
    assert not torch.allclose(layer(x), expected, atol=1e-3), "drawn anew"
    model.double()
    assert layer(x.double()).dtype == torch.float64
