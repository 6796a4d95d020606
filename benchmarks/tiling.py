"""Whether chunks tile every document exactly and leave every table row whole.

    python benchmarks/tiling.py [FOLDER or FILE …] [--files 1000]

Reads Markdown files, besides so many generated ones, cuts each at three lengths, and checks by itself, from the text
alone: the spans follow each other without gap or overlap, nothing but white space stands outside the chunks' texts,
and no row of a table (a line of a Markdown table, `<tr>…</tr>` of an HTML one) lies in two chunks. A row that alone is
longer than a chunk may be is counted apart. Exit status 1 when something is lost, repeated or cut.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from core.llm.tokens import estimate  # noqa: E402
from core.qa.chunk import chunk_document  # noqa: E402

TARGETS = (120, 300, 600)
_HTML_TABLE = re.compile(r"^[ \t]*<table\b.*?</table\s*>", re.IGNORECASE | re.DOTALL | re.MULTILINE)
_HTML_ROW = re.compile(r"<tr\b.*?</tr\s*>", re.IGNORECASE | re.DOTALL)
_PIPE_TABLE = re.compile(
    r"^[ \t]*\|.*\|[ \t]*\n[ \t]*\|[ :|-]*-[ :|-]*\|[ \t]*\n(?:[ \t]*\|.*\|[ \t]*(?:\n|\Z))*", re.MULTILINE)
_FENCE = re.compile(r"^(`{3,}|~{3,}).*?(?:^\1|\Z)", re.DOTALL | re.MULTILINE)
_SENTENCES = ("The pump moves 22 litres a minute.", "第三车间每周检查一次阀门。", "Press **start** twice; wait 9 s!",
              "ok", "See [the list](a.md)!", "word " * 60, "字" * 150, "Line one\nline two\n", "a | b", "- ", "#", "")


@dataclass
class Tiling:
    """Counts over all documents and lengths; `faults` name the first documents at fault."""

    documents: int = 0
    characters: int = 0
    chunks: int = 0
    tables: int = 0
    rows: int = 0
    lost: int = 0
    repeated: int = 0
    cut_rows: int = 0
    long_rows: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Nothing lost, repeated or cut."""
        return not (self.lost or self.repeated or self.cut_rows)

    def __str__(self) -> str:
        return (f"{self.documents} documents, {self.characters:,} characters, {self.chunks:,} chunks: {self.lost} "
                f"characters lost, {self.repeated} repeated; {self.tables:,} tables with {self.rows:,} rows: "
                f"{self.cut_rows} cut, {self.long_rows} longer than a chunk")

    def add(self, name: str, text: str, targets: tuple[int, ...] = TARGETS) -> None:
        """Cuts one document at each length."""
        self.documents += 1
        self.characters += len(text)
        tables, rows = _rows(text)
        self.tables += tables
        self.rows += len(rows)
        before = (self.lost, self.repeated, self.cut_rows)
        for target in targets:
            self._check(text, rows, target)
        if (self.lost, self.repeated, self.cut_rows) != before and len(self.faults) < 10:
            self.faults.append(name)

    def _check(self, text: str, rows: list[tuple[int, int]], target: int) -> None:
        body, spans = chunk_document("doc-a", "a.md", [(1, text)], target=target)
        self.chunks += len(spans)
        covered = 0
        for span in spans:
            self.lost += max(0, span.start - covered)
            self.repeated += max(0, covered - span.start)
            outside = body.text[span.start:span.text_start] + body.text[span.text_end:span.end]
            self.lost += len(outside.strip())
            covered = span.end
        self.lost += len(text) - covered
        edges = {span.start for span in spans}
        for start, end in rows:
            if any(start < edge < end for edge in edges):
                long = estimate(text[start:end]) > target
                self.long_rows += long
                self.cut_rows += not long


def _rows(text: str) -> tuple[int, list[tuple[int, int]]]:
    """(tables, (start, end) of their rows), found without the product's reader; those in code are none."""
    code = [m.span() for m in _FENCE.finditer(text)]

    def free(match: re.Match[str]) -> bool:
        return not any(a <= match.start() < b for a, b in code)

    html = [m for m in _HTML_TABLE.finditer(text) if free(m) and not re.search(r"\n\s*\n", m.group())]
    pipes = [m for m in _PIPE_TABLE.finditer(text)
             if free(m) and not any(h.start() <= m.start() < h.end() for h in html)]
    rows = [(h.start() + r.start(), h.start() + r.end()) for h in html for r in _HTML_ROW.finditer(h.group())]
    rows += [(p.start() + r.start(), p.start() + r.end()) for p in pipes for r in re.finditer(r"[^\n]+", p.group())]
    return len(html) + len(pipes), rows


def generated(seed: int) -> str:
    """A Markdown file with all that gets in the way: headings, lists, code, tables in both spellings, odd spaces."""
    draw = random.Random(seed)
    return "".join(_piece(draw) for _ in range(draw.randint(1, 12)))


def _piece(draw: random.Random) -> str:
    words, size = draw.choice(_SENTENCES), draw.choice((1, 3, 12, 50))
    cell = draw.choice(("5 kg", "阀门 A", "a long cell with many words " * draw.randint(1, 4), ""))
    kind = draw.randrange(9)
    if kind == 0:
        return f"{'#' * draw.randint(1, 6)} {words.splitlines()[0] if words else 'T'}\n\n"
    if kind == 1:
        return "".join(f"{draw.choice(('-', '1.', '  *'))} {words}\n" for _ in range(size)) + "\n"
    if kind == 2:
        return f"```\n{words}\n# no heading\n| no | table |\n```\n" * draw.randint(1, 3)
    if kind == 3:
        return "| name | size |\n|---|--:|\n" + f"| {cell} | {size} |\n" * size + "\n"
    if kind == 4:
        split = draw.choice(("", "\n"))
        return f"<table>{split}<tr><th>name</th><th>size</th></tr>\n" + \
            f"<tr>{split}<td>{cell}</td>{split}<td>{size}</td></tr>{split}" * size + "</table>\n\n"
    return draw.choice((words + "\n\n", (words + " ") * size + "\n", "\n \t\n", words))


def main() -> int:
    """Prints the counts of generated and of given files."""
    parser = argparse.ArgumentParser(description="Chunks tile documents and leave table rows whole.")
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--files", type=int, default=1000, help="generated files")
    options = parser.parse_args()
    made, given = Tiling(), Tiling()
    for seed in range(options.files):
        made.add(f"seed {seed}", generated(seed))
    print(f"generated: {made}", *made.faults, sep="\n  ")
    files = [f for path in options.paths for f in ([path] if path.is_file() else sorted(path.rglob("*.md")))]
    for file in files:
        given.add(str(file), file.read_text(encoding="utf-8", errors="replace"))
    if files:
        print(f"given: {given}", *given.faults, sep="\n  ")
    return 0 if made.held and given.held else 1


if __name__ == "__main__":
    sys.exit(main())
