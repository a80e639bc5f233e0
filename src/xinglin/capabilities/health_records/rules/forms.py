"""Forms of the record: fields that exclude or need one another. Invariants, and what a correction has to say. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from msgspec import Struct

from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

# linkId → title; code 1 is 无 in each of them (表 EHR-01, 药物过敏史, 暴露史, 既往史, 家族史, 遗传病史).
EXCLUSIVE: Final[dict[str, str]] = {
    "allergy": "药物过敏史",
    "exposure": "暴露史",
    "past-disease": "既往史 疾病",
    "past-operation": "既往史 手术",
    "past-injury": "既往史 外伤",
    "past-transfusion": "既往史 输血",
    "family-father": "家族史 父亲",
    "family-mother": "家族史 母亲",
    "family-siblings": "家族史 兄弟姐妹",
    "family-children": "家族史 子女",
    "hereditary-disease": "遗传病史",
}
NONE: Final = "1"
# Goals of the check-up form that are measured (表 EHR-02, 危险因素控制); the value is a number.
GOALS: Final[dict[str, str]] = {"weight-target": "减体重目标", "waist-target": "减腰围目标"}
LEAST: Final = 5
MOST: Final = 1000


@cites("HR-10")
def none_excludes_others(_before: Struct | None, after: Any) -> tuple[Issue, ...]:
    """Refuse 无 beside anything else in a field that takes several codes. Source: 规范三版, 个人基本信息表."""
    return tuple(
        Issue(
            "invariant",
            "none-excludes",
            f"QuestionnaireResponse.item[{item.linkId}]",
            f"{EXCLUSIVE[item.linkId]}: 1 (none) excludes every other answer.",
        )
        for item in items(after.item if after is not None else None)
        if item.linkId in EXCLUSIVE and not consistent(code_of(one) for one in item.answer or ())
    )


def consistent(codes: Iterable[str]) -> bool:
    """Tell whether answers of one field may stand together: 无 only by itself."""
    given = set(codes)
    return NONE not in given or given == {NONE}


@cites("HR-11")
def goals_are_numbers(_before: Struct | None, after: Any) -> tuple[Issue, ...]:
    """Refuse a goal that is free text only. Source: 规范三版, 健康体检表."""
    return tuple(
        Issue(
            "invariant",
            "goal-number",
            f"QuestionnaireResponse.item[{item.linkId}]",
            f"{GOALS[item.linkId]}: a goal is a number, not words alone.",
        )
        for item in items(after.item if after is not None else None)
        if item.linkId in GOALS and item.answer and not any(is_number(one) for one in item.answer)
    )


def items(given: Any) -> Iterator[Any]:
    """Give every item of a response, those inside items and answers too."""
    for item in given or ():
        yield item
        yield from items(item.item)
        for answer in item.answer or ():
            yield from items(answer.item)


def code_of(answer: Any) -> str:
    """Give the code of an answer: coded, or written as a text or number."""
    if answer.valueCoding is not None:
        return str(answer.valueCoding.code or "")
    return str(answer.valueString if answer.valueString is not None else answer.valueInteger)


def is_number(answer: Any) -> bool:
    """Tell whether an answer is a number."""
    if answer.valueQuantity is not None:
        return answer.valueQuantity.value is not None
    return answer.valueDecimal is not None or answer.valueInteger is not None


def correction_faults(text: str) -> tuple[Issue, ...]:
    """Give the reasons why a request to correct cannot be sent; none when it can."""
    said = text.strip()
    if len(said) < LEAST:
        return (Issue("required", "say-what", "text", "Say what is wrong, and what is right."),)
    if len(said) > MOST:
        return (Issue("too-long", "too-much", "text", f"More than {MOST} characters."),)
    return ()


def decision_faults(status: str, outcome: str, note: str) -> tuple[Issue, ...]:
    """Give the reasons why a request cannot be answered so; none when it can."""
    found = []
    if status != "requested":
        found.append(Issue("conflict", "already-answered", "Task.status", "This request has been answered."))
    if outcome not in {"corrected", "kept"}:
        found.append(Issue("value", "unknown-outcome", "outcome", "The outcome is corrected or kept."))
    if len(note.strip()) < LEAST:
        found.append(Issue("required", "say-why", "note", "Say to the resident what was done, or why nothing was."))
    return tuple(found)
