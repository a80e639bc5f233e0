"""One-stop settlement (一站式结算): who pays what of a bill, stage by stage (4.1 to 4.5 of the book).

Basic insurance, then serious illness insurance (residents) or large amounts (employees), then medical assistance, then
the personal account, then cash; each on what the one before left. Fen, pure: the same bill, person, accumulators and
rules always give the same. What the year has used is given and comes back; `reverse` takes a settlement out again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from xinglin.care import stages
from xinglin.care.benefits import Level, Policy, Seat
from xinglin.care.money import share
from xinglin.care.portions import BillLine, Portions, classify
from xinglin.care.stages import Stage
from xinglin.care.used import Used
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

# Funds by their national codes (R4-003); the rest of the list stands in data of the insurer's gateway.
POOLED: Final = "310100"
ACCOUNT: Final = "310200"
LARGE: Final = "330100"
RESIDENT: Final = "390100"
SERIOUS: Final = "390200"
ASSISTANCE: Final = "610100"
EMPLOYEES: Final = "310"
RETIRED: Final = "12"
SPECIAL: Final = "14"
STAYS: Final = frozenset({"21", "52"})
Basic = Literal["outpatient", "two-diseases", "special", "inpatient"]


@dataclass(frozen=True, slots=True)
class Group:
    """A group of the civil-affairs list, with the days it holds: destitute, orphan, allowance, margin and so on."""

    code: str
    since: date
    until: date = date.max


@dataclass(frozen=True, slots=True)
class Certificate:
    """A chronic or special disease that was certified. kind: class of its rate (chronic, severe, peritoneal).

    institutions: where it holds; items: codes of drugs and services it pays. limit_fen: of each period; assisted: one
    of the diseases of outpatient assistance.
    """

    disease: str
    kind: str
    since: date
    until: date
    institutions: frozenset[str]
    items: frozenset[str]
    limit_fen: int
    period: Literal["month", "quarter", "year"] = "year"
    assisted: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Who is insured. insurance: 310 or 390. status: 11 in service, 12 retired. contract: institution of the contract.

    filed: of the two diseases. years: insured without a break. account_fen: of the personal account; family_fen: of
    relatives who let it be used.
    """

    insurance: str
    status: str = "11"
    age: int = 40
    contract: str = ""
    groups: tuple[Group, ...] = ()
    filed: frozenset[str] = frozenset()
    certificates: tuple[Certificate, ...] = ()
    years: int = 0
    account_fen: int = 0
    family_fen: int = 0

    @cites("R4-024")
    def groups_on(self, day: date) -> frozenset[str]:
        """Give the groups that hold on *day*."""
        return frozenset(one.code for one in self.groups if one.since <= day <= one.until)


@dataclass(frozen=True, slots=True)
class Bill:
    """What is settled. category: ``med_type`` (11 ordinary, 13 emergency, 14 special, 21 stay). day: of the service.

    disease: the special disease of category 14. use_account: the patient wants his personal account used.
    """

    lines: tuple[BillLine, ...]
    institution: str
    level: Level
    seat: Seat
    category: str
    day: date
    diagnoses: tuple[str, ...] = ()
    disease: str = ""
    internet: bool = False
    use_account: bool = True


@dataclass(frozen=True, slots=True)
class Settlement:
    """Who pays what. funds: by ``fund_pay_type``, only those that pay. used: the accumulators afterwards."""

    policy: str
    day: date
    internet: bool
    lines: tuple[Portions, ...]
    stages: tuple[Stage, ...]
    funds: Mapping[str, int]
    account: int
    family: int
    cash: int
    before: Used
    used: Used
    _sums: tuple[int, int, int, int] = field(repr=False, default=(0, 0, 0, 0))

    @property
    def total(self) -> int:
        """The bill (medfee_sumamt)."""
        return sum(self._sums)

    @property
    def full_self(self) -> int:
        """What is not insured at all."""
        return self._sums[0]

    @property
    def over_limit(self) -> int:
        """What exceeds the payment standard."""
        return self._sums[1]

    @property
    def pre_self(self) -> int:
        """What the patient pays first of class B."""
        return self._sums[2]

    @property
    def in_scope(self) -> int:
        """What insurance reckons with."""
        return self._sums[3]

    @property
    def paid_by_funds(self) -> int:
        """All funds together (fund_pay_sumamt)."""
        return sum(self.funds.values())

    @property
    def person(self) -> int:
        """What is left to the patient: account, family and cash (psn_part_amt)."""
        return self.total - self.paid_by_funds

    @property
    def deductible(self) -> int:
        """The deductible that was borne now (act_pay_dedc)."""
        return sum(stage.deductible for stage in self.stages if stage.fund in {POOLED, RESIDENT})


