"""Who may see which version: a slow evaluation of "Semantics of a decision" in docs/trust.md, straight from its text.

It shares data with the platform (grants, principals, the Patient compartment of R4) and no decision.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, Final
from zoneinfo import ZoneInfo

from tests.oracle.asked import name_of
from tests.oracle.town import ICD10
from tests.oracle.values import COMPARTMENT, REFERENCES, TOKENS, Document, down, person, pointing
from xinglin.security.grants import Grant
from xinglin.security.principal import Principal

LEVEL: Final = "https://xinglin.health/fhir/CodeSystem/security-level"
SPECIAL: Final = "https://xinglin.health/fhir/CodeSystem/sensitive-class"
CLASS: Final = "https://xinglin.health/fhir/CodeSystem/data-class"
TASKS: Final = "https://xinglin.health/fhir/CodeSystem/task"
REQUESTS: Final = "https://xinglin.health/fhir/CodeSystem/request"
ROLES: Final = "https://xinglin.health/fhir/CodeSystem/role"
TYPES: Final = "http://hl7.org/fhir/resource-types"
REASONS: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
GRACE: Final = timedelta(hours=72)
ZONE: Final = ZoneInfo("Asia/Shanghai")
EVER: Final = datetime(1, 1, 2, tzinfo=UTC)
NEVER: Final = datetime(9999, 12, 30, tzinfo=UTC)
LEVELS: Final = ("L0", "L1", "L2", "L3")

# the primary parameter's place, then every place that the patient compartment of R4 names
PLACES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    type: (places[0], places) for type, places in {**COMPARTMENT, "Task": ("for",)}.items()
}
ACTORS: Final = ("Practitioner", "PractitionerRole", "Organization")
# what the town's diagnoses are, by the first characters of their ICD-10 codes
SPECIAL_BY_CODE: Final = {"F32": "mental", "B20": "hiv", "A51": "std", "O04": "reproductive"}
# what gathers others, and has the labels of what it names
GATHERING: Final = frozenset({"Composition", "DocumentReference"})
LEVEL_5: Final = frozenset(SPECIAL_BY_CODE.values())
DATA_CLASS: Final = {
    "Patient": "personal",
    "RelatedPerson": "personal",
    "Consent": "personal",
    "Condition": "status",
    "Observation": "status",
    "AllergyIntolerance": "status",
    "Claim": "payment",
    "Invoice": "payment",
}

Reach = Callable[[Document, "Judge"], bool]


def patient_of(document: Document) -> str | None:
    """The one patient that a document is about (1)."""
    type = document["resourceType"]
    if type == "Patient":
        return person(name_of(document))
    if type not in PLACES:
        return None
    primary, places = PLACES[type]
    every = {person(str(one)) for one in pointing(*places, to=("Patient",))(document)}
    mine = {person(str(one)) for one in pointing(primary, to=("Patient",))(document)}
    return str(next(iter(every))) if len(every) == 1 and mine == every else None


def patients_of(document: Document) -> set[str]:
    type = document["resourceType"]
    if type == "Patient":
        return {person(name_of(document))}
    return (
        {person(str(one)) for one in pointing(*PLACES[type][1], to=("Patient",))(document)} if type in PLACES else set()
    )


def labels_of(document: Document, now: datetime) -> frozenset[str]:
    """The special classes of its contents, and "5" where they ask for it (11); of the town's codes."""
    codings = list(_codings(document))
    found = {
        label
        for system, code in codings
        if system == ICD10
        for start, label in SPECIAL_BY_CODE.items()
        if code.startswith(start)
    }
    # a label of ours is its own, as in a Consent that names it
    found |= {code for system, code in codings if system == SPECIAL}
    if document["resourceType"] == "Patient" and born(document) > now.astimezone(ZONE).replace(year=now.year - 14):
        found.add("minor")
    return frozenset(found | ({"5"} if found & LEVEL_5 else set()))


def _named_in(value: object) -> Iterator[str]:
    """Names of everything that a document refers to."""
    if isinstance(value, list):
        for one in value:
            yield from _named_in(one)
    elif isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for one in value.values():
            yield from _named_in(one)


