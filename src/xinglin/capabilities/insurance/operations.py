"""A bill is brought to the insurer: each operation writes what is wanted, a job asks (ADR 0095)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from xinglin.capabilities.insurance import contract
from xinglin.capabilities.insurance.rules import claims, explaining, messages, results
from xinglin.care.portions import own
from xinglin.care.settlement import reversal_refusals
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.search.grammar import TOKEN
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork

CHINA: Final = ZoneInfo("Asia/Shanghai")
Document = dict[str, Any]
_DIAGNOSES: Final = 5
_PAGE: Final = 500  # settlements at a time, and so many times at most


async def document(work: UnitOfWork, reference: str) -> Document:
    """Read what ``Type/id`` names, as the platform."""
    type, _, id = reference.partition("/")
    found: Document = document_of((await work.platform.read(type, id)).body())
    return found


@cites("R4-002")
async def presettle(work: UnitOfWork, given: contract.Presettling) -> str:
    """Invoice/$presettle: have a bill reckoned; a bill that is being settled already keeps its claim."""
    await work.lock(f"settlement of Invoice/{given.invoice}")
    await work.fhir.read("Invoice", given.invoice)  # not found is not yours
    invoice = await document(work, f"Invoice/{given.invoice}")
    known = await work.platform.find("Claim", identifier=f"{claims.BILL}|{given.invoice}", status="active", _count="1")
    if known.matches:
        return str(known.matches[0].id)
    charges = {
        reference: await document(work, reference)
        for line in invoice.get("lineItem", ())
        if (reference := line.get("chargeItemReference", {}).get("reference"))
    }
    refuse(claims.bill_faults(invoice, charges))
    visits = {charge["context"]["reference"] for charge in charges.values() if "context" in charge}
    if len(visits) > 1:
        text = "A bill that is settled with insurance is of one visit."
        raise OutcomeError(Issue("business-rule", "insurance-visits", "Invoice.lineItem", text))
    encounter = await document(work, visits.pop()) if visits else None
    at = (encounter or {}).get("period", {}).get("start") or invoice.get("date") or work.now.isoformat()
    covers = await work.platform.find("Coverage", beneficiary=invoice["subject"]["reference"], _count="20")
    cover = claims.cover_of([document_of(row.body()) for row in covers.matches], day_of(at))
    site = await site_of(work, invoice["issuer"]["reference"])
    card = claims.card_of(await document(work, invoice["subject"]["reference"]))
    if cover is None or site is None or not card:
        text = "The patient has no cover on this day, no identity card, or the institution does not settle."
        raise OutcomeError(Issue("business-rule", "insurance-none", "Invoice", text))
    claim = claims.made(
        *(invoice, charges, cover),
        encounter=encounter,
        diagnoses=await _diagnoses(work, encounter),
        told=given.told,
        at=at,
        now=work.now,
    )
    made = await work.platform.create(bytes_of(claim), type="Claim")
    await work.defer(contract.ASK, claim=made.id)
    return str(made.id)


@cites("R4-047")
async def settle(work: UnitOfWork, given: contract.Settling) -> str:
    """Claim/$settle: have settled what was reckoned and shown."""
    await work.lock(f"Claim/{given.claim}")
    claim = await _own(work, given.claim)
    state = claims.state_of(claim)
    if state in {"settling", "settled"}:
        return state
    if state not in {"presettled", "stopped"}:
        raise OutcomeError(Issue("business-rule", "settlement-not-ready", "Claim", f"The settlement is {state}."))
    found = results.shown(await document(work, f"ClaimResponse/{given.claim}"))
    needed = own(found.portions)
    emergency = results.category_of(claim) == "13"
    refuse(claims.agreement_issues(needed, given.agreed, emergency=emergency))
    who = work.principal.patient or work.principal.practitioner or work.principal.id
    claim = claims.agreed(claim, [line for line in given.agreed if line in needed], who, work.now)
    await put(work, claims.moved(claim, "settling"))
    await work.defer(contract.SEND, claim=given.claim)
    return "settling"


@cites("R4-026")
async def reverse(work: UnitOfWork, given: contract.Reversing) -> str:
    """Claim/$reverse: have a settlement undone as a whole, or what was only reckoned given up."""
    await work.lock(f"Claim/{given.claim}")
    claim = await _own(work, given.claim)
    state = claims.state_of(claim)
    if state == "reversing":
        return state
    provider = claim["provider"]["reference"]
    if state not in {"presettled", "stopped"}:
        by = work.principal.organization or provider
        refuse(reversal_refusals(state=state, settled_by=provider, asked_by=by))
    await put(work, claims.moved(claim, "reversing", given.reason))
    await work.defer(contract.UNDO, claim=given.claim)
    return "reversing"


async def explain(work: UnitOfWork, given: contract.Explaining) -> contract.Explanation:
    """Claim/$explain-settlement: who pays what of a bill, and why; 404 as long as nothing was reckoned."""
    claim = await _own(work, given.claim)
    if claims.state_of(claim) in {"asked", "refused"}:
        raise OutcomeError(Issue("not-found", "no-settlement", "Claim", "Nothing was reckoned."))
    found = results.shown(await document(work, f"ClaimResponse/{given.claim}"))
    return explaining.explanation(claims.state_of(claim), found)


async def put(work: UnitOfWork, claim: Document, *, version: int | None = None) -> None:
    """Write a claim as the platform, and tell who looks at its bill. version: that it must still have."""
    await work.platform.update(bytes_of(claim), type="Claim", id=claim["id"], if_match=version, must="exists")
    await work.announce(f"bill/{claims.one(claim, contract.BILL, 'valueReference')['reference'].partition('/')[2]}")


async def tell(work: UnitOfWork, claim: Mapping[str, Any]) -> None:
    """Tell the job that asked what became of a claim."""
    asker = claims.one(claim, contract.ASKER, "valueString")
    state = claims.state_of(claim)
    if asker and state in contract.TOLD:
        await work.defer(asker, claim=claim["id"], state=state)


async def settled_on(work: UnitOfWork, day: str) -> dict[str, list[messages.Standing]]:
    """Give what stands settled of a day (UTC+8), by provider."""
    try:
        start = datetime.fromisoformat(day).replace(tzinfo=CHINA)
    except ValueError as fault:
        raise OutcomeError(Issue("value", "insurance-day", "day", f"{day} is no day.")) from fault
    asked = {
        "_profile": contract.RESULT.url,
        "created": f"ge{start.isoformat()}",
        "status": "active",
        "_count": str(_PAGE),
        "_sort": "created",
    }
    found: dict[str, list[messages.Standing]] = {}
    token = ""
    for _ in range(_PAGE):
        page = await work.platform.find("ClaimResponse", **asked, **({TOKEN: token} if token else {}))
        for row in page.matches:
            answer = document_of(row.body())
            number = claims.number_of(answer, claims.SETTLED)
            if number and day_of(answer["created"]).isoformat() == day:
                shown = results.shown(answer)
                one = messages.Standing(number, shown.total, shown.amounts["funds"])
                found.setdefault(answer["requestor"]["reference"], []).append(one)
        token = page.next_token or ""
        if not token:
            return found
    raise OverflowError(f"more than {_PAGE * _PAGE} settlements since {day}")


async def site_of(work: UnitOfWork, reference: str) -> claims.Site | None:
    """Give the institution that settles for ``Organization/id``: itself, or the one it is part of."""
    organization = await document(work, reference)
    parent = organization.get("partOf", {}).get("reference")
    return claims.site_of(organization, await document(work, parent) if parent else None)


def day_of(at: str) -> Any:
    """Give the Beijing day of an instant or date."""
    if len(at) == len("2026-11-22"):
        return datetime.fromisoformat(at).date()
    return datetime.fromisoformat(at).astimezone(CHINA).date()


async def _own(work: UnitOfWork, id: str) -> Document:
    """Read a settlement that the caller reaches; what is no settlement is not found."""
    await work.fhir.read("Claim", id)
    claim = await document(work, f"Claim/{id}")  # whole, whatever the caller may see of it
    if not claims.state_of(claim):
        raise OutcomeError(Issue("not-found", "no-settlement", "Claim", "There is no such settlement."))
    return claim


async def _diagnoses(work: UnitOfWork, encounter: Mapping[str, Any] | None) -> list[Document]:
    """Give the diagnoses of a visit, those recorded before the reasons that were told."""
    if encounter is None:
        return []
    found = []
    for one in encounter.get("diagnosis", ())[:_DIAGNOSES]:
        condition = await document(work, one["condition"]["reference"])
        found.append(condition["code"])
    return found or list(encounter.get("reasonCode", ()))[:_DIAGNOSES]
