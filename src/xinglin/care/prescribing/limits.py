"""How much and how long: item S8, the table of 3.2, long prescriptions (3.3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from xinglin.care.findings import Finding
from xinglin.care.prescribing import knowledge
from xinglin.care.prescribing.case import Case, finding, is_injected
from xinglin.care.prescribing.forms import REASONS, DrugLine
from xinglin.care.prescribing.quantities import packs_for, units_for, units_of
from xinglin.fhir.declarations import Text
from xinglin.fhir.sources import cites
from xinglin.tables.catalogues import Drug

_LONG: Final = "长期处方管理规范（试行）"
_SUSTAINED: Final = frozenset({"缓释片", "控释片", "缓释胶囊", "贴剂"})
_ADHD: Final = "F90"
# Illnesses for which a long course of antibacterials may be on a long prescription (R3-031).
_CHRONIC_INFECTION: Final = frozenset({"A15", "A16", "A17", "A18", "A19", "A30", "A31", "B37", "B38", "B44", "B45"})
_INTERMEDIATE: Final = frozenset({"intermediate", "associate-senior", "senior"})
_LEVEL_2: Final = 2
# Handed out by the piece: no package is rounded up to.
_STRICT: Final = frozenset({"麻", "精一", "毒"})


@dataclass(frozen=True, slots=True)
class Limit:
    """The most days of supply of a line; 0 is one usual dose. extends: a reason lets it be longer."""

    days: int
    text: Text
    source: str
    extends: bool = False


@cites("R3-020")
def validity(case: Case) -> Iterator[Finding]:
    """S8: valid on the day of issue, up to three days in all when so noted."""
    extra = case.prescription.extra_days
    if not 0 <= extra < case.policy.validity_days:
        yield finding(
            "S8",
            "R3-020",
            "block",
            zh=f"处方有效期最长{case.policy.validity_days}天",
            en=f"A prescription is valid for {case.policy.validity_days} days at most",
        )


@cites("R3-021", "R3-022")
def days(case: Case) -> Iterator[Finding]:
    """S8: each line within the days of its kind; whole packages that cover the allowed days are within."""
    if case.setting.place == "inpatient" and not any(drug.control for _, _, drug in case.drugs):
        return
    for number, line, drug in case.drugs:
        limit = limit_of(case, drug)
        if limit is None:
            continue
        if not _over(line, drug, limit.days):
            continue
        if limit.extends and case.prescription.extension_reason in REASONS:
            continue
        yield finding(
            "S8",
            "R3-022" if limit.extends else "R3-021",
            "block",
            zh=f"{drug.name}用量超过规定：{limit.text.zh}" + ("（需注明延长理由）" if limit.extends else ""),
            en=f"{drug.name}: {limit.text.en}" + (" unless a reason is given" if limit.extends else ""),
            lines=(number,),
            source=limit.source,
        )
    yield from _slices(case)
    yield from _longest(case)


def limit_of(case: Case, drug: Drug) -> Limit | None:
    """Give the limit of a drug in this case; None for inpatients' ordinary drugs."""
    special = special_limit(case, drug)
    if special is not None:
        return special
    if case.setting.place == "inpatient":
        return None
    policy = case.policy
    if case.prescription.long is not None:
        return Limit(
            policy.long_days, Text(f"长期处方不超过{policy.long_days}天", f"At most {policy.long_days} days"), _LONG
        )
    allowed = policy.emergency_days if _is_urgent(case) else policy.ordinary_days
    text = Text(f"一般不超过{allowed}日用量", f"At most {allowed} days' supply")
    return Limit(allowed, text, "处方管理办法 第19条", extends=True)


def _is_urgent(case: Case) -> bool:
    """Tell whether the days of an emergency hold: by the kind, or by the place where another kind is written."""
    return "emergency" in {case.prescription.kind, case.setting.place}


def special_limit(case: Case, drug: Drug) -> Limit | None:
    """Give the limit of a controlled drug by its kind, form and purpose (table of 3.2); None for others."""
    if not drug.control:
        return None
    form = "injection" if is_injected(drug) else "sustained" if drug.form in _SUSTAINED else "other"
    if case.setting.place == "inpatient":
        purpose = "inpatient"
    elif "哌甲酯" in drug.substance and _ADHD in case.conditions:
        purpose = "adhd"
    else:
        purpose = "pain" if case.prescription.severe_pain else "any"
    rows = [row for row in knowledge.table("supply_limits") if row.holds(case.day)]
    words = knowledge.substances(drug)
    for control, wanted_form, wanted_case in (
        *((word, "any", "any") for word in words),
        (drug.control, "any", purpose),
        (drug.control, form, purpose),
        (drug.control, form, "any"),
        (drug.control, "any", "any"),
    ):
        for row in rows:
            cells = row.cells
            if (cells["control"], cells["form"], cells["case"]) == (control, wanted_form, wanted_case):
                return Limit(int(cells["days"]), row.text, row.source, extends=drug.control == "精二")
    return None