def _codings(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for one in value:
            yield from _codings(one)
    elif isinstance(value, dict):
        if isinstance(value.get("system"), str) and isinstance(value.get("code"), str):
            yield value["system"], value["code"]
        for one in value.values():
            yield from _codings(one)


def born(document: Document) -> datetime:
    return datetime.fromisoformat(document["birthDate"]).replace(tzinfo=ZONE)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def span(period: Document | None) -> tuple[datetime, datetime]:
    """A period of instants; its end is a second wide, half-open."""
    period = period or {}
    lo = instant(period["start"]) if "start" in period else EVER
    hi = instant(period["end"]) + timedelta(seconds=1) if "end" in period else NEVER
    return lo, hi


@dataclass(frozen=True)
class Relation:
    kind: str
    who: str
    lo: datetime
    hi: datetime

    def live(self, now: datetime) -> bool:
        if self.kind == "encounter":
            return self.lo <= now < (NEVER if self.hi == NEVER else self.hi + GRACE)
        if self.kind == "appointment":
            day = now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
            return self.lo < day + timedelta(days=1) and day < self.hi
        return self.lo <= now < self.hi


def relations_of(one: Document) -> Iterator[Relation]:
    """The relations that a document founds (5)."""
    status = one.get("status")
    match one["resourceType"]:
        case "Encounter" if status in {"arrived", "triaged", "in-progress", "onleave", "finished"}:
            lo, hi = span(one.get("period"))
            if status == "finished":
                if lo == EVER or hi == NEVER:
                    return
            else:
                hi = NEVER
            for who in pointing("participant.individual", "serviceProvider", to=ACTORS)(one):
                yield Relation("encounter", str(who), lo, hi)
        case "Appointment" if status in {"booked", "arrived", "checked-in", "fulfilled"}:
            lo = instant(one["start"])
            hi = instant(one["end"]) if "end" in one else lo
            for part in one["participant"]:
                if part["status"] != "declined":
                    for who in pointing("actor", to=ACTORS)(part):
                        yield Relation("appointment", str(who), lo, max(hi, lo + timedelta(microseconds=1)))
        case "CareTeam" if status == "active":
            lo, hi = span(one.get("period"))
            for who in pointing("participant.member", "managingOrganization", to=ACTORS)(one):
                yield Relation("contract", str(who), lo, hi)
        case "ServiceRequest" if status in {"active", "on-hold"}:
            for who in pointing("performer", to=ACTORS)(one):
                yield Relation(kind_of(one) or "order", str(who), instant(one["authoredOn"]), NEVER)
        case "Task":
            codes = {(c.get("system"), c["code"]) for c in down(one, "code", "coding")}
            lo, hi = span(one.get("executionPeriod"))
            if (TASKS, "break-glass") in codes:
                if status not in {"rejected", "cancelled", "entered-in-error"} and lo > EVER and hi < NEVER:
                    for who in pointing("requester", to=ACTORS)(one):
                        yield Relation("emergency", str(who), lo, hi)
            elif kind_of(one) and status in {"requested", "received", "accepted", "in-progress", "on-hold", "ready"}:
                for who in pointing("owner", to=ACTORS)(one):
                    yield Relation(str(kind_of(one)), str(who), max(lo, instant(one["authoredOn"])), hi)


def kind_of(one: Document) -> str | None:
    codings = [*down(one, "code", "coding"), *down(one, "category", "coding")]
    return next(
        (c["code"] for c in codings if c.get("system") == REQUESTS and c["code"] in {"referral", "consult"}), None
    )


@dataclass(frozen=True)
class Term:
    """What a provision says (6); kind is deny, permit or except."""

    kind: str
    actor: str
    purpose: str
    sort: str
    lo: datetime
    hi: datetime


def terms_of(consent: Document) -> list[Term]:
    root = consent.get("provision")
    if consent["status"] != "active" or not root or "type" not in root:
        return []
    return list(_terms(root, root["type"], EVER, NEVER, 0))


def _terms(told: Document, kind: str, lo: datetime, hi: datetime, depth: int, *, above: str = "") -> Iterator[Term]:
    start, end = span(told.get("period"))
    lo, hi = max(lo, start), min(hi, end)
    inner = told.get("provision", [])
    kinds = [kind]
    if depth == 1 and kind == "permit" and above == "deny" and all(one.get("type") == "permit" for one in inner):
        kinds.append("except")
    if lo < hi:
        for each in kinds:
            for actor, purpose, sort in _combinations(told, denies=each == "deny"):
                yield Term(each, actor, purpose, sort, lo, hi)
    for one in inner:
        type = one.get("type") or ("permit" if kind == "deny" else "deny")
        for term in _terms(one, type, lo, hi, depth + 1, above=kind):
            if depth == 0 or term.kind == "deny":
                yield term


def _combinations(told: Document, *, denies: bool) -> Iterable[tuple[str, str, str]]:
    if not denies and any(name in told for name in ("code", "data", "dataPeriod")):
        return ()
    actors = [_actor(one) for one in told.get("actor", [])]
    purposes = [one["code"] if one.get("system") == REASONS else None for one in told.get("purpose", [])]
    classes, marks = told.get("class", []), told.get("securityLabel", [])
    if not denies and classes and marks:
        return ()
    sorts = [_sort(one) for one in [*classes, *marks]]
    return product(_known(actors, denies=denies), _known(purposes, denies=denies), _known(sorts, denies=denies))


def _known(found: Sequence[str | None], *, denies: bool) -> list[str]:
    if not found or (denies and None in found):
        return ["*"]
    return sorted({one for one in found if one is not None})


def _actor(one: Document) -> str | None:
    if "reference" in one:
        found = one["reference"]["reference"]
        return found if found.split("/")[0] in ACTORS else None
    return next((f"role:{c['code']}" for c in down(one, "role", "coding") if c.get("system") == ROLES), None)


def _sort(one: Document) -> str | None:
    code = one["code"]
    return {TYPES: f"type:{code}", CLASS: f"class:{code}", SPECIAL: f"label:{code}", LEVEL: "label:5"}.get(
        one["system"]
    )


@dataclass(frozen=True)
class Rule:
    """A grant of the test, and what its reach means."""

    grant: Grant
    finds: Reach = lambda _document, _judge: True


class Judge:
    """What one principal may do with documents, at one moment, given everything that stands in the record."""

    def __init__(
        self,
        principal: Principal,
        rules: Iterable[Rule],
        current: Mapping[str, Document],
        now: datetime,
        ever: Mapping[str, Sequence[Document]],
    ) -> None:
        self.principal = principal
        self.current = current
        self._ever = ever  # every content that stood under a name
        self.now = now
        self._rules = [rule for rule in rules if self._speaks(rule.grant)]
        self._relations = _by_patient((patient_of(one), each) for one in current.values() for each in relations_of(one))
        self._consents = _by_patient(
            (patient_of(one), (one, terms_of(one))) for one in current.values() if one["resourceType"] == "Consent"
        )
        self._kept: dict[tuple[str, int], bool] = {}
        self._labelled: dict[int, frozenset[str]] = {}

    def any(self, interaction: str, type: str) -> bool:
        """Whether any grant and scope speaks of the type at all."""
        return any(self._for(interaction, type)) and self._scoped_at_all(interaction, type)

    def allows(self, interaction: str, document: Document) -> bool:
        key = (interaction, id(document))
        if key not in self._kept:
            self._kept[key] = self._decide(interaction, document)
        return self._kept[key]

    def seen(self, type: str) -> list[Document]:
        """The current documents of a type that a search may find."""
        return [one for one in self.current.values() if one["resourceType"] == type and self.allows("search", one)]

    def related(self, document: Document, kinds: Iterable[str], *, organization: bool = False) -> bool:
        """Whether the document's patient has a live relation of a kind to the principal (2)."""
        me = self.principal
        who = {me.organization} if organization else {me.practitioner, me.practitioner_role}
        wanted = set(kinds)
        return any(
            one.kind in wanted and one.who in who and one.live(self.now)
            for one in self._relations.get(patient_of(document) or "", ())
        )

    def permitted(self, document: Document, purpose: str) -> bool:
        """Whether a Consent of the document's patient permits a purpose by name, for everything (2)."""
        return any(
            one.kind == "permit" and one.purpose == purpose and one.sort == "*" and self._means_me(one)
            for _, terms in self._consents.get(patient_of(document) or "", ())
            for one in terms
        )

    # -- 2, 3 ---------------------------------------------------------------------------------------------------

    def _decide(self, interaction: str, document: Document) -> bool:
        type = document["resourceType"]
        granted = any(rule.finds(document, self) for rule in self._for(interaction, type))
        return granted and self._scoped(interaction, document) and self._open(interaction, document)

    def _for(self, interaction: str, type: str) -> Iterator[Rule]:
        for rule in self._rules:
            if interaction in rule.grant.interactions and rule.grant.on in {type, "*"}:
                yield rule

    def _speaks(self, grant: Grant) -> bool:
        me = self.principal
        if grant.role not in me.roles or (grant.purposes and me.purpose not in grant.purposes):
            return False
        for need in grant.needs:
            if need == "strong" and not me.strong:
                return False
            if need != "strong" and (me.level not in LEVELS or me.level < need):
                return False
        named = {
            "{patients": bool(me.patients or me.patient),
            "{patient}": bool(me.patient),
            "{practitioner}": bool(me.practitioner),
            "{organization}": bool(me.organization),
            "_relation=": bool(me.practitioner or me.practitioner_role),
            "_relation:organization=": bool(me.organization),
        }
        reach = grant.reach.replace(".id}", "}")
        return all(known for name, known in named.items() if name in reach)

    def _scopes(self, interaction: str, type: str) -> Iterator[tuple[str, str, str]]:
        """The scopes that speak of an interaction on a type: context, clause."""
        needs = {
            "read": "r",
            "vread": "r",
            "search": "s",
            "history": "rs",
            "create": "c",
            "update": "u",
            "patch": "u",
            "delete": "d",
        }
        old = {"read": "rs", "write": "cud", "*": "cruds"}
        for spelled in self.principal.scopes or ():
            context, slash, rest = spelled.partition("/")
            if not slash or context not in {"patient", "user", "system"}:
                continue
            head, _, clause = rest.partition("?")
            on, _, letters = head.rpartition(".")
            if on in {"*", type} and set(needs.get(interaction, "!")) <= set(old.get(letters, letters)):
                yield context, on, clause

    def _scoped_at_all(self, interaction: str, type: str) -> bool:
        if self.principal.scopes is None:
            return True
        return any(
            context != "patient"
            or (self.principal.launch_patient and (type == "Patient" or type in PLACES or type in SHARED))
            for context, _, clause in self._scopes(interaction, type)
        )

    def _scoped(self, interaction: str, document: Document) -> bool:
        if self.principal.scopes is None:
            return True
        type = document["resourceType"]
        for context, _, clause in self._scopes(interaction, type):
            name, _, value = clause.partition("=")
            if clause and not any(v[1] == value for v in TOKENS[type][name](document)):
                continue
            mine = self.principal.launch_patient
            if context != "patient" or (type in SHARED and mine and type not in PLACES):
                return True
            if mine and person(mine) in patients_of(document):
                return True
        return False

    # -- 4 ------------------------------------------------------------------------------------------------------

    def _open(self, interaction: str, document: Document) -> bool:
        me = self.principal
        type = document["resourceType"]
        if (type != "Patient" and type not in PLACES) or me.roles & {"system", "developer"} or interaction == "create":
            return True
        patient = patient_of(document)
        if patient is not None and patient in {person(one) for one in (me.patient, *me.patients) if one}:
            return True
        if self.related(document, ["emergency"]):
            return True
        if self._denied(document):
            return False
        labels = self._labels(document)
        return "5" not in labels or self._attends(document) or self._named(document, labels)

    def _labels(self, document: Document) -> frozenset[str]:
        if id(document) not in self._labelled:
            found = labels_of(document, self.now)
            if document["resourceType"] in GATHERING:
                every = (one for name in _named_in(document) for one in self._ever.get(name, ()))
                found |= {label for one in every for label in labels_of(one, self.now)} - {"minor"}
            self._labelled[id(document)] = found
        return self._labelled[id(document)]

    def _denied(self, document: Document) -> bool:
        patient = patient_of(document)
        for one in {patient} if patient is not None else patients_of(document):
            for _, terms in self._consents.get(one, ()):
                mine = {term.kind for term in terms if self._means(term, document)}
                if "deny" in mine and "except" not in mine:
                    return True
        return False

    def _attends(self, document: Document) -> bool:
        return self.related(document, ["encounter"])

    def _named(self, document: Document, labels: frozenset[str]) -> bool:
        marks = {f"label:{one}" for one in labels}
        return any(
            term.kind == "permit" and term.sort in marks and self._means(term, document)
            for _, terms in self._consents.get(patient_of(document) or "", ())
            for term in terms
        )

    def _means(self, term: Term, document: Document) -> bool:
        type = document["resourceType"]
        sorts = {"*", f"type:{type}", f"class:{DATA_CLASS.get(type, 'application')}"}
        sorts |= {f"label:{one}" for one in self._labels(document)}
        return term.sort in sorts and self._means_me(term)

    def _means_me(self, term: Term) -> bool:
        me = self.principal
        actors = {"*", me.practitioner, me.practitioner_role, me.organization, *(f"role:{role}" for role in me.roles)}
        purposes = {"*", me.purpose} | ({"TREAT"} if me.purpose == "ETREAT" else set())
        return term.actor in actors and term.purpose in purposes and term.lo <= self.now < term.hi


SHARED: Final = frozenset({"Practitioner", "PractitionerRole", "Organization", "Slot"})


def _by_patient(pairs: Iterable[tuple[str | None, Any]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for patient, one in pairs:
        if patient is not None:
            found.setdefault(patient, []).append(one)
    return found


def named(type: str, code: str, value: str) -> Reach:
    """What ``code=value`` finds, of a reference or a token."""
    if code in REFERENCES[type]:
        return lambda document, _: value in REFERENCES[type][code](document)
    return lambda document, _: any(one[1] == value for one in TOKENS[type][code](document))
