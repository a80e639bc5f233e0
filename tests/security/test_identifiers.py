"""National numbers: the vectors of the books, their edges, and what must hold of every number."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.fhir.outcome import Issue
from xinglin.security import identifiers as ids
from xinglin.security.identifiers import PersonNumber

TODAY = date(2026, 11, 22)


def keys(found: PersonNumber | tuple[Issue, ...]) -> list[str]:
    return [] if isinstance(found, PersonNumber) else [issue.key for issue in found]


def made(area: str, born: date, sequence: int) -> str:
    first = f"{area}{born:%Y%m%d}{sequence:03d}"
    return first + ids.person_check(first)


births = st.dates(date(1900, 1, 1), TODAY)
areas = st.sampled_from(sorted(ids.PROVINCES - {"71", "81", "82"})).map(lambda province: province + "0802")
numbers = st.builds(made, areas, births, st.integers(0, 999))


# -- persons


@pytest.mark.rule("R6-001")
@pytest.mark.parametrize(
    ("number", "gender", "born"),
    [
        ("11010519491231002X", "female", date(1949, 12, 31)),
        ("410802199003071239", "male", date(1990, 3, 7)),
        ("41082319580715456X", "female", date(1958, 7, 15)),
        (" 41082319580715456x ", "female", date(1958, 7, 15)),
        ("４１０８０２１９９００３０７１２３９", "male", date(1990, 3, 7)),
    ],
)
def test_the_sound_numbers_of_the_book_are_read(number: str, gender: str, born: date) -> None:
    read = ids.person_number(number, TODAY)
    assert isinstance(read, PersonNumber)
    assert (read.kind, read.gender, read.born) == ("resident", gender, born)


@pytest.mark.rule("R6-001")
@pytest.mark.parametrize(
    ("number", "faults"),
    [
        ("410802201902290013", ["person-number-date"]),
        ("410802199003071238", ["person-number-check"]),
        ("990802199003071239", ["person-number-area", "person-number-check"]),
        (made("410802", TODAY + timedelta(days=1), 1), ["person-number-future"]),
        (made("410802", date(1895, 11, 22), 1), ["person-number-age"]),
        ("41080219900307123", ["person-number-form"]),
        ("41080219900307123A", ["person-number-form"]),
        ("", ["person-number-form"]),
        ("410802900307123", ["person-number-form"]),
        ("٤10802199003071239", ["person-number-form"]),
    ],
)
def test_a_wrong_number_is_explained(number: str, faults: list[str]) -> None:
    assert keys(ids.person_number(number, TODAY)) == faults


def test_someone_born_today_and_someone_of_130_years_have_sound_numbers() -> None:
    assert isinstance(ids.person_number(made("410802", TODAY, 1), TODAY), PersonNumber)
    assert isinstance(ids.person_number(made("410802", date(1895, 11, 23), 1), TODAY), PersonNumber)


@pytest.mark.rule("R6-001")
@given(numbers)
def test_every_number_with_its_check_character_is_sound_and_tells_its_sex(number: str) -> None:
    read = ids.person_number(number, TODAY)
    assert isinstance(read, PersonNumber)
    assert (read.gender == "male") == (int(number[16]) % 2 == 1)


@pytest.mark.rule("R6-001")
@given(numbers, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(number: str, place: int, shift: int) -> None:
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    assert "person-number-check" in keys(ids.person_number(wrong, TODAY))


@pytest.mark.rule("R6-001")
@given(numbers, st.integers(0, 15))
def test_two_swapped_neighbours_are_always_found(number: str, place: int) -> None:
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert swapped == number or keys(ids.person_number(swapped, TODAY))


@given(st.text(max_size=30))
def test_any_text_is_answered(text: str) -> None:
    assert isinstance(ids.person_number(text, TODAY), PersonNumber) or keys(ids.person_number(text, TODAY))
    assert isinstance(ids.uscc_faults(text), tuple)
    assert isinstance(ids.institution_licence_faults(text), tuple)
    assert ids.qualification_faults(text, person=None, today=TODAY)
    assert isinstance(ids.practising_faults(text), tuple)
    ids.expanded(text)


@pytest.mark.rule("R6-002")
@given(areas, st.dates(date(1900, 1, 1), date(1999, 12, 31)), st.integers(0, 999))
def test_an_old_number_is_expanded_to_its_new_form_for_searching(area: str, born: date, sequence: int) -> None:
    new = made(area, born, sequence)
    old = new[:6] + new[8:17]
    assert ids.expanded(old) == new
    assert keys(ids.person_number(old, TODAY)) == ["person-number-form"]


@pytest.mark.rule("R6-002")
@pytest.mark.parametrize("text", ["410802900230123", "41080290030712", "4108029003071234", "41080290030712X"])
def test_what_is_no_old_number_is_not_expanded(text: str) -> None:
    assert ids.expanded(text) is None


@pytest.mark.rule("R6-001", "R6-002")
@pytest.mark.parametrize(
    ("value", "searched"),
    [
        ("410802900307123", "410802900307123,410802199003071239"),
        (
            f"{ids.IDENTITY_CARD}|410802900307123",
            f"{ids.IDENTITY_CARD}|410802900307123,{ids.IDENTITY_CARD}|410802199003071239",
        ),
        ("41082319580715456x", "41082319580715456x,41082319580715456X"),
        ("41082319580715456X", "41082319580715456X"),
        ("urn:other|410802900307123", "urn:other|410802900307123"),
        ("a,b|c,,", "a,b|c,,"),
        ("", ""),
    ],
)
def test_a_search_looks_for_the_spelling_that_is_kept(value: str, searched: str) -> None:
    assert ids.searched(value) == searched


@pytest.mark.rule("R6-003")
@pytest.mark.parametrize(
    ("area", "kind"),
    [
        ("810000", "residence-permit"),
        ("820000", "residence-permit"),
        ("830000", "residence-permit"),
        ("941840", "permanent-resident"),
        ("410802", "resident"),
    ],
)
def test_permits_have_the_structure_of_resident_numbers(area: str, kind: str) -> None:
    read = ids.person_number(made(area, date(1990, 3, 7), 12), TODAY)
    assert isinstance(read, PersonNumber)
    assert read.kind == kind


@pytest.mark.rule("R6-003")
@pytest.mark.parametrize("area", ["830001", "999840", "000000"])
def test_an_area_that_gives_out_no_such_number_is_refused(area: str) -> None:
    assert keys(ids.person_number(made(area, date(1990, 3, 7), 12), TODAY)) == ["person-number-area"]


@pytest.mark.rule("R6-003")
def test_the_kinds_of_documents_are_those_of_the_national_table(shared: Path) -> None:
    table = (shared / "reference/tables/small_code_tables.csv").read_text(encoding="utf-8")
    rows = [line.split(",") for line in table.splitlines() if line.startswith("id_doc,")]
    assert {row[2]: row[3] for row in rows} == {code: zh for code, (zh, _) in ids.DOCUMENT_KINDS.items()}


@pytest.mark.rule("R6-004")
@pytest.mark.parametrize(
    ("gender", "born", "faults"),
    [
        ("male", "1990-03-07", []),
        ("male", "1990", []),
        ("male", "1990-03", []),
        (None, None, []),
        ("unknown", None, []),
        ("female", None, ["person-number-sex"]),
        ("male", "1990-03-08", ["person-number-birth"]),
        ("female", "1991", ["person-number-sex", "person-number-birth"]),
    ],
)
def test_sex_and_birth_date_must_agree_with_the_number(gender: str | None, born: str | None, faults: list[str]) -> None:
    read = ids.person_number("410802199003071239", TODAY)
    assert isinstance(read, PersonNumber)
    assert keys(ids.disagreements(read, gender=gender, born=born)) == faults


# -- bodies


@pytest.mark.rule("R6-010")
@pytest.mark.parametrize("code", ["91350100M000100Y43", "1241080041574321XC", "91350100m000100y43"])
def test_the_sound_credit_codes_of_the_book_pass(code: str) -> None:
    assert ids.uscc_faults(code) == ()


@pytest.mark.rule("R6-010")
@pytest.mark.parametrize(
    ("code", "faults"),
    [
        ("91350100M000100Y44", ["uscc-check"]),
        ("91350100M000100Y4", ["uscc-form"]),
        ("91350100M000100I43", ["uscc-alphabet"]),
        ("01350100M000100Y43", ["uscc-department", "uscc-check"]),
        ("913501A0M000100Y43", ["uscc-area", "uscc-check"]),
    ],
)
def test_a_wrong_credit_code_is_explained(code: str, faults: list[str]) -> None:
    assert keys(ids.uscc_faults(code)) == faults


@pytest.mark.rule("R6-010")
@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17), st.integers(0, 16), st.integers(1, 30))
def test_one_wrong_character_of_a_credit_code_is_always_found(first: str, place: int, shift: int) -> None:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    wrong = alphabet[(alphabet.index(first[place]) + shift) % 31]
    assert ids.uscc_check(first[:place] + wrong + first[place + 1 :]) != ids.uscc_check(first)


@pytest.mark.rule("R6-011")
@pytest.mark.parametrize(
    ("code", "faults"),
    [
        ("D2143569-X", []),
        ("D2143569X", []),
        ("41574321X", []),
        ("D2143569-1", ["organization-code-check"]),
        ("D2143569", ["organization-code-form"]),
        ("D2143569Y", ["organization-code-form"]),
    ],
)
def test_organization_codes_are_checked(code: str, faults: list[str]) -> None:
    assert keys(ids.organization_code_faults(code)) == faults


def test_an_organization_code_can_have_every_check_character() -> None:
    assert {ids.organization_check(f"{number:08d}") for number in range(200)} == set("0123456789X")


@pytest.mark.rule("R6-020", "R6-021")
@pytest.mark.parametrize(
    ("code", "faults"),
    [
        ("41574321X41080211A1001", []),
        ("410802000112", []),
        ("990802000112", ["licence-area"]),
        ("41574321X41080211A100", ["licence-form"]),
        ("415743211" + "41080211A1001", ["licence-organization-code"]),
        ("41574321X99080211A1001", ["licence-area"]),
        ("41574321X4108021BA1001", ["licence-economy"]),
        ("41574321X4108021111001", ["licence-category"]),
        ("41574321X41080211A1003", ["licence-management"]),
    ],
)
def test_licence_numbers_are_checked_part_by_part(code: str, faults: list[str]) -> None:
    assert keys(ids.institution_licence_faults(code)) == faults


@pytest.mark.rule("R6-021")
def test_every_category_of_the_national_table_fits_into_a_licence_number(shared: Path) -> None:
    table = (shared / "reference/tables/ws218_institution_type.csv").read_text(encoding="utf-8")
    categories = [line.split(",")[0] for line in table.splitlines()[1:]]
    assert categories
    assert [code for code in categories if ids.institution_licence_faults(f"41574321X41080211{code}1")] == []


# -- practitioners

PERSON = "410802199003071239"


@pytest.mark.rule("R6-030")
@pytest.mark.parametrize(
    ("code", "faults"),
    [
        ("201541110" + PERSON, []),
        ("201541110" + "410802900307123", []),
        ("201541310" + PERSON, ["qualification-level"]),
        ("203041110" + PERSON, ["qualification-year"]),
        ("201599110" + PERSON, ["qualification-area"]),
        ("201541199" + PERSON, ["qualification-category"]),
        ("201541110" + "410802199003071238", ["qualification-person"]),
        ("201541110" + "41082319580715456X", ["qualification-holder"]),
        ("201541110" + "410802900230123", ["qualification-person"]),
        ("201541110", ["qualification-form"]),
    ],
)
def test_a_qualification_certificate_carries_its_holders_number(code: str, faults: list[str]) -> None:
    assert keys(ids.qualification_faults(code, person=PERSON, today=TODAY)) == faults


def test_without_the_holders_number_only_the_structure_is_judged() -> None:
    assert ids.qualification_faults("201541110" + "41082319580715456X", person=None, today=TODAY) == ()


@pytest.mark.rule("R6-031")
@pytest.mark.parametrize(
    ("code", "faults", "refused"),
    [
        ("110410802000123", [], False),
        ("241410802000123", [], False),
        ("310410802000123", ["practising-level"], True),
        ("11041080200012", ["practising-form"], True),
        ("11041080200012X", ["practising-form"], True),
        ("199410802000123", ["practising-category"], False),
        ("110990802000123", ["practising-area"], False),
    ],
)
def test_a_practising_certificate_is_refused_by_length_digits_and_level_only(
    code: str, faults: list[str], *, refused: bool
) -> None:
    found = ids.practising_faults(code)
    assert keys(found) == faults
    assert any(issue.severity == "error" for issue in found) == refused


@pytest.mark.rule("R6-033")
@pytest.mark.parametrize(
    ("code", "faults"),
    [
        ("201541000123", []),
        ("20154100012", ["nurse-form"]),
        ("202741000123", ["nurse-year"]),
        ("201599000123", ["nurse-area"]),
    ],
)
def test_a_nurses_certificate_number_is_checked(code: str, faults: list[str]) -> None:
    assert keys(ids.nurse_faults(code, TODAY)) == faults


@pytest.mark.rule("R6-044")
@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("A1b2C3d4E5f6", ()),
        ("short", ("network-identity",)),
        ("有名字的网号12345", ("network-identity",)),
        ("x" * 65, ("network-identity",)),
        ("AB410802199003071234", ("network-identity-plain",)),
        ("13800001234", ("network-identity-plain",)),
        ("ZZ13800001234", ()),  # eleven digits among letters may be chance
    ],
)
def test_a_network_number_tells_nothing_of_the_person(value: str, wrong: tuple[str, ...]) -> None:
    assert tuple(issue.key for issue in ids.network_identity_faults(value)) == wrong
