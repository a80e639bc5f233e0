"""The rule base is whole: every name is known, every red flag leads to emergency, every question changes something."""

import pytest

from xinglin.care.triage import Complaint, Facts, Person, asking, assess, decide, knowledge, read
from xinglin.care.triage.knowledge import Flawed, Rule, when
from xinglin.tables.codes import by_code

EVERY = (*knowledge.flags(), *knowledge.rules(), *knowledge.urgencies())


@pytest.mark.parametrize("flag", knowledge.flags(), ids=lambda one: one.code)
def test_every_case_of_a_red_flag_leads_to_emergency(flag: Rule) -> None:
    for wanted, _ in flag.when.cases:
        advice = decide(Facts(wanted))
        assert advice.urgency == "emergency"
        assert advice.departments[0].code == "20"


def test_every_department_is_of_the_national_list_and_has_what_stands_for_it() -> None:
    known = knowledge.subjects()
    used = {code for one in knowledge.symptoms().values() for code in one.departments}
    used |= {code for rule in EVERY for code in rule.departments}
    assert used <= known.keys()
    for one in known.values():
        assert {one.code, one.child, one.otherwise} - {""} <= by_code("departments").keys()
        assert set(one.bring) <= knowledge.things().keys()
        assert not one.child or one.child in known


def test_every_meeting_and_question_names_what_is_known() -> None:
    for table in ("meetings", "patterns"):
        assert {row["symptom"] for row in knowledge.rows(table)} <= knowledge.symptoms().keys()
    assert all(knowledge.known(fact) for fact in knowledge.questions())
    parts = {row["code"] for row in knowledge.rows("parts")}
    feels = {row["code"] for row in knowledge.rows("feels")}
    assert {(row["part"] in parts, row["feel"] in feels) for row in knowledge.rows("meetings")} == {(True, True)}


def test_every_sign_of_the_screen_is_an_emergency_by_itself() -> None:
    for fact in knowledge.screen():
        assert decide(Facts(frozenset({fact}))).urgency == "emergency", fact


def test_codes_stand_once() -> None:
    codes = [one.code for one in EVERY]
    assert len(set(zip(codes, (id(one) for one in EVERY), strict=True))) == len(codes)
    assert len({one.code for one in knowledge.flags()}) == len(knowledge.flags())


@pytest.mark.parametrize("text", ["", "|", "dizzy & unheard-of", "!dizzy"])
def test_a_condition_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(Flawed):
        when(text)


@pytest.mark.parametrize("text", ["头晕三天", "肚子疼", "咳嗽发烧", "腰疼腿麻", "孩子发烧", "心慌", "月经推迟"])
def test_a_question_is_asked_only_when_a_yes_would_change_the_advice(text: str) -> None:
    facts = read(Complaint(text), Person(12_000, "female"))
    now = decide(facts)
    asked = asking.questions(facts)
    assert asked
    for fact in asked:
        then = decide(Facts(facts.present | {fact}, facts.denied))
        assert (then.urgency, then.departments[0].code) != (now.urgency, now.departments[0].code), fact


def test_a_red_flag_and_nothing_understood_ask_nothing() -> None:
    assert asking.questions(read(Complaint("胸痛"), Person())) == ()
    assert asking.questions(read(Complaint("嗯嗯"), Person())) == ()


def test_nothing_understood_is_said_and_not_called_harmless() -> None:
    advice = assess(Complaint("嗯嗯啊啊"), Person(12_000))
    assert (advice.urgency, [one.code for one in advice.departments]) == ("unknown", ["02"])


def test_children_go_to_paediatrics_and_men_not_to_gynaecology() -> None:
    assert assess(Complaint("咳嗽三天"), Person(1_500)).departments[0].code == "07"
    places = assess(Complaint("小肚子疼，尿频"), Person(12_000, "male")).departments
    assert not {one.code for one in places} & {"05.01", "05.02"}


def test_every_department_says_why() -> None:
    for one in assess(Complaint("头晕，手麻，血压高"), Person(20_000)).departments:
        assert one.reasons
        assert all(reason.facts for reason in one.reasons)
