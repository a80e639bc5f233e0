"""What visits and stays of the last year cost: a Claim for each, and for stays the fees of the front page (ST-38).

Prices are those of the service items. Drugs have none in the catalogue: what a package costs is made up (design), the
same for each drug. Visits of public health cost nothing but the drugs. Money is in fen until it is written.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Final

from xinglin.care.prices import GRAM_FEN, package_fen
from xinglin.city.record import Record, Visit
from xinglin.city.staff import Worker
from xinglin.city.terms import HL7, Json, concept, reference, system
from xinglin.tables.catalogues import ServiceItem, drug, services

DAYS: Final = 365  # before the last day
# Laboratory panels by the code of the report, and operations by ICD-9-CM-3: what is billed.
_PANELS: Final[Mapping[str, tuple[str, ...]]] = {
    "58410-2": ("F0070", "F0071"),
    "24325-3": ("F0077",),
    "24362-6": ("F0078",),
    "24331-1": ("F0079",),
    "14771-0": ("F0080",),
    "55399-0": ("F0080", "F0082"),
    "24356-8": ("F0075",),
}
_PROCEDURES: Final[Mapping[str, tuple[str, ...]]] = {
    "39.9500": ("F0220", "F0281"),
    "47.0100": ("F0190", "F0217"),
    "51.2300": ("F0191", "F0217"),
    "53.0000": ("F0192", "F0216"),
    "79.3500": ("F0211", "F0216"),
    "79.3200": ("F0211", "F0216"),
    "13.4100": ("F0200", "F0215", "F0279"),
    "56.0x00": ("F0204", "F0216"),
    "88.5500": ("F0206", "F0215"),
    "99.2500": ("F0252", "F0061"),
    "74.1x00": ("F0195", "F0216"),
    "73.5900": ("F0196",),
}
# Of a stay: seeing the patient, bed, nursing, two infusions with what they take; on admission ECG, chest, abdomen, CT,
# coagulation; the heart is watched for the first days (design).
_EACH_DAY: Final = ("F0013", "F0063", "F0037", "F0056", "F0056", "F0274")
_ON_ADMISSION: Final = ("F0152", "F0131", "F0143", "F0132", "F0087", "F0086", "F0276")
_MONITORED: Final = 3
_URINE: Final = "24356-8"
# Groups of the front page by the price type of a service; what is "of which" stands in two.
_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "挂号": ("YLFUF",),
    "诊查": ("YLFUF",),
    "床位": ("YLFUF",),
    "注射": ("ZLCZF",),
    "护理": ("HLF",),
    "化验": ("SYSZDF",),
    "影像": ("YXXZDF",),
    "检查": ("LCZDXMF",),
    "治疗": ("FSSZLXMF",),
    "手术": ("SSZLF", "SSF"),
    "麻醉": ("SSZLF", "MAF"),
    "材料": ("YYCLF",),
}
ITEMS: Final[Mapping[str, str]] = {
    "ZFY": "总费用",
    "ZFJE": "自付金额",
    "YLFUF": "一般医疗服务费",
    "ZLCZF": "一般治疗操作费",
    "HLF": "护理费",
    "SYSZDF": "实验室诊断费",
    "YXXZDF": "影像学诊断费",
    "LCZDXMF": "临床诊断项目费",
    "FSSZLXMF": "非手术治疗项目费",
    "SSZLF": "手术治疗费",
    "MAF": "麻醉费",
    "SSF": "手术费",
    "XYF": "西药费",
    "KJYWF": "抗菌药物费用",
    "ZCYF": "中成药费",
    "YYCLF": "治疗用一次性医用材料费",
}
_OWN: Final = {"employee": 0.2, "resident": 0.35}  # share of a stay that the patient pays himself (design)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill. code: of a service item or drug; groups: of the front page; price in fen of one."""

    system: str
    code: str
    name: str
    price_fen: int
    quantity: int
    groups: tuple[str, ...]

    @property
    def net_fen(self) -> int:
        """The whole line in fen."""
        return self.price_fen * self.quantity


def fees(record: Record, under: Mapping[str, Sequence[Json]]) -> None:
    """Write the bills of the last year. under: what was recorded under each visit, by its id."""
    first = record.spec.until - timedelta(days=DAYS)
    for visit in tuple(record.visits.values()):
        one = visit.resource
        if visit.day <= first or one["status"] != "finished":
            continue
        lines = tuple(_lines(visit, under.get(visit.id, ())))
        if lines:
            _claim(record, visit, lines)
        if one["class"]["code"] == "IMP":
            _front_page(record, visit, lines)


