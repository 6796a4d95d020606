"""The routes of the model server: the OpenAI chat protocol and a few for the program's own parts."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from core.errors import UserError
from core.i18n import t
from core.serving.gate import Gate
from core.serving.keys import KeyRing
from core.serving.protocol import ApiError, ChatRequest, chunk, completion, error_body, parse_chat, sse, usage
from core.serving.settings import ServeSettings
from core.serving.work import Delta, QueueClosed, QueueFull, Sampling, Work, WorkQueue

_POLL_S = 0.25
_KEEP_ALIVE_S = 10.0
# No vocabulary has tokens that are longer on average; such a text cannot fit and is not even cut into tokens.
_CHARS_PER_TOKEN = 64
_GROUP_HEADER = "x-doctune-group"


class EngineLike(Protocol):
    """What the routes need of an engine."""

    queue: WorkQueue
    context_length: int
    running: int
    batches: int
    recent: Any

    @property
    def adapters(self) -> list[str]: ...

    def encode(self, messages: list[dict[str, str]]) -> list[int]: ...

    def submit(self, work: Work) -> None: ...


@dataclass
class Service:
    """What is served.

    Attributes:
        names: names of the base model; the first is the one that is listed.
        load_adapter: loads an adapter by name; blocks; raises UserError.
        open_requests: requests being answered or waiting.
        last_use: `time.monotonic()` of the last begin or end of a chat request.
    """

    engine: EngineLike
    names: tuple[str, ...]
    settings: ServeSettings
    load_adapter: Callable[[str], None]
    open_requests: int = 0
    last_use: float = field(default_factory=time.monotonic)

    def adapter_of(self, model: str) -> str | None:
        """None for the base model. Raises ApiError 404 for a name that is not served."""
        if model in self.names:
            return None
        if model in self.engine.adapters:
            return model
        raise ApiError(404, "This model is not served here; GET /v1/models lists those that are.",
                       code="model_not_found", param="model")


class Answer:
    """One request between the event loop and the generation thread."""

    def __init__(self, service: Service, request: ChatRequest, prompt: list[int], limit: int,
                 group: tuple[str, int] | None) -> None:
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._news: asyncio.Queue[Delta] = asyncio.Queue()
        self.prompt_tokens = len(prompt)
        temperature = service.settings.temperature if request.temperature is None else request.temperature
        sampling = Sampling(temperature, request.top_p or 1.0, request.seed, limit, tuple(request.stop))
        self._work = Work(prompt, sampling, self._deliver, service.adapter_of(request.model), group)

    def submit(self) -> None:
        """Raises ApiError 429 or 503."""
        try:
            self._service.engine.submit(self._work)
        except QueueFull:
            raise ApiError(429, t("serving.error.queue_full"), code="serving.error.queue_full",
                           headers={"retry-after": "2"}) from None
        except QueueClosed:
            raise ApiError(503, t("serving.error.stopping"), code="serving.error.stopping",
                           headers={"retry-after": "10"}) from None
        self._service.open_requests += 1

    def close(self) -> None:
        """Frees the place of this request, whether it was answered or not."""
        self._service.engine.queue.cancel(self._work)
        self._service.open_requests -= 1
        self._service.last_use = time.monotonic()

    async def next(self, timeout: float) -> Delta | None:
        """The next news; None when none came in `timeout` seconds."""
        try:
            return await asyncio.wait_for(self._news.get(), timeout)
        except TimeoutError:
            return None

    def _deliver(self, delta: Delta) -> None:
        self._loop.call_soon_threadsafe(self._news.put_nowait, delta)


def create_app(service: Service, keys: KeyRing) -> Any:
    """The server as an ASGI application, gate included."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.exception_handler(ApiError)
    async def _refused(_: Request, error: ApiError) -> Response:
        return JSONResponse(error.body, error.status, headers=error.headers)

    @app.exception_handler(UserError)
    async def _faulty(_: Request, error: UserError) -> Response:
        return JSONResponse(error_body(error.text("en"), 400, error.key), 400)

    @app.exception_handler(HTTPException)
    async def _unknown(_: Request, error: HTTPException) -> Response:
        return JSONResponse(error_body(str(error.detail), error.status_code), error.status_code)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        names = [service.names[0], *service.engine.adapters]
        return {"object": "list", "data": [_model_card(name) for name in names]}

    @app.get("/v1/models/{name}")
    async def model(name: str) -> dict[str, Any]:
        service.adapter_of(name)
        return _model_card(name)

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Response:
        return await _chat(service, keys, request)

    @app.post("/internal/adapters")
    async def add_adapter(request: Request) -> dict[str, Any]:
        name = _adapter_name(await request.body())
        await asyncio.to_thread(service.load_adapter, name)
        service.last_use = time.monotonic()
        return {"adapters": service.engine.adapters}

    @app.get("/internal/stats")
    async def stats() -> dict[str, Any]:
        engine = service.engine
        return {"open": service.open_requests, "waiting": len(engine.queue), "running": engine.running,
                "batches": engine.batches, "recent": list(engine.recent)}

    return Gate(app, keys)


