"""ZIP archives: their members come out as files with generated names, within bounds. In the limited child only."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from typing import Any

from core.documents.archive import check_archive
from core.documents.clean import clean_label
from core.errors import UserError
from core.storage.archives import UNREADABLE
from core.storage.space import human_bytes
from core.storage.workspace import ArchivePaths, user_path

MEMBERS = 2_000
_CHUNK = 1 << 20
_LITTER = re.compile(r"(?:^|/)(?:__MACOSX/|\.(?!\.?/)|Thumbs\.db$|desktop\.ini$|~\$)", re.I)


def run(input: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> None:
    """Target of `run_limited`.

    Input: path, folder, file_bytes (largest member), total_bytes. A line for each member: ``{"member", "name"}``, with
    ``"error"`` when it could not be unpacked. Hidden files and what file managers leave behind are passed over.
    """
    path, folder = user_path(input["path"]), ArchivePaths(user_path(input["folder"]))
    check_archive(path, input["total_bytes"], locked="documents.error.encrypted")
    left = input["total_bytes"]
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _LITTER.search(entry.filename)]
        if len(entries) > MEMBERS:
            raise UserError("documents.error.too_many_members", limit=MEMBERS)
        for number, entry in enumerate(entries, 1):
            line: dict[str, Any] = {"member": number, "name": clean_label(_name(entry))}
            try:
                left -= _unpack(archive, entry, folder, number, min(left, input["file_bytes"]))
            except UserError as error:
                line["error"] = error.as_dict()
            except UNREADABLE:
                line["error"] = UserError("documents.error.damaged").as_dict()
            send(line)


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: ArchivePaths, number: int, most: int) -> int:
    """Writes a member and returns its size. Raises UserError when it is larger than `most` or than it says."""
    if entry.file_size > most:
        raise UserError("documents.error.too_big", bytes=human_bytes(entry.file_size), limit=human_bytes(most))
    written = 0
    with archive.open(entry) as source, folder.member(number).open("xb") as target:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > entry.file_size:
                raise UserError("documents.error.bomb")
            target.write(chunk)
    return written


def _name(entry: zipfile.ZipInfo) -> str:
    """The name as the person gave it: old programs write it in the encoding of their country without saying so."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        raw = entry.filename.encode("cp437")
    except UnicodeEncodeError:
        return entry.filename
    for encoding in ("utf-8", "gb18030", "cp950"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return entry.filename