@cites("R4-001", "R4-002", "R4-022", "R4-025", "R4-044", "R4-045")
def settle(bill: Bill, person: Person, used: Used, policy: Policy) -> Settlement:
    """Reckon a bill by the rules of its day.

    used: what the calendar year of the service has used so far, whether in person or online (R4-044).
    Raises ValueError for a bill without lines, or with accumulators of another year.
    """
    if not bill.lines:
        raise ValueError("a bill has at least one line")
    if used.year != bill.day.year:
        raise ValueError("the accumulators are of another year than the service")
    lines = tuple(classify(line, internet=bill.internet) for line in bill.lines)
    sums = _sums(lines)
    found, after = _funds(bill, person, used, policy, lines)
    funds: dict[str, int] = {}
    for stage in found:
        funds[stage.fund] = funds.get(stage.fund, 0) + stage.paid
    left = sum(sums) - sum(funds.values())
    account = min(left, person.account_fen) if bill.use_account and person.insurance == EMPLOYEES else 0
    family = min(left - account, person.family_fen) if bill.use_account else 0
    return Settlement(
        policy=policy.id,
        day=bill.day,
        internet=bill.internet,
        lines=lines,
        stages=found,
        funds={fund: fen for fund, fen in funds.items() if fen},
        account=account,
        family=family,
        cash=left - account - family,
        before=used,
        used=after,
        _sums=sums,
    )


@cites("R4-021")
def by_line(settlement: Settlement) -> tuple[int, ...]:
    """Give what the funds pay of each line, in proportion to what is in scope; the last takes the residue."""
    parts = [Decimal(line.in_scope) for line in settlement.lines]
    if not settlement.paid_by_funds:
        return tuple(0 for _ in parts)
    bearing = [place for place, part in enumerate(parts) if part]
    shares = share(settlement.paid_by_funds, [parts[place] for place in bearing])
    given = dict(zip(bearing, shares, strict=True))
    return tuple(given.get(place, 0) for place in range(len(parts)))


@cites("R4-026")
def reverse(settlement: Settlement, used: Used) -> Used:
    """Take a settlement out of the accumulators as they are now, the last stage first.

    Right after it this gives exactly what was before; other settlements of the year stay in.
    """
    return used.without(settlement.used.beyond(settlement.before))


@cites("R4-026")
def reversal_refusals(*, state: str, settled_by: str, asked_by: str) -> tuple[Issue, ...]:
    """Reasons why a settlement cannot be reversed: it was already, it never stood, or it is another institution's."""
    issues = []
    if state == "reversed":
        issues.append(Issue("business-rule", "settlement-reversed", text="The settlement has been reversed already."))
    elif state != "settled":
        issues.append(Issue("business-rule", "settlement-not-settled", text="There is no settlement to reverse."))
    if settled_by != asked_by:
        text = "Only the institution that settled can reverse it."
        issues.append(Issue("business-rule", "settlement-of-another", text=text))
    return tuple(issues)


@cites("R4-052")
def differs(reckoned: Mapping[str, int], settled: Mapping[str, int]) -> tuple[str, ...]:
    """Give the figures in which a settlement differs from what was reckoned and shown; by a fen is different."""
    return tuple(name for name in sorted(reckoned.keys() | settled.keys()) if reckoned.get(name) != settled.get(name))


def _sums(lines: Sequence[Portions]) -> tuple[int, int, int, int]:
    return (
        sum(line.full_self for line in lines),
        sum(line.over_limit for line in lines),
        sum(line.pre_self for line in lines),
        sum(line.in_scope for line in lines),
    )


@cites("R4-001")
def _funds(
    bill: Bill, person: Person, used: Used, policy: Policy, lines: Sequence[Portions]
) -> tuple[tuple[Stage, ...], Used]:
    """Go through the stages in their order; gives what each paid, and the accumulators."""
    groups = person.groups_on(bill.day)
    basic, used = _basic(bill, person, used, policy, lines)
    burden = sum(line.in_scope for line in lines) - sum(stage.paid for stage in basic)
    found = list(basic)
    special = _certificate(bill, person)
    second: Stage | None
    second, used = _second(bill, person, used, policy, groups, burden, basic)
    if second is not None:
        found.append(second)
        burden -= second.paid
    rule = policy.assistance(groups)
    assisted = bill.category in STAYS or (special is not None and special.assisted)
    if rule is not None and assisted:
        third, used = stages.assistance(rule, burden, used, stay=bill.category in STAYS)
        found.append(third)
    return tuple(found), used


