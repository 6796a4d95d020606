"""Whether near-duplicates among very many pairs are found, and quickly.

    python benchmarks/duplicates.py [--rows 50000]

Makes so many different questions with their answers, plants 100 near-duplicates of others (other marks, letter case,
white space, an article left out: all at least 0.8 alike), and has the program look for them. Exit status 1 when a bound
is broken: 97 of 100 found, 1 % of the others taken for duplicates, 60 s for 50,000 pairs.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from core.qa.ledger import Ledger  # noqa: E402
from core.qa.rows import find_duplicates  # noqa: E402
from core.storage.workspace import Workspace  # noqa: E402

FOUND, WRONG, SECONDS, PLANTED = 97, 0.01, 60.0, 100
STARTS = ("How does", "Why would", "When does", "Who says that", "In which case does", "What happens if")
SYLLABLES = ("ka", "lo", "mi", "ren", "tu", "vas", "pol", "qui", "sar", "dun", "fel", "gor", "hin", "jat")
HAN = "水泵阀门压力温度检查更换维护员工设备管道电源开关记录报警车间仓库质量标准培训安全"


def main() -> int:
    """Prints what was found; 0 when all bounds hold."""
    parser = argparse.ArgumentParser(description="Near-duplicates among very many pairs.")
    parser.add_argument("--rows", type=int, default=50_000)
    count = parser.parse_args().rows
    draw = random.Random(3)
    rows = [pair(draw, n) for n in range(count)]
    planted = {count + n: changed(draw, *rows[draw.randrange(count)]) for n in range(PLANTED)}
    with tempfile.TemporaryDirectory(prefix="doctune-duplicates-") as folder, Ledger(Workspace.at(folder)) as ledger:
        fill(ledger, [*rows, *planted.values()])
        began = time.perf_counter()
        find_duplicates(ledger)
        seconds = time.perf_counter() - began
        out = {int(row[0][2:]) for row in ledger.query("SELECT id FROM rows WHERE gate = 'duplicate'")}
    found, wrong = len(out & planted.keys()), len(out - planted.keys())
    print(f"{count} pairs in {seconds:.1f} s; {found} of {PLANTED} planted ones found, {wrong} others refused")
    return 0 if found >= FOUND and wrong <= WRONG * count and seconds <= SECONDS * max(1, count / 50_000) else 1


def pair(draw: random.Random, number: int) -> tuple[str, str]:
    """A question and an answer, every third in Chinese, of words that no other pair has together."""
    if number % 3 == 0:
        words = ["".join(draw.choices(HAN, k=2)) for _ in range(7)]
        asked = f"{words[0]}{words[1]}的{words[2]}{words[3]}为什么影响{words[4]}{words[5]}？"
        return asked, f"因为{words[6]}{words[0]}。"
    words = ["".join(draw.choices(SYLLABLES, k=3)) for _ in range(6)]
    return f"{draw.choice(STARTS)} the {words[0]} {words[1]} {words[2]} the {words[3]} of {words[4]}?", \
        f"Because the {words[5]} is {words[0]}."


def changed(draw: random.Random, question: str, answer: str) -> tuple[str, str]:
    """Nearly the same question with the same answer."""
    ways = (lambda q: q.upper(), lambda q: q.replace("?", " ?").replace("？", "?"), lambda q: f"  {q} ",
            lambda q: q.replace(" ", "  "), lambda q: q.replace(" the ", " ", 1))
    return draw.choice(ways)(question), answer


def fill(ledger: Ledger, rows: list[tuple[str, str]]) -> None:
    """One document with a chunk that holds them all, each a fact of its own."""
    with ledger.transaction() as db:
        db.execute("INSERT INTO documents VALUES ('d', 'all.pdf', 'en', '')")
        db.execute("INSERT INTO pages (document_id, number, start, markdown) VALUES ('d', 1, 0, '')")
        db.execute("INSERT INTO chunks VALUES ('c', 'd', 0, '[]', 1, 1, 0, 0, 0, 0, NULL, NULL, '', 'en', 'text', '', "
                   "0)")
        for n, (question, answer) in enumerate(rows):
            db.execute("INSERT INTO facts VALUES (?, 'c', '', 0, 0)", (f"f-{n}",))
            db.execute("INSERT INTO rows (id, fact_id, chunk_id, document_id, call_key, place, kind, variant, "
                       "language, question, answer, original_question, original_answer, page) "
                       "VALUES (?, ?, 'c', 'd', '', ?, 'fact', 0, 'en', ?, ?, ?, ?, 1)",
                       (f"q-{n}", f"f-{n}", n, question, answer, question, answer))
            db.execute("INSERT INTO evidence VALUES (?, 'd', 'all.pdf', 1, '', 0, 0, 1)", (f"q-{n}",))
            db.execute("INSERT INTO gates (row_id, gate, passed, version) VALUES (?, 'quote', 1, 1)", (f"q-{n}",))


if __name__ == "__main__":
    sys.exit(main())
