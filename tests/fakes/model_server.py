"""A model server without a model: whatever it is asked, it answers with the text it was started with.

``python -m tests.fakes.model_server`` in the environment that `core.jobs.start(argv=…)` gives; the job's parameters are
`model`, as for the real one, and `says`: one text, or a text for each question. `delay_s` is the time of an answer;
questions are noted in `asked.jsonl` of the job's folder.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from core.jobs import JobContext, JobStopped
from core.jobs.main import current_job, run_job
from core.storage import Workspace, write_json

ARGV = [sys.executable, "-m", "tests.fakes.model_server"]


class Handler(BaseHTTPRequestHandler):
    """Streams the text in two pieces, or sends it at once; every other request is answered with an empty object."""

    says: str | dict[str, str] = ""
    delay_s = 0.0
    asked: Path
    lock = threading.Lock()

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        self.reply("application/json", b'{"open": 0}')

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if not self.path.endswith("/chat/completions"):
            return self.reply("application/json", b"{}")
        question = body["messages"][-1]["content"]
        with self.lock, self.asked.open("a", encoding="utf-8") as file:
            file.write(json.dumps(question) + "\n")
        time.sleep(self.delay_s)
        said = self.says if isinstance(self.says, str) else self.says.get(question, "")
        if not body.get("stream"):
            choice = {"message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
            return self.reply("application/json", json.dumps({"choices": [choice]}).encode())
        half = len(said) // 2
        pieces = [({"content": part}, None) for part in (said[:half], said[half:])] + [({}, "stop")]
        lines = [json.dumps({"choices": [{"delta": delta, "finish_reason": end}]}) for delta, end in pieces]
        self.reply("text/event-stream", "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode())

    def reply(self, kind: str, body: bytes) -> None:
        """Sends a whole answer."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def run(job: JobContext) -> None:
    """Serves until the job is asked to stop."""
    given = {"says": job.params["says"], "delay_s": job.params.get("delay_s", 0.0), "asked": job.dir / "asked.jsonl"}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Said", (Handler,), given))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    write_json(job.paths.endpoint, {"base_url": f"http://127.0.0.1:{server.server_address[1]}/v1", "api_key": "fake",
                                    "model": "fake"})
    job.phase("ready")
    while not job.should_stop():
        time.sleep(0.05)
    server.shutdown()
    raise JobStopped


if __name__ == "__main__":
    sys.exit(run_job(Workspace.default(), current_job() or "", run))
