"""The script of a folder for TRL: short enough to be read, it runs as it is."""

SCRIPT = '''"""Tunes a model on the rows beside it with TRL. LoRA; --unsloth is quicker on a graphics card.

    pip install -r requirements.txt
    python train.py [--model NAME] [--output FOLDER] [--epochs 3] [--max-steps N] [--unsloth]
"""

import argparse
from pathlib import Path

STAGE = "%(stage)s"
HERE = Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="%(model)s")
    parser.add_argument("--output", default=str(HERE / "output"))
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--max-steps", type=int, default=-1)
    parser.add_argument("--learning-rate", type=float, default=%(learning_rate)s)
    parser.add_argument("--batch-size", type=int, default=%(batch_size)s)
    parser.add_argument("--cutoff-len", type=int, default=2048)
    parser.add_argument("--unsloth", action="store_true")
    given = parser.parse_args()

    model, tokenizer = load(given)
    import torch
    from datasets import load_dataset
    from peft import LoraConfig
    from trl import %(trainer)s, %(config)s

    files = {part: str(HERE / f"{part}.jsonl") for part in ("train", "test") if (HERE / f"{part}.jsonl").is_file()}
    rows = load_dataset("json", data_files=files)
    has_gpu = torch.cuda.is_available()
    arguments = %(config)s(
        output_dir=given.output, num_train_epochs=given.epochs, max_steps=given.max_steps,
        learning_rate=given.learning_rate, per_device_train_batch_size=given.batch_size,
        gradient_accumulation_steps=2, lr_scheduler_type="cosine", logging_steps=1, save_strategy="epoch",
        eval_strategy="epoch" if "test" in files else "no", report_to=[], max_length=given.cutoff_len,
        bf16=has_gpu and torch.cuda.is_bf16_supported(), use_cpu=not has_gpu)
    adapter = None if given.unsloth else LoraConfig(r=16, lora_alpha=32, target_modules="all-linear",
                                                    task_type="CAUSAL_LM")
    trainer = %(trainer)s(model=model, args=arguments, processing_class=tokenizer, peft_config=adapter,
                         train_dataset=rows["train"], eval_dataset=rows.get("test"))
    trainer.train()
    trainer.save_model(given.output)


def load(given):
    """Model and tokenizer; Unsloth, which changes TRL, has to be imported before it."""
    if given.unsloth:
        from unsloth import FastLanguageModel

        model, tokenizer = FastLanguageModel.from_pretrained(given.model, max_seq_length=given.cutoff_len,
                                                             load_in_4bit=True)
        return FastLanguageModel.get_peft_model(model, r=16, lora_alpha=32), tokenizer
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return AutoModelForCausalLM.from_pretrained(given.model), AutoTokenizer.from_pretrained(given.model)


if __name__ == "__main__":
    main()
'''
