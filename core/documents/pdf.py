"""PDF files and pictures of pages. Imported in the limited child only."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pymupdf

from core.documents.child import PageText
from core.documents.edges import Edges
from core.documents.loading import quiet_threads
from core.documents.page_picture import Picture, draw, drawn
from core.documents.page_words import words_of
from core.documents.pdf_pictures import with_pictures
from core.documents.picture_store import PictureStore
from core.documents.triage import Look, look_at
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
        self._begun: dict[int, _Begun | Exception] = {}
        self._reads_pictures = False

    @property
    def looks_ahead(self) -> bool:
        """Whether pages are read from their pictures, which can go on while another page is laid out."""
        return self._reads_pictures

    def prepare(self, number: int) -> None:
        """Looks at the page, and begins to read its picture if need be. What it raises is raised by `page`."""
        try:
            self._begun[number] = self._begin(number)
        except Exception as error:
            self._begun[number] = error

    def page(self, number: int, picture: Path) -> PageText:
        """Reads the text of the page or its picture, and draws it."""
        begun = self._begun.pop(number, None) or self._begin(number)
        if isinstance(begun, Exception):
            raise begun
        with begun.copy as copy:
            begun.picture.write(picture)
            if begun.ocr is not None:
                return self._by_ocr(begun, picture)
            if begun.look.turn:
                _turn(copy[0], begun.look.turn)
                draw(copy[0], picture)
            words = words_of(copy[0])
            markdown, sizes = layout().page_markdown(copy, running=self.edges.judge(number - 1))
            if self.pictures is not None:
                markdown = with_pictures(copy[0], markdown, self.pictures)
        gc.collect()
        warnings = ("documents.warning.no_text_layer",) if begun.look.needs_ocr else ()
        return PageText(markdown, "text", None, warnings, sizes, True, words)

    def _begin(self, number: int) -> _Begun:
        page = self.pdf.load_page(number - 1)
        copy = upright(self.pdf, number - 1)
        look = look_at(copy[0])
        self._reads_pictures = self.ocr == "always" and look.inked or self.ocr == "auto" and look.needs_ocr
        picture = drawn(page)
        return _Begun(page, copy, look, picture, _start_ocr(page, picture) if self._reads_pictures else None)

    def _by_ocr(self, begun: _Begun, picture: Path) -> PageText:
        begun.ocr.wait_for_models()
        models = layout()  # its own load while the page is read
        scan = begun.ocr.finish()
        if scan.turn:
            draw(begun.page, picture, scan.turn)
        with scan.document as copy:
            words = words_of(copy[0])
            markdown, sizes = models.page_markdown(copy, is_ocr=True)
        gc.collect()
        return PageText(markdown, "ocr", scan.confidence if scan.lines else None, (), sizes, True, words)


@dataclass(frozen=True)
class _Begun:
    """A page that was looked at: as it stands in the file, and alone and upright; its reading if it is a picture."""

    page: Any
    copy: Any
    look: Look
    picture: Picture
    ocr: Any = None


def _start_ocr(page: Any, picture: Picture) -> Any:
    from core.documents.ocr import PageOcr

    return PageOcr(page, picture.is_grey)


def layout() -> ModuleType:
    """`core.documents.layout`, whose models load when it is imported."""
    quiet_threads()
    from core.documents import layout

    return layout


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
        self.path, self.ocr, self.total, self.pictures = path, ocr, frames, None
        self._begun, self._reads_pictures = {}, False

    def _begin(self, number: int) -> _Begun:
        """Makes a page of the picture, and begins to read it."""
        import io

        from PIL import Image, ImageOps

        with Image.open(self.path) as image:
            image.seek(number - 1)
            if image.width * image.height > IMAGE_PIXELS:
                raise UserError("documents.error.image_too_big", pixels=f"{IMAGE_PIXELS // 1_000_000}")
            plain, buffer = _on_white(ImageOps.exif_transpose(image)), io.BytesIO()
            plain.save(buffer, "PNG")
        scale = _A4_POINTS / max(plain.size)
        pdf = pymupdf.open()
        page = pdf.new_page(width=plain.width * scale, height=plain.height * scale)
        page.insert_image(page.rect, stream=buffer.getvalue())
        page = pdf.reload_page(page)
        self._reads_pictures = self.ocr != "never"
        picture = drawn(page)
        ocr = _start_ocr(page, picture) if self._reads_pictures else None
        return _Begun(page, pdf, Look(True, 0, True), picture, ocr)

    def page(self, number: int, picture: Path) -> PageText:
        """Reads the picture, and draws it."""
        if self.ocr != "never":
            return super().page(number, picture)
        begun = self._begin(number)
        with begun.copy:
            begun.picture.write(picture)
        return PageText("", "text", None, ("documents.warning.no_text_layer",), (), True)


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
