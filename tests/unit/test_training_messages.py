"""Messages at the end of a run: each bot in its own form, mail by the person's own server."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator

import pytest

from core.errors import UserError
from core.jobs import JobContext
from core.storage import Workspace, new_id
from core.training import bots, mail, notice

MESSAGE = {"text": "DocTune: Tanks: done", "run": "run-1", "title": "Tanks", "state": "done"}


@pytest.mark.parametrize(("host", "form"), [
    ("open.feishu.cn", {"msg_type": "text", "content": {"text": MESSAGE["text"]}}),
    ("oapi.dingtalk.com", {"msgtype": "text", "text": {"content": MESSAGE["text"]}}),
    ("qyapi.weixin.qq.com", {"msgtype": "text", "text": {"content": MESSAGE["text"]}}),
    ("discord.com", {"content": MESSAGE["text"]}),
    ("hooks.slack.com", {"text": MESSAGE["text"]}),
    ("home.example", MESSAGE)])
def test_every_bot_gets_its_own_form(host: str, form: dict) -> None:
    assert bots.body_for(host, MESSAGE) == form


def test_a_bot_that_answers_200_and_an_error_did_not_take_it() -> None:
    assert not bots.took("oapi.dingtalk.com", 200, {"errcode": 310000, "errmsg": "keywords not in content"})
    assert not bots.took("open.feishu.cn", 200, {"code": 19024})
    assert bots.took("qyapi.weixin.qq.com", 200, {"errcode": 0})
    assert bots.took("discord.com", 204, None) and not bots.took("discord.com", 404, None)
    assert bots.took("home.example", 200, {"code": 7})


class Letters(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs."""

    got: list[str] = []
    accepts = True

    def handle(self) -> None:
        def say(text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            if word == "DATA":
                say("354 go on")
                while (part := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                    Letters.got.append(part)
                say("250 taken")
            elif word == "EHLO":
                say("250-here\r\n250 AUTH PLAIN")
            elif word == "AUTH":
                say("235 welcome" if Letters.accepts else "535 no")
            elif word == "QUIT":
                return say("221 bye")
            else:
                say("250 ok")


@pytest.fixture
def post_office() -> Iterator[int]:
    Letters.got, Letters.accepts = [], True
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Letters) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def account(port: int) -> mail.MailSettings:
    return mail.MailSettings(server="127.0.0.1", port=port, user="me@example.org", to="you@example.org")


def test_the_end_of_a_run_comes_by_mail(ws: Workspace, post_office: int) -> None:
    mail.keep_account(ws, account(post_office), "open sesame")
    assert notice.is_possible(ws) and mail.account_of(ws) == account(post_office)
    job_id = new_id("run")
    ws.job(job_id).dir.mkdir(parents=True)
    with notice.told(JobContext(ws, job_id, {}), "Tanks\nBcc: all@example.org", True):
        pass
    text = "\n".join(Letters.got)
    assert "To: you@example.org" in text and "From: me@example.org" in text
    assert not any(line.startswith("Bcc:") for line in Letters.got[:Letters.got.index("")])
    assert not ws.job(job_id).events.exists(), "no warning"


def test_a_refused_password_is_a_sentence_without_it(ws: Workspace, post_office: int) -> None:
    Letters.accepts = False
    mail.keep_account(ws, account(post_office), "open sesame")
    [error] = notice.send_everywhere(ws, MESSAGE)
    assert error.key == "mail.error.password" and "sesame" not in error.text("en") + error.text("zh")
    assert Letters.got == []


def test_a_server_that_is_not_there_and_an_account_without_address(ws: Workspace) -> None:
    mail.keep_account(ws, account(1))
    [error] = notice.send_everywhere(ws, MESSAGE)
    assert error.key == "mail.error.refused" and "127.0.0.1" in error.text("zh")
    with pytest.raises(UserError) as caught:
        mail.keep_account(ws, mail.MailSettings(server="smtp.example.org"))
    assert caught.value.key == "mail.error.no_address"
    mail.keep_account(ws, mail.MailSettings())
    assert mail.account_of(ws) is None and not notice.is_possible(ws)