def _second(
    bill: Bill,
    person: Person,
    used: Used,
    policy: Policy,
    groups: frozenset[str],
    burden: int,
    basic: Sequence[Stage],
) -> tuple[Stage | None, Used]:
    """Large amounts of employees, or serious illness of residents."""
    large = policy.large_amount(person.insurance)
    above = sum(stage.above_cap for stage in basic if stage.rule_id == _inpatient_id(policy, person))
    if large is not None and above:
        return stages.large_amount(large, above, used)
    serious = policy.serious(person.insurance, groups)
    if serious is not None and bill.category in serious.categories:
        return stages.serious(serious, burden, used, years=person.years)
    return None, used


def _inpatient_id(policy: Policy, person: Person) -> str:
    rule = policy.inpatient(person.insurance)
    return rule.id if rule is not None else ""


def _basic(
    bill: Bill, person: Person, used: Used, policy: Policy, lines: Sequence[Portions]
) -> tuple[list[Stage], Used]:
    """Basic insurance: each line under the benefit it belongs to."""
    found: list[Stage] = []
    sums = _by_benefit(bill, person, policy, lines)
    retired = person.status == RETIRED
    fund = POOLED if person.insurance == EMPLOYEES else RESIDENT
    if bill.category in STAYS:
        rule = policy.inpatient(person.insurance)
        if rule is not None:
            stay, used = stages.inpatient(
                rule, place(bill.level, bill.seat), sums["inpatient"], used, fund, age=person.age, retired=retired
            )
            found.append(stay)
        return found, used
    certificate = _certificate(bill, person)
    left = sums["outpatient"]
    if certificate is not None and sums["special"]:
        known = policy.special(person.insurance, certificate.kind)
        if known is not None:
            period = period_of(certificate, bill.day)
            stage, used = stages.special(*known, sums["special"], used, fund, key=period, limit=certificate.limit_fen)
            found.append(stage)
        else:
            left += sums["special"]
    two = policy.two_diseases(person.insurance)
    if two is not None and sums["two-diseases"]:
        stage, used = stages.two_diseases(two, sums["two-diseases"], used, fund)
        found.append(stage)
        left += stage.above_cap
    ordinary = policy.outpatient(person.insurance)
    if ordinary is not None and left:
        contracted = bool(person.contract) and person.contract == bill.institution and bill.level == "primary"
        stage, used = stages.outpatient(ordinary, bill.level, left, used, fund, retired=retired, contracted=contracted)
        found.append(stage)
    return found, used


def _by_benefit(bill: Bill, person: Person, policy: Policy, lines: Sequence[Portions]) -> Mapping[Basic, int]:
    sums: dict[Basic, int] = {"outpatient": 0, "two-diseases": 0, "special": 0, "inpatient": 0}
    certificate = _certificate(bill, person)
    two = policy.two_diseases(person.insurance) if bill.level == "primary" else None
    drugs: tuple[str, ...] = ()
    if two is not None:
        present = [
            disease
            for disease, codes in two.diagnoses.items()
            if disease in person.filed and any(code.startswith(codes) for code in bill.diagnoses)
        ]
        drugs = tuple(prefix for disease in present for prefix in two.drugs[disease])
    for line, portions in zip(bill.lines, lines, strict=True):
        sums[_benefit(bill, line, certificate, drugs)] += portions.in_scope
    return sums


def _benefit(bill: Bill, line: BillLine, certificate: Certificate | None, drugs: tuple[str, ...]) -> Basic:
    if bill.category in STAYS:
        return "inpatient"
    if certificate is not None and line.code in certificate.items:
        return "special"
    if drugs and line.kind == "drug" and line.atc.startswith(drugs):
        return "two-diseases"
    return "outpatient"


def _certificate(bill: Bill, person: Person) -> Certificate | None:
    """Give the certificate that the bill may use: of its disease, on its day, at its institution."""
    if bill.category != SPECIAL:
        return None
    return next(
        (
            one
            for one in person.certificates
            if one.disease == bill.disease
            and one.since <= bill.day <= one.until
            and bill.institution in one.institutions
        ),
        None,
    )


def period_of(certificate: Certificate, day: date) -> str:
    """Name the period of a limit, e.g. ``M03900/2026-11``, ``M03900/2026-Q4``, ``M03900/2026``."""
    match certificate.period:
        case "month":
            part = f"{day:%Y-%m}"
        case "quarter":
            part = f"{day.year}-Q{(day.month + 2) // 3}"
        case _:
            part = str(day.year)
    return f"{certificate.disease}/{part}"


def place(level: Level, seat: Seat) -> str:
    """Give the row of the table of stays that an institution falls under (4.4)."""
    if seat == "outside":
        return "outside"
    if level == "primary" or seat == "township":
        return "township"
    if level == "second":
        return seat
    return "province-3" if seat == "province" else "city-3"
