"""How long each kind of record is kept at least, with sources; an operator may keep longer, never shorter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.security.credentials import years_after


@dataclass(frozen=True, slots=True)
class Retention:
    """One kind of record. years: the least, from the record's last day on.

    legal: whether a law says so; else it is our default, and an operator may choose less. since: in force from.
    """

    kind: str
    years: int
    rule: str
    source: str
    legal: bool = True
    since: date = date(2018, 1, 1)


# The version of this table: raise it with every change, so that a decision can be told which one it used.
VERSION: Final = "2026-11"
TABLE: Final = cites(
    "A9-01", "A9-02", "A9-03", "A9-04", "A9-05", "A9-07", "A9-08", "A9-09", "A9-10", "A9-11", "A9-12", "A9-13"
)(
    {
        one.kind: one
        for one in (
            Retention("internet-outpatient-record", 15, "A9-01", "监管细则", since=date(2022, 3, 1)),
            Retention("inpatient-record", 30, "A9-02", "医疗机构病历管理规定"),
            Retention("conversation", 3, "A9-03", "监管细则", since=date(2022, 3, 1)),
            Retention("ordinary-prescription", 1, "A9-04", "处方管理办法"),
            Retention("toxic-or-second-psychotropic-prescription", 2, "A9-04", "处方管理办法"),
            Retention("narcotic-or-first-psychotropic-prescription", 3, "A9-04", "处方管理办法"),
            Retention("online-drug-sale", 5, "A9-05", "药品网络销售监督管理办法", since=date(2022, 12, 1)),
            Retention("impact-assessment", 3, "A9-07", "个人信息保护法 Art. 56", since=date(2021, 11, 1)),
            Retention("provision-or-entrusting", 3, "A9-08", "网络数据安全管理条例 Art. 12", since=date(2025, 1, 1)),
            Retention("sealed-dispute-record", 3, "A9-09", "医疗纠纷预防和处理条例 Art. 24"),
            Retention("certificate-information", 5, "A9-10", "电子签名法 Art. 24"),
            Retention("complaint", 5, "A9-11", "platform default", legal=False),
            Retention("voucher", 30, "A9-12", "会计档案管理办法"),
            Retention("insurance-document", 15, "A9-13", "platform default", legal=False),
        )
    }
)


def chosen(text: str) -> dict[str, int]:
    """Read an operator's choice in years, ``complaint=7,conversation=5``; ValueError for what the law forbids."""
    found: dict[str, int] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        kind, _, years = part.partition("=")
        if kind not in TABLE:
            raise ValueError(f"knows no {kind[:40]}; there are {', '.join(TABLE)}")
        if not years.isascii() or not years.isdigit() or not 0 < int(years) <= 100:
            raise ValueError(f"{kind} must be kept for 1 to 100 years")
        if TABLE[kind].legal and int(years) < TABLE[kind].years:
            raise ValueError(f"{kind} must be kept for {TABLE[kind].years} years at least ({TABLE[kind].source})")
        found[kind] = int(years)
    return found


def kept_until(kind: str, last: date, choice: Mapping[str, int], *, expiry: date | None = None) -> date:
    """Give the last day on which a record must be kept. last: its last day. expiry: of the drug that was sold."""
    until = years_after(last, choice.get(kind, TABLE[kind].years))
    if kind == "online-drug-sale" and expiry is not None:
        return max(until, years_after(expiry, 1))
    return until


@cites("R7-008")
def may_be_deleted(
    kind: str, last: date, today: date, choice: Mapping[str, int], *, unsolved: bool = False, expiry: date | None = None
) -> tuple[Issue, ...]:
    """Say why a record may not be deleted yet; it is restricted instead (网数条例 Art. 24). unsolved: of a dispute."""
    until = kept_until(kind, last, choice, expiry=expiry)
    if unsolved:
        return (Issue("business-rule", "dispute-open", "", "The dispute is not solved: the sealed record stays."),)
    if today <= until:
        text = f"The law keeps this record until {until} ({TABLE[kind].source}); its use is restricted instead."
        return (Issue("business-rule", "retention", "", text),)
    return ()
