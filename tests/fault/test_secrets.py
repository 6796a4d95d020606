"""A key stays where it belongs: one file of mode 0600, the request, the worker that sends it (case N3)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import jobs, qa
from core.jobs import JobState
from core.llm import HelperSettings, open_client
from core.llm.secrets import save_key
from core.llm.urls import parse_base_url
from core.qa import BuildSettings
from core.storage import Workspace, write_json
from tests.fakes.documents import add_markdown, handbook
from tests.fakes.fact_writer import good
from tests.fakes.llm_server import FakeLLM
from tests.fakes.trainer import ARGV
from tests.waiting import until

pytestmark = pytest.mark.fault
CANARY = "sk-CANARY-7f3a1c5e9b2d4860"
# Names under which people keep keys in the shell from which they start the program.
SHELL_KEYS = ("OPENAI_API_KEY", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "DOCTUNE_HELPER_KEY", "DOCTUNE_PASSWORD")


@pytest.fixture
def fake() -> Iterator[FakeLLM]:
    """A service that takes the canary as its key, and repeats a wrong key in its error."""
    with FakeLLM(good, key=CANARY, delay_s=0.2) as running:
        yield running


def helper(fake: FakeLLM) -> HelperSettings:
    """The service as a helper."""
    return HelperSettings(kind="openai", base_url=fake.url + "/v1", model="fake", concurrency=2, deadline_s=20)


def holders(folder: Path) -> list[str]:
    """Files below the folder that hold the canary, by name or content."""
    return [str(p) for p in folder.rglob("*")
            if CANARY in p.name or (p.is_file() and CANARY.encode() in p.read_bytes())]


def of_processes(ws: Workspace, what: str) -> list[bytes]:
    """`cmdline` or `environ` of every other process that belongs to the workspace."""
    found = []
    for process in os.listdir("/proc"):
        folder = f"/proc/{process}"
        if not process.isdigit() or int(process) == os.getpid():
            continue
        try:
            with open(f"{folder}/environ", "rb") as environ, open(f"{folder}/{what}", "rb") as file:
                if f"DOCTUNE_HOME={ws.root}\0".encode() in environ.read() + b"\0":
                    found.append(file.read())
        except OSError:
            continue
    return found


def test_a_stored_key_reaches_the_service_and_nothing_else(ws: Workspace, tmp_path: Path, fake: FakeLLM) -> None:
    add_markdown(ws, tmp_path, "pumps.md", handbook(8))
    chosen = helper(fake)
    save_key(ws, parse_base_url(chosen.address).origin, CANARY)
    write_json(ws.settings_file, {"helper": chosen.model_dump(mode="json")})
    client = open_client(ws, chosen)
    assert client.check() == ["fake", "other"]
    assert CANARY not in repr(client) + repr(vars(client))
    client.close()
    build = qa.start_build(ws, BuildSettings(helper=chosen, chunk_tokens=150))
    until(lambda: len(fake.chats()) >= 2, 120)
    cmdlines = of_processes(ws, "cmdline")
    assert cmdlines and not any(CANARY.encode() in one for one in cmdlines)
    assert jobs.wait(ws, build.id, 120).state is JobState.DONE
    assert all(r["headers"]["authorization"] == f"Bearer {CANARY}" for r in fake.chats())
    assert holders(tmp_path) == [str(ws.secrets_file)]
    assert ws.secrets_file.stat().st_mode & 0o777 == 0o600
    assert not ws.secrets_file.is_relative_to(ws.root)


def test_a_refused_key_is_in_no_message(ws: Workspace, tmp_path: Path, fake: FakeLLM) -> None:
    add_markdown(ws, tmp_path, "pumps.md", handbook(2))
    fake.key = "another"
    failed = jobs.wait(ws, qa.start_build(ws, BuildSettings(helper=helper(fake)), key=CANARY).id, 120)
    assert failed.error and failed.error["key"] == "helper.error.auth"
    assert CANARY not in json.dumps(failed.error) + jobs.log_tail(ws, failed.id)
    client = open_client(ws, helper(fake), CANARY)
    with pytest.raises(Exception) as caught:
        client.check()
    chain, seen = caught.value, []
    while chain is not None:
        seen.append(f"{chain!r} {chain} {vars(chain)}")
        chain = chain.__cause__ or chain.__context__
    client.close()
    assert CANARY not in "\n".join(seen)
    assert holders(tmp_path) == []


def test_keys_of_the_shell_reach_no_trainer_and_no_conversion(
        ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SHELL_KEYS:
        monkeypatch.setenv(name, CANARY)
    run = jobs.start(ws, "train", {"steps": 500, "delay_s": 0.1}, lease="accelerator", argv=ARGV)
    until(lambda: jobs.metrics(ws, run.id), 60)
    environments = of_processes(ws, "environ")
    assert len(environments) >= 2, "supervisor and trainer"
    assert not any(CANARY.encode() in one for one in environments)
    jobs.request_stop(ws, run.id)
    assert jobs.wait(ws, run.id, 60).state is JobState.STOPPED
    add_markdown(ws, tmp_path, "pumps.md", handbook(1))
    assert holders(tmp_path) == []


def test_a_key_in_the_parameters_of_a_job_is_refused(ws: Workspace) -> None:
    with pytest.raises(ValueError) as refused:
        jobs.start(ws, "train", {"steps": 1, "note": f"uses {CANARY}"}, argv=ARGV, env={"A_KEY": CANARY})
    assert CANARY not in str(refused.value)
    assert jobs.list_jobs(ws) == [] and holders(ws.root) == []
