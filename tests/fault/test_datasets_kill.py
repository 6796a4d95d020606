"""Killed at every call that changes the disk, a dataset is wholly there or wholly absent (cases D4, P1)."""

from __future__ import annotations

import json
import os
import shutil
import signal

import pytest

from core import datasets, qa
from core.storage import Workspace, sweep, write_json
from core.storage.fsck import fsck
from tests.fakes.kill_at import arm
from tests.fakes.ledger_rows import add_facts

pytestmark = pytest.mark.fault
FOREIGN = {"theirs": {"file_name": "theirs.json", "odd": 1}}


def killed_at(k, work):
    """Runs `work` in a child that kills itself at its k-th change; whether it was killed."""
    child = os.fork()
    if child == 0:
        arm(k)
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def sweep_all(ws, tmp_path, work, check):
    for k in range(1, 500):
        copy = Workspace.at(tmp_path / f"copy-{k}")
        shutil.copytree(ws.root, copy.root)
        killed = killed_at(k, lambda ws=copy: work(ws))
        sweep(copy)
        assert [p for p in fsck(copy) if p.level == "error"] == [], k
        registry = json.loads(copy.dataset_info.read_text(encoding="utf-8"))
        assert registry["theirs"] == FOREIGN["theirs"]
        check(copy, registry, killed)
        shutil.rmtree(copy.root)
        if not killed:
            return k
    raise AssertionError("never finished")


def test_making_a_dataset(ws, tmp_path):
    add_facts(ws, 5)
    write_json(ws.dataset_info, FOREIGN)

    def check(copy, registry, killed):
        found = datasets.list_datasets(copy)
        assert len(found) <= 1 and (killed or len(found) == 1)
        for info in found:
            assert len(datasets.conversations(copy, info.id)) == info.rows
        again = qa.make_dataset(copy, "again")
        assert {d.id for d in datasets.list_datasets(copy)} >= {again.id, *(d.id for d in found)}
        assert fsck(copy) == []

    assert sweep_all(ws, tmp_path, lambda copy: qa.make_dataset(copy, "handbook"), check) > 20


def test_deleting_a_dataset(ws, tmp_path):
    add_facts(ws, 5)
    write_json(ws.dataset_info, FOREIGN)
    info = qa.make_dataset(ws, "handbook")

    def check(copy, registry, killed):
        found = datasets.list_datasets(copy)
        assert len(found) <= 1 and (killed or not found)
        if found:
            datasets.delete_dataset(copy, info.id)
        else:
            qa.make_dataset(copy, "another")
        assert fsck(copy) == []

    assert sweep_all(ws, tmp_path, lambda copy: datasets.delete_dataset(copy, info.id), check) > 5
