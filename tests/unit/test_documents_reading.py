"""Search over all pages; what questions are not written from; pages confirmed; documents joined."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import documents
from core.documents import Hit
from core.errors import UserError
from core.storage import Workspace
from core.storage.fsck import fsck
from tests.fakes.converted import add_converted

HARD = [{"key": "documents.warning.hard_to_read", "params": {}}]
CONTENTS = "# Contents\n\n1 Valves ........ 2\n\n2 Pumps ........ 3\n\n3 Lids ........ 4\n"
NAME = "0123456789abcdef.png"


def info(ws: Workspace, id: str) -> documents.DocumentInfo:
    return next(d for d in documents.list_documents(ws) if d.id == id)


@pytest.mark.parametrize(("query", "pages"), [
    ("PUMP", [1, 1, 2]), ("red  pump", [1]), ("grey pump", [2]), ("水泵", [3]), ("１２ kg", [3]), ("12 KG", [3]),
    ("png", []), ("(", [2]), ("", []), ("   ", []), ("pump.", [1]),
])
def test_search(ws: Workspace, tmp_path: Path, query: str, pages: list[int]) -> None:
    id = add_converted(ws, tmp_path, "a.md", [
        "The red Pump, the blue pump.\n", f"The grey\npump (old).\n\n![](images/{NAME})\n", "水泵重 12 kg。\n"])
    found = documents.search(ws, id, query)
    assert [hit.page for hit in found] == pages
    texts = documents.page_texts(ws, id)
    assert all(texts[h.page][h.start:h.end].split()[0][0].lower() == query.lower().replace("１", "1")[0] for h in found)


def test_search_sees_a_correction_at_once(ws: Workspace, tmp_path: Path) -> None:
    id = add_converted(ws, tmp_path, "a.md", ["every 14 days\n"])
    assert documents.search(ws, id, "14") == [Hit(1, 6, 8)]
    documents.save_page_markdown(ws, id, 1, "every 15 days")
    assert documents.search(ws, id, "14") == [] and documents.search(ws, id, "15") == [Hit(1, 6, 8)]
    documents.undo_correction(ws, id, 1)
    assert documents.search(ws, id, "14") == [Hit(1, 6, 8)]


def test_contents_are_left_out_until_a_person_says_otherwise(ws: Workspace, tmp_path: Path) -> None:
    id = add_converted(ws, tmp_path, "a.md", [CONTENTS, "The valve opens at 3 bar.\n"])
    assert {page: [m.kind for m in marks] for page, marks in documents.unused(ws, id).items()} == {1: ["contents"]}
    documents.use_page(ws, id, 1, True)
    documents.use_page(ws, id, 2, False)
    assert {page: [m.kind for m in marks] for page, marks in documents.unused(ws, id).items()} == {2: ["page"]}
    documents.use_page(ws, id, 2, True)
    assert documents.unused(ws, id) == {}
    with pytest.raises(UserError):
        documents.use_page(ws, id, 9, True)


def test_doubtful_pages_until_they_are_confirmed_or_corrected(ws: Workspace, tmp_path: Path) -> None:
    id = add_converted(ws, tmp_path, "a.md", ["one\n", "two\n", "three\n"], source="ocr", confidence=0.8, warnings=HARD)
    before = info(ws, id)
    assert (before.doubtful, before.ocr_pages, before.confidence) == ((1, 2, 3), 3, pytest.approx(0.8))
    documents.confirm_page(ws, id, 2)
    documents.save_page_markdown(ws, id, 3, "Three.")
    after = info(ws, id)
    assert after.doubtful == (1,) and after.warnings[0]["params"] == {"pages": "1"}
    assert [(p.corrected, len(p.warnings)) for p in documents.pages(ws, id)] == [(False, 1), (False, 0), (True, 0)]


def three(ws: Workspace, tmp_path: Path) -> dict[str, str]:
    texts = {"part 10.md": ["ten\n"], "Part 2.md": [f"two\n\n![](images/{NAME})\n", "two and a half\n"],
             "part 1.md": ["one\n"]}
    ids = {label: add_converted(ws, tmp_path, label, pages) for label, pages in texts.items()}
    picture = ws.document(ids["Part 2.md"]).picture(NAME)
    picture.parent.mkdir()
    picture.write_bytes(b"\x89PNG")
    return ids


def test_joined_in_the_order_of_names_with_all_that_belongs_to_them(ws: Workspace, tmp_path: Path) -> None:
    ids = three(ws, tmp_path)
    documents.save_page_markdown(ws, ids["part 1.md"], 1, "ONE")
    documents.use_page(ws, ids["Part 2.md"], 2, False)
    whole = documents.join_documents(ws, list(ids.values()), "All parts")
    found = info(ws, whole)
    assert (found.label, found.state, found.pages, found.done_pages) == ("All parts", "done", 4, 4)
    first_lines = [text.split("\n")[0] for text in documents.page_texts(ws, whole).values()]
    assert first_lines == ["ONE", "two", "two and a half", "ten"]
    assert [p.origin for p in documents.pages(ws, whole)] == [("part 1.md", 1), ("Part 2.md", 1), ("Part 2.md", 2),
                                                              ("part 10.md", 1)]
    assert documents.is_corrected(ws, whole, 1) and list(documents.unused(ws, whole)) == [3]
    assert ws.document(whole).picture(NAME).is_file()
    documents.save_page_markdown(ws, whole, 2, "TWO")
    assert [p for p in fsck(ws) if p.level == "error"] == []


def test_parts_are_asked_about_in_the_whole_alone_and_come_back(ws: Workspace, tmp_path: Path) -> None:
    ids = three(ws, tmp_path)
    whole = documents.join_documents(ws, list(ids.values()))
    assert [d.id for d in documents.list_documents(ws) if d.is_ready] == [whole]
    assert {d.part_of for d in documents.list_documents(ws) if d.id != whole} == {whole}
    documents.delete_document(ws, whole)
    assert {d.id for d in documents.list_documents(ws) if d.is_ready} == set(ids.values())


def test_what_cannot_be_joined_says_why(ws: Workspace, tmp_path: Path) -> None:
    ids = three(ws, tmp_path)
    file = tmp_path / "new.md"
    file.write_text("not converted", encoding="utf-8")
    [new] = documents.import_files(ws, [(file, "new.md")])
    one, two, _ = ids.values()
    whole = documents.join_documents(ws, [one, two])
    for given, key in (([one], "join_few"), ([one, one], "join_few"), ([one, two], "join_joined"),
                       ([whole, ids["part 1.md"]], "join_joined"),
                       ([ids["part 1.md"], new.document_id], "join_not_converted")):
        with pytest.raises(UserError) as refused:
            documents.join_documents(ws, given)
        assert refused.value.key == f"documents.error.{key}"
    with pytest.raises(UserError):
        documents.start_convert(ws, [whole], documents.ConvertSettings())
