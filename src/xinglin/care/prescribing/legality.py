"""Whether the prescriber may prescribe this here: items L1 to L3, levels of antibiotics (3.4)."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from xinglin.care.findings import Finding
from xinglin.care.prescribing.case import Case, finding
from xinglin.care.prescribing.quantities import days_supply
from xinglin.fhir.sources import cites

_ANTIBIOTICS: Final = "抗菌药物临床应用管理办法"
_LEVELS: Final = ("", "non-restricted", "restricted", "special")
_LEVEL_OF: Final = {"非限制": "non-restricted", "限制": "restricted", "特殊": "special"}
_DIHYDROETORPHINE: Final = "二氢埃托啡"
_LEVEL_2: Final = 2
_ONE_DAY: Final = Fraction(1)  # R3-041


@cites("R3-012")
def registered(case: Case) -> Iterator[Finding]:
    """L1, L2: a registered physician, at a place where the right to prescribe holds; an assistant is countersigned."""
    who = case.prescriber
    if who is None:
        return
    if not who.physician:
        yield finding(
            "L1", "R3-012", "block", zh="开方人没有有效的医师执业注册", en="The prescriber is no registered physician"
        )
    if not who.here:
        yield finding(
            "L2",
            "R3-012",
            "block",
            zh="开方人在本执业地点没有处方权",
            en="The prescriber has no right to prescribe at this place",
        )
    if who.assistant and not who.primary and not who.countersigned:
        yield finding(
            "L2",
            "R3-012",
            "block",
            zh="执业助理医师的处方须经执业医师签名",
            en="An assistant physician's prescription needs a physician's signature",
        )


@cites("R3-012")
def rights(case: Case) -> Iterator[Finding]:
    """L3: the right for western drugs, patent medicines or slices, for narcotic and psychotropic drugs of class I."""
    who = case.prescriber
    if who is None:
        return
    wanted = {"patent" if drug.kind == "中成药" else "western" for _, _, drug in case.drugs}
    wanted |= {"slices"} if case.prescription.slice_lines else set()
    names = {
        "western": ("西药", "western drugs"),
        "patent": ("中成药", "patent medicines"),
        "slices": ("中药饮片", "slices"),
    }
    for missing in sorted(wanted - who.rights):
        zh, en = names[missing]
        yield finding("L3", "R3-012", "block", zh=f"本机构未授予{zh}处方权", en=f"No right to prescribe {en}")
    narcotic = tuple(number for number, _, drug in case.drugs if drug.control in {"麻", "精一"})
    narcotic += tuple(number for number, _, herb in case.slices if herb.controlled == "麻")
    if narcotic and not who.narcotic:
        yield finding(
            "L3",
            "R3-012",
            "block",
            zh="未取得麻醉药品和第一类精神药品处方权",
            en="No right for narcotic and class I psychotropic drugs",
            lines=narcotic,
        )


@cites("R3-012")
def within_hospitals(case: Case) -> Iterator[Finding]:
    """L3: dihydroetorphine is for hospitals of level 2 and above."""
    who = case.prescriber
    if who is None or who.institution_level >= _LEVEL_2:
        return
    for number, _, drug in case.drugs:
        if _DIHYDROETORPHINE in drug.substance:
            yield finding(
                "L3",
                "R3-012",
                "block",
                zh=f"{drug.name}仅限二级以上医院使用",
                en=f"{drug.name} is for hospitals of level 2 and above",
                lines=(number,),
                source="处方管理办法 第26条",
            )


@cites("R3-040", "R3-041", "R3-042")
def antibiotics(case: Case) -> Iterator[Finding]:
    """L3: an antibiotic above the prescriber's level; in an emergency for a day, signed and made good afterwards."""
    who = case.prescriber
    for number, line, drug in case.drugs:
        if not drug.antibiotic:
            continue
        wanted = _LEVEL_OF[drug.antibiotic]
        if wanted == "special" and case.setting.place != "inpatient":
            continue  # judged by special_use, whoever prescribes
        if who is None or _LEVELS.index(wanted) <= _LEVELS.index(who.antibiotic):
            continue
        days = days_supply(drug, line)
        short = line.days is not None and line.days <= 1 and (days is None or line.quantity <= 1 or days <= _ONE_DAY)
        urgent = case.setting.place == "emergency" and short
        yield finding(
            "L3",
            "R3-041" if urgent else "R3-040",
            "sign" if urgent else "block",
            zh=f"{drug.name}为{drug.antibiotic}使用级抗菌药物，超出处方权"
            + ("；紧急情况限1天用量，24小时内补办手续" if urgent else ""),
            en=f"{drug.name} is above the prescriber's level of antibiotics"
            + ("; an emergency allows one day, made good within 24 hours" if urgent else ""),
            lines=(number,),
            source=_ANTIBIOTICS,
        )


@cites("R1-054", "R3-040")
def special_use(case: Case) -> Iterator[Finding]:
    """L3: antibiotics of special use are not for outpatients, so never online."""
    if case.setting.place == "inpatient":
        return
    for number, _, drug in case.drugs:
        if drug.antibiotic == "特殊":
            yield finding(
                "L3",
                "R1-054",
                "block",
                zh=f"{drug.name}为特殊使用级抗菌药物，不得在门诊使用",
                en=f"{drug.name} is an antibiotic of special use, not for outpatients",
                lines=(number,),
                source=_ANTIBIOTICS,
            )
