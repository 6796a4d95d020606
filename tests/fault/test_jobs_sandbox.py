"""Limited children: each way to fail is told apart, and nothing of a child is left."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from core.jobs import identity
from core.jobs.sandbox import Limited, run_limited
from tests.waiting import until

pytestmark = pytest.mark.fault


def _run(name: str, wall_s: float = 60, **options: Any) -> Limited:
    return run_limited(f"tests.fakes.sandboxed:{name}", input=options.pop("input", {}), wall_s=wall_s, **options)


@pytest.mark.parametrize(("name", "options", "failure"), [
    ("spin", {"cpu_s": 1}, "time"), ("allocate", {"memory_bytes": 10 ** 9}, "memory"), ("abort", {}, "crash"),
    ("missing", {}, "crash"), ("write_much", {"file_bytes": 10 ** 6}, "crash")])
def test_failures_are_told_apart(tmp_path: Path, name: str, options: dict[str, Any], failure: str) -> None:
    assert _run(name, cwd=tmp_path, **options).failure == failure
    assert all(path.stat().st_size <= 10 ** 6 for path in tmp_path.iterdir() if path.is_file())


def test_lines_come_back_and_noise_does_not_mix_in() -> None:
    seen: list[dict[str, Any]] = []
    outcome = _run("echo", input={"text": "ü\ud800", "times": 3}, on_line=seen.append)
    assert outcome.failure == "" and outcome.lines == []
    assert [line["number"] for line in seen] == [0, 1, 2] and seen[0]["text"].startswith("ü")


def test_an_error_for_people_comes_through() -> None:
    outcome = _run("refuse")
    assert (outcome.failure, outcome.error) == ("error", {"key": "storage.error.damaged", "params": {"name": "x.pdf"}})


@pytest.mark.parametrize("why", ["time", "stopped"])
def test_a_child_and_its_children_are_gone_when_it_is_ended(why: str) -> None:
    seen: list[dict[str, Any]] = []
    outcome = _run("sleep", wall_s=3 if why == "time" else 60, on_line=seen.append,
                   should_stop=(lambda: bool(seen)) if why == "stopped" else None)
    assert outcome.failure == why
    for pid in seen[0]["pids"] if seen else []:
        # Killed processes need a moment to go, and longer on a busy machine.
        until(lambda pid=pid: not identity.is_alive(identity.of(pid)), 10)


def test_what_the_receiver_raises_ends_the_child() -> None:
    seen: list[Any] = []

    def receive(line: dict[str, Any]) -> None:
        seen.append(line)
        raise RuntimeError("receiver")

    began = time.monotonic()
    with pytest.raises(RuntimeError, match="receiver"):
        _run("sleep", on_line=receive)
    assert time.monotonic() - began < 60
    assert all(not identity.is_alive(identity.of(pid)) for pid in seen[0]["pids"])


def test_a_plain_command_is_limited_too() -> None:
    assert run_limited(["sleep", "600"], input={}, wall_s=0.5).failure == "time"
    assert run_limited(["cat"], input={"a": 1}, wall_s=60).lines == [{"a": 1}]
