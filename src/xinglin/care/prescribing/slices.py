"""Slices of Chinese medicine: items T1 to T5, incompatible pairs, pregnancy, toxic slices (3.9, A.1 to A.4)."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from itertools import combinations
from typing import Final

from xinglin.care.findings import Finding, Weight
from xinglin.care.prescribing import knowledge
from xinglin.care.prescribing.case import Case, finding, known_slice
from xinglin.care.prescribing.combinations import pairs
from xinglin.care.prescribing.forms import SliceLine
from xinglin.fhir.sources import cites
from xinglin.tables.catalogues import clash

_PHARMACOPOEIA: Final = "中国药典"
_SLICES: Final = "医院中药饮片管理规范"
_LIBRARY: Final = "医疗保障基金智能监管规则库、知识库（2025年版）"
_TOXIC_DAYS: Final = cites("R1-053")(2)  # 毒性办法 Art. 9
_HUSK_DAYS: Final = 3
_HUSK_G: Final = (Decimal(3), Decimal(6))


@cites("R3-054", "R3-008")
def diagnosis(case: Case) -> Iterator[Finding]:
    """T1: slices are for a disease and a syndrome of Chinese medicine, both (病名和证型)."""
    one = case.prescription
    missing = [zh for zh, there in (("中医病名", one.tcm_disease), ("证型", one.tcm_syndrome)) if not there.strip()]
    if one.slice_lines and missing:
        yield finding(
            "T1",
            "R3-054",
            "block",
            zh=f"中药饮片处方应写明{'和'.join(missing)}",
            en="Slices need a disease and a syndrome of Chinese medicine",
            source=_SLICES,
        )


@cache
def footnotes() -> Mapping[str, str]:
    """Give the footnote (先煎 后下 包煎 …) that a slice needs, by its name."""
    return {row.cells["slice"]: row.cells["footnote"] for row in knowledge.table("footnotes")}


def footnote_of(word: str) -> str:
    """Give the footnote that a slice needs; empty when none or the slice is not known."""
    known = known_slice(word)
    return footnotes().get(known.name, "") if known is not None else ""


@cites("R3-009")
def decoction(case: Case) -> Iterator[Finding]:
    """T2: a slice that is decocted in another way says how."""
    for number, line, herb in case.slices:
        wanted = footnotes().get(herb.name, "")
        if wanted and not line.footnote.strip():
            yield finding(
                "T2",
                "R3-009",
                "warn",
                zh=f"{herb.name}应注明脚注“{wanted}”",
                en=f"{herb.name} needs the footnote {wanted}",
                lines=(number,),
                source=_PHARMACOPOEIA,
            )


@cites("R3-090", "R3-091")
def incompatible(case: Case) -> Iterator[Finding]:
    """T5: eighteen incompatibilities and nineteen fears, patent medicines included: blocked online, else signed twice.

    Where a pair is with a patent medicine or with what the patient already has, it is signed twice wherever.
    """
    weight: Weight = "block" if case.setting.online else "sign"
    for one, other in combinations(case.slices, 2):
        for name in clash(one[2], other[2]):
            lines = tuple(sorted((one[0], other[0])))
            yield _pair(weight, name, one[2].name, other[2].name, lines)
    for first, second in pairs(case):
        herbs, others = first.facts.herbs, second.facts.herbs
        if not herbs or not others or (first.facts.is_slice and second.facts.is_slice and second.line):
            continue  # two slices of this prescription are said above
        names = sorted({name for a in herbs for b in others for name in clash(a, b)})
        for name in names:
            lines = tuple(sorted({number for number in (first.line, second.line) if number}))
            yield _pair("sign", name, first.name, second.name, lines)


def _pair(weight: Weight, name: str, one: str, other: str, lines: tuple[int, ...]) -> Finding:
    return finding(
        "E32",
        "R3-090",
        weight,
        zh=f"{one}与{other}属{name}" + ("" if weight == "block" else "，须双签字确认"),
        en=f"{one} and {other} are incompatible" + ("" if weight == "block" else ": sign twice"),
        lines=lines,
        source=f"{_PHARMACOPOEIA}；{_LIBRARY}",
    )


@cites("R3-090", "RA-001")
def pregnancy(case: Case) -> Iterator[Finding]:
    """T4: in pregnancy 禁用 is blocked, 忌用 and 慎用 are signed twice; where nobody asked yet, ask."""
    if not case.fertile or case.patient.pregnant == "no":
        return
    for number, _, herb in case.slices:
        if not herb.pregnancy:
            continue
        if case.patient.pregnant == "yes":
            weight: Weight = "block" if herb.pregnancy == "禁用" else "sign"
            zh, en = f"妊娠{herb.pregnancy}：{herb.name}", f"{herb.name} in pregnancy"
        else:
            weight, zh = "warn", f"{herb.name}妊娠{herb.pregnancy}，请确认是否妊娠"
            en = f"Ask about pregnancy: {herb.name}"
        yield finding("T4", "RA-001", weight, zh=zh, en=en, lines=(number,), source=_PHARMACOPOEIA)


@cites("R3-090")
def dose(case: Case) -> Iterator[Finding]:
    """T5: more than the pharmacopoeia's greatest daily amount is signed twice."""
    for number, line, herb in case.slices:
        high = herb.dose_high_g
        if herb.controlled == "麻":
            continue  # judged by `husk`
        if high is not None and line.grams > high:
            yield finding(
                "T5",
                "R3-090",
                "sign",
                zh=f"{herb.name}{line.grams}g超过药典最大量{high}g，须双签字确认",
                en=f"{herb.name}: {line.grams} g is above {high} g; sign twice",
                lines=(number,),
                source=_PHARMACOPOEIA,
            )


