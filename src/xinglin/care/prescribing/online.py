"""What is never prescribed online, and what a child needs there (1.6)."""

from collections.abc import Iterator
from typing import Final

from xinglin.care.findings import Finding
from xinglin.care.prescribing.case import Case, finding
from xinglin.fhir.sources import cites

_DETAILS: Final = "互联网诊疗监管细则（试行）"
_CLASSES: Final = {
    "麻": ("麻醉药品", "a narcotic"),
    "精一": ("第一类精神药品", "a psychotropic of class I"),
    "精二": ("第二类精神药品", "a psychotropic of class II"),
    "毒": ("医疗用毒性药品", "a toxic drug"),
    "放": ("放射性药品", "a radioactive drug"),
}
PRECURSORS: Final = cites("R1-050")(("麻黄碱", "伪麻黄碱", "麦角胺", "麦角新碱"))
_PAEDIATRICS: Final = "07"
_CHILD_DEPARTMENTS: Final = ("07", "08", "09")  # paediatrics, its surgery, child health


@cites("R1-050", "R1-051", "R1-052", "R1-053")
def bans(case: Case) -> Iterator[Finding]:
    """Specially managed drugs are never prescribed online; nor what the institution bans besides."""
    if not case.setting.online:
        return
    for number, _, drug in case.drugs:
        if drug.control:
            zh, en = _CLASSES[drug.control]
        elif drug.substance in PRECURSORS:
            zh, en = "药品类易制毒化学品", "a precursor chemical"
        elif drug.code in case.policy.banned_online:
            zh, en = "用药风险较高的药品", "of high risk"
        else:
            continue
        rule = "R1-051" if drug.control == "麻" else "R1-050"
        yield _banned(rule, number, f"{drug.name}属{zh}", f"{drug.name} is {en}")
    for number, _, herb in case.slices:
        if herb.controlled == "麻":
            yield _banned("R1-052", number, f"{herb.name}属麻醉药品", f"{herb.name} is a narcotic")
        elif herb.controlled:
            yield _banned("R1-053", number, f"{herb.name}属毒性中药", f"{herb.name} is a toxic drug")


def _banned(rule: str, number: int, zh: str, en: str) -> Finding:
    return finding(
        "CONTROLLED_DRUG_REQUEST",
        rule,
        "block",
        zh=f"{zh}，不得在互联网上开具",
        en=f"{en}: never prescribed online",
        lines=(number,),
        source=_DETAILS,
    )


@cites("R1-055")
def child(case: Case) -> Iterator[Finding]:
    """A child of six or younger has a guardian there and a physician of the specialty."""
    if not case.setting.online or case.age.years > case.policy.child_online_years:
        return
    guardian = case.setting.guardian
    if guardian is None or not (guardian.verified and guardian.present):
        yield finding(
            "CHILD_NO_GUARDIAN",
            "R1-055",
            "block",
            zh="低龄儿童（6岁以下）须有实名监护人陪伴",
            en="A child of six or younger needs an identified guardian present",
            source=_DETAILS,
        )
    beside = (*case.setting.attending, *(case.prescriber.departments if case.prescriber is not None else ()))
    if not any(department.startswith(_specialties(case)) for department in beside):
        yield finding(
            "CHILD_NO_PAEDIATRIC",
            "R1-055",
            "block",
            zh="低龄儿童（6岁以下）须有儿科或相关专业医师",
            en="A child of six or younger needs a paediatrician or the relevant specialist",
            source=_DETAILS,
        )


def _specialties(case: Case) -> tuple[str, ...]:
    """Paediatrics, or the specialty the child is seen in when that is not general practice."""
    department = case.setting.department
    relevant = (department,) if department and not department.startswith(("02", _PAEDIATRICS)) else ()
    return (*_CHILD_DEPARTMENTS, *relevant)
