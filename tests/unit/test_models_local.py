"""Local folders: what may be loaded is decided from names and JSON, before any library opens the weights."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from core.errors import UserError
from core.models import check_folder, find, resolve
from core.models.catalogue import CATALOGUE
from core.models.local import check_adapter


def _folder(root: Path, **changes: bytes | None) -> Path:
    files = {"config.json": json.dumps({"architectures": ["LlamaForCausalLM"]}).encode(),
             "model.safetensors": b"\0" * 64, "tokenizer.json": b"{}", "chat_template.jinja": b"{{ messages }}"}
    root.mkdir()
    for name, content in {**files, **{key.replace("__", "."): value for key, value in changes.items()}}.items():
        if content is not None:
            (root / name).write_bytes(content)
    return root


def _config(**values: object) -> bytes:
    return json.dumps({"architectures": ["X"], **values}).encode()


def test_a_plain_folder_is_accepted(tmp_path):
    found = check_folder(str(_folder(tmp_path / "m")))
    assert (found.architecture, found.bytes, found.chat) == ("LlamaForCausalLM", 64, True)


@pytest.mark.parametrize(("changes", "key"), [
    ({"config__json": None}, "no_config"),
    ({"config__json": None, "model__gguf": b"GGUF"}, "gguf"),
    ({"config__json": b"{}"}, "no_architecture"),
    ({"config__json": None, "adapter_config__json": b"{}"}, "is_adapter"),
    ({"adapter_config__json": b"{}", "adapter_model__bin": pickle.dumps(print)}, "adapter_inside"),
    ({"config__json": _config(auto_map={"AutoModel": "evil.Model"})}, "remote_code"),
    ({"config__json": _config(text_config={"auto_map": {"AutoModel": "evil.Model"}})}, "remote_code"),
    ({"tokenizer_config__json": b'{"auto_map": {"AutoTokenizer": ["evil.T", null]}}'}, "remote_code"),
    ({"model__safetensors": None, "pytorch_model__bin": pickle.dumps(print)}, "pickle"),
    ({"model__safetensors": None}, "no_safetensors"),
    ({"tokenizer__json": None}, "no_tokenizer"),
    ({"model__safetensors__index__json": b'{"weight_map": {"a": "model-2.safetensors"}}'}, "shard_missing"),
    ({"model__safetensors__index__json": b'{"weight_map": {"a": "../../x.safetensors"}}'}, "shard_missing"),
])
def test_what_is_refused_and_why(tmp_path, changes, key):
    with pytest.raises(UserError) as caught:
        check_folder(str(_folder(tmp_path / "m", **changes)))
    assert caught.value.key == f"models.error.{key}"
    assert caught.value.text("en") != caught.value.text("zh")


@pytest.mark.parametrize("text", ["", "  ", "../../etc/nothing", "org/repo", "qwen/none\0"])
def test_names_that_are_no_folder_are_refused_without_a_look_at_the_network(ws, text):
    with pytest.raises(UserError) as caught:
        resolve(ws, text)
    assert caught.value.key == "models.error.no_folder"


def test_a_system_folder_is_no_model(ws):
    with pytest.raises(UserError) as caught:
        resolve(ws, "/etc")
    assert caught.value.key == "models.error.no_config"


def test_pickled_adapters_are_refused(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}", encoding="utf-8")
    (folder / "adapter_model.bin").write_bytes(pickle.dumps(print))
    with pytest.raises(UserError):
        check_adapter(folder)
    (folder / "adapter_model.safetensors").write_bytes(b"\0")
    with pytest.raises(UserError) as caught:
        check_adapter(folder)
    assert caught.value.key == "models.error.pickle"


def test_catalogue_ids_are_file_names_and_licences_are_told(ws):
    assert len({entry.id for entry in CATALOGUE}) == len(CATALOGUE)
    for entry in CATALOGUE:
        assert ws.model(entry.id).id == entry.id
        assert entry.licence and entry.licence_url.startswith("https://")
        assert entry.huggingface or entry.modelscope or entry.package
        assert find(entry.id) is entry
    with pytest.raises(UserError):
        find("gpt-5")
