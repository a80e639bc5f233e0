"""Decisions about residents, by examples from the books."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.capabilities.residents.people import number, resident
from xinglin.capabilities.residents.rules import cards, records, registration
from xinglin.security.identifiers import DOCUMENT_KINDS, IDENTITY_CARD, NETWORK_IDENTITY, PASSPORT, person_check

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def keys(patient: dict[str, Any]) -> set[str]:
    return {issue.key for issue in registration.registration_faults(patient, TODAY)}


@pytest.mark.rule("CD-01", "CD-02")
@pytest.mark.parametrize("written", ["11010519491231002X", "410802199001010010", "41088219650315002X"])
def test_the_vectors_of_the_book_are_sound(written: str) -> None:
    assert person_check(written[:17]) == written[17]
    even = int(written[16]) % 2 == 0
    born = f"{written[6:10]}-{written[10:12]}-{written[12:14]}"
    made = resident("张小梅", born, 124) | {"gender": "female" if even else "male"}
    made["identifier"] = [{"system": IDENTITY_CARD, "value": written}]
    assert keys(made) == set()


@pytest.mark.rule("CD-03")
@pytest.mark.parametrize("area", sorted(registration.FORMER_COUNTIES))
def test_numbers_of_former_counties_are_taken(area: str) -> None:
    made = resident("张小梅", "1965-03-15", 2)
    made["identifier"] = [{"system": IDENTITY_CARD, "value": number("1965-03-15", 2, area)}]
    assert keys(made) == set()
    assert registration.former_county(number("1965-03-15", 2, area))


@pytest.mark.rule("CD-04")
@pytest.mark.parametrize(
    ("born", "key"),
    [("19010229", "person-number-date"), ("20300101", "person-number-future"), ("18900101", "person-number-age")],
)
def test_impossible_birth_dates_in_numbers_are_refused(born: str, key: str) -> None:
    made = resident("张小梅", "1965-03-15", 2)
    made["identifier"] = [{"system": IDENTITY_CARD, "value": number(born, 2)}]
    assert key in keys(made)


@pytest.mark.rule("CD-05")
def test_each_kind_of_document_has_a_system_and_serves_without_an_identity_card() -> None:
    assert registration.SYSTEMS.keys() == DOCUMENT_KINDS.keys()
    made = resident("SMITH John", "1980-01-01") | {"identifier": [{"system": PASSPORT, "value": "E12345678"}]}
    assert keys(made) == set()
    assert keys(made | {"identifier": []}) == {"resident-document"}


@pytest.mark.rule("R6-044")
def test_a_network_number_stands_beside_a_document_and_tells_nothing() -> None:
    passport = {"system": PASSPORT, "value": "E12345678"}
    made = resident("SMITH John", "1980-01-01")
    assert keys(made | {"identifier": [passport, {"system": NETWORK_IDENTITY, "value": "Ab12Cd34Ef56"}]}) == set()
    alone = [{"system": NETWORK_IDENTITY, "value": "410802199003071234"}]
    assert keys(made | {"identifier": alone}) == {"resident-document", "network-identity-plain"}


@pytest.mark.rule("CD-12")
def test_phones_and_names_have_their_form() -> None:
    made = resident(
        "古丽·买买提", "1980-01-01", 2, telecom=[{"system": "phone", "use": "mobile", "value": "13800000000"}]
    )
    assert keys(made) == set()
    made["telecom"][0]["value"] = "12800000000"
    assert keys(made) == {"mobile-form"}
    assert keys(resident("甲" * 51, "1980-01-01", 2)) == {"resident-name-length"}


@pytest.mark.rule("CD-06")
def test_newborns_are_known_by_mother_time_and_order() -> None:
    mother = resident("张小梅", "1990-03-07", 124)
    assert list(registration.newborn_faults(mother, "2026-11-18T09:30:00+08:00", 2, NOW)) == []
    assert registration.newborn_number("M", datetime(2026, 11, 18, 9, 30, tzinfo=UTC), 2) == "M-202611180930-2"
    assert registration.newborn_name("张小梅", "male", 2) == "张小梅之子2"
    found = registration.newborn_faults({"gender": "male"}, "2026-11-18", 0, NOW)
    assert {one.key for one in found} == {"newborn-time", "newborn-order", "newborn-mother", "newborn-mother-number"}
    assert {one.key for one in registration.newborn_faults(mother, "2024-11-18T09:30:00+08:00", 1, NOW)} == {
        "newborn-age"
    }


@pytest.mark.rule("HR-01")
@given(st.integers(1, 99_999))
def test_a_record_number_has_seventeen_digits(sequence: int) -> None:
    made = records.record_number("410802001001", sequence)
    assert len(made) == 17
    assert made.isdecimal()
    assert int(made[12:]) == sequence


@pytest.mark.parametrize(("village", "sequence"), [("41080200100", 1), ("410802001001", 0), ("410802001001", 100_000)])
def test_nothing_else_makes_a_record_number(village: str, sequence: int) -> None:
    with pytest.raises(ValueError, match="record number"):
        records.record_number(village, sequence)


@pytest.mark.rule("HR-07")
def test_a_closed_record_loses_nothing() -> None:
    before = records.opened(resident("张小梅", "1990-03-07", 124), "41080200100100001", TODAY, None)
    after = records.closed(before, "moved", TODAY, "河南省郑州市", "")
    assert not records.is_live(after)
    assert after["identifier"] == before["identifier"]
    assert records.closing_of(after) == {"date": "2026-11-22", "reason": "moved", "place": "河南省郑州市"}
    assert records.reopened(after) == before


def mark(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


@pytest.mark.rule("R6-041")
@given(st.booleans(), st.text("0123456789abcdef", min_size=32, max_size=64))
def test_a_code_reads_back_and_any_change_shows(dynamic: bool, token: str) -> None:  # noqa: FBT001  drawn by name
    text = cards.text_of(cards.Code(dynamic, token), mark)
    assert cards.read(text, mark) == cards.Code(dynamic, token)
    other = text.replace("XL1D", "XL1S") if dynamic else text.replace("XL1S", "XL1D")
    assert cards.read(other, mark) == "forged"


@pytest.mark.rule("R6-040")
def test_a_code_stands_as_the_setting_says() -> None:
    later = NOW + timedelta(minutes=3)
    assert cards.standing(later, None, NOW, "once") == "valid"
    assert cards.standing(later, NOW, NOW, "once") == "used"
    assert cards.standing(later, NOW, NOW, "validity") == "valid"
    assert cards.standing(NOW, None, NOW, "validity") == "expired"
