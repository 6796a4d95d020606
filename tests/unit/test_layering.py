"""The rules of the code base that a reader relies on: which layer imports which, who builds paths, who signals."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ORDER = ("i18n", "errors", "settings", "storage", "jobs|hardware", "datasets|documents|llm|models",
         "qa|training|serving|evaluation|export", "overview")
RANKS = {area: rank for rank, areas in enumerate(ORDER) for area in areas.split("|")}
ALLOWED_UPWARDS = {("llm", "serving"), ("jobs", "documents"), ("jobs", "qa"), ("jobs", "training"),
                   ("jobs", "serving"), ("jobs", "models")}
HEAVY = {"torch", "transformers", "peft", "trl", "accelerate", "datasets", "bitsandbytes", "pymupdf", "pymupdf4llm",
         "rapidocr", "onnxruntime", "swanlab", "pandas", "fastapi", "uvicorn"}
WEB_FORBIDDEN = {"torch", "transformers", "peft", "trl", "pymupdf", "pymupdf4llm", "rapidocr", "onnxruntime"}


def sources(folder: str) -> list[Path]:
    return sorted(p for p in (ROOT / folder).rglob("*.py") if "__pycache__" not in p.parts)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(tree: ast.AST) -> Iterator[str]:
    """Every imported module, also those inside functions; `from core import x` counts as `core.x`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def test_only_webui_imports_gradio() -> None:
    guilty = [f"{name(p)}: {m}" for p in sources("core") for m in imports(parse(p))
              if m.split(".")[0] in ("gradio", "webui")]
    assert guilty == []


def test_the_web_never_imports_model_or_document_libraries() -> None:
    guilty = [f"{name(p)}: {m}" for p in sources("webui") for m in imports(parse(p))
              if m.split(".")[0] in WEB_FORBIDDEN]
    assert guilty == []


def test_areas_of_core_depend_downwards_only() -> None:
    guilty = []
    for path in sources("core"):
        area = path.relative_to(ROOT / "core").parts[0].removesuffix(".py")
        if area == "__init__":
            continue
        for module in imports(parse(path)):
            parts = module.split(".")
            if parts[0] != "core" or len(parts) < 2 or parts[1] == area:
                continue
            if RANKS[parts[1]] >= RANKS[area] and (area, parts[1]) not in ALLOWED_UPWARDS:
                guilty.append(f"{name(path)} → {module}")
    assert guilty == []


def test_every_area_has_a_rank() -> None:
    areas = {p.stem for p in (ROOT / "core").iterdir() if p.name != "__pycache__" and not p.name.startswith("__")}
    assert areas <= set(RANKS)


@pytest.mark.parametrize("area", sorted(p.name for p in (ROOT / "core").iterdir() if (p / "__init__.py").exists()))
def test_importing_an_area_loads_nothing_heavy(area: str) -> None:
    program = f"import sys, json, core.{area}; print(json.dumps(sorted(m for m in sys.modules if '.' not in m)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert HEAVY & set(json.loads(done.stdout)) == set()


def builds_path(node: ast.AST) -> bool:
    """`Path(…)`, `os.path.…`, or a join with a composed name or one that leaves the folder.

    A fixed file name of a foreign format inside a folder one was given (`folder / "config.json"`) is fine.
    """
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Path", "PurePath"):
        return True
    if isinstance(node, ast.Attribute):
        return isinstance(node.value, ast.Name) and (node.value.id, node.attr) == ("os", "path")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        right = node.right
        return isinstance(right, ast.JoinedStr) or (
            isinstance(right, ast.Constant) and isinstance(right.value, str) and ("/" in right.value or
                                                                                 right.value.startswith("..")))
    return False


def test_only_the_workspace_builds_paths() -> None:
    guilty = [f"{name(p)}:{node.lineno}" for folder in ("core", "webui") for p in sources(folder)
              if not name(p).startswith(("core/storage/", "core/i18n/")) for node in ast.walk(parse(p))
              if builds_path(node)]
    assert guilty == []


def test_processes_are_signalled_in_one_module() -> None:
    """Signals go through core/jobs/signals.py, which checks the identity first; `terminate` is for own children."""
    verbs = {"kill", "killpg", "send_signal"}
    guilty = [f"{name(p)}:{node.lineno}" for folder in ("core", "webui") for p in sources(folder)
              if name(p) != "core/jobs/signals.py"
              for node in ast.walk(parse(p)) if isinstance(node, ast.Attribute) and node.attr in verbs]
    assert guilty == []


def test_modules_and_functions_stay_short() -> None:
    guilty = []
    for folder in ("core", "webui", "launcher"):
        for path in sources(folder):
            text = path.read_text(encoding="utf-8")
            if text.count("\n") > 400:
                guilty.append(name(path))
            guilty += [f"{name(path)}:{n.name}" for n in ast.walk(ast.parse(text))
                       if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
                       and (n.end_lineno or n.lineno) - n.lineno + 1 > 60]
    assert guilty == []


def test_the_launcher_needs_only_the_standard_library() -> None:
    known = set(sys.stdlib_module_names) | {"launcher"}
    guilty = [f"{name(p)}: {m}" for p in [ROOT / "start.py", *sources("launcher")] for m in imports(parse(p))
              if m.split(".")[0] not in known]
    assert guilty == []


def test_requirements_are_exact_pins() -> None:
    for file in ("requirements.txt", "requirements-test.txt"):
        lines = [line for line in (ROOT / file).read_text(encoding="utf-8").splitlines()
                 if line.strip() and not line.startswith("#")]
        assert [line for line in lines if line.count("==") != 1 or any(c in line for c in "<>~,*")] == []
        names = [line.split("==")[0].lower() for line in lines]
        assert names == sorted(names) and len(set(names)) == len(names)
