"""The opening that all rows of a batch have in common is computed once.

Chat templates put the same words before every question (SmolLM2: 25 tokens of 63). A decoder's states at a position
depend on that position and those before it alone, so one copy serves all rows: same loss and same gradients, fewer
products. Imports torch; only the trainer process imports this module.
"""

from __future__ import annotations

from typing import Any

import torch

WORTHWHILE = 8
"""Fewer common tokens are not worth a second pass through the layers."""


def common_prefix(input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor) -> int:
    """How many tokens all rows begin with, without those at which an answer is predicted.

    Args:
        input_ids, attention_mask, labels: (rows, width); padded on the right, labels -100 where no loss counts.
    """
    if len(input_ids) < 2 or not bool(attention_mask[:, 0].all()):
        return 0
    same = (input_ids == input_ids[:1]).all(0) & (labels == -100).all(0) & attention_mask.bool().all(0)
    length = int(same.long().cumprod(0).sum())
    # The last common token predicts the first one that differs: it has to stay with the rows.
    return max(length - 1, 0)


def shareable(config: Any) -> bool:
    """Whether every layer of the model looks at all tokens before it, as a plain cache of keys and values needs."""
    kinds = getattr(config, "layer_types", None)
    return not getattr(config, "sliding_window", None) if kinds is None else set(kinds) == {"full_attention"}


def hidden_states(decoder: Any, inputs: dict[str, torch.Tensor], prefix: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Last hidden states after the common prefix, (rows, width - prefix, features), and the labels there."""
    from transformers import DynamicCache

    ids, seen = inputs["input_ids"], inputs["attention_mask"]
    if prefix < WORTHWHILE:
        return decoder(input_ids=ids, attention_mask=seen, use_cache=False).last_hidden_state, inputs["labels"]
    cache = DynamicCache(config=decoder.config)
    decoder(input_ids=ids[:1, :prefix], past_key_values=cache, use_cache=True)
    cache.batch_repeat_interleave(len(ids))
    states = decoder(input_ids=ids[:, prefix:], attention_mask=seen, past_key_values=cache, use_cache=True)
    return states.last_hidden_state, inputs["labels"][:, prefix:]
