"""Visits to Chinese medicine: disease and syndrome together with the western diagnosis, and slices in a formula.

Formulas are classical ones, restated; doses lie within the catalogue's, and none holds what must not go together.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Final

from xinglin.city import vitals
from xinglin.city.names import rows
from xinglin.city.record import Record, Visit
from xinglin.city.stream import Weighted
from xinglin.city.terms import PRESCRIPTION_NUMBER, UCUM, Json, coding, concept, disease, identifier, reference, system
from xinglin.city.visits import doctor, number
from xinglin.tables.catalogues import slices

RATE: Final = 0.12  # visits a year of an adult (design)
DOSES: Final = 7  # days; one dose (剂) a day


@dataclass(frozen=True, slots=True)
class Pattern:
    """A disease (病) with its syndrome (证), and the formula: names of slices with grams of a day."""

    disease: str
    disease_title: str
    syndrome: str
    syndrome_title: str
    code: str
    title: str
    department: str
    weight: float
    formula: tuple[tuple[str, float], ...]


@cache
def patterns() -> tuple[Pattern, ...]:
    """Give what is seen."""
    return tuple(
        Pattern(
            disease=row["disease"],
            disease_title=row["disease_title"],
            syndrome=row["syndrome"],
            syndrome_title=row["syndrome_title"],
            code=row["code"],
            title=row["title"],
            department=row["department"],
            weight=float(row["weight"]),
            formula=tuple(
                (name, float(grams)) for name, _, grams in (one.partition(":") for one in row["slices"].split("+"))
            ),
        )
        for row in rows("tcm.csv")
    )


def tcm(record: Record) -> None:
    """Write the visits of an adult."""
    stream, spec, person = record.stream, record.spec, record.person
    days = (person.last(spec.until) - spec.since).days
    if person.age(spec.since) < 18 or days < 1:
        return
    for _ in range(stream.count(RATE * days / 365)):
        one = _choices(person.sex).draw(stream)
        made = record.visit(
            spec.since + timedelta(days=stream.below(days)),
            doctor(record, "city" if stream.chance(0.35) else "county", one.department),
            number=number(record),
        )
        diagnosis = _diagnose(record, made, one)
        if stream.chance(0.5):
            vitals.pressure(record, made)
        _prescribe(record, made, one, diagnosis)


def _diagnose(record: Record, visit: Visit, one: Pattern) -> str:
    """Write the western diagnosis with disease and syndrome beside it."""
    made = record.diagnose(visit, one.code, one.title, days=21)
    record.out[-1]["code"] = {
        "coding": [
            *disease(one.code, one.title)["coding"],
            coding(system("gbt-15657-disease"), one.disease, one.disease_title),
            coding(system("gbt-15657-syndrome"), one.syndrome, one.syndrome_title),
        ],
        "text": f"{one.disease_title}（{one.syndrome_title}）",
    }
    return made


def _prescribe(record: Record, visit: Visit, one: Pattern, diagnosis: str) -> None:
    """Write the slices, each on its line, all under one number (R3-003, R3-009)."""
    prescription = identifier(PRESCRIPTION_NUMBER, f"{visit.institution.id}-{record.person.next_id()}")
    ended = visit.day + timedelta(days=DOSES) < record.spec.until
    for name, grams in one.formula:
        record.add(
            "MedicationRequest",
            groupIdentifier=prescription,
            status="completed" if ended else "active",
            intent="order",
            category=[concept(system("prescription-kind"), "slices")],
            medicationCodeableConcept=_slice(name),
            subject=record.subject,
            encounter=visit.reference,
            authoredOn=visit.at,
            requester=reference("Practitioner", visit.doctor.id, visit.doctor.name),
            reasonReference=[reference("Condition", diagnosis)],
            dosageInstruction=[_dosage(grams)],
            dispenseRequest=_supply(grams),
        )


@cache
def _slice(name: str) -> Json:
    code = next(one.code for one in slices() if one.name == name)
    return {"coding": [coding(system("tcm-slice"), code, name)], "text": name}


@cache
def _dosage(grams: float) -> Json:
    return {
        "text": f"{grams:g}g，每日1剂，共{DOSES}剂，水煎服，分2次温服",
        "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
        "route": concept(system("route"), "口服", "口服"),
        "doseAndRate": [{"doseQuantity": {"value": grams, "unit": "g", "system": UCUM, "code": "g"}}],
    }


@cache
def _supply(grams: float) -> Json:
    return {
        "quantity": {"value": grams * DOSES, "unit": "g", "system": UCUM, "code": "g"},
        "expectedSupplyDuration": {"value": DOSES, "unit": "天", "system": UCUM, "code": "d"},
    }


@cache
def _choices(sex: str) -> Weighted[Pattern]:
    return Weighted((one, one.weight) for one in patterns() if sex == "female" or one.department != "50.03")
