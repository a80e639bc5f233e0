"""The staff of the institutions: physicians and nurses of each department, pharmacists, technicians, receptionists.

Certificates are sound in form and belong together (R6-030 to R6-035); nobody gave them out. Order numbers of their
identity cards lie in a division outside the city, so that no resident has the same number.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final

from xinglin.city import names
from xinglin.city.hours import hours
from xinglin.city.institutions import Department, Institution, institutions
from xinglin.city.stream import Stream
from xinglin.city.terms import META, Json, concept, identifier, nested, reference, system
from xinglin.security import credential_forms as forms
from xinglin.security.identifiers import (
    IDENTITY_CARD,
    NURSE_CERTIFICATE,
    PRACTISING_CERTIFICATE,
    QUALIFICATION_CERTIFICATE,
    person_check,
)

AREA: Final = "410902"
_FIRST_BORN: Final = date(1966, 1, 3)
_SINCE: Final = "2016-01-01"
# Of a department at each kind of institution: physicians.
_PHYSICIANS: Final = {"city": 3, "county": 2, "centre": 1, "clinic": 1}
_NO_PATIENTS: Final = frozenset({"30", "32"})
_TCM: Final = frozenset({"50", "51", "52"})
_TITLES: Final = (("主任医师", "senior"), ("副主任医师", "associate-senior"), ("主治医师", "intermediate"))
_TOWN_TITLES: Final = (("主治医师", "intermediate"), ("住院医师", "junior"))


@dataclass(frozen=True, slots=True)
class Worker:
    """One of the staff. role: of ``CodeSystem/role``; rank: 0 is the first of the department."""

    number: int
    id: str
    role: str
    family: str
    given: str
    sex: str
    born: date
    institution: Institution
    department: str
    rank: int

    @property
    def name(self) -> str:
        """The whole name."""
        return self.family + self.given

    @property
    def card(self) -> str:
        """The identity number."""
        first = f"{AREA}{self.born:%Y%m%d}{'101' if self.sex == 'male' else '100'}"
        return first + person_check(first)

    @property
    def is_physician(self) -> bool:
        """Whether the worker treats patients as a physician."""
        return self.role in {"physician", "family-doctor", "village-doctor", "public-health"}

    @property
    def title(self) -> tuple[str, str]:
        """The title and its level."""
        titles = _TITLES if self.institution.is_hospital else _TOWN_TITLES
        return titles[min(self.rank, len(titles) - 1)]


@cache
def workers() -> tuple[Worker, ...]:
    """Give everybody, in the order of their making."""
    found: list[Worker] = []
    for one in institutions():
        for role, department, rank in _posts(one):
            found.append(_worker(len(found), one, role, department, rank))
    # Dispensing takes two (R3-055); after all others, whose numbers stay.
    for one in institutions():
        if one.kind == "pharmacy":
            found.append(_worker(len(found), one, "retail-pharmacist", "", 1))
    return tuple(found)


@cache
def physicians() -> Mapping[tuple[str, str], tuple[Worker, ...]]:
    """Give the physicians by institution and department."""
    found: dict[tuple[str, str], tuple[Worker, ...]] = {}
    for one in workers():
        if one.is_physician:
            key = (one.institution.id, one.department)
            found[key] = (*found.get(key, ()), one)
    return found


def first(institution: str, role: str) -> Worker:
    """Give the first worker of a role at an institution; StopIteration when there is none."""
    return next(one for one in workers() if one.institution.id == institution and one.role == role)


def resources() -> Iterator[Json]:
    """Yield Practitioner and PractitionerRole of everybody."""
    for one in workers():
        yield practitioner(one)
        yield role(one)


def _posts(one: Institution) -> Iterator[tuple[str, str, int]]:
    """Yield role, department and rank of the posts that an institution has."""
    kind = "clinic" if one.is_clinic else "centre" if one.is_centre else "city" if one.level[:1] == "3" else "county"
    for code in one.departments:
        if code in _NO_PATIENTS:
            yield "technician", code, 0
            continue
        role = "physician"
        if kind == "clinic":
            role = "village-doctor"
        elif kind == "centre":
            role = {"01": "public-health", "02": "family-doctor"}.get(code, "physician")
        for rank in range(2 if role == "family-doctor" else _PHYSICIANS[kind]):
            yield role, code, rank
        if kind != "clinic":
            yield "nurse", code, 0
    if one.is_hospital or one.is_centre:
        yield "pharmacist", "", 0
        yield "receptionist", "", 0
    if one.is_hospital:
        yield "pharmacist", "", 1
    if one.kind == "pharmacy":
        yield "retail-pharmacist", "", 0


def _worker(number: int, one: Institution, role: str, department: str, rank: int) -> Worker:
    stream = Stream("staff", one.id, role, department, rank)
    sex = "female" if stream.chance(0.93 if role == "nurse" else 0.5) else "male"
    born = _FIRST_BORN + timedelta(days=11 * number)
    where = f"-{department}" if department else ""
    return Worker(
        number,
        f"{one.id}{where}-{role}-{rank + 1}",
        role,
        names.surname(stream),
        names.given_name(stream, sex, born.year),
        sex,
        born,
        one,
        department,
        rank,
    )


def practitioner(one: Worker) -> Json:
    """Write the Practitioner with all certificates of the profession."""
    made: Json = {
        "resourceType": "Practitioner",
        "id": one.id,
        "meta": META,
        "identifier": [identifier(IDENTITY_CARD, one.card)],
        "active": True,
        "name": [{"use": "official", "text": one.name, "family": one.family, "given": [one.given]}],
        "gender": one.sex,
        "birthDate": one.born.isoformat(),
    }
    if one.is_physician:
        return made | _physician(one, made["identifier"])
    if one.role == "nurse":
        number = f"{one.born.year + 24}41{one.number:06d}"
        made["identifier"].append(identifier(NURSE_CERTIFICATE, number))
        made["qualification"] = [_qualification("nurse", NURSE_CERTIFICATE, number, "2024-06-01", "2029-05-31")]
    elif one.role == "pharmacist":
        made["qualification"] = [_qualification("pharmacist-title", "", f"YX{one.number:06d}", "2014-05-01")]
        made["extension"] = [
            {"url": forms.DISPENSING_SINCE, "valueDate": f"{one.born.year + 26}-07-01"},
            _title("主管药师", "intermediate"),
        ]
    elif one.role == "retail-pharmacist":
        made["qualification"] = [
            _qualification("licensed-pharmacist", "", f"4108{one.number:08d}", "2024-03-01", "2029-02-28")
        ]
        made["extension"] = [{"url": forms.DISPENSING_SINCE, "valueDate": f"{one.born.year + 26}-07-01"}]
    return made


def role(one: Worker) -> Json:
    """Write the PractitionerRole: where, as what, with which rights."""
    made: Json = {
        "resourceType": "PractitionerRole",
        "id": f"{one.id}-role",
        "meta": META,
        "identifier": [identifier(forms.PRACTICE_REGISTRATION, f"JZ-{one.number:06d}")],
        "active": True,
        "period": {"start": _SINCE},
        "practitioner": reference("Practitioner", one.id, one.name),
        "organization": reference("Organization", one.institution.id, one.institution.name),
        "code": [concept(system("role"), one.role), *_ranked(one)],
        "location": [reference("Location", f"{one.institution.id}-main", one.institution.name)],
        "availableTime": hours(one),
    }
    if one.department:
        department = Department(one.institution, one.department)
        made["specialty"] = [concept(system("department"), one.department, department.title)]
    if one.is_physician:
        made["extension"] = list(_rights(one))
    return made


def _physician(one: Worker, identifiers: list[Json]) -> Json:
    group = one.department[:2]
    category, code = ("tcm", "41") if group in _TCM else ("clinical", "10")
    if group == "12":
        category, code = "stomatology", "20"
    if one.role == "public-health":
        category, code = "public-health", "30"
    level, number = ("assistant-physician", "2") if one.role == "village-doctor" else ("physician", "1")
    certificate = f"{number}{code}410802{one.number:06d}"
    practising = _qualification("practising", PRACTISING_CERTIFICATE, certificate, "2014-05-01")
    practising["extension"] = [
        nested(
            forms.CREDENTIAL,
            ("level", {"valueCode": level}),
            ("category", {"valueCode": category}),
            ("scope", {"valueCode": group}),
        )
    ]
    qualified = f"{one.born.year + 26}41{number}{code}{one.card}"
    return {
        "identifier": [*identifiers, identifier(PRACTISING_CERTIFICATE, certificate)],
        "qualification": [
            _qualification("qualification", QUALIFICATION_CERTIFICATE, qualified, "2014-05-01"),
            practising,
        ],
        "extension": [
            {"url": forms.INDEPENDENT_SINCE, "valueDate": f"{one.born.year + 30}-07-01"},
            nested(
                forms.LIABILITY_INSURANCE,
                ("policy", {"valueString": f"JZ-{one.number:05d}"}),
                ("period", {"valuePeriod": {"start": "2026-07-01", "end": "2027-06-30"}}),
            ),
            _title(*one.title),
        ],
    }


def _rights(one: Worker) -> Iterator[Json]:
    rights = ("western", "patent", "slices") if one.department[:2] in _TCM else ("western", "patent")
    level = {"senior": "special", "associate-senior": "special", "intermediate": "restricted"}
    yield {"url": forms.SITE_KIND, "valueCode": "main"}
    yield nested(forms.ONLINE_CONSENT, ("period", {"valuePeriod": {"start": "2026-01-01", "end": "2027-12-31"}}))
    yield nested(
        forms.PRESCRIBING,
        *(("right", {"valueCode": right}) for right in rights),
        ("antibiotic", {"valueCode": level.get(one.title[1], "non-restricted")}),
        ("narcotic", {"valueBoolean": one.rank == 0 and one.institution.is_hospital}),
    )


def _ranked(one: Worker) -> Iterator[Json]:
    """Give the level of the title, by which the directory finds people."""
    if one.is_physician:
        title, level = one.title
        yield concept(system("professional-title"), level, title)
    elif one.role == "pharmacist":
        yield concept(system("professional-title"), "intermediate", "主管药师")


def _title(title: str, level: str) -> Json:
    return nested(forms.PROFESSIONAL_TITLE, ("title", {"valueString": title}), ("level", {"valueCode": level}))


def _qualification(kind: str, system_: str, value: str, start: str, end: str = "") -> Json:
    return {
        "identifier": [{"system": system_, "value": value} if system_ else {"value": value}],
        "code": concept(forms.KINDS, kind),
        "period": {"start": start} | ({"end": end} if end else {}),
    }