async def _chat(service: Service, keys: KeyRing, http: Request) -> Response:
    request = parse_chat(await http.body())
    service.adapter_of(request.model)
    messages = [message.plain() for message in request.messages]
    room = service.engine.context_length
    if sum(len(m["content"]) for m in messages) > room * _CHARS_PER_TOKEN:
        raise _too_long(room)
    prompt = await asyncio.to_thread(service.engine.encode, messages)
    if len(prompt) >= room:
        raise _too_long(room)
    limit = min(request.token_limit or service.settings.max_tokens, service.settings.max_tokens, room - len(prompt))
    answer = Answer(service, request, prompt, limit, _group(http, keys))
    answer.submit()
    request_id = "chatcmpl-" + uuid.uuid4().hex
    if request.stream:
        return _Stream(answer, request, request_id)
    try:
        return await _whole(answer, request.model, request_id, http)
    finally:
        answer.close()


class _Stream(StreamingResponse):
    """A streamed answer that gives its place back however it ends, also before its first byte."""

    def __init__(self, answer: Answer, request: ChatRequest, request_id: str) -> None:
        super().__init__(_events(answer, request, request_id), media_type="text/event-stream",
                         headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        self._answer = answer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._answer.close()


async def _events(answer: Answer, request: ChatRequest, request_id: str) -> AsyncIterator[bytes]:
    model = request.model
    yield sse(chunk(request_id, model, {"role": "assistant", "content": ""}))
    while True:
        delta = await answer.next(_KEEP_ALIVE_S)
        if delta is None:
            yield b": waiting\n\n"
            continue
        if delta.text:
            yield sse(chunk(request_id, model, {"content": delta.text}))
        if delta.error is not None:
            yield sse(error_body(t(delta.error), 500, delta.error))
        if delta.finish is not None:
            yield sse(chunk(request_id, model, {}, delta.finish))
            if request.stream_options and request.stream_options.include_usage:
                end = chunk(request_id, model, {})
                yield sse({**end, "choices": [], "usage": usage(answer.prompt_tokens, delta.completion_tokens)})
        if delta.is_last:
            yield sse("[DONE]")
            return


async def _whole(answer: Answer, model: str, request_id: str, http: Request) -> Response:
    parts: list[str] = []
    looked = time.monotonic()
    while True:
        delta = await answer.next(_POLL_S)
        if time.monotonic() - looked >= _POLL_S:
            looked = time.monotonic()
            if await http.is_disconnected():
                return Response(status_code=499)
        if delta is None:
            continue
        parts.append(delta.text)
        if delta.error is not None:
            raise ApiError(500, t(delta.error), code=delta.error)
        if delta.finish is not None:
            counts = usage(answer.prompt_tokens, delta.completion_tokens)
            return JSONResponse(completion(request_id, model, "".join(parts), delta.finish, counts))


def _group(http: Request, keys: KeyRing) -> tuple[str, int] | None:
    """Our own clients name requests that shall share a batch: `<name>/<how many>`."""
    name, _, size = http.headers.get(_GROUP_HEADER, "").partition("/")
    bearer = http.headers.get("authorization", "").partition(" ")[2].strip()
    if name and size in ("2", "3", "4") and keys.is_internal(bearer):
        return name[:64], int(size)
    return None


def _adapter_name(body: bytes) -> str:
    try:
        name = json.loads(body)["name"]
    except (ValueError, KeyError, TypeError):
        raise ApiError(400, 'Send {"name": "…"}.', code="invalid_json") from None
    if not isinstance(name, str):
        raise ApiError(400, "The name must be text.", param="name")
    return name


def _model_card(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "doctune"}


def _too_long(room: int) -> ApiError:
    return ApiError(400, f"The conversation is longer than the model's context of {room} tokens.",
                    code="context_length_exceeded", param="messages")
