"""The real server: where it listens, what the environment cannot change, who may call what, one server a workspace."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from core.storage.folders import sweep_uploads
from core.storage.workspace import Workspace
from tests.browser.driving import ROOT, AppProcess

pytestmark = pytest.mark.fault
PASSWORD = "correct horse battery"
HOSTILE = {"GRADIO_SERVER_NAME": "0.0.0.0", "GRADIO_SHARE": "True", "GRADIO_ALLOWED_PATHS": "/",
           "GRADIO_MCP_SERVER": "True", "GRADIO_ROOT_PATH": "http://evil.com", "HTTP_PROXY": "http://127.0.0.1:9"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    with AppProcess(tmp_path_factory.mktemp("open"), env=HOSTILE) as running:
        yield running


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    with AppProcess(tmp_path_factory.mktemp("locked"), env={"DOCTUNE_PASSWORD": PASSWORD}) as running:
        yield running


def run_app(home: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    plain = {"PATH": "/usr/bin:/bin", "DOCTUNE_HOME": str(home), "LC_ALL": "C.UTF-8"} | env
    return subprocess.run([sys.executable, str(ROOT / "app.py"), *arguments], env=plain, capture_output=True,
                          text=True, timeout=120)


def routes() -> list[str]:
    """Every path that Gradio serves but the login itself, with its parameters filled in."""
    import gradio
    from gradio.routes import API_PREFIX, App

    with gradio.Blocks() as demo:
        gradio.Markdown("x")
    found = set()
    for route in App.create_app(demo).routes:
        inner = getattr(route, "original_router", None)
        found |= {r.path for r in inner.routes} if inner else {getattr(route, "path", "/")}
    filled = {path.split("{")[0] + ("x" if "{" in path else "") for path in found} - {"/login", "/logout"}
    assert f"{API_PREFIX}/upload" in filled
    return sorted(filled)


def test_listens_on_loopback_only_whatever_the_environment_says(server: AppProcess) -> None:
    listening = {c.laddr.ip for c in psutil.Process(server.pid).net_connections() if c.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_open_addresses_without_password_are_refused(host: str, tmp_path: Path) -> None:
    ended = run_app(tmp_path, "--host", host)
    assert ended.returncode == 2
    assert "DOCTUNE_PASSWORD" in ended.stderr and len(ended.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "/proc/self/environ",
                                  "http://127.0.0.1:9101/", "file:///etc/passwd"])
def test_no_file_of_the_machine_is_served(server: AppProcess, path: str) -> None:
    reply = httpx.get(f"{server.address}/gradio_api/file={path}", trust_env=False)
    assert reply.status_code in (400, 403, 404) and "root:" not in reply.text


def test_files_of_the_workspace_are_not_served_and_forged_uploads_are_refused(server: AppProcess) -> None:
    secret = server.home / "data" / "secret.html"
    secret.parent.mkdir(exist_ok=True)
    secret.write_text("canary", encoding="utf-8")
    link = server.home / "saves" / "tmp" / "web" / "link.html"
    link.symlink_to(secret)
    for path in (secret, link):
        reply = httpx.get(f"{server.address}/gradio_api/file={path}", trust_env=False)
        assert reply.status_code in (403, 404), path
    link.unlink()


@pytest.mark.parametrize("host", ["evil.com", "127.0.0.1.evil.com", "localhost:7860@evil"])
def test_other_hosts_are_refused(server: AppProcess, host: str) -> None:
    for path in ("/", "/config", "/gradio_api/info"):
        reply = httpx.get(server.address + path, headers={"host": host}, trust_env=False)
        assert reply.status_code == 400 and "access-control-allow-origin" not in reply.headers


def test_an_upload_that_breaks_off_leaves_nothing_after_the_sweep(server: AppProcess) -> None:
    ws, whole = Workspace.at(server.home), 900_000
    host, port = server.address.removeprefix("http://").split(":")
    head = (b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n'
            b"Content-Type: application/pdf\r\n\r\n")
    request = (f"POST /gradio_api/upload HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {server.address}\r\n"
               f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {whole}\r\n\r\n").encode()
    before = kept(ws)
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(request + head + b"x" * 500_000)
        until(lambda: kept(ws) - before)
    time.sleep(1)
    sweep_uploads(ws, unfinished_s=0)
    assert kept(ws) == before
    files = {"files": ("b.txt", b"whole", "text/plain")}
    reply = httpx.post(f"{server.address}/gradio_api/upload", files=files, headers={"origin": server.address},
                       trust_env=False)
    assert reply.status_code == 200 and Path(reply.json()[0]).read_bytes() == b"whole"
    sweep_uploads(ws, unfinished_s=0, others_s=0)
    assert kept(ws) == set()


def kept(ws: Workspace) -> set[Path]:
    """Files in the server's cache."""
    return {path for path in ws.upload_cache.rglob("*") if path.is_file()}


def until(seen: Callable[[], object]) -> None:
    """Waits until something is seen."""
    deadline = time.monotonic() + 30
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("origin", ["http://evil.com", "null"])
def test_uploads_from_other_pages_are_refused_and_leave_nothing(server: AppProcess, origin: str) -> None:
    files = {"files": ("a.txt", b"hello")}
    reply = httpx.post(f"{server.address}/gradio_api/upload", files=files, headers={"origin": origin}, trust_env=False)
    assert reply.status_code == 403
    assert not [p for p in (server.home / "saves" / "tmp" / "web").rglob("*") if p.is_file()]


def test_no_api_description_is_published(server: AppProcess) -> None:
    for path in ("/openapi.json", "/docs", "/redoc"):
        assert httpx.get(server.address + path, trust_env=False).status_code == 404


def test_with_a_password_every_route_demands_the_login(locked: AppProcess) -> None:
    paths = routes()
    assert len(paths) > 40
    for path in paths:
        for method in ("GET", "POST"):
            status = httpx.request(method, locked.address + path, trust_env=False).status_code
            assert status == 401, (method, path, status)
    page = httpx.get(locked.address + "/", headers={"accept": "text/html"}, trust_env=False)
    assert (page.status_code, page.headers["location"]) == (303, "/login")


def test_guessing_is_limited_and_the_right_password_opens(locked: AppProcess) -> None:
    with httpx.Client(base_url=locked.address, trust_env=False) as web:
        assert web.post("/login", data={"password": PASSWORD}).status_code == 303
        assert web.get("/config").status_code == 200
    forwarded = [{"x-forwarded-for": f"10.0.0.{n}"} for n in range(12)]
    with httpx.Client(base_url=locked.address, trust_env=False) as web:
        codes = [web.post("/login", data={"password": "no"}, headers=h).status_code for h in forwarded]
    assert codes == [401] * 9 + [429] * 3


def test_second_server_on_one_workspace_names_the_first_and_a_dead_one_does_not_block(tmp_path: Path) -> None:
    first = AppProcess(tmp_path).start()
    try:
        second = run_app(tmp_path, "--port", "0")
        assert second.returncode == 3 and str(first.pid) in second.stderr
        first.kill()
        again = AppProcess(tmp_path).start()
        again.stop()
    finally:
        first.stop()
