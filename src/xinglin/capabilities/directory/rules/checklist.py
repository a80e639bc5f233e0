"""The readiness checklist of an internet hospital: its items as data, what the directory itself shows, and the gate.

Source: 互联网医院基本标准(试行) (国卫医发〔2018〕25号, annex 2), restated; an item in force on a day has its since and
until. Items without a check are shown by evidence that somebody answers for.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from typing import Final, Literal

from xinglin.capabilities.directory.contract import ITEMS
from xinglin.fhir.declarations import CodeSet, Text, valueset
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.security.identifiers import institution_licence_faults
from xinglin.security.institutions import (
    Agreement,
    Institution,
    agreement_faults,
    naming_faults,
    provider_faults,
    scope_faults,
    verification_state,
)
from xinglin.tables.codes import by_code

Result = Literal["passed", "failed", "expired", "open"]

SOURCE: Final = "互联网医院基本标准(试行)"
GROUPS: Final = ("licence", "departments", "staff", "equipment", "rules")
# Offices that an internet hospital must have, by the list of departments for statistics; a name tells as well.
OFFICES: Final[Mapping[str, tuple[str, str]]] = cites("R1-020")(
    {"quality": ("D86", "质量"), "technology": ("D85", "信息"), "pharmacy": ("D72", "药学")}
)
# Departments without reception of their own patients need no senior physicians.
NO_RECEPTION: Final = frozenset({"30", "31", "32"})


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the checklist.

    check: of CHECKS, empty when evidence alone shows it. months: how long evidence holds, 0: until it is replaced.
    when: ``partner``: only where a third party has a part.
    """

    code: str
    group: str
    zh: str
    en: str
    rule: str
    mandatory: bool
    check: str
    months: int
    when: str
    since: date
    until: date | None = None

    @property
    def by_machine(self) -> bool:
        """Whether the directory itself shows it."""
        return self.check in CHECKS


