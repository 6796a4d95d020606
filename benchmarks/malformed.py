"""How many items the reader of replies gets from malformed ones.

    python benchmarks/malformed.py

Prints what was lost and what was invented, then the counts. Exit status 1 when a bound is broken: no crash, no prose
taken for a question, no thinking exported, at least 95 % of the items that can be had.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pydantic import BaseModel, Field  # noqa: E402

from core.llm.parse import parse_reply  # noqa: E402
from tests.fakes.malformed_replies import CASES, SECRET  # noqa: E402

LEAST = 0.95


class QA(BaseModel):
    """What is asked for."""

    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)


@dataclass
class Outcome:
    """Counts over all replies; `lost` and `invented` name the replies."""

    replies: int = 0
    crashes: int = 0
    recoverable: int = 0
    recovered: int = 0
    thoughts: int = 0
    slowest_s: float = 0.0
    lost: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether every bound holds."""
        return not self.crashes and not self.invented and not self.thoughts and \
            self.recovered >= LEAST * self.recoverable

    def __str__(self) -> str:
        return (f"{self.replies} replies: {self.crashes} crashes, {len(self.invented)} with prose taken for a "
                f"question, {self.thoughts} with thinking, {self.recovered} of {self.recoverable} items recovered "
                f"({self.recovered / self.recoverable:.1%}), slowest {self.slowest_s:.2f} s")


def measure() -> Outcome:
    """Reads every reply."""
    out = Outcome(replies=len(CASES))
    for case in CASES:
        began = time.perf_counter()
        try:
            items = [item.model_dump() for item in parse_reply(case.text, case.finish, QA).items]
        except Exception as fault:
            out.crashes += 1
            out.lost.append(f"{case.name}: {type(fault).__name__} {fault}"[:200])
            continue
        out.slowest_s = max(out.slowest_s, time.perf_counter() - began)
        found = [item for item in case.items if item in items]
        out.recoverable += len(case.items)
        out.recovered += len(found)
        out.thoughts += any(SECRET in text for item in items for text in item.values())
        if len(found) < len(case.items):
            out.lost.append(f"{case.name}: {items}"[:200])
        if wrong := [item for item in items if item not in case.items]:
            out.invented.append(f"{case.name}: {wrong}"[:200])
    return out


def main() -> int:
    """Prints the outcome."""
    out = measure()
    for words, names in (("lost", out.lost), ("invented", out.invented)):
        print(*(f"{words}: {name}" for name in names), sep="\n")
    print(out)
    return 0 if out.held else 1


if __name__ == "__main__":
    sys.exit(main())
