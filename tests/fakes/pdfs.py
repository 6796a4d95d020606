"""PDF files made for tests: plain, scanned, locked, broken and hostile ones."""

from __future__ import annotations

import struct
import zlib

import pymupdf


def text_pdf(*pages: str) -> bytes:
    """One page for each text."""
    pdf = pymupdf.open()
    for text in pages:
        font = "helv" if max(map(ord, text), default=0) < 256 else "china-s"
        pdf.new_page().insert_textbox(pymupdf.Rect(60, 60, 540, 780), text, fontname=font, fontsize=13)
    return pdf.tobytes()


def scanned_pdf(text: str, turn: int = 0) -> bytes:
    """The text as a picture without a text layer, turned clockwise."""
    with pymupdf.open("pdf", text_pdf(text)) as plain:
        pixmap = plain[0].get_pixmap(matrix=pymupdf.Matrix(2, 2).prerotate(turn))
    pdf = pymupdf.open()
    page = pdf.new_page(width=pixmap.width / 2, height=pixmap.height / 2)
    page.insert_image(page.rect, pixmap=pixmap)
    return pdf.tobytes(deflate=True)


def locked_pdf(text: str, password: str) -> bytes:
    """Encrypted with AES; opens with the password only."""
    with pymupdf.open("pdf", text_pdf(text)) as pdf:
        return pdf.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw=password, owner_pw=password + "2")


def _assemble(*objects: str) -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalogue."""
    body, offsets = b"%PDF-1.7\n", []
    for number, text in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n".encode()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    start = len(body)
    return body + (f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n<</Size {len(objects) + 1}"
                   f"/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").encode()


def _stream(dictionary: str, content: str) -> str:
    return f"<<{dictionary}/Length {len(content)}>>\nstream\n{content}\nendstream"


def cyclic_pdf() -> bytes:
    """A page tree that contains itself."""
    return _assemble("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 2>>",
                     "<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 2>>")


def lying_pdf() -> bytes:
    """Claims ten million pages and has none."""
    return _assemble("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[]/Count 10000000>>")


def empty_pdf() -> bytes:
    """No pages."""
    return _assemble("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[]/Count 0>>")


def formloop_pdf(width: int = 200) -> bytes:
    """Forms that draw forms that draw forms, `width` times each: small to store, endless to draw."""
    resources = "/Type/XObject/Subtype/Form/BBox[0 0 612 792]/Resources<</XObject<</F {} 0 R>>>>"
    calls = "/F Do " * width
    return _assemble(
        "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>",
        _stream("", calls), _stream(resources.format(6), calls), _stream(resources.format(7), calls),
        _stream(resources.format(8), calls),
        _stream("/Type/XObject/Subtype/Form/BBox[0 0 612 792]", "0 0 m 600 700 l 300 20 l f " * 50))


def huge_png(width: int = 20_000, height: int = 20_000) -> bytes:
    """A PNG whose header claims very many pixels."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 100)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
