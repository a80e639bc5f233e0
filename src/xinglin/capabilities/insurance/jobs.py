"""Asking the insurer: reckon, settle, reverse. Each may run again at any point, and ends in the same (ADR 0095).

Each job reads, asks outside, and writes only then. What was asked may have had its effect though no answer came:
before a settlement is sent, and after silence, the platform is asked whether it stands (5203); what does not stand is
undone by its number (2601), so that it cannot come late, and sent again under another (R4-050).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from xinglin.capabilities.insurance import contract, operations
from xinglin.capabilities.insurance.gateways import (
    Insurer,
    InsurerRefused,
    InsurerSilent,
    InsurerTaken,
    Sender,
    message_number,
)
from xinglin.capabilities.insurance.rules import claims, messages, results
from xinglin.capabilities.insurance.rules.messages import Misunderstood, Result
from xinglin.care.insurer import insurance_of, numbers
from xinglin.care.portions import Portions
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.web.cells import named

_LOG: Final = structlog.get_logger()
ATTEMPTS: Final = 5
PATIENCE: Final = timedelta(minutes=30)
SILENT: Final = "医保平台没有应答"


@dataclass(frozen=True, slots=True)
class Case:
    """A claim with what is needed to speak of it. version: of the claim as it was read. at: of the service."""

    claim: dict[str, Any]
    version: int
    site: claims.Site
    card: str
    name: str
    insurance: str
    at: datetime

    @property
    def id(self) -> str:
        """The logical id of the claim."""
        return str(self.claim["id"])

    @property
    def medium(self) -> str:
        """The number of the visit on the platform (mdtrt_id)."""
        return claims.number_of(self.claim, claims.VISIT)

    @property
    def person(self) -> str:
        """The number of the person on the platform (psn_no)."""
        return claims.number_of(self.claim, claims.PERSON)


@dataclass(frozen=True, slots=True)
class Line:
    """The line to the platform in one case."""

    insurer: Insurer
    work: UnitOfWork
    case: Case
    area: str

    async def ask(self, act: str, given: Mapping[str, Any], *, message: str = "") -> Any:
        """Ask. message: its number, when a second question must be the same; else a new one."""
        site = self.case.site
        sender = Sender(site.code, site.name, self.area)
        return await self.insurer.ask(act, sender, given, message=message, at=self.work.now)

    def number(self, act: str) -> str:
        """Give the number of the message that settles in this attempt, the same each time."""
        claim = self.case.claim
        about = f"{act} {self.case.id} {claims.attempt_of(claim)}"
        return message_number(self.case.site.code, datetime.fromisoformat(claim["created"]), about)


async def presettle(work: UnitOfWork, claim: str, *, insurer: Insurer, area: str) -> None:
    """Register the visit, upload it and its fees, have them reviewed, and have the bill reckoned (2206)."""
    case = await _case(work, claim, "asked")
    if case is None:
        return
    try:
        await _presettle(work, Line(insurer, work, case, area))
    except (InsurerRefused, Misunderstood, LookupError) as refused:
        # LookupError: there are no rules for the day of the service.
        await _end(work, case, "refused", str(refused))
    except InsurerSilent:
        if claims.attempt_of(case.claim) >= ATTEMPTS:
            await _end(work, case, "refused", SILENT)
        else:
            await _again(work, case, contract.ASK)


@cites("R4-050", "R4-051", "R4-053")
async def _presettle(work: UnitOfWork, line: Line) -> None:
    case = line.case
    items = claims.items_of(case.claim)
    category = results.category_of(case.claim)
    day = operations.day_of(case.claim["billablePeriod"]["start"])
    internet = bool(claims.one(case.claim, contract.INTERNET, "valueBoolean"))
    told = await line.ask("person", messages.person(case.card, case.name, case.insurance))
    person = messages.insured(told, case.insurance)
    if not messages.enjoys(
        await line.ask("benefit", messages.benefit(person.number, case.insurance, category, case.at))
    ):
        raise InsurerRefused("该参保人当前不享受医保待遇")
    registering = messages.register(
        case.id, person.number, case.card, case.insurance, case.site, case.at, internet=internet
    )
    medium = messages.registered(await line.ask("register", registering))
    await line.ask("visit", messages.visit(medium, person.number, category, case.at, results.diagnoses_of(case.claim)))
    # What a run before this one has uploaded is withdrawn, so that nothing stands twice.
    await line.ask("withdraw-fees", messages.visit_data(medium, person.number))
    portions = messages.uploaded(await line.ask("fees", messages.fees(medium, person.number, items, case.at)))
    total = sum(item.amount_fen for item in items)
    if sum(one.amount for one in portions) != total:
        raise Misunderstood("the sum of the fees that arrived differs from the bill")
    hits = messages.hits(await line.ask("review-during", messages.review(medium, person.number, items, "2")))
    used = messages.used(await line.ask("accumulators", messages.accumulators(person.number, day)), day.year)
    given = messages.settle(medium, person.number, case.card, case.insurance, category, total)
    found = messages.result(await line.ask("presettle", given))
    if found is None or found.figures["medfee_sumamt"] != total:
        raise Misunderstood("2206")
    basis = results.basis_of(case.claim, case.site, person, used, case.at, day)
    await _answer(work, case, found, portions, basis)
    claim = claims.identified(claims.identified(case.claim, claims.VISIT, medium), claims.PERSON, person.number)
    await _end(work, case, "presettled", "；".join(hits), claim=claim)


@cites("R4-050", "R4-052")
async def settle(work: UnitOfWork, claim: str, *, insurer: Insurer, area: str) -> None:
    """Settle (2207). After silence it is found out what became of it; a figure that differs is reversed."""
    case = await _case(work, claim, "settling")
    if case is None:
        return
    line = Line(insurer, work, case, area)
    try:
        found = await _standing(line) or await _sent(line)
    except InsurerRefused as refused:
        await _end(work, case, "refused", str(refused))
        return
    if found is None:
        # It was undone by its number: another attempt, under another number.
        if claims.attempt_of(case.claim) >= ATTEMPTS:
            await _end(work, case, "stopped", SILENT)
        else:
            await _again(work, case, contract.SEND)
        return
    answer = await operations.document(work, f"ClaimResponse/{case.id}")
    different = results.changed(results.shown(answer), found)
    if different:
        await _end(work, case, "reversing", f"结算与预结算不一致：{'、'.join(different)}")
        await work.defer(contract.UNDO, claim=case.id)
        return
    await work.platform.update(
        bytes_of(results.settled_as(answer, found.settlement)), type="ClaimResponse", id=case.id, must="exists"
    )
    await _end(work, case, "settled", "", claim=claims.identified(case.claim, claims.SETTLED, found.settlement))


async def _standing(line: Line) -> Result | None:
    """Ask whether the visit is settled (5203)."""
    case = line.case
    return messages.result(await line.ask("settlement", messages.visit_data(case.medium, case.person)))


async def _sent(line: Line) -> Result | None:
    """Send the settlement; None when it went astray and was undone."""
    case = line.case
    total = sum(item.amount_fen for item in claims.items_of(case.claim))
    category = results.category_of(case.claim)
    given = messages.settle(case.medium, case.person, case.card, case.insurance, category, total)
    message = line.number("settle")
    try:
        found = messages.result(await line.ask("settle", given, message=message))
        if found is not None:
            return found
    except InsurerTaken:
        return None  # nothing was done, and what stands under this number is another's: it is not undone
    except (InsurerSilent, Misunderstood):
        _LOG.warning("insurance.settle_unknown", claim=case.id)
    found = await _standing(line)
    if found is None:
        await line.ask("undo", messages.undo(case.person, message, numbers()["settle"].code))
    return found


@cites("R4-050", "R4-026")
async def reverse(work: UnitOfWork, claim: str, *, insurer: Insurer, area: str) -> None:
    """Reverse (2208) what stands, and take back the visit."""
    case = await _case(work, claim, "reversing")
    if case is None:
        return
    line = Line(insurer, work, case, area)
    try:
        found = await _standing(line)
        if found is not None:
            given = messages.visit_data(case.medium, case.person, setl_id=found.settlement)
            await line.ask("reverse", given)
        await line.ask("unregister", messages.visit_data(case.medium, case.person))
    except InsurerRefused as refused:
        await _end(work, case, "stopped", str(refused))
        return
    answer = await operations.document(work, f"ClaimResponse/{case.id}")
    await work.platform.update(
        bytes_of(answer | {"status": "cancelled"}), type="ClaimResponse", id=case.id, must="exists"
    )
    reason = str(claims.one(case.claim, contract.REASON, "valueString") or "")
    await _end(work, case, "reversed", reason)


@cites("R5-030", "R5-031")
async def reconcile(work: UnitOfWork, day: str, told: str, *, insurer: Insurer, area: str) -> None:
    """Compare the settlements of a day, institution by institution: the sums first, one by one when they differ."""
    found: list[list[Any]] = []
    standing = await operations.settled_on(work, day)
    for provider, settled in standing.items():
        site = await operations.site_of(work, provider)
        if site is None:
            continue
        sender = Sender(site.code, site.name, area)
        given = messages.totals(day, settled)
        if messages.agrees(await insurer.ask("reconcile", sender, given, message="", at=work.now)):
            continue
        given = messages.details(day, settled)
        output = await insurer.ask("reconcile-detail", sender, given, message="", at=work.now)
        ours = {one.number: one.total for one in settled}
        found += ([kind, number, ours.get(number, 0), provider] for number, kind in messages.different(output))
    every = [one for settled in standing.values() for one in settled]
    await work.defer(told, day=day, settled=len(every), funds=sum(one.funds for one in every), differences=found)


async def sweep(work: UnitOfWork) -> None:
    """Ask again about what has waited for long: its job gave up while the platform was away."""
    before = (work.now - PATIENCE).isoformat()
    found = await work.platform.find(
        "Claim", _tag=f"{claims.TAGS}|{claims.UNDER_WAY}", _lastUpdated=f"lt{before}", _count="50", _sort="_lastUpdated"
    )
    for row in found.matches:
        job = claims.WAITING.get(claims.state_of(document_of(row.body())))
        if job:
            await work.defer(job, claim=row.id)


async def _case(work: UnitOfWork, id: str, state: str) -> Case | None:
    """Read a claim and what belongs to it; None when it is not in *state* any more: this has been done."""
    row = await work.platform.read("Claim", id)
    claim: dict[str, Any] = document_of(row.body())
    if claims.state_of(claim) != state:
        return None
    patient = await operations.document(work, claim["patient"]["reference"])
    cover = await operations.document(work, claim["insurance"][0]["coverage"]["reference"])
    site = await operations.site_of(work, claim["provider"]["reference"])
    if site is None:
        await operations.put(work, claims.moved(claim, "stopped" if state != "asked" else "refused", "机构未定点"))
        return None
    start = claim["billablePeriod"]["start"]
    at = datetime.fromisoformat(start)
    return Case(
        claim=claim,
        version=row.vid,
        site=site,
        card=claims.card_of(patient),
        name=named(patient),
        insurance=insurance_of(claims.kind_of(cover)),
        at=at if at.tzinfo else at.replace(tzinfo=operations.CHINA),
    )


async def _answer(
    work: UnitOfWork, case: Case, found: Result, portions: tuple[Portions, ...], basis: results.Basis
) -> None:
    """Write the answer; it has the id of the claim."""
    answer = results.response(case.claim, found, portions, basis, work.now) | {"id": case.id}
    await work.platform.update(bytes_of(answer), type="ClaimResponse", id=case.id)


async def _end(work: UnitOfWork, case: Case, state: str, reason: str, *, claim: dict[str, Any] | None = None) -> None:
    """Take the claim to a state, if nobody else has meanwhile, and tell who asked."""
    after = claims.moved(claim or case.claim, state, reason)
    await operations.put(work, after, version=case.version)
    await operations.tell(work, after)
    _LOG.info("insurance.moved", claim=case.id, state=state)


async def _again(work: UnitOfWork, case: Case, job: str) -> None:
    """Count an attempt and come again, each time later."""
    after = claims.again(case.claim)
    await operations.put(work, after, version=case.version)
    await work.defer_at(work.now + timedelta(seconds=2 ** claims.attempt_of(after)), job, claim=case.id)
