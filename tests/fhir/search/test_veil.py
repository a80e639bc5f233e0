"""Telling numbers never stand in the index, and find what they stand in."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.fhir import codec
from xinglin.fhir.search.entry import Entry
from xinglin.fhir.search.extract import entry
from xinglin.fhir.search.match import matches
from xinglin.fhir.search.names import criteria
from xinglin.fhir.search.veil import SecretClash, take_secret, telling, veil, veiled

CARD = "410811199001010011"
PHONE = "13800138000"


def indexed(**members: Any) -> Entry:
    document = {"id": "1", **members}
    return entry(codec.decode(json.dumps(document).encode(), document["resourceType"]), now_us=0)


@pytest.mark.rule("R7-053")
@pytest.mark.parametrize(
    "number",
    [CARD, "41081119900101001X", "41081119900101001x", "410811900101001", PHONE, "138-0013-8000", "138 0013 8000",
     "+86 13800138000", "8613800138000", "0391-3562222", "410811 19900101 0011"],
)  # fmt: skip
def test_a_telling_number_is_veiled_wherever_it_stands(number: str) -> None:
    for text in (number, f"电话{number}。", f"tel:{number}", f"x {number} y", f"({number})"):
        shown = veiled(text)
        assert not any(character.isdigit() for character in shown), shown
        assert veiled(shown) == shown


@pytest.mark.parametrize("text", ["2026-11-22", "8867-4", "120/80", "1234567890", "73211009", "13800138000123"])
def test_other_numbers_stay(text: str) -> None:
    assert veiled(text) == text


@given(st.text(max_size=60))
def test_what_is_veiled_stays_as_it_is(text: str) -> None:
    assert veiled(veiled(text)) == veiled(text)


NATIONAL = "urn:oid:2.16.156.10011.1.3"
PEOPLE = {
    "identifier": [{"system": NATIONAL, "value": CARD, "type": {"coding": [{"system": "t", "code": "NI"}]}}],
    "telecom": [{"system": "phone", "value": PHONE, "use": "mobile"}],
}


@pytest.mark.rule("R7-053")
@pytest.mark.parametrize(
    ("resource", "search"),
    [
        ({"resourceType": "Patient", **PEOPLE}, f"identifier={CARD}"),
        ({"resourceType": "Patient", **PEOPLE}, f"identifier=urn:oid:2.16.156.10011.1.3|{CARD}"),
        ({"resourceType": "Patient", **PEOPLE}, f"identifier:of-type=t|NI|{CARD}"),
        ({"resourceType": "Patient", **PEOPLE}, f"phone={PHONE}"),
        ({"resourceType": "Patient", **PEOPLE}, f"telecom=phone|{PHONE}"),
        ({"resourceType": "Patient", **PEOPLE}, "phone=138-0013-8000"),
        ({"resourceType": "Practitioner", **PEOPLE}, f"telecom={PHONE}"),
        ({"resourceType": "Patient", "name": [{"text": f"王芳 {PHONE}"}]}, f"name:exact=王芳 {PHONE}"),
        ({"resourceType": "Patient", "name": [{"text": f"王芳 {PHONE}"}]}, f"name=王芳 {PHONE}"),
        ({"resourceType": "Patient", "address": [{"text": f"人民路1号 {PHONE}"}]}, "address=人民路1号"),
        ({"resourceType": "Basic", "code": {"text": f"card {CARD}"}}, f"code:text=card {CARD}"),
        ({"resourceType": "Basic", "code": {"coding": [{"system": "s", "code": CARD}]}}, f"code={CARD}"),
        ({"resourceType": "Basic", "code": {"coding": [{"system": "s", "code": CARD}]}}, f"code=s|{CARD}"),
        ({"resourceType": "Basic", "code": {"text": "x"}, "subject": {"identifier": {"value": CARD}}},
         f"subject:identifier={CARD}"),
        ({"resourceType": "Patient", "text": {"status": "generated", "div":
          f'<div xmlns="http://www.w3.org/1999/xhtml">电话{PHONE}</div>'}}, f"_text={PHONE}"),
        ({"resourceType": "Endpoint", "status": "active", "connectionType": {"code": "x"},
          "payloadType": [{"text": "x"}], "address": "https://x.example", "name": f"call {PHONE}"},
         f"name=call {PHONE}"),
    ],
)  # fmt: skip
def test_a_number_finds_what_it_stands_in_and_the_index_does_not_show_it(resource: Any, search: str) -> None:
    made = indexed(**resource)
    assert matches(criteria(resource["resourceType"], search), made)
    shown = repr(made)
    assert CARD not in shown
    assert PHONE not in shown


def test_a_number_alone_is_told_from_a_text_with_one() -> None:
    assert all(map(telling, (CARD, PHONE)))
    assert not any(map(telling, (f"a-{CARD}", "f13800138000", "12", "")))


def test_a_veil_depends_on_the_value() -> None:
    assert veil(CARD) == veil(CARD) != veil(PHONE)
    assert veil(CARD).isalpha()


def test_a_process_has_one_secret() -> None:
    with pytest.raises(SecretClash):
        take_secret(b"")
