"""Names and texts that are commands, options, templates or tags to somebody else stay names and texts."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from core import jobs
from core.datasets import get_dataset
from core.datasets.card import card
from core.jobs import JobState
from core.storage import Workspace, write_json
from core.training import TrainSettings, launching, read_yaml, runs, start_run
from tests.fakes.shaped_model import shaped_model
from tests.fakes.trainer import ARGV

pytestmark = pytest.mark.fault


def hostile(canary: Path) -> list[str]:
    """Texts that would make `canary` in a shell, a YAML loader, a template or an argument parser that took them."""
    return [f"x; touch {canary}", f"$(touch {canary})", f"`touch {canary}`", f"' ; touch {canary} ; '",
            f'" ; touch {canary} ; "', f"x\ntouch {canary}\n", "--deepspeed=/tmp/x", "-rf", "--config=x",
            f"!!python/object/apply:os.mkdir ['{canary}']", f"x: !!python/object/apply:os.mkdir ['{canary}']",
            f"{{{{ cycler.__init__.__globals__.os.mkdir('{canary}') }}}}", "{% raise %}", "{0.__class__}", "%s%n",
            '\"\"\"\nFROM /etc/passwd\nRUN x', "---\nlicense: mit\n---", "${jndi:ldap://x}"]


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


def test_a_title_is_a_label_of_its_run(ws: Workspace, canary: Path) -> None:
    names = hostile(canary)
    for name in names[::4]:
        job = jobs.start(ws, "train", {"steps": 1, "says": name}, title=name, argv=ARGV)
        ended = jobs.wait(ws, job.id, 60)
        assert (ended.state, ended.title) == (JobState.DONE, name)
        assert ws.job(job.id).dir.parent == ws.runs and job.id.startswith("run-")
    assert not canary.exists()


def test_no_name_reaches_the_arguments_of_a_run(ws: Workspace, canary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[dict] = []
    monkeypatch.setattr(runs.jobs, "start", lambda ws, kind, params, **given: started.append(given))
    monkeypatch.setattr("core.training.preflight.require", lambda ws, settings: None)
    names = hostile(canary)
    for number, name in enumerate(names):
        folder = shaped_model(ws.models / f"{number} {name}".replace("/", "_").replace("\n", "_"))
        write_json(ws.data / "rows.json", [{"instruction": "a?", "input": "", "output": "b"}])
        write_json(ws.dataset_info, {name: {"file_name": "rows.json"}})
        settings = TrainSettings.load({"model": str(folder), "dataset": name})
        start_run(ws, settings, title=name)
        given = started[-1]
        assert given["title"] == name
        assert given["argv"][0] == sys.executable and given["argv"][2] == "train" and len(given["argv"]) == 4
        assert given["argv"][3] == str(ws.run(given["id"]).yaml) and name not in given["argv"][3]
        path = ws.data / "again.yaml"
        path.write_text(given["files"]["run.yaml"], encoding="utf-8")
        assert read_yaml(path) == settings
    assert len(started) == len(names) and not canary.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="the shown commands are for a POSIX shell")
def test_shown_commands_are_one_command_for_a_shell(tmp_path: Path, canary: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching.sys, "executable", "/bin/echo")
    settings = TrainSettings(strategy="ddp", machines=2, main_address="box")
    for name in hostile(canary):
        ws = Workspace.at(tmp_path / name.replace("/", "_").replace("\n", "_"))
        [command] = launching.commands(ws, "run-a", settings)
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
        assert done.stdout.split()[:2] == ["-m", "accelerate.commands.launch"] and str(ws.root) in done.stdout
        assert shlex.split(command)[0] == f"DOCTUNE_HOME={ws.root}"
    assert not canary.exists()


@pytest.mark.parametrize("address", ["-x", "--use_deepspeed", "a b", "a;b", "$(x)", "a\nb", "{{x}}"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    from core.settings import InvalidSettings

    with pytest.raises(InvalidSettings):
        TrainSettings.load({"strategy": "ddp", "machines": 2, "main_address": address})


def test_the_head_of_a_card_says_what_was_typed(ws: Workspace, canary: Path) -> None:
    import yaml

    for name in hostile(canary):
        write_json(ws.data / "rows.json", [{"instruction": "a?", "input": "", "output": "b"}])
        write_json(ws.dataset_info, {name: {"file_name": "rows.json"}})
        head = next(yaml.safe_load_all(card(ws, name, [])))
        assert head["pretty_name"] == get_dataset(ws, name).title and head["license"] != "mit"
    assert not canary.exists()
