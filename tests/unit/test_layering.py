"""Rules that hold for all product code, checked on its syntax: who may import whom, and what nobody may do."""

from __future__ import annotations

import ast
import json
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "transformers", "peft", "trl", "pymupdf", "fitz", "pymupdf4llm"}
LEVELS = {"storage": 0, "jobs": 1, "datasets": 2, "documents": 2, "models": 2, "llm": 3,
          "qa": 4, "training": 4, "serving": 4, "evaluation": 4, "export": 4, "hubs": 4, "guide": 5}
BASE = {"errors", "settings", "i18n"}
EXCEPTIONS = {("llm", "serving"),  # the built-in helper is the product's own model server
              ("documents", "llm")}  # another engine's server is reached by the one way out of the machine
MAX_MODULE, MAX_FUNCTION = 400, 60


def _sources(*names: str) -> list[Path]:
    found: list[Path] = []
    for name in names:
        base = ROOT / name
        found += [base] if base.is_file() else sorted(base.rglob("*.py"))
    return found


CORE, WEBUI = _sources("core"), _sources("webui")
PRODUCT = [*CORE, *WEBUI, *_sources("app.py")]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in [*PRODUCT, *_sources("start.py")]}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted module) of every import anywhere in a module; ``from core import jobs`` gives ``core.jobs``."""
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                package = path.relative_to(ROOT).with_suffix("").parts[: -node.level]
                module = ".".join([*package, module]).strip(".")
            if module in ("core", "webui"):
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, module


def _calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Every call with the name of what is called: ``open``, ``os.kill``, ``.terminate`` for any other object."""
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Call):
            yield node, _callee(node.func)


def _callee(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{node.value.id if isinstance(node.value, ast.Name) else ''}.{node.attr}"
    return ""


def test_there_is_code_to_check() -> None:
    assert len(CORE) > 20


def test_core_never_imports_the_web_page() -> None:
    wrong = [f"{_name(path)}:{line} {module}" for path in CORE for line, module in _imports(path)
             if module.split(".")[0] in ("gradio", "webui")]
    assert not wrong, "\n".join(wrong)


def test_the_web_page_never_imports_heavy_libraries() -> None:
    wrong = [f"{_name(path)}:{line} {module}" for path in WEBUI for line, module in _imports(path)
             if module.split(".")[0] in HEAVY]
    assert not wrong, "\n".join(wrong)


def _modules(paths: list[Path]) -> list[str]:
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]


