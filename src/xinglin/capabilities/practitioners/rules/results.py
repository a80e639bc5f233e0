"""A verification as a VerificationResult, and back."""

from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Any, cast

from msgspec import Struct

from xinglin.capabilities.practitioners import contract
from xinglin.fhir.outcome import DETAILS_SYSTEM
from xinglin.fhir.r4.datatypes import CodeableConcept, Coding, Extension, Meta, Reference
from xinglin.fhir.r4.resources import VerificationResult, VerificationResultPrimarySource
from xinglin.fhir.sources import cites
from xinglin.security.verification import Presence, State, Verdict

REGISTER: str = "国家医师、护士电子注册系统"
MONTH_DAYS: int = 31

_STATUS = {"valid": "validated", "unknown": "in-process"}


@cites("R1-030", "R6-036")
def result(
    target: str, verdict: Verdict, now: datetime, *, occasion: str, asked: str, operator: str, presence: Presence | None
) -> VerificationResult:
    """Write down one verification: question, answer, time and operator.

    target: reference of the practitioner. asked: the numbers that were asked for. operator: id of the account.
    """
    extensions = [
        Extension(url=contract.QUERY, valueString=asked or "-"),
        Extension(url=contract.OPERATOR, valueString=operator),
    ]
    extensions += [
        Extension(url=contract.REASON, valueCoding=Coding(system=DETAILS_SYSTEM, code=issue.key, display=issue.text))
        for issue in verdict.reasons
    ]
    if presence is not None and presence.evidence:
        extensions.append(Extension(url=contract.PRESENCE, valueString=presence.evidence))
    instant = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return VerificationResult(
        meta=Meta(profile=[contract.VERIFICATION.url]),
        extension=extensions,
        target=[Reference(reference=target)],
        status=cast("Any", _STATUS.get(verdict.state, "val-fail")),
        statusDate=instant,
        validationProcess=[_concept(contract.OCCASIONS.system, occasion)],
        lastPerformed=instant,
        nextScheduled=(now + timedelta(days=MONTH_DAYS)).date().isoformat(),
        primarySource=[
            VerificationResultPrimarySource(
                who=Reference(display=REGISTER),
                validationStatus=_concept(contract.STATES.system, verdict.state),
                validationDate=instant,
            )
        ],
    )


def state_of(found: Struct) -> State:
    """Give the state that a verification found."""
    source = cast("Any", found).primarySource[0]
    return cast("State", source.validationStatus.coding[0].code)


def occasion_of(found: Struct) -> str:
    """Give the occasion of a verification."""
    return str(cast("Any", found).validationProcess[0].coding[0].code)


def when_of(found: Struct) -> datetime:
    """Give the instant of a verification."""
    return datetime.fromisoformat(cast("Any", found).statusDate)


def reasons_of(found: Struct) -> list[tuple[str, str]]:
    """Give key and English text of the reasons as they were written down."""
    codings = [one.valueCoding for one in cast("Any", found).extension or () if one.url == contract.REASON]
    return [(coding.code or "", coding.display or "") for coding in codings]


def operator_of(found: Struct) -> str:
    """Give the account that asked."""
    return next((one.valueString for one in cast("Any", found).extension or () if one.url == contract.OPERATOR), "")


def periodic_id(sweep: str, practitioner: str) -> str:
    """Give the id of a practitioner's result in one sweep, so that a second run of the job finds the first."""
    return f"periodic-{blake2b(f'{sweep}/{practitioner}'.encode(), digest_size=16).hexdigest()}"


def sweep_name(today: date) -> str:
    """Name the monthly sweep of a day."""
    return f"{today:%Y-%m}"


def _concept(system: str, code: str) -> CodeableConcept:
    return CodeableConcept(coding=[Coding(system=system, code=code)])
