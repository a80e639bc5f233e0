"""States after the review, terms, and the public order of pharmacies."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from xinglin.care import dispensing
from xinglin.care.dispensing import LOCKED, MOVES, ORDERS, USED, Offer

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@pytest.mark.rule("R3-080", "R3-081")
def test_what_was_used_is_never_free_again() -> None:
    reached = {state: _after(state) for state in MOVES}
    for state in USED:
        assert reached[state] <= USED
        assert {issue.key for issue in dispensing.refusals(state, "cancelled")} == {"prescription-used"}
    for state in LOCKED:
        assert "released" in MOVES[state]
        assert {issue.key for issue in dispensing.claimable(state, None, NOW)} == {"prescription-taken"}
    assert "paid" in reached["released"]
    assert not MOVES["rejected"]


def _after(state: str) -> set[str]:
    found: set[str] = set()
    open_ = [state]
    while open_:
        for one in MOVES.get(open_.pop(), frozenset()):
            if one not in found:
                found.add(one)
                open_.append(one)
    return found


@pytest.mark.rule("R3-081", "R3-082", "R3-020")
def test_an_old_prescription_is_not_claimed_and_ends_when_it_is_let_go() -> None:
    until = NOW + timedelta(hours=1)
    assert dispensing.claimable("released", until, NOW) == ()
    late = dispensing.claimable("released", until, NOW + timedelta(hours=2))
    assert [issue.key for issue in late] == ["prescription-over"]
    assert dispensing.freed(until, NOW) == "released"
    assert dispensing.freed(until, NOW + timedelta(hours=2)) == "expired"
    assert dispensing.POLICY.lock == timedelta(minutes=30)


@pytest.mark.rule("R3-083")
def test_what_is_not_given_is_void() -> None:
    assert dispensing.void((3, 1), (2, 1)) == (1, 0)
    for given_ in ((4, 1), (-1, 1), (3,)):
        with pytest.raises(ValueError, match="each line"):
            dispensing.void((3, 1), given_)


OFFERS = st.lists(
    st.builds(
        Offer,
        id=st.text("ab", min_size=1, max_size=3),
        name=st.text("甲乙", max_size=2),
        km=st.none() | st.floats(0, 50),
        missing=st.none() | st.just(()) | st.just((1,)),
        fen=st.none() | st.integers(0, 99_999),
        ways=st.just(("pharmacy-pickup",)),
    ),
    max_size=8,
)


@pytest.mark.rule("R3-085", "R2-013")
@settings(max_examples=60)
@given(OFFERS, st.sampled_from(ORDERS))
def test_pharmacies_stand_in_one_order_whoever_lists_them(offers: list[Offer], by: dispensing.Order) -> None:
    found = dispensing.ordered(offers, by)
    assert found == dispensing.ordered(reversed(offers), by)
    full = [one.missing == () for one in found]
    assert full == sorted(full, reverse=True)  # who has everything comes first


@pytest.mark.rule("R3-085")
def test_the_nearer_or_the_cheaper_comes_first() -> None:
    near = Offer("n", "近", 1.0, (), 2000, ("pharmacy-pickup",))
    cheap = Offer("c", "廉", 9.0, (), 1500, ("pharmacy-pickup",))
    assert [one.id for one in dispensing.ordered((cheap, near))] == ["n", "c"]
    assert [one.id for one in dispensing.ordered((near, cheap), "price")] == ["c", "n"]
    assert dispensing.kilometres((35.24, 113.24), (35.24, 113.24)) == 0
    assert dispensing.kilometres((35.0, 113.0), (36.0, 113.0)) == pytest.approx(111.2, abs=0.1)


class Circulation(RuleBasedStateMachine):
    """Two pharmacies, a patient and a physician do what they like, in any order; the table decides."""

    def __init__(self) -> None:
        super().__init__()
        self.state = "released"
        self.holder: str | None = None
        self.supplied: list[str] = []

    def go(self, to: str) -> bool:
        if dispensing.refusals(self.state, to):
            return False
        self.state = to
        return True

    @rule(shop=st.sampled_from("AB"))
    def claim(self, shop: str) -> None:
        if not dispensing.claimable(self.state, None, NOW) and self.go("claimed"):
            assert self.holder is None
            self.holder = shop

    @rule(to=st.sampled_from(["pharmacy-reviewed", "rejected", "paid", "refunded"]))
    @precondition(lambda self: self.holder is not None)
    def work(self, to: str) -> None:
        self.go(to)

    @rule(to=st.sampled_from(["released", "expired"]))
    def let_go(self, to: str) -> None:
        if self.state != "released" and self.go(to):
            self.holder = None

    @rule()
    @precondition(lambda self: self.holder is not None)
    def dispense(self) -> None:
        if self.go("dispensed"):
            self.supplied.append(str(self.holder))

    @rule(to=st.sampled_from(["delivering", "delivered", "closed"]))
    def bring(self, to: str) -> None:
        self.go(to)

    @rule()
    def withdraw(self) -> None:
        if self.go("cancelled"):
            assert not self.supplied

    @invariant()
    def one_supply_only(self) -> None:
        assert len(self.supplied) <= 1
        assert not self.supplied or self.state in USED


TestCirculation = Circulation.TestCase
TestCirculation.settings = settings(max_examples=60, stateful_step_count=25)
