"""All that is recorded of the people of a household, in one go."""

from collections.abc import Iterator

from xinglin.city import body, contracts, dialysis, faults, fees, mental, papers, reports, today, tuberculosis
from xinglin.city.acute import acute
from xinglin.city.checks import children, elders
from xinglin.city.chronic import chronic
from xinglin.city.diseases import illnesses, unknown
from xinglin.city.histories import histories
from xinglin.city.people import SHOWN_DIZZY, SHOWN_FAMILY, SHOWN_MENTAL, Household, Person
from xinglin.city.pregnancies import pregnancies
from xinglin.city.record import Record
from xinglin.city.registrations import registrations
from xinglin.city.seconds import second
from xinglin.city.spec import CitySpec
from xinglin.city.stays import stays
from xinglin.city.tcm import tcm
from xinglin.city.terms import Json
from xinglin.city.vaccinations import vaccinations


def of_household(spec: CitySpec, house: Household) -> Iterator[Json]:
    """Yield the resources: who the people are, and what happened to each."""
    doctors: dict[str, str] = {}
    records = []
    for person in house.people:
        record = _begun(spec, house, person)
        if contracts.signed(record):
            doctors[person.id] = contracts.contract(record).id
        records.append(record)
    patients = {}
    insured: dict[str, Json] = {}
    for one in registrations(spec, house, doctors):
        if one["resourceType"] == "Patient":
            patients[one["id"]] = one
        elif one["resourceType"] == "Coverage":
            insured[one["beneficiary"]["reference"]] = one
        yield one
    for record in records:
        coverage = insured[f"Patient/{record.person.id}"]
        record.coverage, record.insurance = coverage["id"], coverage["type"]["coding"][0]["code"]
        _live(record, house)
        yield from record.out
        if spec.duplicates:
            yield from second(record, patients[record.person.id])


def _begun(spec: CitySpec, house: Household, person: Person) -> Record:
    is_shown = (house.number == SHOWN_FAMILY and person.role in {"head", "mother"}) or (
        house.number == SHOWN_DIZZY and person.role == "head"
    )
    is_registered = house.number == SHOWN_MENTAL and person.role == "head"
    ill = illnesses(spec, person, house.stream, is_shown=is_shown, is_registered=is_registered)
    dialysis.shown(spec, house, person, ill)
    made = body.body(spec, person, ill, house.stream)
    # The body is ill whether anybody knows or not; the record tells of what is known.
    if not is_shown:
        person.undiagnosed = unknown(spec, person, ill)
    for name in person.undiagnosed:
        del ill[name]
    return Record(spec, house, person, ill, made, pick=house.stream.bits())


def _live(record: Record, house: Household) -> None:
    histories(record)
    if not record.person.male:
        pregnancies(record, [one for one in house.people if one.mother is record.person])
    chronic(record)
    acute(record)
    tcm(record)
    vaccinations(record)
    children(record)
    elders(record)
    stays(record)
    dialysis.sessions(record)
    faults.faults(record)
    today.today(record)
    mental.mental(record)
    tuberculosis.tuberculosis(record)
    # What is written of visits, once all of them are there.
    reports.reports(record, record.visits)
    under = papers.under_visits(record)
    fees.fees(record, under)
    papers.papers(record, under)
