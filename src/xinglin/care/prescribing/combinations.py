"""What does not go together: duplicate therapy and interactions (A5), mixtures (A6); with what the patient has, too."""

from collections.abc import Iterator
from itertools import chain, combinations, product
from typing import Final

from xinglin.care.findings import Finding, Weight
from xinglin.care.prescribing import knowledge
from xinglin.care.prescribing.case import REVIEW, Case, Medicine, finding
from xinglin.fhir.sources import cites

_WEIGHTS: Final[dict[str, Weight]] = {"contraindicated": "sign", "major": "warn", "moderate": "note"}
_WORDS: Final = {
    "contraindicated": ("禁止合用", "must not go together"),
    "major": ("避免合用", "should be avoided together"),
    "moderate": ("慎重合用", "need care together"),
}
# Classes of which several are given on purpose: infusions, vitamins, insulins, tuberculosis, HIV, cancer, anaesthesia.
_ON_PURPOSE: Final = ("B05", "A11", "A10A", "J04", "J05", "L01", "N01", "V", "B01AC", "D", "S", "A12", "N05A", "L04")
_LEVEL_4: Final = 5
_CODES: Final = {"interactions": "A5", "mixtures": "A6"}


def pairs(case: Case) -> Iterator[tuple[Medicine, Medicine]]:
    """Give every pair of which at least one is written on this prescription."""
    return chain(combinations(case.written, 2), product(case.written, case.current))


def _lines(one: Medicine, other: Medicine) -> tuple[int, ...]:
    return tuple(sorted({number for number in (one.line, other.line) if number}))


def _named(one: Medicine, other: Medicine) -> str:
    first, second = sorted((one, other), key=lambda medicine: (medicine.line == 0, medicine.line, medicine.name))
    return f"{first.name}与{second.name}{'' if second.line else '（正在使用）'}"


@cites("R3-054")
def duplicates(case: Case) -> Iterator[Finding]:
    """A5: the same substance twice, or two of one group; a medicine at hand that soon ends may be renewed."""
    for one, other in pairs(case):
        first, second = one.facts, other.facts
        if first.is_slice or second.is_slice or not (first.systemic and second.systemic):
            continue
        shared, groups = first.substances & second.substances, first.groups & second.groups
        alike = first.atc[:_LEVEL_4] == second.atc[:_LEVEL_4]
        if not (shared or groups or alike) or _ends_soon(case, other):
            continue
        if other.line == 0 and first.name == second.name and other.until is not None:
            yield _duplicate(
                one, other, "warn", f"：现有药品可用至{other.until}", f"the patient has it until {other.until}"
            )
        elif shared:
            yield _duplicate(one, other, "sign", f"成分重复：{'、'.join(sorted(shared))}", "the same substance twice")
        else:
            yield from _of_one_group(case, one, other, groups)


def _of_one_group(case: Case, one: Medicine, other: Medicine, groups: frozenset[int]) -> Iterator[Finding]:
    rows = [row for number in sorted(groups) if (row := knowledge.table("duplicates")[number]).holds(case.day)]
    for row in rows[:1]:
        weight: Weight = (
            "sign" if row.cells["weight"] == "sign" else "warn" if row.cells["weight"] == "warn" else "note"
        )
        yield _duplicate(one, other, weight, f"同类药物重复：{row.text.zh}", f"two of one group: {row.text.en}")
    atc, beside = one.facts.atc, other.facts.atc
    same = len(atc) > _LEVEL_4 and atc[:_LEVEL_4] == beside[:_LEVEL_4] and atc != beside
    if not rows and same and not atc.startswith(_ON_PURPOSE):
        yield _duplicate(one, other, "note", "同一药理亚类", "one pharmacological subgroup")


def _ends_soon(case: Case, other: Medicine) -> bool:
    if other.line or other.until is None:
        return False
    return (other.until - case.day).days <= case.policy.refill_days


def _duplicate(one: Medicine, other: Medicine, weight: Weight, zh: str, en: str) -> Finding:
    return finding(
        "A5",
        "R3-054",
        weight,
        zh=f"{_named(one, other)}{zh}",
        en=f"{one.name}, {other.name}: {en}",
        lines=_lines(one, other),
        source=REVIEW,
    )


@cites("R3-054")
def interactions(case: Case) -> Iterator[Finding]:
    """A5: interactions of western drugs, patent medicines and slices with each other."""
    for one, other in pairs(case):
        (a, b), (other_a, other_b) = one.facts.interactions, other.facts.interactions
        if hits := (a & other_b) | (b & other_a):
            yield from _clashes(case, "interactions", hits, one, other)


@cites("R3-054")
def mixtures(case: Case) -> Iterator[Finding]:
    """A6: injections that must not meet in one bottle or line."""
    if not any(one.facts.injected for one in case.written):
        return
    for one, other in pairs(case):
        (a, b), (other_a, other_b) = one.facts.mixtures, other.facts.mixtures
        if hits := (a & other_b) | (b & other_a):
            yield from _clashes(case, "mixtures", hits, one, other)


def _clashes(case: Case, name: str, hits: frozenset[int], one: Medicine, other: Medicine) -> Iterator[Finding]:
    """Say each row of a list of which one medicine is on one side and the other on the other."""
    for number in sorted(hits):
        row = knowledge.table(name)[number]
        if not row.holds(case.day):
            continue
        severity = row.cells["severity"]
        zh, en = _WORDS[severity]
        yield finding(
            _CODES[name],
            "R3-054",
            _WEIGHTS[severity],
            zh=f"{_named(one, other)}{zh}：{row.text.zh}",
            en=f"{one.name}, {other.name} {en}: {row.text.en}",
            lines=_lines(one, other),
            source=row.source,
        )
