"""A payment or a refund by a channel, and its form as a PaymentNotice."""

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

from xinglin.capabilities.billing import contract
from xinglin.capabilities.billing.rules.documents import (
    UNDER_WAY,
    Document,
    fen_of,
    money,
    saying,
    tag,
    tagged,
    value,
)
from xinglin.fhir.declarations import canonical
from xinglin.fhir.sources import cites

NUMBERS: Final = "https://xinglin.health/id/payment"  # our number, out_trade_no or out_refund_no
STATE: Final = canonical("payment-state")
CHANNEL: Final = canonical("payment-channel")
KIND: Final = canonical("payment-kind")  # charge or refund
OF: Final = canonical("payment-of")  # of a refund: the number of the payment
LINK: Final = canonical("payment-link")  # what the payer opens
AT: Final = canonical("payment-at")  # when the channel did it
ARRIVED: Final = canonical("payment-arrived")  # what the channel says it was, when it is another sum
REASON: Final = canonical("refund-reason")
TRIES: Final = canonical("payment-tries")
STATUS: Final = "http://terminology.hl7.org/CodeSystem/paymentstatus"
LOOKED_AFTER: Final = frozenset({"created", "asked", "closing"})


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that moves by a channel. number: ours. fen: positive, also of a refund (R5-015). of: what it refunds.

    transaction: the channel's number. at: when the channel did it. arrived: another sum than asked for.
    """

    number: str
    bill: str
    payee: str
    channel: str
    fen: int
    kind: str = "charge"
    state: str = "created"
    created: str = ""
    of: str = ""
    link: str = ""
    transaction: str = ""
    at: str = ""
    arrived: int | None = None
    reason: str = ""
    tries: int = 0
    meta: dict[str, Any] = field(default_factory=dict)


@cites("R5-015")
def number(prefix: str, *about: object) -> str:
    """Make a number that is the same whenever it is made of the same: letters and digits, 24 of them."""
    text = "/".join(map(str, about))
    return prefix + blake2b(text.encode(), digest_size=12).hexdigest()[: 24 - len(prefix)]


def read(notice: Document) -> Payment:
    """Read a payment."""
    arrived = value(notice, ARRIVED)
    return Payment(
        number=str(notice["id"]),
        bill=notice["request"]["reference"].partition("/")[2],
        payee=notice["provider"]["reference"],
        channel=str(value(notice, CHANNEL)),
        fen=fen_of(notice["amount"]),
        kind=str(value(notice, KIND)),
        state=str(value(notice, STATE)),
        created=str(notice["created"]),
        of=str(value(notice, OF) or ""),
        link=str(value(notice, LINK) or ""),
        transaction=str(notice["payment"]["identifier"]["value"])
        if "system" in notice["payment"]["identifier"]
        else "",
        at=str(value(notice, AT) or ""),
        arrived=None if arrived is None else fen_of(arrived),
        reason=str(value(notice, REASON) or ""),
        tries=int(value(notice, TRIES) or 0),
        meta=notice.get("meta", {}),
    )


def write(payment: Payment) -> Document:
    """Write a payment; tags say the day of the channel (R5-033) and whether it is under way."""
    tags = [tag(UNDER_WAY)] if payment.state in LOOKED_AFTER else []
    if payment.at:
        tags.append(tag(day_tag(payment.channel, payment.at[:10])))
    system = {"system": f"https://xinglin.health/id/{payment.channel}"} if payment.transaction else {}
    paid = "paid" if payment.state == "done" and payment.kind == "charge" else "cleared"
    return {
        "resourceType": "PaymentNotice",
        "id": payment.number,
        "meta": tagged({"profile": [contract.PAYMENT.url]} | payment.meta, tags),
        "identifier": [{"system": NUMBERS, "value": payment.number}],
        "status": "cancelled" if payment.state == "closed" else "active" if payment.state == "done" else "draft",
        "request": {"reference": f"Invoice/{payment.bill}"},
        "created": payment.created,
        "provider": {"reference": payment.payee},
        "payment": {"identifier": {**system, "value": payment.transaction or payment.number}},
        "recipient": {"reference": payment.payee},
        "amount": money(payment.fen),
        "paymentStatus": {"coding": [{"system": STATUS, "code": paid}]},
        "extension": [
            {"url": STATE, "valueCode": payment.state},
            {"url": CHANNEL, "valueCode": payment.channel},
            {"url": KIND, "valueCode": payment.kind},
            *saying(OF, "valueString", payment.of),
            *saying(LINK, "valueUri", payment.link),
            *saying(AT, "valueDateTime", payment.at),
            *([] if payment.arrived is None else [{"url": ARRIVED, "valueMoney": money(payment.arrived)}]),
            *saying(REASON, "valueCode", payment.reason),
            {"url": TRIES, "valueInteger": payment.tries},
        ],
    }


@cites("R5-033")
def day_tag(channel: str, day: str) -> str:
    """Name the day of a channel, as a tag: days are those of UTC+8, as the channel counts."""
    return f"{channel}.{day}"
