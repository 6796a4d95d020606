"""Text files, cleaning, sections, heading levels, tables."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.documents.clean import clean_markdown, fenced, language_of, literal
from core.documents.levels import relevel
from core.documents.plain import decode
from core.documents.record import ranges
from core.documents.sections import split_sections
from core.documents.table_text import Cell, table_markdown
from core.documents.text_lines import bullet_of, join_text, numbered
from core.documents.triage import is_garbage

CHINESE = "水箱中的水必须每二十一天全部更换一次，水泵每一个半小时运行六分钟。\n守望者检查水位。"
GERMAN = "Die Größe der Tür beträgt 2 m; öffnen Sie sie täglich für zwölf Minuten. Schöne Grüße.\n"
TAIWAN = "請將水箱中的水全部更換，並檢查開關與電源線是否連接妥當，然後關閉機門。"


@pytest.mark.parametrize(("text", "encoding"), [
    (CHINESE, "utf-8"), (CHINESE, "utf-8-sig"), (CHINESE, "utf-16"), (CHINESE, "gb18030"), (TAIWAN * 5, "big5"),
    (GERMAN * 5, "cp1252"), (GERMAN, "utf-8"), ("plain words", "ascii"), ("水泵", "gb18030"), ("電源開關", "big5"),
    ("Größe, Tür", "cp1252"), ("Été déjà", "cp1252"), (CHINESE, "utf-16-le"), ("plain words\n", "utf-16-be"),
    ("plain", "utf-32"), ("価格：￥100、ポンプは毎時作動します。", "shift_jis"),
    ("펌프는 매시간 육 분 동안 작동하고 멈춥니다.", "euc_kr"),
    ("Насос работает шесть минут в час", "cp1251"),
])
def test_encodings_are_found(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_no_bytes_raise(raw: bytes) -> None:
    assert isinstance(clean_markdown(decode(raw)), str)


def test_clean_markdown_is_valid_and_free_of_controls() -> None:
    text = clean_markdown("a\0b\ud800c\u202ed\r\nline \t\n\n\n\n\n\nend\x07 \ufb01x⼈")
    assert text == "abcd\nline\n\n\nend fix人\n"
    assert clean_markdown(" \n\0\n") == ""
    assert clean_markdown(clean_markdown(text)) == clean_markdown(text)


@given(st.text(max_size=500))
def test_cleaned_text_can_be_stored(text: str) -> None:
    assert "\0" not in clean_markdown(text).encode("utf-8").decode("utf-8")


@pytest.mark.parametrize(("text", "language"), [
    (CHINESE, "zh"), ("The pump of the cabinet runs for six minutes and then it is off until the next hour comes by. "
                      "The owner has to look at the level of the water.", "en"), ("hello world", "en"),
    ("| Size | Model | Microbatch |\n| --- | --- | --- |\n" + "| three | tiny llama | two |\n" * 9, "en"),
    ("| Größe | Tür |\n| --- | --- |\n" + "| drei | für alle | Öl |\n" * 9, "other"),
    (GERMAN * 4, "other"), ("Насос работает шесть минут", "other"), ("12 34", ""), ("", ""),
])
def test_languages(text: str, language: str) -> None:
    assert language_of(text) == language


def test_long_text_is_cut_at_headings_and_never_in_code() -> None:
    chapters = [f"# Chapter {n}\n\n" + "Words of the chapter. " * 120 + "\n\n" for n in range(6)]
    text = "".join(chapters) + "```\n" + "code\n\n" * 700 + "```\n"
    sections = split_sections(text)
    assert "".join(sections) == text and len(sections) > 3
    assert all(section.startswith("# Chapter") for section in sections[:3])
    assert all(section.count("```") in (0, 2) for section in sections)


def test_a_line_without_end_still_ends() -> None:
    sections = split_sections("x" * 200_000)
    assert "".join(sections) == "x" * 200_000 and max(map(len, sections)) <= 24_000


@given(st.lists(st.sampled_from(["# h\n", "text\n", "\n", "```\n", "- item\n", "x" * 4000 + "\n"]), max_size=60))
def test_sections_lose_nothing(lines: list[str]) -> None:
    text = "".join(lines)
    assert "".join(split_sections(text)) == text


def test_heading_levels_follow_numbers_then_sizes() -> None:
    pages = {1: "# Handbook\n\n# 1 Start\n\n# 1.1 First\n", 2: "# 1.2 Second\n\n```\n# comment\n```\n\n# 2 End\n"}
    sizes = {1: [21.0, 16.0, 13.0], 2: [13.2, 16.1]}
    assert relevel(pages, sizes) == {1: "# Handbook\n\n## 1 Start\n\n### 1.1 First\n",
                                     2: "### 1.2 Second\n\n```\n# comment\n```\n\n## 2 End\n"}
    assert relevel(relevel(pages, sizes), sizes) == relevel(pages, sizes)
    assert relevel({1: "# A\n\n# b\n\n# C\n"}, {1: [20.0, 12.0, 20.1]}) == {1: "# A\n\n## b\n\n# C\n"}


def test_a_page_whose_headings_do_not_fit_is_left_alone() -> None:
    assert relevel({1: "# a\n# b\n"}, {1: [12.0]}) == {1: "# a\n# b\n"}


def test_tables_are_pipes_and_html_only_where_cells_span() -> None:
    assert table_markdown([[Cell("a|b"), Cell("c\nd")], [Cell("1")]]) == (
        "| a\\|b | c<br>d |\n| --- | --- |\n| 1 |  |")
    spanned = table_markdown([[Cell("head", columns=2)], [Cell("x"), Cell("1 < 2")],
                              [Cell("", continues=True), Cell("3")]])
    assert spanned == ('<table>\n<tr><th colspan="2">head</th></tr>\n<tr><td rowspan="2">x</td><td>1 &lt; 2</td></tr>\n'
                       "<tr><td>3</td></tr>\n</table>")
    coded = table_markdown([[Cell("a", columns=2)], [Cell("`x <y>`"), Cell("`z`")]])
    assert "<td>`x &lt;y&gt;`</td>" not in coded and "<td><code>z</code></td>" in coded
    assert table_markdown([[Cell(" ")]]) == "" and table_markdown([[Cell("box")]]) == "box"


def test_lines_are_joined_as_a_reader_joins_them() -> None:
    assert join_text("运行", "六分钟") == "运行六分钟"
    assert join_text("the con-", "troller") == "the controller"
    assert join_text("model H", "4") == "model H 4"
    assert join_text("F-", "21") == "F-21"
    assert (bullet_of("• x"), bullet_of("- x"), bullet_of("-5 °C"), bullet_of("word")) == ("• ", "- ", "", "")
    assert (numbered("3. x"), numbered("3.5 ml"), numbered("(2) x"), numbered("①开"), numbered("2023")) == (
        "3. ", "", "(2) ", "①", "")


@pytest.mark.parametrize(("text", "garbage"), [
    (GERMAN, False), (CHINESE, False), ("The pump runs for six minutes and then stops for a while. " * 2, False),
    ("Été à la crête où naît l'élève très âgé, déjà fatigué.", False), ("\ue001\ue002\ue003\ue004 abc", True),
    ("\ufffd" * 5 + "text", True), ("Xqz wrtp lkjh mnbv cxzq wrtp lkjh mnbv ghjk dfgh zxcv", True),
    ("\u00c2\u00e5\u00b1\u00a6 \u00d0\u00c5\u00cf\u00a2 \u00bc\u00bc\u00ca\u00f5", True), ("", False),
])
def test_garbage_is_told_from_text(text: str, garbage: bool) -> None:
    assert is_garbage(text) is garbage


def test_page_ranges_are_short() -> None:
    assert ranges([3, 7, 8, 9, 12]) == "3, 7–9, 12"
    assert ranges(list(range(1, 41, 2))).endswith("…")


def test_text_that_looks_like_markup_stays_text() -> None:
    assert (literal("# no heading"), literal("```html"), literal("#1 of 3"), literal("F-21")) == (
        "\\# no heading", "\\```html", "#1 of 3", "F-21")
    assert fenced("a\n```\nb") == "```\na\n    ```\nb\n```"
    assert relevel({1: f"# A\n\n{fenced('x' + chr(10) + '```')}\n\n# b\n"}, {1: [20.0, 12.0]})[1].endswith("## b\n")
