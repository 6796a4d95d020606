"""The message at the end of a run by mail: the person's own server, an encrypted connection, a password that is kept
with the other keys."""

from __future__ import annotations

import json
import smtplib
import ssl
from email.message import EmailMessage
from typing import ClassVar

from core.errors import UserError
from core.llm.secrets import Secret, load_key, save_key
from core.settings import InvalidSettings, Settings, setting
from core.storage import Workspace

ACCOUNT, PASSWORD = "train-mail", "train-mail-password"
"""Names among the secrets."""
SECONDS = 15.0
_SSL_PORT = 465
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class MailSettings(Settings):
    """Where mail is sent from and to. Labels and helps are `mail.<field>.*` of the message catalogue."""

    area: ClassVar[str] = "mail"

    server: str = setting("", max_length=253, pattern=r"^[A-Za-z0-9.:-]*$")
    port: int = setting(_SSL_PORT, ge=1, le=65535, step=1)
    user: str = setting("", max_length=320, pattern=r"^[^\r\n]*$")
    to: str = setting("", max_length=320, pattern=r"^([^@\s]+@[^@\s]+)?$")


def keep_account(ws: Workspace, account: MailSettings, password: str = "") -> None:
    """Keeps the account, and the password when one is given; an account without server removes both.

    Raises:
        UserError: a server without an address to send to.
    """
    if not account.server:
        save_key(ws, ACCOUNT, "")
        save_key(ws, PASSWORD, "")
        return
    if not account.to:
        raise UserError("mail.error.no_address")
    save_key(ws, ACCOUNT, json.dumps(account.model_dump()))
    if password:
        save_key(ws, PASSWORD, password)


def account_of(ws: Workspace) -> MailSettings | None:
    """The account that is kept, if any."""
    kept = load_key(ws, ACCOUNT)
    try:
        return MailSettings.load(json.loads(kept.reveal())) if kept else None
    except (ValueError, InvalidSettings):
        return None


def send_mail(ws: Workspace, subject: str, text: str) -> None:
    """Sends a mail. Raises UserError when there is no account, or the server does not take the mail."""
    account, password = account_of(ws), load_key(ws, PASSWORD)
    if account is None:
        raise UserError("mail.error.no_address")
    mail = EmailMessage()
    mail["Subject"], mail["To"] = subject.replace("\n", " ").replace("\r", " "), account.to
    mail["From"] = account.user if "@" in account.user else account.to
    mail.set_content(text)
    try:
        with _connection(account) as server:
            if account.user and password:
                server.login(account.user, password.reveal())
            server.send_message(mail)
    except smtplib.SMTPAuthenticationError:
        raise UserError("mail.error.password", server=account.server) from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise UserError("mail.error.refused", server=account.server, reason=_reason(error, password)) from None


def _connection(account: MailSettings) -> smtplib.SMTP:
    """An encrypted connection, with the server's certificate checked; on this computer itself a plain one will do."""
    context = ssl.create_default_context()
    if account.port == _SSL_PORT:
        return smtplib.SMTP_SSL(account.server, account.port, timeout=SECONDS, context=context)
    server = smtplib.SMTP(account.server, account.port, timeout=SECONDS)
    try:
        if account.server not in _LOOPBACK:
            server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server


def _reason(error: Exception, password: Secret | None) -> str:
    text = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    return text.replace(password.reveal(), "***") if password else text
