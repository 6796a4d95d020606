"""The build command in a process of its own: files in, pairs and a dataset out, continued after an interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core import datasets, qa
from core.storage.workspace import CODE_ROOT, Workspace
from tests.fakes.documents import handbook
from tests.fakes.fact_writer import good
from tests.fakes.llm_server import FakeLLM

pytestmark = pytest.mark.fault
ZH = "# 水泵手册\n\n" + "\n\n".join(
    f"{n}号站的水泵每分钟输送{n * 3 + 40}升水。滤芯每运行{n * 5 + 100}小时更换一次。" for n in range(1, 6))


def started(ws: Workspace, *arguments: str) -> subprocess.Popen[str]:
    """The command as in a terminal: a shell that runs the tests in the background would have it ignore Ctrl-C."""
    env = {**os.environ, "DOCTUNE_HOME": str(ws.root), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen([sys.executable, str(CODE_ROOT / "app.py"), "build", *arguments], env=env, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=CODE_ROOT,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))


def called(ws: Workspace, *arguments: str) -> tuple[int, str]:
    process = started(ws, *arguments)
    out, _ = process.communicate(timeout=180)
    return process.returncode, out


def test_a_file_becomes_pairs_and_a_dataset(ws: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "水泵.md"
    file.write_text(ZH, encoding="utf-8")
    code, out = called(ws, str(file), "--wordings", "3", "--dataset", "Pumps")
    assert code == 0, out
    assert f"{qa.counts(ws).total} pairs" in out and qa.counts(ws).total >= 5
    assert [d.title for d in datasets.list_datasets(ws)] == ["Pumps"]
    code, out = called(ws, "--wordings", "3", "--scope", "all")
    assert code == 2 and "already written" in out
    assert called(ws, str(tmp_path / "none.md"))[0] == 2
    assert called(ws, "--helper", "telepathy")[0] == 2


def test_an_interrupted_command_goes_on_and_pays_nothing_twice(ws: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "pumps.md"
    file.write_text(handbook(60), encoding="utf-8")
    with FakeLLM(good, delay_s=0.3, key="sk-test-key") as fake:
        key = tmp_path / "key.txt"
        key.write_text("sk-test-key\n", encoding="utf-8")
        service = ["--helper", "openai", "--url", f"{fake.url}/v1", "--model", "fake", "--key-file", str(key)]
        process = started(ws, str(file), *service, "--wordings", "3")
        deadline = time.monotonic() + 120
        while len(fake.chats()) < 3:
            assert time.monotonic() < deadline and process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 130 and "goes on here" in out, out
        asked = len(fake.chats())
        code, out = called(ws, *service, "--wordings", "3")
        assert code == 0 and len(fake.chats()) > asked, out
        prompts = [r["body"]["messages"][-1]["content"] for r in fake.chats()]
        assert len(prompts) == len(set(prompts))
    assert qa.counts(ws).chunks_done == qa.counts(ws).chunks_total > 3
