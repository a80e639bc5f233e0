"""A visit online with its prescription, delivery and charge, as they should be told."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.capabilities.residents.people import number
from xinglin.care.upload import acts
from xinglin.care.upload.acts import Charge, Delivery, Fee, Line, Order, Person, Seal, Site, Visit
from xinglin.care.upload.checks import Known
from xinglin.care.upload.records import CHINA
from xinglin.tables import catalogues

NOON = datetime(2026, 11, 20, 12, tzinfo=CHINA)
SITE = Site("PDY00001", "PDY00002")
PATIENT = Person("李秀兰", number("1961-03-08", 124), "p1", local=True)
DOCTOR = Person("王杏", number("1980-03-08", 125), "d1")
PHARMACIST = Person("陈药", number("1980-03-08", 127), "f1")
SEAL = Seal("c2ln", "01AB", "2026-11-20T12:20:00+08:00")
DRUG = next(one for one in catalogues.drugs() if not one.control)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def visit(**more: Any) -> Visit:
    made = Visit(
        SITE, "v1", PATIENT, DOCTOR, "03.04", NOON, at(1), at(2), at(3), at(20), diagnosis="I10.x00",
        archive="v1", seal=SEAL, consent="Consent/c1", evidence=("DocumentReference/e1",),
    )  # fmt: skip
    return replace(made, **more)


def order(**more: Any) -> Order:
    line = Line(DRUG.code, DRUG.name, Decimal(2), "盒", days=7, frequency="qd", dose=Decimal("5.0"), dose_unit="mg")
    made = Order(
        SITE, "rx1", "v1", PATIENT, DOCTOR, "03.04", "western", at(15), SEAL, (line,), PHARMACIST, SEAL, at(19),
        "reasonable", charged=True,
    )  # fmt: skip
    return replace(made, **more)


def delivery(**more: Any) -> Delivery:
    return replace(Delivery(SITE, "rx1", "v1", "logistics", at(60), at(600)), **more)


def charge(**more: Any) -> Charge:
    fees = (
        Fee("1", "F0024", "互联网复诊", Decimal(1), 1_000, "consultation"),
        Fee("2", DRUG.code, DRUG.name, Decimal(2), 4_560, "western"),
    )
    return replace(Charge(SITE, "b1", "v1", PATIENT, at(25), fees, 1_234, "wechat-pay", 1), **more)


KNOWN = Known(date(2026, 11, 20), evidenced=frozenset({"I10.x00"}))
ALL = (*acts.registration(visit()), *acts.reception(visit()), *acts.prescription(order()))
