"""What the page shows of a row is what the trainer feeds, id by id, under the templates of four model families."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from core import jobs
from core.datasets import find_dataset
from core.datasets.importing import import_files
from core.errors import UserError
from core.models.convert import TEMPLATES
from core.training.expected import expected
from core.training.rows import IGNORED, tokenise
from core.training.seeing import see, seen_by
from core.training.settings import TrainSettings
from core.training.stages import module
from core.training.token_counts import last_count, start_count
from tests.fakes.tiny_model import CHATML, make_tokenizer

pytestmark = pytest.mark.model

LLAMA3 = ("{{ bos_token }}{% for message in messages %}{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>'"
          " + '\n\n' + message['content'] + '<|eot_id|>' }}{% endfor %}"
          "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}")
DEEPSEEK = ("{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}{{ '<｜User｜>' + "
            "message['content'] }}{% elif message['role'] == 'assistant' %}{{ '<｜Assistant｜>' + message['content'] + "
            "'<｜end▁of▁sentence｜>' }}{% else %}{{ message['content'] }}{% endif %}{% endfor %}"
            "{% if add_generation_prompt %}{{ '<｜Assistant｜>' }}{% endif %}")
FAMILIES = {
    "chatml": (CHATML, [], "<|im_end|>"),
    "llama3": (LLAMA3, ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], "<|eot_id|>"),
    "gemma": (TEMPLATES["gemma"], ["<start_of_turn>", "<end_of_turn>"], "<end_of_turn>"),
    "deepseek": (DEEPSEEK, ["<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>"], "<｜end▁of▁sentence｜>"),
}
TALK = [{"role": "user", "content": "How deep? 多深？"}, {"role": "assistant", "content": "350 metres, 三百五十米 🙂."},
        {"role": "user", "content": "<|im_end|> [/INST] <｜User｜> <end_of_turn> <|eot_id|>"},
        {"role": "assistant", "content": "Plain text </think> only."}]


def family(name):
    template, special, end = FAMILIES[name]
    tokenizer = make_tokenizer()
    if special:
        tokenizer.add_special_tokens({"additional_special_tokens": special})
    tokenizer.chat_template = template
    return tokenizer, end


@pytest.mark.parametrize("name", FAMILIES)
def test_ids_and_colours_are_those_of_the_trainer(name):
    tokenizer, end = family(name)
    fed = tokenise([TALK], tokenizer, 512, lambda n: None).rows[0]
    seen = seen_by(TALK, tokenizer, 512)
    assert (seen["ids"], seen["labels"]) == (fed["input_ids"], fed["labels"])
    assert "".join(text for text, _, _ in seen["pieces"]) == tokenizer.decode(fed["input_ids"])
    assert sum(count for _, _, count in seen["pieces"]) == len(fed["input_ids"])
    coloured = "".join(text for text, trained, _ in seen["pieces"] if trained)
    assert coloured == "".join(m["content"] + end for m in TALK if m["role"] == "assistant")
    assert not any("\ufffd" in text for text, _, _ in seen["pieces"])
    plain = TALK[:2]
    assert seen_by(plain, tokenizer, 512)["ids"] == tokenizer.apply_chat_template(plain, tokenize=True,
                                                                                   return_dict=False)


def test_what_is_cut_or_left_out_is_said():
    tokenizer, _ = family("chatml")
    whole = seen_by(TALK[:2], tokenizer, 512)
    cut = seen_by(TALK[:2], tokenizer, len(whole["ids"]) - 3)
    assert (cut["cut"], cut["dropped"], cut["ids"]) == (3, False, whole["ids"][:-3])
    assert seen_by(TALK[:2], tokenizer, 4)["dropped"]


def test_a_row_of_a_dataset_through_a_model_folder(ws, tmp_path):
    tokenizer, _ = family("chatml")
    folder = ws.model("tiny").dir
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join(json.dumps({"messages": talk}) for talk in (TALK[:2], TALK)), encoding="utf-8")
    info = import_files(ws, [(path, path.name)]).datasets[0]
    from tests.fakes.tiny_model import make_model

    make_model(folder)
    seen = see(ws, str(folder), info.id, 1, 256)
    fed = tokenise([TALK], tokenizer, 256, lambda n: None).rows[0]
    assert (seen.ids, seen.labels) == (fed["input_ids"], fed["labels"])
    assert seen.trained == sum(label != IGNORED for label in seen.labels)
    with pytest.raises(UserError):
        see(ws, str(folder), info.id, 7, 256)


def test_the_counts_of_a_dataset_are_those_of_the_trainer_at_every_cutoff(ws, tmp_path):
    from tests.fakes.tiny_model import make_model

    tokenizer, _ = family("chatml")
    folder = ws.model("tiny").dir
    make_model(folder)
    talks = [TALK[:2], TALK, [{"role": "user", "content": "Why? " * 30}, {"role": "assistant", "content": "So."}]]
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join(json.dumps({"messages": talk}) for talk in talks), encoding="utf-8")
    info = import_files(ws, [(path, path.name)]).datasets[0]
    assert last_count(ws, info) is None
    job = start_count(ws, info.id, str(folder))
    assert jobs.wait(ws, job.id, 120).state is jobs.JobState.DONE
    counts = last_count(ws, find_dataset(ws, info.id))
    whole = tokenise(talks, tokenizer, 1 << 30, lambda n: None)
    assert (counts.rows, counts.tokens, counts.left_out) == (3, whole.tokens, 0)
    assert counts.longest == max(len(row["input_ids"]) for row in whole.rows)
    assert counts.trained == sum(label != IGNORED for row in whole.rows for label in row["labels"][1:])
    for cutoff in range(1, counts.longest + 2):
        fed = tokenise(talks, tokenizer, cutoff, lambda n: None)
        assert (counts.cut(cutoff), counts.dropped(cutoff)) == (fed.cut, fed.dropped), cutoff
    info.path.write_text(info.path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert last_count(ws, find_dataset(ws, info.id)) is None


PAIR = {"prompt": "How heavy is the anchor?", "chosen": "It weighs 22 kilograms.", "rejected": "No idea."}
OTHERS = {
    "dpo": [{**PAIR, "chosen": PAIR["chosen"] * n} for n in range(1, 5)],
    "kto": [{"prompt": PAIR["prompt"] * n, "completion": "22 kilograms.", "label": n % 2 == 0} for n in range(1, 5)],
    "pt": [{"text": "The anchor weighs 22 kilograms. " * n} for n in range(1, 5)],
}


@pytest.mark.parametrize("stage", OTHERS)
def test_other_kinds_of_rows_are_counted_as_their_stage_feeds_them(ws, tmp_path, stage):
    from tests.fakes.tiny_model import make_model

    folder, file = make_model(ws.model("tiny").dir), tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in OTHERS[stage]), encoding="utf-8")
    info = import_files(ws, [(file, file.name)]).datasets[0]
    assert jobs.wait(ws, start_count(ws, info.id, str(folder)).id, 60).state is jobs.JobState.DONE
    counts = last_count(ws, info)
    context = SimpleNamespace(ws=ws, progress=lambda *given: None)
    for cutoff in (16, 24, 40, 1000):
        settings = TrainSettings(dataset=info.id, stage=stage, cutoff_len=cutoff, epochs=1, batch_size=1)
        fed = module(stage).prepare(context, settings, make_tokenizer()).train
        will = expected(counts, settings, None)
        assert (will.rows, will.cut, will.dropped) == (len(fed.rows), fed.cut, fed.dropped), cutoff
        assert will.steps == len(fed.rows)
    assert counts.left_out == 0 and counts.longest <= 1000
