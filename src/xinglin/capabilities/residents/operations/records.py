"""Open, close and reopen health records: one number in its village for good, one live record a person."""

from datetime import date

from xinglin.capabilities.residents.contract import HEALTH_RECORD, Closing, Opening, Reopening
from xinglin.capabilities.residents.operations import people
from xinglin.capabilities.residents.operations.matching import raise_duplicate
from xinglin.capabilities.residents.rules import records as rules
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.r4.resources import Patient
from xinglin.fhir.sources import cites
from xinglin.matching.persons import division_of, values
from xinglin.security.identifiers import IDENTITY_CARD
from xinglin.store.door import UnitOfWork
from xinglin.store.residents import next_sequence
from xinglin.tables.divisions import record_prefix


@cites("HR-01", "HR-02", "HR-03")
async def open_record(work: UnitOfWork, given: Opening, *, zone: str) -> Patient:
    """Patient/$open-record: give the next number of the village.

    Whose identity number has a live record under another Patient gets no second one: the pair is raised for the
    duplicates desk, and the one with the record is answered.
    """
    person = await people.document(work, given.id)
    today = people.today(work, zone)
    day = _day(given.opened) if given.opened else today
    refuse(rules.opening_faults(person, day, today))
    await work.lock(*(f"record/{work.vault.digest('number', one).hex()}" for one in values(person, IDENTITY_CARD)))
    for number in values(person, IDENTITY_CARD):
        for other in await people.with_number(work, number, but=given.id):
            if rules.is_live(other):
                await raise_duplicate(work, given.id, other["id"], "certain", 1.0)
                return await people.patient(work, other["id"])
    village = record_prefix(given.village or division_of(person))
    if village is None:
        text = "Records are opened in a village or residents' committee: give its 12 digits."
        raise OutcomeError(Issue("value", "record-village", "village", text))
    made = rules.opened(person, await _next(work, village), day or today, work.principal.organization)
    work.note("record-opened", type="Patient", refs=(f"Patient/{given.id}",))
    return await people.rewritten(work, made, version=people.version_of(person))


async def _next(work: UnitOfWork, village: str) -> str:
    async def taken(sequence: int) -> bool:
        number = rules.record_number(village, sequence)
        return bool((await work.platform.find("Patient", identifier=f"{HEALTH_RECORD}|{number}", _count="1")).matches)

    sequence = await next_sequence(work.executor, village, taken)
    if sequence is None:
        text = "All 99,999 numbers of this village are given out."
        raise OutcomeError(Issue("business-rule", "record-numbers-out", "village", text))
    return rules.record_number(village, sequence)


@cites("HR-07")
async def close_record(work: UnitOfWork, given: Closing, *, zone: str) -> Patient:
    """Patient/$close-record: keep that and why a record ended; nothing is deleted."""
    person = await people.document(work, given.id)
    day = _day(given.date)
    refuse(rules.closing_faults(person, given.reason, day, given.place, people.today(work, zone)))
    if day is None:
        raise OutcomeError(Issue("value", "record-date", "date", "The date is written 2026-01-31."))
    made = rules.closed(person, given.reason, day, given.place, given.note)
    work.note("record-closed", type="Patient", refs=(f"Patient/{given.id}",), detail=given.reason)
    return await people.rewritten(work, made, version=people.version_of(person))


@cites("HR-07")
async def reopen_record(work: UnitOfWork, given: Reopening) -> Patient:
    """Patient/$reopen-record: go on with a closed record under its number."""
    person = await people.document(work, given.id)
    if not rules.number_of(person) or rules.is_live(person):
        text = "The person has no record that was closed."
        raise OutcomeError(Issue("conflict", "record-not-closed", "Patient.identifier", text))
    if not given.note.strip():
        raise OutcomeError(Issue("required", "record-note", "note", "Write down why the record is opened again."))
    work.note("record-reopened", type="Patient", refs=(f"Patient/{given.id}",))
    return await people.rewritten(work, rules.reopened(person), version=people.version_of(person))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
