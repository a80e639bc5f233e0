"""What is not plausible over a day of an institution (合理性判定): leads for the regulator, limits as data (R2-045)."""

import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from xinglin.care.upload.records import CHINA
from xinglin.fhir.declarations import Text
from xinglin.fhir.sources import cites

DATA: Final = Path(__file__).parent.parent / "data/reasonable.toml"


@dataclass(frozen=True, slots=True)
class Limit:
    """One rule. night: hours (from, to) in Beijing. least: how many there are before a share means anything."""

    code: str
    since: date
    limit: int
    text: Text
    night: tuple[int, int] = (0, 0)
    least: int = 0


@dataclass(frozen=True, slots=True)
class Reception:
    """An online visit as far as it is judged. visit: reference. device: by which the doctor worked; empty: unknown."""

    visit: str
    doctor: str
    device: str = ""
    accepted: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Prescribed:
    """A prescription as far as it is judged. order: reference. pharmacy: to which it went; empty: none yet.

    opened: when the pharmacist opened it. first_chronic: the first order of a chronic drug for this patient.
    evidenced: papers show the diagnosis. mismatch: the checks found that drug and diagnosis do not fit.
    """

    order: str
    visit: str
    doctor: str
    patient: str
    at: datetime
    pharmacist: str = ""
    opened: datetime | None = None
    reviewed: datetime | None = None
    pharmacy: str = ""
    first_chronic: bool = False
    evidenced: bool = True
    mismatch: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """What one institution did on a day."""

    receptions: tuple[Reception, ...] = ()
    orders: tuple[Prescribed, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A lead. about: references of the visits or prescriptions. value: what was found where the limit stands."""

    code: str
    about: tuple[str, ...]
    value: int
    limit: int
    text: Text


Found = Iterator[tuple[int, Sequence[str]]]
Rule = Callable[[Day, Limit], Found]


@cache
def all_limits() -> tuple[Limit, ...]:
    """Read every rule."""
    document: dict[str, Any] = tomllib.loads(DATA.read_text(encoding="utf-8"))
    return tuple(
        Limit(
            one["code"],
            one["since"],
            one["limit"],
            Text(one["zh"].format(limit=one["limit"]), one["en"].format(limit=one["limit"])),
            (one["night"][0], one["night"][1]) if "night" in one else (0, 0),
            one.get("least", 0),
        )
        for one in document["rule"]
    )


def limits(day: date) -> Mapping[str, Limit]:
    """Give the rules in force on a day: of each code the latest."""
    return {one.code: one for one in sorted(all_limits(), key=lambda one: one.since) if one.since <= day}


@cites("R2-045")
def hits(done: Day, rules: Mapping[str, Limit]) -> tuple[Hit, ...]:
    """Give every lead of a day, in the order of the rules."""
    return tuple(
        Hit(code, tuple(about), value, rule.limit, rule.text)
        for code, rule in rules.items()
        for value, about in RULES[code](done, rule)
    )


def _brief(done: Day, rule: Limit) -> Found:
    with_orders = {one.visit for one in done.orders}
    for one in done.receptions:
        if one.started is not None and one.ended is not None and one.visit in with_orders:
            seconds = int((one.ended - one.started).total_seconds())
            if seconds < rule.limit:
                yield seconds, (one.visit,)


def _many(done: Day, rule: Limit) -> Found:
    yield from _over(((one.doctor, one.visit) for one in done.receptions), rule)


def _early(done: Day, _rule: Limit) -> Found:
    accepted = {one.visit: one.accepted for one in done.receptions}
    for one in done.orders:
        begun = accepted.get(one.visit)
        if begun is not None and one.at < begun:
            yield int((begun - one.at).total_seconds()), (one.order,)


def _device(done: Day, rule: Limit) -> Found:
    users: dict[str, set[str]] = defaultdict(set)
    visits: dict[str, list[str]] = defaultdict(list)
    for one in done.receptions:
        if one.device:
            users[one.device].add(one.doctor)
            visits[one.device].append(one.visit)
    for device, doctors in users.items():
        if len(doctors) > rule.limit:
            yield len(doctors), visits[device]


def _patient(done: Day, rule: Limit) -> Found:
    yield from _over(((one.patient, one.order) for one in done.orders), rule)


def _hasty(done: Day, rule: Limit) -> Found:
    for one in done.orders:
        if one.opened is not None and one.reviewed is not None:
            seconds = int((one.reviewed - one.opened).total_seconds())
            if seconds < rule.limit:
                yield seconds, (one.order,)


def _rush(done: Day, rule: Limit) -> Found:
    reviewed = ((one.pharmacist, one.order, one.reviewed) for one in done.orders if one.pharmacist)
    yield from _over(((f"{who} {at:%Y%m%d%H}", order) for who, order, at in reviewed if at is not None), rule)


def _same(done: Day, _rule: Limit) -> Found:
    for one in done.orders:
        if one.pharmacist and one.pharmacist == one.doctor:
            yield 1, (one.order,)


def _night(done: Day, rule: Limit) -> Found:
    begin, end = rule.night
    at_night = (one for one in done.orders if not end <= one.at.astimezone(CHINA).hour < begin)
    yield from _over(((f"{one.doctor} {one.at:%Y%m%d%H}", one.order) for one in at_night), rule)


def _no_evidence(done: Day, _rule: Limit) -> Found:
    for one in done.orders:
        if one.first_chronic and not one.evidenced:
            yield 1, (one.order,)


def _mismatch(done: Day, _rule: Limit) -> Found:
    for one in done.orders:
        if one.mismatch:
            yield 1, (one.order,)


def _one_pharmacy(done: Day, rule: Limit) -> Found:
    sent = Counter(one.pharmacy for one in done.orders if one.pharmacy)
    whole = sum(sent.values())
    if whole < rule.least:
        return
    for pharmacy, count in sent.items():
        if count * 100 > rule.limit * whole:
            yield count * 100 // whole, [one.order for one in done.orders if one.pharmacy == pharmacy]


RULES: Final[Mapping[str, Rule]] = {
    "BRIEF": _brief,
    "MANY": _many,
    "EARLY": _early,
    "DEVICE": _device,
    "PATIENT": _patient,
    "HASTY": _hasty,
    "RUSH": _rush,
    "SAME": _same,
    "NIGHT": _night,
    "NO_EVIDENCE": _no_evidence,
    "MISMATCH": _mismatch,
    "ONE_PHARMACY": _one_pharmacy,
}


def _over(pairs: Iterable[tuple[str, str]], rule: Limit) -> Found:
    """Give those of whom there are more than the limit."""
    found: dict[str, list[str]] = defaultdict(list)
    for who, about in pairs:
        found[who].append(about)
    for about_all in found.values():
        if len(about_all) > rule.limit:
            yield len(about_all), about_all
