"""Kept pictures on their way: from the limited child into the document, and beside the Markdown of the command line."""

from __future__ import annotations

from core.documents.pictures import picture_names
from core.storage.atomic import atomic_write, replace
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


def shown_pictures(document: DocumentPaths, markdown: str) -> dict[str, bytes]:
    """The pictures that a text shows, by name."""
    return {name: document.picture(name).read_bytes() for name in picture_names(markdown)
            if document.picture(name).is_file()}


def put_beside(folder: PictureFolder, pictures: dict[str, bytes]) -> None:
    """Writes pictures where Markdown in the folder finds them; those that are there are the same, by their name."""
    for name, content in pictures.items():
        target = folder.picture(name)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(target, content)
