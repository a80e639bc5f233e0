"""Whom a medicine is not for (A7): age, sex, pregnancy, breast-feeding, failing organs, allergies, diagnoses."""

from collections.abc import Iterator
from typing import Final

from xinglin.care.findings import Finding, Weight
from xinglin.care.prescribing import knowledge
from xinglin.care.prescribing.case import REVIEW, Case, Medicine, finding
from xinglin.care.prescribing.doses import younger
from xinglin.fhir.sources import cites

_WEIGHTS: Final[dict[str, Weight]] = {"absolute": "sign", "relative": "warn", "note": "note"}
_ENDINGS: Final = ("过敏史", "过敏", "类药物", "类药", "类", "药物", "抗生素", "制剂")
_SEXES: Final = {"male": "男", "female": "女"}


@cites("R3-054")
def allergies(case: Case) -> Iterator[Finding]:
    """A7: what the patient is allergic to is never given; what may cross-react is warned of."""
    for word in dict.fromkeys(normal_allergy(one) for one in case.patient.allergies):
        for medicine in case.written:
            known = _allergic(case, word, medicine)
            if known is None:
                continue
            weight, zh, en, source = known
            yield finding(
                "A7",
                "R3-054",
                weight,
                zh=f"患者对{word}过敏：{medicine.name}（{zh}）",
                en=f"Allergic to {word}: {medicine.name} ({en})",
                lines=(medicine.line,),
                source=source,
            )


def normal_allergy(word: str) -> str:
    """Give the bare substance or class of a word for an allergy: 头孢菌素类 is 头孢菌素, Penicillin V is 青霉素."""
    word = word.strip()
    if word.isascii():
        return next((row.cells["means"] for row in knowledge.table("allergy_words") if _says(word, row)), word)
    for ending in _ENDINGS:
        bare = word.removesuffix(ending)
        if bare and bare != word:
            return normal_allergy(bare)
    return word


def _says(word: str, row: knowledge.Row) -> bool:
    """Tell whether an English word for an allergy has the word of a row at the beginning of one of its parts."""
    return any(part.startswith(row.cells["word"]) for part in word.lower().replace("/", " ").split())


def _allergic(case: Case, word: str, medicine: Medicine) -> tuple[Weight, str, str, str] | None:
    if not word:
        return None
    if word in medicine.tokens or word in medicine.name:
        return "block", "同一物质", "the same substance", REVIEW
    for row in knowledge.table("allergies"):
        if row.cells["word"] == word and row.holds(case.day) and set(row.words("tokens")) & medicine.tokens:
            given = row.cells["weight"]
            weight: Weight = "block" if given == "block" else "sign" if given == "sign" else "warn"
            return weight, row.text.zh, row.text.en, row.source
    return None


@cites("R3-054")
def sexes(case: Case) -> Iterator[Finding]:
    """A7: a medicine for the other sex."""
    if case.patient.sex not in _SEXES:
        return
    for medicine in case.written:
        for row in knowledge.rows_for("sexes", medicine.tokens, case.day):
            if row.cells["sex"] != case.patient.sex:
                yield _found(medicine, "block", row)
                break


@cites("R3-054")
def ages(case: Case) -> Iterator[Finding]:
    """A7: too young for the label or a listed limit, an adult with a child's medicine, the aged."""
    youngest = {number: drug.min_age_years for number, _, drug in case.drugs}
    cautious = {number for number, _, drug in case.drugs if drug.elder_caution}
    for medicine in case.written:
        rows = [row for row in knowledge.rows_for("ages", medicine.tokens, case.day) if _outside(case, row)]
        for row in rows:
            given = row.cells["weight"]
            yield _found(medicine, "sign" if given == "sign" else "warn" if given == "warn" else "note", row)
        least = youngest.get(medicine.line)
        if least is not None and case.age.years < least and not rows:
            yield finding(
                "A7",
                "R3-054",
                "sign",
                zh=f"{medicine.name}说明书限{least}岁以上，患者{case.age.shown}",
                en=f"{medicine.name} is labelled from {least} years on",
                lines=(medicine.line,),
                source="药品说明书",
            )
        if medicine.line in cautious and "elder" in case.states and not rows:
            yield finding(
                "A7",
                "R3-054",
                "note",
                zh=f"{medicine.name}老年人慎用",
                en=f"{medicine.name}: caution in the aged",
                lines=(medicine.line,),
                source="药品说明书",
            )


def _outside(case: Case, row: knowledge.Row) -> bool:
    under, over = row.cells["under"], row.cells["over"]
    return bool((under and younger(case.age, under)) or (over and not younger(case.age, over)))


@cites("R3-054", "RA-001")
def pregnancy(case: Case) -> Iterator[Finding]:
    """A7: in pregnancy 禁用 is blocked online and signed twice elsewhere; where nobody asked yet, ask."""
    pregnant = case.patient.pregnant
    if pregnant == "no" or not case.fertile:
        return
    for number, _, drug in case.drugs:
        if drug.pregnancy not in {"禁用", "慎用"}:
            continue
        if pregnant == "yes":
            forbidden = drug.pregnancy == "禁用"
            weight: Weight = "warn" if not forbidden else "block" if case.setting.online else "sign"
            zh, en = f"妊娠期{drug.pregnancy}{drug.name}", f"{drug.name} in pregnancy"
        elif drug.pregnancy == "禁用":
            weight, zh, en = "warn", f"{drug.name}妊娠期禁用，请确认是否妊娠", f"Ask about pregnancy: {drug.name}"
        else:
            continue
        yield finding("A7", "RA-001", weight, zh=zh, en=en, lines=(number,), source="药品说明书")


@cites("R3-054")
def conditions(case: Case) -> Iterator[Finding]:
    """A7: illnesses and states in which a medicine must not or should not be given."""
    told = {number for number, _, drug in case.drugs if drug.pregnancy == "禁用" and case.patient.pregnant == "yes"}
    for medicine in case.written:
        for row in knowledge.rows_for("contraindications", medicine.tokens, case.day):
            hits = set(row.words("states")) & case.states
            if hits == {"pregnant"} and medicine.line in told and case.fertile:
                continue  # the label has said so already
            if hits:
                yield _found(medicine, _WEIGHTS[row.cells["severity"]], row)


def _found(medicine: Medicine, weight: Weight, row: knowledge.Row) -> Finding:
    return finding(
        "A7",
        "R3-054",
        weight,
        zh=f"{medicine.name}：{row.text.zh}",
        en=f"{medicine.name}: {row.text.en}",
        lines=(medicine.line,),
        source=row.source,
    )
