"""What is written of a person: one writer for each, which knows patient, stream and the ids given so far."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from xinglin.city.body import Body
from xinglin.city.diseases import Illness
from xinglin.city.institutions import Department, Institution
from xinglin.city.people import Household, Person
from xinglin.city.spec import CitySpec
from xinglin.city.staff import Worker
from xinglin.city.stream import Stream
from xinglin.city.terms import (
    HL7,
    LOINC,
    META,
    UCUM,
    Json,
    coding,
    concept,
    disease,
    extension,
    instant,
    reference,
    system,
)
from xinglin.tables.codes import by_code

CLASSES: Final = {
    "AMB": coding(f"{HL7}/v3-ActCode", "AMB", "门诊"),
    "EMER": coding(f"{HL7}/v3-ActCode", "EMER", "急诊"),
    "IMP": coding(f"{HL7}/v3-ActCode", "IMP", "住院"),
    "HH": coding(f"{HL7}/v3-ActCode", "HH", "家庭"),
    "VR": coding(f"{HL7}/v3-ActCode", "VR", "线上"),
}
_ACTIVE: Final = concept(f"{HL7}/condition-clinical", "active")
_RESOLVED: Final = concept(f"{HL7}/condition-clinical", "resolved")
_CONFIRMED: Final = concept(f"{HL7}/condition-ver-status", "confirmed")
_DIAGNOSIS: Final = [concept(f"{HL7}/condition-category", "encounter-diagnosis")]
_PROBLEM: Final = [concept(f"{HL7}/condition-category", "problem-list-item")]
_PRESENT: Final = coding(system("front-page-admission-condition"), "1", "有")
# What a tumour is of under the microscope stands beside its code (ST-41).
_MORPHOLOGY: Final = {"C34.900x001": ("M81400/3", "腺癌")}
VITAL: Final = [concept(f"{HL7}/observation-category", "vital-signs")]
LABORATORY: Final = [concept(f"{HL7}/observation-category", "laboratory")]


@dataclass(slots=True)
class Visit:
    """An encounter that is being written: others name it. minute: of the day on which it began."""

    id: str
    day: date
    minute: int
    doctor: Worker
    reference: Json
    resource: Json

    @property
    def at(self) -> str:
        """The instant a few minutes after it began."""
        return instant(self.day, self.minute + 8)

    @property
    def institution(self) -> Institution:
        """Where it was."""
        return self.doctor.institution


@dataclass(slots=True)
class Record:
    """The record of one person.

    problems, episodes: ids by name of the disease or programme. expecting: from when to when the person was pregnant.
    pick: chooses among drugs, so that a patient keeps his. visits: those written so far, by id of the Encounter.
    coverage: id of the insurance; insurance: its kind, ``employee`` or ``resident``.
    """

    spec: CitySpec
    house: Household
    person: Person
    ill: dict[str, Illness]
    body: Body
    pick: int = 0
    allergic: bool = False
    expecting: list[tuple[date, date]] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    episodes: dict[str, str] = field(default_factory=dict)
    out: list[Json] = field(default_factory=list)
    visits: dict[str, Visit] = field(default_factory=dict)
    coverage: str = ""
    insurance: str = "resident"
    subject: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.subject = reference("Patient", self.person.id, self.person.name)

    @property
    def stream(self) -> Stream:
        """The draws of the household."""
        return self.house.stream

    def pregnant(self, day: date) -> bool:
        """Tell whether the person expects a child on a day."""
        return any(since <= day <= until for since, until in self.expecting)

    def add(self, type_: str, **rest: object) -> str:
        """Write a resource with the next id, which is given back."""
        made = self.person.next_id()
        self.out.append({"resourceType": type_, "id": made, "meta": META, **rest})
        return made

    def visit(
        self,
        day: date,
        doctor: Worker,
        *,
        kind: str = "AMB",
        number: Json | None = None,
        type_: Json | None = None,
        episode: str | None = None,
        minute: int | None = None,
        length: int = 20,
        open_: bool = False,
    ) -> Visit:
        """Write an Encounter. number: its identifier; type_: what it is for; episode: the EpisodeOfCare above it."""
        at = self.stream.between(8 * 60, 17 * 60) if minute is None else minute
        department = Department(doctor.institution, doctor.department)
        made: Json = {
            "resourceType": "Encounter",
            "id": self.person.next_id(),
            "meta": META,
            "status": "in-progress" if open_ else "finished",
            "class": CLASSES[kind],
            "serviceType": concept(system("department"), doctor.department, department.title),
            "subject": self.subject,
            "participant": [{"individual": reference("Practitioner", doctor.id, doctor.name)}],
            "period": {"start": instant(day, at)}
            if open_
            else {"start": instant(day, at), "end": instant(day, at + length)},
            "serviceProvider": reference("Organization", doctor.institution.id, doctor.institution.name),
        }
        if number is not None:
            made["identifier"] = [number]
        if type_ is not None:
            made["type"] = [type_]
        if episode is not None:
            made["episodeOfCare"] = [reference("EpisodeOfCare", episode)]
        self.out.append(made)
        visit = Visit(made["id"], day, at, doctor, reference("Encounter", made["id"]), made)
        self.visits[visit.id] = visit
        return visit

    def diagnose(self, visit: Visit, code: str, title: str, *, rank: int = 1, use: str = "", days: int = 0) -> str:
        """Write a diagnosis of a visit; the first is also what the visit was for.

        days: after which the illness is over; 0: it lasts.
        """
        what = disease(code, title)
        if code in _MORPHOLOGY:
            what = {"coding": [*what["coding"], coding(system("icd-10-morphology"), *_MORPHOLOGY[code])], "text": title}
        over = visit.day + timedelta(days=days)
        past = {"abatementDateTime": over.isoformat()} if days and over <= self.spec.until else {}
        made = self.add(
            "Condition",
            **past,
            clinicalStatus=_RESOLVED if past else _ACTIVE,
            verificationStatus=_CONFIRMED,
            category=_DIAGNOSIS,
            code=what,
            subject=self.subject,
            encounter=visit.reference,
            recordedDate=visit.at,
            recorder=reference("Practitioner", visit.doctor.id, visit.doctor.name),
        )
        named: Json = {"condition": reference("Condition", made), "rank": rank}
        if use:
            # What the front page asks of each diagnosis of a stay: whether it was there on admission (ST-34).
            named["use"] = concept(f"{HL7}/diagnosis-role", use)
            named["extension"] = [extension("admission-condition", valueCoding=_PRESENT)]
        visit.resource.setdefault("diagnosis", []).append(named)
        visit.resource.setdefault("reasonCode", [what])
        return made

    def caused(self, visit: Visit, code: str, *, rank: int = 2, use: str = "") -> None:
        """Write the external cause of an injury (ST-34), by its code."""
        self.diagnose(visit, code, by_code("icd10")[code].name, rank=rank, use=use, days=30)

    def problem(self, name: str, code: str, title: str, since: date, *, over: date | None = None) -> str:
        """Write an item of the problem list; over: when it was past."""
        made: Json = {
            "clinicalStatus": _ACTIVE if over is None else _RESOLVED,
            "verificationStatus": _CONFIRMED,
            "category": _PROBLEM,
            "code": disease(code, title),
            "subject": self.subject,
            "onsetDateTime": since.isoformat(),
            "recordedDate": since.isoformat(),
        }
        if over is not None:
            made["abatementDateTime"] = over.isoformat()
        self.problems[name] = self.add("Condition", **made)
        return self.problems[name]

    def measure(self, visit: Visit, code: str, text: str, value: float, unit: str, ucum: str) -> str:
        """Write a vital sign."""
        return self.add(
            "Observation",
            status="final",
            category=VITAL,
            code=concept(LOINC, code, text),
            subject=self.subject,
            encounter=visit.reference,
            effectiveDateTime=visit.at,
            performer=[reference("Practitioner", visit.doctor.id, visit.doctor.name)],
            valueQuantity=quantity(value, unit, ucum),
        )


# How some units are printed in the country.
_PRINTED: Final = {"10*9/L": "×10⁹/L", "10*12/L": "×10¹²/L", "umol/L": "μmol/L", "1": "", "mm[Hg]": "mmHg"}


def quantity(value: float, unit: str, ucum: str) -> Json:
    """Write a Quantity in UCUM."""
    return {"value": value, "unit": _PRINTED.get(unit, unit), "system": UCUM, "code": ucum}
