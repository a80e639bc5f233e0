"""What is registered of a person: Patient, the relatives and the insurance."""

from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import blake2b
from typing import Final

from xinglin.city import places
from xinglin.city.institutions import centre_of
from xinglin.city.people import Household, Person
from xinglin.city.spec import CitySpec
from xinglin.city.stream import Stream, Weighted
from xinglin.city.terms import (
    HEALTH_CARD,
    HEALTH_RECORD,
    HL7,
    HOUSEHOLD,
    INSURED_PERSON,
    META,
    NEWBORN,
    UNDIAGNOSED,
    Json,
    coding,
    concept,
    extension,
    identifier,
    nested,
    reference,
    system,
)
from xinglin.fhir.declarations import canonical
from xinglin.security.identifiers import IDENTITY_CARD
from xinglin.tables.codes import by_code

_KINDS: Final = {
    "NNCHN": {"coding": [coding(f"{HL7}/v2-0203", "NNCHN", "居民身份证")]},
    "MR": {"coding": [coding(f"{HL7}/v2-0203", "MR", "健康档案编号")]},
    "JHN": {"coding": [coding(f"{HL7}/v2-0203", "JHN", "电子健康卡")]},
}
_SEX: Final = {"male": ("1", "男性"), "female": ("2", "女性")}
_MARITAL: Final = {"1": ("S", "未婚"), "2": ("M", "已婚"), "3": ("W", "丧偶"), "4": ("D", "离婚")}
# Education (GB/T 4658) of people by decade of birth: first year, then code and share.
_EDUCATION: Final = (
    (1990, Weighted((("21", 0.24), ("31", 0.26), ("61", 0.2), ("41", 0.1), ("71", 0.18), ("14", 0.02)))),
    (1975, Weighted((("21", 0.09), ("31", 0.13), ("61", 0.18), ("41", 0.08), ("71", 0.46), ("81", 0.06)))),
    (1955, Weighted((("21", 0.02), ("31", 0.04), ("61", 0.16), ("41", 0.04), ("71", 0.46), ("81", 0.28)))),
    (0, Weighted((("31", 0.02), ("61", 0.06), ("71", 0.2), ("81", 0.52), ("90", 0.2)))),
)
_WORK_TOWN: Final = Weighted(
    (("1", 0.02), ("2", 0.18), ("3", 0.12), ("4", 0.36), ("5", 0.04), ("6", 0.24), ("8", 0.04))
)
_WORK_VILLAGE: Final = Weighted((("2", 0.04), ("3", 0.03), ("4", 0.2), ("5", 0.5), ("6", 0.2), ("8", 0.03)))
_TO: Final = ("河南省郑州市", "河南省洛阳市", "江苏省苏州市", "浙江省杭州市", "广东省深圳市", "北京市")
_OPENED: Final = date(2010, 1, 1)  # since then health records are kept in the city


def registrations(spec: CitySpec, house: Household, doctors: dict[str, str]) -> Iterator[Json]:
    """Yield Patient, Coverage and RelatedPersons of each of the household. doctors: family doctor by Patient id."""
    for person in house.people:
        yield patient(spec, house, person, doctors.get(person.id))
        yield _coverage(spec, house.stream, person)
        yield from _relatives(house, person)


def patient(spec: CitySpec, house: Household, person: Person, doctor: str | None) -> Json:
    """Write the Patient (docs/city.md, Records)."""
    centre = centre_of()[person.village.town]
    made: Json = {
        "resourceType": "Patient",
        "id": person.id,
        "meta": _meta(person),
        "identifier": list(_identifiers(person)),
        "active": person.left is None,
        "name": [{"use": "official", "text": person.name, "family": person.family, "given": [person.given]}],
        "telecom": [{"system": "phone", "value": person.phone, "use": "mobile"}],
        "gender": person.sex,
        "_gender": {"extension": [extension("sex", valueCoding=coding(system("gbt-2261-1"), *_SEX[person.sex]))]},
        "birthDate": person.born.isoformat(),
        "address": [_address(house, person)],
        "maritalStatus": _marital(person.marital),
        "managingOrganization": reference("Organization", centre.id, centre.name),
        "extension": list(_extensions(spec, house, person)),
    }
    if doctor is not None:
        made["generalPractitioner"] = [reference("Practitioner", doctor)]
    if person.left is not None and person.reason == "death":
        made["deceasedDateTime"] = person.left.isoformat()
    return made


def _meta(person: Person) -> Json:
    """Say that it is made up, and which diseases the person has that nobody knows of."""
    if not person.undiagnosed:
        return META
    return {"tag": [*META["tag"], *(coding(UNDIAGNOSED, name) for name in person.undiagnosed)]}


def _identifiers(person: Person) -> Iterator[Json]:
    if person.number:
        yield {"use": "official", "type": _KINDS["NNCHN"], **identifier(IDENTITY_CARD, person.number)}
    elif person.mother is not None:
        # CD-06: the mother's number, birth date and time, order of birth.
        yield identifier(NEWBORN, f"{person.mother.number}-{person.born:%Y%m%d}0830-1")
    yield {"type": _KINDS["MR"], **identifier(HEALTH_RECORD, person.record)}
    card = blake2b(person.id.encode(), digest_size=32, person=b"xinglin card").hexdigest().upper()
    yield {"type": _KINDS["JHN"], **identifier(HEALTH_CARD, card)}


