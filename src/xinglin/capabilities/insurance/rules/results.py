"""The ClaimResponse of a settlement: figures, funds, and what it was reckoned from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from xinglin.capabilities.insurance import contract
from xinglin.capabilities.insurance.rules.claims import HL7, SETTLED, Site, items_of, one
from xinglin.capabilities.insurance.rules.messages import Insured, Result
from xinglin.care import benefits
from xinglin.care.insurable import lines
from xinglin.care.insurer import LEVELS, SEATS, figures
from xinglin.care.money import fen, yuan
from xinglin.care.portions import Portions
from xinglin.care.settlement import Bill, Person, Settlement, differs, settle
from xinglin.care.used import Used
from xinglin.fhir.declarations import canonical
from xinglin.fhir.sources import cites

BASIS: Final = canonical("settlement-basis")
# Members of the totals by the national figure.
_TOTALS: Final = {
    "full-self": "fulamt_ownpay_amt",
    "over-limit": "overlmt_selfpay",
    "pre-self": "preselfpay_amt",
    "in-scope": "inscp_scp_amt",
    "deductible": "act_pay_dedc",
    "funds": "fund_pay_sumamt",
    "account": "acct_pay",
    "family": "acct_mulaid_pay",
    "cash": "psn_cash_pay",
}


@dataclass(frozen=True, slots=True)
class Basis:
    """All that a settlement was reckoned from, so that it can be reckoned anew (R4-025)."""

    policy: str
    bill: Bill
    person: Person
    used: Used


def basis_of(claim: Mapping[str, Any], site: Site, insured: Insured, used: Used, at: datetime, day: Any) -> Basis:
    """Put together what a bill is reckoned from. at: of the claim; day: of the service."""
    bill = Bill(
        lines=lines(items_of(claim), insurance=insured.person.insurance, day=day),
        institution=site.code,
        level=LEVELS[site.level],
        seat=SEATS[site.seat],
        category=category_of(claim),
        day=day,
        diagnoses=tuple(code for code, _ in diagnoses_of(claim)),
        internet=bool(one(claim, contract.INTERNET, "valueBoolean")),
    )
    return Basis(benefits.on(day).id, bill, insured.person, used)


@cites("R4-025")
def reckoned(basis: Basis) -> Settlement:
    """Reckon anew by the rules that held then; LookupError when the data no longer have them."""
    return settle(basis.bill, basis.person, basis.used, benefits.named(basis.policy))


def response(
    claim: Mapping[str, Any],
    found: Result,
    portions: Sequence[Portions],
    basis: Basis,
    now: datetime,
) -> dict[str, Any]:
    """Write the answer of the platform to a claim."""
    made = {
        "resourceType": "ClaimResponse",
        "meta": {"profile": [contract.RESULT.url]},
        "status": "active",
        "type": claim["type"],
        "use": "claim",
        "patient": claim["patient"],
        "created": now.isoformat(),
        "insurer": claim["insurer"],
        "requestor": claim["provider"],
        "request": {"reference": f"Claim/{claim['id']}"},
        "outcome": "complete",
        "item": [{"itemSequence": line.number, "adjudication": _parts(line)} for line in portions],
        "total": [_amount(code, found.figures[name]) for code, name in _TOTALS.items()],
        "payment": {
            "type": {"coding": [{"system": f"{HL7}/ex-paymenttype", "code": "complete"}]},
            "amount": _money(found.figures["fund_pay_sumamt"]),
        },
        "extension": [
            {"url": contract.CASH, "valueMoney": _money(found.figures["psn_cash_pay"])},
            *(_fund(fund, paid) for fund, paid in found.funds.items()),
            {"url": BASIS, "valueString": msgspec.json.encode(basis).decode()},
        ],
    }
    return settled_as(made, found.settlement) if found.settlement else made


def settled_as(response: dict[str, Any], number: str) -> dict[str, Any]:
    """Write the number of the settlement on its answer."""
    return response | {"identifier": [{"system": SETTLED, "value": number}]}


@dataclass(frozen=True, slots=True)
class Shown:
    """What an answer says, in fen. funds: by ``fund_pay_type``, the personal account among them."""

    total: int
    amounts: Mapping[str, int]
    funds: Mapping[str, int]
    portions: tuple[Portions, ...]
    basis: Basis | None


def shown(response: Mapping[str, Any]) -> Shown:
    """Read an answer."""
    amounts = {
        total["category"]["coding"][0]["code"]: fen(str(total["amount"]["value"])) for total in response["total"]
    }
    funds = {}
    for ext in response.get("extension", ()):
        if ext["url"] == contract.FUNDS:
            parts = {part["url"]: part for part in ext["extension"]}
            funds[parts["fund"]["valueCode"]] = fen(str(parts["amount"]["valueMoney"]["value"]))
    raw = one(response, BASIS, "valueString")
    return Shown(
        total=sum(amounts[name] for name in ("full-self", "over-limit", "pre-self", "in-scope")),
        amounts=amounts,
        funds=funds,
        portions=tuple(_portions(item) for item in response.get("item", ())),
        basis=msgspec.json.decode(raw, type=Basis) if raw else None,
    )


@cites("R4-052")
def changed(before: Shown, found: Result) -> tuple[str, ...]:
    """Name what differs between what was reckoned and shown, and what was settled; by a fen is different."""
    was = {_TOTALS[code]: amount for code, amount in before.amounts.items()}
    will = {name: found.figures[name] for name in was}
    return differs({**was, **before.funds}, {**will, **found.funds})


def agrees(found: Shown) -> Settlement | None:
    """Reckon an answer ourselves; None when we come to other figures, or the rules are gone."""
    if found.basis is None:
        return None
    try:
        ours = reckoned(found.basis)
    except (LookupError, ValueError):
        return None
    theirs = {_TOTALS[code]: amount for code, amount in found.amounts.items()}
    mine = figures(ours)
    return None if differs(theirs, {name: mine[name] for name in theirs}) else ours


def diagnoses_of(claim: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Give the diagnoses of a claim, code and name."""
    found = []
    for diagnosis in claim.get("diagnosis", ()):
        concept = diagnosis["diagnosisCodeableConcept"]
        coding = concept.get("coding", [{}])[0]
        found.append((coding.get("code", ""), coding.get("display") or concept.get("text", "")))
    return tuple(found)


