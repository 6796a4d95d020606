"""The convert command: what is there stays, what is missing follows, each failure has a sentence."""

from __future__ import annotations

import io
import zipfile
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.documents import ConvertSettings, conversion, convert_files
from core.documents.cluster import ray_mapper
from core.documents.output import OutputFolder
from core.documents.slots import Slots
from core.documents.terminal import Terminal, given_passwords
from core.errors import UserError
from tests.fakes import inline_children, pdfs

pytestmark = pytest.mark.fault


class Shell:
    """One output folder and what was said; `call` is one run of the command."""

    def __init__(self, folder: Path) -> None:
        self.given, self.out, self.said = folder / "given", folder / "out", list[str]()
        self.given.mkdir()

    def put(self, name: str, text: str | bytes) -> Path:
        path = self.given / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def call(self, *files: Path, **options: Any) -> int:
        self.said = []
        return convert_files(files or [self.given], self.out, say=self.said.append, **options)

    def texts(self) -> dict[str, str]:
        return {path.name: path.read_text(encoding="utf-8") for path in sorted(self.out.glob("*.md"))}

    def written(self) -> list[str]:
        return [line.partition(":")[0] for line in self.said if "→" in line]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setattr(conversion, "run_limited", inline_children.run_limited)
    return Shell(tmp_path)


