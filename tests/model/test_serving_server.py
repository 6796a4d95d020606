"""The model server as a real process, spoken to by the `openai` package and by raw sockets."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time

import httpx
import openai
import pytest

from core import jobs, serving
from core.errors import UserError
from core.serving import ServeSettings
from core.storage import read_json
from tests.model.serving_home import make_home

pytestmark = pytest.mark.model
ASK = [{"role": "user", "content": "How heavy is the anchor?"}]
SETTINGS = ServeSettings(port=0, max_waiting=8, max_batch=2, max_tokens=480)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    ws, model = make_home(tmp_path_factory.mktemp("server"))
    yield ws, str(model)
    serving.stop(ws)


@pytest.fixture
def endpoint(home):
    ws, model = home
    return serving.ensure(ws, model, ("run-one",), SETTINGS)


@pytest.fixture
def client(endpoint):
    with openai.OpenAI(base_url=endpoint.base_url, api_key=endpoint.api_key, max_retries=0) as client:
        yield client


def post(endpoint, body, key=None, **options):
    headers = {"Authorization": f"Bearer {key or endpoint.api_key}", **options.pop("headers", {})}
    url = f"{endpoint.base_url}/chat/completions"
    return httpx.post(url, json=body, headers=headers, trust_env=False, timeout=60, **options)


def quiet(endpoint, seconds=20.0):
    """Waits until the server has nothing to do and returns how long that took."""
    started = time.monotonic()
    while (now := serving.stats(endpoint))["open"] or now["running"]:
        assert time.monotonic() - started < seconds, now
        time.sleep(0.02)
    return time.monotonic() - started


def test_openai_client_whole_and_streamed(client, endpoint):
    assert [model.id for model in client.models.list()] == [endpoint.model, "run-one"]
    assert "/" not in endpoint.model
    options = {"model": "run-one", "messages": ASK, "max_tokens": 9, "temperature": 0}
    whole = client.chat.completions.create(**options)
    assert whole.choices[0].finish_reason == "length"
    assert whole.usage.completion_tokens == 9
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + 9
    chunks = list(client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **options))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content != ""
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "length"
    assert chunks[-1].usage.completion_tokens == 9


def test_raw_stream_ends_with_done(endpoint):
    reply = post(endpoint, {"model": endpoint.model, "messages": ASK, "max_tokens": 3, "stream": True})
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.text.endswith("data: [DONE]\n\n")


def test_ensure_reuses_and_adds_adapters_while_running(home, endpoint, client):
    ws, model = home
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="run-two", messages=ASK)
    again = serving.ensure(ws, model, ("run-two",))
    assert again == endpoint == serving.running(ws)
    assert client.chat.completions.create(model="run-two", messages=ASK, max_tokens=2).choices
    assert {model.id for model in client.models.list()} >= {"run-one", "run-two"}


def test_before_and_after_are_one_batch_and_can_be_stopped(endpoint):
    earlier = serving.stats(endpoint)["batches"]
    texts = {}
    finished = set()
    for update in serving.chat_pair(endpoint, "run-one", ASK, max_tokens=20):
        texts[update.side] = update.text
        assert update.error is None
        if update.is_last:
            finished.add(update.side)
    now = serving.stats(endpoint)
    assert finished == {"before", "after"} and texts["before"] != texts["after"]
    assert now["batches"] == earlier + 1 and sorted(now["recent"][-1]) == ["__base__", "run-one"]
    pair = serving.chat_pair(endpoint, "run-one", ASK, max_tokens=480)
    next(pair)
    pair.close()
    assert quiet(endpoint) <= 5


def test_one_side_fails_the_other_goes_on(endpoint):
    news = list(serving.chat_pair(endpoint, "run-unknown", ASK, max_tokens=5))
    ends = {update.side: update for update in news if update.is_last}
    assert ends["before"].finish == "length" and ends["before"].text
    assert isinstance(ends["after"].error, UserError)


def test_only_the_right_key_opens(home, endpoint):
    ws, _ = home
    body = {"model": endpoint.model, "messages": ASK, "max_tokens": 1}
    url = f"{endpoint.base_url}/chat/completions"
    same_length = "x" * len(endpoint.api_key)
    for headers, query in [({}, ""), ({"Authorization": f"Bearer {same_length}"}, ""),
                           ({"Authorization": "Bearer"}, ""),
                           ({}, f"?api_key={endpoint.api_key}"), ({"Cookie": f"session={endpoint.api_key}"}, "")]:
        reply = httpx.post(url + query, json=body, headers=headers, trust_env=False)
        assert reply.status_code == 401 and reply.json()["error"]["code"] == "invalid_api_key"
        assert httpx.get(f"{endpoint.base_url}/models{query}", headers=headers, trust_env=False).status_code == 401
    key = serving.create_api_key(ws)
    assert key not in ws.serving.keys.read_text(encoding="utf-8")
    assert post(endpoint, body, key).status_code == 200
    internal = endpoint.base_url.replace("/v1", "/internal/adapters")
    assert httpx.post(internal, json={"name": "run-two"}, headers={"Authorization": f"Bearer {key}"},
                      trust_env=False).status_code == 401
    serving.revoke_api_keys(ws)
    assert post(endpoint, body, key).status_code == 401
    assert post(endpoint, body, headers={"Host": "evil.example"}).status_code == 403


def test_key_is_in_one_private_file_only(home, endpoint):
    ws, _ = home
    paths = ws.job(endpoint.job_id)
    assert paths.endpoint.stat().st_mode & 0o777 == 0o600
    holders = [p.name for p in ws.root.rglob("*") if p.is_file() and endpoint.api_key.encode() in p.read_bytes()]
    assert holders == [paths.endpoint.name]
    assert read_json(paths.endpoint)["base_url"].startswith("http://127.0.0.1:")


PICTURE = [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]


@pytest.mark.parametrize(("change", "status"), [
    ({"max_tokens": -1}, 400), ({"max_tokens": "x"}, 400), ({"temperature": float("nan")}, 400), ({"n": 50}, 400),
    ({"messages": []}, 400), ({"messages": [{"role": "root", "content": "x"}]}, 400), ({"messages": ASK * 10000}, 400),
    ({"messages": [{"role": "user", "content": PICTURE}]}, 400),
    ({"messages": [{"role": "user", "content": "x" * 6_000_000}]}, 413),
    ({"messages": [{"role": "user", "content": "x" * 100_000}]}, 400), ({"model": "gpt-4"}, 404),
    ({"response_format": {"type": "json_object"}}, 400), ({"messages": [{"role": "user", "content": "\ud800"}]}, 400)])
def test_bad_requests_never_reach_the_model(endpoint, change, status):
    earlier = serving.stats(endpoint)["batches"]
    body = json.dumps({"model": endpoint.model, "messages": ASK, **change})
    headers = {"Authorization": f"Bearer {endpoint.api_key}", "Content-Type": "application/json"}
    reply = httpx.post(f"{endpoint.base_url}/chat/completions", content=body, headers=headers, trust_env=False)
    assert reply.status_code == status
    assert set(reply.json()["error"]) == {"message", "type", "param", "code"}
    assert "/etc/passwd" not in reply.text
    assert serving.stats(endpoint)["batches"] == earlier


def test_huge_max_tokens_is_clamped(endpoint):
    reply = post(endpoint, {"model": endpoint.model, "messages": ASK, "max_tokens": 10**9}).json()
    assert reply["usage"]["completion_tokens"] <= SETTINGS.max_tokens


def test_client_that_leaves_frees_its_place(endpoint):
    for stream in (True, False):
        body = json.dumps({"model": endpoint.model, "messages": ASK, "max_tokens": 480, "stream": stream}).encode()
        port = int(endpoint.base_url.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)) as raw:
            raw.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                        b"Authorization: Bearer " + endpoint.api_key.encode() +
                        f"\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            while not serving.stats(endpoint)["running"]:
                time.sleep(0.005)
        quiet(endpoint)
        assert serving.stats(endpoint) | {"recent": 0, "batches": 0} == {
            "open": 0, "waiting": 0, "running": 0, "recent": 0, "batches": 0}


def test_crowd_is_bounded_and_health_stays_quick(endpoint):
    statuses: list[int] = []

    def ask() -> None:
        reply = post(endpoint, {"model": endpoint.model, "messages": ASK, "max_tokens": 200})
        if reply.status_code == 429:
            assert int(reply.headers["retry-after"]) > 0
        statuses.append(reply.status_code)

    crowd = [threading.Thread(target=ask) for _ in range(30)]
    for thread in crowd:
        thread.start()
    while any(thread.is_alive() for thread in crowd):
        assert httpx.get(endpoint.base_url.replace("/v1", "/health"), trust_env=False, timeout=5).status_code == 200
        time.sleep(0.2)
    assert set(statuses) == {200, 429} and len(statuses) == 30
    assert statuses.count(200) >= SETTINGS.max_waiting
    quiet(endpoint)


def test_evil_adapters_are_refused(home, endpoint, tmp_path):
    ws, model = home
    trap = tmp_path / "pwned"
    evil = ws.run("run-evil").adapter
    shutil.copytree(ws.run("run-one").adapter, evil)
    (evil / "adapter_model.safetensors").unlink()
    (evil / "adapter_model.bin").write_bytes(b"cposix\nsystem\n(S'touch " + str(trap).encode() + b"'\ntR.")
    for name in ("run-evil", "run-none", "../../etc", "org/repo"):
        with pytest.raises(UserError):
            serving.ensure(ws, model, (name,))
        headers = {"Authorization": f"Bearer {endpoint.api_key}"}
        reply = httpx.post(endpoint.base_url.replace("/v1", "/internal/adapters"), json={"name": name},
                           headers=headers, trust_env=False)
        assert reply.status_code == 400
    shutil.copy(ws.run("run-one").adapter / "adapter_model.safetensors", evil)
    config = read_json(evil / "adapter_config.json")
    for change in ({"init_lora_weights": "pissa"}, {"bias": "all"}, {"peft_type": "IA3"},
                   {"auto_mapping": {"base_model_class": "os"}}):
        (evil / "adapter_config.json").write_text(json.dumps({**config, **change}), encoding="utf-8")
        with pytest.raises(UserError):
            serving.ensure(ws, model, ("run-evil",))
    assert not trap.exists()


def test_stop_ends_streams_with_an_error_and_idle_ends_the_server(home, endpoint):
    ws, model = home
    ends = []

    def ask() -> None:
        ends.extend(u for u in serving.chat_pair(endpoint, "run-one", ASK, max_tokens=480) if u.is_last)

    asking = threading.Thread(target=ask)
    asking.start()
    while not serving.stats(endpoint)["running"]:
        time.sleep(0.005)
    serving.stop(ws)
    asking.join(20)
    assert len(ends) == 2
    assert jobs.view(ws, endpoint.job_id).state is jobs.JobState.STOPPED
    assert serving.running(ws) is None
    assert not ws.job(endpoint.job_id).endpoint.exists()
    serving.stop(ws)
    fresh = serving.ensure(ws, model, (), SETTINGS)
    assert fresh.job_id != endpoint.job_id
    serving.stop(ws)
