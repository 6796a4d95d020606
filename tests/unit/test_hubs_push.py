"""Datasets to a hub: what was announced is what arrives, in one commit; nothing leaves when it should not."""

from __future__ import annotations

import json

import pytest
import yaml
from typer.testing import CliRunner

from app import app
from core import jobs
from core.datasets import get_dataset
from core.datasets.hub_jobs import HubName, start_push
from core.datasets.importing import import_files
from core.datasets.labels import describe
from core.datasets.operations import split
from core.datasets.sharing import share_plan
from core.errors import UserError
from core.hubs import work
from core.hubs.access import keep_token
from core.jobs import JobContext, JobStopped
from tests.fakes.hub_inbox import inbox

TOKEN = "hf_" + "w" * 30
NAME = HubName("huggingface", "me/mine")


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with inbox(TOKEN) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


@pytest.fixture
def made(ws, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"prompt": f"What is {n}?", "completion": f"{n} 是一个数。"}) + "\n"
                            for n in range(20)), encoding="utf-8")
    info = import_files(ws, [(path, path.name)]).datasets[0]
    return split(ws, info.id, 0.2, 1)


def push(ws, info, private=True, fmt=""):
    paths = ws.job("job-push1")
    paths.dir.mkdir(parents=True, exist_ok=True)
    job = JobContext(ws, paths.dir.name, {"op": "push", "hub": "huggingface", "repo": "me/mine", "dataset": info.id,
                                          "format": fmt, "private": private, "lang": "en"})
    work.run(job)
    return [json.loads(line) for line in paths.events.read_text(encoding="utf-8").splitlines()]


def test_what_was_announced_arrives_in_private(ws, hub, made):
    keep_token(ws, "huggingface", TOKEN)
    share = share_plan(ws, made.id)
    events = push(ws, made)
    assert hub.repos == {"me/mine": True}
    assert sorted(hub.files) == sorted(share.names) == ["README.md", "test.jsonl", "train.jsonl"]
    assert {name: hub.files[name].count(b"\n") for _, name, _ in share.parts} == {
        name: rows for _, name, rows in share.parts}
    assert share.rows == made.rows + made.held_out_rows == 20
    head = yaml.safe_load(hub.files["README.md"].decode().split("---")[1])
    assert [one["path"] for one in head["configs"][0]["data_files"]] == ["train.jsonl", "test.jsonl"]
    last = [event for event in events if event["type"] == "progress" and event["unit"] == "bytes"][-1]
    assert last["done"] == last["total"] == sum(map(len, hub.files.values()))
    result = next(event["facts"] for event in events if event["type"] == "result")
    assert result["url"] == f"{hub.url}/datasets/me/mine" and result["rows"] == 20
    assert not any(TOKEN.encode() in path.read_bytes() for path in ws.root.rglob("*") if path.is_file())


def test_a_second_push_replaces_but_never_in_public_what_should_be_private(ws, hub, made):
    keep_token(ws, "huggingface", TOKEN)
    push(ws, made, private=False, fmt="parquet")
    assert hub.repos == {"me/mine": False} and "train.parquet" in hub.files
    hub.files.clear()
    with pytest.raises(UserError) as caught:
        push(ws, made)
    assert caught.value.key == "dataset.push.error.public" and not hub.files
    hub.repos["me/mine"] = True
    push(ws, made)
    assert "train.jsonl" in hub.files


def test_refusals_are_one_sentence_and_nothing_has_left(ws, hub, made, monkeypatch):
    for token, may_write, key in (("", True, "push.error.no_token"), (TOKEN + "x", True, "hub.error.token"),
                                  (TOKEN, False, "push.error.rights")):
        keep_token(ws, "huggingface", token)
        hub.may_write = may_write
        with pytest.raises(UserError) as caught:
            push(ws, made)
        assert caught.value.key == f"dataset.{key}"
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(UserError) as caught:
        push(ws, made)
    assert caught.value.key == "dataset.hub.error.offline"
    assert not hub.files and not hub.repos


def test_a_licence_against_passing_on_and_other_hubs_are_respected(ws, made):
    describe(ws, made.id, licence="private")
    with pytest.raises(UserError) as caught:
        start_push(ws, made.id, NAME, private=False)
    assert caught.value.key == "dataset.push.error.licence"
    with pytest.raises(UserError) as caught:
        start_push(ws, made.id, HubName("modelscope", "me/mine"))
    assert caught.value.key == "dataset.push.error.hub"
    assert not jobs.list_jobs(ws)


def test_a_stop_during_the_upload_leaves_no_commit(ws, hub, made, monkeypatch):
    keep_token(ws, "huggingface", TOKEN)
    told = hub.answer

    def stop_then_answer(path, body):
        if path.endswith("/batch"):
            ws.job("job-push1").stop.write_text("{}", encoding="utf-8")
        return told(path, body)

    monkeypatch.setattr(hub, "answer", stop_then_answer)
    with pytest.raises(JobStopped):
        push(ws, made)
    assert hub.repos and not hub.files


def test_the_command_asks_before_anything_leaves(ws, hub, made, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    argv = ["data", "export", made.id, "--push", "hf:me/mine", "--to", "messages"]
    asked = CliRunner().invoke(app, argv, input="n\n")
    assert asked.exit_code == 1 and "20 rows in train.jsonl, test.jsonl, README.md" in asked.output
    assert not jobs.list_jobs(ws) and not hub.repos
    sent = CliRunner().invoke(app, [*argv, "--yes"])
    assert sent.exit_code == 0 and f"{hub.url}/datasets/me/mine" in sent.output
    assert json.loads(hub.files["train.jsonl"].splitlines()[0])["messages"][0]["role"] == "user"
    assert get_dataset(ws, made.id).rows == made.rows