@pytest.mark.parametrize("part", ["areas", "web"])
def test_importing_loads_nothing_heavy(part: str) -> None:
    areas = [path for path in CORE if path.name == "__init__.py"]
    names = _modules(areas if part == "areas" else WEBUI)
    unwanted = HEAVY | {"pandas"} if part == "areas" else HEAVY
    code = (f"import importlib, json, sys\nfor name in {names!r}:\n    importlib.import_module(name)\n"
            f"print(json.dumps(sorted(set(sys.modules) & {unwanted!r})))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_areas_of_core_depend_on_each_other_one_way() -> None:
    wrong = []
    for path in CORE:
        parts = path.relative_to(ROOT / "core").parts
        area = parts[0].removesuffix(".py")
        for line, module in _imports(path):
            target = module.split(".")[1] if module.startswith("core.") else None
            if target is None or target == area or target in BASE or (area, target) in EXCEPTIONS or len(parts) == 1:
                continue
            if area not in LEVELS or target not in LEVELS or LEVELS[target] >= LEVELS[area]:
                wrong.append(f"{_name(path)}:{line} {area} → {target}")
    base = [f"{_name(path)}:{line} {module}" for path in CORE if path.parent == ROOT / "core" or "i18n" in path.parts
            for line, module in _imports(path) if module.startswith("core.") and module.split(".")[1] not in BASE]
    assert not wrong + base, "\n".join(wrong + base)


def test_paths_are_built_in_storage_alone() -> None:
    makers = {"Path", "PurePath", "PurePosixPath", "PureWindowsPath", "open", "io.open", "Path.home", "Path.cwd"}
    wrong = []
    for path in [*CORE, *WEBUI]:
        if _name(path).startswith("core/storage/"):
            continue
        wrong += [f"{_name(path)}:{node.lineno} {called}" for node, called in _calls(path) if called in makers]
        wrong += [f"{_name(path)}:{node.lineno} os.path" for node in ast.walk(TREES[path])
                  if isinstance(node, ast.Attribute) and node.attr == "path" and isinstance(node.value, ast.Name)
                  and node.value.id == "os"]
        wrong += [f"{_name(path)}:{line} os.path" for line, module in _imports(path) if module == "os.path"]
    assert not wrong, "\n".join(wrong)


def test_processes_are_signalled_in_one_module_alone() -> None:
    names = ("kill", "killpg", "terminate", "send_signal", "pidfd_send_signal")
    wrong = []
    for path in PRODUCT:
        if _name(path) == "core/jobs/signals.py":
            continue
        for node in ast.walk(TREES[path]):
            if isinstance(node, ast.Attribute) and node.attr in names and not _is_own_terminate(path, node):
                wrong.append(f"{_name(path)}:{node.lineno} .{node.attr}")
    assert not wrong, "\n".join(wrong)


def _is_own_terminate(path: Path, node: ast.Attribute) -> bool:
    """`JobContext.terminate` sets a flag in this very process."""
    return _name(path) == "core/jobs/main.py" and isinstance(node.value, ast.Name) and node.value.id == "job"


def test_what_can_run_foreign_code_is_absent() -> None:
    pickles = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    calls = {"torch.load", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "os.system", "os.popen", "eval", "exec"}
    wrong = []
    for path in PRODUCT:
        wrong += [f"{_name(path)}:{line} {module}" for line, module in _imports(path)
                  if module.split(".")[0] in pickles]
        for node, called in _calls(path):
            keywords = {keyword.arg: keyword.value for keyword in node.keywords}
            shell = keywords.get("shell")
            if called in calls or "trust_remote_code" in keywords:
                wrong.append(f"{_name(path)}:{node.lineno} {called}")
            if shell is not None and not (isinstance(shell, ast.Constant) and shell.value is False):
                wrong.append(f"{_name(path)}:{node.lineno} shell")
        wrong += [f"{_name(path)}: {word}" for word in ("trust_remote_code", "shell=True")
                  if word in path.read_text(encoding="utf-8")]
    assert not wrong, "\n".join(wrong)


def test_modules_and_functions_are_short() -> None:
    wrong = []
    for path, tree in TREES.items():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_MODULE:
            wrong.append(f"{_name(path)} has {lines} lines")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > MAX_FUNCTION:
                    wrong.append(f"{_name(path)}:{node.lineno} {node.name} has {length} lines")
    assert not wrong, "\n".join(wrong)


def _catalogue(lang: str) -> dict[str, str]:
    entries: dict[str, str] = {}
    for file in sorted((ROOT / "core" / "i18n" / lang).glob("*.json")):
        for key, text in json.loads(file.read_text(encoding="utf-8")).items():
            assert key not in entries, f"{key} stands twice"
            entries[key] = text
    return entries


def _placeholders(text: str) -> list[str]:
    return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name is not None})


def test_both_languages_say_the_same_things() -> None:
    en, zh = _catalogue("en"), _catalogue("zh")
    assert sorted(set(en) ^ set(zh)) == []
    assert [key for key in en if _placeholders(en[key]) != _placeholders(zh[key])] == []
    assert [key for key in en if not en[key].strip() or not zh[key].strip()] == []


def test_every_key_in_the_code_is_in_the_catalogue() -> None:
    en, wrong = _catalogue("en"), []
    for path in PRODUCT:
        for node, called in _calls(path):
            if called.rpartition(".")[2] not in ("UserError", "t", "warn", "Problem"):
                continue
            texts = [value.value for value in node.args[:3] if isinstance(value, ast.Constant)
                     and isinstance(value.value, str) and "." in value.value]
            keys = [text for text in texts if all(part.replace("_", "").isalnum() for part in text.split("."))]
            wrong += [f"{_name(path)}:{node.lineno} {key}" for key in keys if key not in en]
    assert not wrong, "\n".join(wrong)
