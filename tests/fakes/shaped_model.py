"""A model folder of any size without its weights: the head of the weight file is true, the numbers are missing."""

from __future__ import annotations

import json
from pathlib import Path

from core.storage import write_json


def shaped_model(folder: Path, *, hidden: int = 64, inner: int = 128, layers: int = 2, heads: int = 4,
                 kv_heads: int = 2, vocabulary: int = 600, template: bool = True) -> Path:
    """Writes a Llama's config.json, tokenizer files and the head of its safetensors file into `folder`; returns it."""
    folder.mkdir(parents=True)
    write_json(folder / "config.json", {
        "architectures": ["LlamaForCausalLM"], "hidden_size": hidden, "intermediate_size": inner,
        "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": kv_heads,
        "vocab_size": vocabulary})
    write_json(folder / "tokenizer.json", {})
    write_json(folder / "tokenizer_config.json", {"chat_template": "{{ messages }}"} if template else {})
    narrow = hidden // heads * kv_heads
    tensors = {"model.embed_tokens.weight": [vocabulary, hidden], "model.norm.weight": [hidden]}
    for n in range(layers):
        at = f"model.layers.{n}"
        attention = f"{at}.self_attn"
        tensors |= {f"{attention}.q_proj.weight": [hidden, hidden], f"{attention}.k_proj.weight": [narrow, hidden],
                    f"{attention}.v_proj.weight": [narrow, hidden], f"{attention}.o_proj.weight": [hidden, hidden],
                    f"{at}.mlp.gate_proj.weight": [inner, hidden], f"{at}.mlp.up_proj.weight": [inner, hidden],
                    f"{at}.mlp.down_proj.weight": [hidden, inner], f"{at}.input_layernorm.weight": [hidden],
                    f"{at}.post_attention_layernorm.weight": [hidden]}
    head = json.dumps({name: {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}
                       for name, shape in tensors.items()}).encode()
    (folder / "model.safetensors").write_bytes(len(head).to_bytes(8, "little") + head)
    return folder
