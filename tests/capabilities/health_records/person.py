"""An invented person with a rich record: two institutions, three years, one of everything that a record page shows."""

from collections.abc import Iterator
from typing import Any, Final

Document = dict[str, Any]

ICD: Final = "http://hl7.org/fhir/sid/icd-10-cn"
LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
OWN: Final = "https://xinglin.health/fhir/CodeSystem/"
SHAPE: Final = "https://xinglin.health/fhir/StructureDefinition/"
HL7: Final = "http://terminology.hl7.org/CodeSystem/"
ID: Final = "guilan"
SUBJECT: Final = {"reference": f"Patient/{ID}"}
HOSPITAL: Final = {"reference": "Organization/hospital"}
CENTRE: Final = {"reference": "Organization/centre"}
DOCTOR: Final = {"reference": "Practitioner/wang"}
FAMILY_DOCTOR: Final = {"reference": "Practitioner/li"}
# visit → its day and place
VISITS: Final = {
    "v1": ("2025-01-15", CENTRE),
    "v2": ("2025-04-16", CENTRE),
    "v3": ("2025-07-16", CENTRE),
    "v4": ("2025-10-20", HOSPITAL),
    "v5": ("2026-01-14", CENTRE),
    "v6": ("2026-04-15", CENTRE),
    "v7": ("2026-07-15", HOSPITAL),
    "v8": ("2026-10-14", CENTRE),
}


def person() -> tuple[Document, ...]:
    """Give everything of the record, institutions and staff first."""
    return (*_around(), _patient(), *_standing(), *_visits(), *_medicines(), *_papers())


def _coded(system: str, code: str, display: str) -> Document:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _status(kind: str, code: str) -> Document:
    return {"coding": [{"system": HL7 + kind, "code": code}]}


def _around() -> Iterator[Document]:
    yield {"resourceType": "Organization", "id": "hospital", "name": "焦作市人民医院"}
    yield {"resourceType": "Organization", "id": "centre", "name": "解放区民生社区卫生服务中心"}
    yield {"resourceType": "Patient", "id": "zhiqiang", "name": [{"text": "赵志强"}], "birthDate": "1984-05-02"}
    yield {"resourceType": "Practitioner", "id": "wang", "name": [{"text": "王建国"}]}
    yield {"resourceType": "Practitioner", "id": "li", "name": [{"text": "李秀英"}]}


def _patient() -> Document:
    return {
        "resourceType": "Patient",
        "id": ID,
        "extension": [{"url": SHAPE + "record-opened", "valueDate": "2019-03-12"}],
        "identifier": [
            {
                "type": _coded(HL7 + "v2-0203", "NNCHN", "居民身份证"),
                "system": "urn:oid:2.16.156.10011.1.3",
                "value": "410802195803084523",
            },
            {
                "type": _coded(HL7 + "v2-0203", "MR", "健康档案编号"),
                "system": "urn:oid:2.16.156.10011.1.2",
                "value": "41080200100100123",
            },
        ],
        "name": [{"text": "张桂兰", "family": "张", "given": ["桂兰"]}],
        "gender": "female",
        "birthDate": "1958-03-08",
        "telecom": [{"system": "phone", "value": "13800000001"}],
        "address": [{"text": "河南省焦作市解放区民生街道幸福社区 3 号楼", "city": "焦作市", "district": "解放区"}],
        "managingOrganization": CENTRE,
        "generalPractitioner": [FAMILY_DOCTOR],
    }


