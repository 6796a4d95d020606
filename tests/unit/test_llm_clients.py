"""The clients against a scripted service: retries, keys, limits, formats (cases Q3, Q4, Q7)."""

from __future__ import annotations

import logging
import time

import pytest

from core.llm.capability import Capabilities
from core.llm.errors import Cancelled, ProviderError
from core.llm.ollama_client import OllamaClient
from core.llm.openai_client import OpenAIClient
from core.llm.opening import open_client
from core.llm.secrets import RedactingFilter, Secret, load_key, redact, save_key, worker_environment
from core.llm.settings import HelperSettings
from core.llm.urls import parse_base_url, resolve
from tests.fakes.llm_replies import Step
from tests.fakes.llm_server import FakeLLM

ASK = [{"role": "user", "content": "hello"}]
CANARY = "sk-CANARY-7f3a-aaaa"
SCHEMA = {"type": "object", "properties": {"facts": {"type": "array", "items": {"type": "string"}}}}


def openai(fake, waits=None, **options):
    def sleep(seconds):
        if waits is not None:
            waits.append(seconds)
            time.sleep(seconds)

    return OpenAIClient(fake.url + "/v1", "fake", sleep=sleep, **options)


def fault(client, **options):
    with pytest.raises(ProviderError) as caught:
        client.complete(ASK, **options)
    return caught.value


def test_retry_after_is_honoured():
    waits: list[float] = []
    slow = Step(status=429, headers={"Retry-After": "0.3"})
    with FakeLLM(script=[slow, slow, Step("yes")]) as fake:
        assert openai(fake, waits).complete(ASK).text == "yes"
    assert len(fake.chats()) == 3
    assert waits.count(0.3) == 2 and sum(waits) < 2


def test_empty_account_stops_at_once():
    with FakeLLM(script=[Step(status=429, error={"code": "insufficient_quota"})]) as fake:
        error = fault(openai(fake))
    assert (error.kind, error.stops_job, len(fake.chats())) == ("quota", True, 1)


def test_refused_key_stops_at_once_and_stays_secret(caplog):
    with FakeLLM(key="other") as fake:
        error = fault(openai(fake, key=Secret(CANARY)))
    assert (error.kind, error.stops_job, len(fake.chats())) == ("auth", True, 1)
    assert CANARY not in str(error) + repr(error) + str(error.as_dict()) + caplog.text
    assert fake.chats()[0]["headers"]["authorization"] == f"Bearer {CANARY}"


@pytest.mark.parametrize(
    "steps",
    [
        [Step(status=500), Step(status=500), Step("yes")],
        [Step("lost", fault="reset"), Step("yes")],
        [Step(status=503, headers={"Retry-After": "1"}), Step("yes")],
        [Step(status=408), Step(status=502), Step("yes")],
    ],
)
def test_passing_faults_are_survived(steps):
    with FakeLLM(script=steps) as fake:
        assert openai(fake).complete(ASK).text == "yes"
    assert len(fake.chats()) == len(steps)


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (Step(status=404, error={"message": "The model `x` does not exist"}), "model_missing"),
        (Step(status=404), "route"),
        (Step(status=400, error={"message": "maximum context length exceeded"}), "context"),
        (Step(status=402), "quota"),
        (Step(raw=b"<html>hello</html>"), "not_json"),
        (Step(raw=b""), "not_json"),
        (Step(raw=b'{"choices": []}'), "not_json"),
        (Step(raw=b"[1]"), "not_json"),
        (Step(status=418), "bad_request"),
    ],
)
def test_lasting_faults_are_named_after_one_request(step, kind):
    with FakeLLM(script=[step]) as fake:
        assert fault(openai(fake)).kind == kind
    assert len(fake.chats()) == 1


def test_a_dripping_reply_is_cut_at_the_wall_deadline():
    with FakeLLM(script=[Step("x", fault="drip")]) as fake:
        assert fault(openai(fake), deadline_s=1.5).kind == "timeout"


def test_a_silent_service_is_cut_at_the_wall_deadline():
    with FakeLLM(delay_s=600) as fake:
        assert fault(openai(fake), deadline_s=1).kind == "timeout"


def test_a_small_packed_reply_cannot_fill_the_memory():
    with FakeLLM(script=[Step(fault="bomb")]) as fake:
        assert fault(openai(fake), deadline_s=60).kind == "too_large"


