"""Where somebody wants to be told besides the phone: a mail address or WeChat, confirmed by a code.

Mail: the code goes to the address, and is typed here. WeChat: the code is shown here, and sent to the official account
by whoever holds the phone, which names the follower to us. So nobody binds what is not theirs.
"""

import hmac
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec
import structlog

from xinglin.capabilities.notifications.contract import SEND_CODE
from xinglin.capabilities.notifications.gateways import Gateway, GatewayRefused, Letter
from xinglin.capabilities.notifications.rules.messages import is_mail_address
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import contacts, events, sealed, tickets

MAIL_CODE: Final = "contact-mail"
WECHAT_CODE: Final = "contact-wechat"
CODE_LASTS: Final = timedelta(minutes=10)
TRIES_MOST: Final = 5
HOURLY: Final = 5
# No sign that is taken for another; 32^8 codes, each good for minutes.
SIGNS: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_SUBJECT: Final = {"zh": "【杏林】邮箱验证码", "en": "[Xinglin] Your code"}
_TEXT: Final = {
    "zh": "【杏林】验证码 {code}，10 分钟内有效。如非本人操作，请忽略。",
    "en": "[Xinglin] Your code is {code}. It counts for 10 minutes. If you did not ask for it, ignore it.",
}


class Asked(msgspec.Struct):
    """What a code's ticket knows. holder: whose address it will be."""

    holder: str
    address: str
    code: str
    language: str


def holder_of(work: UnitOfWork) -> str:
    """Say for whom one binds an address: oneself, never whom one acts for."""
    holder = work.principal.patient or work.principal.practitioner
    if holder is None:
        raise OutcomeError(Issue("business-rule", "no-record", text="There is no record to keep it with."))
    return holder


async def mine(work: UnitOfWork) -> Mapping[str, str]:
    """Give one's own addresses."""
    return await contacts.of_holder(work.executor, work.vault, holder_of(work))


async def ask_mail(work: UnitOfWork, given: str, language: str) -> str:
    """Have a code sent to a mail address; gives the text by which the answer knows it."""
    address = given.strip()
    if not is_mail_address(address):
        raise OutcomeError(Issue("value", "mail-address", "address", "This is no mail address."))
    text = tickets.new_text()
    asked = Asked(holder_of(work), address, f"{secrets.randbelow(10**6):06d}", language)
    await _issue(work, MAIL_CODE, text, asked)
    # Neither address nor code stands in the queue: the job finds them by the ticket.
    await work.defer(SEND_CODE, ticket=tickets.hash_of(text).hex())
    return text


async def give_code(work: UnitOfWork, ticket: str, code: str) -> str:
    """Take the code of a mail address, which is bound then. Gives why not; empty when it is."""
    found = await tickets.find(work.executor, ticket, MAIL_CODE, work.now)
    if found is None or found.sealed is None or found.account != work.principal.id:
        return "code-ended"
    asked = sealed.unseal_value(work.vault, tickets.place(found.id), found.sealed, Asked)
    if not hmac.compare_digest(asked.code.encode(), code.strip().encode()):
        if await tickets.missed(work.executor, found) < TRIES_MOST:
            return "code-wrong"
        await tickets.use(work.executor, found, work.now)
        return "code-ended"
    await tickets.use(work.executor, found, work.now)
    await _bind(work, asked.holder, "mail", asked.address)
    return ""


async def send_code(work: UnitOfWork, ticket: str, gateway: Gateway | None) -> None:
    """Send the code of a ticket; GatewaySilent lets the job run again."""
    found = await tickets.by_id(work.executor, bytes.fromhex(ticket), MAIL_CODE, work.now)
    if found is None or found.sealed is None or gateway is None:
        return
    asked = sealed.unseal_value(work.vault, tickets.place(found.id), found.sealed, Asked)
    language = asked.language if asked.language in _TEXT else "zh"
    text = _TEXT[language].format(code=asked.code)
    try:
        await gateway.send(Letter(ticket, asked.address, _SUBJECT[language], text, language))
    except GatewayRefused as refused:
        structlog.get_logger().warning("notifications.code-refused", why=str(refused)[:80])
        await tickets.use(work.executor, found, work.now)


async def ask_wechat(work: UnitOfWork, language: str) -> str:
    """Make the code that the resident sends to the official account."""
    code = "".join(secrets.choice(SIGNS) for _ in range(8))
    await tickets.drop(work.executor, work.principal.id, WECHAT_CODE, work.now)
    await _issue(work, WECHAT_CODE, code, Asked(holder_of(work), "", "", language))
    return code


async def follow(work: UnitOfWork, follower: str, said: str) -> bool:
    """Take what a follower wrote to the official account: a code binds the account; False when it is none."""
    found = await tickets.find(work.executor, said.strip().upper(), WECHAT_CODE, work.now)
    if found is None or found.sealed is None:
        return False
    asked = sealed.unseal_value(work.vault, tickets.place(found.id), found.sealed, Asked)
    await tickets.use(work.executor, found, work.now)
    await _bind(work, asked.holder, "wechat", follower)
    return True


async def release(work: UnitOfWork, channel: str) -> None:
    """Forget an address of one's own."""
    if await contacts.release(work.executor, holder_of(work), channel):
        events.note(work, "contact", detail=f"{channel} released")


async def _bind(work: UnitOfWork, holder: str, channel: str, address: str) -> None:
    await contacts.bind(work.executor, work.vault, holder, channel, address, work.now)
    work.note("contact", type=holder.partition("/")[0], refs=(holder,), detail=f"{channel} bound")


async def _issue(work: UnitOfWork, kind: str, text: str, asked: Asked) -> None:
    """Begin a step; so many an hour and account."""
    subject = work.vault.digest("account", work.principal.id)
    await work.lock(f"{kind}/{work.principal.id}")
    sent, _ = await tickets.since(work.executor, kind, subject, work.now - timedelta(hours=1))
    if sent >= HOURLY:
        raise OutcomeError(Issue("throttled", "codes-many", text="So many codes an hour; try again later."))
    await tickets.issue(
        work.executor,
        kind,
        text=text,
        account=work.principal.id,
        subject=subject,
        sealed=sealed.seal_value(work.vault, tickets.place(tickets.hash_of(text)), asked),
        now=work.now,
        expires=work.now + CODE_LASTS,
    )