def _standing() -> Iterator[Document]:
    yield {
        "resourceType": "AllergyIntolerance",
        "id": "allergy-penicillin",
        "clinicalStatus": _status("allergyintolerance-clinical", "active"),
        "criticality": "high",
        "code": {"text": "青霉素"},
        "patient": SUBJECT,
        "recordedDate": "2019-03-12",
        "reaction": [{"manifestation": [{"text": "过敏性休克"}], "severity": "severe"}],
    }
    yield {
        "resourceType": "AllergyIntolerance",
        "id": "allergy-shrimp",
        "clinicalStatus": _status("allergyintolerance-clinical", "active"),
        "code": {"text": "虾"},
        "patient": SUBJECT,
        "reaction": [{"manifestation": [{"text": "皮疹"}]}],
    }
    yield {
        "resourceType": "Flag",
        "id": "falls",
        "status": "active",
        "code": {"text": "跌倒高风险"},
        "subject": SUBJECT,
        "period": {"start": "2026-07-15"},
    }
    yield {
        "resourceType": "Device",
        "id": "stent",
        "status": "active",
        "type": {"text": "冠状动脉支架（左前降支）"},
        "patient": SUBJECT,
    }
    for id, code, name, since in (
        ("hypertension", "I10.x00", "高血压病", "2018-05-02"),
        ("diabetes", "E11.900", "2型糖尿病", "2021-09-11"),
        ("coronary", "I25.103", "冠状动脉粥样硬化性心脏病", "2023-10-20"),
    ):
        yield {
            "resourceType": "Condition",
            "id": id,
            "clinicalStatus": _status("condition-clinical", "active"),
            "verificationStatus": _status("condition-ver-status", "confirmed"),
            "category": [_status("condition-category", "problem-list-item")],
            "code": _coded(ICD, code, name),
            "subject": SUBJECT,
            "onsetDateTime": since,
            "recordedDate": since,
            "asserter": DOCTOR,
            "encounter": {"reference": "Encounter/v4"},
        }
    kinds = (("hypertension", "高血压管理"), ("diabetes", "糖尿病管理"), ("family-doctor", "家庭医生签约"))
    for kind, name in kinds:
        yield {
            "resourceType": "EpisodeOfCare",
            "id": f"episode-{kind}",
            "status": "active",
            "type": [_coded(OWN + "episode", kind, name)],
            "patient": SUBJECT,
            "managingOrganization": CENTRE,
            "period": {"start": "2026-01-14"},
            "careManager": FAMILY_DOCTOR,
        }
    yield {
        "resourceType": "CareTeam",
        "id": "contract",
        "status": "active",
        "category": [_coded(OWN + "care-team", "family-doctor", "家庭医生团队")],
        "name": "民生社区第 2 家庭医生团队",
        "subject": SUBJECT,
        "period": {"start": "2026-01-14", "end": "2027-01-13"},
        "participant": [{"member": FAMILY_DOCTOR, "onBehalfOf": CENTRE}],
        "managingOrganization": [CENTRE],
    }
    yield {
        "resourceType": "RelatedPerson",
        "id": "son",
        "active": True,
        "patient": SUBJECT,
        "relationship": [_coded(OWN + "gbt-4761", "2", "子")],
        "name": [{"text": "赵志强"}],
        "telecom": [{"system": "phone", "value": "13900000002"}],
    }
    yield {
        "resourceType": "FamilyMemberHistory",
        "id": "father",
        "status": "completed",
        "patient": SUBJECT,
        "relationship": {"text": "父亲"},
        "condition": [
            {"code": {"text": "脑卒中"}, "onsetAge": {"value": 71, "unit": "岁", "code": "a", "system": UCUM}}
        ],
    }
    yield {
        "resourceType": "Coverage",
        "id": "coverage",
        "status": "active",
        "type": _coded(OWN + "insurance-kind", "employee", "职工基本医疗保险"),
        "beneficiary": SUBJECT,
        "payor": [{"display": "焦作市医疗保障局"}],
    }
    yield {
        "resourceType": "Immunization",
        "id": "flu",
        "status": "completed",
        "vaccineCode": _coded(OWN + "vaccine", "2101", "流感疫苗"),
        "patient": SUBJECT,
        "occurrenceDateTime": "2025-10-09",
        "performer": [{"actor": CENTRE}],
        "lotNumber": "202508A11",
    }


