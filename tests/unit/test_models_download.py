"""Downloads from hubs: resume, checksums, choice of the source; model folders appear complete or not at all."""

from __future__ import annotations

import json

import pytest

from core.errors import UserError
from core.jobs import JobContext, JobStopped
from core.models import download, installed, start_download
from core.models.catalogue import find
from core.models.hub import Hub, fetch, first_reachable, list_files
from tests.fakes.hub import fake_hub

WEIGHTS = bytes(range(256)) * 2000
FILES = {"config.json": b'{"architectures": ["LlamaForCausalLM"]}', "tokenizer.json": b"{}", "README.md": b"# no",
         "model.safetensors": WEIGHTS, "pytorch_model.bin": b"pickle", "LICENSE": b"Apache"}


@pytest.fixture
def hub(monkeypatch):
    with fake_hub(dict(FILES)) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", "http://127.0.0.1:9")
        yield server


@pytest.fixture
def job(ws):
    paths = ws.job("job-download1")
    paths.dir.mkdir(parents=True)
    return JobContext(ws, "job-download1", {"model": "qwen3-0-6b"})


def _events(job):
    return [json.loads(line) for line in job.paths.events.read_text(encoding="utf-8").splitlines()]


def test_a_model_comes_from_a_hub_and_only_what_it_needs(job, ws, hub):
    download.run(job)
    paths = installed(ws, "qwen3-0-6b")
    names = {path.name for path in paths.dir.iterdir()}
    assert names == {"config.json", "tokenizer.json", "model.safetensors", "LICENSE", "doctune.json", "manifest.json"}
    assert (paths.dir / "model.safetensors").read_bytes() == WEIGHTS
    assert not paths.partial.exists()
    last = [event for event in _events(job) if event["type"] == "progress"][-1]
    assert (last["done"], last["unit"]) == (last["total"], "bytes")


def test_a_cut_transfer_goes_on_where_it_ended(job, ws, hub):
    hub.cut_after = 100_000
    with pytest.raises(UserError) as caught:
        download.run(job)
    assert caught.value.key == "models.error.transfer"
    assert installed(ws, "qwen3-0-6b") is None
    have = (ws.model("qwen3-0-6b").partial / "model.safetensors").stat().st_size
    assert 0 < have <= 100_000
    hub.cut_after = None
    hub.requests.clear()
    download.run(job)
    asked = [given for path, given in hub.requests if path.endswith("model.safetensors")]
    assert asked == [f"bytes={have}-"]
    assert (installed(ws, "qwen3-0-6b").dir / "model.safetensors").read_bytes() == WEIGHTS


def test_a_server_without_ranges_is_read_from_the_beginning(hub, tmp_path):
    hub.ranges = False
    file = next(f for f in list_files(Hub("huggingface", hub.url), "a/b") if f.name == "model.safetensors")
    target = tmp_path / "w"
    target.write_bytes(b"old")
    fetch(file, target, lambda n: None, lambda: False)
    assert target.read_bytes() == WEIGHTS


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_wrong_checksum_is_told_and_the_file_removed(job, ws, hub, name):
    hub.lies = {name}
    with pytest.raises(UserError) as caught:
        download.run(job)
    assert (caught.value.key, caught.value.params["file"]) == ("models.error.checksum", name)
    assert not (ws.model("qwen3-0-6b").partial / name).exists()
    assert installed(ws, "qwen3-0-6b") is None


def test_stop_keeps_what_has_arrived(job, ws, hub):
    job.paths.stop.write_text("{}", encoding="utf-8")
    with pytest.raises(JobStopped):
        download.run(job)
    assert ws.model("qwen3-0-6b").partial.is_dir()


def test_modelscope_is_asked_when_hugging_face_is_away(job, ws, hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", hub.url)
    download.run(job)
    assert any("/repo/files" in path for path, _ in hub.requests)
    assert installed(ws, "qwen3-0-6b")


def test_without_any_source_the_sentence_says_what_to_do(job, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UserError) as caught:
        download.run(job)
    assert caught.value.key == "models.error.no_source"


def test_the_first_hub_that_answers_is_taken(hub):
    dead, alive = Hub("huggingface", "http://127.0.0.1:9"), Hub("modelscope", hub.url)
    assert first_reachable([(dead, "a/b"), (alive, "a/b")]) == (alive, "a/b")
    assert first_reachable([(dead, "a/b")]) is None


def test_licence_and_unknown_models_are_checked_before_anything_starts(ws):
    for model, key in (("gemma-3-270m", "models.error.licence"), ("none", "models.error.unknown_model")):
        with pytest.raises(UserError) as caught:
            start_download(ws, model)
        assert caught.value.key == key
    assert not ws.jobs.exists()


def test_the_starter_is_offered_offline():
    assert find("smollm2-135m-instruct").package is not None
