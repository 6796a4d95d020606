"""Older office files (DOC, XLS, PPT, RTF) and OpenDocument files: LibreOffice makes DOCX, XLSX or PPTX of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from core.documents.archive import check_archive
from core.errors import UserError
from core.storage.archives import UNREADABLE
from core.storage.workspace import OfficePaths

FORMATS = {"doc": "docx", "rtf": "docx", "odt": "docx", "xls": "xlsx", "xlsb": "xlsx", "ods": "xlsx", "ppt": "pptx",
           "odp": "pptx"}
_FILTERS = {"docx": "MS Word 2007 XML", "xlsx": "Calc MS Excel 2007 XML", "pptx": "Impress MS PowerPoint 2007 XML"}
_NAMES = ("soffice", "libreoffice")
_PLACES = ("/Applications/LibreOffice.app/Contents/MacOS", "/opt/libreoffice/program",
           r"C:\Program Files\LibreOffice\program", r"C:\Program Files (x86)\LibreOffice\program")
_FORBIDDEN = (
    ("org.openoffice.Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("org.openoffice.Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("org.openoffice.Office.Common/Security/Scripting", "DisableActiveContent", "true"),
    ("org.openoffice.Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("org.openoffice.Office.Common/Security/Scripting", "DisableOLEAutomation", "true"),
    ("org.openoffice.Office.Writer/Content/Update", "Link", "0"),
    ("org.openoffice.Office.Calc/Content/Update", "Link", "0"),
    # whatever is fetched all the same goes to a proxy that does not exist
    ("org.openoffice.Inet/Settings", "ooInetProxyType", "1"), ("org.openoffice.Inet/Settings", "ooInetNoProxy", ""),
    *(("org.openoffice.Inet/Settings", f"ooInet{kind}Proxy{part}", value) for kind in ("HTTP", "HTTPS", "FTP")
      for part, value in (("Name", "127.0.0.1"), ("Port", "9"))),
)


def program() -> str | None:
    """The command of LibreOffice on this computer, None without one."""
    folders = os.pathsep.join((os.environ.get("PATH", os.defpath), *_PLACES))
    return next(filter(None, (shutil.which(name, path=folders) for name in _NAMES)), None)


def require_program(kind: str) -> str:
    """The command of LibreOffice. Raises UserError that says what to do when it is not there."""
    found = program()
    if found is None:
        raise UserError("documents.error.needs_libreoffice", type=kind.upper(), saved=FORMATS[kind].upper())
    return found


def convert(path: Path, kind: str, folder: Path) -> Path:
    """Converts a file inside `folder`, with a profile of its own, without macros and links; returns the new file.

    Runs in the limited child, whose limits and end hold for LibreOffice, too. Raises UserError when LibreOffice is not
    there, or makes nothing of the file.
    """
    command, target, paths = require_program(kind), FORMATS[kind], OfficePaths(folder)
    if kind in ("odt", "ods", "odp"):
        _refuse_locked(path)
    paths.settings.parent.mkdir(parents=True)
    paths.out.mkdir()
    paths.settings.write_text(_settings(), encoding="utf-8")
    arguments = [command, "--headless", "--norestore", "--nolockcheck", "--nodefault", "--nologo",
                 "--nofirststartwizard", f"-env:UserInstallation={paths.profile.as_uri()}", "--convert-to",
                 f"{target}:{_FILTERS[target]}", "--outdir", str(paths.out), str(path)]
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "LD_LIBRARY_PATH")
                   if name in os.environ}
    environment |= {"HOME": str(paths.profile), "TMPDIR": str(paths.dir), "SAL_USE_VCLPLUGIN": "svp"}
    done = subprocess.run(arguments, env=environment, cwd=paths.dir, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    converted = paths.converted(path, target)
    if done.returncode != 0 or not converted.is_file() or not converted.stat().st_size:
        print(f"LibreOffice: {done.returncode} {done.stdout[-2000:]!r}", file=sys.stderr)
        raise UserError("documents.error.office_failed")
    return converted


def _refuse_locked(path: Path) -> None:
    """Raises UserError for an OpenDocument file with a password."""
    check_archive(path)
    try:
        with zipfile.ZipFile(path) as archive, archive.open("META-INF/manifest.xml") as part:
            if b"encryption-data" in part.read(1 << 20):
                raise UserError("documents.error.encrypted")
    except (*UNREADABLE, KeyError):
        raise UserError("documents.error.damaged") from None


def _settings() -> str:
    entries = "".join(f'<item oor:path="/{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop>'
                      "</item>" for path, name, value in _FORBIDDEN)
    return ('<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry" '
            f'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{entries}'
            "</oor:items>")
