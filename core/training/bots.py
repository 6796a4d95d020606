"""The bots of chat programs: how each wants a message, and how it says that it took one.

Addresses and forms are those of the programs' own pages on incoming webhooks; anything else gets the plain form with
"text", which Slack and Mattermost take, too.
"""

from __future__ import annotations

from typing import Any

BOTS = {
    "feishu": ("open.feishu.cn", "open.larksuite.com"),
    "dingtalk": ("oapi.dingtalk.com",),
    "wecom": ("qyapi.weixin.qq.com",),
    "discord": ("discord.com", "discordapp.com"),
    "slack": ("hooks.slack.com",),
}


def bot_of(host: str) -> str:
    """The program whose bot has an address on that host; "" for any other address."""
    return next((name for name, hosts in BOTS.items() if host.lower() in hosts), "")


def body_for(host: str, message: dict[str, Any]) -> dict[str, Any]:
    """A message with "text" and further facts in the form that the host understands."""
    text, bot = message["text"], bot_of(host)
    if bot == "feishu":
        return {"msg_type": "text", "content": {"text": text}}
    if bot in ("dingtalk", "wecom"):
        return {"msgtype": "text", "text": {"content": text}}
    if bot == "discord":
        return {"content": text}
    if bot == "slack":
        return {"text": text}
    return message


def took(host: str, status: int, reply: Any) -> bool:
    """Whether a bot took the message: some answer 200 and say in the body that they did not."""
    if not 200 <= status < 300:
        return False
    if bot_of(host) in ("feishu", "dingtalk", "wecom") and isinstance(reply, dict):
        return not (reply.get("code") or reply.get("errcode") or reply.get("StatusCode"))
    return True
