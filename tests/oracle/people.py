"""Who asks: grants of every shape, what their reaches mean, and principals who hold them."""

import random  # noqa: TID251  seeded: every run makes the same
from collections.abc import Iterator
from typing import Final

from tests.oracle.asked import name_of
from tests.oracle.decision import PLACES, Judge, Reach, Rule, named
from tests.oracle.town import DOCTORS, HOSPITALS, PATIENTS
from tests.oracle.values import REFERENCES, Document, person
from xinglin.security.grants import Grant
from xinglin.security.principal import Principal

LOOK: Final = frozenset({"read", "vread", "search", "history"})
CHANGE: Final = frozenset({"create", "update", "patch", "delete"})
ALL: Final = LOOK | CHANGE
DIRECTORY: Final = ("Practitioner", "PractitionerRole", "Organization", "Schedule", "Slot")
RECORD: Final = ("Patient", *(type for type in PLACES if type not in DIRECTORY))
KINDS: Final = ("encounter", "appointment", "contract", "referral", "consult", "order", "emergency")
MASKS: Final = frozenset({"Patient.identifier", "Patient.telecom"})


def rules() -> tuple[Rule, ...]:
    return tuple(_rules())


def _rules() -> Iterator[Rule]:
    for type in DIRECTORY:
        for role in ("doctor", "clerk", "own"):
            yield Rule(Grant(role, LOOK, type))
    for type in RECORD:
        mine = "_id={patients.id}" if type == "Patient" else "patient={patients}"
        yield Rule(Grant("own", ALL, type, reach=mine), _own)
        yield Rule(Grant("doctor", ALL, type, reach=f"_relation={','.join(KINDS)}"), _related(*KINDS))
        yield Rule(Grant("gate", LOOK, type, needs=frozenset({"L2"}), reach=mine), _own)
    for role in ("doctor", "own"):
        operations = frozenset({"everything", "summary", "match"})
        yield Rule(Grant(role, frozenset({"operate"}), "Patient", operations=operations))
        yield Rule(Grant(role, frozenset({"operate"}), "Composition", operations=frozenset({"document", "sign"})))
    for type in ("Patient", "Encounter", "Observation", "Condition"):
        strong = Grant(
            "ward", LOOK, type, reach="_relation=encounter", needs=frozenset({"strong"}), purposes=frozenset({"TREAT"})
        )
        yield Rule(strong, _related("encounter"))
    for type in ("Patient", "ServiceRequest", "Observation", "Task"):
        yield Rule(Grant("lab", LOOK, type, reach="_relation:organization=order"), _related("order", organization=True))
        yield Rule(
            Grant("lab", LOOK, type, reach="_relation:organization=encounter"), _related("encounter", organization=True)
        )
    for type in ("Patient", "Appointment"):
        yield Rule(Grant("clerk", ALL, type))
    yield Rule(Grant("desk", LOOK, "Patient", masks=MASKS))
    yield Rule(Grant("desk", LOOK, "Appointment"))
    for type in ("Observation", "Condition", "Patient"):
        research = frozenset({"HRESCH"})
        yield Rule(Grant("statist", LOOK, type, purposes=research))
        yield Rule(Grant("trialist", LOOK, type, reach="_permit=HRESCH", purposes=research), _permitted)
    yield Rule(Grant("sugar", LOOK, "Observation", reach="code=2345-7"), named("Observation", "code", "2345-7"))
    yield Rule(Grant("sugar", LOOK, "Patient", reach="_has:Observation:patient:code=2345-7"), _with_sugar)
    yield Rule(Grant("sugar", LOOK, "DiagnosticReport", reach="result:Observation.code=2345-7"), _reports_sugar)
    yield Rule(Grant("sugar", LOOK, "Encounter", reach="class=AMB&status:not=cancelled"), _visits)
    yield Rule(Grant("house", ALL, "Patient", reach="organization={organization}"), _of_house("organization"))
    yield Rule(
        Grant("house", LOOK, "Encounter", reach="service-provider={organization}"), _of_house("service-provider")
    )
    yield Rule(
        Grant("house", LOOK, "Observation", reach="patient:Patient.organization={organization}"), _of_patients_of_house
    )
    yield Rule(Grant("house", frozenset({"search"}), "Condition"))
    yield Rule(Grant("house", frozenset({"read"}), "MedicationRequest"))


def _own(document: Document, judge: Judge) -> bool:
    mine = {person(one) for one in judge.principal.patients or filter(None, [judge.principal.patient])}
    if document["resourceType"] == "Patient":
        return person(name_of(document)) in mine
    return bool(mine & _patients(document))


