"""From what was decided to resources: the header, its lines, the review that is asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from xinglin.capabilities.prescriptions import contract
from xinglin.capabilities.prescriptions.rules.states import STATUS
from xinglin.care.findings import Finding, Weight, gravest
from xinglin.care.prescribing import forms
from xinglin.fhir.sources import cites
from xinglin.tables import catalogues

Json = dict[str, Any]
UCUM: Final = "http://unitsofmeasure.org"
BEIJING: Final = ZoneInfo("Asia/Shanghai")
# How a frequency is written on a prescription.
FREQUENCIES: Final[Mapping[str, str]] = {
    "qd": "每日1次",
    "qn": "每晚1次",
    "bid": "每日2次",
    "tid": "每日3次",
    "qid": "每日4次",
    "q12h": "每12小时1次",
    "q8h": "每8小时1次",
    "q6h": "每6小时1次",
    "q4h": "每4小时1次",
    "qod": "隔日1次",
    "q72h": "每72小时1次",
    "tiw": "每周3次",
    "biw": "每周2次",
    "qw": "每周1次",
    "q2w": "每2周1次",
    "q3w": "每3周1次",
    "q4w": "每4周1次",
    "q8w": "每8周1次",
    "q6m": "每6个月1次",
    "qy": "每年1次",
    "st": "立即",
    "prn": "必要时",
}


@dataclass(frozen=True, slots=True)
class About:
    """Whose prescription, in which visit, for which diagnoses: references. number: of the prescription, once given.

    key: of the act of signing, so that it is done once. named: what the diagnoses are called, as whoever reviews or
    fills the prescription may not read them.
    """

    patient: str
    encounter: str
    reasons: tuple[str, ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)
    author: str = ""
    author_name: str = ""
    online: bool = False
    number: str = ""
    at: str = ""
    replaces: str = ""
    insisted: str = ""
    key: str = ""


def header(one: forms.Prescription, about: About, state: str) -> Json:
    """Write the header; the lines stand in `action` when they are known (`with_lines`)."""
    extensions = [
        code(contract.STATE, state),
        code(contract.KIND, one.kind),
        code(contract.TYPE, "tcm" if one.slice_lines and not one.drug_lines else "western"),
        {"url": contract.EXTRA_DAYS, "valueInteger": one.extra_days},
        {"url": contract.ONLINE, "valueBoolean": about.online},
        *_more(one, about),
    ]
    made: Json = {
        "resourceType": "RequestGroup",
        "meta": {"profile": [contract.PRESCRIPTION.url]},
        "extension": extensions,
        "status": STATUS[state][0],
        "intent": "order",
        "subject": {"reference": about.patient},
        "encounter": {"reference": about.encounter},
    }
    if about.number:
        made["identifier"] = [{"system": contract.NUMBERS, "value": about.number}]
        made["author"] = _named(about.author, about.author_name)
        made["authoredOn"] = about.at
    if about.key:
        made["groupIdentifier"] = {"value": about.key}
    if about.reasons:
        made["reasonReference"] = _reasons(about)
    if about.replaces:
        made["replaces"] = [{"reference": about.replaces}]
    return made


def _reasons(about: About) -> list[Json]:
    names = about.named
    return [{"reference": one} | ({"display": names[one]} if names.get(one) else {}) for one in about.reasons]


def _more(one: forms.Prescription, about: About) -> Iterator[Json]:
    """Give the extensions that only some prescriptions have."""
    if one.extension_reason:
        yield code(contract.EXTENSION_REASON, one.extension_reason)
    if one.doses is not None:
        yield {"url": contract.DOSES, "valueInteger": one.doses}
    if one.usage:
        yield {"url": contract.USAGE, "valueString": one.usage}
    if one.long is not None:
        flags = {name: getattr(one.long, name) for name in ("first", "evaluated", "stable", "consented")}
        yield {
            "url": contract.LONG,
            "extension": [{"url": name, "valueBoolean": flag} for name, flag in flags.items()],
        }
    for signature in one.signatures:
        yield _second(signature, about)
    if about.number:
        yield {"url": contract.VALID_UNTIL, "valueDateTime": valid_until(one).isoformat()}
    if about.insisted:
        yield {"url": contract.INSISTED, "valueString": about.insisted}


@cites("R3-006")
def _second(one: forms.SecondSignature, about: About) -> Json:
    parts: list[Json] = [
        {"url": "code", "valueCode": one.code},
        *({"url": "line", "valueInteger": number} for number in one.lines),
        {"url": "reason", "valueString": one.reason},
    ]
    if about.author:
        parts += [
            {"url": "by", "valueReference": {"reference": about.author}},
            {"url": "at", "valueInstant": about.at},
        ]
    return {"url": contract.SECOND_SIGNATURE, "extension": parts}


@cites("R3-020")
def valid_until(one: forms.Prescription) -> datetime:
    """Give the last second in which a prescription holds: of the day of issue, or of up to two days after it."""
    return datetime.combine(one.issued + timedelta(days=one.extra_days), time(23, 59, 59), BEIJING)


def lines(one: forms.Prescription, about: About, state: str) -> list[Json]:
    """Write the lines in their order."""
    return [_line(each, one, about, state) for each in one.lines]


def with_lines(made: Json, references: Sequence[str]) -> Json:
    """Put the references of the lines into the header, in their order."""
    return made | {"action": [{"resource": {"reference": reference}} for reference in references]}


def _line(one: forms.Line, whole: forms.Prescription, about: About, state: str) -> Json:
    written = _drug(one) if isinstance(one, forms.DrugLine) else _slice(one, whole)
    made: Json = {
        "resourceType": "MedicationRequest",
        "meta": {"profile": [contract.LINE.url]},
        "status": STATUS[state][1],
        "intent": "order",
        "subject": {"reference": about.patient},
        "encounter": {"reference": about.encounter},
        **written,
    }
    made["extension"] = [code(contract.SOURCE, one.source), *written["extension"]]
    if about.number:
        made["groupIdentifier"] = {"system": contract.NUMBERS, "value": about.number}
        made["requester"] = _named(about.author, about.author_name)
        made["authoredOn"] = about.at
    if about.reasons:
        made["reasonReference"] = _reasons(about)
    if whole.extension_reason:
        made["extension"].append(code(contract.EXTENSION_REASON, whole.extension_reason))
    return made


def _drug(one: forms.DrugLine) -> Json:
    drug = catalogues.drug(one.drug)
    dosage: Json = {"text": usage_of(one)}
    if one.words:
        dosage["patientInstruction"] = one.words
    if one.frequency:
        dosage["timing"] = {"code": {"text": one.frequency}} | _repeat(one.frequency)
    if one.frequency == "prn":
        dosage["asNeededBoolean"] = True
    if one.route:
        dosage["route"] = {"coding": [{"system": contract.ROUTES, "code": one.route}], "text": one.route}
    if one.dose is not None:
        dosage["doseAndRate"] = [{"doseQuantity": {"value": one.dose, "unit": one.unit}}]
    supply: Json = {"quantity": {"value": one.quantity * drug.pack, "unit": drug.unit}}
    if one.days is not None:
        supply["expectedSupplyDuration"] = {"value": one.days, "unit": "天", "system": UCUM, "code": "d"}
    extensions = [code(contract.SKIN_TEST, one.skin_test)] if one.skin_test else []
    if one.minutes is not None:
        extensions.append({"url": contract.MINUTES, "valueInteger": one.minutes})
    return {
        "extension": extensions,
        "medicationCodeableConcept": {
            "coding": [{"system": contract.DRUGS, "code": drug.code, "display": drug.name}],
            "text": f"{drug.name} {drug.strength}",
        },
        "dosageInstruction": [dosage],
        "dispenseRequest": supply,
    }


def _slice(one: forms.SliceLine, whole: forms.Prescription) -> Json:
    herb = catalogues.tcm_slice(one.slice)
    doses = whole.doses or 0
    note = f"（{one.footnote}）" if one.footnote else ""
    supply: Json = {"quantity": {"value": one.grams * doses, "unit": "g", "system": UCUM, "code": "g"}}
    if doses:
        supply["expectedSupplyDuration"] = {"value": doses, "unit": "天", "system": UCUM, "code": "d"}
    return {
        "extension": [{"url": contract.FOOTNOTE, "valueString": one.footnote}] if one.footnote else [],
        "medicationCodeableConcept": {
            "coding": [{"system": contract.SLICES, "code": herb.code, "display": herb.name}],
            "text": herb.name,
        },
        "dosageInstruction": [
            {
                "text": f"{one.grams.normalize():f}g{note}，每日1剂，共{doses}剂"
                + (f"，{whole.usage}" if whole.usage else ""),
                "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
                "doseAndRate": [{"doseQuantity": {"value": one.grams, "unit": "g", "system": UCUM, "code": "g"}}],
            }
        ],
        "dispenseRequest": supply,
    }


def usage_of(one: forms.DrugLine) -> str:
    """Say usage and dosage as it is written: 口服，一次5mg，每日1次，共7天."""
    parts = [one.route]
    if one.dose is not None:
        parts.append(f"一次{one.dose.normalize():f}{one.unit}")
    parts.append(FREQUENCIES.get(one.frequency, ""))
    parts.append(f"共{one.days}天" if one.days else "")
    parts.append(one.words)
    return "，".join(part for part in parts if part)


def _repeat(frequency: str) -> Json:
    """Write how often in a day, where it is a whole number of times in whole days."""
    times = catalogues.FREQUENCIES[frequency]
    if times is None:
        return {}
    repeat = {"frequency": times.numerator, "period": times.denominator, "periodUnit": "d"}
    return {"repeat": repeat}


# How urgent a review is, as Task.priority: the queue shows stat before asap before urgent before routine.
PRIORITIES: Final = ("stat", "asap", "urgent", "routine")


@cites("R3-052")
def priority(one: forms.Prescription, place: str, findings: Sequence[Finding]) -> str:
    """Order the queue by risk: an emergency first, then what was signed twice, then what the machine warns of."""
    if place == "emergency":
        return "stat"
    weight: Weight | None = gravest(findings)
    if weight in {"block", "sign"} or one.kind in {"narcotic", "psychotropic-2"}:
        return "asap"
    return "urgent" if weight == "warn" or one.kind == "paediatric" else "routine"


def review(
    about: About, group: str, lines: Sequence[str], owner: str, urgency: str, findings: Sequence[Finding],
    digests: Mapping[str, str],
) -> Json:  # fmt: skip
    """Write the review that is asked for: with what the machine found and the digests of what is signed."""
    return {
        "resourceType": "Task",
        "meta": {"profile": [contract.REVIEW_TASK.url]},
        "extension": [
            *(_found(one) for one in findings),
            *(
                {
                    "url": contract.CONTENT,
                    "extension": [
                        {"url": "target", "valueReference": {"reference": target}},
                        {"url": "sm3", "valueString": digest},
                    ],
                }
                for target, digest in digests.items()
            ),
        ],
        "status": "requested",
        "intent": "order",
        "priority": urgency,
        "code": {"coding": [{"system": contract.REVIEWS.system, "code": contract.REVIEW}]},
        "groupIdentifier": {"system": contract.NUMBERS, "value": about.number},
        "basedOn": [{"reference": one} for one in lines],
        "focus": {"reference": group},
        "for": {"reference": about.patient},
        "encounter": {"reference": about.encounter},
        "authoredOn": about.at,
        "requester": _named(about.author, about.author_name),
        "owner": {"reference": owner},
    }


def _found(one: Finding) -> Json:
    parts: list[Json] = [
        {"url": "code", "valueCode": one.code},
        {"url": "rule", "valueString": one.rule},
        {"url": "weight", "valueCode": one.weight},
        {"url": "zh", "valueString": one.text.zh},
        {"url": "en", "valueString": one.text.en},
        *({"url": "line", "valueInteger": number} for number in one.lines),
    ]
    if one.source:
        parts.append({"url": "source", "valueString": one.source})
    return {"url": contract.FINDING, "extension": parts}


def moved(document: Json, state: str) -> Json:
    """Give a header in another state."""
    others = [one for one in document["extension"] if one["url"] != contract.STATE]
    return document | {"status": STATUS[state][0], "extension": [code(contract.STATE, state), *others]}


def code(url: str, value: str) -> Json:
    """Write an extension that holds a code."""
    return {"url": url, "valueCode": value}


def quantity_words(one: forms.DrugLine) -> str:
    """Say how much is dispensed: 2 盒 (14片)."""
    drug = catalogues.drug(one.drug)
    return f"{one.quantity * drug.pack}{drug.unit}"


def total_grams(one: forms.SliceLine, doses: int | None) -> Decimal:
    """Give the grams of a slice in all doses."""
    return one.grams * (doses or 0)


def _named(reference: str, name: str) -> Json:
    return {"reference": reference} | ({"display": name} if name else {})
