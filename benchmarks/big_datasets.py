"""Big datasets: 500,000 rows in, looked at and out again, with the memory that takes; the first page of a 1 GB file.

    python benchmarks/big_datasets.py [--rows 500000] [--gigabytes 1] [--folder DIR]

Prints one line a step: seconds, rows a second, and the most memory above that of the empty process.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def peak() -> float:
    """Most memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def step(name: str, base: float, work: Callable[[], Any], rows: int = 0) -> Any:
    """Does and reports one step."""
    start = time.monotonic()
    done = work()
    took = time.monotonic() - start
    speed = f"  {rows / took:9,.0f} rows/s" if rows else ""
    print(f"{name:34} {took:8.2f} s  +{peak() - base:6.1f} MB{speed}", flush=True)
    return done


def write(path: Path, rows: int, characters: int) -> None:
    """A JSONL file of alpaca rows with answers of this length."""
    filler = ("The pump is checked every six months by the operator. 泵每半年检查一次。" * 60)[:characters]
    with path.open("w", encoding="utf-8") as file:
        for n in range(rows):
            file.write(json.dumps({"instruction": f"Question {n} about tank {n % 97}?", "input": "",
                                   "output": f"{n}: {filler}"}, ensure_ascii=False) + "\n")


def main() -> None:
    """Runs all steps in a folder of its own."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=500_000)
    options.add_argument("--gigabytes", type=float, default=1.0)
    options.add_argument("--folder", type=Path)
    given = options.parse_args()
    from core.datasets.exporting import export
    from core.datasets.importing import import_files
    from core.datasets.reading import page_of
    from core.storage import Workspace, write_json

    folder = Path(tempfile.mkdtemp(dir=given.folder))
    try:
        ws = Workspace.at(folder)
        ws.data.mkdir()
        source = folder / "rows.jsonl"
        write(source, given.rows, 300)
        base = peak()
        info = step("import", base, lambda: import_files(ws, [(source, source.name)]), given.rows).datasets[0]
        assert info.rows == given.rows and not info.faults
        step("page in the middle", base, lambda: page_of(ws, info.id, given.rows // 2, 20))
        step("search", base, lambda: page_of(ws, info.id, 0, 20, words=f"Question {given.rows - 1} "))
        for fmt in ("messages", "csv", "parquet"):
            made = step(f"export {fmt}", base, lambda fmt=fmt: export(ws, info.id, fmt, folder / f"o.{fmt}"),
                        given.rows)
            assert made.rows == given.rows
            (folder / f"o.{fmt}").unlink()
        big = ws.data / "big.jsonl"
        write(big, int(given.gigabytes * 1e9 / 2100), 1900)
        print(f"file of {big.stat().st_size / 1e9:.2f} GB")
        write_json(ws.dataset_info, {"big": {"file_name": "big.jsonl"}})
        rows, total = step("first page, file never seen", base, lambda: page_of(ws, "big", 0, 20))
        step("a page in the middle", base, lambda: page_of(ws, "big", total // 2, 20))
        assert len(rows) == 20
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
