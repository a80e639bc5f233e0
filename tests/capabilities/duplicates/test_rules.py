"""What the two Patients say before, while and after they are merged."""

from typing import Any

import pytest

from xinglin.capabilities.duplicates import rules

TARGET: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "t",
    "identifier": [{"system": "card", "value": "1"}],
    "name": [{"text": "张伟"}],
    "gender": "male",
}
SOURCE: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "s",
    "active": True,
    "identifier": [{"system": "card", "value": "2"}, {"system": "hospital", "value": "9"}],
    "name": [{"text": "张玮"}],
    "telecom": [{"system": "phone", "value": "13800000000"}],
    "_birthDate": {"extension": []},
}


def merge_keys(**given: Any) -> set[str]:
    values: dict[str, Any] = {"two_citizens": False, "override": False, "may_override": False} | given
    reason, keep = values.pop("reason", "saw the card"), values.pop("keep", ())
    return {issue.key for issue in rules.merge_faults(reason, keep, **values)}


@pytest.mark.rule("CD-11")
def test_two_valid_citizen_numbers_are_not_merged_unless_somebody_who_may_says_so() -> None:
    assert merge_keys(two_citizens=True) == {"merge-two-citizens"}
    assert merge_keys(two_citizens=True, override=True) == {"merge-override"}
    assert merge_keys(two_citizens=True, override=True, may_override=True) == set()


def test_a_merge_says_why_and_what_it_takes() -> None:
    assert merge_keys(reason="  ") == {"merge-reason"}
    assert merge_keys(keep=("name", "link")) == {"merge-field"}
    assert merge_keys() == set()


def test_the_survivor_takes_what_was_chosen_and_numbers_of_kinds_it_has_none_of() -> None:
    made = rules.stands(TARGET, SOURCE, ("name", "telecom"))
    assert made["name"] == SOURCE["name"]
    assert made["telecom"] == SOURCE["telecom"]
    assert made["gender"] == "male"
    assert made["identifier"] == [{"system": "card", "value": "1"}, {"system": "hospital", "value": "9"}]
    assert made["link"] == [{"other": {"reference": "Patient/s"}, "type": "replaces"}]


@pytest.mark.rule("HR-03")
def test_the_other_record_is_out_of_use_and_says_who_stands_for_it() -> None:
    made = rules.stood_for(SOURCE, "t")
    assert made["active"] is False
    assert made["link"] == [{"other": {"reference": "Patient/t"}, "type": "replaced-by"}]
    assert {name for name in made if made[name] != SOURCE.get(name)} == {"active", "link"}


@pytest.mark.parametrize("keep", [(), ("name",), ("name", "telecom", "birthDate", "gender")])
def test_undone_both_are_as_they_were(keep: tuple[str, ...]) -> None:
    merged = rules.stands(TARGET, SOURCE, keep)
    assert rules.stands_alone(merged, TARGET, SOURCE, keep) == TARGET
    assert rules.stands_for_itself(rules.stood_for(SOURCE, "t"), SOURCE, "t") == SOURCE


def test_what_was_changed_since_stays() -> None:
    merged = rules.stands(TARGET, SOURCE, ("name",)) | {"name": [{"text": "张三"}], "birthDate": "1980-01-01"}
    undone = rules.stands_alone(merged, TARGET, SOURCE, ("name",))
    assert undone["name"] == [{"text": "张三"}]
    assert undone["birthDate"] == "1980-01-01"
    assert "link" not in undone


def test_a_decision_is_not_taken_twice_nor_over_a_merge() -> None:
    def keys(decision: str, status: str, reason: str = "asked by telephone") -> set[str]:
        return {issue.key for issue in rules.decision_faults(decision, reason, status)}

    assert keys("different", "requested") == set()
    assert keys("open", "rejected") == set()
    assert keys("different", "rejected") == {"duplicate-decided"}
    assert keys("open", "requested") == {"duplicate-decided"}
    assert keys("different", "completed") == {"duplicate-merged"}
    assert keys("perhaps", "requested") == {"duplicate-decision"}
    assert keys("different", "requested", "") == {"merge-reason"}


def test_fields_are_told_apart() -> None:
    told = rules.differing(TARGET, SOURCE)
    assert (told["name"], told["telecom"], told["address"]) == ("different", "one", "none")
    assert rules.differing(TARGET, TARGET)["name"] == "same"
