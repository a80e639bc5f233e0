"""Terms of incidents and requests, what entries must say, and what the notice tells."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from xinglin.capabilities.privacy.contract import NOTICE_VERSION, Entry, Incident
from xinglin.capabilities.privacy.pages.notice import components, own_path
from xinglin.capabilities.privacy.rules import incidents, notice, registers, rights
from xinglin.capabilities.privacy.rules.incidents import Due, Known
from xinglin.fhir.outcome import Issue

FOUND = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
INCIDENT = Incident("larger", FOUND.isoformat(), "数据库备份被误传")
ENTRY = Entry(
    "entrusted-processor",
    "短信发送",
    *("某通信公司", "010-1", "发送验证码", "传输", "手机号", "加密", "不得转委托"),
    since="2026-01-01",
    until="2026-12-31",
)


def keys(issues: tuple[Issue, ...]) -> list[str]:
    return [one.key for one in issues]


@pytest.mark.rule("R7-019")
def test_terms_count_from_the_discovery() -> None:
    known = Known("larger", FOUND, personal=False, done={})
    assert incidents.due(known, critical=False) == (Due("authority", FOUND + timedelta(hours=4)), Due("handled", None))
    assert incidents.due(known, critical=True)[0] == Due("authority", FOUND + timedelta(hours=1))
    done = {"authority": FOUND, "handled": FOUND + timedelta(days=2)}
    assert incidents.due(replace(known, done=done), critical=False) == (Due("summary", FOUND + timedelta(days=32)),)
    assert incidents.state(replace(known, done=done), critical=False) == "handled"
    assert incidents.state(replace(known, done=done | {"summary": FOUND}), critical=False) == "closed"


@pytest.mark.rule("R7-011", "R7-019")
def test_a_general_incident_without_data_of_persons_is_only_handled() -> None:
    general = Known("general", FOUND, personal=False, done={})
    assert [one.step for one in incidents.due(general, critical=True)] == ["handled"]
    leak = replace(general, personal=True)
    assert [one.step for one in incidents.due(leak, critical=False)] == ["authority", "persons", "handled"]
    omitted = replace(leak, done={"authority": FOUND, "persons-omitted": FOUND, "handled": FOUND})
    assert incidents.state(omitted, critical=False) == "closed"


@pytest.mark.rule("R7-011")
def test_persons_are_told_all_that_the_law_names() -> None:
    assert incidents.report_faults(INCIDENT, FOUND, FOUND) == ()
    some = replace(INCIDENT, persons=("1",), kinds="姓名", cause="误传", harm="骚扰", measures="已删除")
    assert keys(incidents.report_faults(some, FOUND, FOUND)) == ["incident-told"]
    assert incidents.report_faults(replace(some, advice="留意诈骗"), FOUND, FOUND) == ()
    bad = Incident("huge", "", "x", what_is := "x" * 2_001)
    assert what_is
    assert keys(incidents.report_faults(bad, None, FOUND)) == [
        *("incident-level", "incident-found", "incident-what", "incident-long"),
    ]
    assert keys(incidents.report_faults(INCIDENT, FOUND + timedelta(days=1), FOUND)) == ["incident-later"]
    many = replace(some, advice="x", persons=("1",) * 1_001)
    assert keys(incidents.report_faults(many, FOUND, FOUND)) == ["incident-persons"]


@pytest.mark.rule("R7-011")
@pytest.mark.parametrize(
    ("known", "step", "note", "wrong"),
    [
        (Known("general", FOUND, personal=True, done={}), "sleep", "x", "incident-step"),
        (Known("general", FOUND, personal=True, done={"persons": FOUND}), "persons-omitted", "x", "incident-done"),
        (Known("general", FOUND, personal=False, done={}), "persons", "x", "incident-nobody"),
        (Known("general", FOUND, personal=True, done={}), "persons", "", "incident-how"),
        (Known("larger", FOUND, personal=False, done={}), "summary", "x", "incident-unhandled"),
        (Known("larger", FOUND, personal=True, done={}), "persons-omitted", " ", "incident-note"),
    ],
)
def test_a_step_is_taken_once_in_order_and_with_a_note(known: Known, step: str, note: str, wrong: str) -> None:
    assert keys(incidents.step_faults(known, step, note, persons=0)) == [wrong]


@pytest.mark.rule("R7-008")
def test_a_request_is_answered_within_fifteen_working_days() -> None:
    assert rights.last_day(date(2026, 11, 20)) == date(2026, 12, 11)
    assert rights.last_day(date(2026, 9, 24)) > date(2026, 10, 15)  # the national holiday does not count
    assert keys(rights.asking_faults("fly", "x")) == ["right-kind", "right-text"]


@pytest.mark.rule("R7-008")
def test_a_record_that_the_law_keeps_is_restricted_and_not_deleted() -> None:
    today = date(2026, 11, 20)
    assert keys(rights.answer_faults("delete", "granted", "已全部删除", "requested", today)) == ["retention"]
    assert rights.answer_faults("delete", "restricted", "改为限制使用", "requested", today) == ()
    assert keys(rights.answer_faults("copy", "fine", "", "completed", today)) == [
        *("right-outcome", "right-note", "right-answered"),
    ]


@pytest.mark.rule("R7-005", "R7-010", "R7-012")
@pytest.mark.parametrize("kind", registers.NEEDED)
def test_an_entry_says_what_the_law_wants_to_be_said(kind: str) -> None:
    empty = Entry(kind, "")
    assert keys(registers.entry_faults(empty)) == [f"register-{name}" for name in registers.NEEDED[kind]]


@pytest.mark.rule("R7-005", "R7-012")
def test_an_agreement_has_a_term_in_order() -> None:
    assert registers.entry_faults(ENTRY) == ()
    assert keys(registers.entry_faults(replace(ENTRY, until="2025-12-31"))) == ["register-order"]
    assert keys(registers.entry_faults(replace(ENTRY, since="soon"))) == ["register-day"]
    assert keys(registers.entry_faults(replace(ENTRY, kind="gift"))) == ["register-kind"]
    assert keys(registers.ending_faults("provision", " ", ended=True)) == [
        *("register-endless", "register-ended", "register-returned"),
    ]


@pytest.mark.rule("R7-010", "R7-012")
@pytest.mark.parametrize("kind", registers.NEEDED)
def test_an_entry_is_kept_three_years_after_its_end(kind: str) -> None:
    assert registers.least_kept(kind, date(2026, 11, 20)) == date(2029, 11, 20)


@pytest.mark.rule("R7-004")
def test_the_notice_tells_purpose_kinds_ground_and_term_in_both_languages() -> None:
    assert NOTICE_VERSION
    for one in notice.PURPOSES:
        for text in (one.title, one.kinds, one.basis, one.kept):
            assert text.zh != text.en
            assert text.zh
            assert text.en
    assert "15 个工作日" in notice.RIGHTS.zh


@pytest.mark.rule("R7-007")
def test_each_automated_decision_names_a_way_to_a_person() -> None:
    assert len(notice.AUTOMATED) >= 5
    assert all(one.by.zh and one.effect.zh and one.person.zh for one in notice.AUTOMATED)


@pytest.mark.rule("R7-061")
def test_the_components_of_others_are_those_that_the_pages_are_made_of() -> None:
    assert {"@tabler/core", "@tabler/icons", "htmx.org", "echarts"} <= set(components())
    assert not any(one.endswith((".css", ".js")) for one in components())


@pytest.mark.parametrize("given", ["//evil.example", "https://evil.example", "/\\evil", "/privacy?x", "", "/a\\b"])
def test_the_notice_leads_back_to_us_alone(given: str) -> None:
    assert own_path(given) == ""
    assert own_path("/my") == "/my"
