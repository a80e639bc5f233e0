"""Grants: what no grant allows is denied, and reaches unite."""

from hypothesis import given
from hypothesis import strategies as st

from xinglin.security.grants import ALL, NOTHING, Grant, may_operate, reach_of
from xinglin.security.principal import Principal

READ = frozenset({"read"})
RESIDENT = Principal("r", frozenset({"resident"}), patient="Patient/1")


def test_without_a_grant_nothing_is_reached() -> None:
    assert reach_of(RESIDENT, "read", "Task", ()) == NOTHING


def test_a_grant_for_another_role_interaction_or_type_gives_nothing() -> None:
    grants = (
        Grant("nurse", READ, "Task"),
        Grant("resident", frozenset({"search"}), "Task"),
        Grant("resident", READ, "Basic"),
    )
    assert reach_of(RESIDENT, "read", "Task", grants) == NOTHING


def test_the_principal_fills_the_reach() -> None:
    reach = reach_of(RESIDENT, "read", "Task", (Grant("resident", READ, "Task", "patient={patient}"),))
    assert reach.searches == ("patient=Patient/1",)


def test_a_reach_that_names_what_the_principal_lacks_grants_nothing() -> None:
    nobody = Principal("n", frozenset({"resident"}))
    assert reach_of(nobody, "read", "Task", (Grant("resident", READ, "Task", "patient={patient}"),)).nothing


def test_a_grant_without_reach_covers_the_others() -> None:
    grants = (Grant("resident", READ, "Task", "patient={patient}"), Grant("resident", READ, "*"))
    assert reach_of(RESIDENT, "read", "Task", grants) == ALL


def test_an_operation_needs_its_own_right() -> None:
    grant = Grant("resident", frozenset({"operate"}), "Task", operations=frozenset({"claim"}))
    assert may_operate(RESIDENT, "claim", "Task", (grant,))
    assert not may_operate(RESIDENT, "close", "Task", (grant,))
    assert not may_operate(RESIDENT, "claim", "Basic", (grant,))
    assert not may_operate(
        RESIDENT, "claim", "Task", (Grant("resident", READ, "Task", operations=frozenset({"claim"})),)
    )


grants_strategy = st.lists(
    st.builds(
        Grant,
        role=st.sampled_from(["resident", "nurse"]),
        interactions=st.sampled_from([READ, frozenset({"search"})]),
        on=st.sampled_from(["Task", "Basic", "*"]),
        reach=st.sampled_from(["", "patient={patient}", "owner={practitioner}"]),
    )
)


@given(grants_strategy, grants_strategy)
def test_one_more_grant_never_reaches_less(some: list[Grant], more: list[Grant]) -> None:
    small, large = reach_of(RESIDENT, "read", "Task", some), reach_of(RESIDENT, "read", "Task", some + more)
    assert large.everything or (not small.everything and set(small.searches) <= set(large.searches))


def test_the_id_alone_can_be_named() -> None:
    reach = reach_of(RESIDENT, "read", "Patient", (Grant("resident", READ, "Patient", "_id={patient.id}"),))
    assert reach.searches == ("_id=1",)
