"""Chunks lose nothing, repeat nothing, and know where they stand."""

import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.tiling import Tiling, generated
from core.documents import Mark
from core.llm.tokens import estimate
from core.qa.blocks import split_blocks
from core.qa.chunk import Body, chunk_document, language_of, locate_on_page
from core.qa.facts import extract_facts
from core.qa.gates import check
from core.qa.request import messages
from core.qa.types import Draft

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60)
PIECES = st.one_of(
    WORDS,
    st.builds("# {}\n".format, WORDS),
    st.builds("### {}\n\n".format, WORDS),
    st.builds("- {}\n- b\n".format, WORDS),
    st.builds("```\n{}\n# no heading\n```\n".format, WORDS),
    st.just("```\nnever closed\n"),
    st.just("\n\n \n"),
    st.builds("| a | b |\n|---|---|\n| {} | 2 |\n".format, WORDS),
    st.just("Sentence one. Sentence two! 第三句。第四句？\n"),
    st.just("word " * 90 + "\n"),
    st.just("字" * 300),
    st.builds("<table>\n<tr><th>a</th></tr>\n<tr><td>{}</td></tr>\n</table>\n".format, WORDS),
    st.just("<table>\n<tr><td>never closed"),
    st.just("| x | y |\n|--|--|\n" + "| 1 | 2 |\n" * 40),
)
PAGES = st.lists(st.lists(PIECES, max_size=6).map("".join), min_size=1, max_size=4)


@settings(max_examples=300, deadline=None)
@given(PAGES, st.sampled_from([40, 120, 600]))
def test_spans_tile_the_body(pages, target):
    body, spans = chunk_document("doc-a", "a.pdf", list(enumerate(pages, 1)), target=target)
    assert "".join(body.text[s.start : s.end] for s in spans) == body.text
    assert all(a.end == b.start for a, b in zip(spans, spans[1:], strict=False))
    for span in spans:
        head = body.text[slice(*span.header)] if span.header else ""
        assert span.chunk.text == head + body.text[span.text_start : span.text_end]
        assert not (body.text[span.start : span.text_start] + body.text[span.text_end : span.end]).strip()
        assert estimate(span.chunk.text) <= target * 1.8 + 20
    assert len({s.chunk.id for s in spans}) == len(spans)


@settings(max_examples=200, deadline=None)
@given(PAGES)
def test_places_on_pages_are_verbatim(pages):
    body, spans = chunk_document("doc-a", "a.pdf", list(enumerate(pages, 1)), target=60)
    for span in spans:
        text = span.chunk.text
        for start in range(0, len(text), 17):
            quote = text[start : start + 11]
            page, a, b = locate_on_page(body, *span.to_body(start, start + len(quote)))
            if page:
                assert pages[page - 1][a:b] in quote


def test_a_thousand_files_are_tiled_and_no_table_row_is_cut():
    tiling = Tiling()
    for seed in range(1000):
        tiling.add(f"seed {seed}", generated(seed), targets=((120, 300, 600)[seed % 3],))
    print(tiling, *tiling.faults)
    assert tiling.held and tiling.tables > 1000 and tiling.rows > 20_000, (str(tiling), tiling.faults)


def test_the_check_of_tiling_sees_a_cut_row(monkeypatch):
    whole, tiling = "| a | b |\n|---|---|\n" + "| one word | and two |\n" * 60, Tiling()
    cut = chunk_document("doc-a", "a.md", [(1, whole)], target=120)
    wrong = replace(cut[1][1], start=cut[1][1].start + 5)
    monkeypatch.setattr("benchmarks.tiling.chunk_document", lambda *_, **__: (cut[0], [cut[1][0], wrong, *cut[1][2:]]))
    tiling.add("a", whole, targets=(120,))
    assert tiling.cut_rows == 1 and tiling.lost == 5 and not tiling.held


def test_blocks_know_their_kind():
    text = (
        "# T\nprose\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- x\n  more\n\n- y\n\n```sh\n# comment\n```\n1. one\n2. two\n"
    )
    assert [b.kind for b in split_blocks(text)] == ["heading", "text", "table", "list", "code", "list"]


def test_every_chunk_has_its_heading_path():
    text = "# Rova-2\nintro text that is long enough to be kept here\n" + "".join(
        f"## Part {i}\n{'Some sentence about this part. ' * 20}\n### Detail\n{'Detail sentence. ' * 30}\n"
        for i in range(3)
    )
    _, spans = chunk_document("doc-a", "a.pdf", [(1, text)], target=150)
    assert all(s.chunk.heading_path[0] == "Rova-2" for s in spans)
    assert ("Rova-2", "Part 2", "Detail") in [s.chunk.heading_path for s in spans]


def test_long_tables_repeat_their_header_and_keep_rows_whole():
    rows = "".join(f"| item {i} | {i} kg |\n" for i in range(200))
    _, spans = chunk_document("doc-a", "a.pdf", [(1, "# T\n| name | weight |\n|---|---|\n" + rows)], target=120)
    assert len(spans) > 5
    for span in spans:
        lines = span.chunk.text.replace("# T\n", "").splitlines()
        assert lines[:2] == ["| name | weight |", "|---|---|"]
        assert all(re.fullmatch(r"\| item \d+ \| \d+ kg \|", line) for line in lines[2:])
        assert span.chunk.kind == "table"


