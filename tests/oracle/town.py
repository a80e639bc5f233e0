"""A small nasty town: people whose records belong to each other's institutions, moved, deleted, shared and withheld.

Times are days from the moment `NOW`; the test's clock stands there.
"""

import random  # noqa: TID251  seeded: every run makes the same
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.oracle.values import Document

NOW: Final = datetime(2026, 3, 4, 2, 30, tzinfo=UTC)  # 10:30 of a Wednesday in Jiaozuo
PATIENTS: Final = tuple(f"Patient/p{n}" for n in range(1, 10))
# one record of a person into another, one after the other
MERGED: Final = (("p3", "p4"), ("p5", "p6"), ("p6", "p7"))
DOCTORS: Final = tuple(f"Practitioner/d{n}" for n in range(1, 7))
HOSPITALS: Final = tuple(f"Organization/h{n}" for n in range(1, 4))
ICD10: Final = "http://hl7.org/fhir/sid/icd-10-cn"
LOINC: Final = "http://loinc.org"
# harmless, and each special class that is known by its ICD-10 code
DIAGNOSES: Final = ("I10", "E11.9", "J45.9", "F32.1", "B20.1", "A51.0", "O04.9")
TESTS: Final = ("718-7", "2345-7", "8480-6")
CATEGORIES: Final = ("laboratory", "vital-signs")
OURS: Final = "https://xinglin.health/fhir/CodeSystem"
REASONS: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
FAMILIES: Final = ("Li", "Wang", "Zhang")


def at(days: float) -> str:
    """An instant so many days from now."""
    return (NOW + timedelta(days=days)).isoformat(timespec="seconds").replace("+00:00", "Z")


def given_of(who: str) -> str:
    """The given name of a patient: nobody else's, so that it tells whom an answer names."""
    return f"Xq{who.partition('/')[2]}q"


def day(days: float) -> str:
    return at(days)[:10]


def to(reference: str) -> Document:
    return {"reference": reference}


def concept(system: str, code: str) -> Document:
    return {"coding": [{"system": system, "code": code}]}


def resource(reference: str, /, **members: Any) -> Document:
    type, _, id = reference.partition("/")
    return {"resourceType": type, "id": id, **{key: value for key, value in members.items() if value is not None}}


