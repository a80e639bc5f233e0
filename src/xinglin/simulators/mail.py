"""A mail server, simulated: real SMTP (RFC 5321) with delivery status notifications (RFC 3461, 3464).

It listens on the port that the environment names (`PORT`), else where ``GET /address`` says; ``GET /messages`` and
``GET /`` show what arrived. Mailboxes ``unknown@…`` are refused at once (550), ``nobody@…`` bounce after they were
taken. Notifications go where `simulators.receipts` says, as a mail system would pipe them.
Faults by ``POST /faults``: ``down`` closes the connection, ``refuse`` answers 550, ``time-out`` takes the mail and does
not answer, ``duplicate`` keeps and reports it twice, ``slow``, ``late-receipt``, ``no-receipt``; ``off``.
"""

import asyncio
import contextlib
import os
import re
import threading
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import default
from html import escape
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from xinglin.simulators.faults import Faults
from xinglin.simulators.receipts import Receipts, told

PORT: Final = "SIMULATED_SMTP"
MOST: Final = 2**20  # bytes of a mail
LINE_MOST: Final = 4096
HOST: Final = "mail.simulated"


@dataclass(slots=True)
class Envelope:
    """What stands on a mail. envid, notify: what the sender asked of notifications."""

    sender: str = ""
    recipient: str = ""
    envid: str = ""
    notify: str = ""


