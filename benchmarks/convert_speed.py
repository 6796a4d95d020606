"""Seconds a page of our conversion beside pymupdf4llm's defaults: python benchmarks/convert_speed.py FOLDER [-n 3]

Converts each PDF of FOLDER with both, in turns, each time in a process of its own (starting it counts on both sides),
and prints the median of the rounds a page, and our share of theirs, by kind: text, or scan when most pages have hardly
any text layer. Says how busy the machine was, for that makes such figures worth more or less.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
FEW_CHARS = 20
_THEIRS = "import sys, pymupdf4llm; pymupdf4llm.to_markdown(sys.argv[1])"


def main() -> None:
    """Measures and prints a line for each document and one for each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-n", "--rounds", type=int, default=3)
    args = parser.parse_args()
    ratios: dict[str, list[float]] = {}
    for source in sorted(args.folder.glob("*.pdf")):
        kind, pages = _look(source)
        rounds = [(_ours(source), _theirs(source)) for _ in range(args.rounds)]
        ours, theirs = (median(values) / pages for values in zip(*rounds, strict=True))
        ratios.setdefault(kind, []).append(ours / theirs)
        print(f"{source.name:32} {kind:5} {pages:4} pages   ours {ours:6.2f} s/page   pymupdf4llm {theirs:6.2f} s/page"
              f"   {ours / theirs:5.2f} ×", flush=True)
    for kind, values in sorted(ratios.items()):
        print(f"{kind}: median {median(values):.2f} × of pymupdf4llm's time over {len(values)} documents")
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    print(f"{load:.1f} processes wanted the {cores} processor cores at the end"
          + (": the machine was busy, take the figures with care" if load > cores + 1 else ""))


def _look(source: Path) -> tuple[str, int]:
    import pymupdf

    with pymupdf.open(source) as pdf:
        empty = sum(len(page.get_text().strip()) < FEW_CHARS for page in pdf)
        return "scan" if empty > len(pdf) / 2 else "text", len(pdf)


def _ours(source: Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return _timed([sys.executable, str(ROOT / "app.py"), "convert", str(source), "-o", folder])


def _theirs(source: Path) -> float:
    return _timed([sys.executable, "-c", _THEIRS, str(source)])


def _timed(command: list[str]) -> float:
    started = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - started


if __name__ == "__main__":
    main()