@cites("R3-090")
def toxic(case: Case) -> Iterator[Finding]:
    """T3: toxic slices of law: two days at most, and never without a dose laid down."""
    for number, _, herb in case.slices:
        if herb.controlled != "毒性":
            continue
        if (case.prescription.doses or 0) > _TOXIC_DAYS:
            yield finding(
                "T3",
                "R3-054",
                "block",
                zh=f"{herb.name}为毒性中药，每次处方不超过2日极量",
                en=f"{herb.name} is toxic: two days' greatest dose at most",
                lines=(number,),
                source="医疗用毒性药品管理办法 第9条",
            )
        if herb.dose_high_g is None:
            yield finding(
                "T3",
                "R3-054",
                "sign",
                zh=f"{herb.name}一般不作内服，须双签字确认",
                en=f"{herb.name} is not for inward use as a rule; sign twice",
                lines=(number,),
                source=_PHARMACOPOEIA,
            )


@cites("R1-052")
def husk(case: Case) -> Iterator[Finding]:
    """T3: poppy husk: on a narcotic prescription, never alone, 3 to 6 g a day, three days."""
    lines = [(number, line) for number, line, herb in case.slices if herb.controlled == "麻"]
    for number, line in lines:
        low, high = _HUSK_G
        faults = [
            zh
            for zh, holds in (
                ("应使用麻醉药品专用处方（淡红色）", case.prescription.kind != "narcotic"),
                ("不得单方", len(case.prescription.slice_lines) == len(lines)),
                ("成人每日3-6g", not low <= line.grams <= high),
                (f"不超过{_HUSK_DAYS}日用量", (case.prescription.doses or 0) > _HUSK_DAYS),
            )
            if holds
        ]
        if faults:
            yield finding(
                "T3",
                "R1-052",
                "block",
                zh=f"罂粟壳：{'；'.join(faults)}",
                en="Poppy husk: on a narcotic prescription, never alone, 3 to 6 g a day, at most 3 days",
                lines=(number,),
                source=_SLICES,
            )


@cites("R3-093")
def oversized(case: Case) -> Iterator[Finding]:
    """E33, E34: more slices, or more of one, than insurance expects: a lead to judge, not a fault."""
    policy = case.policy
    if len(case.prescription.slice_lines) > policy.most_slices:
        yield finding(
            "E33",
            "R3-093",
            "warn",
            zh=f"饮片超过{policy.most_slices}味，医保疑似超大处方",
            en=f"More than {policy.most_slices} slices: insurance will ask",
            source=_LIBRARY,
        )
    for number, line, herb in case.slices:
        high = herb.dose_high_g
        if high is not None and line.grams > high * policy.slice_factor:
            yield finding(
                "E34",
                "R3-093",
                "warn",
                zh=f"{herb.name}每日用量超过药典上限{policy.slice_factor}倍，医保疑似超量",
                en=f"{herb.name}: more than {policy.slice_factor} times the greatest amount, insurance will ask",
                lines=(number,),
                source=_LIBRARY,
            )


@cites("R3-094", "RA-002")
def unpaid(lines: tuple[SliceLine, ...]) -> tuple[int, ...]:
    """Give the numbers (from 1) of the slices that insurance does not pay; unknown ones it never pays.

    Those never paid (A.6) always; those of A.7 when the whole prescription consists of slices of A.6 and A.7.
    """
    paid = {number: _paid(line) for number, line in enumerate(lines, 1)}
    alone = "支付" not in paid.values()
    return tuple(number for number, how in paid.items() if how != "支付" and (alone or how != "单独不予支付"))


def _paid(line: SliceLine) -> str:
    known = known_slice(line.slice)
    return known.insurance if known is not None else "不予支付"