@pytest.mark.parametrize("make", [OpenAIClient, OllamaClient])
def test_redirects_are_refused_and_reach_nobody(make):
    with (
        FakeLLM() as second,
        FakeLLM(script=[Step(fault="redirect", location=second.url + "/v1/chat/completions")]) as first,
    ):
        client = make(first.url, "fake", Secret(CANARY), sleep=lambda s: None)
        assert fault(client).kind == "redirect"
    assert second.requests == []


def test_environment_keys_and_proxies_are_not_used(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("OLLAMA_API_KEY", CANARY)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with FakeLLM() as fake:
        assert openai(fake).complete(ASK).text == "ok"
        assert OllamaClient(fake.url, "fake").complete(ASK).text == "ok"
    assert CANARY not in str(fake.requests)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://169.254.169.254/v1",
        "http://2852039166/",
        "http://u:p@127.0.0.1/",
        "gopher://x",
        " ",
        "",
        "http://[fd00:ec2::254]/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://0.0.0.0/",
        "http://h/?q=1",
        "http://[::ffff:169.254.1.1]/",
        "http://a b/",
        "http://h:99999/",
        "http://h\\@evil/",
        "https://",
    ],
)
def test_dangerous_addresses_are_refused_before_any_connection(url):
    with pytest.raises(ProviderError) as caught:
        OpenAIClient(url, "fake")
    assert caught.value.kind == "refused_url"


def test_names_that_lead_to_dangerous_addresses_are_refused():
    target = parse_base_url("https://innocent.example/v1")
    assert resolve(target, lambda h, p: ["93.184.216.34", "93.184.216.34"]) == ["93.184.216.34"]
    with pytest.raises(ProviderError):
        resolve(target, lambda h, p: ["93.184.216.34", "169.254.169.254"])


def test_a_name_is_looked_up_once(monkeypatch):
    from core.llm import urls

    asked = []
    monkeypatch.setattr(
        urls, "_system_lookup", lambda h, p: asked.append(h) or ["127.0.0.1" if len(asked) == 1 else "127.0.0.2"]
    )
    with FakeLLM() as fake:
        client = OpenAIClient(fake.url.replace("127.0.0.1", "service.test"), "fake")
        for _ in range(3):
            client.complete(ASK)
    assert asked == ["service.test"]


def test_keys_do_not_travel_unencrypted_to_public_addresses(monkeypatch):
    from core.llm import urls

    monkeypatch.setattr(urls, "_system_lookup", lambda h, p: ["93.184.216.34"])
    assert fault(OpenAIClient("http://service.example/v1", "fake", Secret(CANARY))).kind == "plain_http"


def test_nothing_listening_is_said_after_one_try():
    with pytest.raises(ProviderError) as caught:
        OpenAIClient("http://127.0.0.1:1", "fake").check()
    assert caught.value.kind == "unreachable" and "127.0.0.1" in str(caught.value)
    assert fault(OpenAIClient("http://127.0.0.1:1", "fake", sleep=lambda s: None)).kind == "unreachable"


def test_formats_are_probed_once_and_remembered(tmp_path):
    def steps():
        return [Step(status=400, error={"message": "response_format json_schema unsupported"}), Step('{"facts": []}')]

    with FakeLLM(script=steps()) as fake:
        for _ in range(2):
            client = openai(fake, capabilities=Capabilities(tmp_path / "known.json"))
            client.complete(ASK, schema=SCHEMA)
    assert [r["body"].get("response_format", {}).get("type") for r in fake.chats()] == [
        "json_schema",
        "json_object",
        "json_object",
    ]


def test_newer_names_of_options_are_learned():
    refuse = [
        Step(status=400, error={"message": "use 'max_completion_tokens' instead of 'max_tokens'"}),
        Step(status=400, error={"message": "'temperature' is not supported"}),
    ]
    with FakeLLM(script=refuse) as fake:
        client = openai(fake)
        client.complete(ASK, max_tokens=7)
        client.complete(ASK, max_tokens=7)
    last = fake.chats()[-1]["body"]
    assert last["max_completion_tokens"] == 7 and "max_tokens" not in last and "temperature" not in last
    assert len(fake.chats()) == 4


def test_thinking_is_split_off():
    with FakeLLM(lambda m: "<think>hm</think>yes") as fake:
        reply = openai(fake).complete(ASK)
    assert (reply.text, reply.reasoning) == ("yes", "hm")


