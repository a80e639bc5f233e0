"""The one table of states of an online visit, for both ends; what may be done when, and by whom."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from xinglin.capabilities.internet_hospital.contract import MEDIA, STATE
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

Side = Literal["patient", "doctor", "colleague", "platform"]


@dataclass(frozen=True, slots=True)
class Move:
    """One act: from which states, into which, by whom."""

    since: frozenset[str]
    to: str
    by: frozenset[str]


_BEFORE: Final = frozenset({"requested", "accepted", "waiting"})
_DURING: Final = frozenset({"in-progress", "interrupted"})
_DOCTOR, _PATIENT = frozenset({"doctor"}), frozenset({"patient"})
MOVES: Final[Mapping[str, Move]] = cites("R1-046", "R2-022", "R2-029")(
    {
        "accept": Move(frozenset({"requested"}), "accepted", _DOCTOR),
        "enter": Move(frozenset({"accepted"}), "waiting", _PATIENT),
        "start": Move(frozenset({"accepted", "waiting"}), "in-progress", _DOCTOR),
        "interrupt": Move(frozenset({"in-progress"}), "interrupted", _DOCTOR | _PATIENT | {"platform"}),
        "resume": Move(frozenset({"interrupted"}), "in-progress", _DOCTOR | _PATIENT),
        "refuse": Move(frozenset({"accepted", "waiting"}), "terminated", _DOCTOR),
        "terminate": Move(_DURING, "terminated", _DOCTOR),
        "finish": Move(frozenset({"in-progress"}), "finished", _DOCTOR),
        "cancel": Move(_BEFORE, "cancelled", _PATIENT | {"platform"}),
        "expire": Move(_BEFORE, "no-answer", frozenset({"platform"})),
    }
)
ENDED: Final = frozenset({"finished", "terminated", "no-answer", "cancelled"})
TALKING: Final = frozenset({"accepted", "waiting", "in-progress", "interrupted"})
# Reasons that were there before the visit: nothing had been advised.
_UNSUITABLE: Final = frozenset(
    {"FIRST_VISIT", "NO_RECORD", "DIAGNOSIS_MISMATCH", "OUT_OF_SCOPE_DEPT", "IDENTITY_DOUBT", "CHILD_NO_GUARDIAN"}
    | {"CHILD_NO_PAEDIATRIC", "CONTROLLED_DRUG_REQUEST"}
)
_STATUS: Final = {
    "requested": "planned",
    "accepted": "arrived",
    "waiting": "arrived",
    "in-progress": "in-progress",
    "interrupted": "onleave",
    "finished": "finished",
    "no-answer": "cancelled",
    "cancelled": "cancelled",
}
# Worse lines come later: what a line may be made into when it does not hold (video → audio → text → call back).
LADDER: Final = ("video", "audio", "text", "call-back")


def alone(it: Any) -> Iterator[str]:
    """Give what a visit that has not ended holds: one for each patient in a department of an internet hospital.

    So the same request twice, at once or after a lost answer, is not two visits and two fees.
    """
    state = next((one.valueCode for one in it.extension or () if one.url == STATE), "")
    if state in ENDED or it.subject is None or it.serviceProvider is None:
        return
    department = next((one.code or "" for one in (it.serviceType and it.serviceType.coding) or ()), "")
    patient, hospital = ((one.reference or "").rpartition("/")[2] for one in (it.subject, it.serviceProvider))
    yield f"online-visit/{patient}/{hospital}/{department}"


def move_faults(act: str, state: str, side: str) -> tuple[Issue, ...]:
    """Reasons why a side may not do an act in a state; empty when it may."""
    move = MOVES[act]
    if side not in move.by:
        return (Issue("forbidden", "visit-not-yours", text="This is for the other side of the visit."),)
    if state not in move.since:
        return (Issue("conflict", "visit-state", text=f"The visit is {state}: this is not possible any more, or yet."),)
    return ()


def paid_faults(paid: str) -> tuple[Issue, ...]:
    """Reasons why a doctor may not take a visit: its fee is not paid. Nothing begins before."""
    if paid in {"", "paid"}:
        return ()
    return (Issue("conflict", "visit-unpaid", text="The fee of this visit is not paid."),)


@cites("R5-015", "R1-046")
def refund_reason(act: str, code: str = "") -> str:
    """Give the reason of 5.4 by which the fee goes back. code: of R1-047, where a doctor ended the visit."""
    if code == "SYSTEM_FAILURE":
        return "system-failure"
    if act == "terminate":
        return "not-suitable" if code in _UNSUITABLE else "condition-changed"
    return {"cancel": "cancelled-before-acceptance", "refuse": "not-suitable"}.get(act, "not-accepted")


def status_of(state: str, before: str = "") -> str:
    """Give Encounter.status of a state; a visit that ended before it began is cancelled. before: the state left."""
    if state == "terminated":
        return "finished" if before in _DURING else "cancelled"
    return _STATUS[state]


def moved(before: Any | None, after: Any | None) -> tuple[Issue, ...]:
    """Guard every write: a state follows the table, its status agrees, and what has ended stays ended."""
    if after is None:
        return (Issue("business-rule", "visit-kept", "Encounter", "A visit is kept; it cannot be deleted."),)
    new = state_in(after)
    old = state_in(before) if before is not None else ""
    if new not in {*_STATUS, "terminated"}:
        return (Issue("value", "visit-state-unknown", "Encounter.extension", "There is no such state of a visit."),)
    if after.class_.code != "VR":
        text = "A visit online is of class VR, and stays so."
        return (Issue("business-rule", "visit-class", "Encounter.class", text),)
    if before is None and new != "requested":
        return (Issue("business-rule", "visit-begins", "Encounter.extension", "A visit begins as requested."),)
    if old and old != new and not any(old in one.since and one.to == new for one in MOVES.values()):
        text = f"A visit that is {old} does not become {new}."
        return (Issue("business-rule", "visit-state", "Encounter.extension", text),)
    wanted = {"finished", "cancelled"} if new == "terminated" else {_STATUS[new]}
    if after.status not in wanted:
        return (
            Issue("business-rule", "visit-status", "Encounter.status", f"A visit that is {new} has another status."),
        )
    return ()


def state_in(encounter: Any) -> str:
    """Read the state of a visit from its resource; empty when it has none."""
    return next((one.valueCode or "" for one in encounter.extension or () if one.url == STATE), "")


@cites("R1-046", "R2-029")
def degrade_faults(medium: str, wanted: str) -> tuple[Issue, ...]:
    """Reasons why a line cannot become another: it is one of the ladder, and lies below or above, not the same."""
    if wanted not in MEDIA.codes:
        return (Issue("value", "visit-medium", text="There is no such way to speak."),)
    if wanted == medium:
        return (Issue("conflict", "visit-medium-same", text="The visit uses this way already."),)
    return ()


def line_faults(state: str, *, over: bool = False) -> tuple[Issue, ...]:
    """Reasons why nobody can speak by sound and picture in a state. over: it may have ended just now."""
    if state in {"waiting", "in-progress", "interrupted"} or (over and state in {"finished", "terminated"}):
        return ()
    return (Issue("conflict", "visit-state", text=f"The visit is {state}: nobody speaks in it."),)


@dataclass(frozen=True, slots=True)
class Terms:
    """What an internet hospital promises and allows [CFG].

    promise: time within which a doctor has begun. follow_up: time after the end in which the patient may ask.
    questions: how many then. reception: how long a doctor's verification before reception holds (R2-010).
    """

    promise: timedelta = timedelta(minutes=60)
    follow_up: timedelta = timedelta(hours=24)
    questions: int = 3
    reception: timedelta = timedelta(hours=12)

    def with_own(self, own: Mapping[str, Any]) -> "Terms":
        """Give the terms of one internet hospital. own: parts of its extension, those it has decided."""
        return replace(
            self,
            promise=timedelta(minutes=own["promise-minutes"]) if "promise-minutes" in own else self.promise,
            follow_up=timedelta(hours=own["follow-up-hours"]) if "follow-up-hours" in own else self.follow_up,
            questions=own.get("questions", self.questions),
        )


# What an institution may decide, from least to most; the fee lies below the government's price.
OWN: Final = {"promise-minutes": (5, 2880), "follow-up-hours": (0, 168), "questions": (0, 20)}


def own_faults(own: Mapping[str, int | None], highest_fee: int) -> tuple[Issue, ...]:
    """Reasons why an institution may not set such terms. highest_fee: fen, of the price list."""
    issues = []
    for name, (least, most) in {**OWN, "fee": (0, highest_fee)}.items():
        given = own.get(name)
        if given is not None and not least <= given <= most:
            issues.append(Issue("value", f"terms-{name}", name.replace("-", "_"), f"{name}: {least} to {most}."))
    return tuple(issues)


def say_faults(
    state: str, side: str, *, now: datetime, follow_up: datetime | None, asked: int, terms: Terms
) -> tuple[Issue, ...]:
    """Reasons why a side may not write now. follow_up: end of the window. asked: questions after the end so far."""
    if state in TALKING:
        return ()
    if state == "finished" and follow_up is not None and now <= follow_up:
        if side == "patient" and asked >= terms.questions:
            return (Issue("business-rule", "visit-questions", text=f"At most {terms.questions} questions afterwards."),)
        return ()
    if state == "requested":
        return (Issue("conflict", "visit-not-accepted", text="No doctor has accepted the visit yet."),)
    return (Issue("conflict", "visit-over", text="The visit is over; nothing can be said in it any more."),)


@cites("R2-010")
def voice_faults(voice: str, sender: str) -> tuple[Issue, ...]:
    """Reasons why a message may not be kept as spoken by *voice*. sender: FHIR type of Communication.sender.

    What a system or an AI says comes from a Device, is marked so, and never stands as a doctor's words.
    """
    allowed = {
        "patient": {"Patient"},
        "doctor": {"Practitioner", "PractitionerRole"},
        "system": {"Device"},
        "ai": {"Device"},
    }
    if sender in allowed.get(voice, set()):
        return ()
    return (Issue("business-rule", "visit-voice", "Communication.sender", "The sender is not who is said to speak."),)


@cites("R2-010", "R2-023", "A9-03")
def kept(before: Any | None, after: Any | None) -> tuple[Issue, ...]:
    """Guard every write of a message: it is who it says, and is neither changed nor deleted afterwards."""
    if after is None:
        return (
            Issue("business-rule", "message-kept", "Communication", "What was said in a visit is kept for 3 years."),
        )
    if before is not None:
        return (Issue("business-rule", "message-fixed", "Communication", "What was said in a visit is not changed."),)
    voice = next((c.code for one in after.category or () for c in one.coding or ()), "")
    sender = after.sender
    named = (sender.type or (sender.reference or "").partition("/")[0]) if sender is not None else ""
    return voice_faults(voice or "", named)
