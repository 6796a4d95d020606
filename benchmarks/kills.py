"""Is anything lost or paid twice when a build is killed again and again? python -m benchmarks.kills [--kills 50]

Builds pairs of a made-up handbook with the stand-in service of the tests in about 500 requests, ends the worker with
SIGKILL at random moments, goes on each time, and builds the same once more without a kill. Bounds: no answered request
is sent again, the pairs are equal, the counters add up whenever they are looked at, and the check of the disk finds no
error.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from core import jobs, qa
from core.llm import HelperSettings
from core.qa import BuildSettings
from core.qa.ledger import Ledger
from core.storage import Workspace
from core.storage.fsck import fsck
from tests.fakes.documents import add_markdown, handbook
from tests.fakes.fact_writer import good
from tests.fakes.llm_server import FakeLLM

SECTIONS, AT_ONCE, REPLY_S = 500, 8, 0.5


def main() -> int:
    """Prints what was repeated and whether the pairs are equal; 1 when a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--sections", type=int, default=SECTIONS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        killed = _workspace(Path(folder) / "killed", args.sections)
        with FakeLLM(good, delay_s=REPLY_S) as fake:
            broken, polls = _with_kills(killed, fake, args.kills)
            asked = Counter(request["body"]["messages"][-1]["content"] for request in fake.chats())
        with Ledger(killed) as ledger:
            done = ledger.one("SELECT COUNT(*) FROM calls WHERE state = 'done'")
        whole = _workspace(Path(folder) / "whole", args.sections)
        with FakeLLM(good) as fake:
            jobs.wait(whole, qa.start_build(whole, _settings(fake)).id, 3600)
        pairs = _pairs(whole)
        equal = _pairs(killed) == pairs
    repeated = sum(asked.values()) - done
    print(f"{done} requests answered, {args.kills} kills: {repeated} sent again that were on their way when the worker "
          f"was killed, at most {AT_ONCE} a kill; {polls} looks at the counters and the disk, {broken} faults; "
          f"the {len(pairs)} pairs of a build without kills: {'the same' if equal else 'NOT the same'}")
    return 0 if equal and not broken and repeated <= args.kills * AT_ONCE else 1


def _workspace(root: Path, sections: int) -> Workspace:
    root.mkdir()
    os.environ["DOCTUNE_HOME"] = str(root)
    ws = Workspace.at(root)
    add_markdown(ws, root, "pumps.md", handbook(sections))
    return ws


def _settings(fake: FakeLLM) -> BuildSettings:
    helper = HelperSettings(kind="openai", base_url=fake.url + "/v1", model="fake", concurrency=AT_ONCE, deadline_s=20)
    return BuildSettings(helper=helper, chunk_tokens=100, wordings=3)


def _with_kills(ws: Workspace, fake: FakeLLM, kills: int) -> tuple[int, int]:
    """(faults, looks): counters that do not add up, pairs that vanished, errors on the disk."""
    draw, broken, looks = random.Random(11), 0, 0
    job = qa.start_build(ws, _settings(fake))
    known: set[tuple[str, str, str]] = set()
    for _ in range(kills):
        goal = len(fake.chats()) + draw.randint(6, 12)
        while len(fake.chats()) < goal and not jobs.view(ws, job.id).state.is_terminal:
            time.sleep(0.05)
        time.sleep(draw.random() * REPLY_S)
        view = jobs.view(ws, job.id)
        if view.state.is_terminal:
            break
        os.kill(view.pid, signal.SIGKILL)
        jobs.wait(ws, job.id, 60)
        counts, now = qa.counts(ws), _pairs(ws)
        looks += 1
        broken += (counts.total != len(now)) + (not known <= now)
        broken += any(problem.level == "error" for problem in fsck(ws))
        known = now
        qa.resume_build(ws, job.id)
    jobs.wait(ws, job.id, 3600)
    return broken, looks


def _pairs(ws: Workspace) -> set[tuple[str, str, str]]:
    found: list[qa.Pair] = []
    while True:
        page, total = qa.list_pairs(ws, len(found), 500)
        found += page
        if not page or len(found) >= total:
            return {(pair.question, pair.answer, pair.state) for pair in found}


if __name__ == "__main__":
    sys.exit(main())
