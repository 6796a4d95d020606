"""How much a build sends to a service: characters of prompts for each character of the documents, checks included.

    python -m benchmarks.prompt_size [MARKDOWN …]

Builds pairs of Markdown files (the shipped ones when none are named) with the stand-in service of the tests, which
writes a fact a sentence, every fifth of them wrong, so that it is mended, and has what is checked confirmed. Bound: 8
with the default settings; what checking every answer and asking for all kinds costs is told as well.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from core import jobs, qa
from core.llm import HelperSettings
from core.qa import BuildSettings
from core.storage import Workspace
from tests.fakes.documents import add_markdown
from tests.fakes.fact_writer import facts
from tests.fakes.llm_replies import Step
from tests.fakes.llm_server import FakeLLM

BOUND = 8.0
SHIPPED = Path(__file__).parent / "effect_data"
SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "every answer checked": {"judge": "all"},
    "all kinds, every answer checked": {"judge": "all", "kinds": qa.KINDS},
}


def main() -> int:
    """Prints the figures of each setting; 1 when the defaults break the bound."""
    files = [Path(name) for name in sys.argv[1:]] or sorted(SHIPPED.glob("*.md"))
    held = True
    for name, changes in SETTINGS.items():
        sent, source, stages, pairs = measured(files, changes)
        ratio = sum(sent.values()) / source
        shares = ", ".join(f"{stage} {count / source:.2f} ({stages[stage]} requests)" for stage, count in sent.items())
        print(f"{name}: {ratio:.2f} characters sent for each of {source:,} ({shares}); {pairs} pairs")
        held = held and (ratio <= BOUND or bool(changes))
    return 0 if held else 1


def measured(files: list[Path], changes: dict[str, Any]) -> tuple[Counter[str], int, Counter[str], int]:
    """(characters sent by stage, characters of the documents, requests by stage, accepted pairs)."""
    with tempfile.TemporaryDirectory() as folder, FakeLLM(reply) as fake:
        ws = Workspace.at(folder)
        texts = [file.read_text(encoding="utf-8") for file in files]
        for file, text in zip(files, texts, strict=True):
            add_markdown(ws, Path(folder), file.name, text)
        helper = HelperSettings(kind="openai", base_url=f"{fake.url}/v1", model="fake")
        done = jobs.wait(ws, qa.start_build(ws, BuildSettings(**{"helper": helper, **changes})).id, 600)
        assert done.state is jobs.JobState.DONE, done
        sent: Counter[str] = Counter()
        stages: Counter[str] = Counter()
        for chat in fake.chats():
            stage = stage_of(chat["body"]["messages"])
            sent[stage] += sum(len(m["content"]) for m in chat["body"]["messages"])
            stages[stage] += 1
        return sent, sum(map(len, texts)), stages, qa.counts(ws).total


def stage_of(messages: list[dict[str, str]]) -> str:
    """What a request is about, by the shape of the reply that it asks for."""
    asked = messages[-1]["content"]
    for stage, mark in (("repair", '{"pairs": [{"n": 1'), ("judge", '"verdict": '), ("absent", '"answered": '),
                        ("round trip", '{"answers": [{"n": 1'), ("dialogue", '{"turns": ')):
        if mark in asked:
            return stage
    return "facts"


def reply(messages: list[dict[str, str]]) -> Step:
    """What the service answers."""
    stage, asked = stage_of(messages), messages[-1]["content"]
    items = [json.loads(line) for line in asked.splitlines() if line.startswith('{"n": ')]
    if stage == "judge":
        return Step(json.dumps({"verdicts": [{"n": i["n"], "verdict": "supported"} for i in items]}))
    if stage == "absent":
        return Step(json.dumps({"verdicts": [{"n": i["n"], "answered": False} for i in items]}))
    if stage == "repair":
        return Step(json.dumps({"pairs": [{"n": i["n"], "quote": i["quote"], "answer": i["quote"],
                                           "questions": i["questions"]} for i in items]}))
    if stage != "facts":
        return Step('{"answers": [], "turns": []}')
    most = re.search(r"at most (\d+)|最多 (\d+)", asked)
    found = facts(messages, 4)[:int(next(filter(None, most.groups()))) if most else 12]
    for fact in found[4::5]:
        fact["answer"] = f"{fact['answer']} 98765"
    return Step(json.dumps({"facts": found}, ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())
