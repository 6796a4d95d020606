"""Documents: files in, Markdown out, page by page. Untrusted files are parsed in limited children only."""

from core.documents.joining import join_documents, natural
from core.documents.library import (
    delete_document,
    document_markdown,
    find_document,
    import_example,
    import_files,
    is_corrected,
    list_documents,
    page_image,
    page_markdown,
    pages,
    save_page_markdown,
    undo_correction,
)
from core.documents.loose import convert_files
from core.documents.marks import Mark
from core.documents.pictures import masked
from core.documents.places import Place, places_of
from core.documents.quality import LOW_CONFIDENCE
from core.documents.reading import Hit, confirm_page, hits_in, page_texts, pattern_of, search, unused, use_page
from core.documents.settings import ChildLimits, ConvertSettings, ImportLimits, MinerUSettings
from core.documents.starting import start_convert, start_page
from core.documents.types import LOCKED, DocumentInfo, ImportResult, PageInfo

__all__ = ["LOCKED", "LOW_CONFIDENCE", "ChildLimits", "ConvertSettings", "DocumentInfo", "Hit", "ImportLimits",
           "ImportResult", "Mark", "MinerUSettings", "PageInfo", "Place", "confirm_page", "convert_files",
           "delete_document", "document_markdown", "find_document", "hits_in", "import_example", "import_files",
           "is_corrected", "join_documents", "list_documents", "masked", "natural", "page_image", "page_markdown",
           "page_texts", "pages", "pattern_of", "places_of", "save_page_markdown", "search", "start_convert",
           "start_page", "undo_correction", "unused", "use_page"]
