"""Who stands at the desk or is on the telephone: by name and number together, so that neither is learnt by trying."""

from xinglin.capabilities.appointments.contract import Person
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.matching.numbers import standing
from xinglin.matching.persons import name_of
from xinglin.security.identifiers import IDENTITY_CARD, normal
from xinglin.store.door import UnitOfWork


async def identify(work: UnitOfWork, given: Person) -> str:
    """Patient/$identify-for-booking: give the id of the one person with this name and number; 404 when they differ."""
    name, number = "".join(given.name.split()), normal(given.number)
    page = await work.platform.find("Patient", identifier=f"{IDENTITY_CARD}|{standing(number)}", _count="5")
    for row in page.matches if name and number else ():
        document = document_of(row.body())
        if any("".join(name_of(one).split()) == name for one in document.get("name") or ()):
            return str(document["id"])
    raise OutcomeError(Issue("not-found", "nobody-so-named", text="Nobody is registered with this name and number."))
