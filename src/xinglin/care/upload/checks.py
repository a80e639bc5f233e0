"""What must agree before records go to the supervision port (R2-044): each check is one function."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from xinglin.care.findings import Finding, ordered
from xinglin.care.money import fen
from xinglin.care.upload.records import WITHDRAWN, Record, read_moment
from xinglin.fhir.declarations import Text
from xinglin.fhir.sources import cites
from xinglin.security.identifiers import PersonNumber, person_number
from xinglin.tables import catalogues

RULE: Final = "R2-044"
SOURCE: Final = "互联网诊疗监管细则（试行）"
CHILD_YEARS: Final = 6
_CHARGED: Final = "1"
_REFUND: Final = "2"


@dataclass(frozen=True, slots=True)
class Known:
    """What the checks know beside the records themselves.

    day: of the act. visits: serial numbers of visits that have a T2, sent before or now. charges: number of a charge →
    its total in fen. prescriber_faults: why the register does not have who prescribed as active on the day.
    evidenced: codes of the diagnoses that reviewed papers show; None: none was needed. guardian: one was present.
    """

    day: date
    visits: frozenset[str] = frozenset()
    charges: Mapping[str, int] | None = None
    prescriber_faults: tuple[str, ...] = ()
    evidenced: frozenset[str] | None = None
    guardian: bool = False


Check = Callable[[Sequence[Record], Known], Iterator[Finding]]


@cites("R2-044")
def check(records: Sequence[Record], known: Known) -> tuple[Finding, ...]:
    """Give everything that keeps records from being sent; what is taken back is sent as it was."""
    alive = [one for one in records if one.values["modified"] != WITHDRAWN]
    return ordered(found for one in CHECKS for found in one(alive, known))


def filled(records: Sequence[Record], _known: Known) -> Iterator[Finding]:
    """Every field that must be told is."""
    for one in records:
        if one.missing:
            zh, en = "、".join(one.missing), ", ".join(one.missing)
            yield _no("MISSING", f"{one.table} 缺少：{zh}", f"{one.table} lacks: {en}")


def visit_is_told(records: Sequence[Record], known: Known) -> Iterator[Finding]:
    """A prescription names a visit that is told (T4 → T2)."""
    for one in _of(records, "T4"):
        if one.values["visit"] not in known.visits | {two.values["visit"] for two in _of(records, "T2")}:
            yield _no("NO_VISIT", "处方对应的复诊记录尚未上报", "The visit of the prescription was not sent yet")


def has_lines(records: Sequence[Record], _known: Known) -> Iterator[Finding]:
    """A prescription has lines (T5)."""
    for one in _of(records, "T4"):
        if not any(line.values["prescription"] == one.values["prescription"] for line in _of(records, "T5")):
            yield _no("NO_LINES", "处方没有明细", "The prescription has no lines")


def review_before_charge(records: Sequence[Record], _known: Known) -> Iterator[Finding]:
    """What was charged for was reviewed by a pharmacist."""
    for one in _of(records, "T4"):
        if one.values["charged"] == _CHARGED and not one.values["pharmacist"]:
            yield _no("NO_PHARMACIST", "已收费处方没有审方药师", "Charged without a pharmacist's review")


def accepted_after_asked(records: Sequence[Record], _known: Known) -> Iterator[Finding]:
    """Nobody accepts what was not asked for yet."""
    for one in _of(records, "T2"):
        asked, accepted = read_moment(one.values["asked"]), read_moment(one.values["accepted"])
        if asked and accepted and accepted < asked:
            yield _no("ACCEPTED_EARLY", "接诊时间早于申请时间", "Accepted before it was asked for")


def ends_after_start(records: Sequence[Record], _known: Known) -> Iterator[Finding]:
    """What ends has begun."""
    for one in (*_of(records, "T2"), *_of(records, "T6")):
        started, ended = read_moment(one.values["started"]), read_moment(one.values["ended"])
        if started and ended and ended < started:
            yield _no("ENDED_EARLY", "结束时间早于开始时间", "Ended before it began")


def prescriber_is_registered(records: Sequence[Record], known: Known) -> Iterator[Finding]:
    """Who prescribed was in the register, and active, on the day."""
    if _of(records, "T4"):
        for fault in known.prescriber_faults:
            yield _no("PRESCRIBER", f"处方医师当日不具备资格：{fault}", f"The prescriber was not entitled: {fault}")


def diagnosis_in_evidence(records: Sequence[Record], known: Known) -> Iterator[Finding]:
    """The diagnosis of a re-visit stands in its evidence: the same code or one of its category."""
    if known.evidenced is None:
        return
    for one in _of(records, "T2"):
        code = one.values["diagnosis"]
        if code and not any(code == other or code[:3] == other[:3] for other in known.evidenced):
            yield _no("NOT_EVIDENCED", f"诊断 {code} 不在首诊依据中", f"The evidence does not show {code}")


def refund_has_charge(records: Sequence[Record], known: Known) -> Iterator[Finding]:
    """A refund names a charge of at least its amount."""
    for one in _of(records, "T7"):
        if one.values["refund"] != _REFUND:
            continue
        charged = (known.charges or {}).get(one.values["refund_of"])
        if charged is None:
            yield _no("NO_CHARGE", "退费没有对应的收费", "The refund names no charge")
        elif charged < fen(one.values["total"]):
            yield _no("REFUND_OVER", "退费金额大于收费金额", "The refund is more than the charge")


def identity_number(records: Sequence[Record], known: Known) -> Iterator[Finding]:
    """Identity numbers are right in form and check character."""
    for one in records:
        number = one.values.get("document", "")
        if number and not isinstance(person_number(number, known.day), PersonNumber):
            yield _no("ID_NUMBER", f"{one.table} 的证件号码校验不通过", f"The identity number of {one.table} is wrong")


def child_has_guardian(records: Sequence[Record], known: Known) -> Iterator[Finding]:
    """A child of six or younger had a guardian there."""
    for one in (*_of(records, "T2"), *_of(records, "T4")):
        number = person_number(one.values["document"], known.day) if one.values["document"] else None
        if isinstance(number, PersonNumber) and not known.guardian:
            years = known.day.year - number.born.year
            years -= (known.day.month, known.day.day) < (number.born.month, number.born.day)
            if years <= CHILD_YEARS:
                yield _no("NO_GUARDIAN", "六岁以下儿童没有监护人陪伴", "A child of six or younger without a guardian")


def not_banned(records: Sequence[Record], _known: Known) -> Iterator[Finding]:
    """No drug of a class that is never prescribed online."""
    for one in _of(records, "T5"):
        if one.values["item"] in banned():
            name = one.values["item_name"]
            yield _no("BANNED", f"{name} 不得在互联网上开具", f"{name} is never prescribed online")


CHECKS: Final[tuple[Check, ...]] = (
    filled,
    visit_is_told,
    has_lines,
    review_before_charge,
    accepted_after_asked,
    ends_after_start,
    prescriber_is_registered,
    diagnosis_in_evidence,
    refund_has_charge,
    identity_number,
    child_has_guardian,
    not_banned,
)


def banned() -> frozenset[str]:
    """Give the codes of drugs and slices under special control."""
    drugs = (one.code for one in catalogues.drugs() if one.control)
    return frozenset((*drugs, *(one.code for one in catalogues.slices() if one.controlled)))


def _of(records: Sequence[Record], table: str) -> list[Record]:
    return [one for one in records if one.table == table]


def _no(code: str, zh: str, en: str) -> Finding:
    return Finding(code, RULE, "block", Text(zh, en), source=SOURCE)
