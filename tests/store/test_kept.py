"""What was used lately stays, within its bound."""

from datetime import UTC, datetime, timedelta

from xinglin.fhir.search.keys import TYPE_CODES, rid_of
from xinglin.store.body import PLAIN, cut
from xinglin.store.kept import OVERHEAD, Kept
from xinglin.store.records import Records

TS = datetime(2026, 11, 22, 4, 5, 6, 789_000, tzinfo=UTC)


def of(number: int) -> Kept[int, str]:
    """Keep as many things of 100 bytes as *number* says, both generations together."""
    return Kept(number * (100 + OVERHEAD))


def test_what_is_used_stays_while_others_come_and_go() -> None:
    kept = of(10)
    kept.put(0, "used", 100)
    for number in range(1, 100):
        assert kept.get(0) == "used"
        kept.put(number, str(number), 100)
        assert len(kept) <= 10
    assert kept.get(99) == "99"
    assert kept.get(1) is None


def test_a_thing_put_again_is_the_new_one() -> None:
    kept = of(10)
    for number in range(7):
        kept.put(number, "old", 100)
    kept.put(1, "new", 100)
    for number in range(7, 9):
        kept.put(number, "other", 100)
    assert kept.get(1) == "new"


def test_what_is_too_large_is_not_kept() -> None:
    kept = of(4)
    kept.put(1, "large", 5_000)
    assert kept.get(1) is None
    nothing = Kept[int, str](0)
    nothing.put(1, "small", 0)
    assert nothing.get(1) is None


def record(vid: int, ts: datetime, tail: bytes) -> dict[str, object]:
    """Give a record of `res`."""
    rid = rid_of("Basic", "x")
    kind = TYPE_CODES["Basic"]
    return {
        "rt": kind, "id": "x", "rid": rid, "vid": vid, "ts": ts, "deleted": False, "enc": PLAIN, "body": tail,
        "pat": None,
    }  # fmt: skip


def test_a_version_is_opened_once() -> None:
    records = Records(2**20)
    tail = cut(b'{"resourceType":"Basic","id":"x","code":{"text":"a"}}', "Basic").tail
    first = records.known(record(1, TS, tail))
    assert records.known(record(1, TS, tail)) is first
    assert (first.rt, first.id, first.vid, first.ts, first.deleted, first.op) == ("Basic", "x", 1, TS, False, "C")
    assert first.tail == tail
    assert first.entry == b'Basic/x","resource":' + first.answer()
    assert first.body() == (
        b'{"resourceType":"Basic","id":"x","meta":{"versionId":"1","lastUpdated":"2026-11-22T04:05:06.789Z"},'
        b'"code":{"text":"a"}}'
    )


def test_another_version_or_another_life_is_another_row() -> None:
    records = Records(2**20)
    first = records.known(record(1, TS, b"}}"))
    assert records.known(record(2, TS, b'},"language":"zh"}')).tail == b'},"language":"zh"}'
    # A store that was restored from a backup may give the number of a version a second time.
    assert records.known(record(1, TS + timedelta(milliseconds=1), b'},"language":"en"}')).tail == b'},"language":"en"}'
    assert first.tail == b"}}"