def category_of(claim: Mapping[str, Any]) -> str:
    """Give the medical category (med_type)."""
    return str(claim["subType"]["coding"][0]["code"])


def _parts(line: Portions) -> list[dict[str, Any]]:
    values = {
        "full-self": line.full_self,
        "over-limit": line.over_limit,
        "pre-self": line.pre_self,
        "in-scope": line.in_scope,
    }
    return [_amount(code, value) for code, value in values.items()]


def _portions(item: Mapping[str, Any]) -> Portions:
    found = {part["category"]["coding"][0]["code"]: fen(str(part["amount"]["value"])) for part in item["adjudication"]}
    return Portions(item["itemSequence"], found["full-self"], found["over-limit"], found["pre-self"], found["in-scope"])


def _amount(code: str, amount: int) -> dict[str, Any]:
    coding = {"system": contract.AMOUNTS.system, "code": code, "display": contract.AMOUNTS.codes[code].zh}
    return {"category": {"coding": [coding]}, "amount": _money(amount)}


def _fund(fund: str, paid: int) -> dict[str, Any]:
    return {
        "url": contract.FUNDS,
        "extension": [{"url": "fund", "valueCode": fund}, {"url": "amount", "valueMoney": _money(paid)}],
    }


def _money(amount: int) -> dict[str, Any]:
    return {"value": Decimal(yuan(amount)), "currency": "CNY"}