def _lines(visit: Visit, under: Sequence[Json]) -> Iterator[Line]:
    """Yield what is billed: seeing the patient, bed and nursing, laboratory, operations, drugs."""
    stay = visit.resource["class"]["code"] == "IMP"
    if stay:
        days = int(visit.resource["length"]["value"])
        for code in _EACH_DAY:
            yield _service(code, days)
        for code in _ON_ADMISSION:
            yield _service(code)
        yield _service("F0227", 24 * min(days, _MONITORED))
    elif "type" not in visit.resource:
        yield _service(consultation(visit.doctor))
    else:
        # The service is paid by the public; the drugs are not.
        under = [one for one in under if one["resourceType"] == "MedicationRequest"]
    drawn = False
    for one in under:
        match one["resourceType"]:
            case "DiagnosticReport":
                code = one["code"]["coding"][0]["code"]
                for item in _PANELS[code]:
                    yield _service(item)
                if code != _URINE and not drawn:
                    drawn = True
                    yield _service("F0058")
            case "Procedure":
                operated = "extension" in one
                for item in _PROCEDURES[one["code"]["coding"][0]["code"]]:
                    yield _service(item, operated=operated)
            case "MedicationRequest":
                yield _drug(one)


def consultation(doctor: Worker) -> str:
    """Give the service item of a consultation: by the institution, in hospitals by the title."""
    if doctor.institution.is_clinic:
        return "F0021"
    if not doctor.institution.is_hospital:
        return "F0020"
    level = doctor.title[1]
    if doctor.department.startswith("50"):
        return {"senior": "F0016", "associate-senior": "F0015"}.get(level, "F0014")
    usual = "F0006" if doctor.institution.level[:1] == "3" else "F0005"
    return {"senior": "F0008", "associate-senior": "F0007"}.get(level, usual)


@cache
def _service(code: str, quantity: int = 1, *, operated: bool = True) -> Line:
    """Give the line of a service item. operated: it belongs to an operation with a level; others are treatments."""
    item = _by_code()[code]
    groups = _GROUPS[item.price_type]
    if not operated and groups[0] == "SSZLF":
        groups = ("FSSZLXMF",)
    return Line(system("service-item"), code, item.name, item.price_fen, quantity, groups)


@cache
def _by_code() -> Mapping[str, ServiceItem]:
    return {one.code: one for one in services()}


def _drug(one: Json) -> Line:
    what = one["medicationCodeableConcept"]["coding"][0]
    quantity = one["dispenseRequest"]["quantity"]["value"]
    if what["system"] != system("drug"):
        return Line(what["system"], what["code"], what["display"], GRAM_FEN, round(quantity), ("ZCYF1",))
    known = drug(what["code"])
    groups = ("ZCYF",) if known.kind == "中成药" else ("XYF", "KJYWF") if known.antibiotic else ("XYF",)
    packs = -(-quantity // known.pack)
    return Line(what["system"], what["code"], what["display"], package_fen(known.code), packs, groups)


def _claim(record: Record, visit: Visit, lines: Sequence[Line]) -> None:
    one = visit.resource
    record.add(
        "Claim",
        status="active",
        type=concept(f"{HL7}/claim-type", "institutional"),
        use="claim",
        patient=record.subject,
        created=one["period"]["end"],
        provider=one["serviceProvider"],
        priority=concept(f"{HL7}/processpriority", "normal"),
        insurance=[{"sequence": 1, "focal": True, "coverage": reference("Coverage", record.coverage)}],
        item=[
            {
                "sequence": number,
                "productOrService": concept(line.system, line.code, line.name),
                "quantity": {"value": line.quantity},
                "unitPrice": yuan(line.price_fen),
                "net": yuan(line.net_fen),
                "encounter": [visit.reference],
            }
            for number, line in enumerate(lines, 1)
        ],
        total=yuan(sum(line.net_fen for line in lines)),
    )


def _front_page(record: Record, visit: Visit, lines: Sequence[Line]) -> None:
    """Write the fees of the front page: total, own payment, and each group that has any."""
    added: Counter[str] = Counter()
    for line in lines:
        added["ZFY"] += line.net_fen
        for group in line.groups:
            added[group] += line.net_fen
    added["ZFJE"] = round(added["ZFY"] * _OWN[record.insurance])
    for code, title in ITEMS.items():
        if added[code]:
            record.add(
                "ChargeItem",
                status="billed",
                code=concept(system("front-page-item"), code, title),
                subject=record.subject,
                context=visit.reference,
                occurrenceDateTime=visit.resource["period"]["end"],
                performingOrganization=visit.resource["serviceProvider"],
                priceOverride=yuan(added[code]),
            )


def yuan(fen: int) -> Json:
    """Write an amount of fen as Money."""
    return {"value": fen / 100, "currency": "CNY"}
