"""A supply as a resource: Task[dispense] with its acts in order, each with the key of the call that made it."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from xinglin.capabilities.pharmacy import contract
from xinglin.capabilities.pharmacy.contract import Choosing
from xinglin.capabilities.prescriptions.contract import NUMBERS
from xinglin.capabilities.prescriptions.contract import STATE as PRESCRIPTION_STATE
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.fhir.wire import to_dict

Json = dict[str, Any]
# A supply that stands, and therefore holds its prescription: also when all is done (R3-081).
STANDING: Final = frozenset({"requested", "accepted", "in-progress", "completed"})
# … at which the pharmacy works, and therefore sees the prescription (R3-087).
OPEN: Final = frozenset({"accepted", "in-progress"})
_MOVING: Final = frozenset(
    {"status", "statusReason", "lastModified", "meta", "extension", "restriction", "id", "output"}
)
# RequestGroup.status and MedicationRequest.status of the states that pharmacies bring about. What was given out is
# being taken: its lines stay active.
STATUS: Final[Mapping[str, tuple[str, str]]] = {
    "released": ("active", "active"),
    "claimed": ("active", "active"),
    "pharmacy-reviewed": ("active", "active"),
    "paid": ("active", "active"),
    "refunded": ("active", "active"),
    "dispensed": ("active", "active"),
    "delivering": ("active", "active"),
    "delivered": ("completed", "active"),
    "closed": ("completed", "active"),
    "rejected": ("revoked", "cancelled"),
    "expired": ("revoked", "stopped"),
}


@cites("R3-081")
def held(task: Any) -> Iterator[str]:
    """Give what a supply holds alone: its prescription, from the choice on, for ever once it is used."""
    if task.status in STANDING and task.focus is not None:
        yield f"prescription/{(task.focus.reference or '').removeprefix('RequestGroup/')}"


@cites("R3-089")
def traced(dispense: Any) -> Iterator[str]:
    """Give what a dispensed line holds alone: its trace codes; a package is given out once."""
    if dispense.status == "completed":
        yield from (f"trace/{one.valueString}" for one in dispense.extension or () if one.url == contract.TRACE)


@cites("R3-081")
def stays(before: Any | None, after: Any | None) -> tuple[Issue, ...]:
    """Guard every writer: whose supply of what it is never changes, what was done stays, what has ended stays so."""
    if before is None:
        return ()
    kept = Issue("business-rule", "supply-stays", text="A supply keeps what it is for and what was done.")
    if after is None or _content(before) != _content(after):
        return (kept,)
    old, new = acts(to_dict(before)), acts(to_dict(after))
    if new[: len(old)] != old:
        return (kept,)
    if before.status not in {"requested", *OPEN} and after.status != before.status:
        return (Issue("conflict", "supply-over", "Task.status", "This supply has ended."),)
    return ()


def _content(resource: Any) -> Json:
    return {name: value for name, value in to_dict(resource).items() if name not in _MOVING}


def begun(given: Choosing, prescription: Json, owner: Json, *, at: str) -> Json:
    """Write the supply that a patient asks for, or that a pharmacy begins by a code."""
    number = next((one for one in prescription.get("identifier", ()) if one["system"] == NUMBERS), None)
    made: Json = {
        "resourceType": "Task",
        "meta": {"profile": [contract.DISPENSE.url]},
        "identifier": [{"system": contract.KEYS, "value": given.key}],
        "extension": [{"url": contract.WAY, "valueCode": given.way}],
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": contract.TASKS.system, "code": contract.DISPENSE_CODE}]},
        "focus": {"reference": f"RequestGroup/{given.id}"},
        "for": prescription["subject"],
        "groupIdentifier": number or {"value": given.id},
        "authoredOn": at,
        "owner": owner,
    }
    if given.decocted:
        made["extension"].append({"url": contract.DECOCTED, "valueBoolean": True})
    return made


def acted(task: Json, code: str, *, key: str, at: str, by: str, status: str = "", detail: str = "") -> Json:
    """Add an act to a supply, and bring it into a status where it says one."""
    parts: list[Json] = [
        {"url": "code", "valueCode": code},
        {"url": "key", "valueString": key},
        {"url": "at", "valueInstant": at},
        {"url": "by", "valueReference": {"reference": by} if by else {"display": "platform"}},
    ]
    if detail:
        parts.append({"url": "detail", "valueString": detail[:500]})
    extensions = [*task["extension"], {"url": contract.ACT, "extension": parts}]
    return task | {"extension": extensions, "lastModified": at} | ({"status": status} if status else {})


def acts(task: Json) -> list[Json]:
    """Give the acts of a supply in order: code, key, at, by, detail."""
    found = []
    for one in task.get("extension", ()):
        if one["url"] == contract.ACT:
            values = {part["url"]: _value(part) for part in one["extension"]}
            found.append({name: values.get(name, "") for name in ("code", "key", "at", "by", "detail")})
    return found


def answered(task: Json, key: str, code: str) -> bool:
    """Tell whether a call was done before under its key; OutcomeError-worthy misuse is told by `misused`."""
    return any(one["key"] == key and one["code"] == code for one in acts(task))


def misused(task: Json, key: str, code: str) -> tuple[Issue, ...]:
    """Refuse a key that stands for another act of this supply, or no key at all."""
    if not 8 <= len(key.strip()) <= 100:
        return (Issue("required", "supply-key", "key", "A call bears a key of 8 to 100 characters of its own."),)
    if any(one["key"] == key and one["code"] != code for one in acts(task)):
        return (Issue("conflict", "supply-key-used", "key", "This key was used for something else."),)
    return ()


def termed(task: Json, until: str) -> Json:
    """Say until when the next step has to be done; an empty time takes the term away."""
    others = {name: value for name, value in task.items() if name != "restriction"}
    return others | ({"restriction": {"period": {"end": until}}} if until else {})


def term_of(task: Json) -> str:
    """Give until when the next step has to be done; empty when nothing presses."""
    return str(task.get("restriction", {}).get("period", {}).get("end", ""))


def way_of(task: Json) -> str:
    """Give the way of supply."""
    return str(next((one["valueCode"] for one in task["extension"] if one["url"] == contract.WAY), ""))


def delivery(given: Choosing, task: str, prescription: Json, owner: Json) -> Json:
    """Write to whom a supply is sent; it is on its way only when the courier has it."""
    parts = (("name", given.name), ("phone", given.phone), ("address", given.address))
    return {
        "resourceType": "SupplyDelivery",
        "meta": {"profile": [contract.DELIVERY.url]},
        "identifier": [{"system": contract.DELIVERIES, "value": task}],
        "extension": [
            {
                "url": contract.RECIPIENT,
                "extension": [{"url": name, "valueString": value.strip()} for name, value in parts],
            }
        ],
        "status": "in-progress",
        "patient": prescription["subject"],
        "supplier": owner,
    }


def recipient_of(delivery_: Json | None) -> dict[str, str]:
    """Give name, phone and address of whom it is sent to; empty when it is picked up."""
    found = next((one for one in (delivery_ or {}).get("extension", ()) if one["url"] == contract.RECIPIENT), None)
    return {part["url"]: part["valueString"] for part in found["extension"]} if found else {}


def stepped(delivery_: Json, state: str, *, at: str, celsius: Decimal | None, by: str, waybill: str = "") -> Json:
    """Add a step to the chain of custody."""
    parts: list[Json] = [
        {"url": "state", "valueCode": state},
        {"url": "at", "valueInstant": at},
        {"url": "by", "valueReference": {"reference": by} if by else {"display": "courier"}},
    ]
    if celsius is not None:
        parts.append({"url": "celsius", "valueDecimal": celsius})
    status = {"delivered": "completed", "returned": "abandoned", "lost": "abandoned"}.get(state, "in-progress")
    made = delivery_ | {
        "status": status,
        "extension": [*delivery_["extension"], {"url": contract.CUSTODY, "extension": parts}],
    }
    if waybill and not any(one["system"] == contract.WAYBILL for one in made["identifier"]):
        made["identifier"] = [*made["identifier"], {"system": contract.WAYBILL, "value": waybill}]
    return made


def custody(delivery_: Json | None) -> list[dict[str, str]]:
    """Give the steps of the way in order: state, at, celsius."""
    steps = [one for one in (delivery_ or {}).get("extension", ()) if one["url"] == contract.CUSTODY]
    return [{part["url"]: _value(part) for part in one["extension"]} for one in steps]


def custody_of(delivery_: Json | None) -> str:
    """Give the last step of the way; empty before it is packed."""
    return next((one["state"] for one in reversed(custody(delivery_))), "")


def temperatures_of(delivery_: Json | None) -> list[Decimal]:
    """Give the temperatures that were measured on the way."""
    return [Decimal(one["celsius"]) for one in custody(delivery_) if one.get("celsius")]


def priced(task: Json, fen: int) -> Json:
    """Say what it costs at this pharmacy."""
    others = [one for one in task["extension"] if one["url"] != contract.COST]
    money = {"value": round(fen / 100, 2), "currency": "CNY"}
    return task | {"extension": [*others, {"url": contract.COST, "valueMoney": money}]}


def fen_of(task: Json) -> int:
    """Give what it costs, in fen."""
    found = next((one["valueMoney"]["value"] for one in task["extension"] if one["url"] == contract.COST), 0)
    return round(float(found) * 100)


def billed(task: Json, bill: str) -> Json:
    """Say on which bill (logical id) it stands; empty: on none."""
    others = [one for one in task["extension"] if one["url"] != contract.BILL]
    entry = {"url": contract.BILL, "valueReference": {"reference": f"Invoice/{bill}"}}
    return task | {"extension": [*others, entry] if bill else others}


def bill_of(task: Json) -> str:
    """Give the logical id of the bill; empty when it is paid at the counter."""
    found = (one["valueReference"]["reference"] for one in task["extension"] if one["url"] == contract.BILL)
    return next(found, "").removeprefix("Invoice/")


def refunding(task: Json) -> bool:
    """Tell whether money is on its way back: nothing may be dispensed meanwhile."""
    return any(one["code"] == "refund" for one in acts(task))


def state_of(prescription: Json) -> str:
    """Give the state of a prescription."""
    found = (one["valueCode"] for one in prescription.get("extension", ()) if one["url"] == PRESCRIPTION_STATE)
    return next(found, "")


def moved(prescription: Json, state: str) -> Json:
    """Give a prescription in another state."""
    others = [one for one in prescription["extension"] if one["url"] != PRESCRIPTION_STATE]
    extensions = [{"url": PRESCRIPTION_STATE, "valueCode": state}, *others]
    return prescription | {"status": STATUS[state][0], "extension": extensions}


def _value(part: Json) -> str:
    if "valueReference" in part:
        return str(part["valueReference"].get("reference", ""))
    return str(next((value for name, value in part.items() if name.startswith("value")), ""))
