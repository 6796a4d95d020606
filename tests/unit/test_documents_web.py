"""Web pages: what is content is kept with its structure, what surrounds it is not; formulas, notes, encodings."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.documents.clean import clean_markdown
from core.documents.web_page import WebReader, decode_page, page_markdown

LONG = "The pump of the cabinet runs for six minutes in every hour. " * 6


def read(body: str, head: str = "") -> str:
    return clean_markdown(page_markdown(f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>"))


def test_headings_paragraphs_and_breaks() -> None:
    page = "<h1>Pump <em>H4</em></h1>text of\n a body<p>one<br>two</p><h3>Use</h3><div>a<span> b</span></div>"
    assert read(page) == (
        "# Pump H4\n\ntext of a body\n\none\ntwo\n\n### Use\n\na b\n")


def test_lists_nest_and_count() -> None:
    text = read("<h1>t</h1><ol start=3><li>a<ul><li>b</li><li><p>c</p><p>d</p></li></ul></li><li value=9>e</li></ol>"
                "<ul><li>x</li><ul><li>y</li></ul><li><ul><li>z</li></ul></li></ul>"
                "<dl><dt>Tank</dt><dd>holds 22 l</dd><dt>Lid</dt></dl>")
    assert text == ("# t\n\n3. a\n    - b\n    - c\n\n        d\n9. e\n\n- x\n    - y\n- z\n\n"
                    "- Tank: holds 22 l\n- Lid\n")


def test_tables_keep_spans_and_their_caption() -> None:
    text = read("<h1>t</h1><table><caption>Faults</caption><tr><th>Code<th>What</tr><tr><td rowspan=2>F1<td>a|b</tr>"
                "<tr><td>c<ul><li>d</li><li>e</li></ul></tr></table>")
    assert text == ('# t\n\nFaults\n\n<table>\n<tr><th>Code</th><th>What</th></tr>\n<tr><td rowspan="2">F1</td>'
                    "<td>a|b</td></tr>\n<tr><td>c<br>• d<br>• e</td></tr>\n</table>\n")
    plain = read("<table><tr><td>a<td>b<tr><td># 1<td>2<tfoot><tr><td>sum<td>3</tfoot><tbody><tr><td>5<td>6</table>")
    assert plain == "| a | b |\n| --- | --- |\n| # 1 | 2 |\n| 5 | 6 |\n| sum | 3 |\n"


def test_tables_that_only_place_things_are_no_tables() -> None:
    assert read("<table><tr><td><h2>Left</h2>a</td><td><table><tr><th>x<th>y<tr><td>1<td>2</table></td></tr></table>"
                ) == "## Left\n\na\n\n| x | y |\n| --- | --- |\n| 1 | 2 |\n"


def test_code_keeps_its_lines_and_language() -> None:
    text = read('<pre class="line"><code class="language-python">def f():\n    return <b>1</b>\n</code></pre>'
                "<p>Call <code>f(`x`)</code> or <kbd>Ctrl C</kbd>.</p>"
                '<table><tr><td class="linenos"><pre>1\n2</pre></td><td><pre>a\n  b</pre></td></tr></table>')
    assert text == "```python\ndef f():\n    return 1\n```\n\nCall `` f(`x`) `` or `Ctrl C`.\n\n```\na\n  b\n```\n"


def test_links_are_their_text_and_markup_is_escaped() -> None:
    assert read("<h1>t</h1><p># <a href='http://x.example/'>see here</a>, 10<sup>6</sup> H<sub>2</sub>O "
                "<del>old</del></p><blockquote><p>a</p><p>b</p></blockquote><p>中文\n中文</p>") == (
        "# t\n\n\\# see here, 10⁶ H₂O ~~old~~\n\n> a\n>\n> b\n\n中文中文\n")


@pytest.mark.parametrize("page", [
    "<main><h1>Pump</h1><p>{0}</p></main>",
    "<div><article><header><h1>Pump</h1></header><p>{0}</p></article></div>",
    "<div id='page'><div class='post-content'><h1>Pump</h1><p>{0}</p></div></div>",
    "<h1>Pump</h1><p>{0}</p>",
])
def test_navigation_and_advertisements_are_not_content(page: str) -> None:
    around = ("<header><a href=/>Home</a></header><nav><ul><li><a href=/a>A</a></ul></nav>{}"
              "<aside class=sidebar><p>Related articles</p></aside><div class='cookie-banner'>We use cookies</div>"
              "<div style='display: none'>hidden</div><div class=share>Share</div><form><input value=x></form>"
              "<table class='navbox'><tr><td>a<td>b</table><p class=noprint>Print</p>"
            "<ul class=x><li><a href=1>One</a><li><a href=2>Two</a><li><a href=3>Three</a><li><a href=4>Four</a></ul>"
              "<footer>© Pump Ltd</footer><script>alert(1)</script><noscript>Turn on scripts</noscript>")
    assert read(around.format(page.format(LONG))) == f"# Pump\n\n{LONG.strip()}\n"


def test_a_large_part_is_kept_whatever_it_is_called() -> None:
    assert "six minutes" in read(f"<div class='main-with-sidebar'><p>{LONG}</p></div><footer>f</footer>")
    assert read("<nav><a href=1>only</a> <a href=2>links</a></nav>").strip() != ""


def test_the_title_stands_in_for_a_missing_heading() -> None:
    assert read(f"<p>{LONG}</p>", "<title>Pump care | Shop</title>").startswith("# Pump care\n")
    assert read("<h1>Own</h1><p>x", "<title>Other</title>") == "# Own\n\nx\n"


def test_footnotes_come_last_with_their_numbers() -> None:
    text = read("<h1>t</h1><p>One<sup><a href='#n1' id=r1>1</a></sup>, two<a role=doc-noteref href='#n2'>[b]</a>, "
                "<a href='#sec'>a link</a>.</p><section><ol><li id=n1>First note <a href='#r1'>↩<sup>2</sup></a></li>"
                "<li id=n2><p>Second. <a role=doc-backlink href='#r2'>b</a></p></li></ol></section><p id=sec>End</p>")
    assert text == "# t\n\nOne[^1], two[^2], a link.\n\nEnd\n\n[^1]: First note\n\n[^2]: Second.\n"


def test_formulas_are_latex() -> None:
    text = read('<p>a <math><semantics><mrow/><annotation encoding="application/x-tex">x^2</annotation></semantics>'
                '</math> b <math><mfrac><mi>a</mi><msub><mi>b</mi><mn>12</mn></msub></mfrac><mo>≤</mo><mi>α</mi>'
                '</math> <script type="math/tex">y_1</script> <span class="math inline">\\(z\\)</span> '
                '<math display="block" alttext="{\\displaystyle E=mc^{2}}"></math></p>')
    assert text == "a $x^2$ b $\\frac{a}{b_{12}} \\leq \\alpha$ $y_1$ $z$ $$E=mc^{2}$$\n"


@pytest.mark.parametrize(("encoding", "declared"), [
    ("gb18030", "gb2312"), ("big5", "big5"), ("utf-8", "utf-8"), ("utf-8", "gbk"), ("utf-16", "utf-8"), ("gb18030", ""),
])
def test_encodings_by_declaration_or_content(encoding: str, declared: str) -> None:
    words = "水泵每一个半小时运行六分钟，然后停止。" if encoding == "gb18030" else "請將水箱中的水全部更換，檢查開關。"
    page = f"<html><head><meta charset='{declared}'></head><p>{words}</p></html>" * 3
    assert decode_page(page.encode(encoding)) == page


def test_deep_and_broken_pages_still_end(tmp_path: Path) -> None:
    deep = "<div>" * 3000 + "bottom" + "</div>" * 10 + "<p>after <b>x"
    path = tmp_path / "x.html"
    path.write_text(f"<html><body>{deep}", encoding="utf-8")
    reader = WebReader(path)
    assert "after x" in reader.page(1, path).markdown or "bottom" in reader.page(1, path).markdown
    assert read("<p>a<table><tr><td>b</p><li>c") != ""
