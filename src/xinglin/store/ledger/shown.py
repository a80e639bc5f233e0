"""What an answer shows, as acts: one for each patient whose data stand in it."""

from collections.abc import Iterable
from datetime import datetime

from xinglin.fhir import codec
from xinglin.fhir.r4.compartments import COMPARTMENTS
from xinglin.fhir.search.extract import entry as entry_of
from xinglin.fhir.search.persons import NOBODY, Persons
from xinglin.fhir.sources import cites
from xinglin.security.ledger import Act, act_by, encounter_of
from xinglin.security.principal import Principal
from xinglin.store.executor import Row, microseconds

_OF_PATIENTS = COMPARTMENTS["Patient"].keys()


@cites("R7-041")
def acts_of(
    principal: Principal,
    at: datetime,
    what: str,
    rows: Iterable[Row],
    *,
    type: str = "",
    rule: tuple[str, ...] = (),
    detail: str = "",
    persons: Persons = NOBODY,
) -> list[Act]:
    """Make the acts of showing *rows*; of showing nothing, one act without a patient.

    what: the interaction. type: what was asked for. detail: names of search parameters, never their values. persons: of
    merged records each gets the acts about what names it, so that they stay right when the merge is undone.
    """
    by_patient: dict[int | None, list[str]] = {}
    visits: dict[int | None, set[str]] = {}
    for row in rows:
        ref = f"{row.rt}/{row.id}/_history/{row.vid}"
        visit = encounter_of(row.rt, row.id, row.entry)
        alone = row.pat is not None and not persons.several(row.pat)
        for patient in (row.pat,) if alone else patients_of(row):
            by_patient.setdefault(patient, []).append(ref)
            visits.setdefault(patient, set()).add(visit)
    if not by_patient:
        return [act_by(principal, at, what, type=type, rule=rule, detail=detail)]
    return [
        act_by(
            principal,
            at,
            what,
            type=type,
            refs=tuple(refs),
            patient=patient,
            encounter=next(iter(visits[patient])) if len(visits[patient]) == 1 else "",
            rule=rule,
            detail=detail,
        )
        for patient, refs in by_patient.items()
    ]


def patients_of(row: Row) -> tuple[int | None, ...]:
    """Find the patients of a resource that is not of one alone, such as a group visit."""
    if row.deleted or (row.pat is None and row.rt not in _OF_PATIENTS):
        return (row.pat,)
    if row.rt == "Patient":
        return (row.rid,)
    struct = codec.decode(row.body(), row.rt)
    return entry_of(struct, now_us=microseconds(row.ts), base_url="").pats or (row.pat,)
