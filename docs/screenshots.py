"""Takes the pictures of the documentation: every tab, both languages, desktop and phone width.

    python docs/screenshots.py [--folder docs/screenshots] [--home WORKSPACE] [--tab train …]

Needs the test extras (`python start.py test` installs them). Files are named `<tab>-<lang>.png` and
`<tab>-<lang>-phone.png`. `--home` shows an existing workspace instead of an empty one; copy it first, because the
server may write into it.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.driving import AppProcess, chromium, new_page, open_app  # noqa: E402

TABS = ("documents", "qa", "dataset", "train", "compare", "ship", "settings")
LANGUAGES = ("en", "zh")
SIZES = {"": (1366, 768), "-phone": (390, 844)}
SETTLE_MS = 4000


def main() -> int:
    """Exit status 1 when a tab is wider than the screen, which a phone shows as sideways scrolling."""
    options = parse()
    options.folder.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="doctune-screenshots-"))
    if options.home:
        shutil.copytree(options.home, home, dirs_exist_ok=True)
    wide = []
    try:
        with AppProcess(home) as app, chromium() as browser:
            for lang in LANGUAGES:
                for suffix, size in SIZES.items():
                    page = new_page(browser, lang, size)
                    for tab in options.tab:
                        name = f"{tab}-{lang}{suffix}"
                        wide += [name] if picture(page, app.address, lang, tab, options.folder / f"{name}.png") else []
                    page.context.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    for name in wide:
        print(f"wider than the screen: {name}")
    return 1 if wide else 0


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Takes a picture of every tab.")
    parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "screenshots")
    parser.add_argument("--home", type=Path, help="workspace to show; it is copied")
    parser.add_argument("--tab", nargs="+", choices=TABS, default=list(TABS))
    return parser.parse_args()


def picture(page: Any, address: str, lang: str, tab: str, file: Path) -> bool:
    """Saves what the person sees first on a tab; returns whether the page is wider than the screen."""
    open_app(page, address, lang, tab)
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=file)
    print(file.name, flush=True)
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


if __name__ == "__main__":
    sys.exit(main())