def test_html_tables_are_tables_and_repeat_their_headings():
    table = "<table>\n<tr><th>Code</th><th>Meaning</th></tr>\n" + "".join(
        f"<tr><td>E{n}</td><td>The pump number {n} is blocked</td></tr>\n" for n in range(60)) + "</table>\n"
    assert [b.kind for b in split_blocks("Before.\n" + table + "After.\n")] == ["text", "table", "text"]
    _, spans = chunk_document("doc-a", "a.docx", [(1, table)], target=200)
    assert len(spans) > 2
    assert all("<th>Meaning</th>" in span.chunk.text for span in spans)


def test_ids_follow_content_not_position_or_settings():
    part = "## B\n" + "A sentence that stays the same. " * 15
    _, one = chunk_document("doc-a", "a", [(1, "# A\n" + "First text here. " * 40 + "\n" + part)], target=200)
    _, two = chunk_document("doc-a", "a", [(1, "# A\n" + "Other text, longer. " * 60 + "\n" + part)], target=200)
    assert one[-1].chunk.id == two[-1].chunk.id
    assert {s.chunk.id for s in one[:-1]}.isdisjoint(s.chunk.id for s in two[:-1])


def test_repeats_contents_and_scraps_are_excluded_visibly():
    note = "# Note\n" + "This very note is printed on every page. " * 5 + "\n"
    text = "# Contents\n" + "".join(f"Part {i} ........ {i}\n" for i in range(9)) + note * 2 + "# One\nok\n"
    _, spans = chunk_document("doc-a", "a", [(1, text)], target=70)
    assert [s.excluded for s in spans] == ["contents", "", "repeated", "short"]


def test_language():
    assert language_of("机器人 Rova-2 的电池可以更换。") == "zh"
    assert language_of("The robot Rova-2 (罗瓦) has a battery that can be replaced.") == "en"
    assert language_of("") == "en"


def test_a_place_across_a_page_break_goes_to_the_page_with_more_of_it():
    body = Body.of([(1, "abc"), (2, "defgh")])
    assert locate_on_page(body, 2, 10) == (2, 0, 5)
    assert locate_on_page(body, 0, 6) == (1, 0, 3)


PICTURE = "![a chart](images/0123456789abcdef.png)"


def test_marked_parts_are_chunks_of_their_own_that_nobody_asks_about():
    pages = [(1, "# Pumps\n\n1 Valves ........ 2\n\n2 Lids ........ 3\n"),
             (2, "The pump weighs 12 kg and stands in hall 3 beside the door.\n\n"
                 "## References\n\n[1] Miller 2019. A.\n")]
    at = pages[1][1].index("## References")
    unused = {1: [Mark("contents", pages[0][1].index("1 V"), len(pages[0][1]))],
              2: [Mark("references", at, len(pages[1][1]))]}
    body, spans = chunk_document("doc-a", "a.pdf", pages, unused=unused)
    assert "".join(body.text[s.start : s.end] for s in spans) == body.text
    assert [s.excluded for s in spans] == ["short", "contents", "", "references"]
    assert spans[2].chunk.text.startswith("The pump weighs") and "References" not in spans[2].chunk.text
    assert spans[2].chunk.heading_path == ("Pumps",)
    _, plain = chunk_document("doc-a", "a.pdf", pages)
    assert len(plain) < len(spans)


def test_pictures_neither_cut_text_nor_are_asked_about():
    press = f"Press {PICTURE} to start it within 9 seconds."
    text = f"# Pump\n\nThe pump weighs 12 kg.\n{PICTURE}\n{press}\n\n{PICTURE}\n"
    _, [span] = chunk_document("doc-a", "a.pdf", [(1, text)])
    facts = extract_facts(span.chunk)
    assert {f.quote for f in facts} == {"The pump weighs 12 kg.", press}
    for fact in facts:
        assert fact.quote == span.chunk.text[fact.start : fact.end]
        assert not re.search(r"images|png|0123|chart", f"{fact.statement} {fact.answer} {fact.subject}")
        assert check(Draft("What is it?", fact.answer, fact.quote, "f"), span.chunk)[0]
    assert "images/" not in messages(span.chunk, "en", 2, 3, [], False)[1]["content"]
    quote = "Press to start it within 9 seconds."
    place, _ = check(Draft("How soon does it start?", "9 seconds", quote, "f"), span.chunk)
    assert place and span.chunk.text[place.start : place.end] == press


def test_a_page_with_nothing_but_a_picture_is_left_out():
    _, [span] = chunk_document("doc-a", "a.pdf", [(1, f"# Pump\n\n{PICTURE}\n\n{PICTURE}\n")])
    assert span.excluded == "short"


def test_a_table_with_a_picture_below_is_still_a_table():
    _, [span] = chunk_document("doc-a", "a.pdf", [(1, f"| a | b |\n|---|---|\n| 1 | 2 |\n\n{PICTURE}\n")])
    assert span.chunk.kind == "table"
    assert language_of(f"水泵 {PICTURE}") == "zh"
