"""Virtual tokens that a model learns to see before every text: how they stand before a batch. Imports torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def prompted(model: Any) -> Callable[..., Any]:
    """The decoder of a model with prompt, prefix or P-tuning, called like the decoder itself.

    What it returns has the states of the real tokens only: `last_hidden_state` is (rows, tokens, features).
    """
    from peft import PeftType

    config = model.active_peft_config
    decoder = model.get_base_model().base_model

    def read(input_ids: torch.Tensor, attention_mask: torch.Tensor, use_cache: bool = False) -> Any:
        rows = len(input_ids)
        seen = torch.cat([attention_mask.new_ones(rows, config.num_virtual_tokens), attention_mask], dim=1)
        learned = model.get_prompt(rows)
        if config.peft_type == PeftType.PREFIX_TUNING:
            return decoder(input_ids=input_ids, attention_mask=seen, past_key_values=learned)
        texts = decoder.get_input_embeddings()(input_ids)
        made = decoder(inputs_embeds=torch.cat([learned.to(texts.dtype), texts], dim=1), attention_mask=seen,
                       use_cache=use_cache)
        made.last_hidden_state = made.last_hidden_state[:, config.num_virtual_tokens:]
        return made

    return read
