"""Renders the example handbook from src/{en,zh}.md as text PDF, DOCX and scanned PDF. Run: python data/examples/make_examples.py

The results are committed, so users never run this; it needs markdown-it-py, pymupdf, python-docx, numpy and Pillow.
The same sources and versions give the same bytes: no dates, no random ids, seeded noise.
"""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path

import numpy as np
import pymupdf
from docx import Document
from markdown_it import MarkdownIt
from markdown_it.token import Token
from PIL import Image

HERE = Path(__file__).resolve().parent
TITLES = {"en": "Quillmere H4 · Owner's Handbook", "zh": "奎尔米 H4 · 用户手册"}
PAGE, BODY = pymupdf.paper_rect("a4"), pymupdf.Rect(64, 74, 531, 770)
NEW_PAGE = ("3.", "4.", "6.", "9.")
SCAN_DPI, SCAN_QUALITY = 150, 55
CSS = """
body {font-family: sans-serif; font-size: 13px; line-height: 1.5}
h1 {font-size: 21px; margin-bottom: 10px} h2 {font-size: 16px; margin-top: 16px; margin-bottom: 5px}
h3 {font-size: 13px; margin-top: 10px; margin-bottom: 3px} p, li {margin-top: 3px; margin-bottom: 4px}
table {border-collapse: collapse} td, th {border-width: 1px; border-style: solid; border-color: #555; padding: 3px}
"""


def text_pdf(source: str, lang: str) -> bytes:
    """A4 pages with running header and page number."""
    html = MarkdownIt("commonmark").enable("table").render(source)
    for chapter in NEW_PAGE:
        html = html.replace(f"<h2>{chapter}", f'<h2 style="page-break-before: always">{chapter}')
    story, buffer = pymupdf.Story(html=html, user_css=CSS), io.BytesIO()
    writer, more = pymupdf.DocumentWriter(buffer), 1
    while more:
        device = writer.begin_page(PAGE)
        more, _ = story.place(BODY)
        story.draw(device)
        writer.end_page()
    writer.close()
    with pymupdf.open("pdf", buffer.getvalue()) as pdf:
        font = {"fontname": "china-s" if lang == "zh" else "helv", "fontsize": 8.5, "color": (0.35, 0.35, 0.35)}
        for number, page in enumerate(pdf, 1):
            page.insert_text((64, 48), TITLES[lang], **font)
            page.insert_text((500, 806), f"{number} / {len(pdf)}", **font)
        pdf.set_metadata({"title": TITLES[lang], "creationDate": "", "modDate": "", "producer": "", "creator": ""})
        pdf.subset_fonts()
        return pdf.tobytes(garbage=4, deflate=True, no_new_id=True)


def scanned_pdf(pdf_bytes: bytes, seed: int) -> bytes:
    """The pages as slightly skewed, noisy grey JPEG images without a text layer."""
    noise, scan = np.random.default_rng(seed), pymupdf.open()
    with pymupdf.open("pdf", pdf_bytes) as pdf:
        for page in pdf:
            pixmap = page.get_pixmap(dpi=SCAN_DPI, colorspace=pymupdf.csGRAY)
            image = Image.frombytes("L", (pixmap.width, pixmap.height), pixmap.samples)
            image = image.rotate(noise.uniform(-0.6, 0.6), resample=Image.Resampling.BICUBIC, fillcolor=255)
            grey = np.asarray(image, dtype=np.float32) * 0.93 + 6 + noise.normal(0, 3.0, image.size[::-1])
            jpeg = io.BytesIO()
            Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).save(jpeg, "JPEG", quality=SCAN_QUALITY)
            scan.new_page(width=page.rect.width, height=page.rect.height).insert_image(PAGE, stream=jpeg.getvalue())
    scan.set_metadata({"creationDate": "", "modDate": "", "producer": "", "creator": ""})
    return scan.tobytes(garbage=4, deflate=True, no_new_id=True)


def word_file(source: str, lang: str) -> bytes:
    """Headings, lists and tables with Word's own styles, and a running header."""
    document, tokens = Document(), MarkdownIt("commonmark").enable("table").parse(source)
    document.sections[0].header.paragraphs[0].text = TITLES[lang]
    properties = document.core_properties
    properties.title, properties.author = TITLES[lang], "Quillmere Instruments"
    properties.created = properties.modified = datetime(2024, 1, 1)
    rows: list[list[str]] = []
    style = ""
    for before, token in zip([tokens[0], *tokens], tokens, strict=False):
        if token.type in ("bullet_list_open", "ordered_list_open"):
            style = "List Bullet" if token.type.startswith("bullet") else "List Number"
            _restart_numbers(document, token.type)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            style = ""
        elif token.type == "tr_open":
            rows.append([])
        elif token.type == "table_close":
            _word_table(document, rows)
            rows = []
        elif token.type == "inline":
            _word_text(document, before, token.content, rows, style)
    return _fixed_zip(document)


def _restart_numbers(document, kind: str) -> None:
    """Makes the style "List Number" start at 1 again: a new numbering of the same abstract list."""
    if kind == "ordered_list_open":
        properties = document.styles["List Number"].element.pPr.numPr
        numbering = document.part.numbering_part.element
        old = numbering.num_having_numId(properties.numId.val)
        new = numbering.add_num(old.abstractNumId.val)
        new.add_lvlOverride(0).add_startOverride(1)
        document.doctune_number = new.numId


def _word_text(document, before: Token, text: str, rows: list[list[str]], style: str) -> None:
    if before.type in ("td_open", "th_open"):
        rows[-1].append(text)
    elif before.type == "heading_open":
        document.add_heading(text, int(before.tag[1]))
    else:
        paragraph = document.add_paragraph(text, style or None)
        if style == "List Number":
            paragraph._p.get_or_add_pPr().get_or_add_numPr().get_or_add_numId().val = document.doctune_number


def _word_table(document, rows: list[list[str]]) -> None:
    table = document.add_table(len(rows), len(rows[0]), "Table Grid")
    for cells, row in zip(table.rows, rows, strict=True):
        for cell, text in zip(cells.cells, row, strict=True):
            cell.text = text


def _fixed_zip(document) -> bytes:
    """The DOCX with constant time stamps inside."""
    loose, fixed = io.BytesIO(), io.BytesIO()
    document.save(loose)
    with zipfile.ZipFile(loose) as old, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            new.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), old.read(name), zipfile.ZIP_DEFLATED)
    return fixed.getvalue()


def main() -> None:
    for seed, lang in enumerate(TITLES, 1):
        source = (HERE / "src" / f"{lang}.md").read_text(encoding="utf-8")
        pdf = text_pdf(source, lang)
        (HERE / f"handbook-{lang}.pdf").write_bytes(pdf)
        (HERE / f"handbook-{lang}-scan.pdf").write_bytes(scanned_pdf(pdf, seed))
        (HERE / f"handbook-{lang}.docx").write_bytes(word_file(source, lang))


if __name__ == "__main__":
    main()
