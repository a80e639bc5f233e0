"""The Claim of a settlement: made of a bill, and taken through its states."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from xinglin.capabilities.insurance import contract
from xinglin.care.insurable import Item
from xinglin.care.insurer import institution_fault
from xinglin.care.money import fen, yuan
from xinglin.fhir.declarations import canonical
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.security.identifiers import IDENTITY_CARD, INSURANCE_INSTITUTION

Document = dict[str, Any]
VISIT: Final = "https://xinglin.health/id/insurance-visit"  # number of the visit on the platform (mdtrt_id)
SETTLED: Final = "https://xinglin.health/id/insurance-settlement"  # number of the settlement (setl_id)
BILL: Final = "https://xinglin.health/id/insurance-bill"  # the Invoice that is settled, to find the claim by
PERSON: Final = "https://xinglin.health/id/insurance-person"
ATTEMPT: Final = canonical("settlement-attempt")
CATEGORY: Final = canonical("medical-category", "CodeSystem")
KINDS: Final = canonical("insurance-kind", "CodeSystem")
HL7: Final = "http://terminology.hl7.org/CodeSystem"
LEVEL: Final = canonical("level")
DIVISION: Final = canonical("division")
_CITY_DISTRICTS: Final = frozenset({"410802", "410803", "410804", "410811"})
# Marks a claim that waits for the insurer; the job of each such state.
TAGS: Final = canonical("state", "CodeSystem")
UNDER_WAY: Final = "settlement-under-way"
WAITING: Final[Mapping[str, str]] = {"asked": contract.ASK, "settling": contract.SEND, "reversing": contract.UNDO}
# From which state a settlement goes on to which.
MOVES: Final[Mapping[str, frozenset[str]]] = {
    "asked": frozenset({"presettled", "refused"}),
    "presettled": frozenset({"settling", "refused", "reversing"}),
    "settling": frozenset({"settled", "refused", "stopped", "reversing"}),
    "settled": frozenset({"reversing"}),
    "reversing": frozenset({"reversed", "stopped"}),
    "stopped": frozenset({"settling", "reversing"}),
    "refused": frozenset(),
    "reversed": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Site:
    """Where care was given, as insurance knows it. level: hosp_lv; seat: where it stands."""

    code: str
    name: str
    level: str
    seat: str


def site_of(organization: Mapping[str, Any], parent: Mapping[str, Any] | None) -> Site | None:
    """Give the institution that settles: itself, or the physical one it belongs to (R4-041); None: not designated."""
    for one in (organization, parent or {}):
        code = _identifier(one, INSURANCE_INSTITUTION)
        if code and not institution_fault(code):
            grade = next((ext["valueCoding"]["code"] for ext in _extensions(one, LEVEL)), "")
            level = {"3": "01", "2": "02"}.get(grade[:1], "03")
            return Site(code, str(one.get("name", "")), level, _seat(one, level))
    return None


def _seat(organization: Mapping[str, Any], level: str) -> str:
    if level == "03":
        return "4"
    found = (
        ext["valueCode"][:6] for address in organization.get("address", ()) for ext in _extensions(address, DIVISION)
    )
    division = next(found, "")
    return "3" if level == "02" and division not in _CITY_DISTRICTS else "2"


def cover_of(covers: Sequence[Mapping[str, Any]], day: date) -> Mapping[str, Any] | None:
    """Give the cover that holds on *day*, that of employees first; None: all is self-paid."""
    holding = [
        one
        for one in covers
        if one.get("status") == "active"
        and kind_of(one)
        and str(one.get("period", {}).get("start", ""))[:10] <= day.isoformat()
        and day.isoformat() <= (str(one.get("period", {}).get("end", "")) or "9999")[:10]
    ]
    return min(holding, key=kind_of, default=None)


def kind_of(cover: Mapping[str, Any]) -> str:
    """Give what insurance it is: ``employee``, ``resident``; empty: another."""
    codes = (one["code"] for one in cover.get("type", {}).get("coding", ()) if one.get("system") == KINDS)
    return next((code for code in codes if code in {"employee", "resident"}), "")


def card_of(patient: Mapping[str, Any]) -> str:
    """Give the number of the identity card."""
    return _identifier(patient, IDENTITY_CARD)


def bill_faults(invoice: Mapping[str, Any], charges: Mapping[str, Mapping[str, Any]]) -> Iterator[Issue]:
    """Yield what keeps a bill from being settled."""
    if not invoice.get("lineItem"):
        yield Issue("business-rule", "insurance-empty", "Invoice.lineItem", "A bill without lines cannot be settled.")
    for number, line in enumerate(invoice.get("lineItem", ())):
        where = f"Invoice.lineItem[{number}]"
        if line.get("chargeItemReference", {}).get("reference") not in charges:
            yield Issue("required", "insurance-line", where, "A line must name its charge item.")
        elif _amount(line) is None:
            yield Issue("required", "insurance-amount", where, "A line must have one base price, not negative.")


def _amount(line: Mapping[str, Any]) -> int | None:
    """Give the amount of a line of an invoice in fen; None when it has not one, or parts of a fen."""
    base = [one.get("amount", {}).get("value") for one in line.get("priceComponent", ()) if one.get("type") == "base"]
    if len(base) != 1 or base[0] is None:
        return None
    try:
        found = fen(str(base[0]))
    except ValueError:
        return None
    return found if found >= 0 else None


def made(
    invoice: Document,
    charges: Mapping[str, Mapping[str, Any]],
    cover: Mapping[str, Any],
    *,
    encounter: Mapping[str, Any] | None,
    diagnoses: Sequence[Document],
    told: str,
    at: str,
    now: datetime,
) -> Document:
    """Make the claim of a bill; its lines in the order of the bill. at: of the service, ISO."""
    items = []
    for number, line in enumerate(invoice["lineItem"], 1):
        charge = charges[line["chargeItemReference"]["reference"]]
        items.append(
            {
                "sequence": number,
                "productOrService": charge["code"],
                "quantity": charge.get("quantity") or {"value": Decimal(1)},
                "net": _money(_amount(line) or 0),
            }
            | ({"encounter": [{"reference": f"Encounter/{encounter['id']}"}]} if encounter else {})
        )
    class_ = (encounter or {}).get("class", {}).get("code", "AMB")
    found = {
        "resourceType": "Claim",
        "meta": {"profile": [contract.SETTLEMENT.url], "tag": [{"system": TAGS, "code": UNDER_WAY}]},
        "status": "active",
        "type": _concept(f"{HL7}/claim-type", "institutional"),
        "subType": _concept(CATEGORY, "13" if class_ == "EMER" else "11"),
        "use": "claim",
        "patient": invoice["subject"],
        "identifier": [{"system": BILL, "value": invoice["id"]}],
        "billablePeriod": {"start": at},
        "created": now.isoformat(),
        "insurer": cover["payor"][0],
        "provider": invoice["issuer"],
        "priority": _concept(f"{HL7}/processpriority", "normal"),
        "insurance": [
            {"sequence": 1, "focal": True, "coverage": {"reference": f"Coverage/{cover['id']}"}},
        ],
        "item": items,
        "total": _money(sum(_amount(line) or 0 for line in invoice["lineItem"])),
        "extension": [
            {"url": contract.STATE, "valueCode": "asked"},
            {"url": contract.BILL, "valueReference": {"reference": f"Invoice/{invoice['id']}"}},
            {"url": contract.INTERNET, "valueBoolean": class_ == "VR"},
            {"url": ATTEMPT, "valueInteger": 1},
            *([{"url": contract.ASKER, "valueString": told}] if told else []),
        ],
    }
    if diagnoses:
        found["diagnosis"] = [
            {"sequence": number, "diagnosisCodeableConcept": one} for number, one in enumerate(diagnoses, 1)
        ]
    return found


def items_of(claim: Mapping[str, Any]) -> tuple[Item, ...]:
    """Give the lines of a claim as insurance reckons with them."""
    found = []
    for one in claim["item"]:
        coding = one["productOrService"].get("coding", [{}])[0]
        text = coding.get("display") or one["productOrService"].get("text", "")
        system = str(coding.get("system", "")).rpartition("/")[2]
        quantity = Decimal(str(one.get("quantity", {}).get("value", 1)))
        found.append(
            Item(one["sequence"], system, coding.get("code", ""), text, quantity, fen(str(one["net"]["value"])))
        )
    return tuple(found)


def state_of(claim: Mapping[str, Any]) -> str:
    """Give the state of a settlement; empty for a claim that is none."""
    return str(one(claim, contract.STATE, "valueCode") or "")


def one(resource: Mapping[str, Any], url: str, member: str) -> Any:
    """Give the value of an extension; None when there is none."""
    return next((ext.get(member) for ext in _extensions(resource, url)), None)


def moved(claim: Document, state: str, reason: str = "", **more: Any) -> Document:
    """Take a claim to another state. more: members to replace."""
    extensions = [ext for ext in claim["extension"] if ext["url"] not in {contract.STATE, contract.REASON}]
    extensions.append({"url": contract.STATE, "valueCode": state})
    if reason:
        extensions.append({"url": contract.REASON, "valueString": reason[:500]})
    status = "cancelled" if state in {"reversed", "refused"} else claim["status"]
    tags = [tag for tag in claim["meta"].get("tag", ()) if tag.get("code") != UNDER_WAY]
    if state in WAITING:
        tags.append({"system": TAGS, "code": UNDER_WAY})
    meta = {name: value for name, value in claim["meta"].items() if name != "tag"} | ({"tag": tags} if tags else {})
    return claim | {"extension": extensions, "status": status, "meta": meta} | more


def attempt_of(claim: Mapping[str, Any]) -> int:
    """Give which attempt at settling this is, from 1."""
    return int(one(claim, ATTEMPT, "valueInteger") or 1)


def again(claim: Document) -> Document:
    """Count one more attempt."""
    rest = [ext for ext in claim["extension"] if ext["url"] != ATTEMPT]
    return claim | {"extension": [*rest, {"url": ATTEMPT, "valueInteger": attempt_of(claim) + 1}]}


def moves_as_it_may(before: Any | None, after: Any | None) -> tuple[Issue, ...]:
    """A settlement goes only from a state to one that follows it, whoever writes; what is settled is not deleted."""
    if before is None:
        return ()
    was = _state(before)
    if not was:
        return ()
    if after is None:
        text = "A settlement is reversed, not deleted."
        return (Issue("business-rule", "settlement-stays", "Claim", text),)
    will = _state(after)
    if was == will or will in MOVES.get(was, ()):
        return ()
    return (Issue("business-rule", "settlement-move", "Claim", f"A settlement does not go from {was} to {will}."),)


def _state(claim: Any) -> str:
    return next((ext.valueCode or "" for ext in claim.extension or () if ext.url == contract.STATE), "")


@cites("R4-047")
def agreed(claim: Document, lines: Sequence[int], by: str, at: datetime) -> Document:
    """Write at each line in *lines* who agreed to pay it, and when."""
    items = [
        item | {"extension": [_agreement(by, at)]} if item["sequence"] in lines else item for item in claim["item"]
    ]
    return claim | {"item": items}


@cites("R4-047")
def agreement_issues(own: Sequence[int], agreed: Sequence[int], *, emergency: bool) -> tuple[Issue, ...]:
    """Ask for the consent to every line that insurance does not pay; not in an emergency."""
    missing = sorted(set(own) - set(agreed))
    if emergency or not missing:
        return ()
    lines = ", ".join(map(str, missing))
    text = f"The patient has to agree first to pay these lines, which insurance does not cover: {lines}."
    return (Issue("business-rule", "self-pay-agreement", "Claim.item", text),)


def _agreement(by: str, at: datetime) -> Document:
    return {
        "url": contract.AGREED,
        "extension": [
            {"url": "by", "valueString": by},
            {"url": "at", "valueInstant": at.isoformat(timespec="milliseconds")},
        ],
    }


def identified(claim: Document, system: str, value: str) -> Document:
    """Give a claim a number of the platform."""
    rest = [known for known in claim.get("identifier", ()) if known.get("system") != system]
    return claim | {"identifier": [*rest, {"system": system, "value": value}]}


def number_of(claim: Mapping[str, Any], system: str) -> str:
    """Give a number of the platform; empty: none yet."""
    return _identifier(claim, system)


def _identifier(resource: Mapping[str, Any], system: str) -> str:
    found = (str(one.get("value", "")) for one in resource.get("identifier", ()) if one.get("system") == system)
    return next(found, "")


def _extensions(resource: Mapping[str, Any], url: str) -> Iterator[Document]:
    return (ext for ext in resource.get("extension", ()) if ext["url"] == url)


def _concept(system: str, code: str) -> Document:
    return {"coding": [{"system": system, "code": code}]}


def _money(amount: int) -> Document:
    return {"value": Decimal(yuan(amount)), "currency": "CNY"}