def zipped(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(f"{name}.md", text)
    return buffer.getvalue()


def test_a_second_call_converts_what_changed_or_is_missing_only(shell: Shell) -> None:
    shell.put("a.md", "# A\n")
    shell.put("b.txt", "bee")
    shell.put("bad.pdf", b"%PDF-1.7\n")
    shell.put("more.zip", zipped(c="# C\n", a="# another A\n"))
    assert shell.call() == 1
    assert shell.texts() == {"a.md": "# A\n", "b.md": "bee\n", "c.md": "# C\n", "a-2.md": "# another A\n"}
    assert sum("damaged" in line for line in shell.said) == 2, "when it happened, and in the summary"
    assert "4 converted, 0 files unchanged since the last time, 1 failed" in "\n".join(shell.said)
    (shell.given / "bad.pdf").unlink()
    shell.put("a.md", "# A, changed\n")
    (shell.out / "b.md").unlink()
    (shell.out / "c.md").write_text("# C, by hand\n", encoding="utf-8")
    assert shell.call() == 0
    assert sorted(shell.written()) == ["a.md", "b.txt"]
    assert shell.texts() == {"a.md": "# A, changed\n", "b.md": "bee\n", "c.md": "# C, by hand\n",
                             "a-2.md": "# another A\n"}
    shell.put("more.zip", zipped(c="# C, new\n"))
    assert shell.call() == 0
    assert shell.texts()["c.md"] == "# C, by hand\n" and shell.texts()["c-2.md"] == "# C, new\n", "nothing is lost"


def test_other_settings_convert_anew_into_the_same_files(shell: Shell) -> None:
    shell.put("a.md", "# A\n")
    shell.call()
    assert shell.call(settings=ConvertSettings(ocr="never")) == 0 and shell.written() == ["a.md"]
    assert list(shell.texts()) == ["a.md"]


def test_stopped_in_a_file_the_next_call_goes_on_there(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.put("long.md", "\n".join(f"# Chapter {n}\n\n" + "Words of this chapter. " * 200 for n in range(40)))
    read: list[int] = []
    original = conversion.Conversion._store

    def store(self: Any, reading: Any, line: dict[str, Any], images: Path) -> None:
        original(self, reading, line, images)
        read.append(line["page"])
        if len(read) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(conversion.Conversion, "_store", store)
    with pytest.raises(KeyboardInterrupt):
        shell.call()
    assert read[:3] == [1, 2, 3] and shell.texts() == {}
    assert "goes on" in shell.said[-1]
    assert shell.call() == 0
    assert len(read) == len(set(read)), "no section was read twice"
    assert shell.texts()["long.md"].count("# Chapter") == 40
    assert [path.name for path in (shell.out / ".doctune").iterdir() if path.is_dir()] == []


def test_two_commands_do_not_write_into_one_folder(shell: Shell) -> None:
    held = OutputFolder.open(shell.out)
    with pytest.raises(UserError) as busy:
        shell.call(shell.put("a.md", "# A\n"))
    held.close()
    assert busy.value.key == "convert.error.folder_busy"
    assert shell.call() == 0


def test_passwords_are_asked_for_or_come_from_a_file(shell: Shell, tmp_path: Path,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    shell.put("enc.pdf", pdfs.locked_pdf("secret words", "pump7"))
    assert shell.call() == 1 and "--password-file" in shell.said[-1]
    asked: list[str] = []
    answers = iter(["wrong", "pump7"])
    assert shell.call(ask=lambda name: asked.append(name) or next(answers)) == 0  # type: ignore[func-returns-value]
    assert asked == ["enc.pdf", "enc.pdf"] and shell.texts() == {"enc.md": "secret words\n"}
    words = tmp_path / "words"
    words.write_text("other\npump7\n", encoding="utf-8")
    monkeypatch.setenv("DOCTUNE_DOCUMENT_PASSWORD", "first")
    assert given_passwords(words) == ["first", "other", "pump7"]
    assert "pump7" not in "".join(p.read_text("utf-8", "replace") for p in shell.out.rglob("*") if p.is_file())


def test_progress_goes_beside_the_lines_that_stay() -> None:
    out, progress = io.StringIO(), io.StringIO()
    terminal = Terminal(out, progress)
    terminal._last = float("-inf")
    terminal.report("a.pdf", 12, 40, 75)
    terminal.report("a.pdf", 13, 40, 70)
    terminal.say("a.pdf: 40/40")
    assert (progress.getvalue(), out.getvalue()) == ("a.pdf: 12 of 40 pages, about 1 min 15 s left\n", "a.pdf: 40/40\n")


def lose(*arguments: Any) -> None:
    """As when the machine of the worker is gone."""
    raise RuntimeError("the worker died")


class FakeRay:
    """The part of Ray that is used, with a pool of processes for a cluster of two cores."""

    def __init__(self) -> None:
        self.sent, self.most_under_way, self.is_up = 0, 0, True
        self._pool, self._open = ProcessPoolExecutor(2), set[Future[Any]]()

    def init(self, address: str, **options: Any) -> None:
        if address == "nobody":
            raise ConnectionError

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 1.0}

    def remote(self, function: Any) -> Any:
        outer = self

        class Remote:
            @staticmethod
            def remote(*arguments: Any) -> Future[Any]:
                outer.sent += 1
                future = outer._pool.submit(lose if arguments[0] == "lost.md" else function, *arguments)
                outer._open.add(future)
                outer.most_under_way = max(outer.most_under_way, len(outer._open))
                return future

        return Remote

    def wait(self, futures: list[Future[Any]], num_returns: int) -> tuple[list[Future[Any]], list[Future[Any]]]:
        futures[0].exception()
        self._open.discard(futures[0])
        return futures[:1], futures[1:]

    def get(self, future: Future[Any]) -> Any:
        return future.result()

    def shutdown(self) -> None:
        self._pool.shutdown()
        self.is_up = False


def test_a_cluster_shares_the_files_and_a_lost_one_is_named(shell: Shell) -> None:
    for name in ("a.md", "b.md", "c.md", "lost.md"):
        shell.put(name, f"# {name}\n")
    ray = FakeRay()
    assert shell.call(mapper=ray_mapper("auto", ray)) == 1 and not ray.is_up
    assert sorted(shell.texts()) == ["a.md", "b.md", "c.md"] and ray.sent == 4 and ray.most_under_way == 2
    assert "lost.md: The cluster gave this file up" in shell.said[-1]
    (shell.given / "lost.md").rename(shell.given / "found.md")
    ray = FakeRay()
    assert shell.call(mapper=ray_mapper("auto", ray)) == 0
    assert (ray.sent, shell.written()) == (1, ["found.md"]), "the others are there"


def test_no_cluster_and_no_ray_are_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError) as nobody:
        ray_mapper("nobody", FakeRay())
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(UserError) as missing:
        ray_mapper("auto")
    assert (nobody.value.key, missing.value.key) == ("convert.error.ray_cluster", "convert.error.no_ray")


def test_children_never_outnumber_cores_or_memory() -> None:
    free = [10 * 1024**3]
    slots = Slots(4, 1024**3, free=lambda: free[0])
    assert [slots.try_take() for _ in range(5)] == [True] * 4 + [False]
    assert slots.threads == 1
    slots.give()
    free[0] = 1024**2
    assert not slots.try_take(), "no memory for a further one"
    assert Slots(4, 1024**3, free=lambda: 1).most == 1 and Slots(1, free=lambda: 1).try_take(), "one may always run"