def test_ollama_gets_context_schema_and_no_thinking():
    long = [{"role": "user", "content": "word " * 4000}]
    with FakeLLM(context=32768) as fake:
        client = OllamaClient(fake.url, "fake")
        client.complete(ASK, schema=SCHEMA, max_tokens=100)
        client.complete(long, max_tokens=100)
        client.complete(ASK, max_tokens=100)
    bodies = [r["body"] for r in fake.chats()]
    assert [b["options"]["num_ctx"] for b in bodies] == [2048, 8192, 8192]
    assert bodies[0]["format"] == SCHEMA and bodies[0]["think"] is False and bodies[0]["keep_alive"] == "10m"


def test_ollama_refuses_what_cannot_fit_before_asking():
    with FakeLLM(context=4096) as fake:
        error = fault(OllamaClient(fake.url, "fake"), max_tokens=5000)
    assert (error.kind, error.stops_job, fake.chats()) == ("context", False, [])


def test_a_prompt_that_fills_the_context_is_recognised():
    with FakeLLM(script=[Step("", "length", prompt_tokens=2047, completion_tokens=1)]) as fake:
        assert OllamaClient(fake.url, "fake").complete(ASK, max_tokens=500).context_full
    with FakeLLM(script=[Step("", "length", prompt_tokens=8191, completion_tokens=1)]) as fake:
        assert openai(fake).complete(ASK, max_tokens=500).context_full
    with FakeLLM(script=[Step("long", "length", prompt_tokens=90, completion_tokens=500)]) as fake:
        assert not openai(fake).complete(ASK, max_tokens=500).context_full


def test_streams_arrive_in_pieces():
    with FakeLLM(lambda m: "one two three") as fake:
        assert list(openai(fake).stream(ASK)) == ["one", "two", "three"]
        assert "".join(OllamaClient(fake.url, "fake").stream(ASK)) == "one two three"


def test_many_keep_their_order():
    with FakeLLM(lambda m: m[0]["content"], slots=8) as fake:
        replies = openai(fake).complete_many([[{"role": "user", "content": str(i)}] for i in range(60)])
    assert [r.text for r in replies] == [str(i) for i in range(60)]


def test_equal_conversations_get_seeds_of_their_own():
    with FakeLLM(lambda m: "ok") as fake:
        openai(fake).complete_many([ASK] * 3, seed=7)
        openai(fake).complete_many([ASK] * 2)
    assert sorted(r["body"]["seed"] for r in fake.chats() if "seed" in r["body"]) == [7, 8, 9]


def test_cancelling_breaks_off_what_waits():
    import threading

    with FakeLLM(delay_s=600) as fake:
        client = openai(fake)
        threading.Timer(0.3, client.cancel).start()
        with pytest.raises(Cancelled):
            client.complete(ASK, deadline_s=60)


def test_keys_live_outside_the_workspace_and_belong_to_one_origin(ws, monkeypatch):
    save_key(ws, "https://api.example:443", CANARY)
    assert load_key(ws, "https://api.example:443").reveal() == CANARY
    assert load_key(ws, "https://api.example.evil:443") is None
    assert ws.secrets_file.stat().st_mode & 0o777 == 0o600
    assert not ws.secrets_file.is_relative_to(ws.root)
    for name, value in worker_environment("http://127.0.0.1:80", Secret("k")).items():
        monkeypatch.setenv(name, value)
    assert load_key(ws, "http://127.0.0.1:80").reveal() == "k"
    assert load_key(ws, "http://127.0.0.1:8080") is None
    save_key(ws, "https://api.example:443", "")
    assert load_key(ws, "https://api.example:443") is None


def test_secrets_do_not_print():
    secret = Secret(CANARY)
    assert CANARY not in f"{secret} {secret!r} {[secret]}"
    assert redact(f"key {CANARY} Bearer abcdefghij") == "key *** Bearer ***"
    record = logging.LogRecord("x", logging.INFO, "f", 1, "key is %s", (CANARY,), None)
    RedactingFilter().filter(record)
    assert CANARY not in record.getMessage()
    with pytest.raises(TypeError):
        __import__("pickle").dumps(secret)


def test_helpers_are_opened_by_settings(ws):
    with FakeLLM() as fake:
        for helper in (
            HelperSettings(kind="ollama", base_url=fake.url, model="fake"),
            HelperSettings(kind="openai", base_url=fake.url + "/v1/", model="fake"),
        ):
            client = open_client(ws, helper)
            assert "fake" in client.check()
            assert client.complete(ASK).text == "ok"
            client.close()
