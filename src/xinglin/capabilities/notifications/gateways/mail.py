"""Mail by SMTP (RFC 5321), with delivery status notifications (RFC 3461) where the server knows them.

A server does not know a message again. So what was lost before the message was handed over is tried again, and what
was lost after counts as sent: nobody is written to twice.
"""

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final

from xinglin.capabilities.notifications.gateways import GatewayRefused, GatewaySilent, Letter
from xinglin.setting_forms import Secret

SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over. sender: the address it comes from, and bounces go to. password: None: no login."""

    host: str
    port: int
    sender: str
    encrypted: bool
    login: str = ""
    password: Secret | None = None


class MailGateway:
    """Mail, from one sender."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def send(self, letter: Letter) -> str:
        """Hand one over; the library blocks, so a thread does."""
        await asyncio.to_thread(hand_over, self._server, letter)
        return ""

    async def receipt(self, _key: str) -> str:
        """Know nothing: notifications of delivery come by themselves."""
        return ""


def hand_over(server: MailServer, letter: Letter) -> None:
    """Hand a letter over; raises GatewaySilent, GatewayRefused."""
    try:
        with smtplib.SMTP(server.host, server.port, timeout=SECONDS) as line:
            _introduce(line, server)
            if not line.has_extn("dsn"):
                mail, rcpt = [], []
            else:
                mail = ["RET=HDRS", f"ENVID={letter.key}"]
                rcpt = ["NOTIFY=SUCCESS,FAILURE", f"ORCPT=rfc822;{letter.address}"]
            _take(line.mail(server.sender, mail))
            _take(line.rcpt(letter.address, rcpt))
            _data(line, written(server, letter))
    except (OSError, smtplib.SMTPException) as fault:
        raise GatewaySilent(type(fault).__name__) from None


def written(server: MailServer, letter: Letter) -> bytes:
    """Write a letter as a message; the same key has the same Message-ID."""
    message = EmailMessage()
    message["From"] = server.sender
    message["To"] = letter.address
    message["Subject"] = letter.title
    message["Message-ID"] = f"<{letter.key}@{server.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = "en" if letter.language == "en" else "zh-CN"
    message.set_content("\n\n".join(one for one in (letter.text, letter.link) if one))
    return message.as_bytes()


def _introduce(line: smtplib.SMTP, server: MailServer) -> None:
    line.ehlo()
    if server.encrypted:
        line.starttls(context=ssl.create_default_context())
        line.ehlo()
    if server.password is not None:
        line.login(server.login, server.password.reveal())


def _data(line: smtplib.SMTP, message: bytes) -> None:
    _take(line.docmd("DATA"), wanted=354)
    try:
        # Dots are stuffed and lines ended as `SMTP.data` does; it does not tell the two halves apart.
        quoted = b"\r\n".join(b"." + one if one.startswith(b".") else one for one in message.splitlines())
        line.send(quoted + b"\r\n.\r\n")
        answer = line.getreply()
    except (OSError, smtplib.SMTPException):
        return  # perhaps it has it: its notification tells, or the next channel does
    _take(answer)


def _take(answer: tuple[int, bytes], wanted: int = 250) -> None:
    """Go on when the server says so; 4xx is for later, 5xx for good (RFC 5321, 4.2.1)."""
    code, text = answer
    if code in {wanted, 251}:
        return
    if code >= 500:
        raise GatewayRefused(f"{code} {text[:160].decode(errors='replace')}")
    raise GatewaySilent(f"status {code}")
