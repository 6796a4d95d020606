"""What the page shows of a row is what the trainer feeds, id by id, under the templates of four model families."""

from __future__ import annotations

import json

import pytest

from core.datasets.importing import import_files
from core.errors import UserError
from core.models.convert import TEMPLATES
from core.training.rows import IGNORED, tokenise
from core.training.seeing import see, seen_by
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