def _address(house: Household, person: Person) -> Json:
    village = person.village
    return {
        "extension": [extension("division", valueCode=village.code)],
        "use": "home",
        "text": f"{places.PROVINCE}{places.CITY}{village.county_name}{village.town_name}{house.line}",
        "line": [f"{village.town_name}{house.line}"],
        "state": places.PROVINCE,
        "city": places.CITY,
        "district": village.county_name,
        "country": "CN",
    }


def _marital(code: str) -> Json:
    word, text = _MARITAL[code[0]]
    title = by_code("marital")[code].name
    return {
        "coding": [coding(system("gbt-2261-2"), code, title), coding(f"{HL7}/v3-MaritalStatus", word)],
        "text": text,
    }


def _extensions(spec: CitySpec, house: Household, person: Person) -> Iterator[Json]:
    stream, age = house.stream, person.age(spec.until)
    yield extension("ethnic-group", valueCoding=_coded("ethnic", "gbt-3304", person.ethnic))
    if age >= 20:
        levels = next(levels for since, levels in _EDUCATION if person.born.year >= since)
        yield extension("education", valueCoding=_coded("education", "gbt-4658", levels.draw(stream)))
    if 18 <= age < 70 and (age >= 23 or stream.chance(0.4)):
        work = _WORK_TOWN if person.village.urban else _WORK_VILLAGE
        yield extension("occupation", valueCoding=_coded("occupation", "gbt-6565", work.draw(stream)))
    elif age >= 16:
        # Pupils, and those who have retired, are of no group of the list; old people in the villages work on.
        code = "5" if age >= 70 and not person.village.urban else "8"
        yield extension("occupation", valueCoding=_coded("occupation", "gbt-6565", code))
    yield extension("household", valueIdentifier=identifier(HOUSEHOLD, f"{house.people[0].record}"))
    # Records were opened from 2010 on, of small children soon after birth.
    opened = min(
        person.last(spec.until), max(person.born, _OPENED) + timedelta(days=stream.between(3, 400 if age > 3 else 40))
    )
    yield extension("record-opened", valueDate=opened.isoformat())
    if person.left is not None:
        yield nested(
            canonical("record-closed"),
            ("date", {"valueDate": person.left.isoformat()}),
            ("reason", {"valueCode": person.reason}),
            *((("place", {"valueString": stream.pick(_TO)}),) if person.reason == "moved" else ()),
        )


def _coded(table: str, url: str, code: str) -> Json:
    return coding(system(url), code, by_code(table)[code].name)


def _coverage(spec: CitySpec, stream: Stream, person: Person) -> Json:
    """Write the insurance: of employees, or of residents, whose premium is paid for a calendar year."""
    employed = person.age(spec.until) >= 22 and stream.chance(0.42 if person.village.urban else 0.1)
    kind, title = ("employee", "职工基本医疗保险") if employed else ("resident", "城乡居民基本医疗保险")
    number = person.number or person.record
    return {
        "resourceType": "Coverage",
        "id": person.next_id(),
        "meta": META,
        "identifier": [
            identifier(
                INSURED_PERSON, f"4108{int.from_bytes(blake2b(person.id.encode(), digest_size=6).digest()):015d}"
            )
        ],
        "status": "active" if person.left is None else "cancelled",
        "type": concept(system("insurance-kind"), kind, title),
        "subscriberId": number,
        "beneficiary": reference("Patient", person.id, person.name),
        "period": {"start": f"{max(spec.since.year, person.born.year)}-01-01"}
        | ({"end": f"{spec.until.year}-12-31"} if person.left is None else {"end": person.left.isoformat()}),
        "payor": [reference("Organization", "jz-insurance", "焦作市医疗保障局")],
    }


def _relatives(house: Household, person: Person) -> Iterator[Json]:
    """Yield who is related to the person within the household: spouse, parents, children, grandparents."""
    for other in house.people:
        if other is person or other.left is not None:
            continue
        code = relation(other, person)
        if code is None:
            continue
        yield {
            "resourceType": "RelatedPerson",
            "id": person.next_id(),
            "meta": META,
            "active": True,
            "patient": reference("Patient", person.id, person.name),
            "relationship": [concept(system("gbt-4761"), code, by_code("relation")[code].name)],
            "name": [{"text": other.name, "family": other.family, "given": [other.given]}],
            "telecom": [{"system": "phone", "value": other.phone, "use": "mobile"}],
            "gender": other.sex,
            "birthDate": other.born.isoformat(),
            "extension": [extension("person", valueReference=reference("Patient", other.id, other.name))],
        }


def relation(other: Person, person: Person) -> str | None:
    """Say what *other* is to *person*, as a code of GB/T 4761; None where the household does not tell."""
    if other is person.spouse:
        return "11" if other.male else "12"
    if other is person.father:
        return "51"
    if other is person.mother:
        return "52"
    if person in {other.father, other.mother}:
        return "20" if other.male else "30"
    if other.role == "grandchild" and person.role in {"head", "spouse"}:
        return "43" if other.male else "44"
    if person.role == "grandchild" and other.role in {"head", "spouse"}:
        return "63" if other.male else "64"
    if other.role in {"father", "mother"} and person.role == "spouse":
        return "53" if other.role == "father" else "54"
    if person.role in {"father", "mother"} and other.role == "spouse":
        return "38"
    if other.role in {"father", "mother"} and person.role == "child":
        return "61" if other.role == "father" else "62"
    if person.role in {"father", "mother"} and other.role == "child":
        return "41" if other.male else "42"
    if person.role == other.role in {"child", "grandchild"}:
        return ("71" if other.male else "75") if other.born < person.born else ("73" if other.male else "77")
    return None
