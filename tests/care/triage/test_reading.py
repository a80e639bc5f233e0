"""What is understood of words: negation, the past, ages, durations, temperatures, pinyin, measurements."""

import pytest

from xinglin.care.triage import Complaint, Person, read
from xinglin.care.triage import numbers as read_numbers


def present(text: str, person: Person = Person()) -> frozenset[str]:  # noqa: B008  frozen
    return read(Complaint(text), person).present


@pytest.mark.parametrize(
    ("text", "held", "denied"),
    [
        ("没有胸痛", (), ("chest-pain",)),
        ("没有胸痛、气短、咳嗽", (), ("chest-pain", "breathless", "cough")),
        ("没有胸痛，气短得厉害", ("breathless",), ("chest-pain",)),
        ("不发烧，就是咳嗽", ("cough",), ("fever",)),
        ("头不疼，肚子疼", ("abdominal-pain",), ("headache",)),
        ("没有发烧但是胸口疼", ("chest-pain",), ("fever",)),
        ("没去医院胸口疼", ("chest-pain",), ()),
        ("不光头晕还呕吐", ("dizzy", "vomit"), ()),
        ("mei you fa shao, ke sou", ("cough",), ("fever",)),
        ("no chest pain but cough", ("cough",), ("chest-pain",)),
        ("从来没有这么厉害的头疼", ("headache", "severe"), ()),
    ],
)
def test_what_is_denied_does_not_hold(text: str, held: tuple[str, ...], denied: tuple[str, ...]) -> None:
    facts = read(Complaint(text), Person())
    assert set(held) <= facts.present
    assert set(denied) <= facts.denied
    assert not set(denied) & facts.present


@pytest.mark.parametrize("text", ["去年有过胸痛", "三年前胸口疼过", "得过心梗"])
def test_what_is_long_ago_is_not_now(text: str) -> None:
    facts = read(Complaint(text), Person())
    assert "chest-pain" in facts.past
    assert "chest-pain" not in facts.present


@pytest.mark.parametrize(
    "text", ["去年有过胸痛，今天又胸痛", "以前没疼过，现在胸口疼", "三天前开始胸口疼", "胸口比以前疼得厉害"]
)
def test_what_is_back_holds(text: str) -> None:
    assert "chest-pain" in present(text)


def test_to_have_thought_of_suicide_is_never_past() -> None:
    assert "suicidal" in present("以前想过自杀")


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("三岁", 1095),
        ("8个月的宝宝", 240),
        ("出生20天", 20),
        ("六十多岁", 21_900),
        ("半岁吗", None),
        ("咳嗽8个月", None),
    ],
)
def test_an_age_is_told_from_a_duration(text: str, days: int | None) -> None:
    assert read_numbers.age_days(text) == days


@pytest.mark.parametrize(
    ("text", "longest"),
    [("三天", 3), ("两个多月", 60), ("半年", 182.5), ("十来天", 11), ("怀孕28周", None), ("5岁", None), ("两周", 14)],
)
def test_durations(text: str, longest: float | None) -> None:
    assert read_numbers.spans(text).longest == longest


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("39度5", {"fever", "temp-38", "temp-39"}),
        ("38.2℃", {"fever", "temp-38"}),
        ("三十九度二", {"fever", "temp-38", "temp-39"}),
        ("烧到40", {"fever", "temp-38", "temp-39", "temp-40"}),
        ("体温35度", {"low-temp"}),
        ("36.5度", set()),
        ("39岁", set()),
    ],
)
def test_temperatures(text: str, facts: set[str]) -> None:
    assert read_numbers.heat(text) == facts


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("血压190/120", "bp-180"),
        ("高压210", "bp-200"),
        ("血糖2.5", "sugar-low"),
        ("血氧85", "spo2-low"),
        ("心率160", "pulse-fast"),
    ],
)
def test_what_was_measured(text: str, fact: str) -> None:
    assert fact in read_numbers.measured(text)


def test_an_old_illness_does_not_make_what_is_sudden_old() -> None:
    assert "months-3" not in present("糖尿病十年，今天右腿突然没劲")
    assert "months-3" in present("腰疼十年了")


def test_a_child_of_whom_no_age_is_said_is_small() -> None:
    assert {"child", "under-6"} <= present("孩子咳嗽", Person(12_000, "female"))
    assert "child" not in present("我儿子30岁，咳嗽", Person(20_000, "female"))
