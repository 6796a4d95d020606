"""PDF files and pictures of pages. Imported in the limited child only."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pymupdf

from core.documents.child import PageText
from core.documents.edges import Edges
from core.documents.layout import page_markdown
from core.documents.page_picture import draw
from core.documents.page_words import words_of
from core.documents.pdf_pictures import with_pictures
from core.documents.picture_store import PictureStore
from core.documents.triage import look_at
from core.errors import UserError

IMAGE_PIXELS = 50_000_000
_A4_POINTS = 842


class PdfReader:
    """An open PDF.

    Args:
        ocr: "auto" (pages without a usable text layer), "always" or "never".
        pictures: keeps the raster pictures of pages whose text is not read from their picture.

    Raises UserError for encrypted, empty and unreadable files.
    """

    def __init__(self, path: Path | bytes, ocr: str, password: str = "", pictures: PictureStore | None = None) -> None:
        self.pictures = pictures
        pymupdf.TOOLS.mupdf_display_errors(False)
        pymupdf.TOOLS.mupdf_display_warnings(False)
        try:
            self.pdf: Any = pymupdf.open("pdf", path) if isinstance(path, bytes) else pymupdf.open(path, filetype="pdf")
        except Exception:
            raise UserError("documents.error.damaged") from None
        if self.pdf.needs_pass and not self.pdf.authenticate(password):
            raise UserError("documents.error.wrong_password" if password else "documents.error.locked")
        self.ocr = ocr
        self.total = _count(self.pdf)
        self.edges = Edges(self.pdf)

    def page(self, number: int, picture: Path) -> PageText:
        """Looks at the page, reads its text or its picture, and draws it."""
        page = self.pdf.load_page(number - 1)
        draw(page, picture)
        with upright(self.pdf, number - 1) as copy:
            look = look_at(copy[0])
            if self.ocr == "always" and look.inked or self.ocr == "auto" and look.needs_ocr:
                return self._by_ocr(page, picture)
            if look.turn:
                _turn(copy[0], look.turn)
                draw(copy[0], picture)
            words = words_of(copy[0])
            markdown, sizes = page_markdown(copy, running=self.edges.judge(number - 1))
            if self.pictures is not None:
                markdown = with_pictures(copy[0], markdown, self.pictures)
        gc.collect()
        warnings = ("documents.warning.no_text_layer",) if look.needs_ocr else ()
        return PageText(markdown, "text", None, warnings, sizes, True, words)

    def _by_ocr(self, page: Any, picture: Path) -> PageText:
        from core.documents.ocr import read_page

        scan = read_page(page)
        if scan.turn:
            draw(page, picture, scan.turn)
        with scan.document as copy:
            words = words_of(copy[0])
            markdown, sizes = page_markdown(copy, is_ocr=True)
        gc.collect()
        return PageText(markdown, "ocr", scan.confidence if scan.lines else None, (), sizes, True, words)


def upright(pdf: Any, index: int) -> Any:
    """A document of that page alone, without a rotation flag."""
    copy = pymupdf.open()
    copy.insert_pdf(pdf, from_page=index, to_page=index, links=False, widgets=False)
    copy[0].remove_rotation()
    return copy


def _turn(page: Any, degrees: int) -> None:
    page.set_rotation(degrees)
    page.remove_rotation()


def image_reader(path: Path, ocr: str) -> PdfReader:
    """A picture, or several in one TIFF, as pages of a PDF. Raises UserError for pictures of absurd size."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = IMAGE_PIXELS
    try:
        with Image.open(path) as image:
            if image.width * image.height > IMAGE_PIXELS:
                raise UserError("documents.error.image_too_big", pixels=f"{IMAGE_PIXELS // 1_000_000}")
            frames = getattr(image, "n_frames", 1)
    except UserError:
        raise
    except Image.DecompressionBombError:
        raise UserError("documents.error.image_too_big", pixels=f"{IMAGE_PIXELS // 1_000_000}") from None
    except Exception:
        raise UserError("documents.error.damaged") from None
    return ImageReader(path, ocr, frames)


class ImageReader(PdfReader):
    """Pictures of pages; each becomes a PDF page when it is its turn."""

    def __init__(self, path: Path, ocr: str, frames: int) -> None:
        pymupdf.TOOLS.mupdf_display_errors(False)
        self.path, self.ocr, self.total = path, ocr, frames

    def page(self, number: int, picture: Path) -> PageText:
        """Makes a page of the picture and reads it."""
        import io

        from PIL import Image, ImageOps

        with Image.open(self.path) as image:
            image.seek(number - 1)
            if image.width * image.height > IMAGE_PIXELS:
                raise UserError("documents.error.image_too_big", pixels=f"{IMAGE_PIXELS // 1_000_000}")
            plain, buffer = _on_white(ImageOps.exif_transpose(image)), io.BytesIO()
            plain.save(buffer, "PNG")
        scale = _A4_POINTS / max(plain.size)
        self.pdf = pymupdf.open()
        page = self.pdf.new_page(width=plain.width * scale, height=plain.height * scale)
        page.insert_image(page.rect, stream=buffer.getvalue())
        page = self.pdf.reload_page(page)
        draw(page, picture)
        if self.ocr == "never":
            return PageText("", "text", None, ("documents.warning.no_text_layer",), (), True)
        return self._by_ocr(page, picture)


def _on_white(image: Any) -> Any:
    from PIL import Image

    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _count(pdf: Any) -> int:
    """Pages that exist; a file that lies about their number is read as far as it goes."""
    try:
        count = pdf.page_count
        if count > 0:
            pdf.load_page(0)
    except Exception:
        raise UserError("documents.error.damaged") from None
    if count <= 0:
        raise UserError("documents.error.no_pages")
    low, high = 1, count
    while low < high:  # most files are honest: the last page exists
        try:
            pdf.load_page(high - 1)
            return high
        except Exception:
            high = (low + high) // 2
    return low
