"""Decisions about messages: every way they can go, quiet hours over midnight, what a phone may show."""

from datetime import UTC, datetime, time, timedelta
from string import Formatter
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.app import create_registry
from xinglin.capabilities.notifications.rules.messages import (
    SILENT_MOST,
    Circumstances,
    Try,
    about,
    ended,
    is_mail_address,
    key_of,
    language_of,
    next_step,
    phone_of,
    quiet_until,
    reach_of,
    rendered,
    spoken,
)
from xinglin.fhir.declarations import CHANNELS, NoticeKind, Text
from xinglin.settings import Settings

NOW: Final = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
NIGHT: Final = (time(22), time(8))
ZONE: Final = "Asia/Shanghai"
KIND: Final = NoticeKind("k", Text("题", "t"), Text("文", "x"), Text("短", "s"))
URGENT: Final = NoticeKind("u", Text("题", "t"), Text("文", "x"), Text("短", "s"), urgent=True)
KINDS: Final = tuple(create_registry(Settings()).rulebook.notices.values())
ALONE: Final = Circumstances(NOW, reach=frozenset({"sms"}))
OUTCOMES: Final = st.sampled_from(("sent", "silent", "refused", "no-address", "delivered", "undelivered"))


@given(st.lists(OUTCOMES, max_size=12), st.booleans())
def test_a_queued_message_always_goes_on_and_ends_with_a_person(outcomes: list[str], urgent: bool) -> None:  # noqa: FBT001  hypothesis names it
    tries = tuple(Try("sms", one, NOW) for one in outcomes)
    step = next_step("preparation", tries, URGENT if urgent else KIND, ALONE)
    over = {"refused", "no-address", "undelivered"} & set(outcomes) or outcomes.count("silent") >= SILENT_MOST
    assert step.act == ("person" if over else "send")
    for status in ("in-progress", "completed", "stopped"):
        assert next_step(status, tries, KIND, ALONE).act == "nothing"


@given(st.sets(st.sampled_from(CHANNELS)), st.booleans())
def test_the_ladder_goes_down_what_reaches_somebody_and_ends_with_a_person(reach: set[str], urgent: bool) -> None:  # noqa: FBT001  hypothesis names it
    at, tries, gone = Circumstances(NOW, reach=frozenset(reach)), list[Try](), list[str]()
    for _ in range(len(CHANNELS)):
        step = next_step("preparation", tries, URGENT if urgent else KIND, at)
        if step.act == "send":
            gone.append(step.channel)
            tries += [Try(step.channel, "sent", NOW), Try(step.channel, "undelivered", NOW)]
    assert gone == [one for one in CHANNELS if one in reach]
    assert next_step("preparation", tries, KIND, at).act == "person"


def test_a_kind_and_a_person_choose_the_channels() -> None:
    quiet = NoticeKind("q", KIND.title, KIND.text, KIND.sms, channels=("wechat", "sms"), optional=True)
    assert next_step("preparation", (), quiet, Circumstances(NOW, reach=frozenset({"voice", "sms"}))).channel == "sms"
    everything = frozenset(CHANNELS)
    assert reach_of(everything, {"wechat", "mail"}, "138", ()) == everything
    assert reach_of(everything, (), "", ()) == {"sms"}
    assert reach_of({"sms", "wechat"}, {"wechat"}, "138", {"wechat", "sms"}) == {"sms"}


def test_wechat_is_asked_only_while_it_knows_a_message_again() -> None:
    tries = [Try("wechat", "silent", NOW)] * 3
    assert ended(tries, "wechat")
    assert not ended([Try("sms", "silent", NOW)] * 3, "sms")


@pytest.mark.parametrize("kind", KINDS, ids=lambda one: one.code)
def test_a_call_says_who_calls_and_which_key_confirms(kind: NoticeKind) -> None:
    assert kind.sms is not None
    assert spoken(kind.sms.zh).startswith("您好，这里是杏林。")
    assert spoken(kind.sms.zh).endswith("听清请按1。")
    assert spoken(kind.sms.en).startswith("This is Xinglin.")
    assert not set("【】[]") & set(spoken(kind.sms.zh) + spoken(kind.sms.en))


def test_a_message_to_a_guardian_names_whom_it_is_about() -> None:
    assert about("【杏林】有新消息。", "李*明", "zh") == "【杏林】关于李*明：有新消息。"
    assert about("[Xinglin] News.", "Li *", "en") == "[Xinglin] About Li *: News."
    assert about("【杏林】有新消息。", "", "zh") == "【杏林】有新消息。"
    assert spoken(about("【杏林】有新消息。", "李*明", "zh")).startswith("您好，这里是杏林。关于李某明：")


@pytest.mark.parametrize("text", ["a@b.cn", "mei.zhang+1@mail.jiaozuo.gov.cn"])
def test_a_mail_address(text: str) -> None:
    assert is_mail_address(text)


@pytest.mark.parametrize("text", ["", "a", "a@b", "a@@b.cn", "a b@c.cn", "a@b.cn\nBcc: x@y.cn", "<a@b.cn>", "a@b..cn"])
def test_no_mail_address(text: str) -> None:
    assert not is_mail_address(text)


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