@dataclass(slots=True)
class Office:
    """Mails in the order taken."""

    faults: Faults = field(default_factory=Faults)
    receipts: Receipts | None = None
    mails: list[dict[str, str]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one client."""
        # A client may go away in the middle.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await self._speak(reader, writer)
        writer.close()

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = self.faults.take()
        if fault == "down":
            return
        envelope = Envelope()
        await _say(writer, f"220 {HOST} ESMTP")
        while line := (await reader.readline())[:LINE_MOST].decode(errors="replace").strip():
            verb = line.partition(" ")[0].upper()
            if verb == "QUIT":
                await _say(writer, "221 bye")
                return
            if verb != "DATA":
                await _say(writer, self._answer(verb, line, envelope, fault))
                continue
            if not envelope.recipient:
                await _say(writer, "503 no recipient")
                continue
            await _say(writer, "354 go on")
            mail = await _mail(reader)
            if fault == "slow":
                await asyncio.sleep(self.faults.seconds)
            self._keep(envelope, mail, fault)
            if fault == "time-out":
                await asyncio.sleep(self.faults.seconds)
                return
            await _say(writer, "250 2.0.0 taken")
            envelope = Envelope()

    def _answer(self, verb: str, line: str, envelope: Envelope, fault: str) -> str:
        found = re.search(r"<([^>]*)>", line)
        address = found[1] if found else ""
        match verb:
            case "EHLO":
                return f"250-{HOST}\r\n250-8BITMIME\r\n250-SIZE {MOST}\r\n250 DSN"
            case "HELO" | "NOOP" | "RSET":
                return "250 ok"
            case "MAIL":
                envelope.sender = address
                envelope.envid = _parameter(line, "ENVID")
                return "250 2.1.0 ok"
            case "RCPT" if not address or fault == "refuse" or address.startswith("unknown@"):
                return "550 5.1.1 no such mailbox"
            case "RCPT":
                envelope.recipient, envelope.notify = address, _parameter(line, "NOTIFY")
                return "250 2.1.5 ok"
            case _:
                return "502 not implemented"

    def _keep(self, envelope: Envelope, mail: bytes, fault: str) -> None:
        read = message_from_bytes(mail, policy=default)
        assert isinstance(read, EmailMessage)  # noqa: S101  the policy makes no other
        bounced = envelope.recipient.startswith("nobody@")
        content = {
            "to": envelope.recipient,
            "subject": str(read["subject"]),
            "text": read.get_content().replace("\r\n", "\n").strip(),
            "id": str(read["message-id"]),
        }
        if not bounced:
            self.mails += [content] * (2 if fault == "duplicate" else 1)
        wanted = "FAILURE" if bounced else "SUCCESS"
        if self.receipts is not None and wanted in envelope.notify.upper():
            self.faults.present = fault
            self.receipts.tell_bytes(notification(envelope, delivered=not bounced))

    async def listed(self, request: Request) -> Response:
        """Give the mails to an address (``?to=``), or all, newest first."""
        wanted = request.query_params.get("to")
        return JSONResponse([one for one in reversed(self.mails) if wanted in {None, one["to"]}])

    async def shown(self, _request: Request) -> Response:
        """Show what arrived."""
        lines = "".join(
            f"<li><b>{escape(one['to'])}</b> {escape(one['subject'])}<pre>{escape(one['text'])}</pre></li>"
            for one in reversed(self.mails)
        )
        return HTMLResponse(
            f"<!doctype html><meta charset=utf-8><title>Mail</title><h1>邮件模拟器</h1><ul>{lines}</ul>"
        )


class System:
    """The server as a system of the simulated town: SMTP in a thread with a loop of its own."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.office = Office(self.faults, told("mail", self.faults))
        self._address = ""
        self._ready = threading.Event()
        self._starting = threading.Lock()

    def start(self, port: int) -> str:
        """Listen, once; gives ``host:port``."""
        with self._starting:
            if not self._ready.is_set():
                threading.Thread(target=lambda: asyncio.run(self._listen(port)), daemon=True).start()
                self._ready.wait(5)
        return self._address

    async def address(self, _request: Request) -> Response:
        """Answer GET /address."""
        return PlainTextResponse(await asyncio.to_thread(self.start, 0))

    async def _listen(self, port: int) -> None:
        server = await asyncio.start_server(self.office.serve, "127.0.0.1", port)
        self._address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        async with server:
            await server.serve_forever()


def application() -> Starlette:
    """Make a mail server; it listens when the environment names its port."""
    system = System()
    if os.environ.get(PORT):
        system.start(int(os.environ[PORT]))
    return Starlette(
        routes=[
            Route("/", system.office.shown, methods=["GET"]),
            Route("/address", system.address, methods=["GET"]),
            Route("/messages", system.office.listed, methods=["GET"]),
            Route("/faults", system.faults.set, methods=["POST"]),
        ]
    )


def notification(envelope: Envelope, *, delivered: bool) -> bytes:
    """Write what became of a mail (RFC 3464)."""
    report = MIMEMultipart("report", report_type="delivery-status")
    report["From"] = f"postmaster@{HOST}"
    report["To"] = envelope.sender
    report["Subject"] = "Delivery Status Notification"
    report.attach(MIMEText("What became of your mail."))
    whole, one = Message(), Message()
    whole["Reporting-MTA"] = f"dns; {HOST}"
    whole["Original-Envelope-Id"] = envelope.envid
    one["Final-Recipient"] = f"rfc822; {envelope.recipient}"
    one["Action"] = "delivered" if delivered else "failed"
    one["Status"] = "2.1.5" if delivered else "5.1.1"
    status = Message()
    status["Content-Type"] = "message/delivery-status"
    status.set_payload([whole, one])
    report.attach(status)
    return report.as_bytes()


async def _mail(reader: asyncio.StreamReader) -> bytes:
    """Read a mail up to the line with a single dot, and undo the stuffing of dots."""
    lines: list[bytes] = []
    size = 0
    while (line := await reader.readline()) not in {b".\r\n", b""}:
        size += len(line)
        if size > MOST:
            raise asyncio.LimitOverrunError("a mail is shorter", size)
        lines.append(line[1:] if line.startswith(b"..") else line)
    return b"".join(lines)


async def _say(writer: asyncio.StreamWriter, text: str) -> None:
    writer.write(text.encode() + b"\r\n")
    await writer.drain()


def _parameter(line: str, name: str) -> str:
    found = re.search(rf"\b{name}=(\S+)", line, re.IGNORECASE)
    return found[1] if found else ""
