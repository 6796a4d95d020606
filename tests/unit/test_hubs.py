"""Datasets from hubs: only files with rows, resumed and checked, splits kept apart, refusals in one sentence."""

from __future__ import annotations

import io
import json
import zipfile
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from app import app
from core import jobs
from core.datasets import get_dataset
from core.datasets.files import kind_of
from core.datasets.hub_jobs import HubName, parse, start_pull
from core.datasets.reading import typed_rows
from core.datasets.repository import arrange, configs_of, split_of, wanted
from core.datasets.sources import Part
from core.errors import UserError
from core.hubs import work
from core.hubs.access import keep_token
from core.hubs.listing import MOST_BYTES, check, list_dataset
from core.hubs.pull import card_head
from core.jobs import JobContext, JobStopped
from core.models.hub import RemoteFile, hub_of
from tests.fakes.hub import fake_hub
from webui.components.jobcard import JobCard
from webui.page import Call

NAME = HubName("huggingface", "owner/rows")
CARD = b"---\nlicense: cc-by-4.0\npretty_name: Rows\n---\n# Rows\n"
TOKEN = "hf_" + "t" * 30


def rows(count, word="q"):
    return "".join(json.dumps({"instruction": f"{word} {n}", "output": f"a {n}"}) + "\n" for n in range(count)).encode()


FILES = {"README.md": CARD, "data/train-00000-of-00002.jsonl": rows(20),
         "data/train-00001-of-00002.jsonl": rows(5, "p"),
         "data/test-00000-of-00001.jsonl": rows(4, "t"), "data/validation-00000-of-00001.jsonl": rows(3, "v"),
         "rows.py": b"raise SystemExit", "dataset_infos.json": b'{"default": {}}', "pictures/1.png": b"png"}


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with fake_hub(dict(FILES)) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", server.url)
        yield server


def pull(ws, name=NAME, number=1):
    """Runs the job in this process; returns its context and its events."""
    paths = ws.job(f"job-hub{number}")
    paths.dir.mkdir(parents=True, exist_ok=True)
    job = JobContext(ws, paths.dir.name, {"op": "pull", "hub": name.hub, "repo": name.repo, "title": "", "lang": "zh"})
    work.run(job)
    events = [json.loads(line) for line in paths.events.read_text(encoding="utf-8").splitlines()]
    facts = {}
    for event in events:
        facts |= event.get("facts", {}) if event["type"] == "result" else {}
    return [get_dataset(ws, id) for id in facts["ids"]], events


@pytest.mark.parametrize("kind", ["huggingface", "modelscope"])
def test_a_dataset_comes_with_its_splits_and_where_it_is_from(ws, hub, kind):
    hub.page = 3 if kind == "huggingface" else 100
    made, events = pull(ws, HubName(kind, "owner/rows"))
    assert [(d.title, d.rows, d.held_out_rows) for d in made] == [("rows", 25, 4), ("rows validation", 3, 0)]
    assert [row.question for row in typed_rows(ws, made[0].id, "held_out")] == [f"t {n}" for n in range(4)]
    assert made[0].licence == "cc-by-4.0" and "owner/rows" in made[0].notes and "cc-by-4.0" in made[0].notes
    asked = [path for path, _ in hub.requests]
    assert not any(name in path for path in asked for name in ("rows.py", ".png", "dataset_infos"))
    last = [event for event in events if event["type"] == "progress" and event["unit"] == "bytes"][-1]
    assert last["done"] == last["total"] == sum(len(FILES[n]) for n in FILES if n.endswith(".jsonl"))
    assert not list(ws.hub_downloads.iterdir())


def test_a_cut_download_goes_on_where_it_ended(ws, hub):
    hub.files = {"train.jsonl": rows(4000)}
    hub.cut_after = 50_000
    with pytest.raises(UserError) as caught:
        pull(ws)
    assert caught.value.key == "models.error.transfer"
    hub.cut_after = None
    hub.requests.clear()
    made, _ = pull(ws)
    asked = [given for path, given in hub.requests if path.endswith("train.jsonl")]
    assert len(asked) == 1 and 0 < int(asked[0].removeprefix("bytes=").rstrip("-")) <= 50_000
    assert made[0].rows == 4000


