"""Documents: files in, Markdown out, page by page. Untrusted files are parsed in limited children only."""

from core.documents.library import (
    delete_document,
    document_markdown,
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
from core.documents.settings import ChildLimits, ConvertSettings, ImportLimits, MinerUSettings
from core.documents.starting import start_convert, start_page
from core.documents.types import DocumentInfo, ImportResult, PageInfo

__all__ = ["ChildLimits", "ConvertSettings", "DocumentInfo", "ImportLimits", "ImportResult", "MinerUSettings",
           "PageInfo",
           "convert_files", "delete_document", "document_markdown", "import_example", "import_files", "is_corrected",
           "list_documents", "page_image", "page_markdown", "pages", "save_page_markdown", "start_convert",
           "start_page", "undo_correction"]
