"""Legality, how a prescription is written, quantities and long prescriptions."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from tests.care.prescribing.cases import (
    ADULT,
    CHIEF,
    CLINIC,
    DAY,
    ONLINE,
    by_name,
    codes,
    formula,
    found,
    line,
    rx,
    told,
)
from xinglin.care.prescribing.forms import (
    DrugLine,
    LongTerm,
    Patient,
    SecondSignature,
    Setting,
    SliceLine,
    age_on,
    outstanding,
    prescriber,
)
from xinglin.care.prescribing.quantities import BEIJING, days_supply, packs_for, valid_until
from xinglin.security.credentials import Credential, Site, Standing

PLAIN = line("苯磺酸氨氯地平片", days=7)
FIVE = (
    "苯磺酸氨氯地平片",
    "盐酸二甲双胍片",
    "阿托伐他汀钙片",
    "阿司匹林肠溶片",
    "氯雷他定片",
)


def test_a_sound_prescription_is_left_alone() -> None:
    assert codes(found(rx(PLAIN))) == set()


@pytest.mark.rule("R3-012", "R3-040", "R3-042")
def test_who_may_not_prescribe_is_stopped() -> None:
    assert told(found(rx(PLAIN), prescriber=replace(CHIEF, physician=False)), "L1") == [("block", ())]
    assert told(found(rx(PLAIN), prescriber=replace(CHIEF, here=False)), "L2") == [("block", ())]
    assistant = replace(CHIEF, assistant=True)
    assert "L2" in codes(found(rx(PLAIN), prescriber=assistant), "block")
    assert codes(found(rx(PLAIN), prescriber=replace(assistant, countersigned=True))) == set()
    assert codes(found(rx(PLAIN), prescriber=replace(assistant, primary=True))) == set()
    assert codes(found(rx(PLAIN), prescriber=None)) == set()
    patent = rx(line("连花清瘟胶囊"), diagnoses=("J06.900",))
    assert codes(found(patent, prescriber=replace(CHIEF, rights=frozenset({"western"}))), "block") == {"L3"}
    restricted = rx(line("头孢克肟胶囊"), diagnoses=("J20.900",))
    for level, stopped in (("", True), ("non-restricted", True), ("restricted", False), ("special", False)):
        one = found(restricted, prescriber=replace(CHIEF, antibiotic=level))  # type: ignore[arg-type]
        assert ("L3" in codes(one, "block")) is stopped, level
    narcotic = rx(line("硫酸吗啡缓释片"), kind="narcotic", diagnoses=("C34.900x001",))
    assert "L3" in codes(found(narcotic, prescriber=replace(CHIEF, narcotic=False)), "block")
    assert "L3" not in codes(found(narcotic))


@pytest.mark.rule("R3-012")
def test_dihydroetorphine_is_for_hospitals_of_level_two() -> None:
    one = rx(line("盐酸二氢埃托啡舌下片", days=1, loose=True), kind="narcotic", diagnoses=("C34.900x001",))
    assert "L3" in codes(found(one, prescriber=replace(CHIEF, institution_level=1)), "block")
    assert codes(found(one, prescriber=replace(CHIEF, institution_level=2)), "block") == set()


@pytest.mark.rule("R3-041")
def test_an_emergency_allows_an_antibiotic_above_the_level_for_a_day() -> None:
    junior = replace(CHIEF, antibiotic="non-restricted")
    emergency = Setting("emergency", "20")
    drug = by_name("头孢克肟胶囊")
    day = line(drug.name, days=1, quantity=1)
    assert told(found(rx(day, kind="emergency"), prescriber=junior, setting=emergency), "L3") == [("sign", (1,))]
    two = line(drug.name, days=2, quantity=1)
    assert told(found(rx(two, kind="emergency"), prescriber=junior, setting=emergency), "L3") == [("block", (1,))]


@pytest.mark.rule("R1-054")
def test_special_use_is_never_for_outpatients() -> None:
    special = rx(line("注射用美罗培南", days=1), diagnoses=("J18.900",))
    for setting in (CLINIC, ONLINE, Setting("emergency")):
        assert ("block", (1,)) in told(found(special, setting=setting), "L3")
    assert "L3" not in codes(found(special, setting=Setting("inpatient")))


@pytest.mark.rule("R3-002")
def test_controlled_drugs_stand_on_the_prescription_of_their_kind() -> None:
    morphine, sedative = line("盐酸吗啡片", days=1, loose=True), line("艾司唑仑片")
    for kind, one, weights in (
        ("ordinary", morphine, [("block", (1,))]),
        ("narcotic", morphine, []),
        ("ordinary", sedative, [("warn", (1,))]),
        ("psychotropic-2", sedative, []),
        ("psychotropic-2", morphine, [("block", (1,))]),
        ("narcotic", sedative, []),
    ):
        assert told(found(rx(one, kind=kind)), "S1") == weights


@pytest.mark.rule("R2-025")
def test_what_a_machine_wrote_is_refused() -> None:
    generated = replace(PLAIN, source="ai-generated")
    assert [(one.rule, one.weight) for one in found(rx(generated)) if one.code == "L1"] == [("R2-025", "block")]


@pytest.mark.rule("R3-001", "R3-008")
def test_a_diagnosis_and_a_medicine_must_stand_there() -> None:
    assert "S2" in codes(found(rx(PLAIN, diagnoses=())), "block")
    assert "S2" not in codes(found(rx(PLAIN, diagnoses=(), special_use=True)))
    assert "S2" in codes(found(rx()), "block")


@pytest.mark.rule("R3-003")
def test_five_kinds_pass_and_six_do_not() -> None:
    lines = tuple(line(name, days=3) for name in FIVE)
    assert "S5" not in codes(found(rx(*lines)))
    assert told(found(rx(*lines, line("甲钴胺片"))), "S5") == [("block", ())]
    assert told(found(rx(PLAIN, PLAIN)), "S5") == [("block", (1, 2))]
    mixed = rx(PLAIN, SliceLine("黄芪", Decimal(10)), doses=7, usage="水煎服", tcm_disease="x", tcm_syndrome="y")
    assert told(found(mixed), "S4") == [("block", (2,))]


@pytest.mark.rule("R3-004")
def test_an_age_is_exact_and_an_infant_is_weighed() -> None:
    assert age_on(date(2026, 11, 10), DAY).shown == "12天"
    assert age_on(date(2026, 5, 23), DAY).shown == "5月"
    assert age_on(date(2026, 5, 22), DAY).shown == "6月"
    assert (age_on(date(2020, 11, 23), DAY).years, age_on(date(2020, 11, 22), DAY).years) == (5, 6)
    with pytest.raises(ValueError, match="born after"):
        age_on(date(2026, 11, 23), DAY)
    infant = Patient(born=date(2026, 2, 1), sex="male")
    assert "S3" in codes(found(rx(line("蒙脱石散"), diagnoses=("A09.900",)), infant), "warn")
    heavy = replace(infant, weight_kg=Decimal(8))
    assert "S3" not in codes(found(rx(line("蒙脱石散"), diagnoses=("A09.900",)), heavy))


@pytest.mark.rule("R3-005")
def test_names_are_the_catalogues() -> None:
    assert told(found(rx(replace(PLAIN, drug="D9999"))), "S6") == [("block", (1,))]
    assert told(found(rx(replace(PLAIN, name="络活喜"))), "S6") == [("warn", (1,))]
    assert "S6" not in codes(found(rx(replace(PLAIN, name="苯磺酸氨氯地平片"))))


@pytest.mark.rule("R3-007")
@pytest.mark.parametrize(
    "wrong",
    [
        {"words": "遵医嘱"},
        {"words": "自用"},
        {"dose": None},
        {"dose": Decimal(0)},
        {"unit": "mL"},
        {"frequency": "常用"},
        {"route": ""},
        {"days": None},
        {"quantity": 0},
    ],
)
def test_vague_usage_is_refused(wrong: dict[str, object]) -> None:
    assert ("block", (1,)) in told(found(rx(replace(PLAIN, **wrong))), "S7")  # type: ignore[arg-type]


@pytest.mark.rule("R3-009")
def test_a_formula_says_doses_and_usage() -> None:
    sound = formula("党参", "白术")
    assert codes(found(sound)) == set()
    assert "S9" in codes(found(replace(sound, doses=None)), "block")
    assert "S9" in codes(found(replace(sound, usage="")), "block")
    plain = replace(sound, lines=(SliceLine("薄荷", Decimal(6)),))
    assert told(found(plain), "T2") == [("warn", (1,))]
    assert "T2" not in codes(found(replace(sound, lines=(SliceLine("薄荷", Decimal(6), "后下"),))))


# -- quantities -------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R3-020")
def test_validity_ends_with_the_day_or_two_days_later() -> None:
    assert valid_until(DAY) == datetime(2026, 11, 22, 23, 59, 59, tzinfo=BEIJING)
    assert valid_until(DAY, 2) == datetime(2026, 11, 24, 23, 59, 59, tzinfo=BEIJING)
    for extra in (3, -1):
        with pytest.raises(ValueError, match="3 days"):
            valid_until(DAY, extra)
        assert "S8" in codes(found(rx(PLAIN, extra_days=extra)), "block")
    assert "S8" not in codes(found(rx(PLAIN, extra_days=2)))


@pytest.mark.rule("R3-021")
def test_days_and_packages_follow_from_dose_and_strength() -> None:
    drug = by_name("苯磺酸氨氯地平片")  # 5 mg, packs of 7
    assert days_supply(drug, replace(PLAIN, quantity=2)) == 14
    assert days_supply(drug, replace(PLAIN, quantity=2, dose=Decimal(10))) == 7
    assert days_supply(drug, replace(PLAIN, quantity=1, frequency="qod")) == 14
    assert days_supply(drug, replace(PLAIN, dose=Decimal("0.005"), unit="g")) == 7
    assert days_supply(drug, replace(PLAIN, dose=Decimal("0.5"), unit="片")) == 14
    assert days_supply(drug, replace(PLAIN, dose=None)) is None
    assert [packs_for(drug, PLAIN, days) for days in (0, 1, 7, 8, 28)] == [1, 1, 1, 2, 4]
    weekly = by_name("阿仑膦酸钠片")
    assert days_supply(weekly, line(weekly.name, days=7, quantity=1)) == Fraction(7 * weekly.pack)
    drops = by_name("左氧氟沙星滴眼液")
    assert days_supply(drops, line(drops.name)) is None


@pytest.mark.rule("R3-021", "R3-022")
def test_seven_days_pass_and_eight_need_a_reason() -> None:
    eight = line("盐酸二甲双胍片", days=8)
    diabetic = {"diagnoses": ("E11.900",)}
    assert "S8" not in codes(found(rx(line("盐酸二甲双胍片", days=7), **diabetic)))
    assert [(one.rule, one.weight) for one in found(rx(eight, **diabetic)) if one.code == "S8"] == [("R3-022", "block")]
    for reason in ("chronic", "geriatric", "remote", "other"):
        assert "S8" not in codes(found(rx(eight, extension_reason=reason, **diabetic)))
    assert "S8" in codes(found(rx(line("盐酸二甲双胍片", days=31), extension_reason="chronic", **diabetic)), "block")
    four = line("盐酸氨溴索片", days=4)
    emergency = {"kind": "emergency", "diagnoses": ("J20.900",)}
    assert "S8" in codes(found(rx(four, **emergency), setting=Setting("emergency")), "block")
    assert "S8" not in codes(found(rx(line("盐酸氨溴索片", days=3), **emergency), setting=Setting("emergency")))
    # The place counts where the kind is another.
    urgent = rx(four, diagnoses=("J20.900",))
    assert "S8" in codes(found(urgent, setting=Setting("emergency")), "block")
    # More packages than the least that cover the days, though the days are few.
    many = replace(PLAIN, days=7, quantity=2)
    assert "S8" in codes(found(rx(many)), "block")
    assert "S8" in codes(found(formula("党参", doses=8)), "block")
    assert "S8" not in codes(found(formula("党参", doses=7)))


@pytest.mark.rule("R3-021")
def test_a_quantity_that_does_not_agree_is_said() -> None:
    assert told(found(rx(replace(PLAIN, days=3, quantity=1))), "A3") == []
    short = line("盐酸二甲双胍片", days=7, dose=Decimal(2), quantity=1)
    findings = found(rx(replace(PLAIN, days=14, quantity=1), short, extension_reason="chronic"))
    assert ("note", (1,)) in told(findings, "A3")
    assert ("warn", (1,)) in told(found(rx(replace(PLAIN, quantity=2), extension_reason="chronic")), "A3")


@pytest.mark.parametrize(
    ("name", "days", "given", "stopped"),
    [
        ("盐酸吗啡注射液", 1, {}, False),
        ("盐酸吗啡注射液", 3, {}, True),
        ("盐酸吗啡注射液", 3, {"severe_pain": True}, False),
        ("硫酸吗啡缓释片", 7, {}, False),
        ("硫酸吗啡缓释片", 8, {}, True),
        ("硫酸吗啡缓释片", 15, {"severe_pain": True}, False),
        ("硫酸吗啡缓释片", 16, {"severe_pain": True}, True),
        ("盐酸吗啡片", 3, {}, False),
        ("盐酸吗啡片", 4, {}, True),
        ("盐酸吗啡片", 7, {"severe_pain": True}, False),
        ("盐酸哌甲酯片", 15, {"diagnoses": ("F90.000",)}, False),
        ("盐酸哌甲酯片", 16, {"diagnoses": ("F90.000",)}, True),
        ("盐酸哌甲酯片", 4, {"diagnoses": ("G47.400",)}, True),
        ("艾司唑仑片", 7, {"diagnoses": ("G47.000",)}, False),
        ("艾司唑仑片", 14, {"diagnoses": ("G47.000",)}, True),
        ("艾司唑仑片", 14, {"diagnoses": ("G47.000",), "extension_reason": "chronic"}, False),
    ],
)
@pytest.mark.rule("R3-021")
def test_controlled_drugs_by_kind_form_and_purpose(
    name: str, days: int, given: dict[str, str], *, stopped: bool
) -> None:
    one = line(name, days=days, loose=True, frequency="st" if name.endswith("注射液") else by_name(name).frequency)
    assert (
        "S8" in codes(found(rx(one, **{"kind": "narcotic", "diagnoses": ("C34.900x001",)} | given)), "block")
    ) is stopped


# -- long prescriptions -----------------------------------------------------------------------------------------------

STABLE = LongTerm(first=False, evaluated=True, stable=True)


def long(days: int, name: str = "苯磺酸氨氯地平片", **given: object) -> set[str]:
    one = rx(line(name, days=days), long=replace(STABLE, **given), extension_reason="chronic")  # type: ignore[arg-type]
    return {finding.rule for finding in found(one) if finding.code == "S8" and finding.weight == "block"}


@pytest.mark.rule("R3-034")
def test_four_weeks_and_twelve_weeks() -> None:
    assert long(28) == set()
    assert long(35) == {"R3-034"}
    assert long(35, consented=True) == set()
    assert long(84, consented=True) == set()
    assert long(85, consented=True) == {"R3-021"}


@pytest.mark.rule("R3-030", "R3-032", "R3-033")
def test_a_long_prescription_is_for_the_stable_by_whoever_may() -> None:
    assert long(28, stable=False) == {"R3-030"}
    assert long(28, evaluated=False) == {"R3-033"}
    assert long(28, evaluated=False, first=True) == {"R3-032"}
    first = rx(line("苯磺酸氨氯地平片", days=28), long=replace(STABLE, first=True))
    assert "S8" in codes(found(first, prescriber=replace(CHIEF, title_level="junior")), "block")
    assert "S8" not in codes(found(first, prescriber=replace(CHIEF, title_level="intermediate")))
    assert "S8" in codes(found(first, prescriber=replace(CHIEF, institution_level=1)), "block")
    assert "S8" not in codes(found(first, prescriber=replace(CHIEF, institution_level=1, primary=True)))


@pytest.mark.rule("R3-037")
def test_a_long_prescription_online_passes_both_sets() -> None:
    one = rx(line("艾司唑仑片", days=28), long=STABLE, diagnoses=("G47.000",))
    online, clinic = ({finding.rule for finding in found(one, setting=setting)} for setting in (ONLINE, CLINIC))
    assert {"R1-050", "R3-031"} <= online
    assert "R1-050" not in clinic
    assert "R3-034" in {f.rule for f in found(rx(line("苯磺酸氨氯地平片", days=35), long=STABLE), setting=ONLINE)}


@pytest.mark.rule("R3-031")
@pytest.mark.parametrize(
    ("name", "diagnosis", "kept_out"),
    [
        ("艾司唑仑片", "G47.000", True),
        ("头孢呋辛酯片", "J44.900", True),
        ("左氧氟沙星片", "A15.000", False),
        ("甘精胰岛素注射液", "E11.900", True),
        ("苯磺酸氨氯地平片", "I10.x00x002", False),
    ],
)
def test_what_no_long_prescription_holds(name: str, diagnosis: str, *, kept_out: bool) -> None:
    one = rx(line(name, days=28), long=STABLE, diagnoses=(diagnosis,))
    assert ("R3-031" in {finding.rule for finding in found(one)}) is kept_out


# -- second signatures and credentials --------------------------------------------------------------------------------


@pytest.mark.rule("R3-006")
def test_an_overdose_goes_on_with_a_second_signature_and_a_reason() -> None:
    over = rx(line("布洛芬缓释胶囊", dose=Decimal(800), frequency="tid"), diagnoses=("M54.500",))
    findings = found(over)
    assert ("sign", (1,)) in told(findings, "A3")
    assert [one.code for one in outstanding(findings, ())] == ["A3"]
    assert outstanding(findings, (SecondSignature("A3", "住院期间监测"),)) == ()
    assert outstanding(findings, (SecondSignature("A3", "住院期间监测", (1,)),)) == ()
    assert len(outstanding(findings, (SecondSignature("A3", " "),))) == 1
    assert len(outstanding(findings, (SecondSignature("A3", "住院期间监测", (2,)),))) == 1
    most = line("布洛芬缓释胶囊", dose=by_name("布洛芬缓释胶囊").max_daily, frequency="qd")
    assert "A3" not in codes(found(rx(most, diagnoses=("M54.500",))))


def test_rights_are_read_from_credentials() -> None:
    practising = Credential("practising", "1", level="assistant-physician", since=DAY - timedelta(days=400))
    standing = Standing("Practitioner/1", credentials=(practising,), title_level="junior")
    site = Site("PractitionerRole/1", "Organization/1", rights=frozenset({"western"}), antibiotic="restricted")
    made = prescriber(standing, site, DAY, institution_level=2, primary=False)
    assert (made.physician, made.here, made.assistant, made.antibiotic) == (True, True, True, "restricted")
    ended = replace(site, until=DAY - timedelta(days=1))
    assert not prescriber(standing, ended, DAY, institution_level=2, primary=False).here
    assert not prescriber(replace(standing, active=False), site, DAY, institution_level=2, primary=False).physician
    assert codes(found(rx(PLAIN), ADULT, prescriber=made), "block") == {"L2"}


def test_a_line_for_nothing_known_is_judged_by_what_is_known() -> None:
    unknown = DrugLine("", Decimal(1), "片", "qd", "口服", 3, 1)
    assert codes(found(rx(unknown)), "block") == {"S6"}


@pytest.mark.rule("R3-021")
def test_no_package_of_a_narcotic_is_rounded_up_to() -> None:
    one = line("盐酸吗啡注射液", days=1, frequency="st", loose=True, quantity=1)
    pain = {"kind": "narcotic", "diagnoses": ("C34.900x001",)}
    assert "S8" not in codes(found(rx(one, **pain)))
    for more in (replace(one, quantity=2), replace(one, loose=False)):
        assert "S8" in codes(found(rx(more, **pain)), "block")
