"""Kept pictures on their way: from the limited child into the document, and beside the Markdown of the command line."""

from __future__ import annotations

import shutil

from core.documents.pictures import picture_names
from core.storage.atomic import replace
from core.storage.workspace import DocumentPaths, PictureFolder

_BEGINS = {"png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff"}


def take_pictures(child: DocumentPaths, document: DocumentPaths, markdown: str) -> None:
    """Moves the pictures that a page shows from the child's folder; what is no PNG or JPEG stays there."""
    for name in picture_names(markdown):
        given, kept = child.picture(name), document.picture(name)
        if kept.exists() or given.is_symlink() or not given.is_file():
            continue
        with given.open("rb") as file:
            if not file.read(8).startswith(_BEGINS[given.suffix.removeprefix(".")]):
                continue
        kept.parent.mkdir(exist_ok=True)
        replace(given, kept)


def copy_pictures(document: DocumentPaths, folder: PictureFolder, markdown: str) -> int:
    """Copies the pictures that a text shows; returns how many there are."""
    names = [name for name in picture_names(markdown) if document.picture(name).is_file()]
    for name in names:
        target = folder.picture(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copyfile(document.picture(name), target)
    return len(names)
