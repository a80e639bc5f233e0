"""Register persons: by the real name after a look for duplicates, newborns by their mother."""

from collections.abc import Mapping
from typing import Any

from xinglin.capabilities.residents.contract import NEWBORN, Newborn, Registration
from xinglin.capabilities.residents.operations import matching, people
from xinglin.capabilities.residents.rules import registration as rules
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.r4.resources import Patient
from xinglin.fhir.sources import cites
from xinglin.matching import blocks
from xinglin.matching.persons import name_of
from xinglin.store.door import UnitOfWork

RELATIONS = "https://xinglin.health/fhir/CodeSystem/gbt-4761"
MOTHER = "52"
# Who is so likely the same that a desk has to look before anybody is written.
SHOWN = frozenset({"certain", "probable"})


@cites("R6-001", "R6-004", "HR-03", "CD-11")
async def register(work: UnitOfWork, given: Registration, *, terms: matching.Terms) -> Patient:
    """Patient/$register: write a person, unless somebody known is likely the same and was not looked at.

    Whoever was confirmed as another person is raised for the duplicates desk all the same.
    """
    person = {name: value for name, value in codec.to_dict(given.resource).items() if name != "id"}
    refuse(rules.registration_faults(person, people.today(work, terms.zone)))
    return await _written(work, person, confirmed=given.confirmed, terms=terms)


@cites("CD-06", "R6-042")
async def register_newborn(work: UnitOfWork, given: Newborn, *, terms: matching.Terms) -> Patient:
    """Patient/$register-newborn: write a child that has no number yet, known by its mother's."""
    mother = await people.document(work, given.mother)
    refuse(rules.newborn_faults(mother, given.born, given.order, work.now))
    born = rules.moment(given.born)
    if born is None:
        raise OutcomeError(Issue("value", "newborn-time", "born", "The time of birth is a date and a time."))
    person = _newborn(mother, given, rules.newborn_number(rules.mothers_number(mother), born, given.order))
    made = await _written(work, person, confirmed=given.confirmed, terms=terms)
    related = {
        "resourceType": "RelatedPerson",
        "active": True,
        "patient": {"reference": f"Patient/{made.id}"},
        "relationship": [{"coding": [{"system": RELATIONS, "code": MOTHER}], "text": "母亲"}],
        "name": [{"text": name_of(next(iter(mother.get("name") or ()), {}))}],
        "extension": [
            {
                "url": "https://xinglin.health/fhir/StructureDefinition/person",
                "valueReference": {"reference": f"Patient/{given.mother}"},
            }
        ],
    }
    await work.platform.create(bytes_of(related), type="RelatedPerson")
    return made


def _newborn(mother: Mapping[str, Any], given: Newborn, number: str) -> dict[str, Any]:
    """Make the Patient of a newborn: its mother's home and contact, its own name and time of birth."""
    mothers = name_of(next(iter(mother.get("name") or ()), {}))
    made: dict[str, Any] = {
        "resourceType": "Patient",
        "identifier": [{"use": "temp", "system": NEWBORN, "value": number}],
        "active": True,
        "name": [{"use": "official", "text": given.name or rules.newborn_name(mothers, given.gender, given.order)}],
        "gender": given.gender,
        "birthDate": given.born[:10],
        "_birthDate": {
            "extension": [
                {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime", "valueDateTime": given.born}
            ]
        },
        "multipleBirthInteger": given.order,
        "contact": [
            {
                "relationship": [
                    {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH"}]}
                ],
                "name": {"text": mothers},
            }
        ],
    }
    if given.order == 1:
        # Whether others are born with it is not known; only a place among several says so.
        del made["multipleBirthInteger"]
    return made | {name: mother[name] for name in ("address", "telecom") if mother.get(name)}


async def _written(work: UnitOfWork, person: dict[str, Any], *, confirmed: bool, terms: matching.Terms) -> Patient:
    """Write a person once: two desks that register the same at one time wait for each other."""
    await work.lock(*(f"resident/{key}" for key in blocks.keys(person)[:4]))
    found = await matching.same_as(work, person, terms)
    likely = [one for one in found if one.grade in SHOWN]
    if likely and not confirmed:
        text = "Somebody who is known is likely the same person: look first, then confirm."
        raise OutcomeError(Issue("duplicate", f"resident-{likely[0].grade}", "Patient", text))
    if work.principal.organization and "managingOrganization" not in person:
        person = person | {"managingOrganization": {"reference": work.principal.organization}}
    made = await people.created(work, person)
    work.note("registered", type="Patient", refs=(f"Patient/{made.id}",))
    for one in likely:
        await matching.raise_duplicate(work, str(made.id), one.id, one.grade, one.probability)
    return made
