# -*- coding: utf-8 -*-  # noqa: UP009 - Python 2 parses this file too
"""Starts DocTune: `python start.py`. Runs the tests: `python start.py test`. Needs Python 3.11 and nothing else.

This one file is parsed by every Python since 2.7, so that an old one can say what it needs.
"""

import os
import sys

OLDEST = (3, 11)
TOO_OLD = (
    "DocTune needs Python 3.11 or newer; this one is %s (%s). Install Python from https://www.python.org/downloads/ "
    "and start again with it, for example: python3.12 start.py\n"
)
TOO_OLD_ZH = (
    "文炼需要 Python 3.11 或更新的版本；当前是 %s（%s）。"
    "到 https://www.python.org/downloads/ 安装新版 Python，再用它启动，例如：python3.12 start.py\n"
)


def speaks_chinese(environ):
    """Whether the terminal's language is Chinese, as far as the usual variables tell."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            return environ[name].lower().startswith("zh")
    return False


def main():
    """Refuses an old Python in one sentence, else hands over to the launcher."""
    if sys.version_info < OLDEST:
        version = ".".join(str(part) for part in sys.version_info[:3])
        sentence = TOO_OLD_ZH if speaks_chinese(os.environ) else TOO_OLD
        sys.stderr.write(sentence % (version, sys.executable))
        return 1
    from launcher.main import main as launch

    return launch(os.path.dirname(os.path.abspath(__file__)), sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
