"""The table of states, who speaks, what is agreed to, and hours of work."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.contract import AGREEMENTS, STATES
from xinglin.capabilities.internet_hospital.rules import asking, forms, hours, states, wording
from xinglin.capabilities.internet_hospital.rules.states import ENDED, MOVES, Terms, move_faults, say_faults

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)  # a Friday, 12:00 in Beijing


def visit(state: str, status: str | None = None, *, kind: str = "VR") -> Any:
    extension = [SimpleNamespace(url=contract.STATE, valueCode=state)]
    status = status or states.status_of(state, "in-progress")
    return SimpleNamespace(extension=extension, status=status, class_=SimpleNamespace(code=kind))


def keys(issues: Any) -> list[str]:
    return [one.key for one in issues]


@pytest.mark.rule("R1-046", "R2-022", "R2-029")
def test_the_table_ends_in_four_states_and_reaches_all() -> None:
    assert {one.to for one in MOVES.values()} | {"requested"} == set(STATES.codes)
    assert {state for state in STATES.codes if not any(state in one.since for one in MOVES.values())} == ENDED


@pytest.mark.parametrize("state", STATES.codes)
@pytest.mark.parametrize("act", MOVES)
def test_an_act_is_possible_in_its_states_by_its_sides_only(act: str, state: str) -> None:
    for side in ("patient", "doctor", "platform"):
        allowed = state in MOVES[act].since and side in MOVES[act].by
        assert (move_faults(act, state, side) == ()) is allowed


def test_every_writer_follows_the_table() -> None:
    assert states.moved(None, visit("requested")) == ()
    assert keys(states.moved(None, visit("finished"))) == ["visit-begins"]
    assert keys(states.moved(visit("accepted"), visit("accepted", kind="AMB"))) == ["visit-class"]
    assert states.moved(visit("accepted"), visit("in-progress")) == ()
    assert states.moved(visit("finished"), visit("finished")) == ()
    assert keys(states.moved(visit("finished"), visit("in-progress"))) == ["visit-state"]
    assert keys(states.moved(visit("requested"), visit("finished"))) == ["visit-state"]
    assert keys(states.moved(visit("accepted"), visit("in-progress", "planned"))) == ["visit-status"]
    assert keys(states.moved(visit("accepted"), visit("dancing", "planned"))) == ["visit-state-unknown"]
    assert keys(states.moved(visit("accepted"), None)) == ["visit-kept"]


def test_a_visit_that_ended_before_it_began_founds_no_relation() -> None:
    assert states.status_of("terminated", "accepted") == "cancelled"
    assert states.status_of("terminated", "in-progress") == "finished"


@pytest.mark.rule("R2-010")
@pytest.mark.parametrize(
    ("voice", "sender", "fits"),
    [
        ("doctor", "Practitioner", True),
        ("doctor", "PractitionerRole", True),
        ("doctor", "Device", False),
        ("doctor", "Patient", False),
        ("ai", "Device", True),
        ("ai", "Practitioner", False),
        ("system", "Practitioner", False),
        ("patient", "Patient", True),
        ("nobody", "Device", False),
    ],
)
def test_what_a_machine_says_is_never_the_doctors(voice: str, sender: str, fits: bool) -> None:  # noqa: FBT001  a column
    assert (states.voice_faults(voice, sender) == ()) is fits


def test_the_window_for_questions_ends_with_its_last_moment() -> None:
    terms, end = Terms(), NOON + timedelta(hours=24)

    def ask(now: datetime, asked: int, side: str = "patient") -> list[str]:
        return keys(say_faults("finished", side, now=now, follow_up=end, asked=asked, terms=terms))

    assert ask(end, 2) == []
    assert ask(end, 3) == ["visit-questions"]
    assert ask(end, 3, "doctor") == []
    assert ask(end + timedelta(seconds=1), 0) == ["visit-over"]


def test_before_a_doctor_accepted_and_after_an_early_end_nothing_is_said() -> None:
    for state, key in (("requested", "visit-not-accepted"), ("terminated", "visit-over"), ("no-answer", "visit-over")):
        assert keys(say_faults(state, "patient", now=NOON, follow_up=None, asked=0, terms=Terms())) == [key]


@pytest.mark.rule("R1-071")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_wording_says_what_the_book_asks(language: str) -> None:
    words = {
        "zh": "首诊 麻醉药品 六岁以下 体格检查 真实 选择医生 并发症 配送 自行购买 退回 投诉 责任 明确诊断 不承诺",
        "en": "first narcotic six examination Truth choose complications delivery bought back Complain liable",
    }
    whole = wording.current().whole("care", language)
    assert [word for word in words[language].split() if word not in whole] == []
    data = {
        "zh": "姓名 性别 年龄 住址 电话 身份证号 头像 摄像头 麦克风 存储 保密 15 3".split(),
        "en": "name sex age address telephone portrait camera microphone storage secret 15 3".split(),
    }
    whole = wording.current().whole("sensitive", language)
    assert [word for word in data[language] if word not in whole] == []


@pytest.mark.rule("R1-073")
def test_each_text_has_a_hash_of_its_own() -> None:
    found = {wording.current().digest(kind, language) for kind in AGREEMENTS for language in ("zh", "en")}
    assert len(found) == 8
    assert all(len(one) == 64 for one in found)


@pytest.mark.rule("R1-070", "R1-072")
@pytest.mark.parametrize(
    ("agreed", "held", "faults"),
    [
        (("care", "sensitive"), (), []),
        (("care",), (), ["consent-needed"]),
        (("sensitive", "research", "sharing"), (), ["consent-needed"]),
        ((), ("care", "sensitive"), []),
        (("care", "sensitive", "everything"), (), ["consent-unknown"]),
    ],
)
def test_two_consents_are_needed_and_two_may_be_refused(
    agreed: tuple[str, ...], held: tuple[str, ...], faults: list[str]
) -> None:
    assert keys(wording.agreement_faults(agreed, frozenset(held), wording.current().version)) == faults


def test_hours_of_work() -> None:
    local = NOON.astimezone(forms.BEIJING)
    assert hours.at_work((), local)
    assert hours.at_work([{"daysOfWeek": ["fri"], "allDay": True}], local)
    assert not hours.at_work([{"daysOfWeek": ["sat"], "allDay": True}], local)
    span = {"daysOfWeek": ["fri"], "availableStartTime": "08:00:00", "availableEndTime": "12:00:00"}
    assert not hours.at_work([span], local)
    assert hours.at_work([span], local - timedelta(minutes=1))


def test_files_are_what_they_say() -> None:
    assert asking.file_faults("audio/webm;codecs=opus", b"\x1aE\xdf\xa3....") == ()
    assert keys(asking.file_faults("image/png", b"GIF89a")) == ["visit-file-type"]
    assert keys(asking.file_faults("image/svg+xml", b"<svg")) == ["visit-file-type"]
    assert asking.media_type("病历.JPG") == "image/jpeg"
    assert asking.media_type("x.exe") == ""


def test_triage_leads_to_the_department_that_serves() -> None:
    offered = {"03.04": "心血管内科", "02": "全科", "50": "中医科"}
    assert asking.departments_for("", offered) == offered
    assert asking.departments_for("03.04", offered) == {"03.04": "心血管内科"}
    assert asking.departments_for("50.01", offered) == {"50": "中医科"}
    assert asking.departments_for("03", offered) == {"03.04": "心血管内科"}
    assert asking.departments_for("12", offered) == {}
