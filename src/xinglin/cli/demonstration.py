"""A small city of synthetic people, the same each time, for a demonstration where no other records are at hand.

Nobody in it exists: the identity card numbers carry order numbers that are hardly ever given out.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from xinglin.cli import demonstration_staff as staff

Json = dict[str, object]
Choice = TypeVar("Choice")

PATIENTS: Final = 24
TODAY: Final = date(2026, 11, 20)  # the day on which the records were "written"

IDENTITY_CARD: Final = "urn:oid:2.16.156.10011.1.3"
HEALTH_RECORD: Final = "urn:oid:2.16.156.10011.1.2"
OUTPATIENT_NUMBER: Final = "urn:oid:2.16.156.10011.1.11"
PRESCRIPTION_NUMBER: Final = "urn:oid:2.16.156.10011.1.20"
INSTITUTION_LICENCE: Final = "https://xinglin.health/id/institution-licence"
DEPARTMENTS: Final = "https://xinglin.health/fhir/CodeSystem/department"
ICD: Final = "http://hl7.org/fhir/sid/icd-10-cn"
LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"

# id, name, kind, county, longitude, latitude (of the town, not of a building)
_ORGANIZATIONS: Final = (
    ("jz-people", "焦作市人民医院", "三级甲等综合医院", "解放区", 113.23, 35.24),
    ("jz-second", "焦作市第二人民医院", "三级综合医院", "解放区", 113.24, 35.23),
    ("jz-tcm", "焦作市中医院", "三级中医医院", "山阳区", 113.26, 35.22),
    ("wz-county", "武陟县人民医院", "二级综合医院", "武陟县", 113.40, 35.10),
    ("mz-centre", "民主街道社区卫生服务中心", "社区卫生服务中心", "解放区", 113.22, 35.25),
    ("xx-centre", "新华街道社区卫生服务中心", "社区卫生服务中心", "解放区", 113.23, 35.25),
)
# WS 218
_CATEGORIES: Final = {
    "三级甲等综合医院": "A100",
    "三级综合医院": "A100",
    "二级综合医院": "A100",
    "三级中医医院": "A210",
    "社区卫生服务中心": "B100",
}
# family, given, organization, department code, department
_PRACTITIONERS: Final = (
    ("王", "建国", "jz-people", "03.04", "心血管内科专业"),
    ("李", "秀英", "jz-people", "03.07", "内分泌专业"),
    ("张", "海燕", "jz-second", "07", "儿科"),
    ("刘", "志强", "jz-tcm", "50", "中医科"),
    ("陈", "晓东", "wz-county", "03.01", "呼吸内科专业"),
    ("杨", "春梅", "mz-centre", "02", "全科医疗科"),
    ("赵", "明华", "xx-centre", "02", "全科医疗科"),
    ("周", "婷婷", "mz-centre", "01", "预防保健科"),
)
_FAMILIES: Final = "王李张刘陈杨赵黄周吴徐孙马朱胡林郭何高罗"
_GIVEN: Final = (
    "秀兰",
    "建军",
    "桂英",
    "志明",
    "丽华",
    "海涛",
    "玉梅",
    "国强",
    "子轩",
    "雨桐",
    "一诺",
    "浩然",
    "欣怡",
    "德福",
)
_COUNTIES: Final = (
    ("解放区", "410802"),
    ("中站区", "410803"),
    ("山阳区", "410811"),
    ("武陟县", "410823"),
    ("温县", "410825"),
)
# ICD-10 code, name, least age, medicine, strength and dose, times a day
_CONDITIONS: Final = (
    ("I10", "原发性高血压", 40, "苯磺酸氨氯地平片", "5 mg", 1),
    ("E11.9", "2型糖尿病", 40, "盐酸二甲双胍片", "0.5 g", 2),
    ("J44.9", "慢性阻塞性肺疾病", 55, "噻托溴铵吸入粉雾剂", "18 ug", 1),
    ("I25.1", "冠状动脉粥样硬化性心脏病", 55, "阿托伐他汀钙片", "20 mg", 1),
    ("J06.9", "急性上呼吸道感染", 0, "连花清瘟胶囊", "1.4 g", 3),
    ("K29.5", "慢性胃炎", 18, "奥美拉唑肠溶胶囊", "20 mg", 1),
)
_ALLERGIES: Final = (("青霉素", "medication"), ("花生", "food"), ("头孢类药物", "medication"))


def write(target: Path) -> Path:
    """Write the set as NDJSON and return its path."""
    encoder = msgspec.json.Encoder()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"".join(encoder.encode(resource) + b"\n" for resource in resources()))
    return target


def resources() -> Iterator[Json]:
    """Yield the resources; each has an id, and refers only to others of the set."""
    for id_, name, kind, county, longitude, latitude in _ORGANIZATIONS:
        yield from _organization(id_, name, kind, county, (longitude, latitude))
    for number, (family, given, organization, code, department) in enumerate(_PRACTITIONERS, 1):
        yield from _practitioner(number, (family, given), organization, (code, department))
    for number in range(1, PATIENTS + 1):
        yield from _person(number)


def _organization(id_: str, name: str, kind: str, county: str, place: tuple[float, float]) -> Iterator[Json]:
    licence = _identifier(INSTITUTION_LICENCE, staff.licence(id_, _CATEGORIES[kind]))
    address = {
        "city": "焦作市",
        "district": county,
        "state": "河南省",
        "country": "CN",
        "text": f"河南省焦作市{county}",
    }
    yield {
        "resourceType": "Organization",
        "id": id_,
        "identifier": [licence],
        "active": True,
        "type": [{"text": kind}],
        "name": name,
        "address": [address],
    }
    yield {
        "resourceType": "Location",
        "id": f"{id_}-main",
        "status": "active",
        "name": name,
        "address": address,
        "position": {"longitude": place[0], "latitude": place[1]},
        "managingOrganization": _reference("Organization", id_, name),
    }


def _practitioner(number: int, name: tuple[str, str], organization: str, department: tuple[str, str]) -> Iterator[Json]:
    id_ = f"doctor-{number}"
    gender = _pick(("female", "male"), "gender", id_)
    yield {
        "resourceType": "Practitioner",
        "id": id_,
        "active": True,
        "name": [_name(*name)],
        "gender": gender,
    } | staff.credentials(number, gender, department[0])
    yield {
        "resourceType": "PractitionerRole",
        "id": f"{id_}-role",
        "active": True,
        "practitioner": _reference("Practitioner", id_, "".join(name)),
        "organization": _reference("Organization", organization),
        "specialty": [_concept(DEPARTMENTS, *department)],
    } | staff.place_of_work(number, department[0])


def _person(number: int) -> Iterator[Json]:
    id_ = f"resident-{number}"
    age_days = 200 + _number(30_000, "age", id_)
    born = TODAY - timedelta(days=age_days)
    gender = _pick(("female", "male"), "gender", id_)
    county, area = _pick(_COUNTIES, "county", id_)
    family, given = _pick(_FAMILIES, "family", id_), _pick(_GIVEN, "given", id_)
    team = 6 + _number(2, "team", id_)
    yield {
        "resourceType": "Patient",
        "id": id_,
        "identifier": [
            _identifier(IDENTITY_CARD, staff.identity_card(area, born, gender)),
            _identifier(HEALTH_RECORD, f"{area}001001{number:05d}"),
        ],
        "active": True,
        "name": [_name(family, given)],
        "telecom": [{"system": "phone", "value": f"100{number:08d}", "use": "mobile"}],
        "gender": gender,
        "birthDate": born.isoformat(),
        "address": [
            {"use": "home", "text": f"河南省焦作市{county}", "city": "焦作市", "district": county, "state": "河南省"}
        ],
        "generalPractitioner": [_reference("Practitioner", f"doctor-{team}")],
        "managingOrganization": _reference("Organization", _PRACTITIONERS[team - 1][2]),
    }
    if _number(4, "allergy", id_) == 0:
        yield _allergy(id_)
    fitting = [one for one in _CONDITIONS if one[2] * 365 <= age_days]
    for visit in range(1 + _number(3, "visits", id_)):
        yield from _visit(id_, family + given, visit, _pick(fitting, "condition", id_, visit), age_days)
    if age_days < 7 * 365:
        yield _immunization(id_, born)


def _visit(
    patient: str, name: str, visit: int, condition: tuple[str, str, int, str, str, int], age_days: int
) -> Iterator[Json]:
    """Yield one visit: encounter, condition, measurements, and a prescription."""
    id_ = f"{patient}-visit-{visit + 1}"
    day = TODAY - timedelta(days=_number(min(700, age_days), "day", id_))
    hour = 8 + _number(9, "hour", id_)
    doctor = 1 + _number(len(_PRACTITIONERS) - 1, "doctor", id_)
    subject, encounter = _reference("Patient", patient, name), _reference("Encounter", id_)
    icd, title, _, medicine, dose, times = condition
    yield {
        "resourceType": "Encounter",
        "id": id_,
        "identifier": [_identifier(OUTPATIENT_NUMBER, f"{day:%Y%m%d}{_number(10_000, 'number', id_):04d}")],
        "status": "finished",
        "class": {"system": f"{TERMINOLOGY}/v3-ActCode", "code": "AMB", "display": "门诊"},
        "subject": subject,
        "participant": [{"individual": _reference("Practitioner", f"doctor-{doctor}")}],
        "period": {"start": f"{day}T{hour:02d}:05:00+08:00", "end": f"{day}T{hour:02d}:25:00+08:00"},
        "reasonCode": [_concept(ICD, icd, title)],
        "serviceProvider": _reference("Organization", _PRACTITIONERS[doctor - 1][2]),
    }
    yield {
        "resourceType": "Condition",
        "id": f"{id_}-diagnosis",
        "clinicalStatus": _concept(f"{TERMINOLOGY}/condition-clinical", "active"),
        "verificationStatus": _concept(f"{TERMINOLOGY}/condition-ver-status", "confirmed"),
        "category": [_concept(f"{TERMINOLOGY}/condition-category", "encounter-diagnosis")],
        "code": _concept(ICD, icd, title),
        "subject": subject,
        "encounter": encounter,
        "recordedDate": day.isoformat(),
    }
    at = f"{day}T{hour:02d}:10:00+08:00"
    for code, text, unit, ucum, low, span in (
        ("8867-4", "心率", "次/分", "/min", 60, 40),
        ("8310-5", "体温", "℃", "Cel", 36, 2),
        ("2339-0", "血糖", "mmol/L", "mmol/L", 4, 8),
    ):
        value = low + _number(span * 10, code, id_) / 10
        yield _observation(f"{id_}-{code}", subject, encounter, at, _concept(LOINC, code, text)) | {
            "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": ucum}
        }
    yield _observation(f"{id_}-bp", subject, encounter, at, _concept(LOINC, "85354-9", "血压")) | {
        "component": [
            _pressure("8480-6", "收缩压", 105 + _number(60, "systolic", id_)),
            _pressure("8462-4", "舒张压", 65 + _number(30, "diastolic", id_)),
        ]
    }
    yield {
        "resourceType": "MedicationRequest",
        "id": f"{id_}-prescription",
        "identifier": [_identifier(PRESCRIPTION_NUMBER, f"DEMO-{id_}")],
        "status": "active" if (TODAY - day).days < 30 else "completed",
        "intent": "order",
        "medicationCodeableConcept": {"text": medicine},
        "subject": subject,
        "encounter": encounter,
        "authoredOn": at,
        "requester": _reference("Practitioner", f"doctor-{doctor}"),
        "reasonCode": [_concept(ICD, icd, title)],
        "dosageInstruction": [
            {
                "text": f"口服，一次 {dose}，一日 {times} 次",
                "timing": {"repeat": {"frequency": times, "period": 1, "periodUnit": "d"}},
            }
        ],
    }


def _observation(id_: str, subject: Json, encounter: Json, at: str, code: Json) -> Json:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "category": [_concept(f"{TERMINOLOGY}/observation-category", "vital-signs")],
        "code": code,
        "subject": subject,
        "encounter": encounter,
        "effectiveDateTime": at,
    }


def _pressure(code: str, text: str, value: int) -> Json:
    quantity = {"value": value, "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"}
    return {"code": _concept(LOINC, code, text), "valueQuantity": quantity}


def _allergy(patient: str) -> Json:
    substance, category = _pick(_ALLERGIES, "substance", patient)
    return {
        "resourceType": "AllergyIntolerance",
        "id": f"{patient}-allergy",
        "clinicalStatus": _concept(f"{TERMINOLOGY}/allergyintolerance-clinical", "active"),
        "verificationStatus": _concept(f"{TERMINOLOGY}/allergyintolerance-verification", "confirmed"),
        "category": [category],
        "code": {"text": substance},
        "patient": _reference("Patient", patient),
    }


def _immunization(patient: str, born: date) -> Json:
    return {
        "resourceType": "Immunization",
        "id": f"{patient}-hepatitis-b",
        "status": "completed",
        "vaccineCode": {"text": "乙肝疫苗"},
        "patient": _reference("Patient", patient),
        "occurrenceDateTime": born.isoformat(),
        "protocolApplied": [{"doseNumberPositiveInt": 1}],
    }


def _name(family: str, given: str) -> Json:
    return {"use": "official", "text": family + given, "family": family, "given": [given]}


def _identifier(system: str, value: str) -> Json:
    return {"system": system, "value": value}


def _concept(system: str, code: str, text: str = "") -> Json:
    coding = {"system": system, "code": code} | ({"display": text} if text else {})
    return {"coding": [coding]} | ({"text": text} if text else {})


def _reference(type_: str, id_: str, display: str = "") -> Json:
    made: Json = {"reference": f"{type_}/{id_}"}
    return made | {"display": display} if display else made


def _number(below: int, *of: object) -> int:
    """Choose a number from 0 on, always the same one for the same *of*."""
    return int.from_bytes(blake2b(repr(of).encode(), digest_size=8).digest()) % below


def _pick(choices: Sequence[Choice], *of: object) -> Choice:
    return choices[_number(len(choices), *of)]
