"""The front page of a stay in hospital (住院病案首页, 2011): what it must hold, and what must agree in it.

It is read from a finished Encounter(IMP) and what was recorded under it: diagnoses by `Encounter.diagnosis` (use DD,
rank 1 the main one), operations as Procedure, fees as ChargeItem with the codes of the front page's items.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Final

from xinglin.capabilities.quality.rules import logic
from xinglin.capabilities.quality.rules.case import (
    ICD9,
    ICD10,
    LOINC,
    Case,
    Finding,
    Json,
    code_in,
    codings,
    day,
    extension,
    happened,
    is_stay,
)
from xinglin.capabilities.quality.rules.logic import DIED, LEVELS, WAYS
from xinglin.capabilities.quality.rules.plausibility import NEWBORN_DAYS
from xinglin.fhir.sources import cites
from xinglin.tables.shapes import stands_alone

PAYMENTS: Final = "https://xinglin.health/fhir/CodeSystem/front-page-payment"
ITEMS: Final = "https://xinglin.health/fhir/CodeSystem/front-page-item"
WAY_CODES: Final = cites("ST-36")(frozenset("123459"))
MOVED: Final = frozenset("23")
PAYMENT_CODES: Final = cites("ST-31")(frozenset("123456789"))
CONDITIONS: Final = cites("ST-34")(frozenset("1234"))
# Fees: total, own payment, groups, and what is "of which" in a group.
TOTAL: Final = "ZFY"
OWN: Final = "ZFJE"
GROUPS: Final = tuple(
    """
    YLFUF ZLCZF HLF QTFY BLZDF SYSZDF YXXZDF LCZDXMF FSSZLXMF SSZLF KFF ZYZLF XYF ZCYF ZCYF1 XF BDBLZPF QDBLZPF
    NXYZLZPF XBYZLZPF HCYYCLF YYCLF YCXYYCLF QTF
    """.split()
)
OF_WHICH: Final[Mapping[str, tuple[str, ...]]] = {"FSSZLXMF": ("WLZLF",), "SSZLF": ("MAF", "SSF"), "XYF": ("KJYWF",)}
SURGERY_FEE: Final = "SSF"
BLOOD_FEE: Final = "XF"
# A birth weight, or the weight on admission; in g.
WEIGHTS: Final = frozenset({"8339-4", "29463-7"})
WEIGHT_G: Final = cites("ST-41")((Decimal(100), Decimal(9999)))
TEN_GRAMS: Final = Decimal(10)
_CAUSE: Final = re.compile(r"[V-Y]\d\d")
_SYMPTOM: Final = re.compile(r"R\d\d")
_INJURY: Final = re.compile(r"[ST]\d\d")
_TUMOUR: Final = re.compile(r"C\d\d|D[0-3]\d|D4[0-8]")
_MORPHOLOGY: Final = re.compile(r"M\d{4,5}/\d")
# An operation may come shortly before admission: the same day or the day before, by the emergency department.
BEFORE: Final = timedelta(days=1)


def judge(case: Case) -> Iterator[Finding]:
    """Judge the front page of a stay; nothing of other records."""
    if not is_stay(case.resource):
        return
    yield from items(case.resource)
    yield from days(case.resource)
    yield from logic.alone(case.resource)
    yield from logic.around(case)
    yield from mains(case)
    yield from diagnoses(case)
    yield from operations(case)
    yield from leaving(case)
    yield from newborn(case)
    charged = fees_of(case.parts.get("ChargeItem", ()))
    yield from fees(charged, operated=bool(_surgeries(case)))
    yield from logic.blood(case, charged.get(BLOOD_FEE, Decimal(0)))


def alone(case: Case) -> Iterator[Finding]:
    """Judge what stands in the Encounter of a stay itself; the rest needs what was recorded under it."""
    if is_stay(case.resource):
        yield from items(case.resource)
        yield from days(case.resource)
        yield from logic.alone(case.resource)
        yield from mains(case)
        yield from leaving(case)


@cites("ST-30", "ST-31")
def items(stay: Json) -> Iterator[Finding]:
    """Required items are never blank; the way of payment is 1 to 9."""
    at = stay.get("hospitalization") or {}
    lacking = [
        name
        for name, value in (
            ("identifier", stay.get("identifier")),
            ("serviceType", stay.get("serviceType")),
            ("admitSource", at.get("admitSource")),
            ("dischargeDisposition", at.get("dischargeDisposition")),
            ("period.end", (stay.get("period") or {}).get("end")),
        )
        if not value
    ]
    if lacking:
        yield Finding("DQ-F01", ", ".join(lacking))
    way = extension(stay, "payment").get("valueCoding", {})
    if way and way.get("code") not in PAYMENT_CODES:
        yield Finding("DQ-F02", str(way.get("code", "")))


@cites("ST-33")
def days(stay: Json) -> Iterator[Finding]:
    """Actual days: discharge date - admission date; 1 when both are one day."""
    period, length = stay.get("period") or {}, stay.get("length") or {}
    came, left = day(period.get("start")), day(period.get("end"))
    if came and left and left >= came and length.get("value") is not None and length.get("code") in {"d", None}:
        right = max(1, (left - came).days)
        if Decimal(str(length["value"])) != right:
            yield Finding("DQ-F03", f"{length['value']} ({right})")


def _named(case: Case) -> Iterator[tuple[Json, str]]:
    """Give each diagnosis of discharge with its disease code; empty when the diagnosis is not there or not coded."""
    stand = {f"Condition/{one.get('id')}": one for one in case.parts.get("Condition", ())}
    for entry in case.resource.get("diagnosis") or ():
        uses = {one.get("code") for one in codings(entry.get("use"))}
        if not uses or "DD" in uses:
            found = stand.get(str((entry.get("condition") or {}).get("reference", "")), {})
            yield entry, code_in(found.get("code"), ICD10)


@cites("ST-34")
def mains(case: Case) -> Iterator[Finding]:
    """One main diagnosis, and each diagnosis with its state on admission."""
    entries = [entry for entry, _ in _named(case)]
    count = sum(entry.get("rank") == 1 for entry in entries)
    if count != 1:
        yield Finding("DQ-F04", str(count))
    bare = [
        str(entry.get("rank", "?"))
        for entry in entries
        if extension(entry, "admission-condition").get("valueCoding", {}).get("code") not in CONDITIONS
    ]
    if bare:
        yield Finding("DQ-F10", ", ".join(bare))


@cites("ST-34", "ST-40", "ST-41", "ST-51")
def diagnoses(case: Case) -> Iterator[Finding]:
    """A main diagnosis that can be one, with causes and morphology beside."""
    named = list(_named(case))
    codes = [code for _, code in named if code]
    for code in (code for entry, code in named if entry.get("rank") == 1 and code):
        disease = any(not _SYMPTOM.match(one) and not _CAUSE.match(one) for one in codes if one != code)
        if _CAUSE.match(code) or not stands_alone(code) or (_SYMPTOM.match(code) and disease):
            yield Finding("DQ-F05", code)
    if any(_INJURY.match(code) for code in codes) and not any(_CAUSE.match(code) for code in codes):
        yield Finding("DQ-F06", next(code for code in codes if _INJURY.match(code)))
    written = [
        str(one.get("code", "")) for part in case.parts.get("Condition", ()) for one in codings(part.get("code"))
    ]
    if any(_TUMOUR.match(code) for code in codes) and not any(_MORPHOLOGY.match(code) for code in written):
        yield Finding("DQ-F07", next(code for code in codes if _TUMOUR.match(code)))


def _surgeries(case: Case) -> list[Json]:
    """Give the operations that have a level: what is 手术, not a treatment or an examination."""
    return [one for one in case.parts.get("Procedure", ()) if extension(one, "surgery-level")]


@cites("ST-35", "ST-41")
def operations(case: Case) -> Iterator[Finding]:
    """Dates within the stay (or shortly before), level 1 to 4, an operator."""
    period = case.resource.get("period") or {}
    came, left = day(period.get("start")), day(period.get("end"))
    for one in case.parts.get("Procedure", ()):
        code = code_in(one.get("code"), ICD9)
        on = day(happened(one))
        if came and left and on and not came - BEFORE <= on <= left:
            yield Finding("DQ-F08", f"{code} {on}")
        level = extension(one, "surgery-level").get("valueCoding", {}).get("code")
        wrong = level is not None and level not in LEVELS
        if code and (wrong or not one.get("performer")):
            yield Finding("DQ-F09", code)


@cites("ST-36", "ST-41")
def leaving(case: Case) -> Iterator[Finding]:
    """The way of leaving is one of the list; 2 and 3 name who receives; of the dead the person is dead too."""
    at = case.resource.get("hospitalization") or {}
    way = code_in(at.get("dischargeDisposition"), WAYS)
    if at.get("dischargeDisposition") and (way not in WAY_CODES or (way in MOVED and not at.get("destination"))):
        yield Finding("DQ-F11", way)
    if (
        way == DIED
        and case.patient
        and not (case.patient.get("deceasedDateTime") or case.patient.get("deceasedBoolean"))
    ):
        yield Finding("DQ-F12")


@cites("ST-32", "ST-41")
def newborn(case: Case) -> Iterator[Finding]:
    """Whoever is admitted within 28 days of birth has a weight of 100 to 9,999 g, to 10 g."""
    born = day(case.patient.get("birthDate"))
    came = day((case.resource.get("period") or {}).get("start"))
    if not born or not came or not 0 <= (came - born).days <= NEWBORN_DAYS:
        return
    weights = [
        found
        for one in case.parts.get("Observation", ())
        if any(coding.get("system") == LOINC and coding.get("code") in WEIGHTS for coding in codings(one.get("code")))
        and (found := _grams(one.get("valueQuantity") or {})) is not None
    ]
    least, most = WEIGHT_G
    wrong = [one for one in weights if not least <= one <= most or one % TEN_GRAMS]
    if wrong or not weights:
        yield Finding("DQ-F15", ", ".join(f"{one} g" for one in wrong))


def _grams(quantity: Json) -> Decimal | None:
    """Give a weight in g; None in another unit."""
    times = {"g": 1, "kg": 1000}.get(str(quantity.get("code")))
    return None if times is None or quantity.get("value") is None else Decimal(str(quantity["value"])) * times


def fees_of(charged: tuple[Json, ...]) -> dict[str, Decimal]:
    """Add up what was charged under each item of the front page, in yuan."""
    found: dict[str, Decimal] = {}
    for one in charged:
        code, value = code_in(one.get("code"), ITEMS), (one.get("priceOverride") or {}).get("value")
        if code and value is not None and one.get("status") not in {"aborted", "not-billable", "entered-in-error"}:
            found[code] = found.get(code, Decimal(0)) + Decimal(str(value))
    return found


@cites("ST-38", "ST-41")
def fees(charged: Mapping[str, Decimal], *, operated: bool = False) -> Iterator[Finding]:
    """Groups add up to the total, to the cent; "of which" <= its group; own payment <= total. Nothing without fees.

    operated: surgery was done, so there is a fee for it.
    """
    if TOTAL not in charged:
        if charged:
            yield Finding("DQ-F27", ", ".join(sorted(charged)))
        return
    total, added = charged[TOTAL], sum((charged.get(one, Decimal(0)) for one in GROUPS), Decimal(0))
    if added != total:
        yield Finding("DQ-F13", f"{TOTAL} {total}, {added}")
    for group, parts in OF_WHICH.items():
        inside = sum((charged.get(one, Decimal(0)) for one in parts), Decimal(0))
        if inside > charged.get(group, Decimal(0)):
            yield Finding("DQ-F13", f"{group} {charged.get(group, Decimal(0))} < {inside}")
    if charged.get(OWN, Decimal(0)) > total:
        yield Finding("DQ-F13", f"{OWN} {charged[OWN]} > {total}")
    if operated and not charged.get(SURGERY_FEE):
        yield Finding("DQ-F14", SURGERY_FEE)
