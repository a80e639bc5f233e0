"""Dividing what was taken for a service among its parties (收费与利益分配, 5.5 of the book). Fen, pure.

An agreement says who gets what of the service fees. Beyond any agreement stand the limits of R5-023: what drugs and
consumables bring goes to who supplied them, delivery to who delivered, and what insurance funds pay of the fees goes
to the designated institution first. Bookings are made by billing; here it is only reckoned.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from xinglin.care.money import half_up
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

DATA: Final = Path(__file__).parent / "data/agreements.toml"
WHOLE: Final = Decimal(100)

Base = Literal["gross", "net-of-channel-fee", "net-of-refunds", "net-of-tax"]
Income = Literal["service", "drug", "consumable", "delivery"]
# Who may take part (R5-020); nobody is paid for a prescription or a referral (R5-023).
ROLES: Final = cites("R5-020")(
    frozenset(
        {
            *("receiving", "inviting", "invited", "doctor", "pharmacist"),
            *("platform", "support", "delivery", "pharmacy"),
        }
    )
)
# Who has what is outside every agreement.
OUTSIDE: Final[Mapping[Income, str]] = cites("R5-023")(
    {"drug": "pharmacy", "consumable": "receiving", "delivery": "delivery"}
)
FORBIDDEN: Final = frozenset({"per-prescription", "per-referral"})


class Share(msgspec.Struct, frozen=True):
    """What a role gets: percent of the base, or fixed fen. least, most: bounds in fen. per: what it is paid for."""

    role: str
    percent: Decimal | None = None
    fixed: int | None = None
    least: int | None = None
    most: int | None = None
    per: str = "service"


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """An agreement of the parties on a service. residual: the role that takes what is left. until: the last day."""

    id: str
    title: str
    service: str
    base: Base
    since: date
    until: date = date.max
    source: str
    tag: str
    residual: str
    approved_by: tuple[str, ...]
    shares: tuple[Share, ...]


class _Book(msgspec.Struct, frozen=True):
    agreement: tuple[Agreement, ...]


@dataclass(frozen=True, slots=True)
class Takings:
    """What was taken, in fen. by: what it was for. funds: what insurance funds pay of the service part."""

    by: Mapping[Income, int]
    channel_fee: int = 0
    tax: int = 0
    refunds: int = 0
    funds: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """What a role gets, and for what. via: role to which it is booked first (R5-023, insurance funds)."""

    role: str
    income: Income
    fen: int
    via: str = ""


@cites("R5-022")
@cache
def agreements() -> tuple[Agreement, ...]:
    """Read the data, once."""
    document: dict[str, Any] = tomllib.loads(DATA.read_text(encoding="utf-8"))
    return msgspec.convert(document, _Book).agreement


@cites("R5-021")
def agreement_on(service: str, day: date, given: Iterable[Agreement] | None = None) -> Agreement | None:
    """Give the agreement on a service that holds on the day it was given; the one that began last."""
    known = agreements() if given is None else tuple(given)
    holding = [one for one in known if one.service == service and one.since <= day <= one.until]
    return max(holding, key=lambda one: one.since, default=None)


@cites("R5-020", "R5-021", "R5-023")
def faults(agreement: Agreement) -> Iterator[Issue]:
    """Yield why an agreement may not be used."""
    percents = [share.percent for share in agreement.shares if share.percent is not None]
    if percents and sum(percents) != WHOLE:
        yield Issue("business-rule", "shares-not-whole", text="The percentages of an agreement make 100.")
    roles = [share.role for share in agreement.shares]
    for role in sorted(set(roles) - ROLES):
        yield Issue("business-rule", "share-role", text=f"{role} is no party to an agreement.")
    if len(set(roles)) != len(roles):
        yield Issue("business-rule", "share-twice", text="A party stands once in an agreement.")
    if agreement.residual not in roles:
        yield Issue("business-rule", "share-residual", text="Who takes the residue is a party.")
    if "delivery" in roles:
        yield Issue("business-rule", "share-delivery", text="Delivery is paid by its own fee, never by a share.")
    for share in agreement.shares:
        if (share.percent is None) == (share.fixed is None):
            yield Issue("business-rule", "share-form", text=f"{share.role} has either a percentage or a fixed sum.")
        if share.per in FORBIDDEN:
            text = f"{share.role} may not be paid {share.per.replace('-', ' ')}."
            yield Issue("business-rule", "share-per", text=text)
    missing = sorted(set(roles) - set(agreement.approved_by))
    if missing:
        yield Issue("business-rule", "share-approval", text=f"Not approved by {', '.join(missing)}.")


@cites("R5-021")
def base_of(agreement: Agreement, takings: Takings) -> int:
    """Give what the agreement divides: service fees only, gross or net as it says; never below nothing."""
    service = takings.by.get("service", 0)
    less = {
        "gross": 0,
        "net-of-channel-fee": takings.channel_fee,
        "net-of-refunds": takings.refunds,
        "net-of-tax": takings.tax,
    }[agreement.base]
    return max(0, service - less)


@cites("R5-021", "R5-023")
def split(agreement: Agreement, takings: Takings) -> tuple[Part, ...]:
    """Divide what was taken; the parts are the base of the agreement and all that stands outside it, to the fen.

    Raises ValueError for an agreement with faults: it may not be used. What insurance funds pay of the service is
    booked to the receiving institution first (``via``), in proportion.
    """
    wrong = tuple(faults(agreement))
    if wrong:
        raise ValueError(f"{agreement.id}: {', '.join(issue.key for issue in wrong)}")
    base = base_of(agreement, takings)
    found = {}
    left = base
    for share in agreement.shares:
        if share.role == agreement.residual:
            continue
        wanted = share.fixed if share.fixed is not None else half_up(base * (share.percent or Decimal(0)) / WHOLE)
        wanted = max(wanted, share.least or 0)
        wanted = wanted if share.most is None else min(wanted, share.most)
        found[share.role] = min(wanted, left)
        left -= found[share.role]
    found[agreement.residual] = left
    parts = [
        Part(
            share.role, "service", found[share.role], "receiving" if takings.funds and share.role != "receiving" else ""
        )
        for share in agreement.shares
        if found[share.role]
    ]
    parts += [Part(role, income, takings.by[income]) for income, role in OUTSIDE.items() if takings.by.get(income, 0)]
    return tuple(parts)
