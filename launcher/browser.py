"""What the tests drive: Chromium, Chinese fonts, strace. From apt as root on Debian, else Playwright's Chromium."""

from __future__ import annotations

import os
import shutil

from launcher.environment import Environment
from launcher.messages import Stop, say
from launcher.processes import run_logged, tail, works

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FONTS = "fonts-noto-cjk"


def system_browser() -> str | None:
    """Path of a Chromium of the system that really starts (Ubuntu's is a stand-in for a snap), or None."""
    for name in BROWSERS:
        path = shutil.which(name)
        if path and works([path, "--version"]):
            return path
    return None


def prepare(environment: Environment) -> None:
    """Installs what is missing. Raises Stop when no browser can be had; names other missing tools and goes on."""
    missing = _missing_packages()
    if missing and _may_use_apt():
        _apt_install(environment, missing)
    if system_browser() is None:
        _playwright_install(environment)
    left = _missing_tools()
    if left:
        say("missing_tools", names=", ".join(left), packages=" ".join(left))


def browsers_folder(environment: Environment) -> str:
    """Where Playwright keeps its own browser: inside the clone."""
    return str(environment.folder / "browsers")


def _may_use_apt() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _missing_packages() -> list[str]:
    packages = [] if system_browser() else ["chromium"]
    return packages + _missing_tools()


def _missing_tools() -> list[str]:
    """Debian packages of tools that only Linux tests use and that are not here."""
    if not os.path.exists("/etc/debian_version"):
        return [] if os.name != "posix" or shutil.which("strace") or os.uname().sysname != "Linux" else ["strace"]
    missing = [] if works(["dpkg", "-s", FONTS]) else [FONTS]
    return missing + ([] if shutil.which("strace") else ["strace"])


def _apt_install(environment: Environment, packages: list[str]) -> None:
    """Failure is told but is not the end: Playwright may still bring a browser."""
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    status = run_logged(["apt-get", "update", "-qq"], environment.log, env)
    if status == 0:
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
        status = run_logged(install, environment.log, env)
    if status != 0:
        say("apt_failed", packages=" ".join(packages), tail=tail(environment.log))


def _playwright_install(environment: Environment) -> None:
    env = dict(os.environ, PLAYWRIGHT_BROWSERS_PATH=browsers_folder(environment))
    argv = [str(environment.python), "-m", "playwright", "install", "chromium"]
    if run_logged(argv, environment.log, env) != 0:
        raise Stop("no_browser", tail=tail(environment.log))
