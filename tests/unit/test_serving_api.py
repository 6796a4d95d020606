"""A model server that is ending says when to come back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from core.serving.api import Service, create_app
from core.serving.keys import KeyRing
from core.serving.settings import ServeSettings
from core.serving.work import Work, WorkQueue

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize("stream", [False, True])
async def test_while_it_makes_way_requests_are_put_off(ws, stream: bool) -> None:
    queue: WorkQueue = WorkQueue(4)
    engine: Any = SimpleNamespace(queue=queue, context_length=512, running=0, batches=0, recent=[], adapters=[],
                                  encode=lambda messages: [1, 2], submit=queue.put)
    service = Service(engine, ("base",), ServeSettings(), lambda name: None)
    app = create_app(service, KeyRing(ws.serving.keys, "key"))
    waiting = Work([1], None, lambda delta: None)  # type: ignore[arg-type]
    queue.put(waiting)
    assert queue.close() == [waiting]
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        reply = await client.post("/v1/chat/completions", headers={"Authorization": "Bearer key"}, json={
            "model": "base", "messages": [{"role": "user", "content": "?"}], "stream": stream})
    assert reply.status_code == 503 and int(reply.headers["retry-after"]) > 0
    assert reply.json()["error"]["code"] == "serving.error.stopping" and service.open_requests == 0