class Town:
    """Documents in the order they are written; a document of a reference that is there already is a new version."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.written: list[Document] = []
        self._numbers: dict[str, int] = {}
        self._directory()
        self._people()
        for who in PATIENTS:
            self._relations(who)
            self._record(who)
            self._consents(who)
        self._joined()
        self._care_line()
        self.deleted = self._second_versions()

    def add(self, kind: str, /, **members: Any) -> str:
        """Write a document under the next id of its type."""
        number = self._numbers[kind] = self._numbers.get(kind, 0) + 1
        reference = f"{kind}/{kind.lower()}-{number}"
        self.written.append(resource(reference, **members))
        return reference

    def maybe(self, share: float) -> bool:
        return self.chance.random() < share

    def _directory(self) -> None:
        for number, hospital in enumerate(HOSPITALS):
            partof = to(HOSPITALS[0]) if number == 1 else None
            self.written.append(resource(hospital, name=f"Hospital {number}", partOf=partof))
        for number, doctor in enumerate(DOCTORS):
            self.written.append(resource(doctor, name=[{"family": FAMILIES[number % 3]}]))
            role = {"practitioner": to(doctor), "organization": to(HOSPITALS[number % 3])}
            self.written.append(resource(f"PractitionerRole/r{number + 1}", **role))

    def _people(self) -> None:
        for number, who in enumerate(PATIENTS):
            # the last two are children
            born = "2018-05-05" if number >= len(PATIENTS) - 2 else f"19{50 + 3 * number}-02-03"
            self.written.append(
                resource(
                    who,
                    name=[{"family": self.chance.choice(FAMILIES), "given": [given_of(who)]}],
                    gender=self.chance.choice(["male", "female"]),
                    birthDate=born,
                    telecom=[{"system": "phone", "value": f"1380000{number:04}"}],
                    identifier=[{"system": "https://example.org/card", "value": f"card-2026-{number:05}"}],
                    managingOrganization=to(self.chance.choice(HOSPITALS)) if self.maybe(0.6) else None,
                    generalPractitioner=[to(self.chance.choice(DOCTORS))] if self.maybe(0.5) else None,
                )
            )
            if self.maybe(0.4):
                self.add("RelatedPerson", patient=to(who), name=[{"family": "Kin"}])

    def _relations(self, who: str) -> None:
        chance = self.chance
        for _ in range(chance.randrange(3)):
            status, start, end = chance.choice(
                [
                    ("in-progress", -1, None),
                    ("planned", 1, None),
                    ("finished", -9, -8.5),
                    ("finished", -2, -1),
                    ("cancelled", -1, 0),
                ]
            )
            self.add(
                "Encounter",
                status=status,
                **{
                    "class": {
                        "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                        "code": chance.choice(["AMB", "IMP", "VR"]),
                    }
                },
                subject=to(who),
                participant=[{"individual": to(chance.choice([*DOCTORS, "PractitionerRole/r3"]))}],
                serviceProvider=to(chance.choice(HOSPITALS)) if self.maybe(0.7) else None,
                period={"start": at(start), **({"end": at(end)} if end is not None else {})},
            )
        if self.maybe(0.6):
            begins = chance.choice([-1, 0.1, 0.2, 2])
            self.add(
                "Appointment",
                status=chance.choice(["booked", "arrived", "cancelled", "fulfilled"]),
                start=at(begins),
                end=at(begins + 0.02),
                participant=[
                    {"actor": to(who), "status": "accepted"},
                    {"actor": to(chance.choice(DOCTORS)), "status": "accepted"},
                ],
            )
        if self.maybe(0.4):
            start, end = chance.choice([(-100, 200), (-100, -1), (5, 100), (-50, None)])
            self.add(
                "CareTeam",
                status=chance.choice(["active", "active", "inactive"]),
                subject=to(who),
                period={"start": at(start), **({"end": at(end)} if end is not None else {})},
                participant=[{"member": to(chance.choice(DOCTORS))}, {"member": to(chance.choice(HOSPITALS))}],
            )
        if self.maybe(0.5):
            self.add(
                "ServiceRequest",
                status=chance.choice(["active", "active", "completed", "revoked"]),
                intent="order",
                code=chance.choice([concept(LOINC, chance.choice(TESTS)), concept(f"{OURS}/request", "referral")]),
                category=[concept(f"{OURS}/request", "consult")] if self.maybe(0.3) else None,
                subject=to(who),
                requester=to(chance.choice(DOCTORS)),
                performer=[to(chance.choice([*DOCTORS, *HOSPITALS]))],
                authoredOn=at(-1),
            )
        for _ in range(chance.randrange(3)):
            self._task(who)

    def _task(self, who: str) -> None:
        """An order, a referral, a request for advice, or an emergency: over, going on, or to come."""
        chance = self.chance
        system, code = chance.choice(
            [
                ("http://hl7.org/fhir/CodeSystem/task-code", "fulfill"),
                (f"{OURS}/request", "referral"),
                (f"{OURS}/request", "consult"),
                (f"{OURS}/task", "break-glass"),
            ]
        )
        start, end = chance.choice([(-0.01, 0.01), (-0.05, -0.01), (-1, None), (0.1, 0.2)])
        self.add(
            "Task",
            status=chance.choice(["requested", "accepted", "in-progress", "completed", "rejected"]),
            intent="order",
            code=concept(system, code),
            **{"for": to(who)},
            requester=to(chance.choice(DOCTORS)),
            owner=to(chance.choice([*DOCTORS, *HOSPITALS])),
            authoredOn=at(-1),
            executionPeriod={"start": at(start), **({"end": at(end)} if end is not None else {})},
        )

    def _record(self, who: str) -> None:
        chance = self.chance
        mine = [one["id"] for one in self.written if one["resourceType"] == "Encounter" and one["subject"] == to(who)]
        seen_at = to(f"Encounter/{chance.choice(mine)}") if mine else None
        for _ in range(2 + chance.randrange(3)):
            self.add(
                "Condition",
                subject=to(who),
                clinicalStatus=concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
                code=concept(ICD10, chance.choice(DIAGNOSES)),
                category=[concept("http://terminology.hl7.org/CodeSystem/condition-category", "problem-list-item")],
                encounter=seen_at if self.maybe(0.5) else None,
                recordedDate=at(-chance.randrange(1, 300)),
            )
        for _ in range(3 + chance.randrange(4)):
            other = chance.choice(PATIENTS) if self.maybe(0.08) else None
            self.add(
                "Observation",
                status=chance.choice(["final", "amended"]),
                category=[
                    concept("http://terminology.hl7.org/CodeSystem/observation-category", chance.choice(CATEGORIES))
                ],
                code=concept(LOINC, chance.choice(TESTS)),
                subject=to(who),
                encounter=seen_at if self.maybe(0.4) else None,
                performer=[to(other or chance.choice([*DOCTORS, *HOSPITALS]))] if self.maybe(0.6) else None,
                effectiveDateTime=at(-chance.randrange(1, 200)),
                valueQuantity={"value": chance.randrange(1, 9)},
            )
        if self.maybe(0.7):
            self.add(
                "MedicationRequest",
                status="active",
                intent="order",
                medicationCodeableConcept=concept("http://www.whocc.no/atc", chance.choice(["C08CA01", "A10BA02"])),
                subject=to(who),
                requester=to(chance.choice(DOCTORS)),
                encounter=seen_at,
            )
        if self.maybe(0.5):
            self.add(
                "AllergyIntolerance",
                patient=to(who),
                code=concept("http://snomed.info/sct", "91936005"),
                clinicalStatus=concept("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active"),
            )
        if self.maybe(0.4):
            self.add("Communication", status="completed", subject=to(who), recipient=[to(who)])
        if self.maybe(0.5):
            self.add(
                "DocumentReference",
                status="current",
                type=concept(LOINC, "34133-9"),
                subject=to(who),
                author=[to(chance.choice(DOCTORS))],
                content=[{"attachment": {"contentType": "text/plain", "title": "letter"}}],
            )

    def _consents(self, who: str) -> None:
        for _ in range(self.chance.choice([0, 0, 1, 1, 2])):
            self.add(
                "Consent",
                status=self.chance.choice(["active", "active", "active", "inactive"]),
                scope=concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
                category=[concept(LOINC, "59284-0")],
                patient=to(who),
                dateTime=at(-3),
                policy=[{"uri": "https://example.org/policy"}],
                provision=self._provision(self.chance.choice(["deny", "deny", "permit"]), 0),
            )

    def _provision(self, kind: str, depth: int) -> Document:
        chance = self.chance
        made: Document = {"type": kind}
        if self.maybe(0.4):
            start, end = chance.choice([(-100, -1), (-10, 10), (1, 10), (-10, None)])
            made["period"] = {"start": at(start), **({"end": at(end)} if end is not None else {})}
        if self.maybe(0.5):
            role = {
                "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]
            }
            named = [*DOCTORS, *HOSPITALS, "Group/unknown", "PractitionerRole/r2"]
            made["actor"] = [
                {"role": role, "reference": to(chance.choice(named))} for _ in range(chance.choice([1, 1, 2]))
            ]
        if self.maybe(0.4):
            made["purpose"] = [{"system": REASONS, "code": chance.choice(["TREAT", "HRESCH", "HRESCH", "HPAYMT"])}]
        if self.maybe(0.5):
            system, codes = chance.choice(
                [
                    ("http://hl7.org/fhir/resource-types", ("Observation", "Condition", "Patient")),
                    (f"{OURS}/data-class", ("status", "application", "personal")),
                ]
            )
            made["class"] = [{"system": system, "code": chance.choice(codes)}]
        if self.maybe(0.35):
            label = {"system": f"{OURS}/sensitive-class", "code": chance.choice(["mental", "hiv", "std", "minor"])}
            made["securityLabel"] = [chance.choice([label, {"system": f"{OURS}/security-level", "code": "5"}])]
        if depth < 2 and self.maybe(0.3):
            made["provision"] = [self._provision(chance.choice(["permit", "deny"]), depth + 1)]
        return made

    def _joined(self) -> None:
        """Reports of what others measured, also of other patients."""
        measured = [one for one in self.written if one["resourceType"] == "Observation"]
        for _ in range(8):
            results = self.chance.sample(measured, 2)
            self.add(
                "DiagnosticReport",
                status="final",
                code=concept(LOINC, "24323-8"),
                category=[concept("http://terminology.hl7.org/CodeSystem/v2-0074", "LAB")],
                subject=results[0]["subject"],
                result=[to(f"Observation/{one['id']}") for one in results],
            )

    def _care_line(self) -> None:
        """Sessions and numbers of the hospitals; prescriptions, claims, bills and documents of the patients."""
        draw = random.Random(len(self.written))
        for doctor in DOCTORS[:3]:
            session = self.add("Schedule", actor=[to(doctor)])
            for hour in range(3):
                self.add(
                    "Slot",
                    schedule=to(session),
                    status=draw.choice(["free", "busy"]),
                    start=at(1 + hour / 24),
                    end=at(1 + (hour + 1) / 24),
                )
        for who in PATIENTS:
            mine = [f"{one['resourceType']}/{one['id']}" for one in self.written if one.get("subject") == to(who)]
            visits = [one for one in mine if one.startswith("Encounter/")]
            visit = to(draw.choice(visits)) if visits and draw.random() < 0.5 else None
            author, house = to(draw.choice(DOCTORS)), to(draw.choice(HOSPITALS))
            status = draw.choice(["active", "draft"])
            self.add(
                "RequestGroup", status=status, intent="order", subject=to(who), author=author, encounter=visit,
                action=[{"resource": {"display": "line"}, "participant": [to(draw.choice(PATIENTS))]}]
                if draw.random() < 0.2 else None,
            )  # fmt: skip
            self.add(
                "Claim", status=status, type=concept(f"{OURS}/claim", "visit"), use="claim", patient=to(who),
                created=day(-1), provider=house, priority=concept(f"{OURS}/claim", "normal"),
                insurance=[{"sequence": 1, "focal": True, "coverage": {"display": "insured"}}],
            )  # fmt: skip
            self.add("Invoice", status=draw.choice(["issued", "balanced"]), subject=to(who), issuer=house)
            named = [to(one) for one in draw.sample(mine, min(3, len(mine)))]
            self.add(
                "Composition", status="final", type=concept(LOINC, "34133-9"), subject=to(who), encounter=visit,
                date=at(-1), author=[author], title="Note", section=[{"title": "All", "entry": named}],
            )  # fmt: skip

    def _second_versions(self) -> list[str]:
        """Some records are changed, some given to another patient, some deleted: the references of these."""
        chance = self.chance
        first = list(self.written)
        for one in first:
            kind = one["resourceType"]
            if kind in {"Observation", "Condition"} and self.maybe(0.15):
                self.written.append({**one, "subject": to(chance.choice(PATIENTS))})
            elif kind in {"Observation", "MedicationRequest", "Patient"} and self.maybe(0.15):
                self.written.append({**one, "language": "zh"})
        likely = [one for one in first if one["resourceType"] in {"Observation", "Condition", "AllergyIntolerance"}]
        return [f"{one['resourceType']}/{one['id']}" for one in chance.sample(likely, 6)]
