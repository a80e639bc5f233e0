"""What the index holds of a resource, with the rights that follow from it: relations, and the terms of consents.

A Patient has the keys of its blocks besides, by which those who may be the same person are found (`store.matching`);
what gathers others has a key of each, by which it is found when one of them is labelled (`store.gathering`).
"""

from collections.abc import Iterable

from msgspec import Struct, to_builtins

from xinglin.fhir.search import keys, references
from xinglin.fhir.search.entry import Entry
from xinglin.fhir.search.extract import entry
from xinglin.fhir.search.persons import NOBODY, Persons
from xinglin.matching import blocks
from xinglin.security import consents, relations
from xinglin.security.labels import BESIDE, GATHERING, gathered

_RELATING = frozenset({"Encounter", "Appointment", "CareTeam", "ServiceRequest", "Task"})


def indexed(
    resource: Struct, *, now_us: int, base_url: str = "", id: str | None = None, persons: Persons = NOBODY
) -> Entry:
    """Compute what the index holds of *resource*; arguments as of `fhir.search.extract.entry`."""
    made = entry(resource, now_us=now_us, base_url=base_url, id=id, persons=persons)
    if made.rt in BESIDE:
        found = _beside(resource, made.rt, base_url)
        made.pats = tuple(dict.fromkeys(map(persons.canonical, found)))
        made.named = tuple(one for one in found if persons.canonical(one) != one)
        made.pat = made.pats[0] if len(made.pats) == 1 else None
    if made.rt in GATHERING:
        _also(made, gathered(resource))
    if made.rt == "Patient":
        _blocks(resource, made)
    elif made.pat is None:
        # Consents of any of several patients count.
        made.keys.extend(consents.MEMBER ^ pat for pat in made.pats)
    elif made.rt in _RELATING:
        for one in relations.relations(resource, base_url=base_url):
            made.dx.append((relations.base_key(one.kind, one.who), one.lo, one.hi))
            made.dx.append((relations.patient_salt(one.kind, one.who) ^ made.pat, one.lo, one.hi))
    elif made.rt == "Consent":
        _consent(resource, made, made.pat, base_url)
    return made


def _blocks(patient: Struct, made: Entry) -> None:
    """Add the keys of the blocks of a Patient."""
    _also(made, blocks.keys(to_builtins(patient)))


def _also(made: Entry, more: Iterable[int]) -> None:
    """Add keys with rows, before the keys that serve checks only."""
    found = [key for key in more if key not in made.keys]
    made.keys[len(made.ix) : len(made.ix)] = found
    made.ix.extend((key, False) for key in found)


def _beside(resource: Struct, rt: str, base_url: str) -> tuple[int, ...]:
    """Give the patients that a resource outside the patient's compartment is about."""
    value = getattr(resource, BESIDE[rt])
    found: dict[int, None] = {}
    for reference in value if isinstance(value, list) else (value,):
        target = (
            references.local(reference.reference, base_url) if reference is not None and reference.reference else None
        )
        if target is not None and target.type == "Patient":
            found[keys.rid_of("Patient", target.id)] = None
    return tuple(found)


def _consent(resource: Struct, made: Entry, patient: int, base_url: str) -> None:
    """Add the terms of a consent, and for each kind a mark that the patient has such terms, as long as any holds."""
    marks: dict[str, tuple[int, int]] = {}
    rows: dict[tuple[int, int, int], None] = {}
    for one in consents.provisions(resource, base_url=base_url):
        rows[consents.term_key(one.kind, one.term), one.lo, one.hi] = None
        lo, hi = marks.get(one.kind, (one.lo, one.hi))
        marks[one.kind] = min(lo, one.lo), max(hi, one.hi)
    for kind in ("deny", "permit"):
        if kind in marks:
            rows[consents.mark_salt(kind) ^ patient, marks[kind][0], marks[kind][1]] = None
    made.dx.extend(rows)
