"""Dividing what was taken among the parties."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.care.splitting import (
    Agreement,
    Part,
    Share,
    Takings,
    agreement_on,
    agreements,
    base_of,
    faults,
    split,
)

DAY = date(2026, 11, 20)


def known(service: str) -> Agreement:
    found = agreement_on(service, DAY)
    assert found is not None
    return found


@pytest.mark.rule("R5-021", "R5-022")
def test_a_remote_consultation_is_divided_as_agreed() -> None:
    parts = split(known("remote-consultation"), Takings({"service": 18_001}))
    assert parts == (
        Part("invited", "service", 12_601),
        Part("inviting", "service", 3_600),
        Part("platform", "service", 1_800),
    )


@pytest.mark.rule("R5-023")
def test_drugs_and_delivery_are_outside_every_agreement() -> None:
    takings = Takings({"service": 1000, "drug": 50_000, "consumable": 300, "delivery": 800})
    parts = split(known("revisit-platform"), takings)
    assert {(part.role, part.income): part.fen for part in parts} == {
        ("doctor", "service"): 700,
        ("receiving", "service"): 150,
        ("platform", "service"): 150,
        ("pharmacy", "drug"): 50_000,
        ("receiving", "consumable"): 300,
        ("delivery", "delivery"): 800,
    }


@pytest.mark.rule("R5-023")
def test_what_funds_pay_goes_to_the_designated_institution_first() -> None:
    parts = split(known("revisit-platform"), Takings({"service": 1000}, funds=500))
    assert {part.role: part.via for part in parts} == {"doctor": "receiving", "receiving": "", "platform": "receiving"}


@pytest.mark.rule("R5-020", "R5-021", "R5-023")
def test_agreements_that_may_not_be_used() -> None:
    good = known("revisit-platform")
    assert list(faults(good)) == []

    def keys(**changed: object) -> set[str]:
        return {issue.key for issue in faults(msgspec.structs.replace(good, **changed))}

    first, *rest = good.shares
    assert keys(shares=(Share("doctor", Decimal(71)), *rest)) == {"shares-not-whole"}
    assert keys(shares=(Share("referrer", Decimal(70)), *rest)) == {"share-role", "share-approval"}
    assert keys(shares=(Share("delivery", Decimal(70)), *rest)) == {"share-delivery", "share-approval"}
    assert keys(shares=(Share("doctor", Decimal(70), per="per-prescription"), *rest)) == {"share-per"}
    assert keys(shares=(first, *rest, Share("support", fixed=100, percent=Decimal(0)))) >= {"share-form"}
    assert keys(residual="invited") == {"share-residual"}
    assert keys(approved_by=("receiving",)) == {"share-approval"}
    with pytest.raises(ValueError, match="share-approval"):
        split(msgspec.structs.replace(good, approved_by=()), Takings({"service": 1}))


@pytest.mark.rule("R5-021")
def test_a_later_version_holds_from_its_day() -> None:
    good = known("revisit")
    later = msgspec.structs.replace(good, id="new", since=date(2026, 12, 1))
    assert agreement_on("revisit", DAY, (good, later)) == good
    assert agreement_on("revisit", date(2026, 12, 1), (good, later)) == later
    assert agreement_on("unknown", DAY) is None


def test_the_base_is_gross_or_net_as_agreed() -> None:
    takings = Takings({"service": 1000, "drug": 9000}, channel_fee=6, tax=30, refunds=100)
    good = known("revisit")
    bases = ("gross", "net-of-channel-fee", "net-of-refunds", "net-of-tax")
    assert [base_of(msgspec.structs.replace(good, base=base), takings) for base in bases] == [1000, 994, 900, 970]


@pytest.mark.rule("R5-021", "R5-023")
@given(
    service=st.integers(0, 1_000_000),
    drug=st.integers(0, 1_000_000),
    delivery=st.integers(0, 5_000),
    refunds=st.integers(0, 1_000_000),
    agreement=st.sampled_from(agreements()),
)
def test_the_parts_are_the_whole_and_no_doctor_lives_of_drugs(
    service: int, drug: int, delivery: int, refunds: int, agreement: Agreement
) -> None:
    takings = Takings({"service": service, "drug": drug, "delivery": delivery}, refunds=refunds)
    parts = split(agreement, takings)
    assert sum(part.fen for part in parts) == base_of(agreement, takings) + drug + delivery
    assert all(part.fen > 0 for part in parts)
    assert {part.role for part in parts if part.income != "service"} <= {"pharmacy", "delivery"}


def test_bounds_and_fixed_sums_come_out_of_the_residue() -> None:
    made = Agreement(
        id="x",
        title="x",
        service="x",
        base="gross",
        since=DAY,
        source="x",
        tag="CFG",
        residual="receiving",
        approved_by=("receiving", "platform"),
        shares=(Share("receiving", Decimal(100)), Share("platform", fixed=300, most=200)),
    )
    assert split(made, Takings({"service": 1000})) == (
        Part("receiving", "service", 800),
        Part("platform", "service", 200),
    )
    assert split(made, Takings({"service": 150})) == (Part("platform", "service", 150),)
