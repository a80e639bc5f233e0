"""An act is written the same way each time, without what is empty, and read back as it was."""

from datetime import UTC, datetime

import pytest

from xinglin.security.ledger import act_by, act_of, entry_of
from xinglin.security.principal import Principal

AT = datetime(2026, 11, 22, 4, 5, 6, 789_000, UTC)
NURSE = Principal(
    "acc-1",
    frozenset({"nurse"}),
    practitioner="Practitioner/7",
    organization="Organization/2",
    session="s-1",
    client="app",
    address="10.0.0.1",
    device="tablet",
    display="Wang Fang",
)


@pytest.mark.rule("R7-041")
def test_an_entry_says_who_what_whose_why_whence_with_what_result_and_by_which_rule() -> None:
    act = act_by(NURSE, AT, "read", type="Observation", refs=("Observation/1/_history/2",), patient=5, rule=("ward",))
    assert entry_of(act) == (
        b'{"at":"2026-11-22T04:05:06.789000Z","who":"acc-1","role":"nurse","what":"read","action":"R",'
        b'"type":"Observation","refs":["Observation/1/_history/2"],"patient":5,"practitioner":"Practitioner/7",'
        b'"organization":"Organization/2","client":"app","session":"s-1","address":"10.0.0.1","device":"tablet",'
        b'"purpose":"TREAT","rule":["ward"]}'
    )
    assert act_of(entry_of(act)) == act


@pytest.mark.rule("R7-034")
def test_an_entry_holds_no_name_of_a_person() -> None:
    assert b"Wang" not in entry_of(act_by(NURSE, AT, "login"))


@pytest.mark.parametrize(("what", "action"), [("patch", "U"), ("vread", "R"), ("search", "E"), ("login", "E")])
def test_each_act_has_its_action(what: str, action: str) -> None:
    assert act_by(NURSE, AT, what).action == action


def test_several_roles_are_named_in_one_order() -> None:
    both = Principal("x", frozenset({"physician", "family-doctor"}))
    assert act_by(both, AT, "read").role == "family-doctor physician"