def _visits() -> Iterator[Document]:
    pressure = (168, 160, 152, 146, 148, 142, 138, 136)
    glucose = ("9.8", "8.9", "8.1", "7.6", "7.9", "7.2", "6.8", "7.4")
    kind = ({"text": "复诊"}, _coded(OWN + "follow-up", "hypertension", "高血压随访"))
    for at, (id, (date, place)) in enumerate(VISITS.items()):
        yield {
            "resourceType": "Encounter",
            "id": id,
            "status": "finished",
            "class": {"system": HL7 + "v3-ActCode", "code": "AMB", "display": "门诊"},
            "serviceType": {"text": "全科" if place is CENTRE else "心血管内科"},
            "type": [kind[place is CENTRE]],
            "subject": SUBJECT,
            "participant": [{"individual": FAMILY_DOCTOR if place is CENTRE else DOCTOR}],
            "period": {"start": f"{date}T08:30:00+08:00", "end": f"{date}T09:05:00+08:00"},
            "reasonCode": [{"text": "高血压病复查"}],
            "diagnosis": [{"condition": {"reference": "Condition/hypertension"}}],
            "serviceProvider": place,
        }
        yield _pressure(id, date, pressure[at], 104 - 3 * at)
        yield _quantity(f"pulse-{id}", id, date, ("8867-4", "心率"), str(78 - at), "次/分", "/min", (60, 100))
        yield _quantity(f"glucose-{id}", id, date, ("1558-6", "空腹血糖"), glucose[at], "mmol/L", "mmol/L", (3.9, 6.1))
        if place is HOSPITAL:
            yield from _panel(id, date, at)
    # the hospital's laboratory writes glucose in the other unit once
    yield _quantity("glucose-old", "v1", "2024-10-16", ("1558-6", "空腹血糖"), "189", "mg/dL", "mg/dL", (70, 110))


def _pressure(visit: str, date: str, high: int, low: int) -> Document:
    return {
        "resourceType": "Observation",
        "id": f"bp-{visit}",
        "status": "final",
        "category": [_status("observation-category", "vital-signs")],
        "code": _coded(LOINC, "85354-9", "血压"),
        "subject": SUBJECT,
        "encounter": {"reference": f"Encounter/{visit}"},
        "effectiveDateTime": f"{date}T08:40:00+08:00",
        "component": [
            {
                "code": _coded(LOINC, code, name),
                "valueQuantity": {"value": value, "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"},
                "referenceRange": [{"low": {"value": least}, "high": {"value": most}}],
            }
            for code, name, value, least, most in (
                ("8480-6", "收缩压", high, 90, 139),
                ("8462-4", "舒张压", low, 60, 89),
            )
        ],
    }


def _quantity(
    id: str, visit: str, date: str, what: tuple[str, str], value: str, unit: str, code: str, bounds: tuple[float, float]
) -> Document:
    vital = what[0] == "8867-4"
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "category": [_status("observation-category", "vital-signs" if vital else "laboratory")],
        "code": _coded(LOINC, *what),
        "subject": SUBJECT,
        "encounter": {"reference": f"Encounter/{visit}"},
        "effectiveDateTime": f"{date}T08:50:00+08:00",
        "valueQuantity": {
            "value": float(value) if "." in value else int(value),
            "unit": unit,
            "system": UCUM,
            "code": code,
        },
        "referenceRange": [{"low": {"value": bounds[0]}, "high": {"value": bounds[1]}}],
    }


