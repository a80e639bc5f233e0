import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

import pytest

from tests.tables import book_lists
from xinglin.fhir import ucum
from xinglin.tables import catalogues
from xinglin.tables.catalogues import (
    Drug,
    LabItem,
    Range,
    clash,
    drug,
    drugs,
    interpretation,
    lab,
    labs,
    reference,
    service,
    services,
    slices,
    tcm_slice,
)
from xinglin.tables.codes import by_code, concepts

LEVELS = {1: 1, 2: 3, 3: 4, 4: 5, 5: 7}


def doubles(found: Iterable[object]) -> list[object]:
    return [value for value, count in Counter(found).items() if count > 1]


def named(substance: str) -> list[Drug]:
    return [one for one in drugs() if substance in {one.substance, one.name}]


def test_there_are_drugs_enough() -> None:
    assert len(drugs()) >= 600
    assert len({one.substance for one in drugs()}) >= 450
    assert sum(one.kind == "中成药" for one in drugs()) >= 80
    assert not doubles(one.code for one in drugs())
    assert not doubles((one.name, one.strength) for one in drugs())
    assert not doubles((one.substance, one.form, one.strength, one.route) for one in drugs() if one.atc)


def test_words_of_drugs_come_from_small_sets() -> None:
    for one in drugs():
        assert one.insurance in {"甲", "乙", "丙"}, one
        assert one.antibiotic in {"", "非限制", "限制", "特殊"}, one
        assert one.control in {"", "麻", "精一", "精二", "毒", "放"}, one
        assert one.pregnancy in {"", "禁用", "慎用", "可用"}, one
        assert one.kind in {"化学药", "生物制品", "中成药"}, one
        assert one.unit in {"片", "粒", "支", "瓶", "袋", "丸", "贴"}, one
        assert one.online_sale in {"", "禁售"}, one
        assert one.frequency in catalogues.FREQUENCIES, one
        assert one.pack > 0, one
        assert one.min_age_years is None or 0 < one.min_age_years <= 25, one


def test_no_dose_is_above_the_most_in_a_day() -> None:
    for one in drugs():
        if one.adult_dose is None:
            continue
        assert one.adult_dose > 0, one
        if one.max_daily is not None:
            often = max(one.doses_a_day or Fraction(1), Fraction(1))
            assert Fraction(one.adult_dose) * often <= Fraction(one.max_daily), one


def test_a_counted_drug_says_what_one_holds() -> None:
    for one in drugs():
        if one.unit in {"片", "粒", "袋", "丸"} and one.route == "口服":
            assert one.amount is not None, one
            if one.adult_dose is not None and one.unit in {"片", "粒"}:
                assert Decimal("0.1") <= one.adult_dose / one.amount <= 16, one


@pytest.mark.parametrize(
    ("name", "amount"),
    [("苯磺酸氨氯地平片", "5"), ("盐酸二甲双胍片", "500"), ("乳果糖口服溶液", "100"), ("硫软膏", "25")],
)
def test_amount_is_in_the_unit_of_the_dose(name: str, amount: str) -> None:
    assert [one.amount for one in drugs() if one.name == name] == [Decimal(amount)]


def test_a_puffer_holds_puffs_and_a_dropper_nothing_that_is_said() -> None:
    found = {one.name: one.amount for one in drugs()}
    assert found["硫酸沙丁胺醇吸入气雾剂"] == 200
    assert found["左氧氟沙星滴眼液"] is None


def test_atc_codes_have_their_shape_and_their_classes() -> None:
    known = by_code("atc")
    for one in drugs():
        if one.kind == "中成药":
            assert one.atc == "", one
            continue
        # WHO gives some Chinese drugs and mixtures no substance of their own: then the class alone is said.
        assert re.fullmatch(r"[A-Z]\d\d[A-Z]([A-Z](\d\d)?)?", one.atc), one
        assert one.atc in known, one
    assert sum(len(one.atc) == 7 for one in drugs()) >= 850
    for concept in concepts("atc"):
        assert len(concept.code) == LEVELS[int(concept.properties["level"])]
        assert concept.parent == concept.code[: {1: 0, 3: 1, 4: 3, 5: 4, 7: 5}[len(concept.code)]]


def test_a_class_holds_what_a_physician_expects() -> None:
    for atc, substances in {
        "C09A": {"卡托普利", "依那普利", "贝那普利"},
        "C10AA": {"阿托伐他汀", "瑞舒伐他汀"},
        "A10A": {"甘精胰岛素", "门冬胰岛素"},
        "J04A": {"异烟肼", "利福平", "吡嗪酰胺", "乙胺丁醇"},
        "N05A": {"氯氮平", "奥氮平", "利培酮"},
        "J01DH": {"美罗培南"},
        "N02AA": {"吗啡", "羟考酮"},
    }.items():
        assert substances <= {one.substance for one in drugs() if one.atc.startswith(atc)}


