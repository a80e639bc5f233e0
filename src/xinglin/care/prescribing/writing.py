"""How a prescription is written: items S1 to S9 (规范性), and where each line came from (R2-025)."""

from collections.abc import Iterator
from typing import Final

from xinglin.care.findings import Finding
from xinglin.care.prescribing.case import Case, finding, known_drug, known_slice
from xinglin.care.prescribing.quantities import dose_of, is_amount
from xinglin.fhir.sources import cites
from xinglin.tables.catalogues import FREQUENCIES

# What says nothing about how a drug is used.
VAGUE: Final = cites("R3-007")(("遵医嘱", "自用", "按说明", "必要时自行", "同前"))
_KINDS: Final = {"麻": "narcotic", "精一": "narcotic", "精二": "psychotropic-2"}
_WEIGHED_DAYS: Final = 365  # an infant's weight is written (S3)


@cites("R3-002")
def right_kind(case: Case) -> Iterator[Finding]:
    """S1: narcotic and psychotropic drugs stand on the prescription of their kind."""
    kind = case.prescription.kind
    for number, _, drug in case.drugs:
        wanted = _KINDS.get(drug.control)
        if wanted is None or kind == wanted or (kind == "narcotic" and drug.control == "精二"):
            continue
        strict = wanted == "narcotic"
        yield finding(
            "S1",
            "R3-002",
            "block" if strict else "warn",
            zh=f"{drug.name}应使用{'麻、精一' if strict else '精二'}专用处方",
            en=f"{drug.name} needs the prescription of its kind",
            lines=(number,),
        )


@cites("R3-001", "R3-008")
def complete(case: Case) -> Iterator[Finding]:
    """S2: something is prescribed, and a diagnosis stands there (special cases apart)."""
    one = case.prescription
    if not one.lines:
        yield finding("S2", "R3-001", "block", zh="处方没有药品", en="Nothing is prescribed")
    if not one.diagnoses and not one.special_use and not (one.tcm_disease and not one.drug_lines):
        yield finding("S2", "R3-008", "block", zh="未写临床诊断", en="There is no diagnosis")


@cites("R3-004")
def real_age(case: Case) -> Iterator[Finding]:
    """S3: an infant's prescription says the weight."""
    if case.age.days < _WEIGHED_DAYS and case.patient.weight_kg is None:
        yield finding(
            "S3",
            "R3-004",
            "warn",
            zh=f"婴幼儿（{case.age.shown}）处方应注明体重",
            en="The prescription of an infant says the weight",
        )


@cites("R3-003")
def apart(case: Case) -> Iterator[Finding]:
    """S4: slices stand on a prescription of their own."""
    one = case.prescription
    if one.drug_lines and one.slice_lines:
        yield finding(
            "S4",
            "R3-003",
            "block",
            zh="中药饮片应单独开具处方",
            en="Slices stand on a prescription of their own",
            lines=tuple(number for number, _ in one.slice_lines),
        )


@cites("R3-003")
def kinds(case: Case) -> Iterator[Finding]:
    """S5: at most five kinds of western and patent drugs; one line a drug."""
    lines = case.prescription.drug_lines
    if len({one.drug for _, one in lines}) > case.policy.most_kinds:
        yield finding(
            "S5",
            "R3-003",
            "block",
            zh=f"每张处方不得超过{case.policy.most_kinds}种药品",
            en=f"At most {case.policy.most_kinds} kinds of drugs on one prescription",
        )
    seen: dict[str, int] = {}
    for number, one in lines:
        first = seen.setdefault(one.drug, number)
        if first != number:
            yield finding(
                "S5",
                "R3-003",
                "block",
                zh="同一药品重复列行",
                en="One drug stands on two lines",
                lines=(first, number),
            )


@cites("R3-005")
def names(case: Case) -> Iterator[Finding]:
    """S6: drugs of the catalogue, by their generic name."""
    for number, one in case.prescription.drug_lines:
        known = known_drug(one.drug)
        if known is None:
            yield finding(
                "S6",
                "R3-005",
                "block",
                zh=f"药品目录中没有 {one.name or one.drug}",
                en=f"{one.name or one.drug} is not in the catalogue",
                lines=(number,),
            )
        elif one.name and one.name != known.name:
            yield finding(
                "S6",
                "R3-005",
                "warn",
                zh=f"应使用通用名：{known.name}",
                en=f"The generic name is {known.name}",
                lines=(number,),
            )


@cites("R3-007")
def usage(case: Case) -> Iterator[Finding]:
    """S7: dose, frequency, route and days are plain; nothing vague stands there."""
    for number, line, drug in case.drugs:
        missing = [
            zh
            for zh, is_there in (
                (f"单次剂量（{drug.dose_unit}）", dose_of(drug, line) is not None),
                ("用药频次", line.frequency in FREQUENCIES),
                ("给药途径", bool(line.route)),
                ("用药天数", line.days is not None and line.days > 0),
                ("数量", line.quantity > 0),
            )
            if not is_there
        ]
        if missing:
            yield finding(
                "S7",
                "R3-007",
                "block",
                zh=f"{drug.name}用法用量不清：缺{'、'.join(missing)}",
                en=f"The usage of {drug.name} is not plain: dose, frequency, route, days and quantity must be there",
                lines=(number,),
            )
        yield from _vague(number, line.words)
    for number, slice_line in case.prescription.slice_lines:
        if not is_amount(slice_line.grams):
            yield finding("S7", "R3-007", "block", zh="饮片未写剂量", en="A slice without its weight", lines=(number,))
        yield from _vague(number, slice_line.footnote)
    yield from _vague(0, case.prescription.usage)


def _vague(number: int, words: str) -> Iterator[Finding]:
    if any(word in words for word in VAGUE):
        yield finding(
            "S7",
            "R3-007",
            "block",
            zh=f"不得使用“{words}”等含糊用语",
            en="The usage must not be put vaguely",
            lines=(number,) if number else (),
        )


@cites("R3-009")
def formula(case: Case) -> Iterator[Finding]:
    """S9: slices with the number of doses and how they are taken."""
    one = case.prescription
    if not one.slice_lines:
        return
    if not one.doses or one.doses < 1:
        yield finding("S9", "R3-009", "block", zh="未写剂数", en="The number of doses is missing")
    if not one.usage.strip():
        yield finding("S9", "R3-009", "block", zh="未写煎法和服法", en="How it is decocted and taken is missing")


@cites("R2-025")
def by_hand(case: Case) -> Iterator[Finding]:
    """A line that a machine made is refused: the physician prescribes in person."""
    for number, one in enumerate(case.prescription.lines, 1):
        if one.source == "ai-generated":
            yield finding(
                "L1",
                "R2-025",
                "block",
                zh="处方应由接诊医师本人开具，严禁人工智能自动生成",
                en="The physician prescribes in person; nothing is generated",
                lines=(number,),
                source="互联网诊疗监管细则（试行）第21条",
            )


@cites("R3-005", "R3-091")
def slice_names(case: Case) -> Iterator[Finding]:
    """T2: every slice is one the catalogue knows, processed names included."""
    for number, one in case.prescription.slice_lines:
        if known_slice(one.slice) is None:
            yield finding(
                "T2",
                "R3-091",
                "block",
                zh=f"饮片目录中没有 {one.slice}",
                en=f"{one.slice} is not among the slices",
                lines=(number,),
            )
