"""Supplies and bills, as they stand in the record, are told as T6, T7 and T8."""

from typing import Any

import pytest

from tests.capabilities.residents.people import number
from xinglin.capabilities.billing import contract as bills
from xinglin.capabilities.pharmacy import contract as supplies
from xinglin.capabilities.supervision.rules import telling
from xinglin.capabilities.supervision.rules.telling import Papers
from xinglin.capabilities.supervision.rules.uploads import due
from xinglin.care.upload.checks import Known, check
from xinglin.care.upload.records import CHINA, digest, read_moment
from xinglin.security.identifiers import IDENTITY_CARD

VISIT: dict[str, Any] = {
    "resourceType": "Encounter",
    "id": "v1",
    "status": "finished",
    "period": {"start": "2026-11-20T04:00:00Z", "end": "2026-11-20T04:13:00Z"},
}
PATIENT = {
    "resourceType": "Patient",
    "id": "mei",
    "name": [{"text": "张小梅"}],
    "identifier": [{"system": IDENTITY_CARD, "value": number("1964-03-08", 124)}],
}
SUPPLY = {
    "resourceType": "Task",
    "id": "s1",
    "status": "completed",
    "groupIdentifier": {"value": "CF1"},
    "authoredOn": "2026-11-20T05:00:00Z",
    "lastModified": "2026-11-21T02:00:00Z",
    "extension": [{"url": supplies.WAY, "valueCode": "online-retail"}],
}


def money(yuan: str) -> dict[str, Any]:
    return {"value": float(yuan), "currency": "CNY"}


def bill(state: str) -> dict[str, Any]:
    items = [
        {"sequence": n, "chargeItemReference": {"reference": f"ChargeItem/c{n}"},
         "priceComponent": [{"type": "base", "amount": money(yuan)}]}
        for n, yuan in ((1, "9.60"), (2, "22.80"))
    ]  # fmt: skip
    return {
        "resourceType": "Invoice",
        "id": "b1",
        "date": "2026-11-20T04:20:00Z",
        "identifier": [{"system": bills.RECEIPT, "value": "JZ0001"}],
        "extension": [
            {"url": bills.STATE, "valueCode": state},
            {"url": bills.VISIT, "valueReference": {"reference": "Encounter/v1"}},
            {"url": bills.CHANNEL, "valueCode": "wechat-pay"},
            {"url": bills.SHARE, "extension": [{"url": "cash", "valueMoney": money("12.40")}]},
        ],
        "lineItem": items,
    }


CHARGES = tuple(
    {
        "id": id,
        "code": {
            "coding": [{"system": f"https://xinglin.health/fhir/CodeSystem/{system}", "code": code}],
            "text": text,
        },
        "quantity": {"value": 1},
    }
    for id, system, code, text in (("c1", "service-item", "F0024", "复诊"), ("c2", "drug", "D0001", "氨氯地平片"))
)


def papers(**more: Any) -> Papers:
    hospital = {"resourceType": "Organization", "id": "i1"}
    return Papers(visit=VISIT, patient=PATIENT, hospital=hospital, charges=CHARGES, **more)


@pytest.mark.rule("R2-028", "R2-042")
def test_a_supply_is_told_when_it_is_paid_and_when_it_arrives() -> None:
    assert telling.told(SUPPLY | {"status": "accepted"}) == ()
    assert [one.act for one in telling.told(SUPPLY | {"status": "in-progress"})] == ["delivery"]
    (record,) = telling.records("delivery", papers(supply=SUPPLY))
    assert (record.values["mode"], record.values["complete"]) == ("1", "1")
    (way,) = telling.records("delivery", papers(supply=SUPPLY | {"status": "in-progress"}))
    assert (way.key, way.values["complete"], way.values["ended"]) == (record.key, "0", "")
    assert digest([way]) != digest([record])  # a correction


@pytest.mark.rule("R2-042", "R2-044")
def test_a_bill_is_told_when_it_is_paid_and_its_refund_names_it() -> None:
    assert telling.told(bill("to-pay")) == ()
    assert [one.act for one in telling.told(bill("paid"))] == ["charge"]
    assert [one.act for one in telling.told(bill("refunded"))] == ["charge", "refund"]
    head, *lines = telling.records("charge", papers(bill=bill("paid")))
    told = head.values
    assert (told["total"], told["consultation"], told["western"]) == ("32.40", "9.60", "22.80")
    assert (told["self_paid"], told["channel"], told["invoice"]) == ("12.40", "2", "JZ0001")
    assert [one.values["amount"] for one in lines] == ["9.60", "22.80"]
    back = telling.records("refund", papers(bill=bill("refunded")))
    assert (back[0].values["refund"], back[0].values["refund_of"]) == ("2", head.values["charge"])
    at = read_moment(head.values["at"])
    assert at is not None
    known = Known(at.date(), charges={"b1": 3_240})
    assert check(back, known) == ()


@pytest.mark.rule("R2-042")
def test_some_acts_are_due_in_minutes_and_some_by_the_end_of_the_next_day() -> None:
    (visit,) = telling.told(VISIT)
    assert (due("registration", visit.at) - visit.at).total_seconds() == 300
    assert due("reception", visit.at).astimezone(CHINA).isoformat() == "2026-11-21T23:59:59+08:00"
