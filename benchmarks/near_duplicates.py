"""Near-duplicates: how many of 100 planted copies with small changes are found, and how long 50,000 rows take.

    python benchmarks/near_duplicates.py [--rows 50000] [--seed 7]

Rows are made of words drawn at random (Chinese and English); every planted copy has one small change: other marks and
case, a typing error, a word left out or put in twice. A tenth of the rows have one pattern with different numbers.
A false one is a row that is called a copy and is none.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

SYLLABLES = "ka lo mi ter san vor del pin gra tus fen hol rem bri sto nal qui zen mar dos".split()
CHARACTERS = "检查水泵阀门压力温度安全员工手册维护时间部门规定必须关闭打开电源设备运行记录报告更换滤芯油位工作区域" \
             "负责人员每天周期使用方法标准要求数值范围说明操作步骤紧急情况联系电话"
KINDS = ("marks", "typing error", "word left out", "word twice")
PLANTED = 100


def rows(count: int, draw: random.Random) -> list[tuple[str, str]]:
    """(question, answer), half of them Chinese, some with numbers."""
    return [_pump(number, draw) if number % 10 == 0 else _chinese(draw) if number % 2 else _english(draw)
            for number in range(count)]


def _pump(number: int, draw: random.Random) -> tuple[str, str]:
    """Rows of one pattern, which ask of different things."""
    if number % 20:
        return (f"第 {number} 号水泵由哪个车间负责维护，多久检查一次？",
                f"{number} 号水泵由第 {draw.randint(1, 9)} 车间负责。")
    return (f"Which workshop looks after pump number {number}, and how often is it checked?",
            f"Workshop {draw.randint(1, 9)} looks after pump {number}.")


def _chinese(draw: random.Random) -> tuple[str, str]:
    def text(length: int) -> str:
        return "".join(draw.choices(CHARACTERS, k=length))
    return f"{text(draw.randint(14, 30))}？", f"{text(draw.randint(20, 60))}，{draw.randint(1, 400)}。"


def _english(draw: random.Random) -> tuple[str, str]:
    def text(words: int) -> str:
        return " ".join("".join(draw.choices(SYLLABLES, k=draw.randint(1, 3))) for _ in range(words))
    return f"What is {text(draw.randint(7, 14))}?", f"The {text(draw.randint(8, 30))} is {draw.randint(1, 400)}."


def changed(row: tuple[str, str], kind: str, draw: random.Random) -> tuple[str, str]:
    """A copy with one small change."""
    question, answer = row
    if kind == "marks":
        return f"  {question.upper().rstrip('？?')}?!", answer.replace("。", " .").replace(".", "!")
    if kind == "typing error":
        place = draw.randrange(3, len(answer) - 6)
        return question, answer[:place] + draw.choice("xq的") + answer[place + 1:] if not answer[place].isdigit() \
            else answer
    apart = " " if question.isascii() else ""
    words = question.split(apart) if apart else list(question)
    place = draw.choice([n for n in range(1, len(words) - 1) if not any(c.isdigit() for c in words[n])])
    words[place:place + 1] = [] if kind == "word left out" else [words[place]] * 2
    return apart.join(words), answer


def main() -> int:
    """Exit status 1 when fewer than 97 are found or more than 1 % is false."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    from core.datasets.near import near_copies

    draw = random.Random(given.seed)
    every = rows(given.rows - PLANTED, draw)
    originals = draw.sample(range(len(every)), PLANTED)
    planted = {len(every) + n: originals[n] for n in range(PLANTED)}
    every += [changed(every[first], KINDS[n % len(KINDS)], draw) for n, first in enumerate(originals)]
    wall, work, base = time.monotonic(), time.process_time(), _peak()
    found = dict((copy, first) for first, copy in near_copies(every))
    wall, work = time.monotonic() - wall, time.process_time() - work
    hits = sum(found.get(copy) == first for copy, first in planted.items())
    false = len(found) - hits
    for number, kind in enumerate(KINDS):
        mine = [copy for n, copy in enumerate(planted) if n % len(KINDS) == number]
        print(f"{kind:14} {sum(copy in found for copy in mine):3} of {len(mine)}")
    print(f"{given.rows:,} rows: {wall:.1f} s, {work:.1f} s of CPU, +{_peak() - base:.0f} MB; "
          f"found {hits} of {PLANTED}, {false} false")
    return int(hits < 0.97 * PLANTED or false > 0.01 * max(1, len(found)))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