@dataclass(frozen=True, slots=True)
class Physician:
    """A physician at the physical institution. departments: of the place of work. level: of the title."""

    departments: tuple[str, ...]
    level: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the directory knows of an internet hospital.

    offices: code and name of every department of host and hospital. online: departments in which it offers services.
    pharmacists: active places of work of pharmacists at host or hospital.
    """

    hospital: Institution
    host: Institution
    offices: tuple[tuple[str, str], ...] = ()
    online: frozenset[str] = frozenset()
    physicians: tuple[Physician, ...] = ()
    pharmacists: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """Evidence as recorded. until: last day it holds."""

    result: Result
    on: date
    until: date | None = None
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """An item with what it came to, and the reasons against it."""

    item: Item
    result: Result
    reasons: tuple[Issue, ...] = ()


@cites("R1-005", "R1-006")
@cache
def all_items() -> tuple[Item, ...]:
    """Read every item of every edition."""
    text = (resources.files("xinglin.capabilities.directory") / "data" / "readiness.csv").read_text("utf-8")
    return tuple(
        Item(
            row["code"],
            row["group"],
            row["zh"],
            row["en"],
            row["rule"],
            row["mandatory"] == "yes",
            row["check"],
            int(row["months"]),
            row["when"],
            date.fromisoformat(row["since"]),
            date.fromisoformat(row["until"]) if row["until"] else None,
        )
        for row in csv.DictReader(io.StringIO(text))
    )


def item_codes() -> CodeSet:
    """Give the items as codes, and what names the paper of an evidence."""
    codes = {one.code: Text(one.zh, one.en) for one in all_items()}
    return CodeSet(
        url=valueset("readiness-item"), system=ITEMS, codes=codes | {"document": Text("证明文件", "Document")}
    )


def items(hospital: Institution, today: date) -> tuple[Item, ...]:
    """Give the items that a hospital has to meet today."""
    return tuple(
        one
        for one in all_items()
        if one.since <= today
        and (one.until is None or today <= one.until)
        and (one.when != "partner" or hospital.naming in {"with-partner", "independent"})
    )


@cites("R1-020")
def judge(facts: Facts, evidence: Mapping[str, Shown], today: date) -> tuple[Judged, ...]:
    """Judge every item: by the directory where it can tell, else by the evidence and its dates."""
    return tuple(_judged(one, facts, evidence.get(one.code), today) for one in items(facts.hospital, today))


@cites("R1-020", "R1-008")
def gate(judged: Iterable[Judged]) -> tuple[Issue, ...]:
    """Give what keeps an internet hospital from being active: every mandatory item that is not met."""
    return tuple(
        Issue("business-rule", f"readiness-{one.result}", one.item.code, f"{one.item.rule}: {one.item.en}")
        for one in judged
        if one.item.mandatory and one.result != "passed"
    )


def evidence_faults(item: Item | None, shown: Shown, today: date) -> tuple[Issue, ...]:
    """Say why evidence cannot be taken as it is."""
    if item is None:
        return (Issue("value", "readiness-item", "item", "The checklist has no such item."),)
    if item.by_machine:
        text = "The directory itself shows whether this is met; mend it there."
        return (Issue("business-rule", "readiness-by-machine", "item", text),)
    faults = []
    if shown.on > today:
        faults.append(Issue("value", "readiness-date", "on", "The date of the finding lies in the future."))
    if shown.until is not None and shown.until < shown.on:
        faults.append(Issue("value", "readiness-until", "until", "The evidence ends before it begins."))
    if item.check == "agreement" and shown.result == "passed":
        faults += agreement_faults(agreement_of(shown.details))
    return tuple(faults)


@cites("R1-007")
def agreement_of(details: Mapping[str, str]) -> Agreement:
    """Read the fields of a cooperation agreement; dates that are none count as missing."""
    parties = tuple(
        (details.get(f"{one}-name", ""), details.get(f"{one}-code", "")) for one in ("first-party", "second-party")
    )
    return Agreement(
        parties=tuple(one for one in parties if any(one)),
        scope=details.get("scope", ""),
        data_annex=details.get("data", ""),
        liability=details.get("liability", ""),
        income=details.get("income", ""),
        since=_day(details.get("since", "")),
        until=_day(details.get("until", "")),
        signatures=tuple(one for one in (details.get("first-signed"), details.get("second-signed")) if one),
    )


AGREEMENT_FIELDS: Final = (
    *("first-party-name", "first-party-code", "first-signed", "second-party-name", "second-party-code"),
    *("second-signed", "scope", "data", "liability", "income", "since", "until"),
)


def _judged(item: Item, facts: Facts, shown: Shown | None, today: date) -> Judged:
    if item.by_machine:
        reasons = tuple(CHECKS[item.check](facts, today))
        return Judged(item, "failed" if reasons else "passed", reasons)
    if shown is None:
        return Judged(item, "open")
    if shown.result == "passed" and shown.until is not None and today > shown.until:
        return Judged(item, "expired")
    return Judged(item, shown.result)


# -- what the directory shows -----------------------------------------------------------------------------------------


def _name(facts: Facts, _today: date) -> Iterable[Issue]:
    one = facts.hospital
    return naming_faults(one.name, naming=one.naming, host=facts.host.name, partner=one.partner)


@cites("R6-020", "R6-023")
def _licence(facts: Facts, today: date) -> Iterator[Issue]:
    licence = facts.host.licence
    if licence.number:
        yield from (one for one in institution_licence_faults(licence.number) if one.severity == "error")
    # Verification has an item of its own.
    yield from (one for one in provider_faults(facts.host, today) if one.key != "verification-overdue")


@cites("R2-003")
def _verification(facts: Facts, today: date) -> Iterator[Issue]:
    one = facts.hospital if facts.hospital.naming == "independent" else facts.host
    state = verification_state(one, today)
    if state == "unknown":
        yield _no("verification-unknown", "No verification of the licence is recorded.")
    elif state == "overdue":
        yield _no("verification-overdue", "The verification of the licence is overdue.")


@cites("R1-020")
def _offices(facts: Facts, _today: date) -> Iterator[Issue]:
    for name, (code, word) in OFFICES.items():
        if not any(one == code or word in title for one, title in facts.offices):
            yield _no(f"office-{name}", f"There is no department of {name}: add one with the code {code}.")


@cites("R1-004")
def _scope(facts: Facts, _today: date) -> Iterator[Issue]:
    if not facts.online:
        yield _no("nothing-online", "The internet hospital offers no service yet.")
    yield from scope_faults(facts.online, facts.host.departments)


@cites("R1-020")
def _seniors(facts: Facts, _today: date) -> Iterator[Issue]:
    for code in sorted(facts.online):
        if code[:2] in NO_RECEPTION:
            continue
        here = {
            one.level for one in facts.physicians for each in one.departments if each == code or code in _above(each)
        }
        for level in ("senior", "associate-senior"):
            if level not in here:
                text = f"Department {code} has no physician with a title of the level {level}."
                yield Issue("business-rule", f"{level}-missing", by_code("departments")[code].name, text)


@cites("R1-020")
def _pharmacists(facts: Facts, _today: date) -> Iterator[Issue]:
    if not facts.pharmacists:
        yield _no("pharmacist-none", "No pharmacist works here.")


CHECKS: Final[Mapping[str, Callable[[Facts, date], Iterable[Issue]]]] = {
    "name": _name,
    "licence": _licence,
    "verification": _verification,
    "offices": _offices,
    "scope": _scope,
    "seniors": _seniors,
    "pharmacists": _pharmacists,
}


def _above(code: str) -> tuple[str, ...]:
    """Give the codes above a department: 03.04.01 lies in 03.04 and in 03."""
    parts = code.split(".")
    return tuple(".".join(parts[:count]) for count in range(1, len(parts)))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _no(key: str, text: str) -> Issue:
    return Issue("business-rule", key, "", text)
