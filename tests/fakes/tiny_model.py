"""A tiny random Llama with a small byte-level tokenizer and a ChatML template, as an ordinary model folder."""

from __future__ import annotations

from pathlib import Path

CHATML = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
          "{% if message['role'] == 'assistant' %}{{ '<think>\n\n</think>\n\n' if thinking else '' }}{% endif %}"
          "{{ message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
          "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
# In the vocabulary without being flagged special, as <think> is in reasoning models.
DELIMITERS = ["<think>", "</think>"]
_CORPUS = ["How heavy is the anchor? The anchor weighs 22 kilograms.", "What is the capital of the island?",
           "user assistant system\n", "Rova-2 dives to 350 metres and returns within 40 minutes.",
           "深潜器每次下潜之前都要检查压载水舱。", "<|im_start|> [/INST] </s> {\"json\": true}", "0123456789 ,.;:!?()-"]


def make_tokenizer(vocab_size: int = 600):
    """A byte-level BPE tokenizer trained on a few sentences, with ChatML control tokens."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, special_tokens=SPECIAL, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    backend.train_from_iterator(_CORPUS * 3, trainer)
    backend.add_tokens([AddedToken(text, special=False, normalized=False) for text in DELIMITERS])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|im_end|>", pad_token="<|endoftext|>",
                                        bos_token="<|im_start|>", model_max_length=512)
    tokenizer.chat_template = CHATML
    return tokenizer


def make_model(folder: Path, seed: int = 0, width: int = 64) -> Path:
    """Writes config, safetensors weights and tokenizer of a 2-layer Llama into `folder`; returns it."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer()
    torch.manual_seed(seed)
    config = LlamaConfig(vocab_size=len(tokenizer), hidden_size=width, intermediate_size=2 * width, num_hidden_layers=2,
                         num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512,
                         tie_word_embeddings=True, bos_token_id=tokenizer.bos_token_id,
                         eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    folder.mkdir(parents=True, exist_ok=True)
    LlamaForCausalLM(config).save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    return folder
