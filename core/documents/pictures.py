"""Pictures of documents as Markdown names them: ``![what it shows](images/<name>)``; names are made from contents."""

from __future__ import annotations

import re

_NAME = r"[0-9a-f]{16}\.(?:png|jpg)"
_ANY = re.compile(r"!\[[^\]\n]*\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)")
_OWN = re.compile(rf"!\[([^\]\n]*)\]\(images/({_NAME})\)")
_ALT_CHARS = 160


def is_name(name: str) -> bool:
    """Whether this can be the name of a kept picture."""
    return re.fullmatch(_NAME, name) is not None


def reference(name: str, alt: str = "") -> str:
    """The Markdown of a kept picture. What it shows is written as one plain line; the name of a
    file says nothing."""
    if re.fullmatch(r"\s*(?:\S*|.*[\\/].*)\.(?:png|jpe?g|gif|bmp|tiff?|webp|emf|wmf|svg)\s*", alt, re.I):
        alt = ""
    words = " ".join(re.sub(r"[\[\]\\<>`|*_!\x00-\x1f]+", " ", alt).split())
    return f"![{words[:_ALT_CHARS].strip()}](images/{name})"


def picture_names(markdown: str) -> list[str]:
    """Names of the kept pictures that a text shows, each once, in order."""
    return list(dict.fromkeys(match[2] for match in _OWN.finditer(markdown)))


def masked(markdown: str) -> str:
    """The text with blanks in place of pictures: as long as before, so that places in it stay what they are."""
    return _ANY.sub(lambda match: " " * len(match[0]), markdown) if "![" in markdown else markdown


def without_pictures(markdown: str) -> str:
    """The text alone; paragraphs that only held pictures are gone."""
    if "![" not in markdown:
        return markdown
    lines = markdown.split("\n")
    kept = [_ANY.sub("", line) for line in lines]
    text = "\n".join(new for old, new in zip(lines, kept, strict=True) if new.strip() or not old.strip())
    return re.sub(r"\n{3,}", "\n\n", text)


def drop_repeats(pages: dict[int, str]) -> dict[int, str]:
    """Pages by number, each kept picture only where it stands first: the rest are logos and the like."""
    seen: set[str] = set()

    def once(match: re.Match[str]) -> str:
        if match[2] in seen:
            return ""
        seen.add(match[2])
        return match[0]

    written = dict(pages)
    for number in sorted(pages):
        if "](images/" in pages[number]:
            text = _OWN.sub(once, pages[number])
            if text != pages[number]:
                written[number] = re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n" if text.strip() else ""
    return written
