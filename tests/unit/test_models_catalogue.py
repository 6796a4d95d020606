"""The catalogue's facts agree with each other; what a model needs; models of other programs are found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.models import CATALOGUE, cached_models
from core.models.download import _sources
from core.storage import Workspace
from core.training import memory
from core.training.machine import Machine
from core.training.need import need_of, shape_of
from tests.fakes.shaped_model import shaped_model
from webui.page import Call
from webui.tabs import settings_models

GB = 1_000_000_000
PC = Machine(16 * GB, 700_000_000, 100 * GB, False)


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.id)
def test_the_published_number_of_parameters_follows_from_the_shape(entry) -> None:
    assert entry.shape is not None and entry.shape.parameters == entry.params
    assert entry.shape.heads % entry.shape.kv_heads == 0
    assert entry.disk_bytes >= 2 * entry.params
    assert entry.languages and len(set(entry.languages)) == len(entry.languages)


def test_every_family_that_people_ask_for_is_offered() -> None:
    labels = " ".join(entry.label for entry in CATALOGUE)
    for family in ("Qwen2.5", "Qwen3", "Llama 3", "DeepSeek R1", "GLM-4", "Gemma 3", "Phi-4", "Mistral", "SmolLM2"):
        assert family in labels
    assert all(entry.needs_licence_ok for entry in CATALOGUE if entry.licence not in ("Apache-2.0", "MIT"))


def test_the_shape_of_the_starter_model_is_that_of_its_files(tmp_path: Path) -> None:
    starter = CATALOGUE[0]
    folder = shaped_model(tmp_path / "m", hidden=576, inner=1536, layers=30, heads=9, kv_heads=3, vocabulary=49152)
    read, told = memory.read_shape(folder), shape_of(starter)
    assert told is not None and (read.parameters, sorted(read.linear)) == (told.parameters, sorted(told.linear))
    assert read.head_dim == told.head_dim


def test_what_a_model_needs_grows_with_it_and_shrinks_in_four_bits() -> None:
    qwen = [entry for entry in CATALOGUE if entry.id.startswith("qwen3-")]
    needs = [need_of(entry, PC) for entry in qwen]
    assert all(one is not None for one in needs)
    plain = [one.plain for one in needs if one]
    assert plain == sorted(plain)
    assert all(one.four_bits < one.plain for one in needs if one)
    grades = [one.grade for one in needs if one]
    assert grades[0] == "fits" and grades[-1] == "too_big"
    card = need_of(qwen[0], Machine(16 * GB, 600_000_000, 100 * GB, True))
    assert card is not None and needs[0] is not None and card.plain < needs[0].plain, "two bytes a number, no holes"


def test_the_page_filters_by_words_language_and_fit(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_models.machine, "look", lambda ws: PC)
    call = Call(ws, "en", None)

    def ids(typed: str = "", language: str = "", only: bool = False) -> set[str]:
        return {found.entry.id for found, _ in settings_models.listed(call, typed, language, only)}

    assert ids() == {entry.id for entry in CATALOGUE}
    assert ids("qwen 8b distill") == set() and ids("DISTILL qwen 7b") == {"deepseek-r1-distill-qwen-7b"}
    assert "phi-4" not in ids(language="ja") and "qwen3-8b" in ids(language="ja")
    assert {"qwen3-0-6b"} <= ids(only=True) and "qwen3-32b" not in ids(only=True)


def test_gated_models_are_fetched_with_a_token_or_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    llama = next(entry for entry in CATALOGUE if entry.gated)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    assert [hub.kind for hub, _ in _sources(llama)] == ["modelscope"]
    monkeypatch.setenv("HF_TOKEN", "hf_something")
    assert [hub.kind for hub, _ in _sources(llama)] == ["huggingface", "modelscope"]
    assert [hub.kind for hub, _ in _sources(CATALOGUE[0])] == ["huggingface", "modelscope"]


def test_models_of_other_programs_are_found_and_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "MODELSCOPE_CACHE"):
        monkeypatch.delenv(name, raising=False)
    assert cached_models() == []
    repo = tmp_path / "hf" / "hub" / "models--Qwen--Qwen3-0.6B"
    shaped_model(repo / "snapshots" / "old")
    new = shaped_model(repo / "snapshots" / "new")
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text("new", encoding="utf-8")
    (tmp_path / "hf" / "hub" / "models--broken--empty").mkdir()
    shaped_model(tmp_path / ".cache" / "modelscope" / "hub" / "models" / "Qwen" / "Qwen2___5-0___5B")
    remote = shaped_model(tmp_path / ".cache" / "modelscope" / "hub" / "internlm" / "chat")
    config = json.loads((remote / "config.json").read_text(encoding="utf-8"))
    (remote / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "m.M"}}), encoding="utf-8")
    packed = shaped_model(tmp_path / ".lmstudio" / "models" / "mlx-community" / "Q4")
    (packed / "config.json").write_text(json.dumps({**config, "quantization": {"bits": 4}}), encoding="utf-8")
    gguf = tmp_path / ".lmstudio" / "models" / "someone" / "Q-GGUF"
    gguf.mkdir(parents=True)
    (gguf / "q4.gguf").write_bytes(b"GGUF")
    encoder = shaped_model(tmp_path / "hf" / "hub" / "models--BAAI--bge" / "snapshots" / "a")
    (encoder / "config.json").write_text(json.dumps({**config, "architectures": ["BertModel"]}), encoding="utf-8")
    found = {one.name: one for one in cached_models()}
    assert found["Qwen/Qwen3-0.6B"].path == new and found["Qwen/Qwen3-0.6B"].refused is None
    assert found["Qwen/Qwen3-0.6B"].bytes > 0 and found["Qwen/Qwen2.5-0.5B"].source == "modelscope"
    reasons = {name: one.refused.key.rpartition(".")[2] for name, one in found.items() if one.refused}
    assert reasons == {"internlm/chat": "remote_code", "mlx-community/Q4": "mlx", "someone/Q-GGUF": "gguf"}
    assert set(found) == {"Qwen/Qwen3-0.6B", "Qwen/Qwen2.5-0.5B", *reasons}
