"""From a GGUF file to an ordinary folder of safetensors: done once, after which every library can load the model."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

# The turns of Google's Gemma models, as their instruction-tuned versions write them; the base models ship none.
TEMPLATES = {"gemma": (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set first = messages[0]['content'] + '\n\n' %}"
    "{% set turns = messages[1:] %}{% else %}{% set first = '' %}{% set turns = messages %}{% endif %}"
    "{% for message in turns %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\n' }}"
    "{{ first if loop.first else '' }}{{ message['content'] | trim }}{{ '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}")}


def gguf_to_safetensors(gguf: Path, target: Path, template: str = "", on_step: Callable[[str], None] = print) -> None:
    """Loads a GGUF file, undoes its quantisation and writes model, tokenizer and chat template as a plain folder.

    Takes about four bytes a parameter of disk and twice that of memory.

    Args:
        gguf: the file.
        target: an empty folder.
        template: key of `TEMPLATES` for a model whose file has none.
        on_step: called with "load" and "write".
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    on_step("load")
    where = str(gguf.parent)
    tokenizer = AutoTokenizer.from_pretrained(where, gguf_file=gguf.name)
    model = AutoModelForCausalLM.from_pretrained(where, gguf_file=gguf.name, dtype=torch.float32)
    # The weights are full precision now; the marks of the quantised file would make save_pretrained refuse.
    vars(model).update(hf_quantizer=None, is_quantized=False)
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    if template:
        tokenizer.chat_template = TEMPLATES[template]
        ends = [tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids("<end_of_turn>")]
        model.generation_config.eos_token_id = [end for end in ends if isinstance(end, int)]
    on_step("write")
    model.save_pretrained(str(target))
    tokenizer.save_pretrained(str(target))
