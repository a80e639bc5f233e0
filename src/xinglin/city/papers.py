"""Documents of the last year: the note of a visit to a hospital, and the summary of a stay (WS/T 500.2, 500.53).

A Composition as the platform issues it: identified by what it is about, sections by LOINC, texts that somebody wrote
and the entries that belong to them. Words come from the diagnosis (`complaints.csv`, restated general knowledge).
Draws come from a stream of their own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from html import escape
from typing import Final

from xinglin.city.names import rows
from xinglin.city.record import Record, Visit
from xinglin.city.stream import Stream
from xinglin.city.terms import LOINC, Json, coding, identifier, reference, system

DAYS: Final = 365  # before the last day
NUMBERS: Final = "urn:oid:2.16.156.10011.1.1"
NOTE: Final = ("C0002", "门(急)诊病历")
SUMMARY: Final = ("C0053", "出院小结")
EMPTY: Final = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/list-empty-reason", "code": "nilknown"}]}
_MENTAL: Final = "15"


@dataclass(frozen=True, slots=True)
class Story:
    """What somebody with a diagnosis complains of, and what is found."""

    symptoms: str
    examination: str


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a document. text: what was written, lines apart; entries: resources it is about."""

    code: str
    display: str
    title: str
    text: str = ""
    entries: tuple[Json, ...] = ()


@cache
def stories() -> Mapping[str, Story]:
    """Give the stories by the first three characters of the diagnosis."""
    return {row["code"]: Story(row["symptoms"], row["examination"]) for row in rows("complaints.csv")}


def papers(record: Record, under: Mapping[str, Sequence[Json]]) -> None:
    """Write the documents. under: what was recorded under each visit, by its id."""
    first = record.spec.until - timedelta(days=DAYS)
    stream: Stream | None = None
    for visit in tuple(record.visits.values()):
        one = visit.resource
        if visit.day <= first or one["status"] != "finished" or "diagnosis" not in one:
            continue
        stay = one["class"]["code"] == "IMP"
        if not (stay or visit.institution.is_hospital):
            continue
        stream = stream or Stream(record.spec.seed, "papers", record.person.id)
        of = tuple(under.get(visit.id, ()))
        sections = _summary(record, visit, of) if stay else _note(record, stream, visit, of)
        _write(record, visit, SUMMARY if stay else NOTE, tuple(sections))


def _write(record: Record, visit: Visit, what: tuple[str, str], sections: Sequence[Section]) -> None:
    code, title = what
    provider = visit.resource["serviceProvider"]
    record.add(
        "Composition",
        language="zh-CN",
        identifier=identifier(NUMBERS, f"{code}-{visit.id}"),
        status="final",
        type={"coding": [coding(system("wst-500"), code, title)], "text": title},
        subject=record.subject,
        encounter=visit.reference,
        date=visit.resource["period"]["end"],
        author=[reference("Practitioner", visit.doctor.id, visit.doctor.name)],
        title=title,
        confidentiality="R" if visit.doctor.department.startswith(_MENTAL) else "N",
        custodian=provider,
        event=[{"detail": [visit.reference]}],
        section=[_section(one) for one in sections],
    )


def _section(one: Section) -> Json:
    made: Json = {"title": one.title, "code": {"coding": [coding(LOINC, one.code, one.display)]}}
    if one.text:
        made["text"] = {"status": "additional", "div": _div(one.text)}
    if one.entries:
        made["entry"] = [reference(each["resourceType"], each["id"]) for each in one.entries]
        made.setdefault("text", {"status": "generated", "div": _div("\n".join(_line(each) for each in one.entries))})
    elif not one.text:
        made |= {"text": {"status": "generated", "div": _div("无")}, "emptyReason": EMPTY}
    return made


def _div(text: str) -> str:
    lines = "".join(f"<p>{escape(line, quote=False)}</p>" for line in text.splitlines())
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{lines}</div>'


def _line(one: Json) -> str:
    """Say a resource in a line."""
    what = one.get("code") or one.get("medicationCodeableConcept") or {}
    dosage = "".join(each["text"] for each in one.get("dosageInstruction", ()))
    value = one.get("valueQuantity")
    measured = f"{value['value']} {value['unit']}".strip() if value else one.get("valueString", "")
    return " ".join(part for part in (what.get("text", ""), measured, dosage) if part)


def _kinds(under: Sequence[Json], *types: str) -> tuple[Json, ...]:
    return tuple(one for one in under if one["resourceType"] in types)


def _main(under: Sequence[Json]) -> tuple[str, str]:
    """Give code and name of the main diagnosis: the first that was written."""
    first = next(one for one in under if one["resourceType"] == "Condition")
    return first["code"]["coding"][0]["code"], first["code"]["text"]