def test_stop_keeps_what_has_arrived_and_makes_nothing(ws, hub):
    ws.job("job-hub1").dir.mkdir(parents=True)
    ws.job("job-hub1").stop.write_text("{}", encoding="utf-8")
    with pytest.raises(JobStopped):
        pull(ws)
    assert list(ws.hub_downloads.iterdir()) and not ws.dataset_info.exists()


def test_a_token_is_asked_for_and_then_shown_to_the_hub_alone(ws, hub):
    hub.token = TOKEN
    for refusal, key in (((401, "GatedRepo"), "gated"), ((401, "RepoNotFound"), "unknown"), ((403, ""), "gated")):
        hub.refusal, hub.listed = refusal, key == "gated"
        with pytest.raises(UserError) as caught:
            pull(ws)
        assert caught.value.key == f"dataset.hub.error.{key}" and "HF_TOKEN" in str(caught.value)
    keep_token(ws, "huggingface", TOKEN)
    assert oct(ws.secrets_file.stat().st_mode & 0o777) == "0o600"
    made, _ = pull(ws)
    assert made[0].rows == 25
    written = [path for path in ws.root.rglob("*") if path.is_file()]
    assert written and not any(TOKEN.encode() in path.read_bytes() for path in written)
    keep_token(ws, "huggingface", TOKEN + "x")
    hub.refusal = (401, "RepoNotFound")
    with pytest.raises(UserError) as caught:
        pull(ws)
    assert caught.value.key == "dataset.hub.error.token"


def test_what_cannot_be_had_is_one_sentence(ws, hub, monkeypatch):
    for files, key in (({"rows.py": b"", "README.md": CARD}, "script"), ({"a.bin": b"1"}, "no_files")):
        hub.files = files
        with pytest.raises(UserError) as caught:
            pull(ws)
        assert caught.value.key == f"dataset.hub.error.{key}"
    with pytest.raises(UserError) as caught:
        pull(ws, HubName("modelscope", "owner/none"))
    assert caught.value.key == "dataset.hub.error.unknown"
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UserError) as caught:
        pull(ws)
    assert caught.value.key == "dataset.hub.error.offline"


def test_too_much_is_refused_before_anything_is_downloaded(hub):
    listed = list_dataset(NAME, hub_of("huggingface"), None)
    check(NAME, listed, listed.rows)
    with pytest.raises(UserError) as caught:
        check(NAME, listed, [*listed.rows, RemoteFile("x.jsonl", MOST_BYTES, "")])
    assert caught.value.key == "dataset.hub.error.too_large"


def test_paths_that_lead_elsewhere_are_not_taken(hub):
    hub.files = {"../a.jsonl": b"{}", "/b.jsonl": b"{}", "c:\\d.jsonl": b"{}", ".e/f.jsonl": b"{}", "g/h.jsonl": b"{}"}
    assert [file.name for file in list_dataset(NAME, hub_of("huggingface"), None).rows] == ["g/h.jsonl"]


def test_archives_and_registries_of_a_repository_are_read(ws, hub):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("train.jsonl", rows(7))
    hub.files = {"all.zip": packed.getvalue(), "more/train.csv": b"instruction,output\nq,a\n"}
    made, _ = pull(ws)
    assert sorted(d.rows for d in made) == [1, 7]
    hub.files = {"a.json": b"[" + rows(1).strip() + b"]", "b.jsonl": rows(2),
                 "dataset_info.json": json.dumps({"one": {"file_name": "a.json"}, "two": {"file_name": "b.jsonl"},
                                                  "two_held_out": {"file_name": "a.json"}}).encode()}
    made, _ = pull(ws, number=2)
    assert {(d.title, d.rows, d.held_out_rows) for d in made} == {("one", 1, 0), ("two", 2, 1)}


def parts(tmp_path, *names):
    found = []
    for name in names:
        path = tmp_path / name.replace("/", "_")
        path.write_text('{"text": "t"}', encoding="utf-8")
        found.append(Part(path, name, kind_of(path)))
    return found


