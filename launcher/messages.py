"""Sentences of the launcher in English and Chinese; it cannot use core.i18n's users, which need installed packages."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

EN = {
    "usage": "python start.py [--torch NAME] [options of app.py]   starts DocTune\n"
             "python start.py convert | build | train | serve …    one step without the page (COMMAND --help)\n"
             "python start.py test [options of pytest]             installs the test extras and runs all tests\n"
             "  --port 7861      another port\n"
             "  --no-browser     do not open the browser\n"
             "  --torch cpu      take PyTorch's build from its own package index: cpu (small), cu126, cu128 …",
    "installing": "Preparing DocTune. The first time takes a few minutes and about {gigabytes} GB of disk.",
    "updating": "Updating the installed packages.",
    "installing_tests": "Installing what the tests need.",
    "installed": "Installed in {seconds} s.",
    "waiting": "Another start of DocTune is installing in this folder; waiting for it.",
    "starting": "Starting DocTune …",
    "stopped": "DocTune has ended. Training and other work that runs by itself goes on.",
    "interrupted": "The installation was stopped. Start again whenever you like: it continues with what is downloaded.",
    "bits": "DocTune needs a 64-bit Python; this one is 32-bit ({path}). Install the 64-bit version from "
            "https://www.python.org/downloads/ and start again with it.",
    "disk": "There is too little free disk space: installing needs {needed} GB and {folder} has {free} GB. "
            "Free some space, or move the folder to another disk, then start again.",
    "disk_full": "The disk became full while installing. Free about {needed} GB, then start again: it continues with "
                 "what is downloaded.\n{tail}",
    "no_venv": "Python cannot make an environment because its venv module is missing. On Debian or Ubuntu run:  "
               "sudo apt install python{version}-venv  and start again.",
    "venv_failed": "Python could not make the environment in {folder}. Check that you may write there. "
                   "What it said:\n{tail}",
    "network": "The package registry could not be reached, so nothing was installed. Check the network connection; "
               "behind a proxy set HTTPS_PROXY; a nearer mirror is chosen with:  pip config set global.index-url "
               "ADDRESS. Then start again.\n{tail}",
    "no_package": "The package registry has no fitting package for Python {version} on this computer. Python 3.11, "
                  "3.12 or 3.13 on 64-bit Windows, Linux or an Apple-silicon Mac works. If you use a mirror, it may be "
                  "out of date.\n{tail}",
    "pip_failed": "Installing failed. The whole record is in {log}. Start again to try once more; if it fails at the "
                  "same place, delete the folder .venv first. Last lines:\n{tail}",
    "readonly": "DocTune cannot write into its folder {folder}. Move it to a folder of your own, for example your home "
                "folder, and start again. ({reason})",
    "no_browser": "The tests drive a Chromium browser and none could be installed: its download was not possible here. "
                  "Install chromium with the system's package manager (Debian: apt install chromium fonts-noto-cjk), "
                  "then start the tests again. Last lines:\n{tail}",
    "missing_tools": "These tools are missing and some tests need them: {names}. Install them with the system's "
                     "package manager (Debian, Ubuntu: sudo apt install {packages}).",
    "apt_failed": "apt could not install {packages}. Last lines:\n{tail}",
    "app_missing": "The file {path} is missing: the folder of DocTune is not complete. Download it again.",
}

ZH = {
    "usage": "python start.py [--torch 名称] [app.py 的选项]   启动文炼\n"
             "python start.py convert | build | train | serve …  不用页面执行一个步骤（命令 --help）\n"
             "python start.py test [pytest 的选项]            安装测试所需并运行全部测试\n"
             "  --port 7861      换一个端口\n"
             "  --no-browser     不打开浏览器\n"
             "  --torch cpu      从 PyTorch 自己的软件源安装：cpu（体积小）、cu126、cu128 …",
    "installing": "正在准备文炼。首次需要几分钟和约 {gigabytes} GB 磁盘空间。",
    "updating": "正在更新已安装的软件包。",
    "installing_tests": "正在安装测试所需的软件包。",
    "installed": "安装完成，用时 {seconds} 秒。",
    "waiting": "另一个窗口正在此文件夹中安装文炼，等待它完成。",
    "starting": "正在启动文炼……",
    "stopped": "文炼已退出。独立运行的微调等任务会继续。",
    "interrupted": "安装已中断。随时可以重新启动，会接着已下载的部分继续。",
    "bits": "文炼需要 64 位 Python；当前是 32 位（{path}）。"
            "到 https://www.python.org/downloads/ 安装 64 位版本后再启动。",
    "disk": "磁盘空间不足：安装需要 {needed} GB，{folder} 只剩 {free} GB。清理磁盘，或把文件夹移到别的磁盘，再启动。",
    "disk_full": "安装途中磁盘已满。腾出约 {needed} GB 后重新启动，会接着已下载的部分继续。\n{tail}",
    "no_venv": "Python 缺少 venv 模块，无法创建环境。"
               "在 Debian 或 Ubuntu 上运行：sudo apt install python{version}-venv，再启动。",
    "venv_failed": "Python 无法在 {folder} 创建环境。检查是否有写入权限。它的输出：\n{tail}",
    "network": "连不上软件源，没有安装任何东西。检查网络；有代理时设置 HTTPS_PROXY；"
               "可用镜像：pip config set global.index-url 地址。然后重新启动。\n{tail}",
    "no_package": "软件源中没有适合本机 Python {version} 的软件包。可用：64 位 Windows、Linux 或 Apple 芯片 Mac 上的 "
                  "Python 3.11、3.12、3.13。若使用镜像，它可能不是最新的。\n{tail}",
    "pip_failed": "安装失败，完整记录在 {log}。"
                  "可再启动一次重试；若仍在同一处失败，先删除 .venv 文件夹。最后几行：\n{tail}",
    "readonly": "文炼无法写入自己的文件夹 {folder}。把它移到你自己的文件夹（例如主目录）再启动。（{reason}）",
    "no_browser": "测试要用 Chromium 浏览器，而这里无法下载。用系统的软件包管理器安装 chromium"
                  "（Debian：apt install chromium fonts-noto-cjk），再运行测试。最后几行：\n{tail}",
    "missing_tools": "缺少部分测试需要的工具：{names}。用系统的软件包管理器安装"
                     "（Debian、Ubuntu：sudo apt install {packages}）。",
    "apt_failed": "apt 无法安装 {packages}。最后几行：\n{tail}",
    "app_missing": "缺少文件 {path}：文炼的文件夹不完整，重新下载一次。",
}


class Stop(Exception):
    """Ends the launcher with one sentence; `key` is an entry of the tables above."""

    def __init__(self, key: str, **params: object) -> None:
        super().__init__(key)
        self.key = key
        self.params = params


def language(environ: Mapping[str, str] = os.environ) -> str:
    """"zh" or "en": from the usual variables, on Windows from the language of its screens."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            return "zh" if environ[name].lower().startswith("zh") else "en"
    if sys.platform == "win32":
        import ctypes

        primary = ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0x3FF
        return "zh" if primary == 0x04 else "en"
    return "en"


def text(key: str, **params: object) -> str:
    """The sentence in the terminal's language with its placeholders filled."""
    return (ZH if language() == "zh" else EN)[key].format(**params)


def say(key: str, **params: object) -> None:
    """Prints a sentence at once, also into a pipe."""
    print(text(key, **params), flush=True)