def test_systemic_antibacterials_have_a_level_and_tuberculostatics_none() -> None:
    for one in drugs():
        if one.atc.startswith(("J01", "J02")) and not one.atc.startswith("J01GA"):
            assert one.antibiotic, one
        if one.atc.startswith("J04"):
            assert not one.antibiotic, one


def test_what_is_controlled_is_never_sold_online() -> None:
    for one in drugs():
        if one.control or (one.form in {"注射液", "注射用无菌粉末"} and not one.atc.startswith("A10")):
            assert one.online_sale == "禁售", one
    assert {one.online_sale for one in drugs() if one.atc.startswith("A10A")} == {""}
    assert {one.control for one in named("氨酚羟考酮片")} == {"精二"}


@pytest.mark.parametrize("substance", book_lists.NOT_SOLD_ONLINE)
def test_a_drug_of_the_banned_list_is_known_as_not_sold_online(substance: str) -> None:
    found = named(substance)
    assert found
    # Skin and eye forms of the antibacterials of the list may be sold.
    assert all(one.online_sale == "禁售" or one.route in {"外用", "滴眼"} for one in found)
    assert any(one.online_sale == "禁售" for one in found)


@pytest.mark.parametrize(("name", "days"), book_lists.COURSES)
def test_a_drug_with_a_limited_course_says_its_days(name: str, days: int) -> None:
    found = [one for one in drugs() if name in one.name and one.course_days]
    assert found
    assert {one.course_days for one in found} == {days}


def test_a_drug_is_found_by_its_code() -> None:
    assert drug("D0001").name == "苯磺酸氨氯地平片"
    with pytest.raises(KeyError):
        drug("nothing")


def test_there_are_slices_enough_with_doses_that_rise() -> None:
    assert len(slices()) >= 300
    assert not doubles(one.code for one in slices())
    assert not doubles(word for one in slices() for word in (one.name, *one.aliases))
    for one in slices():
        assert (one.dose_low_g is None) == (one.dose_high_g is None), one
        assert one.dose_low_g is None or one.dose_high_g is None or 0 < one.dose_low_g < one.dose_high_g, one
        assert one.toxic in {"", "小毒", "有毒", "大毒"}, one
        assert one.pregnancy in {"", "慎用", "忌用", "禁用"}, one
        assert one.insurance in {"支付", "单独不予支付", "不予支付"}, one
        assert ";" in one.nature, one
        assert one.meridians, one


@pytest.mark.parametrize(
    ("words", "attribute", "value"),
    [
        (book_lists.PREGNANCY_FORBIDDEN, "pregnancy", "禁用"),
        (book_lists.PREGNANCY_AVOID, "pregnancy", "忌用"),
        (book_lists.PREGNANCY_CAUTION, "pregnancy", "慎用"),
        (book_lists.NEVER_PAID, "insurance", "不予支付"),
        (book_lists.NOT_PAID_ALONE, "insurance", "单独不予支付"),
        (book_lists.TOXIC_BY_LAW, "controlled", "毒性"),
    ],
    ids=["forbidden", "avoid", "caution", "never paid", "not paid alone", "toxic by law"],
)
def test_a_list_of_the_book_is_marked_on_its_slices(words: str, attribute: str, value: str) -> None:
    assert [word for word in words.split() if getattr(tcm_slice(word), attribute) != value] == []


def test_what_is_toxic_by_law_or_never_paid_is_no_more_than_the_lists() -> None:
    assert {one.name for one in slices() if one.controlled == "毒性"} == {
        tcm_slice(word).name for word in book_lists.TOXIC_BY_LAW.split()
    }
    assert {one.name for one in slices() if one.insurance == "不予支付"} == {
        tcm_slice(word).name for word in book_lists.NEVER_PAID.split()
    }
    assert {one.name for one in slices() if one.controlled == "麻"} == {"罂粟壳", "蜜罂粟壳"}


@pytest.mark.rule("R3-091")
@pytest.mark.parametrize(("rule", "left", "right"), book_lists.PAIRS, ids=lambda words: words.split()[0])
def test_each_pair_of_the_two_lists_clashes_either_way(rule: str, left: str, right: str) -> None:
    for one in map(tcm_slice, left.split()):
        for other in map(tcm_slice, right.split()):
            assert rule in clash(one, other), (one.name, other.name)
            assert clash(one, other) == clash(other, one)


@pytest.mark.rule("R3-091")
def test_what_only_sounds_like_a_clash_is_none() -> None:
    assert clash(tcm_slice("白附子"), tcm_slice("半夏")) == ()
    assert clash(tcm_slice("白附片"), tcm_slice("法半夏")) == ("十八反",)
    assert clash(tcm_slice("人参"), tcm_slice("黄芪")) == ()
    assert clash(tcm_slice("川乌"), tcm_slice("制川乌")) == ()


