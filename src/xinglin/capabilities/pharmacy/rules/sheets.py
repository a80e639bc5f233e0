"""What a pharmacy sees of a prescription: name, sex, age, diagnosis, drugs, prescriber, and nothing more (R3-087)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from xinglin.capabilities.billing.contract import Line
from xinglin.capabilities.pharmacy import contract
from xinglin.capabilities.pharmacy.contract import SheetLine
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.capabilities.prescriptions.contract import Told
from xinglin.care.money import half_up
from xinglin.fhir.sources import cites
from xinglin.tables import catalogues

Json = dict[str, Any]
_VALUES: Final = ("valueCode", "valueString", "valueInteger", "valueDateTime", "valueBoolean")


@dataclass(frozen=True, slots=True)
class Stock:
    """What a pharmacy has of something: in the unit of the catalogue, and fen for *per* of it. id: of the Basic."""

    id: str
    on_hand: Decimal
    fen: int
    per: Decimal


@dataclass(frozen=True, slots=True)
class Ordered:
    """A line as ordered: code of the catalogue and amount in its unit; packs: packages, of slices doses."""

    code: str
    amount: Decimal
    packs: int
    drug: bool


def value(holder: Mapping[str, Any], url: str, other: Any = None) -> Any:
    """Give the value of an extension of a document; *other* when there is none."""
    for one in holder.get("extension", ()):
        if one["url"] == url:
            return next((one[name] for name in _VALUES if name in one), other)
    return other


def code_of(line: Json) -> str:
    """Give the code of a line in our catalogues; empty when it is in neither."""
    codings = line.get("medicationCodeableConcept", {}).get("coding", ())
    return next((one["code"] for one in codings if one["system"] in {prescriptions.DRUGS, prescriptions.SLICES}), "")


def ordered(line: Json) -> Ordered:
    """Read how much of what a line orders."""
    code = code_of(line)
    supply = line.get("dispenseRequest", {})
    amount = Decimal(str(supply.get("quantity", {}).get("value", 0)))
    try:
        drug = catalogues.drug(code)
    except KeyError:
        doses = int(supply.get("expectedSupplyDuration", {}).get("value", 1))
        return Ordered(code, amount, doses, drug=False)
    return Ordered(code, amount, int(amount / drug.pack), drug=True)


def cost(lines: Sequence[Ordered], stock: Mapping[str, Stock]) -> int | None:
    """Reckon what the lines cost, in fen; None where something has no price. Each line is rounded half up."""
    total = 0
    for one in lines:
        known = stock.get(one.code)
        if known is None or known.per <= 0:
            return None
        total += int((one.amount * known.fen / known.per + Decimal("0.5")) // 1)
    return total


def charges(lines: Sequence[Ordered], stock: Mapping[str, Stock]) -> tuple[Line, ...]:
    """Give what is charged: packages of drugs, grams of slices, at the price of the pharmacy."""
    found = []
    for one in lines:
        if not one.packs:
            continue
        known = stock[one.code]
        if one.drug:
            quantity, fen = Decimal(one.packs), known.fen * (one.amount / one.packs) / known.per
        else:
            quantity, fen = one.amount, known.fen / known.per
        found.append(Line(one.code, "drug" if one.drug else "tcm-slice", quantity, half_up(Decimal(fen))))
    return tuple(found)


def missing(lines: Sequence[Ordered], stock: Mapping[str, Stock]) -> tuple[int, ...]:
    """Give the lines (from 1) of which there is not enough."""
    return tuple(
        number
        for number, one in enumerate(lines, 1)
        if (known := stock.get(one.code)) is None or known.on_hand < one.amount
    )


def stock_of(basic: Json) -> tuple[str, Stock]:
    """Read a Basic[stock]: code of the catalogue, and what there is."""
    codings = basic["code"]["coding"]
    code = next((one["code"] for one in codings if one["system"] != contract.STOCK_CODES.system), "")
    parts = {one["url"]: one for one in basic.get("extension", ())}
    price = {one["url"]: one for one in parts.get(contract.PRICE, {}).get("extension", ())}
    fen = round(float(price["amount"]["valueMoney"]["value"]) * 100) if "amount" in price else 0
    per = Decimal(str(price["per"]["valueQuantity"]["value"])) if "per" in price else Decimal(0)
    hand = Decimal(str(parts.get(contract.ON_HAND, {}).get("valueQuantity", {}).get("value", 0)))
    return code, Stock(basic["id"], hand, fen, per)


def taken(basic: Json, amount: Decimal) -> Json:
    """Take some off a stock."""
    extensions = []
    for one in basic["extension"]:
        if one["url"] == contract.ON_HAND:
            quantity = one["valueQuantity"]
            extensions.append(one | {"valueQuantity": quantity | {"value": Decimal(str(quantity["value"])) - amount}})
        else:
            extensions.append(one)
    return basic | {"extension": extensions}


@cites("R3-087")
def line_of(line: Json, stock: Mapping[str, Stock]) -> SheetLine:
    """Show a line to the pharmacy."""
    one = ordered(line)
    concept = line.get("medicationCodeableConcept", {})
    footnote = value(line, prescriptions.FOOTNOTE, "")
    dosage: Json = next(iter(line.get("dosageInstruction", ())), {})
    quantity = line.get("dispenseRequest", {}).get("quantity", {})
    dose: Json = next((each.get("doseQuantity", {}) for each in dosage.get("doseAndRate", ())), {})
    shown = f"{quantity.get('value', '')}{quantity.get('unit', '')}" if one.drug else f"{dose.get('value', '')}g"
    known = stock.get(one.code)
    return SheetLine(
        code=one.code,
        name=f"{concept.get('text', one.code)}{f'（{footnote}）' if footnote else ''}",
        amount=shown,
        usage=str(dosage.get("text", "")),
        packs=one.packs,
        on_hand=int(known.on_hand) if known is not None else 0,
        drug=one.drug,
    )


def findings_of(review: Json | None) -> tuple[Told, ...]:
    """Give what the machine found when it was signed, as kept with the first review."""
    found = []
    for one in (review or {}).get("extension", ()):
        if one["url"] != prescriptions.FINDING:
            continue
        parts = {part["url"]: next((part[name] for name in _VALUES if name in part), "") for part in one["extension"]}
        lines = tuple(part["valueInteger"] for part in one["extension"] if part["url"] == "line")
        found.append(
            Told(
                code=str(parts.get("code", "")),
                rule=str(parts.get("rule", "")),
                weight=str(parts.get("weight", "")),
                zh=str(parts.get("zh", "")),
                en=str(parts.get("en", "")),
                lines=lines,
                source=str(parts.get("source", "")),
            )
        )
    return tuple(found)


def dispensed(
    line: Json, number: str, given: Decimal, *, about: Mapping[str, Any], traces: Sequence[str], instead: str = ""
) -> Json:
    """Write what was given out of a line.

    about: patient, pharmacy, prescriber (references as documents), checker, preparer (references), at. instead: code of
    what the prescriber agreed to.
    """
    quantity = line["dispenseRequest"]["quantity"]
    rest = max(Decimal(0), Decimal(str(quantity["value"])) - given)
    extensions: list[Json] = [{"url": contract.TRACE, "valueString": one} for one in traces]
    if rest:
        extensions.append({"url": contract.VOID, "valueQuantity": quantity | {"value": rest}})
    made: Json = {
        "resourceType": "MedicationDispense",
        "meta": {"profile": [contract.DISPENSED.url]},
        "identifier": [{"system": prescriptions.NUMBERS, "value": number}],
        "status": "completed",
        "medicationCodeableConcept": line["medicationCodeableConcept"],
        "subject": about["patient"],
        "performer": [
            {"function": {"text": "核对发药"}, "actor": {"reference": about["checker"]}},
            {"function": {"text": "调配"}, "actor": {"reference": about["preparer"]}},
            {"actor": about["pharmacy"]},
        ],
        "authorizingPrescription": [{"reference": f"MedicationRequest/{line['id']}"}],
        "quantity": quantity | {"value": given},
        "whenPrepared": about["at"],
        "dosageInstruction": line.get("dosageInstruction", []),
    }
    if extensions:
        made["extension"] = extensions
    if instead:
        drug = catalogues.drug(instead)
        coding = {"system": prescriptions.DRUGS, "code": instead, "display": drug.name}
        made["medicationCodeableConcept"] = {"coding": [coding], "text": f"{drug.name} {drug.strength}"}
        made["substitution"] = {"wasSubstituted": True, "responsibleParty": [about["prescriber"]]}
    return made
