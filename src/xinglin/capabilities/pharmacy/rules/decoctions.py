"""A work order of the decoction room as a resource: Task[decoction] with its steps in order (R3-100 to R3-102)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, cast

from xinglin.capabilities.pharmacy import contract
from xinglin.capabilities.pharmacy.contract import Stepping
from xinglin.capabilities.pharmacy.rules import sheets
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.care.decoction import Category, Done, Formula
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.fhir.wire import to_dict

Json = dict[str, Any]
CHILD_YEARS: Final = 14
_MOVING: Final = frozenset({"status", "lastModified", "meta", "extension", "id"})


def wanted(supply: Json) -> bool:
    """Tell whether a supply is to be decocted."""
    return sheets.value(supply, contract.DECOCTED) is True


def begun(supply: Json, number: str, *, at: str) -> Json:
    """Write the work order of a supply that was paid."""
    return {
        "resourceType": "Task",
        "meta": {"profile": [contract.WORK_ORDER.url]},
        "identifier": [{"system": contract.ORDER_NUMBERS, "value": number}],
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": contract.WORK_ORDERS.system, "code": "decoction"}]},
        "groupIdentifier": supply["groupIdentifier"],
        "focus": {"reference": f"Task/{supply['id']}"},
        "for": supply["for"],
        "owner": supply["owner"],
        "authoredOn": at,
    }


def formula_of(order: Json, lines: Sequence[Json], prescription: Json, years: int) -> Formula:
    """Read what is decocted."""
    category = sheets.value(order, contract.CATEGORY, "general")
    return Formula(
        grams=tuple(_grams(one) for one in lines),
        footnotes=tuple(str(sheets.value(one, prescriptions.FOOTNOTE, "")) for one in lines),
        doses=int(sheets.value(prescription, prescriptions.DOSES, 1) or 1),
        category=cast("Category", category),
        child=years < CHILD_YEARS,
    )


def _grams(line: Json) -> Decimal:
    dosage: Json = next(iter(line.get("dosageInstruction", ())), {})
    dose: Json = next((one.get("doseQuantity", {}) for one in dosage.get("doseAndRate", ())), {})
    return Decimal(str(dose.get("value", 0)))


def steps(order: Json) -> list[Json]:
    """Give the steps as kept: code, key, start, end, by and what was measured."""
    return [
        {part["url"]: _value(part) for part in one["extension"]}
        for one in order.get("extension", ())
        if one["url"] == contract.STEP
    ]


def done(order: Json) -> tuple[Done, ...]:
    """Give the steps that were begun, for the decision of the next."""
    return tuple(
        Done(
            one["code"],
            datetime.fromisoformat(one["start"]),
            datetime.fromisoformat(one["end"]) if one.get("end") else None,
            one["by"],
        )
        for one in steps(order)
    )


def answered(order: Json, key: str) -> bool:
    """Tell whether a call was done before under its key."""
    return any(key in {one.get("key"), one.get("end-key")} for one in steps(order))


@cites("R3-100", "R3-102")
def stepped(order: Json, given: Stepping, *, timed: bool, ends: bool, at: str, by: str, last: bool) -> Json:
    """Record a step, or the end of one that runs; who, when, on which machine, and the lots stay with it."""
    measured: list[Json] = [
        {"url": name, "valueString": value}
        for name, value in (
            ("device", given.device.strip()),
            ("celsius", given.celsius.strip()),
            ("weights", " ".join(given.weights)),
            ("lots", " ".join(given.lots)),
            ("packs", str(given.packs or "")),
            ("ml", str(given.ml or "")),
            ("note", given.note.strip()),
        )
        if value
    ]
    extensions = list(order.get("extension", ()))
    if ends:
        place = max(n for n, one in enumerate(extensions) if one["url"] == contract.STEP and _is(one, given.step))
        known = {part["url"] for part in extensions[place]["extension"]}
        parts = [
            {"url": "end", "valueInstant": at},
            {"url": "end-key", "valueString": given.key},
            {"url": "end-by", "valueReference": {"reference": by}},
        ]
        parts += [one for one in measured if one["url"] not in known]
        extensions[place] = extensions[place] | {"extension": [*extensions[place]["extension"], *parts]}
    else:
        parts = [
            {"url": "code", "valueCode": given.step},
            {"url": "key", "valueString": given.key},
            {"url": "start", "valueInstant": at},
            {"url": "by", "valueReference": {"reference": by}},
            *measured,
        ]
        if not timed:
            parts.append({"url": "end", "valueInstant": at})
        extensions.append({"url": contract.STEP, "extension": parts})
        if given.category:
            extensions.append({"url": contract.CATEGORY, "valueCode": given.category})
    return order | {"extension": extensions, "lastModified": at, "status": "completed" if last else "in-progress"}


@cites("R3-102")
def stays(before: Any | None, after: Any | None) -> tuple[Issue, ...]:
    """Guard every writer: what was decocted for whom, and each step that was recorded, stays."""
    if before is None:
        return ()
    kept = Issue("business-rule", "decoction-stays", text="What was recorded of a decoction stays.")
    if after is None:
        return (kept,)
    old, new = to_dict(before), to_dict(after)
    same = {name: value for name, value in old.items() if name not in _MOVING} == {
        name: value for name, value in new.items() if name not in _MOVING
    }
    earlier, later = steps(old), steps(new)
    grown = len(later) >= len(earlier) and all(
        one.items() <= two.items() for one, two in zip(earlier, later, strict=False)
    )
    return () if same and grown else (kept,)


def _is(step: Json, code: str) -> bool:
    return any(part["url"] == "code" and part["valueCode"] == code for part in step["extension"])


def _value(part: Json) -> str:
    if "valueReference" in part:
        return str(part["valueReference"].get("reference", ""))
    return str(next((value for name, value in part.items() if name.startswith("value")), ""))
