"""Cutting and joining bodies: bytes survive, the store's members are the store's, twins are refused."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.fhir.outcome import OutcomeError
from xinglin.store.body import PLAIN, SMALL, ZSTD, Bodies, UnknownDictionary, cut, head, train

TS = datetime(2026, 11, 22, 1, 2, 3, 4_000, UTC)


def joined(raw: bytes) -> bytes:
    return head("Basic", "x", 3, TS) + cut(raw, "Basic").tail


FRONT = ('"resourceType":"Basic"', '"id":"x-1.A"')
META = ('"versionId":"7"', '"lastUpdated":"2020-01-01T00:00:00Z"', '"profile":["a","b"]', '"tag":[{"code":"meta"}]')
REST = (
    '"text":{"div":"a, b"}',
    '"contained":[{"id":"i","meta":{"versionId":"1"}}]',
    '"note":"x: y, \\"meta\\":"',
    '"b":"\\u00e9"',
)


@given(
    st.lists(st.sampled_from(META), unique=True),
    st.lists(st.sampled_from(REST), unique=True),
    st.permutations(range(6)),
    st.sampled_from((",", ", ", " ,", ",\n", ",\t")),
)
def test_what_was_accepted_is_cut_to_the_same(meta: list[str], rest: list[str], order: list[int], comma: str) -> None:
    known = [*FRONT[1:], *([f'"meta":{{{comma.join(meta)}}}'] if meta else []), *rest]
    if order[0] < 3:  # else as most clients write it
        known = [known[place] for place in order if place < len(known)]
    raw = ("{" + comma.join([FRONT[0], *known]) + "}").encode()
    short, long = cut(raw, "Basic", accepted=True), cut(raw, "Basic")
    assert short.id == long.id
    assert json.loads(b'{"meta":{"v":1' + short.tail) == json.loads(b'{"meta":{"v":1' + long.tail)
    if comma == ",":
        assert short.tail == long.tail


@pytest.mark.parametrize(
    "content",
    [
        "1.00",
        "1.2E+2",
        "123456789012345678901234567890.10",
        '"\\u4e2d\\/"',
        '{"b":1,"a":2}',
        "[1,\n 2]",
        '"中文"',
        "null",
    ],
)
def test_the_clients_bytes_survive(content: str) -> None:
    raw = f'{{"resourceType":"Basic","id":"x","z":{content},"a":{content}}}'.encode()
    assert joined(raw).endswith(f'"z":{content},"a":{content}}}'.encode())


def test_type_id_and_meta_come_first_and_are_ours() -> None:
    raw = (
        b' {"extra" : 1, "meta": {"versionId":"9", "lastUpdated":"1999", "profile":["p"], "_versionId": {"id":"e"}},'
        b'"id":"client","resourceType":"Basic"} '
    )
    assert joined(raw) == (
        b'{"resourceType":"Basic","id":"x","meta":{"versionId":"3","lastUpdated":"2026-11-22T01:02:03.004Z"'
        b',"profile":["p"]},"extra":1}'
    )
    assert cut(raw, "Basic").id == "client"
    assert cut(b'{"resourceType":"Basic"}', "Basic").id is None


MEMBERS = st.dictionaries(
    st.text(min_size=1, max_size=5).filter(lambda name: name not in {"resourceType", "id", "meta"}),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        max_leaves=5,
    ),
    max_size=5,
)


@given(MEMBERS, st.sampled_from([None, 1]), st.sampled_from([True, False]))
def test_what_is_cut_and_joined_means_the_same(
    members: dict[str, object],
    indent: int | None,
    ascii_only: bool,  # noqa: FBT001  hypothesis gives it
) -> None:
    document = {"resourceType": "Basic", "id": "x", "meta": {"tag": [1]}, **members}
    again = json.loads(joined(json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()))
    assert again.pop("meta") == {"versionId": "3", "lastUpdated": "2026-11-22T01:02:03.004Z", "tag": [1]}
    document.pop("meta")
    assert again == document


@pytest.mark.parametrize(
    "raw",
    [
        b'{"resourceType":"Basic","a":1,"a":1}',
        b'{"resourceType":"Basic","a":1,"a":2}',
        b'{"resourceType":"Basic","a":12,"a":1}',
        b'{"resourceType":"Basic","a":1,"b":2,"a":1}',
        b'{"resourceType":"Basic","\\u0061":1,"a":1}',
        b'{"resourceType":"Basic","id":"x","id":"y"}',
        b'{"resourceType":"Basic", "resourceType":"Basic"}',
        b'{"resourceType":"Basic","meta":{"tag":1,"tag":2}}',
    ],
)
def test_a_member_that_stands_twice_is_refused(raw: bytes) -> None:
    with pytest.raises(OutcomeError) as error:
        cut(raw, "Basic")
    assert (error.value.status, error.value.issues[0].key) == (400, "duplicate-member")


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"1", b'{"resourceType":"Basic",}', b'{"resourceType":"Patient"}', b'{"resourceType":7}', b"{}",
     b'{"resourceType":"Basic","id":7}', b'{"resourceType":"Basic","meta":7}', b'{"resourceType":"Basic","a":"\xff"}'],
)  # fmt: skip
def test_what_is_no_resource_of_the_type_is_refused(raw: bytes) -> None:
    with pytest.raises(OutcomeError) as error:
        cut(raw, "Basic")
    assert error.value.status == 400


@given(st.binary(max_size=2_000))
def test_what_is_sealed_opens_again(tail: bytes) -> None:
    bodies = Bodies()
    enc, packed = bodies.seal("Basic", "1", tail)
    assert bodies.open(enc, "Basic", "1", packed) == tail
    assert len(packed) <= len(tail)


def test_small_bodies_stay_plain_and_large_ones_shrink() -> None:
    bodies = Bodies()
    assert bodies.seal("Basic", "1", b"x" * (SMALL - 1))[0] == PLAIN
    assert bodies.seal("Basic", "1", b"x" * 1_000)[0] == ZSTD


def test_dictionaries_serve_their_type_and_the_newest_counts() -> None:
    samples = [f'}},"code":"{n}","status":"final","text":"{n * n}"}}'.encode() * 3 for n in range(2_000)]
    made = train(samples, 4_096)
    assert made is not None
    bodies = Bodies()
    bodies.learn(2, "Basic", made)
    bodies.learn(3, "Basic", made)
    assert bodies.seal("Basic", "1", samples[5])[0] == 3
    assert bodies.seal("Patient", "1", samples[5])[0] in {PLAIN, ZSTD}
    enc, packed = bodies.seal("Basic", "1", samples[5])
    with pytest.raises(UnknownDictionary):
        Bodies().open(enc, "Basic", "1", packed)
    assert train([b"x"]) is None
