"""Tables and sentences that go on over a page break, and rows that were cut apart."""

from __future__ import annotations

from core.documents.page_breaks import join_pages, repeat_headers
from core.documents.table_rows import horizontal_rules, joined_rows

HEAD = "| Code | Meaning |\n| --- | --- |\n"


def test_a_table_that_goes_on_gets_the_header_of_the_page_before() -> None:
    pages = {1: f"Text.\n\n{HEAD}| F-1 | Tank |\n", 2: "| F-2 | Lamp |\n| --- | --- |\n| F-3 | Pump |\n\nMore.\n"}
    made = repeat_headers(pages)
    assert made[1] == pages[1]
    assert made[2] == f"{HEAD}| F-2 | Lamp |\n| F-3 | Pump |\n\nMore.\n"
    assert repeat_headers(made) == made
    assert join_pages([made[1], made[2]]) == f"Text.\n\n{HEAD}| F-1 | Tank |\n| F-2 | Lamp |\n| F-3 | Pump |\n\nMore.\n"


def test_a_header_goes_on_over_several_pages() -> None:
    page = "| {} | x |\n| --- | --- |\n| {} | y |\n"
    made = repeat_headers({1: f"{HEAD}| F-1 | Tank |\n", 2: page.format(2, 3), 3: page.format(4, 5)})
    assert [text.startswith(HEAD) for text in made.values()] == [True] * 3
    assert join_pages(list(made.values())).count("Code") == 1


def test_other_tables_keep_their_own_header() -> None:
    wider = "| A | B | C |\n| --- | --- | --- |\n| 1 | 2 | 3 |\n"
    below_a_heading = f"# Next\n\n{HEAD.replace('Code', 'Key')}| a | b |\n"
    first = f"{HEAD}| F-1 | a \\| b |\n"
    for second in (wider, below_a_heading, "No table.\n"):
        assert repeat_headers({1: first, 2: second})[2] == second
    assert repeat_headers({1: first + "\nText after it.\n", 2: HEAD + "| k | v |\n"})[2] == HEAD + "| k | v |\n"
    assert repeat_headers({1: first, 3: f"{HEAD.replace('Code', 'Key')}| a | b |\n"})[3].startswith("| Key")


def test_sentences_go_on_over_the_page_break() -> None:
    assert join_pages(["The box holds\n", "18 plants.\n"]) == "The box holds\n\n18 plants.\n", "a list may begin"
    assert join_pages(["It holds\n", "many plants.\n\nNext.\n"]) == "It holds many plants.\n\nNext.\n"
    assert join_pages(["柜子可以种\n", "十八株植物。\n"]) == "柜子可以种十八株植物。\n"
    assert join_pages(["A short con-\n", "tinued word.\n"]) == "A short continued word.\n"
    for first, second in (("It ends.", "next page"), ("# Heading", "text below"), ("open end", "A new start"),
                          ("- an item", "of a list"), ("as follows:", "a list")):
        assert join_pages([first, second]) == f"{first}\n\n{second}\n"
    assert join_pages(["", "Only this.\n", ""]) == "Only this.\n"


def rows_at(*tops: float) -> list[list[tuple[float, float, float, float]]]:
    return [[(50, top, 150, top + 18), (150, top, 300, top + 18)] for top in tops]


def test_lines_of_one_cell_are_one_row() -> None:
    rows = [["Code", "Meaning"], ["F-21", "Limescale in the"], ["", "nozzles"], ["F-34", "Fan"]]
    lines = [(y, 50.0, 300.0) for y in (100, 120, 160, 180)]
    made = joined_rows(rows, rows_at(100, 120, 140, 160), lines)
    assert made == [["Code", "Meaning"], ["F-21", "Limescale in the nozzles"], ["F-34", "Fan"]]
    cut = [(y, x, x + 125) for y, _, _ in lines for x in (50.0, 175.0)]
    assert joined_rows(rows, rows_at(100, 120, 140, 160), cut) == made


def test_footnotes_do_not_part_what_goes_on() -> None:
    note = "\n[^1]: See the maker's page.\n"
    first = f"{HEAD}| F-1 | Tank of |\n{note}"
    made = repeat_headers({1: first, 2: f"{HEAD}|  | the pump |\n| F-2 | Lamp |\n\nEnd.\n"})
    assert join_pages([made[1], made[2]]) == (
        f"{HEAD}| F-1 | Tank of the pump |\n| F-2 | Lamp |\n\nEnd.\n\n[^1]: See the maker's page.\n")
    assert join_pages([f"It holds\n{note}", "many plants.\n"]) == f"It holds many plants.\n{note}"
    assert join_pages([f"One.\n{note}", "Two.\n"]) == f"One.\n{note}\nTwo.\n"


def test_rows_without_lines_between_them_stay() -> None:
    rows = [["Code", "Meaning"], ["F-21", "Limescale"], ["", "nozzles"], ["F-34", "Fan"]]
    boxes = rows_at(100, 120, 140, 160)
    assert joined_rows(rows, boxes, [(y, 50, 300) for y in (100, 120, 180)]) == rows, "lines around the head only"
    assert joined_rows(rows, boxes, [(y, 50, 300) for y in (100, 120, 140, 160)]) == rows, "a line between them"
    assert joined_rows(rows, boxes, [(y, 50, 120) for y in (100, 120, 160)]) == rows, "strokes too short to be lines"
    assert joined_rows(rows, [], [(120, 50, 300)]) == rows
    full = [*rows[:2], ["F-22", "nozzles"], rows[3]]
    assert joined_rows(full, boxes, [(y, 50, 300) for y in (100, 120, 160)]) == full, "no empty cell"


def test_lines_are_found_in_strokes_and_flat_boxes() -> None:
    drawings = [{"type": "s", "items": [("l", (50, 10), (200, 10)), ("l", (50, 10), (50, 90))]},
                {"type": "f", "items": [("re", (50, 30, 200, 31)), ("re", (50, 40, 200, 90))]},
                {"type": "s", "items": [("re", (50, 40, 200, 90)), ("c", (0, 0), (1, 1), (2, 2), (3, 3))]}]
    assert horizontal_rules(drawings) == [(10, 50, 200), (30.5, 50, 200), (40, 50, 200), (90, 50, 200)]