def _panel(visit: str, date: str, at: int) -> Iterator[Document]:
    tests = (
        ("2089-1", "低密度脂蛋白胆固醇", f"{3.9 - at / 10:.1f}", "mmol/L", (0, 3.4)),
        ("2571-8", "甘油三酯", "1.62", "mmol/L", (0.4, 1.7)),
        ("2160-0", "肌酐", "68", "umol/L", (41, 81)),
        ("2823-3", "血钾", "2.6" if at == 6 else "4.1", "mmol/L", (3.5, 5.3)),
        ("4548-4", "糖化血红蛋白", f"{7.9 - at / 10:.1f}", "%", (4.0, 6.0)),
    )
    for code, name, value, unit, bounds in tests:
        made = _quantity(f"{code}-{visit}", visit, date, (code, name), value, unit, unit, bounds)
        made["performer"] = [HOSPITAL]
        if code == "2823-3" and at == 6:
            made["interpretation"] = [_status("v3-ObservationInterpretation", "LL")]
        yield made
    yield {
        "resourceType": "DiagnosticReport",
        "id": f"panel-{visit}",
        "status": "final",
        "category": [_status("v2-0074", "LAB")],
        "code": {"text": "生化检验"},
        "subject": SUBJECT,
        "encounter": {"reference": f"Encounter/{visit}"},
        "effectiveDateTime": f"{date}T08:50:00+08:00",
        "issued": f"{date}T11:20:00+08:00",
        "performer": [HOSPITAL],
        "result": [{"reference": f"Observation/{code}-{visit}"} for code, *_ in tests],
        "conclusion": "血钾危急值，已电话通知临床。" if at == 6 else "血脂、糖化血红蛋白偏高。",
    }


def _medicines() -> Iterator[Document]:
    for id, name, amount, often, date, days, status, by in (
        ("amlodipine", "苯磺酸氨氯地平片", 5, 1, "2026-10-14", 90, "active", FAMILY_DOCTOR),
        ("metformin", "盐酸二甲双胍片", 500, 2, "2026-10-14", 90, "active", FAMILY_DOCTOR),
        ("aspirin", "阿司匹林肠溶片", 100, 1, "2026-07-15", 28, "active", DOCTOR),
        ("indapamide", "吲达帕胺片", 2.5, 1, "2025-04-16", 90, "stopped", FAMILY_DOCTOR),
    ):
        yield {
            "resourceType": "MedicationRequest",
            "id": id,
            "status": status,
            "intent": "order",
            "medicationCodeableConcept": _coded(OWN + "drug", id, name),
            "subject": SUBJECT,
            "encounter": {"reference": "Encounter/v8" if by is FAMILY_DOCTOR else "Encounter/v7"},
            "authoredOn": f"{date}T09:00:00+08:00",
            "requester": by,
            "dosageInstruction": [
                {
                    "timing": {"repeat": {"frequency": often, "period": 1, "periodUnit": "d"}},
                    "route": {"text": "口服"},
                    "doseAndRate": [{"doseQuantity": {"value": amount, "unit": "mg", "system": UCUM, "code": "mg"}}],
                }
            ],
            "dispenseRequest": {"expectedSupplyDuration": {"value": days, "unit": "天", "system": UCUM, "code": "d"}},
        }


def _papers() -> Iterator[Document]:
    yield {
        "resourceType": "Composition",
        "id": "outpatient-v7",
        "status": "final",
        "type": _coded(LOINC, "34131-3", "门诊病历"),
        "subject": SUBJECT,
        "encounter": {"reference": "Encounter/v7"},
        "date": "2026-07-15T09:05:00+08:00",
        "author": [DOCTOR],
        "title": "门诊病历 心血管内科",
        "custodian": HOSPITAL,
        "section": [
            {"title": "主诉", "text": _text("反复头晕 8 年，加重 1 周。")},
            {"title": "处理", "text": _text("口服补钾，停用吲达帕胺，一周后复查血钾。")},
        ],
    }
    yield {
        "resourceType": "DocumentReference",
        "id": "discharge",
        "status": "current",
        "type": {"text": "出院小结"},
        "description": "2023 年 10 月冠状动脉支架植入术",
        "subject": SUBJECT,
        "date": "2023-10-28T10:00:00+08:00",
        "custodian": HOSPITAL,
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain; charset=utf-8",
                    "title": "出院小结.txt",
                    "data": "5Ye66Zmi5bCP57uTCg==",
                }
            }
        ],
    }


def _text(said: str) -> Document:
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{said}</p></div>'}
