"""Small documents, and a workspace filled from them by the real jobs (Chinese text is written about by rules alone)."""

from __future__ import annotations

from pathlib import Path

from core import documents, jobs, qa
from core.documents import ConvertSettings
from core.storage.workspace import Workspace

SECONDS = 300
NUMBERS = "一二三四五六七八"


def chinese_manual(folder: Path) -> Path:
    """A Markdown file with eight machines and three facts about each."""
    parts = ["# 设备手册"]
    for number, name in enumerate(NUMBERS, 1):
        parts.append(f"## {name}号水泵\n\n{name}号水泵的功率是 {number * 5} 千瓦。"
                     f"{name}号水泵每 {number + 6} 天检查一次。"
                     f"{name}号水泵由第 {number} 车间负责维护。")
    file = folder / "设备手册.md"
    file.write_text("\n\n".join(parts), encoding="utf-8")
    return file


def with_document(home: Path) -> Workspace:
    """A workspace whose one document is converted."""
    ws = Workspace.at(home)
    ids = [r.document_id for r in documents.import_files(ws, [(chinese_manual(home), "设备手册.md")]) if r.document_id]
    done = jobs.wait(ws, documents.start_convert(ws, ids, ConvertSettings()).id, SECONDS)
    assert done.state is jobs.JobState.DONE, done
    return ws


def with_pairs(home: Path) -> Workspace:
    """A workspace whose document has pairs."""
    ws = with_document(home)
    done = jobs.wait(ws, qa.start_build(ws, qa.BuildSettings()).id, SECONDS)
    assert done.state is jobs.JobState.DONE, done
    assert qa.counts(ws).total > 25
    return ws
