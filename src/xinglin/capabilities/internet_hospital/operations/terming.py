"""What an internet hospital decides itself of its visits: promise, window of questions, fee."""

from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.contract import OwnTerms
from xinglin.capabilities.internet_hospital.operations import reading
from xinglin.capabilities.internet_hospital.rules import asking, forms, states
from xinglin.fhir import codec
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError, refuse
from xinglin.fhir.r4.resources import Organization
from xinglin.security import institution_forms
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.tables.catalogues import service


async def set_terms(work: UnitOfWork, given: OwnTerms) -> Organization:
    """Organization/$set-visit-terms: by the administrator of the internet hospital, or of the institution it is of."""
    at = await reading.hospital(work, f"Organization/{given.id}")
    if work.principal.organization not in {at.reference, at.host}:
        raise OutcomeError(not_found("Organization", given.id))
    own = {
        "promise-minutes": given.promise_minutes,
        "follow-up-hours": given.follow_up_hours,
        "questions": given.questions,
        "fee": given.fee,
    }
    refuse(states.own_faults(own, service(asking.service_of(at.level)).price_fen))
    inner = [{"url": name, "valueInteger": number} for name, number in own.items() if number is not None]
    await work.platform.patch(
        lambda one: institution_forms.with_extension(one, contract.TERMS, {"extension": inner} if inner else None),
        type="Organization",
        id=given.id,
    )
    kept = codec.decode((await work.platform.read("Organization", given.id)).body(), "Organization")
    if not isinstance(kept, Organization):
        raise TypeError("an Organization is an Organization")
    return kept


async def own_hospital(work: UnitOfWork) -> str:
    """Give the id of the internet hospital of one's own institution; empty when there is none."""
    kind = f"{institution_forms.KINDS}|{institution_forms.INTERNET_HOSPITAL}"
    host = work.principal.organization or "Organization/-"
    page = await work.fhir.find("Organization", partof=host, type=kind, _count="1")
    if page.matches:
        return page.matches[0].id
    own = await work.fhir.find("Organization", _id=host[13:], type=kind, _count="1")
    return own.matches[0].id if own.matches else ""


async def told_of(work: UnitOfWork, id: str) -> dict[str, int]:
    """Read what an internet hospital has decided, by name."""
    document = document_of((await work.fhir.read("Organization", id)).body())
    return {name: int(number) for name, number in forms.parts(document, contract.TERMS).items()}