def _slices(case: Case) -> Iterator[Finding]:
    one, policy = case.prescription, case.policy
    allowed = policy.emergency_days if _is_urgent(case) else policy.ordinary_days
    if not one.slice_lines or one.doses is None or one.long is not None or case.setting.place == "inpatient":
        return
    if one.doses > allowed and one.extension_reason not in REASONS:
        yield finding(
            "S8",
            "R3-022",
            "block",
            zh=f"中药饮片一般不超过{allowed}日用量（需注明延长理由）",
            en=f"Slices: at most {allowed} days' supply unless a reason is given",
        )


def _longest(case: Case) -> Iterator[Finding]:
    """Beyond the extended days only a long prescription goes."""
    if case.prescription.long is not None or case.setting.place == "inpatient":
        return
    for number, line, drug in case.drugs:
        if _over(line, drug, case.policy.extended_days) and case.prescription.extension_reason in REASONS:
            yield finding(
                "S8",
                "R3-022",
                "block",
                zh=f"{drug.name}超过{case.policy.extended_days}天用量，应开具长期处方",
                en=f"{drug.name}: beyond {case.policy.extended_days} days it must be a long prescription",
                lines=(number,),
            )


def _over(line: DrugLine, drug: Drug, allowed: int) -> bool:
    """Tell whether a line goes beyond the days allowed; whole packages are within, but of strictly managed drugs."""
    if (line.days or 0) > max(allowed, 1):
        return True
    if drug.control in _STRICT:
        units = units_for(drug, line, allowed)
        return units is not None and units_of(drug, line) > units
    most = packs_for(drug, line, allowed)
    return most is not None and line.quantity > most


@cites("R3-031")
def kept_out(case: Case) -> Iterator[Finding]:
    """S8: what no long prescription may hold: controlled drugs, antibacterials, drugs that are stored specially."""
    if case.prescription.long is None:
        return
    chronic = bool(case.conditions & _CHRONIC_INFECTION)
    for number, _, drug in case.drugs:
        cold = knowledge.rows_for("stored_cold", knowledge.tokens_of_drug(drug.code), case.day)
        if drug.control:
            why = Text("特殊管理药品不得开具长期处方", "A controlled drug has no place on a long prescription")
        elif drug.antibiotic and not chronic:
            why = Text("抗菌药物不得开具长期处方", "An antibacterial has no place on a long prescription")
        elif cold and not case.policy.stored_cold_in_long:
            why = Text(f"贮存有特殊要求：{cold[0].text.zh}", f"It is stored specially: {cold[0].text.en}")
        else:
            continue
        yield finding("S8", "R3-031", "block", zh=f"{drug.name}：{why.zh}", en=why.en, lines=(number,), source=_LONG)
    for number, _, herb in case.slices:
        if herb.controlled:
            yield finding(
                "S8",
                "R3-031",
                "block",
                zh=f"{herb.name}为特殊管理饮片，不得开具长期处方",
                en=f"{herb.name} is controlled: not on a long prescription",
                lines=(number,),
                source=_LONG,
            )


@cites("R3-030", "R3-032", "R3-033", "R3-034", "R3-037")
def long_term(case: Case) -> Iterator[Finding]:
    """S8: a long prescription is for the stable, by whoever may, examined again, and beyond four weeks with consent."""
    one, policy = case.prescription.long, case.policy
    if one is None:
        return
    if not one.stable:
        yield _long("R3-030", "长期处方仅用于诊断明确、病情稳定的慢性病患者", "Only for a stable chronic illness")
    if not one.evaluated:
        rule = "R3-032" if one.first else "R3-033"
        yield _long(rule, "开具前须评估病情并记录", "The patient is examined and the record written first")
    who = case.prescriber
    if who is not None and one.first and who.title_level not in _INTERMEDIATE:
        yield _long(
            "R3-032", "首次开具须由中级以上职称医师开具", "The first issue needs an intermediate title or above"
        )
    if who is not None and who.institution_level < _LEVEL_2 and not who.primary:
        yield _long("R3-032", "须由二级以上医院或基层医疗机构开具", "By a hospital of level 2 or a primary institution")
    is_longer = any(_over(line, drug, policy.long_usual_days) for _, line, drug in case.drugs)
    is_longer = is_longer or (bool(case.slices) and (case.prescription.doses or 0) > policy.long_usual_days)
    if is_longer and not one.consented:
        weeks = policy.long_usual_days // 7
        yield _long("R3-034", f"超过{weeks}周须严格评估并由患者签字确认", f"Beyond {weeks} weeks the patient signs")
    if (case.prescription.doses or 0) > policy.long_days and case.slices:
        yield _long("R3-034", f"长期处方不超过{policy.long_days}天", f"At most {policy.long_days} days")


def _long(rule: str, zh: str, en: str) -> Finding:
    return finding("S8", rule, "block", zh=zh, en=en, source=_LONG)
