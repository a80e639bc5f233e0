"""What a pharmacy may ask a prescriber, and what a yes changes: another medicine alike, or fewer packages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from xinglin.capabilities.pharmacy import contract
from xinglin.capabilities.pharmacy.contract import Asking
from xinglin.capabilities.pharmacy.rules.sheets import Ordered
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.fhir.wire import to_dict
from xinglin.tables import catalogues

Json = dict[str, Any]
_MOVING: Final = frozenset({"status", "note", "meta", "lastModified", "id"})


@dataclass(frozen=True, slots=True)
class Agreed:
    """What the prescriber agreed to for a line. drug: instead; empty: as ordered. packs: at most; -1: as ordered."""

    drug: str = ""
    packs: int = -1


@cites("R3-083")
def question_faults(given: Asking, ordered: Sequence[Ordered]) -> tuple[Issue, ...]:
    """Say what a question lacks."""
    if not 1 <= given.line <= len(ordered):
        return (Issue("value", "question-line", "line", "There is no such line."),)
    one = ordered[given.line - 1]
    issues = []
    if not given.drug and given.packs < 0:
        issues.append(Issue("required", "question-empty", "drug", "Say what shall be different."))
    if given.drug and given.drug not in substitutes(one.code):
        text = "Only a medicine of the same substance, amount and route is given instead; else it is prescribed anew."
        issues.append(Issue("business-rule", "question-drug", "drug", text))
    if given.packs >= one.packs or given.packs < -1:
        issues.append(Issue("value", "question-packs", "packs", "Ask for fewer packages than ordered."))
    return tuple(issues)


def substitutes(code: str) -> tuple[str, ...]:
    """Give what may stand instead of a drug: the same substance, amount in a unit and route; of slices nothing."""
    try:
        one = catalogues.drug(code)
    except KeyError:
        return ()
    return tuple(
        other.code
        for other in catalogues.drugs()
        if other.code != code
        and (other.substance, other.route, other.dose_unit, other.amount)
        == (one.substance, one.route, one.dose_unit, one.amount)
        and one.amount is not None
        and other.control == one.control
    )


@cites("R3-083")
def effective(ordered: Sequence[Ordered], agreed: Mapping[int, Agreed]) -> list[Ordered]:
    """Give what is filled: as ordered, but for what the prescriber agreed to."""
    found = []
    for number, one in enumerate(ordered, 1):
        yes = agreed.get(number, Agreed())
        packs = one.packs if yes.packs < 0 else yes.packs
        made = replace(one, amount=one.amount * packs / one.packs, packs=packs) if one.packs else one
        if yes.drug:
            drug = catalogues.drug(yes.drug)
            packs = -(-int(made.amount) // drug.pack)  # whole packages that cover what was ordered
            made = replace(made, code=yes.drug, amount=made.amount * 0 + packs * drug.pack, packs=packs)
        found.append(made)
    return found


def asked(given: Asking, supply: Json, prescriber: Json, asker: str, *, at: str) -> Json:
    """Write a question."""
    parts: list[Json] = [{"url": "line", "valueInteger": given.line}]
    if given.drug:
        parts.append({"url": "drug", "valueCode": given.drug})
    if given.packs >= 0:
        parts.append({"url": "packs", "valueInteger": given.packs})
    if given.note.strip():
        parts.append({"url": "note", "valueString": given.note.strip()[:500]})
    return {
        "resourceType": "Task",
        "meta": {"profile": [contract.QUESTION.url]},
        "identifier": [{"system": contract.KEYS, "value": given.key}],
        "extension": [{"url": contract.ASKED, "extension": parts}],
        "status": "requested",
        "intent": "proposal",
        "code": {"coding": [{"system": contract.TASKS.system, "code": contract.QUESTION_CODE}]},
        "groupIdentifier": supply["groupIdentifier"],
        "focus": {"reference": f"Task/{supply['id']}"},
        "for": supply["for"],
        "owner": prescriber,
        "requester": {"reference": asker} | ({"display": supply["owner"].get("display", "")}),
        "authoredOn": at,
    }


def read(question: Json) -> tuple[int, Agreed, str]:
    """Give line, what is asked for, and the words."""
    parts: list[Json] = next((one["extension"] for one in question["extension"] if one["url"] == contract.ASKED), [])
    values = {part["url"]: next(value for name, value in part.items() if name != "url") for part in parts}
    return int(values["line"]), Agreed(values.get("drug", ""), int(values.get("packs", -1))), values.get("note", "")


def stays(before: Any | None, after: Any | None) -> tuple[Issue, ...]:
    """Guard every writer: what was asked stays, and an answer is given once."""
    if before is None:
        return ()
    kept = Issue("business-rule", "question-stays", text="What was asked and answered stays.")
    if after is None:
        return (kept,)
    old, new = to_dict(before), to_dict(after)
    moving = _MOVING if before.status == "requested" else frozenset({"meta", "id"})
    same = {name: value for name, value in old.items() if name not in moving} == {
        name: value for name, value in new.items() if name not in moving
    }
    return () if same else (kept,)
