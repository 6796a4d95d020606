"""A PDF of 1,000 pages and 1,000 small files through the conversion job: python benchmarks/convert_scale.py [--pages N]

Prints time, the largest resident memory of the job with its children and of this process, which looks at the documents
as the web page does. The PDF is stopped at two fifths and goes on; the journal then shows whether a page was converted
twice. Ends with status 1 when one was, when one is missing, or when the memory is over its bound.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core import documents, jobs  # noqa: E402
from core.documents import ConvertSettings  # noqa: E402
from core.jobs.capacity import usable_cores  # noqa: E402
from core.storage import Workspace  # noqa: E402
from core.storage.journal import journal_read  # noqa: E402

CHILD_MB, OTHERS_MB = 700, 250
LOOK_S = 0.5


@dataclass
class Peak:
    """Largest resident memory in MB of the job's processes together, of one of its children, and of this process."""

    job: float = 0
    child: float = 0
    here: float = 0
    children: int = 0

    def look(self, pid: int | None) -> None:
        """Takes the present values into account."""
        self.here = max(self.here, psutil.Process().memory_info().rss / 1e6)
        try:
            job = psutil.Process(pid) if pid else None
            sizes = [child.memory_info().rss / 1e6 for child in job.children(recursive=True)] if job else []
            own = job.memory_info().rss / 1e6 if job else 0
        except psutil.Error:
            return
        self.job, self.child = max(self.job, own + sum(sizes)), max([self.child, *sizes])
        self.children = max(self.children, sum(size > 20 for size in sizes))

    def __str__(self) -> str:
        return (f"at most {self.children} children, largest child {self.child:.0f} MB, job with children "
                f"{self.job:.0f} MB, this process {self.here:.0f} MB")


def make_pdf(path: Path, pages: int) -> None:
    """A handbook of text pages with headings, paragraphs and page numbers."""
    import pymupdf

    with pymupdf.open() as pdf:
        for number in range(1, pages + 1):
            page = pdf.new_page()
            page.insert_text((60, 70), f"{number}. Station {number}", fontsize=16)
            text = "\n\n".join(f"Pump {number}-{k} delivers {number + 40 * k} litres per minute. Its filter is "
                               f"replaced after {100 + k} hours of operation by the night shift." for k in range(8))
            page.insert_textbox((60, 100, 535, 760), text, fontsize=11)
            page.insert_text((290, 810), str(number), fontsize=9)
        pdf.save(path)


def make_files(folder: Path, count: int) -> list[Path]:
    """Small Markdown, text, CSV and web files in turn."""
    found = []
    for number in range(count):
        suffix = ("md", "txt", "csv", "html")[number % 4]
        text = {"md": f"# Station {number}\n\nThe pump of station {number} runs for {number + 3} minutes.\n",
                "txt": f"Valve {number} is opened before every start of engine {number + 7}.\n",
                "csv": f"station,litres\n{number},{number * 3}\n",
                "html": f"<html><body><h1>Tank {number}</h1><p>It holds {number + 90} litres.</p></body></html>",
                }[suffix]
        path = folder / f"file-{number:04}.{suffix}"
        path.write_text(text, encoding="utf-8")
        found.append(path)
    return found


def run_job(ws: Workspace, ids: list[str], peak: Peak, stop_at: int | None = None) -> tuple[float, int]:
    """Converts in a job as the web page does; returns seconds, and pages read when it ended."""
    began = time.monotonic()
    job = documents.start_convert(ws, ids, ConvertSettings())
    stopped_s = None
    while not (view := jobs.view(ws, job.id)).state.is_terminal:
        peak.look(view.pid)
        documents.list_documents(ws)
        if stop_at and (view.done or 0) >= stop_at and stopped_s is None:
            stopped_s = time.monotonic()
            jobs.request_stop(ws, job.id)
        time.sleep(LOOK_S)
    if stopped_s is not None:
        print(f"  stopped {time.monotonic() - stopped_s:.1f} s after the request")
    elif view.state is not jobs.JobState.DONE:
        raise SystemExit(f"the job ended as {view.state}: {view.error}")
    return time.monotonic() - began, sum(d.done_pages for d in documents.list_documents(ws))


def repeated(ws: Workspace, id: str) -> int:
    """How many pages were converted more than once, by the journal."""
    numbers = [line["number"] for line in journal_read(ws.document(id).journal)[0] if line.get("type") == "page"]
    return len(numbers) - len(set(numbers))


def big_pdf(ws: Workspace, folder: Path, pages: int) -> bool:
    """One PDF, stopped at two fifths."""
    path = folder / "handbook.pdf"
    with ProcessPoolExecutor(1) as other:  # what making it takes is not what looking at it takes
        other.submit(make_pdf, path, pages).result()
    [given] = documents.import_files(ws, [(path, path.name)])
    assert given.document_id, given.error
    print(f"PDF of {pages} pages, {path.stat().st_size / 1e6:.1f} MB, {usable_cores()} cores", flush=True)
    peak = Peak()
    first_s, first = run_job(ws, [given.document_id], peak, stop_at=pages * 2 // 5)
    print(f"  stopped with {first} pages after {first_s:.0f} s", flush=True)
    rest_s, read = run_job(ws, [given.document_id], peak)
    twice = repeated(ws, given.document_id)
    print(f"  ended with {read} pages after {rest_s:.0f} s more; {pages / (first_s + rest_s):.2f} pages a second; "
          f"{twice} converted twice\n  {peak}", flush=True)
    bound = usable_cores() * CHILD_MB + OTHERS_MB
    return read == pages and twice == 0 and peak.job <= bound and peak.here <= OTHERS_MB


def many_files(ws: Workspace, folder: Path, count: int) -> bool:
    """Many small files at once."""
    began = time.monotonic()
    given = documents.import_files(ws, [(path, path.name) for path in make_files(folder, count)])
    ids = [result.document_id for result in given if result.document_id]
    print(f"{len(ids)} small files, imported in {time.monotonic() - began:.1f} s", flush=True)
    peak = Peak()
    seconds, _ = run_job(ws, ids, peak)
    began = time.monotonic()
    known = documents.list_documents(ws)
    listed_s = time.monotonic() - began
    done = sum(d.state == "done" for d in known)
    twice = sum(repeated(ws, id) for id in ids)
    print(f"  {done} done in {seconds:.0f} s ({seconds / max(1, len(ids)):.2f} s each); {twice} converted twice; "
          f"listing all takes {listed_s:.2f} s\n  {peak}", flush=True)
    return done == count and twice == 0 and peak.here <= OTHERS_MB


def main() -> None:
    """Makes the files in a temporary folder, measures, and removes them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--files", type=int, default=1000)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="doctune-scale-"))
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {usable_cores()} cores", flush=True)
    try:
        ok = []
        for name, work, count in (("files", many_files, args.files), ("pdf", big_pdf, args.pages)):
            given = folder / name
            given.mkdir()
            ok += [work(Workspace.at(folder / f"home-{name}"), given, count)] if count else []
        print(f"load of the machine after: {os.getloadavg()[0]:.1f}")
        raise SystemExit(not all(ok))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
