"""What call-backs say, and whether they are theirs."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.capabilities.notifications.rules.receipts import (
    MOST,
    Receipt,
    call_receipts,
    call_state,
    delivery_of,
    mail_receipts,
    message_receipts,
    signature,
    signature_faults,
    wechat_event,
    wechat_faults,
    wechat_receipts,
    wechat_signature,
)
from xinglin.simulators.mail import Envelope, notification
from xinglin.simulators.wechat import _xml

NOW: Final = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
SECONDS: Final = int(NOW.timestamp())


def keys(header: str, body: bytes = b"{}", secret: str | None = "s", at: datetime = NOW) -> list[str]:
    return [one.key for one in signature_faults(header, secret, body, at)]


def test_a_call_back_is_signed_by_whom_we_know_and_lately() -> None:
    good = signature("s", SECONDS, b"{}")
    assert keys(good) == []
    assert keys(good, b"[]") == ["callback-signature"]
    assert keys(signature("t", SECONDS, b"{}")) == ["callback-signature"]
    assert keys(good, at=NOW + timedelta(minutes=6)) == ["callback-stale"]
    assert keys(good, at=NOW - timedelta(minutes=6)) == ["callback-stale"]
    assert keys("") == keys("t=x,v1=") == keys(good, secret=None) == ["callback-unsigned"]


def test_wechat_signs_its_own_way() -> None:
    good = {"timestamp": str(SECONDS), "nonce": "n", "signature": wechat_signature("tok", str(SECONDS), "n")}
    assert list(wechat_faults(good, "tok", NOW)) == []
    assert [one.key for one in wechat_faults(good | {"nonce": "m"}, "tok", NOW)] == ["callback-signature"]
    assert [one.key for one in wechat_faults(good, "tok", NOW + timedelta(hours=1))] == ["callback-stale"]
    assert [one.key for one in wechat_faults(good, None, NOW)] == ["callback-unsigned"]


def test_the_example_of_a_template_message_that_ended() -> None:
    event = wechat_event(_xml("o1", MsgType="event", Event="TEMPLATESENDJOBFINISH", MsgID="7", Status="success"))
    assert wechat_receipts(event) == (Receipt("delivered", number="7"),)
    assert wechat_receipts(dict(event) | {"Status": "failed:user block"}) == (Receipt("failed", number="7"),)
    assert wechat_receipts(dict(event) | {"Event": "subscribe"}) == ()


def test_what_is_called_is_heard_when_a_key_confirms_it() -> None:
    assert call_state({"status": "answered", "dtmf": "1"}) == "delivered"
    assert call_state({"status": "answered", "dtmf": ""}) == call_state({"status": "busy"}) == "failed"
    assert call_state({"status": "ringing"}) == ""
    assert call_receipts(b'[{"outId":"m-voice-1","status":"unreachable"},{"outId":"k","status":"ringing"}]') == (
        Receipt("failed", "m-voice-1"),
    )


@pytest.mark.parametrize("delivered", [True, False])
def test_a_notification_of_delivery_names_the_envelope(delivered: bool) -> None:  # noqa: FBT001  a parameter
    mail = notification(Envelope("x@localhost", "mei@b.cn", "m-mail-1", "SUCCESS"), delivered=delivered)
    assert mail_receipts(mail) == (Receipt("delivered" if delivered else "failed", "m-mail-1"),)
    assert mail_receipts(mail.replace(b"Action: delivered", b"Action: relayed")) in {(), mail_receipts(mail)}
    assert mail_receipts(b"Subject: away\r\n\r\nI am away.") is None


@given(st.binary(max_size=300))
def test_nonsense_is_no_receipt(body: bytes) -> None:
    for read in (message_receipts, call_receipts, mail_receipts):
        assert read(body) in {None, ()}
    assert wechat_receipts(wechat_event(body)) == ()


def test_too_many_at_once_are_none() -> None:
    assert message_receipts(msgspec.json.encode([{"key": "k", "state": "delivered"}] * (MOST + 1))) is None


def test_a_key_names_message_channel_and_round() -> None:
    found = delivery_of("0a-b.c-sms-12")
    assert found is not None
    assert (found.message, found.channel, found.round) == ("0a-b.c", "sms", 12)
    assert delivery_of("") is delivery_of("../x-sms-1") is None
