"""Spreadsheets and CSV: tables as they are shown, without empty borders; long ones in sections with their header."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl
import pytest

from core.documents import sheet_tables
from core.documents.delimited import DelimitedReader
from core.documents.sheet_numbers import shown
from core.documents.sheet_tables import Grid, sections
from core.documents.sheets import SheetsReader
from core.errors import UserError


def pages(book: openpyxl.Workbook, tmp_path: Path) -> list[str]:
    path = tmp_path / "x.xlsx"
    book.save(path)
    reader = SheetsReader(path)
    return [reader.page(n, path).markdown for n in range(1, reader.total + 1)]


def csv_pages(tmp_path: Path, raw: bytes, kind: str = "csv") -> list[str]:
    path = tmp_path / "x.csv"
    path.write_bytes(raw)
    reader = DelimitedReader(path, kind)
    return [reader.page(n, path).markdown for n in range(1, reader.total + 1)]


@pytest.mark.parametrize(("value", "number_format", "text"), [
    (1234.5, "#,##0.00", "1,234.50"), (0.256, "0.0%", "25.6%"), (1234567, "General", "1234567"),
    (0.1 + 0.2, None, "0.3"),
    (-5, "0.00;(0.00)", "(5.00)"), (12, '"$"#,##0', "$12"), (12, "[$¥-804]#,##0.0", "¥12.0"), (7, "00000", "00007"),
    (12345, "0.00E+00", "1.23E+04"), (0, '0;-0;"none"', "none"), (3.5, '_-* #,##0.00 "€"_-', "3.50 €"),
    (-3, "#,##0", "-3"), (True, "General", "TRUE"), (1e-7, "General", "1E-07"), (12.0, "0.##", "12"),
    (12.5, "0.##", "12.5"), (1234567, '#,##0,"k"', "1,235k"), (0.5, "# ?/?", "0.5"), (42, '0" kg"', "42 kg"),
    ("text", "0.00", "text"), (None, "0", ""), (13800138000, "000-0000-0000", "13800138000"),
    (dt.datetime(2024, 3, 5), "mm-dd-yy", "2024-03-05"), (dt.date(2024, 3, 5), "General", "2024-03-05"),
    (dt.datetime(2024, 3, 5, 14, 7), 'yyyy"年"m"月"d"日"', "2024年3月5日"),
    (dt.datetime(2024, 3, 5, 14, 7), "d mmm yyyy h:mm AM/PM", "5 Mar 2024 2:07 PM"),
    (dt.time(9, 5), "hh:mm", "09:05"), (dt.timedelta(hours=30), "[h]:mm:ss", "30:00:00"),
    (dt.datetime(2024, 3, 5), "[$-804]yyyy/m/d aaaa", "2024/3/5 星期二"),
])
def test_values_as_they_are_shown(value: object, number_format: str | None, text: str) -> None:
    assert shown(value, number_format) == text


def test_sheets_are_headings_and_titles_stand_above_the_table(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Faults 2024"
    sheet["B3"] = "All faults"
    sheet.merge_cells("B3:D3")
    for column, head in enumerate(("Code", "Share", "Date"), 2):
        sheet.cell(5, column, head)
    sheet.append([None, "F-03", 0.25, dt.date(2024, 3, 5)])
    sheet["C6"].number_format, sheet["D6"].number_format = "0%", "yyyy-mm-dd"
    sheet["B9"] = "Source: workshop"
    hidden = book.create_sheet("lists")
    hidden["A1"], hidden.sheet_state = "x", "hidden"
    book.create_sheet("empty")
    assert pages(book, tmp_path) == [
        "## Faults 2024\n\nAll faults\n\n| Code | Share | Date |\n| --- | --- | --- |\n| F-03 | 25% | 2024-03-05 |\n\n"
        "Source: workshop\n"]


def test_merged_cells_inside_a_table_span(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (("Group", "Code", "n"), ("Pump", "a", 1), (None, "b", 2), ("sum of all", None, 3)):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    sheet.merge_cells("A4:B4")
    assert ('<tr><td rowspan="2">Pump</td><td>a</td><td>1</td></tr>\n<tr><td>b</td><td>2</td></tr>\n'
            '<tr><td colspan="2">sum of all</td><td>3</td></tr>') in pages(book, tmp_path)[0]


def test_long_tables_are_cut_and_every_piece_has_the_header(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Number", "Name"])
    for number in range(900):
        book.active.append([number, f"a name of row {number}"])
    found = pages(book, tmp_path)
    assert len(found) > 3 and all("| Number | Name |\n| --- | --- |\n" in page for page in found)
    assert sum(page.count("a name of row") for page in found) == 900 and max(map(len, found)) < 9_000


def test_formulas_without_results_are_shown_as_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.active.append([1, "=SUM(A1:A2)"])
    assert "| 1 | =SUM(A1:A2) |" in pages(book, tmp_path)[0]


def test_a_cell_far_away_costs_nothing(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "near", "far"
    assert pages(book, tmp_path) == ["## Sheet\n\nnear\n\nfar\n"]


def test_rows_beyond_all_bounds_are_left_out_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.documents.delimited.MOST_ROWS", 3)
    path = tmp_path / "x.csv"
    path.write_text("a,b\n" * 5, encoding="utf-8")
    assert DelimitedReader(path, "csv").page(1, path).warnings == ("documents.warning.rows_left_out",)
    assert sheet_tables.MOST_ROWS >= 100_000


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_separators_and_encodings_of_csv(tmp_path: Path, separator: str, encoding: str) -> None:
    rows = [["名称", "数量", "说明"], ["水泵", "1.5", "每小时运行"], ["水箱", "2.5", '有 "引号"|竖线']]
    text = "\r\n".join(separator.join('"' + field.replace('"', '""') + '"' for field in row) for row in rows)
    assert csv_pages(tmp_path, text.encode(encoding)) == [
        '| 名称 | 数量 | 说明 |\n'
        '| --- | --- | --- |\n| 水泵 | 1.5 | 每小时运行 |\n| 水箱 | 2.5 | 有 "引号"\\|竖线 |\n']


def test_csv_with_big5_line_breaks_and_gaps(tmp_path: Path) -> None:
    text = 'sep=;\r\n名稱;說明;\r\n"水箱";"第一行\n第二行";\r\n\r\n開關;請檢查電源線與開關;\r\n'
    assert csv_pages(tmp_path, text.encode("big5")) == [
        "| 名稱 | 說明 |\n| --- | --- |\n| 水箱 | 第一行<br>第二行 |\n| 開關 | 請檢查電源線與開關 |\n"]


def test_one_column_is_text(tmp_path: Path) -> None:
    assert csv_pages(tmp_path, b"first line\nsecond line\n") == ["first line\n\nsecond line\n"]


def test_tables_side_by_side_are_told_apart() -> None:
    left = {row: {1: f"a{row}", 2: f"b{row}"} for row in range(1, 6)}
    apart = Grid({row: cells | ({4: f"x{row}", 5: f"y{row}"} if row > 2 else {}) for row, cells in left.items()})
    assert [part.count("| --- |") for part in sections(apart)[0].split("\n\n")] == [1, 1]
    spacer = Grid({row: cells | {4: f"x{row}"} for row, cells in left.items()})
    assert "| a2 | b2 | x2 |" in sections(spacer)[0]
    remark = Grid({row: cells | ({4: "see below"} if row == 1 else {}) for row, cells in left.items()})
    assert "| a1 | b1 | see below |" in sections(remark)[0]


def test_a_grid_keeps_merged_rows_together() -> None:
    grid = Grid({1: {1: "h", 2: "i"}, 2: {1: "a", 2: "b"}, 4: {2: "c"}}, [(2, 1, 4, 1)])
    assert sections(grid) == ['<table>\n<tr><th>h</th><th>i</th></tr>\n<tr><td rowspan="2">a</td><td>b</td></tr>\n'
                              "<tr><td>c</td></tr>\n</table>"]


def test_broken_workbooks_are_damaged(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    path = tmp_path / "x.xlsx"
    book.save(path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UserError) as caught:
        SheetsReader(path)
    assert caught.value.key == "documents.error.damaged"
