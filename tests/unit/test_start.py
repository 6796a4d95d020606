"""start.py and the launcher, with a fake `python -m venv` and a fake pip: nothing is installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections import namedtuple
from pathlib import Path

import pytest

from launcher import environment as env_module
from launcher import main as launcher_main
from launcher import messages
from launcher.environment import Environment, pip_failure, space_needed
from launcher.messages import Stop

CODE = Path(__file__).resolve().parents[2]
FAKE_VENV_PYTHON = """\
#!/bin/sh
# The environment's python: answers --version, plays pip by $FAKE_PIP, runs anything else with the real one.
root="$(dirname "$0")/../.."
case "$1 $2" in
  "--version "*) exit "${FAKE_VERSION_STATUS:-0}" ;;
  "-m pip") echo "$@" >> "$root/pip-calls"; echo "$TMPDIR|$PIP_CACHE_DIR" >> "$root/pip-folders"
    mkdir -p "$PIP_CACHE_DIR"; touch "$PIP_CACHE_DIR/wheel" "$root/.venv/half-installed"
    [ -z "$FAKE_PIP_SLEEP" ] || sleep "$FAKE_PIP_SLEEP"
    printf '%b\\n' "$FAKE_PIP_SAYS"; exit "${FAKE_PIP:-0}" ;;
  "-m pytest") shift 2; echo "pytest got: $*"; echo "3 passed in 0.01s"; exit "${FAKE_PYTEST:-0}" ;;
  "-m playwright") echo "Failed to download Chromium"; exit "${FAKE_PLAYWRIGHT:-0}" ;;
  *) exec "$REAL_PYTHON" "$@" ;;
esac
"""
FAKE_VENV_MODULE = """\
import os, pathlib, sys
said = os.environ.get("FAKE_VENV_SAYS")
if said:
    sys.exit(said)
python = pathlib.Path(sys.argv[1]) / "bin" / "python"
python.parent.mkdir(parents=True, exist_ok=True)
python.write_text(pathlib.Path(os.environ["FAKE_PYTHON"]).read_text())
python.chmod(0o755)
"""
APP = """\
import sys, time
try:
    print("app got:", *sys.argv[1:], flush=True)
    if "wait" in sys.argv:
        time.sleep(60)
except KeyboardInterrupt:
    print("saved", flush=True)
sys.exit(7 if "fail" in sys.argv else 0)
"""


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of start.py and the launcher beside a stand-in app.py; venv and pip are fakes."""
    root = tmp_path / "clone"
    root.mkdir()
    shutil.copy(CODE / "start.py", root)
    shutil.copytree(CODE / "launcher", root / "launcher", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "app.py").write_text(APP, encoding="utf-8")
    (root / "requirements.txt").write_text("torch==2.13.0\nhttpx==0.28.1\n", encoding="utf-8")
    (root / "requirements-test.txt").write_text("pytest==9.2.0\n", encoding="utf-8")
    fakes = tmp_path / "fakes"
    (fakes / "venv").mkdir(parents=True)
    (fakes / "venv" / "__init__.py").write_text("", encoding="utf-8")
    (fakes / "venv" / "__main__.py").write_text(FAKE_VENV_MODULE, encoding="utf-8")
    (fakes / "python").write_text(FAKE_VENV_PYTHON, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(fakes))
    monkeypatch.setenv("FAKE_PYTHON", str(fakes / "python"))
    monkeypatch.setenv("REAL_PYTHON", sys.executable)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    for name in ("PIP_CACHE_DIR", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    return root


def start(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "start.py", *arguments], cwd=clone, capture_output=True, encoding="utf-8",
                          timeout=60, check=False)


def pip_calls(clone: Path) -> list[str]:
    calls = clone / "pip-calls"
    return calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []


def test_installs_exact_pins_then_starts_the_app_with_the_arguments(clone: Path) -> None:
    done = start(clone, "--port", "7861")
    assert done.returncode == 0, done.stderr
    assert "app got: --port 7861" in done.stdout
    assert len(pip_calls(clone)) == 1
    assert pip_calls(clone)[0].endswith(f"-r {clone / 'requirements.txt'}")