def told(found):
    return [(part.label, part.dataset, part.held_out) for part in found]


def test_subsets_of_the_card_decide_what_belongs_together(tmp_path):
    head = card_head("---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: en/*.json\n"
                     "  - split: dev\n    path: [x.json]\n- config_name: zh\n  data_files: 'zh/**'\n---\n")
    configs = configs_of(head)
    names = ["en/a.json", "x.json", "zh/b.json", "other.json"]
    assert wanted(names, configs) == names[:3]
    assert wanted(["c.json"], configs) == ["c.json"]
    assert told(arrange(parts(tmp_path, *names[:3]), "t", configs)) == [
        ("en/a.json", "t", False), ("x.json", "t", True), ("zh/b.json", "t zh", False)]
    assert card_head("---\n: [\n---\n") == card_head("# no") == {}


def test_names_of_files_say_splits_where_the_card_does_not(tmp_path):
    assert [split_of(name) for name in ("data/train-00000-of-00003.parquet", "dev.json", "valid/x.csv", "my_test.csv",
                                        "contest.json", "training_set.json")] == ["train", "validation", "validation",
                                                                                  "test", "", "train"]
    given = parts(tmp_path, "alpaca.json", "dpo/train-00001.json", "dpo/valid-00001.json")
    assert told(arrange(given, "t", [])) == [
        ("alpaca.json", "t alpaca", False), ("dpo/train-00001.json", "t dpo", False),
        ("dpo/valid-00001.json", "t dpo", True)]
    assert told(arrange(parts(tmp_path, "test.json"), "t", [])) == [("test.json", "t", False)]


@pytest.mark.parametrize(("typed", "expected"), [
    ("owner/name", ("modelscope", "owner/name")), ("hf:a/b.c-d", ("huggingface", "a/b.c-d")),
    ("https://hf-mirror.com/datasets/a/b/viewer/default", ("huggingface", "a/b")),
    ("https://www.modelscope.cn/datasets/a/b/summary", ("modelscope", "a/b")), (" ms:a/b ", ("modelscope", "a/b"))])
def test_a_dataset_is_named_or_its_page_is_pasted(typed, expected):
    assert parse(typed, "modelscope") == HubName(*expected)


@pytest.mark.parametrize("typed", ["", "name", "a/b/c", "../b", "a/..", "https://huggingface.co/a/b", "a b/c",
                                   "a/b?x=1", "https://example.org/datasets/a/b"])
def test_other_text_names_no_dataset(typed):
    with pytest.raises(UserError) as caught:
        parse(typed)
    assert caught.value.key == "dataset.hub.error.name"


def test_the_command_brings_a_dataset_by_a_job_of_its_own(ws, hub, monkeypatch):
    hub.token = TOKEN
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    done = CliRunner().invoke(app, ["data", "import", "hf:owner/rows", "--title", "mine"])
    assert done.exit_code == 0, done.output
    assert "25 rows, 4 held out" in done.output
    job = jobs.list_jobs(ws, "hub")[0]
    assert TOKEN not in ws.job(job.id).spec.read_text(encoding="utf-8") and job.result["rows"] == 32
    assert isinstance(CliRunner().invoke(app, ["data", "import", "ms:owner/none"]).exception, UserError)


def test_the_same_download_is_not_started_twice(ws, hub):
    hub.files = {"train.jsonl": rows(10)}
    first = start_pull(ws, NAME)
    again = start_pull(ws, NAME)
    assert again.id == first.id or jobs.view(ws, first.id).state.is_terminal
    assert jobs.wait(ws, first.id, 60).state is jobs.JobState.DONE


def test_the_card_of_a_download_tells_its_speed(ws):
    view = SimpleNamespace(state=jobs.JobState.RUNNING, phase="download", done=400_000, total=1_000_000, unit="bytes",
                           eta_s=60.0)
    said = JobCard("dataset", None, None, None).words(Call(ws, "en"), view)
    assert said.startswith("**Downloading** · 400 KB of 1.0 MB · 10.0 KB/s · ")