def _patients(document: Document) -> set[str]:
    return {person(str(one)) for one in REFERENCES[document["resourceType"]]["patient"](document)}


def _related(*kinds: str, organization: bool = False) -> Reach:
    return lambda document, judge: judge.related(document, kinds, organization=organization)


def _permitted(document: Document, judge: Judge) -> bool:
    return judge.permitted(document, "HRESCH")


def _with_sugar(document: Document, judge: Judge) -> bool:
    measured = judge.seen("Observation")
    return any(person(name_of(document)) in _patients(one) and _sweet(one, judge) for one in measured)


def _reports_sugar(document: Document, judge: Judge) -> bool:
    wanted = set(REFERENCES["DiagnosticReport"]["result"](document))
    return any(name_of(one) in wanted and _sweet(one, judge) for one in judge.seen("Observation"))


_sweet: Final = named("Observation", "code", "2345-7")


def _visits(document: Document, _judge: Judge) -> bool:
    return bool(document["class"]["code"] == "AMB") and document["status"] != "cancelled"


def _of_house(code: str) -> Reach:
    return lambda document, judge: judge.principal.organization in REFERENCES[document["resourceType"]][code](document)


def _of_patients_of_house(document: Document, judge: Judge) -> bool:
    whose = _patients(document)
    mine = judge.principal.organization
    return any(
        person(name_of(one)) in whose and mine in REFERENCES["Patient"]["organization"](one)
        for one in judge.seen("Patient")
    )


SCOPES: Final = (
    {"patient/*.rs"},
    {"patient/Observation.rs?category=laboratory", "patient/Patient.r"},
    {"patient/*.read", "user/Practitioner.read"},
    {"user/Observation.rs", "user/Patient.s"},
    {"user/*.cruds"},
    {"user/Condition.r", "user/Encounter.rs?class=AMB"},
    {"user/Patient.write", "user/Patient.read"},
    {"openid", "launch/patient"},
)


def principals(chance: random.Random) -> list[Principal]:
    """A crowd: every role several times, with and without scopes, a few with two roles, one with none."""
    found = [Principal("nobody", frozenset()), Principal("lost", frozenset({"doctor", "own", "house", "lab", "ward"}))]
    for role in ("own", "gate"):
        for number, who in enumerate(PATIENTS):
            others = tuple(chance.sample(PATIENTS, chance.choice([0, 0, 1, 2])))
            found.append(
                Principal(
                    f"{role}{number}",
                    frozenset({role}),
                    patient=who,
                    patients=(who, *others) if others else (),
                    level=chance.choice(["L0", "L1", "L2", "L3"]),
                    purpose="PATRQT",
                )
            )
    roles = [
        {"doctor"},
        {"ward"},
        {"lab"},
        {"clerk"},
        {"desk"},
        {"sugar"},
        {"house"},
        {"doctor", "clerk"},
        {"house", "desk"},
    ]
    for number, doctor in enumerate(DOCTORS):
        for held in roles:
            found.append(  # noqa: PERF401  reads better so
                Principal(
                    f"{'-'.join(sorted(held))}{number}",
                    frozenset(held | ({"physician"} if "doctor" in held else set())),  # who signs
                    practitioner=doctor,
                    practitioner_role=f"PractitionerRole/r{number + 1}",
                    organization=HOSPITALS[number % 3],
                    strong=chance.random() < 0.7,
                    purpose=chance.choice(["TREAT", "TREAT", "ETREAT", "HPAYMT"]),
                )
            )
    for number in range(4):
        roles_of = frozenset({chance.choice(["statist", "trialist"])})
        purpose = chance.choice(["HRESCH", "HRESCH", "TREAT"])
        found.append(
            Principal(
                f"study{number}",
                roles_of,
                practitioner=DOCTORS[number],
                organization=HOSPITALS[number % 3],
                purpose=purpose,
            )
        )
    return found + [_narrowed(chance, one, number) for number, one in enumerate(chance.sample(found[2:], 24))]


def _narrowed(chance: random.Random, one: Principal, number: int) -> Principal:
    """The same person through an app."""
    return Principal(
        f"{one.id}-app{number}",
        one.roles,
        patient=one.patient,
        practitioner=one.practitioner,
        organization=one.organization,
        purpose=one.purpose,
        practitioner_role=one.practitioner_role,
        patients=one.patients,
        level=one.level,
        strong=one.strong,
        scopes=frozenset(chance.choice(SCOPES)),
        launch_patient=one.patient or chance.choice([*PATIENTS, None]),
    )
