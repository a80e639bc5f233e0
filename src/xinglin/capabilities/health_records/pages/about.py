"""Who the person is, how the record stands, family, contracts, insurance."""

from xinglin.capabilities.health_records.operations import happened, summary
from xinglin.capabilities.health_records.operations.names import Names, look_up
from xinglin.capabilities.health_records.pages import words
from xinglin.capabilities.health_records.pages.opening import head, opened
from xinglin.capabilities.health_records.pages.people import contract, coverage, history, relative
from xinglin.capabilities.health_records.pages.shown import Teller
from xinglin.capabilities.health_records.rules.documents import ZONE, Document, extension, when
from xinglin.capabilities.health_records.rules.state import State, state
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.web.brief import brief
from xinglin.web.format import masked_number, masked_phone
from xinglin.web.names import code_name
from xinglin.web.view import Form, Language, View


async def show(work: UnitOfWork, form: Form) -> View:
    """Show person and record."""
    whose = await opened(work, form)
    record = whose.record
    today = (record.at or work.now).astimezone(ZONE).date()
    standing = await record.search(summary.STANDING_TYPES, summary.STANDING)
    conditions = await record.search(summary.ACTIVE, summary.CONDITIONS)
    latest = await record.search(happened.wanted("visit"), 1)
    names = await look_up(record, [whose.patient, *standing.documents])
    teller = Teller(whose, names, form)

    def of(type: str) -> list[Document]:
        return [one for one in standing.documents if one.get("resourceType") == type]

    dates = [when(one) for one in latest.documents]
    stands = state(whose.patient, dates[0] if dates else "", conditions.documents, of("EpisodeOfCare"), today)
    values = {
        "stands": stands,
        "person": person(whose.patient, names, form.language, whole=whose.whole),
        "numbers": numbers(stands, whole=whose.whole),
        "keeper": words.person(stands.keeper, names, form.language),
        "doctor": words.person((stands.doctor or [None])[0], names, form.language),
        "family": [relative(one, teller) for one in of("RelatedPerson")],
        "history": [history(one, teller) for one in of("FamilyMemberHistory")],
        "contracts": [contract(one, teller) for one in (*of("CareTeam"), *of("EpisodeOfCare"))],
        "insurance": [coverage(one, teller) for one in of("Coverage")],
    }
    return View("health_records/person.html", head(whose, form, "about") | values)


@cites("R7-034")
def numbers(one: State, *, whole: bool) -> tuple[tuple[str, str], ...]:
    """Give the numbers of record and person; only who treats sees the citizen's number whole."""
    citizen = one.citizen if whole else masked_number(one.citizen)
    return tuple((key, value) for key, value in (("number", one.number), ("citizen", citizen)) if value)


@cites("R7-034")
def person(patient: Document, names: Names, language: Language, *, whole: bool) -> list[tuple[str, str]]:
    """Give what is known of the person: (key of a text, value), without what is not known."""
    phones = [str(one.get("value", "")) for one in patient.get("telecom", ()) if one.get("system") == "phone"]
    shown = phones if whole else [masked_phone(one) for one in phones]
    given: Document = (patient.get("address") or [{}])[0]
    # to others an address ends at its district
    address = given if whole else {member: given[member] for member in ("city", "district") if member in given}
    facts = [
        ("sex", code_name(str(patient.get("gender", "")), language)),
        ("born", str(patient.get("birthDate", ""))),
        ("died", words.day(str(patient.get("deceasedDateTime") or ""))),
        ("phone", "、".join(shown) if language == "zh" else ", ".join(shown)),
        ("address", brief(address, language) if address else ""),
        ("marital", brief(patient.get("maritalStatus"), language)),
        *((key, _coding(extension(patient, key), language)) for key in ("ethnic-group", "education", "occupation")),
    ]
    return [(key, value) for key, value in facts if value]


def _coding(found: Document, language: Language) -> str:
    return brief(found.get("valueCoding") or found.get("valueCodeableConcept"), language)