@pytest.mark.rule("R3-091")
def test_a_processed_form_stands_for_its_herb() -> None:
    assert tcm_slice("酒黄芩") is tcm_slice("黄芩")
    assert tcm_slice("麸炒枳壳") is tcm_slice("枳壳")
    assert tcm_slice("园参") is tcm_slice("人参")
    assert tcm_slice("制川乌") is not tcm_slice("川乌")
    with pytest.raises(KeyError):
        tcm_slice("酒")


def test_there_are_laboratory_items_enough() -> None:
    assert len(labs()) >= 250
    assert sum(bool(one.loinc) for one in labs()) >= 220
    assert not doubles(one.code for one in labs())
    assert not doubles(one.name for one in labs())
    assert not doubles(one.abbreviation for one in labs())
    assert not doubles(one.loinc for one in labs() if one.loinc)


def check_digit(number: str) -> int:
    """The check digit of a LOINC number (mod 10, Luhn)."""
    twice = [int(digit) * 2 for digit in number[::-2]]
    return -(sum(digit // 10 + digit % 10 for digit in twice) + sum(map(int, number[-2::-2]))) % 10


def test_loinc_codes_have_their_check_digit() -> None:
    assert check_digit("2951") == 2
    for one in labs():
        if one.loinc:
            number, digit = one.loinc.split("-")
            assert check_digit(number) == int(digit), one


@pytest.mark.parametrize("one", labs(), ids=lambda one: one.code)
def test_a_laboratory_item_says_a_unit_or_words_and_ranges_that_rise(one: LabItem) -> None:
    assert bool(one.unit) != bool(one.normal)
    assert one.specimen
    assert one.panel
    if one.unit:
        assert ucum.parse(one.unit) is not None
    ranges: list[Range] = [one.male, one.female, one.child, one.elder_male, one.elder_female]
    for low, high in ranges:
        assert low is None or high is None or low <= high
        assert not one.normal or (low, high) == (None, None)
    critical_low, critical_high = one.critical
    low, high = one.male
    assert critical_low is None or low is None or critical_low < low
    assert critical_high is None or high is None or critical_high > high


@pytest.mark.parametrize(
    ("code", "sex", "age", "low", "high"),
    [
        ("HGB", "male", 40, "130", "175"),
        ("HGB", "female", 40, "115", "150"),
        ("HGB", "female", 9, "112", "154"),
        ("CREA", "female", 59, "41", "73"),
        ("CREA", "female", 60, "41", "81"),
        ("K", "other", 70, "3.5", "5.3"),
        ("HDLC", "male", 40, "1.0", None),
        ("U-PRO", "male", 40, None, None),
    ],
)
def test_a_range_is_of_sex_and_age(code: str, sex: str, age: int, low: str | None, high: str | None) -> None:
    assert reference(lab(code), sex, age) == (low and Decimal(low), high and Decimal(high))


@pytest.mark.parametrize(
    ("value", "said"), [("2.5", "LL"), ("3.0", "L"), ("3.5", "N"), ("5.3", "N"), ("5.8", "H"), ("6.5", "HH")]
)
def test_a_value_is_told_low_high_or_critical(value: str, said: str) -> None:
    assert interpretation(lab("K"), Decimal(value), "male", 40) == said


def test_a_panel_gives_its_items_in_order() -> None:
    assert [one.code for one in catalogues.panel("血脂")][:4] == ["TC", "TG", "HDLC", "LDLC"]


def test_there_are_services_enough_with_prices_in_fen() -> None:
    assert len(services()) >= 150
    assert not doubles(one.code for one in services())
    assert not doubles(one.name for one in services())
    for one in services():
        assert one.insurance in {"甲", "乙", "丙"}, one
        assert one.pricing in {"government", "market", "special"}, one
        assert one.price_fen >= 0, one
        assert one.unit, one
    assert {"诊查", "互联网", "护理", "床位", "化验", "影像", "手术", "治疗", "中医", "材料"} <= {
        one.price_type for one in services()
    }


def test_services_over_the_network_cost_no_more_than_where_they_were_read() -> None:
    found = {one.name: one for one in services()}
    assert found["互联网复诊诊查费(三级)"].price_fen == 960
    assert found["互联网复诊诊查费(二级)"].price_fen == 800
    assert found["互联网复诊诊查费(二级以下)"].price_fen == 300
    assert found["互联网复诊诊查费(三级)"].internet
    assert not found["针刺"].internet
    assert found["药品配送费"].insurance == "丙"
    assert service(found["针刺"].code) is found["针刺"]
