"""Refusals as values, and the one error that carries them: OperationOutcome (http://hl7.org/fhir/R4/operationoutcome.html)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

Severity = Literal["fatal", "error", "warning", "information"]

# FHIR issue types (http://hl7.org/fhir/issue-type) that the platform uses, and the HTTP status each means.
STATUS: Final[Mapping[str, int]] = {
    "invalid": 400,
    "structure": 400,
    "required": 400,
    "value": 400,
    "invariant": 400,
    "code-invalid": 400,
    "extension": 400,
    "security": 401,
    "login": 401,
    "expired": 401,
    "forbidden": 403,
    "not-found": 404,
    "not-supported": 400,
    "deleted": 410,
    "duplicate": 412,
    "multiple-matches": 412,
    "conflict": 409,
    "business-rule": 422,
    "processing": 422,
    "too-long": 413,
    "too-costly": 403,
    "lock-error": 409,
    "throttled": 429,
    "timeout": 503,
    "transient": 503,
    "exception": 500,
    "informational": 200,
    "incomplete": 200,
}


@dataclass(frozen=True, slots=True)
class Issue:
    """One fault or remark.

    code: a FHIR issue type. key: our own code of the text (kebab-case), shown as details.coding.code.
    where: FHIRPath of the place, e.g. ``Patient.contact[0].name``; empty when there is none.
    text: what is wrong and what to do, in English; pages translate by key. No patient data but the faulty value.
    """

    code: str
    key: str
    where: str = ""
    text: str = ""
    severity: Severity = "error"


class OutcomeError(Exception):
    """An expected refusal: one or more issues, and the HTTP status they mean.

    status: overrides the status of the first issue, where HTTP is finer than the issue type (405, 406, 412, 415).
    """

    def __init__(self, *issues: Issue, status: int | None = None) -> None:
        super().__init__("; ".join(f"{i.code} {i.key} {i.where} {i.text}".strip() for i in issues))
        self.issues = issues
        self.status = status if status is not None else STATUS.get(issues[0].code, 400)


def refuse(issues: Iterable[Issue]) -> None:
    """Raise one OutcomeError when there is any issue of severity error or fatal."""
    found = tuple(issues)
    if any(issue.severity in {"error", "fatal"} for issue in found):
        raise OutcomeError(*found)


DETAILS_SYSTEM: Final = "https://xinglin.health/fhir/CodeSystem/issue"


def outcome(issues: Iterable[Issue]) -> dict[str, object]:
    """Build the OperationOutcome resource (JSON form) of *issues*; "all ok" when there is none."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [_issue(issue) for issue in issues]
        or [{"severity": "information", "code": "informational", "diagnostics": "All OK"}],
    }


def outcome_bytes(issues: Iterable[Issue]) -> bytes:
    """Encode `outcome` as JSON."""
    return msgspec.json.encode(outcome(issues))


def _issue(issue: Issue) -> dict[str, object]:
    made: dict[str, object] = {"severity": issue.severity, "code": issue.code}
    if issue.key:
        made["details"] = {"coding": [{"system": DETAILS_SYSTEM, "code": issue.key}]}
    if issue.text:
        made["diagnostics"] = issue.text
    if issue.where:
        made["expression"] = [issue.where]
    return made
