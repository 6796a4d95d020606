"""How much slower and larger our web page is than an empty Gradio app with seven tabs.

    python benchmarks/web.py [--rounds 5]

Starts both in turn, several times, on the same machine. Measures from the start of the process to the first complete
page (seconds) and the resident memory after it (MB, with children). Prints the medians, the ratio, and whether torch
is among the modules of our web process. Exit status 1 when a bound is broken: ratio of times ≤ 1.3, memory ≤ 250 MB,
no torch.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
RATIO_BOUND = 1.3
MEMORY_BOUND_MB = 250
PATIENCE_SECONDS = 180
EMPTY = """\
import sys
import gradio as gr
with gr.Blocks(analytics_enabled=False) as demo:
    with gr.Tabs():
        for number in range(7):
            with gr.Tab(f"Tab {number}"):
                gr.Markdown("empty")
demo.launch(server_name="127.0.0.1", server_port=int(sys.argv[1]), quiet=True, share=False, inbrowser=False,
            run_history=False, ssr_mode=False)
"""
LISTENER = """\
import os, signal, sys
def note(*_):
    with open(os.environ["MODULES_FILE"] + ".new", "w", encoding="utf-8") as out:
        out.write(" ".join(sorted(sys.modules)))
    os.replace(os.environ["MODULES_FILE"] + ".new", os.environ["MODULES_FILE"])
signal.signal(signal.SIGUSR1, note)
"""


@dataclass(frozen=True)
class Measure:
    """One start: seconds to the first page, processor seconds spent on it, MB after it, and the loaded modules."""

    seconds: float
    processor: float
    megabytes: float
    modules: frozenset[str]


def main() -> int:
    """Prints the table; 0 when every bound holds."""
    parser = argparse.ArgumentParser(description="Our page against an empty Gradio app.")
    parser.add_argument("--rounds", type=int, default=5, help="starts of each, in turn")
    rounds = parser.parse_args().rounds
    empty, ours = [], []
    for number in range(rounds):
        with tempfile.TemporaryDirectory(prefix="doctune-web-") as folder:
            home = Path(folder)
            (home / "empty.py").write_text(EMPTY, encoding="utf-8")
            empty.append(measure([str(home / "empty.py")], home))
            ours.append(measure([str(ROOT / "app.py"), "--no-browser", "--port"], home))
        print(f"round {number + 1}: " + " · ".join(
            f"{who} {m.seconds:.1f} s (processor {m.processor:.1f} s) {m.megabytes:.0f} MB"
            for who, m in (("empty", empty[-1]), ("DocTune", ours[-1]))), flush=True)
    return report(empty, ours)


def report(empty: list[Measure], ours: list[Measure]) -> int:
    """Medians, ratio, and which bounds hold."""
    base, own = (statistics.median(m.seconds for m in side) for side in (empty, ours))
    base_mb, own_mb = (statistics.median(m.megabytes for m in side) for side in (empty, ours))
    work = [statistics.median(m.processor for m in side) for side in (empty, ours)]
    torch = any("torch" in m.modules for m in ours)
    print(f"median: empty {base:.2f} s, {base_mb:.0f} MB · DocTune {own:.2f} s, {own_mb:.0f} MB")
    print(f"ratio of times: {own / base:.2f} (bound {RATIO_BOUND})")
    print(f"ratio of processor times, which a busy machine disturbs less: {work[1] / work[0]:.2f}")
    print(f"memory: {own_mb:.0f} MB (bound {MEMORY_BOUND_MB} MB)")
    print(f"torch in sys.modules: {torch}")
    return 0 if own / base <= RATIO_BOUND and own_mb <= MEMORY_BOUND_MB and not torch else 1


def measure(argv: list[str], home: Path) -> Measure:
    """Starts `python *argv PORT`, fetches the page until it is whole, and ends the process."""
    (home / "listener").mkdir(exist_ok=True)
    (home / "listener" / "sitecustomize.py").write_text(LISTENER, encoding="utf-8")
    port = free_port()
    modules = home / "modules.txt"
    modules.unlink(missing_ok=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("DOCTUNE_", "GRADIO_"))}
    env |= {"PYTHONPATH": str(home / "listener"), "MODULES_FILE": str(modules), "DOCTUNE_HOME": str(home / "workspace"),
            "DOCTUNE_SECRETS": str(home / "secrets.json"), "GRADIO_ANALYTICS_ENABLED": "False"}
    (home / "workspace").mkdir(exist_ok=True)
    with (home / "output.txt").open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen([sys.executable, *argv, str(port)], env=env, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_for_page(process, port, home / "output.txt")
            seconds = time.perf_counter() - began
            spent = psutil.Process(process.pid).cpu_times()
            process.send_signal(signal.SIGUSR1)
            wait_for_file(modules)
            return Measure(seconds, spent.user + spent.system, resident(process.pid) / 2**20,
                           frozenset(modules.read_text(encoding="utf-8").split()))
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for_page(process: subprocess.Popen[bytes], port: int, output: Path) -> None:
    """Returns when `/` answers 200 with a whole Gradio page; fails with the process's output when it ends."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with opener.open(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                if b"gradio_config" in answer.read():
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise SystemExit(f"no page from port {port}:\n" + output.read_text(encoding="utf-8", errors="replace"))


def wait_for_file(file: Path) -> None:
    """Until the process has noted its modules."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not file.exists():
        if time.monotonic() > deadline:
            raise SystemExit("the process did not note its modules")
        time.sleep(0.02)


def resident(pid: int) -> int:
    """Resident bytes of a process and its children."""
    process = psutil.Process(pid)
    return sum(p.memory_info().rss for p in [process, *process.children(recursive=True)])


def free_port() -> int:
    """A port of the loopback address that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
