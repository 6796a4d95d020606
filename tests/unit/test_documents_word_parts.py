"""The finer parts of Word files: formulas, tracked changes, text boxes, notes, lists in cells, templates."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml

from core.documents.word import WordReader
from core.documents.word_math import formula

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'


def read(document: docx.document.Document, tmp_path: Path) -> str:
    path = tmp_path / "x.docx"
    document.save(str(path))
    reader = WordReader(path)
    return "\n".join(reader.page(n, path).markdown for n in range(1, reader.total + 1))


def with_body(xml: str) -> docx.document.Document:
    document = docx.Document()
    for element in parse_xml(f"<w:body {W} {M}>{xml}</w:body>"):
        document.element.body.insert(len(document.element.body) - 1, element)
    return document


def r(text: str, properties: str = "") -> str:
    return f"<m:r>{properties}<m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(("xml", "latex"), [
    (f"<m:f><m:num>{r('a+b')}</m:num><m:den>{r('θ')}</m:den></m:f>", r"\frac{a + b}{\theta}"),
    (f"<m:sSub><m:e>{r('x')}</m:e><m:sub>{r('i,j')}</m:sub></m:sSub>", "x_{i,j}"),
    (f"<m:sSubSup><m:e>{r('x')}</m:e><m:sub>{r('i')}</m:sub><m:sup>{r('2')}</m:sup></m:sSubSup>", "x_i^2"),
    (f"<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{r('i=1')}</m:sub><m:sup>{r('n')}</m:sup>"
     f"<m:e>{r('i')}</m:e></m:nary>", r"\sum_{i=1}^n i"),
    (f"<m:nary><m:sub/><m:sup/><m:e>{r('f')}</m:e></m:nary>", r"\int f"),
    (f"<m:rad><m:deg>{r('3')}</m:deg><m:e>{r('x')}</m:e></m:rad>", r"\sqrt[3]{x}"),
    (f"<m:d><m:e>{r('x')}</m:e></m:d>", "(x)"),
    (f"<m:d><m:dPr><m:begChr m:val='['/><m:endChr m:val=''/></m:dPr><m:e>{r('x')}</m:e></m:d>", r"\left[ x \right."),
    (f"<m:func><m:fName>{r('sin', '<m:rPr><m:sty m:val=' + repr('p') + '/></m:rPr>')}</m:fName><m:e>{r('x')}</m:e>"
     "</m:func>", r"\sin x"),
    (f"<m:limLow><m:e>{r('lim', '<m:rPr><m:sty m:val=' + repr('p') + '/></m:rPr>')}</m:e><m:lim>{r('n→∞')}</m:lim>"
     "</m:limLow>", r"\lim_{n \to \infty}"),
    (f"<m:limLow><m:e><m:limLow><m:e>{r('y')}</m:e><m:lim>{r('⏟')}</m:lim></m:limLow></m:e>"
     f"<m:lim>{r('sum', '<m:rPr><m:nor/></m:rPr>')}</m:lim></m:limLow>", r"\underbrace{y}_{\text{sum}}"),
    (f"<m:acc><m:accPr><m:chr m:val='̃'/></m:accPr><m:e>{r('x')}</m:e></m:acc>", r"\tilde{x}"),
    (f"<m:bar><m:barPr><m:pos m:val='top'/></m:barPr><m:e>{r('x')}</m:e></m:bar>", r"\overline{x}"),
    (f"<m:m><m:mr><m:e>{r('a')}</m:e><m:e>{r('b')}</m:e></m:mr><m:mr><m:e>{r('c')}</m:e><m:e>{r('d')}</m:e></m:mr>"
     "</m:m>", r"\begin{matrix} a & b \\ c & d \end{matrix}"),
    (f"<m:d><m:e><m:f><m:fPr><m:type m:val='noBar'/></m:fPr><m:num>{r('n')}</m:num><m:den>{r('k')}</m:den></m:f></m:e>"
     "</m:d>", r"\binom{n}{k}"),
    (f"<m:eqArr><m:e>{r('a=b#(1)')}</m:e></m:eqArr>", r"a = b \tag{1}"),
    (f"<m:eqArr><m:e>{r('a&amp;=b')}</m:e><m:e>{r('c&amp;=d')}</m:e></m:eqArr>",
     r"\begin{aligned} a& = b \\ c& = d \end{aligned}"),
    (r("sin45+single"), r"\sin45 + single"),
    (r("α≠ℝ𝑥, 5%"), r"\alpha \neq \mathbb{R}x, 5\%"),
    (r("ℒ ℜ 𝒩"), r"\mathcal{L} \mathfrak{R} \mathcal{N}"),
])
def test_formulas_are_latex(xml: str, latex: str) -> None:
    assert formula(parse_xml(f"<m:oMath {M}>{xml}</m:oMath>")) == latex


def test_formulas_stand_in_dollars(tmp_path: Path) -> None:
    document = with_body(f"<w:p><w:r><w:t>let </w:t></w:r><m:oMath>{r('x')}</m:oMath></w:p>"
                         f"<w:p><m:oMathPara><m:oMath>{r('y=1')}</m:oMath></m:oMathPara></w:p>")
    assert read(document, tmp_path) == "let $x$\n\n$$y = 1$$\n"


def test_tracked_changes_are_accepted(tmp_path: Path) -> None:
    gone = "<w:pPr><w:rPr><w:del w:id='1'/></w:rPr></w:pPr>"
    document = with_body(
        f"<w:p>{gone}<w:r><w:t>one </w:t></w:r></w:p><w:p><w:r><w:t>paragraph</w:t></w:r></w:p>"
        f"<w:p>{gone}<w:del><w:r><w:delText>all gone</w:delText></w:r></w:del></w:p>"
        "<w:p><w:moveFrom><w:r><w:t>old place</w:t></w:r></w:moveFrom>"
        "<w:moveTo><w:r><w:t>new place</w:t></w:r></w:moveTo>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r></w:p>"
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc>"
        "<w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr>"
        "<w:tr><w:trPr><w:del w:id='2'/></w:trPr><w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc></w:tr></w:tbl><w:p/>")
    assert read(document, tmp_path) == "one paragraph\n\nnew place\n\n| a | b |\n| --- | --- |\n"


def test_text_boxes_follow_their_paragraph_once(tmp_path: Path) -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>In the box.</w:t></w:r></w:p></w:txbxContent>"
    document = with_body(
        '<w:p xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:r><w:t>Before </w:t></w:r><w:r>'
        f"<mc:AlternateContent><mc:Choice Requires='wps'><w:drawing>{box}</w:drawing></mc:Choice><mc:Fallback><w:pict>"
        f"{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r><w:r><w:t>and after.</w:t></w:r></w:p>")
    assert read(document, tmp_path) == "Before and after.\n\nIn the box.\n"


def test_a_table_of_one_cell_is_a_frame(tmp_path: Path) -> None:
    document = docx.Document()
    cell = document.add_table(1, 1).cell(0, 0)
    cell.text = "Note"
    inner = cell.add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "a", "b"
    assert read(document, tmp_path) == "Note\n\n| a | b |\n| --- | --- |\n"


def test_lists_and_raised_digits_in_cells(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(1, 2)
    table.cell(0, 0).paragraphs[0].text = "first"
    table.cell(0, 0).paragraphs[0].style = "List Bullet"
    run = table.cell(0, 1).paragraphs[0].add_run("10")
    run = table.cell(0, 1).paragraphs[0].add_run("6")
    run.font.superscript = True
    assert read(document, tmp_path) == "| • first | 10⁶ |\n| --- | --- |\n"


def test_footnotes_are_numbered_in_their_order(tmp_path: Path) -> None:
    document = with_body("<w:p><w:r><w:t>word</w:t></w:r><w:r><w:footnoteReference w:id='7'/></w:r></w:p>")
    buffer, path = io.BytesIO(), tmp_path / "x.docx"
    document.save(buffer)
    relation = ('<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
                'footnotes" Target="footnotes.xml"/></Relationships>')
    kind = ('<Override PartName="/word/footnotes.xml" ContentType="application/vnd.openxmlformats-officedocument.'
            'wordprocessingml.footnotes+xml"/></Types>')
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "word/_rels/document.xml.rels":
                text = text.replace(b"</Relationships>", relation.encode())
            new.writestr(name, text.replace(b"</Types>", kind.encode()))
        new.writestr("word/footnotes.xml", f"<w:footnotes {W}><w:footnote w:id='7'><w:p><w:r><w:t> The note.</w:t>"
                                           "</w:r></w:p></w:footnote></w:footnotes>")
    reader = WordReader(path)
    assert reader.page(1, path).markdown == "word[^1]\n\n[^1]: The note.\n"


def test_files_with_macros_are_documents(tmp_path: Path) -> None:
    buffer, path = io.BytesIO(), tmp_path / "x.docm"
    document = docx.Document()
    document.add_paragraph("hello")
    document.save(buffer)
    plain = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(plain, b"application/vnd.ms-word.document.macroEnabled.main+xml"))
    assert WordReader(path).page(1, path).markdown == "hello\n"
