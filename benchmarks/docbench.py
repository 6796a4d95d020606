"""Scores the conversion of documents against known truth: python benchmarks/docbench.py FOLDER [-o OUT] [ID …]

FOLDER holds manifest.json (documents with id, file, class, pages), the files, and score.py, which prints the figures;
default: the variable DOCBENCH. Kinds of files that are not supported yet count as missing. Prints seconds a page, too.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.documents import ConvertSettings, convert_files  # noqa: E402


def main() -> None:
    """Converts, times and scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=os.environ.get("DOCBENCH"))
    parser.add_argument("ids", nargs="*", help="only these documents; the others keep their last result")
    parser.add_argument("-o", "--output", type=Path, default=Path("test-results/docbench"))
    args = parser.parse_intermixed_args()
    if args.folder is None:
        parser.error("name the folder, or set DOCBENCH")
    manifest = json.loads((args.folder / "manifest.json").read_text(encoding="utf-8"))
    seconds: dict[str, list[float]] = {}
    for document in manifest["documents"]:
        if args.ids and document["id"] not in args.ids:
            continue
        started = time.monotonic()
        if _convert(args.folder / document["file"], args.output, document["id"]):
            seconds.setdefault(document["class"], []).append((time.monotonic() - started) / document["pages"])
        print(f"{document['id']}: {time.monotonic() - started:.1f} s", flush=True)
    for name, values in seconds.items():
        print(f"{name:14} {sum(values) / len(values):6.2f} s/page")
    subprocess.run([sys.executable, str(args.folder / "score.py"), str(args.output), "--docs",
                    "--json", str(args.output / "scores.json")], check=True)


def _convert(source: Path, folder: Path, id: str) -> bool:
    aside = folder / f"{id}.new"
    convert_files([source], aside, ConvertSettings(), say=print)
    written = next(aside.glob("*.md"), None)
    if written is not None:
        written.replace(folder / f"{id}.md")
    shutil.rmtree(aside)
    return written is not None


if __name__ == "__main__":
    main()
