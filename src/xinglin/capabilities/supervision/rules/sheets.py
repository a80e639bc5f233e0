"""The check sheet of a spot check (R8-042), its grade (R8-043), and when a second reviewer must look (R8-044)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from xinglin.capabilities.supervision import contract
from xinglin.fhir.declarations import Text, canonical
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

Gravity = Literal["minor", "serious", "unlawful"]
ANSWERS: Final = ("yes", "no", "na")
SAMPLE_OF: Final = canonical("check-sample")  # of a sheet: valueReference List
GRADE: Final = canonical("check-grade")
SCORE: Final = canonical("check-score")
COST: Final[Mapping[Gravity, int]] = {"minor": 3, "serious": 15, "unlawful": 40}
REVIEWERS: Final = cites("R8-044")(2)  # of C and D


@dataclass(frozen=True, slots=True)
class Item:
    """One question. rule: of the book that a "no" breaks. step: the link of the trace where the evidence lies."""

    code: str
    text: Text
    gravity: Gravity
    rule: str
    step: str = "visit"


ITEMS: Final[tuple[Item, ...]] = cites("R8-042")(
    (
        Item("identity", Text("患者实名核验", "The patient's identity was verified"), "serious", "R2-020"),
        Item("consent", Text("诊疗开始前有知情同意", "Consent before the start"), "serious", "R1-070"),
        Item(
            "evidence", Text("有诊断依据且医生已阅", "Evidence is there and was read"), "unlawful", "R1-042", "evidence"
        ),
        Item("same", Text("与原诊断相同", "The same diagnosis"), "unlawful", "R1-041", "diagnosis"),
        Item(
            "doctor",
            Text("接诊前核验医师，满三年且在执业范围", "Doctor verified, three years, in scope"),
            "unlawful",
            "R2-010",
        ),
        Item("record", Text("病历完整：主诉、病史、诊断、意见", "The record is complete"), "minor", "R1-060", "note"),
        Item(
            "termination",
            Text("应终止的已终止并引导线下就医", "Ended and led to a hospital where it must be"),
            "serious",
            "R1-046",
        ),
        Item("limits", Text("处方用量不超限", "Prescriptions keep to the limits"), "serious", "R3-020", "prescription"),
        Item("banned", Text("没有禁止在线开具的药品", "No forbidden drugs"), "unlawful", "R1-050", "order"),
        Item("child", Text("儿童用药符合规定", "The rule for children was kept"), "unlawful", "R1-055"),
        Item("signatures", Text("电子签名有效", "Electronic signatures hold"), "serious", "R6-051", "note"),
        Item(
            "review",
            Text("收费前经药师审核", "Reviewed by a pharmacist before the charge"),
            "unlawful",
            "R1-057",
            "review",
        ),
        Item("timing", Text("各环节时间合理", "Times are plausible"), "minor", "R2-045"),
        Item("media", Text("图文音视频过程记录留存", "The conversation is kept"), "serious", "R2-023", "conversation"),
        Item("fee", Text("收费正确", "The fee is right"), "serious", "R5-011", "bill"),
        Item(
            "upload", Text("上报内容与原始记录一致", "What was told equals the record"), "serious", "R2-042", "upload"
        ),
        Item(
            "complaint",
            Text("不良事件和投诉已处理", "Adverse events and complaints were dealt with"),
            "minor",
            "R8-002",
            "complaint",
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Marked:
    """What a sheet comes to. failed: codes of the items that were answered with no."""

    grade: str
    score: int
    failed: tuple[str, ...]


@cites("R8-043")
def mark(answers: Mapping[str, str]) -> Marked:
    """Grade a sheet by its gravest "no": none A, minor B, serious C, unlawful D; the score is for statistics."""
    failed = [one for one in ITEMS if answers.get(one.code) == "no"]
    gravities = {one.gravity for one in failed}
    grade = "D" if "unlawful" in gravities else "C" if "serious" in gravities else "B" if gravities else "A"
    score = max(0, 100 - sum(COST[one.gravity] for one in failed))
    return Marked(grade, score, tuple(one.code for one in failed))


def faults(answers: Mapping[str, str], note: str) -> tuple[Issue, ...]:
    """Say what a sheet lacks: every item is answered, and a "no" is explained."""
    missing = [one.code for one in ITEMS if answers.get(one.code) not in ANSWERS]
    issues = []
    if missing:
        text = f"Answer every item; these are open: {', '.join(missing)}."
        issues.append(Issue("required", "sheet-open", "answers", text))
    if set(answers) - {one.code for one in ITEMS}:
        issues.append(Issue("code-invalid", "sheet-item", "answers", "There is no such item."))
    if "no" in answers.values() and not note.strip():
        issues.append(Issue("required", "sheet-note", "note", "Say in words what is wrong."))
    return tuple(issues)


@cites("R8-044")
def final(grades: Sequence[str]) -> str:
    """Give the grade of a visit; empty while it waits: C and D count once two independent reviewers have looked.

    Where the two differ the milder counts: nobody is charged with what one of two does not see.
    """
    if not grades:
        return ""
    if grades[0] in {"A", "B"} and len(grades) == 1:
        return grades[0]
    return min(grades[:REVIEWERS]) if len(grades) >= REVIEWERS else ""


def read(sheet: Mapping[str, Any]) -> dict[str, str]:
    """Read the answers of a sheet."""
    return {one["linkId"]: one["answer"][0]["valueCoding"]["code"] for one in sheet["item"] if one["linkId"] != "note"}


def sheet(
    answers: Mapping[str, str], note: str, *, sample: str, visit: str, author: str, now: datetime
) -> dict[str, Any]:
    """Write a sheet. sample, visit: logical ids. author: reference of the reviewer.

    It has no subject: a record of the patient would be read by whoever treats there, who is being checked.
    """
    marked = mark(answers)
    items: list[dict[str, Any]] = [
        {"linkId": one.code, "text": one.text.zh, "answer": [{"valueCoding": {"code": answers[one.code]}}]}
        for one in ITEMS
    ]
    if note.strip():
        items.append({"linkId": "note", "answer": [{"valueString": note.strip()}]})
    return {
        "resourceType": "QuestionnaireResponse",
        "meta": {"profile": [contract.SHEET.url]},
        "identifier": {"system": contract.SHEET_KEYS, "value": f"{sample} {visit} {author}"},
        "questionnaire": contract.QUESTIONNAIRE,
        "status": "completed",
        "encounter": {"reference": f"Encounter/{visit}"},
        "author": {"reference": author},
        "authored": now.isoformat(),
        "extension": [
            {"url": SAMPLE_OF, "valueReference": {"reference": f"List/{sample}"}},
            {"url": GRADE, "valueCode": marked.grade},
            {"url": SCORE, "valueInteger": marked.score},
        ],
        "item": items,
    }


def alone(given: Any) -> tuple[str, ...]:
    """Give what only one sheet may hold: sample, visit and reviewer."""
    return (f"check-sheet/{given.identifier.value}",)


def failed(codes: Iterable[str]) -> tuple[Item, ...]:
    """Give the items of these codes."""
    wanted = set(codes)
    return tuple(one for one in ITEMS if one.code in wanted)
