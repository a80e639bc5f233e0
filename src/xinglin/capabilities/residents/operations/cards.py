"""Show and check electronic health cards: a dynamic code names nobody but to the one who issued it (WS/T 543)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from xinglin.capabilities.residents.contract import HEALTH_CARD, Card, CardRequest, Checked, Scan
from xinglin.capabilities.residents.operations import people
from xinglin.capabilities.residents.rules import cards as rules
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.sources import cites
from xinglin.matching.persons import name_of, values
from xinglin.security import masks
from xinglin.security.identifiers import IDENTITY_CARD
from xinglin.security.ledger import REFUSED
from xinglin.store import residents
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a dynamic code is valid, and whether it serves once or as long as that."""

    minutes: int
    uses: Literal["once", "validity"]


@cites("R6-040", "R6-041", "CD-10")
async def show(work: UnitOfWork, given: CardRequest, *, terms: Terms) -> Card:
    """Patient/$show-card: the card of oneself, or of whom one acts for; the first look issues its number."""
    who = work.principal
    if f"Patient/{given.id}" not in {who.patient, *who.patients} and not who.roles & {"developer", "system"}:
        raise OutcomeError(not_found("Patient", given.id))
    number = await _number(work, given.id)
    if given.static:
        return Card(number, rules.text_of(rules.Code(dynamic=False, token=number), _mark(work)))
    token = work.vault.chance(rules.TOKEN_BYTES).hex()
    expires = work.now + timedelta(minutes=terms.minutes)
    await residents.show(work.executor, token, given.id, now=work.now, expires=expires)
    work.note("card-shown", type="Patient", refs=(f"Patient/{given.id}",))
    return Card(number, rules.text_of(rules.Code(dynamic=True, token=token), _mark(work)), expires.isoformat())


@cites("R6-040", "R6-041")
async def verify(work: UnitOfWork, given: Scan, *, terms: Terms) -> Checked:
    """Patient/$verify-card: who shows this code, covered by rule; a code that was used before is shown as such."""
    code = rules.read(given.code, _mark(work))
    if isinstance(code, str):
        work.note("card-checked", type="Patient", outcome=REFUSED, detail=code)
        return Checked(code)
    if not code.dynamic:
        return await _static(work, code.token)
    found = await residents.shown(work.executor, code.token)
    if found is None:
        work.note("card-checked", type="Patient", outcome=REFUSED, detail="expired")
        return Checked("expired")
    state = rules.standing(found.expires, found.used, work.now, terms.uses)
    if state == "valid":
        await residents.use(work.executor, code.token, work.now)
        return await _told(work, found.patient, state)
    # Whose it was stands in the ledger alone: a code that is over tells nobody who it is.
    work.note("card-checked", type="Patient", refs=(f"Patient/{found.patient}",), outcome=REFUSED, detail=state)
    return Checked(state, used=found.used.isoformat() if found.used is not None else "")


async def _static(work: UnitOfWork, number: str) -> Checked:
    page = await work.platform.find("Patient", identifier=f"{HEALTH_CARD}|{number}", _count="2")
    if len(page.matches) != 1:
        work.note("card-checked", type="Patient", outcome=REFUSED, detail="unknown")
        return Checked("unknown")
    return await _told(work, page.matches[0].id, "static")


@cites("R6-041", "R7-034")
async def _told(work: UnitOfWork, id: str, state: str) -> Checked:
    """Tell who it is, name and number covered: enough to compare with the person at the desk."""
    document = document_of((await work.platform.read("Patient", id)).body())
    work.note("card-checked", type="Patient", refs=(f"Patient/{id}",), detail=state)
    number = next(values(document, IDENTITY_CARD), "")
    return Checked(
        state,
        authorises=state == "valid",
        patient=f"Patient/{id}",
        name=masks.name(_name(document)),
        gender=document.get("gender") or "unknown",
        born=(document.get("birthDate") or "")[:4],
        number=masks.number(number) if number else "",
    )


async def _number(work: UnitOfWork, id: str) -> str:
    """Give the number of a person's card, issued when there is none: opaque, and the same again."""
    document = document_of((await work.platform.read("Patient", id, lock=True)).body())
    known = next(values(document, HEALTH_CARD), "")
    if known:
        return known
    number = work.vault.digest("health-card", f"Patient/{id}").hex()
    made: dict[str, Any] = {
        "use": "secondary",
        "type": {"text": "电子健康卡"},
        "system": HEALTH_CARD,
        "value": number,
        "period": {"start": work.now.date().isoformat()},
    }
    await people.rewritten(
        work,
        document | {"identifier": [*(document.get("identifier") or ()), made]},
        version=people.version_of(document),
    )
    work.note("card-issued", type="Patient", refs=(f"Patient/{id}",))
    return number


def _mark(work: UnitOfWork) -> Callable[[str], bytes]:
    return lambda text: work.vault.digest("health-card-code", text)


def _name(document: dict[str, Any]) -> str:
    return next((name for one in document.get("name") or () if (name := name_of(one))), "")