def test_second_start_calls_no_pip(clone: Path) -> None:
    start(clone)
    done = start(clone)
    assert done.returncode == 0
    assert len(pip_calls(clone)) == 1
    assert "Preparing" not in done.stdout


def test_the_apps_exit_status_is_passed_on(clone: Path) -> None:
    assert start(clone, "fail").returncode == 7


def test_changed_requirements_are_installed_into_the_same_environment(clone: Path) -> None:
    start(clone)
    (clone / ".venv" / "witness").touch()
    (clone / "requirements.txt").write_text("torch==2.13.0\nhttpx==0.28.2\n", encoding="utf-8")
    done = start(clone)
    assert "Updating" in done.stdout
    assert len(pip_calls(clone)) == 2
    assert (clone / ".venv" / "witness").exists()


def test_everything_that_pip_writes_stays_in_the_clone(clone: Path) -> None:
    start(clone)
    temporary, cache = (clone / "pip-folders").read_text(encoding="utf-8").strip().split("|")
    assert Path(temporary) == clone / ".venv" / "tmp"
    assert Path(cache) == clone / ".venv" / "downloads"
    assert not Path(temporary).exists() and not Path(cache).exists()


def test_a_failed_installation_is_begun_anew_but_keeps_its_downloads(clone: Path,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_PIP", "1")
    monkeypatch.setenv("FAKE_PIP_SAYS", "ERROR: broken wheel")
    failed = start(clone)
    assert failed.returncode == 1
    assert "broken wheel" in failed.stderr and "app got" not in failed.stdout
    assert (clone / ".venv" / "downloads" / "wheel").exists()
    (clone / ".venv" / "left-over").touch()
    monkeypatch.setenv("FAKE_PIP", "0")
    assert start(clone).returncode == 0
    assert not (clone / ".venv" / "left-over").exists()


def test_a_killed_installation_is_noticed_and_waited_for(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_PIP_SLEEP", "3")
    first = subprocess.Popen([sys.executable, "start.py"], cwd=clone, stdout=subprocess.DEVNULL)
    while not pip_calls(clone):
        time.sleep(0.05)
    first.kill()
    first.wait()
    monkeypatch.setenv("FAKE_PIP_SLEEP", "")
    second = start(clone)
    assert second.returncode == 0
    assert "waiting for it" in second.stdout, "the orphaned pip still writes into the folder"
    assert len(pip_calls(clone)) == 2


@pytest.mark.parametrize(("said", "expected"), [
    ("Failed to establish a new connection: NewConnectionError\\nERROR: No matching distribution found for torch",
     "registry could not be reached"),
    ("ERROR: No matching distribution found for torch==2.13.0", "no fitting package"),
    ("ERROR: Could not install packages: [Errno 28] No space left on device", "disk became full"),
    ("ERROR: something new", "Installing failed"),
])
def test_pip_failures_are_told_apart(clone: Path, monkeypatch: pytest.MonkeyPatch, said: str, expected: str) -> None:
    monkeypatch.setenv("FAKE_PIP", "1")
    monkeypatch.setenv("FAKE_PIP_SAYS", said)
    done = start(clone)
    assert done.returncode == 1
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_venv_module_names_the_package(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_VENV_SAYS", "The virtual environment was not created: ensurepip is not available")
    done = start(clone)
    assert done.returncode == 1
    assert f"apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv" in done.stderr


def test_an_environment_whose_python_is_gone_is_made_anew(clone: Path) -> None:
    start(clone)
    (clone / ".venv" / "bin" / "python").unlink()
    assert start(clone).returncode == 0
    assert len(pip_calls(clone)) == 2


def test_a_chosen_build_of_torch_comes_from_its_index_and_is_remembered(clone: Path) -> None:
    start(clone, "--torch", "cpu")
    assert "--index-url https://download.pytorch.org/whl/cpu torch==2.13.0" in pip_calls(clone)[0]
    done = start(clone, "--port", "1")
    assert len(pip_calls(clone)) == 2, "a later start without the option installs nothing"
    assert "app got: --port 1" in done.stdout


def test_sentences_are_chinese_in_a_chinese_terminal(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setenv("PYTHONUTF8", "1")
    monkeypatch.setenv("FAKE_PIP", "1")
    done = start(clone)
    assert "正在准备文炼" in done.stdout
    assert "安装失败" in done.stderr


def test_ctrl_c_ends_the_app_cleanly(clone: Path) -> None:
    start(clone)
    running = subprocess.Popen([sys.executable, "start.py", "--", "wait"], cwd=clone, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, encoding="utf-8", start_new_session=True,
                               # A shell starts background jobs with Ctrl-C ignored.
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    assert running.stdout is not None
    for line in running.stdout:
        if "app got" in line:
            break
    os.killpg(running.pid, signal.SIGINT)
    out, errors = running.communicate(timeout=20)
    assert running.returncode == 0
    assert "saved" in out and "DocTune has ended" in out
    assert "Traceback" not in errors


def test_terminating_the_launcher_ends_the_app(clone: Path) -> None:
    start(clone)
    running = subprocess.Popen([sys.executable, "start.py", "--", "wait"], cwd=clone, stdout=subprocess.PIPE,
                               encoding="utf-8")
    assert running.stdout is not None
    for line in running.stdout:
        if "app got" in line:
            break
    running.terminate()
    assert running.wait(timeout=20) == 128 + signal.SIGTERM


def test_tests_pass_arguments_and_status_through(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_PYTEST", "5")
    tools = clone / "tools"
    tools.mkdir()
    for name in ("chromium", "strace", "dpkg"):
        (tools / name).write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    done = start(clone, "test", "-k", "storage")
    assert done.returncode == 5
    assert done.stdout.splitlines()[-2:] == ["pytest got: -k storage", "3 passed in 0.01s"]
    assert pip_calls(clone)[1].endswith("requirements-test.txt")


def test_tests_say_clearly_that_no_browser_can_be_had(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = clone / "tools"
    tools.mkdir()
    for name in ("chromium", "chromium-browser", "google-chrome", "apt-get"):
        (tools / name).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_PLAYWRIGHT", "1")
    done = start(clone, "test")
    assert done.returncode == 1
    assert "none could be installed" in done.stderr and "Failed to download Chromium" in done.stderr


def test_short_disk_is_told_with_both_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements.txt").write_text("torch==2.13.0\n", encoding="utf-8")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(env_module.shutil, "disk_usage", lambda folder: usage(10**10, 9 * 10**9, 10**9))
    with pytest.raises(Stop) as stop:
        Environment(tmp_path).ensure("cpu")
    assert "needs 4 GB" in messages.EN["disk"].format(**stop.value.params)
    assert "0.9 GB" in messages.EN["disk"].format(**stop.value.params)
    assert not (tmp_path / ".venv" / "bin").exists()


def test_cuda_builds_ask_for_more_disk() -> None:
    assert space_needed("cu128") > space_needed("cpu")


def test_every_sentence_exists_in_both_languages_with_the_same_placeholders() -> None:
    import string

    def fields(sentence: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}

    assert set(messages.EN) == set(messages.ZH)
    for key, sentence in messages.EN.items():
        assert fields(sentence) == fields(messages.ZH[key]), key


def test_old_python_gets_one_sentence() -> None:
    """Runs start.py with a version of 3.8 pretended before anything else happens."""
    program = textwrap.dedent("""
        import runpy, sys
        sys.version_info = (3, 8, 1)
        sys.argv = ["start.py"]
        runpy.run_path("start.py", run_name="__main__")
    """)
    done = subprocess.run([sys.executable, "-c", program], cwd=CODE, capture_output=True, encoding="utf-8",
                          env={**os.environ, "LC_ALL": "C.UTF-8"}, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("DocTune needs Python 3.11 or newer; this one is 3.8.1")


def test_options_of_the_launcher_are_taken_out() -> None:
    assert launcher_main.take_option(["--port", "1", "--torch=cpu"], "--torch") == ("cpu", ["--port", "1"])
    assert launcher_main.take_option(["--torch", "cpu", "-x"], "--torch") == ("cpu", ["-x"])
    assert launcher_main.take_option(["--port", "1"], "--torch") == ("", ["--port", "1"])


def test_unreadable_log_still_gives_a_sentence(tmp_path: Path) -> None:
    assert pip_failure(tmp_path / "no-log").key == "pip_failed"
