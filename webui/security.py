"""The one place that launches the web server; every argument is decided here, none by the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.errors import UserError
from core.i18n import t
from core.storage.workspace import Workspace
from webui.bind import BindPolicy

if TYPE_CHECKING:
    import gradio as gr

MAX_FILE_BYTES = 500 * 2**20
QUEUE_NAP_S = 0.03


def clean_environment(ws: Workspace) -> None:
    """Must run before gradio is imported: its GRADIO_* variables could share, expose or listen without being asked."""
    for name in [n for n in os.environ if n.startswith("GRADIO_")]:
        del os.environ[name]
    os.environ["GRADIO_TEMP_DIR"] = str(ws.upload_cache)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["FORWARDED_ALLOW_IPS"] = ""  # no proxy is trusted to say who calls
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1,localhost,::1"]))


def launch(demo: gr.Blocks, policy: BindPolicy, *, open_browser: bool, on_ready: Callable[[], None]) -> None:
    """Serves until interrupted; calls `on_ready` and prints the address in one line once the page can be fetched."""
    from starlette.middleware import Middleware

    from webui.guard import Guard
    from webui.language import translations
    from webui.theme import css, head, theme

    demo.launch(
        server_name=policy.host, server_port=policy.port, prevent_thread_lock=True, quiet=True,
        inbrowser=False, share=False, show_error=False, debug=False, inline=False,
        auth=None, auth_dependency=None, allowed_paths=[], blocked_paths=[], root_path="",
        max_file_size=MAX_FILE_BYTES, run_history=False, enable_monitoring=False, strict_cors=True,
        mcp_server=False, pwa=False, ssr_mode=False, footer_links=[], max_threads=40, state_session_capacity=200,
        theme=theme(), css=css(), head=head(), i18n=translations(),
        app_kwargs={"middleware": [Middleware(Guard, policy=policy)],
                    "openapi_url": None, "docs_url": None, "redoc_url": None},
    )
    # Gradio looks for work a thousand times a second, a tenth of a core that training needs.
    demo._queue.sleep_when_free = demo._queue.progress_update_sleep_when_free = QUEUE_NAP_S
    on_ready()
    host = "127.0.0.1" if policy.host in ("0.0.0.0", "::") else policy.host
    address = f"http://{host}:{policy.port}/"
    if policy.moved_from is not None:
        print(t("web.port_moved", "en", taken=policy.moved_from, port=policy.port), flush=True)
    print(t("web.running", "en", address=address), flush=True)
    if open_browser:
        import webbrowser

        webbrowser.open(address)
    demo.block_thread()


def refuse(error: UserError, code: int) -> None:
    """Ends the program with one sentence and an exit code."""
    print(error.text("en"), file=sys.stderr, flush=True)
    raise SystemExit(code)