def _note(record: Record, stream: Stream, visit: Visit, under: Sequence[Json]) -> Iterator[Section]:
    """Yield the sections of the note of a visit."""
    code, title = _main(under)
    story = stories().get(code[:3], Story(f"{title}相关不适", "未见明显异常"))
    lasting = any(ill.disease.code == code for ill in record.ill.values())
    since = f"{stream.between(1, 5)}天"
    complaint = f"{title}复诊" if lasting else f"{story.symptoms}{since}"
    told = (
        f"患者确诊{title}，规律随诊，近期{story.symptoms}较前无明显加重，今来复诊。"
        if lasting
        else f"患者{since}前无明显诱因出现{story.symptoms}，未系统诊治，今来就诊。饮食、睡眠可，二便正常。"
    )
    drugs = _kinds(under, "MedicationRequest")
    vitals, laboratory = _observed(under)
    yield Section("48765-2", "Allergies, adverse reactions, alerts", "过敏史", *_allergies(record))
    yield Section("10154-3", "CHIEF COMPLAINT", "主诉", complaint)
    yield Section("10164-2", "HISTORY OF PRESENT ILLNESS", "现病史", told)
    yield Section("11348-0", "HISTORY OF PAST ILLNESS", "既往史", _past(record, visit, code))
    yield Section("29545-1", "PHYSICAL EXAMINATION", "体格检查", f"神志清，精神可。{story.examination}。", vitals)
    if laboratory:
        yield Section("30954-2", "STUDIES SUMMARY", "辅助检查", "", laboratory)
    yield Section("29548-5", "DIAGNOSIS", "诊断", "", _kinds(under, "Condition"))
    yield Section(
        "18776-5", "TREATMENT PLAN", "治疗计划", "按医嘱用药，注意休息，不适随诊。" if drugs else "对症处理，不适随诊。"
    )
    orders = (*drugs, *_kinds(under, "Procedure"))
    if orders:
        yield Section("46209-3", "PROVIDER ORDERS", "医嘱", "", orders)


def _summary(record: Record, visit: Visit, under: Sequence[Json]) -> Iterator[Section]:
    """Yield the sections of the summary of a stay."""
    code, title = _main(under)
    story = stories().get(code[:3], Story(f"{title}相关不适", "未见明显异常"))
    conditions = _kinds(under, "Condition")
    operations, drugs = _kinds(under, "Procedure"), _kinds(under, "MedicationRequest")
    died = visit.resource["hospitalization"]["dischargeDisposition"]["text"] == "死亡"
    _, laboratory = _observed(under)
    unusual = tuple(one for one in laboratory if _is_unusual(one))
    done = "、".join(one["code"]["text"] for one in operations)
    course = f"入院后完善相关检查，明确诊断为{title}，" + (f"行{done}，" if done else "")
    course += "经抢救无效死亡。" if died else "予对症支持治疗，病情好转。"
    yield Section(
        *("46241-6", "HOSPITAL ADMISSION DX", "入院诊断"),
        f"因“{story.symptoms}”入院。入院查体：{story.examination}。",
        conditions[:1],
    )
    if unusual:
        yield Section("30954-2", "STUDIES SUMMARY", "实验室检查", "", unusual)
    if operations:
        yield Section("47519-4", "HISTORY OF PROCEDURES", "手术操作", "", operations)
    yield Section("8648-8", "HOSPITAL COURSE", "住院过程", course, (visit.resource,))
    yield Section("11535-2", "HOSPITAL DISCHARGE DX", "出院诊断", "", conditions)
    state = "死亡。" if died else "一般情况可，生命体征平稳，症状明显缓解。"
    yield Section("10184-0", "HOSPITAL DISCHARGE PHYSICAL", "出院情况", state)
    advice = "—" if died else "注意休息，规律服药，2周后门诊复查，不适随诊。"
    yield Section("8653-8", "HOSPITAL DISCHARGE INSTRUCTIONS", "出院医嘱", advice, () if died else drugs)


def _observed(under: Sequence[Json]) -> tuple[tuple[Json, ...], tuple[Json, ...]]:
    """Give the vital signs and the laboratory results."""
    seen = _kinds(under, "Observation")
    signs = tuple(one for one in seen if one["category"][0]["coding"][0]["code"] == "vital-signs")
    return signs, tuple(one for one in seen if one["category"][0]["coding"][0]["code"] == "laboratory")


def _is_unusual(one: Json) -> bool:
    return any(each["coding"][0]["code"] != "N" for each in one.get("interpretation", ()))


def _allergies(record: Record) -> tuple[str, tuple[Json, ...]]:
    found = tuple(one for one in record.out if one["resourceType"] == "AllergyIntolerance")
    return ("" if found else "否认药物、食物过敏史"), found


def _past(record: Record, visit: Visit, code: str) -> str:
    """Say what somebody has had before; disorders of the mind are told in their own department only."""
    told = [
        ill.disease.title
        for ill in record.ill.values()
        if ill.since < visit.day
        and ill.disease.code != code
        and (ill.disease.department != _MENTAL or visit.doctor.department.startswith(_MENTAL))
    ]
    return "、".join(told) + "病史。" if told else "否认高血压、糖尿病、冠心病等慢性病史，否认手术、外伤史。"


def under_visits(record: Record) -> dict[str, list[Json]]:
    """Give what was recorded under each visit, by its id, in the order of its writing."""
    found: dict[str, list[Json]] = {}
    for one in record.out:
        if "encounter" in one:
            found.setdefault(one["encounter"]["reference"].partition("/")[2], []).append(one)
    return found
