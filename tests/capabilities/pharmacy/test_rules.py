"""Decisions of pharmacies that need no record."""

from decimal import Decimal

import pytest

from xinglin.capabilities.pharmacy.rules import counters, questions
from xinglin.capabilities.pharmacy.rules.questions import Agreed
from xinglin.capabilities.pharmacy.rules.sheets import Ordered
from xinglin.tables.catalogues import drug, drugs


@pytest.mark.rule("R3-083")
def test_only_the_same_substance_amount_and_route_stands_instead() -> None:
    found = {one.code: questions.substitutes(one.code) for one in drugs()}
    pairs = [(code, other) for code, others in found.items() for other in others]
    assert pairs
    for code, other in pairs:
        one, two = drug(code), drug(other)
        assert (one.substance, one.route, one.amount) == (two.substance, two.route, two.amount)
        assert code in found[other]
    assert questions.substitutes("Z0002") == ()


@pytest.mark.rule("R3-083")
def test_what_was_agreed_covers_what_was_ordered_in_whole_packages() -> None:
    code, other = next((one.code, found[0]) for one in drugs() if (found := questions.substitutes(one.code)))
    ordered = [Ordered(code, Decimal(drug(code).pack * 2), 2, drug=True)]
    (made,) = questions.effective(ordered, {1: Agreed(other)})
    assert made.code == other
    assert ordered[0].amount <= made.amount < ordered[0].amount + drug(other).pack
    assert made.amount == made.packs * drug(other).pack
    (fewer,) = questions.effective(ordered, {1: Agreed(packs=1)})
    assert (fewer.packs, fewer.amount) == (1, Decimal(drug(code).pack))
    assert questions.effective(ordered, {}) == ordered


@pytest.mark.rule("R3-084")
def test_a_code_is_read_only_with_our_mark() -> None:
    def mark(text: str) -> bytes:
        return text.encode().hex().encode()[:16].ljust(16, b"0")

    text = counters.shown("0123456789", mark)
    assert counters.digits_of(text, mark) == "0123456789"
    assert counters.digits_of(" 0123 456 789 ", mark) == "0123456789"
    for wrong in (
        text[:-1] + ("0" if text[-1] != "0" else "1"),
        "XL1D." + text[5:],
        "012345678",
        "０１２３４５６７８９",
        "",
    ):
        assert counters.digits_of(wrong, mark) == ""
