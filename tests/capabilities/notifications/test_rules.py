"""Decisions about messages: every way they can go, quiet hours over midnight, what a phone may show."""

from datetime import UTC, datetime, time, timedelta
from string import Formatter
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.app import create_registry
from xinglin.capabilities.notifications.rules import (
    SILENT_MOST,
    Circumstances,
    Try,
    key_of,
    language_of,
    next_step,
    phone_of,
    quiet_until,
    rendered,
)
from xinglin.fhir.declarations import NoticeKind, Text
from xinglin.settings import Settings

NOW: Final = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
NIGHT: Final = (time(22), time(8))
ZONE: Final = "Asia/Shanghai"
KIND: Final = NoticeKind("k", Text("题", "t"), Text("文", "x"), Text("短", "s"))
URGENT: Final = NoticeKind("u", Text("题", "t"), Text("文", "x"), Text("短", "s"), urgent=True)
KINDS: Final = tuple(create_registry(Settings()).rulebook.notices.values())
OUTCOMES: Final = st.sampled_from(("sent", "silent", "refused", "no-address", "delivered", "undelivered"))


@given(st.lists(OUTCOMES, max_size=12), st.booleans())
def test_a_queued_message_always_goes_on_and_ends_with_a_person(outcomes: list[str], urgent: bool) -> None:  # noqa: FBT001  hypothesis names it
    tries = tuple(Try("sms", one, NOW) for one in outcomes)
    step = next_step("preparation", tries, URGENT if urgent else KIND, Circumstances(NOW))
    over = {"refused", "no-address", "undelivered"} & set(outcomes) or outcomes.count("silent") >= SILENT_MOST
    assert step.act == ("person" if over else "send")
    for status in ("in-progress", "completed", "stopped"):
        assert next_step(status, tries, KIND, Circumstances(NOW)).act == "nothing"


@given(st.lists(OUTCOMES, max_size=12))
def test_one_round_has_one_key_and_the_next_another(outcomes: list[str]) -> None:
    tries = tuple(Try("sms", one, NOW) for one in outcomes)
    again = (*tries, Try("person", "again", NOW))
    assert key_of("m", "sms", tries) == key_of("m", "sms", ())
    assert key_of("m", "sms", again) != key_of("m", "sms", tries)
    assert next_step("preparation", again, KIND, Circumstances(NOW)).act == "send"


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  the zone is the strategy's
def test_quiet_hours_end_within_ten_hours_at_eight_and_run_over_midnight(now: datetime) -> None:
    until = quiet_until(now, NIGHT, ZONE)
    hour = now.astimezone(ZoneInfo(ZONE)).hour
    assert (until is not None) == (hour >= 22 or hour < 8)
    if until is not None:
        assert (until.hour, until.minute) == (8, 0)
        assert timedelta() < until - now <= timedelta(hours=10)
        assert quiet_until(until, NIGHT, ZONE) is None


def test_urgent_ones_pass_at_night_and_beyond_the_limit() -> None:
    at = Circumstances(NOW, quiet=NOW + timedelta(hours=1), sent=9)
    assert next_step("preparation", (), URGENT, at).act == "send"
    assert next_step("preparation", (), KIND, at).act == "wait"
    assert next_step("preparation", (), KIND, Circumstances(NOW, sent=9)).act == "page"


@pytest.mark.parametrize("kind", KINDS, ids=lambda one: one.code)
def test_what_goes_to_a_phone_says_nothing_of_health(kind: NoticeKind) -> None:
    assert kind.sms is not None
    for text in (kind.sms.zh, kind.sms.en):
        named = {name for _, name, _, _ in Formatter().parse(text) if name}
        assert named <= kind.outside <= kind.parameters - {"reason", "diagnosis", "drug", "result", "department", "who"}
        assert not any(word in text for word in ("诊断", "疾病", "药", "检验", "diagnos", "disease", "drug"))


def test_a_value_is_no_template() -> None:
    assert rendered(Text("{a}", "{a}"), "zh", {"a": "{b}"}) == "{b}"


def test_the_language_and_number_of_somebody() -> None:
    assert language_of({}) == "zh"
    assert language_of({"communication": [{"coding": [{"code": "en"}]}]}) == "en"  # of a Practitioner
    assert phone_of({"telecom": [{"system": "email", "value": "x"}, {"system": "phone", "value": "+86 138-0000"}]}) == (
        "1380000"
    )
    assert phone_of({}) == ""
