"""Whether drugs suit the patient: diagnosis, dose, duplicates, interactions, contraindications, online bans, supply."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.care.prescribing.cases import (
    ADULT,
    CHIEF,
    CLINIC,
    DAY,
    ONLINE,
    WOMAN,
    by_name,
    codes,
    formula,
    found,
    having,
    line,
    rx,
    told,
)
from xinglin.care.prescribing import knowledge
from xinglin.care.prescribing.contraindications import normal_allergy
from xinglin.care.prescribing.doses import suggest
from xinglin.care.prescribing.forms import Current, Guardian, Patient, Policy, Setting
from xinglin.care.prescribing.supply import ways_of_supply
from xinglin.tables.catalogues import drugs, slices


@pytest.mark.rule("R3-054")
def test_a_drug_no_diagnosis_calls_for_is_warned_of() -> None:
    assert told(found(rx(line("格列美脲片"), diagnoses=("J06.900",))), "A1") == [("warn", (1,))]
    assert "A1" not in codes(found(rx(line("格列美脲片"), diagnoses=("E11.900",))))
    # The problem list counts, too.
    assert "A1" not in codes(found(rx(line("格列美脲片")), replace(ADULT, conditions=("E11.900",))))
    assert told(found(rx(line("连花清瘟胶囊"), diagnoses=("J06.900",))), "A1") == []
    assert told(found(rx(line("连花清瘟胶囊"))), "A1") == [("warn", (1,))]
    assert told(found(rx(line("氯化钠注射液"))), "A1") == [("note", (1,))]
    # A compound is called for by any of its parts; a more precise list outweighs the class.
    assert "A1" not in codes(found(rx(line("厄贝沙坦氢氯噻嗪片"))))
    assert "A1" not in codes(found(rx(line("达格列净片"), diagnoses=("I50.900",))))
    assert told(found(rx(line("非奈利酮片"), diagnoses=("I10.x00x002",))), "A1") == [("warn", (1,))]


def test_a_skin_test_is_noted_before_an_injection() -> None:
    one = {"diagnoses": ("J20.900",)}
    assert told(found(rx(line("阿莫西林胶囊"), **one)), "A2") == [("warn", (1,))]
    assert told(found(rx(line("注射用青霉素钠"), **one)), "A2") == [("block", (1,))]
    assert told(found(rx(line("注射用青霉素钠"), **one), setting=Setting("inpatient")), "A2") == [("warn", (1,))]
    assert told(found(rx(line("注射用青霉素钠", skin_test="negative"), **one)), "A2") == []
    assert told(found(rx(line("阿莫西林胶囊", skin_test="positive"), **one)), "A2") == [("block", (1,))]


def test_a_child_is_dosed_by_weight() -> None:
    syrup = by_name("布洛芬混悬液")
    child = Patient(born=date(2022, 11, 22), sex="male", weight_kg=Decimal(16))
    suggested = suggest(by_name("布洛芬片"), child, DAY)
    assert suggested is not None
    assert [str(one) for one in (suggested.low, suggested.high, suggested.day)] == ["80", "160", "640"]
    assert suggest(by_name("布洛芬片"), replace(child, weight_kg=None), DAY) is None
    assert suggest(by_name("布洛芬片"), replace(child, born=DAY - timedelta(days=100)), DAY) is None
    assert suggest(by_name("苯磺酸氨氯地平片"), child, DAY) is None
    adult = suggest(by_name("苯磺酸氨氯地平片"), ADULT, DAY)
    assert adult is not None
    assert (adult.low, adult.day) == (Decimal(5), Decimal(10))
    assert adult.frequency == "qd"
    fever = {"diagnoses": ("R50.900",)}
    right = line(syrup.name, dose=Decimal(160), unit="mg", frequency="tid")
    assert "A3" not in codes(found(rx(right, **fever), child))
    assert ("sign", (1,)) in told(found(rx(replace(right, dose=Decimal(200)), **fever), child), "A3")
    assert ("warn", (1,)) in told(found(rx(right, **fever), replace(child, weight_kg=None)), "A3")


def test_a_weekly_medicine_is_not_for_every_day() -> None:
    weekly = line("阿仑膦酸钠片", days=7)
    one = {"diagnoses": ("M81.900",)}
    assert weekly.frequency == "qw"
    assert "A3" not in codes(found(rx(weekly, **one), WOMAN))
    assert ("sign", (1,)) in told(found(rx(replace(weekly, frequency="qd"), **one), WOMAN), "A3")


def test_form_and_route_agree() -> None:
    assert told(found(rx(line("苯磺酸氨氯地平片", route="静脉注射"))), "A4") == [("block", (1,))]
    assert told(found(rx(line("呋塞米注射液", route="口服"))), "A4") == [("block", (1,))]
    assert told(found(rx(line("呋塞米注射液", route="肌内注射"))), "A4") == [("warn", (1,))]
    halved = line("奥美拉唑肠溶胶囊", dose=Decimal(10))
    assert told(found(rx(halved, diagnoses=("K29.500",))), "A4") == [("warn", (1,))]


def test_a_solvent_or_rate_that_does_not_suit_is_signed_for() -> None:
    glucose, salt = by_name("葡萄糖注射液").code, by_name("氯化钠注射液").code
    drip = line("注射用奥美拉唑钠", days=1, solvent=glucose)
    one = {"diagnoses": ("K25.900",)}
    assert told(found(rx(drip, **one)), "A8") == [("sign", (1,))]
    assert told(found(rx(replace(drip, solvent=salt), **one)), "A8") == []
    slow = line("注射用盐酸万古霉素", days=1, minutes=30)
    assert told(found(rx(slow, diagnoses=("J18.900",)), setting=Setting("inpatient")), "A8") == [("sign", (1,))]
    assert told(found(rx(replace(slow, minutes=60)), setting=Setting("inpatient")), "A8") == []


# -- combinations -----------------------------------------------------------------------------------------------------


def test_two_of_one_action_are_found_within_and_with_what_is_at_hand() -> None:
    pain = {"diagnoses": ("M54.500",)}
    both = rx(line("双氯芬酸钠缓释片"), line("布洛芬缓释胶囊"), **pain)
    assert told(found(both), "A5") == [("sign", (1, 2))]
    assert told(found(rx(line("布洛芬缓释胶囊"), **pain), having("双氯芬酸钠缓释片")), "A5") == [("sign", (1,))]
    # The same substance in a compound, and mixed into a patent medicine (E54).
    cold = rx(line("复方氨酚烷胺片"), line("感冒灵颗粒"), diagnoses=("J06.900",))
    assert ("sign", (1, 2)) in told(found(cold), "A5")
    sugar = rx(line("格列本脲片"), line("消渴丸"), diagnoses=("E11.900",))
    assert ("sign", (1, 2)) in told(found(sugar), "A5")
    # A drop for the eye is no double of a tablet; aspirin for the heart with clopidogrel is meant.
    assert told(found(rx(line("左氧氟沙星片", days=3), line("左氧氟沙星滴眼液"))), "A5") == []
    assert told(found(rx(line("阿司匹林肠溶片"), line("硫酸氢氯吡格雷片"), diagnoses=("I25.103",))), "A5") == []


def test_what_soon_ends_may_be_renewed() -> None:
    drug = by_name("苯磺酸氨氯地平片")
    for left, doubled in ((7, False), (8, True)):
        at_hand = replace(ADULT, current=(Current(code=drug.code, until=DAY + timedelta(days=left)),))
        assert ("A5" in codes(found(rx(line(drug.name)), at_hand))) is doubled


@pytest.mark.parametrize(
    ("one", "other", "weight"),
    [
        ("索磷布韦维帕他韦片", "瑞舒伐他汀钙片", "sign"),  # E50
        ("索磷布韦维帕他韦片", "达比加群酯胶囊", "sign"),
        ("氢溴酸西酞普兰片", "利奈唑胺片", "sign"),
        ("氢溴酸西酞普兰片", "盐酸司来吉兰片", "sign"),
        ("盐酸维拉帕米片", "磷酸丙吡胺片", "sign"),
        ("波生坦片", "格列本脲片", "sign"),
        ("硝酸甘油片", "枸橼酸西地那非片", "sign"),
        ("华法林钠片", "布洛芬缓释胶囊", "warn"),
        ("沙库巴曲缬沙坦钠片", "盐酸贝那普利片", "sign"),
        ("缬沙坦氢氯噻嗪片", "螺内酯片", "warn"),
        ("苯磺酸氨氯地平阿托伐他汀钙片", "克拉霉素片", "warn"),
        ("注射用美罗培南", "丙戊酸钠片", "sign"),
        ("华法林钠片", "银杏叶片", "warn"),
        ("硝苯地平片", "氯雷他定片", None),
    ],
)
def test_interactions_are_found_either_way_and_with_what_is_at_hand(one: str, other: str, weight: str | None) -> None:
    for first, second in ((one, other), (other, one)):
        weights = {w for w, lines in told(found(rx(line(first), line(second))), "A5") if lines == (1, 2)}
        assert (weight in weights) if weight else not weights
        at_hand = {w for w, lines in told(found(rx(line(first)), having(second)), "A5") if lines == (1,)}
        assert (weight in at_hand) if weight else not at_hand


def test_slices_interact_with_drugs_and_medicines_of_no_catalogue_do() -> None:
    danshen = formula("丹参", "白术")
    assert ("warn", (1,)) in told(found(danshen, having("华法林钠片")), "A5")
    foreign = replace(ADULT, current=(Current(name="warfarin", atc="B01AA03"),))
    assert ("warn", (1,)) in told(found(danshen, foreign), "A5")
    for name in ("Warfarin Sodium 5 MG Oral Tablet", "warfarin"):
        assert ("warn", (1,)) in told(found(danshen, replace(ADULT, current=(Current(name=name),))), "A5")
    assert told(found(danshen, replace(ADULT, current=(Current(name="Vitamin"),))), "A5") == []
    by_substance = replace(ADULT, current=(Current(substances=("华法林",)),))
    assert ("warn", (1,)) in told(found(danshen, by_substance), "A5")


def test_injections_that_must_not_meet() -> None:
    one = rx(line("注射用头孢曲松钠", days=1), line("葡萄糖酸钙注射液", days=1), diagnoses=("J18.900",))
    assert told(found(one, setting=Setting("inpatient")), "A6") == [("sign", (1, 2))]
    drunk = rx(line("注射用头孢曲松钠", days=1), line("葡萄糖酸钙口服溶液", days=1), diagnoses=("J18.900",))
    assert told(found(drunk, setting=Setting("inpatient")), "A6") == []


# -- contraindications ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allergy", "name", "weight"),
    [
        ("青霉素", "阿莫西林胶囊", "block"),
        ("青霉素类过敏", "注射用哌拉西林钠他唑巴坦钠", "block"),
        ("青霉素", "头孢呋辛酯片", "warn"),
        ("头孢菌素类", "头孢克肟胶囊", "block"),
        ("磺胺类", "复方磺胺甲噁唑片", "block"),
        ("磺胺类药物", "塞来昔布胶囊", "sign"),
        ("布洛芬", "布洛芬缓释胶囊", "block"),
        ("链霉素", "注射用硫酸链霉素", "block"),
        ("花粉", "阿莫西林胶囊", None),
        ("Penicillin V", "阿莫西林胶囊", "block"),
        ("Allergy to sulfonamide", "复方磺胺甲噁唑片", "block"),
        ("Mold", "阿莫西林胶囊", None),
    ],
)
def test_allergies(allergy: str, name: str, weight: str | None) -> None:
    findings = found(rx(line(name, skin_test="negative")), replace(ADULT, allergies=(allergy,)))
    said = [(w, lines) for w, lines in told(findings, "A7") if "过敏：" in "".join(f.text.zh for f in findings)]
    assert ((weight, (1,)) in said) if weight else not said
    assert normal_allergy(normal_allergy(allergy)) == normal_allergy(allergy)


@pytest.mark.parametrize(
    ("name", "patient", "weight"),
    [
        ("非那雄胺片", WOMAN, "block"),  # E02
        ("非那雄胺片", ADULT, None),
        ("保妇康栓", ADULT, "block"),  # E01
        ("小儿氨酚黄那敏颗粒", ADULT, "warn"),  # E05
        ("小儿氨酚黄那敏颗粒", replace(ADULT, born=date(2016, 1, 1)), None),
        ("左氧氟沙星片", replace(ADULT, born=date(2008, 11, 23)), "sign"),
        ("左氧氟沙星片", replace(ADULT, born=date(2008, 11, 22)), None),
        ("格列齐特片(Ⅱ)", replace(ADULT, conditions=("N18.900",)), "sign"),  # E51
        ("阿司匹林肠溶片", replace(ADULT, conditions=("J45.900",)), "sign"),
        ("克拉霉素片", replace(ADULT, conditions=("I45.800",)), "sign"),
        ("参麦注射液", replace(WOMAN, pregnant="yes"), "sign"),  # E52
        ("地诺孕素片", replace(WOMAN, pregnant="yes"), "sign"),
        ("盐酸二甲双胍片", replace(ADULT, renal="severe"), "sign"),
        ("盐酸普萘洛尔片", replace(ADULT, conditions=("J45.900",)), "sign"),
        ("马来酸噻吗洛尔滴眼液", replace(ADULT, conditions=("J45.900",)), "sign"),
        ("格列本脲片", replace(ADULT, born=date(1961, 11, 22)), "warn"),
        ("格列本脲片", replace(ADULT, born=date(1961, 11, 23)), None),
    ],
)
def test_whom_a_drug_is_not_for(name: str, patient: Patient, weight: str | None) -> None:
    weights = {w for w, _ in told(found(rx(line(name), diagnoses=("E11.900",)), patient), "A7")} - {"note"}
    assert (weight in weights) if weight else not weights


@pytest.mark.rule("RA-001")
def test_pregnancy_is_asked_about_then_judged() -> None:
    one = rx(line("缬沙坦胶囊"))
    asked = replace(WOMAN, pregnant="unknown")
    assert told(found(one, asked), "A7") == [("warn", (1,))]
    assert told(found(one, replace(asked, pregnant="no")), "A7") == []
    assert ("sign", (1,)) in told(found(one, replace(asked, pregnant="yes")), "A7")
    assert ("block", (1,)) in told(found(one, replace(asked, pregnant="yes"), setting=ONLINE), "A7")
    for years, is_asked in ((11, False), (12, True), (55, True), (56, False)):
        aged = replace(asked, born=DAY.replace(year=DAY.year - years))
        weights = told(found(formula("桃仁"), aged), "T4")
        assert bool(weights) is is_asked, years


# -- online -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R1-050", "R1-051")
def test_no_controlled_drug_is_prescribed_online() -> None:
    for drug in drugs():
        stopped = "CONTROLLED_DRUG_REQUEST" in codes(found(rx(line(drug.name)), setting=ONLINE), "block")
        assert stopped is (bool(drug.control) or drug.substance in {"麻黄碱", "麦角新碱"}), drug.name
        if drug.control:
            assert "CONTROLLED_DRUG_REQUEST" not in codes(found(rx(line(drug.name))))
    risky = Policy(banned_online=frozenset({by_name("华法林钠片").code}))
    assert "CONTROLLED_DRUG_REQUEST" in codes(found(rx(line("华法林钠片")), setting=ONLINE, policy=risky), "block")


# The 22 items of the published batch that stand in our catalogue under some strength (R1-051).
@pytest.mark.rule("R1-051")
@pytest.mark.parametrize(
    "substance",
    ["芬太尼", "舒芬太尼", "双氢可待因", "可待因", "吗啡", "美沙酮", "哌替啶", "羟考酮", "氢吗啡酮", "瑞芬太尼"],
)
def test_the_published_items_are_banned(substance: str) -> None:
    listed = [one for one in drugs() if one.substance == substance]
    assert listed
    for one in listed:
        findings = found(rx(line(one.name)), setting=ONLINE)
        assert ("R1-051", "block") in {(finding.rule, finding.weight) for finding in findings}


@pytest.mark.rule("R1-055")
def test_a_child_of_six_counts_as_a_young_child_online() -> None:
    there = Guardian(verified=True, present=True)
    with_guardian = replace(ONLINE, guardian=there, department="07")
    one = rx(line("蒙脱石散"), diagnoses=("A09.900",))
    for born, young in ((date(2019, 11, 23), True), (date(2019, 11, 22), False)):
        child = Patient(born=born, sex="male", weight_kg=Decimal(20))
        alone = codes(found(one, child, setting=replace(ONLINE, department="02")), "block")
        assert ("CHILD_NO_GUARDIAN" in alone) is young
        assert codes(found(one, child, setting=with_guardian), "block") == set()
    child = Patient(born=date(2021, 1, 1), sex="male", weight_kg=Decimal(20))
    absent = replace(with_guardian, guardian=replace(there, present=False))
    assert codes(found(one, child, setting=absent), "block") == {"CHILD_NO_GUARDIAN"}
    general = replace(CHIEF, departments=("02",))
    assert codes(found(one, child, setting=with_guardian, prescriber=general), "block") == {"CHILD_NO_PAEDIATRIC"}
    beside = replace(with_guardian, attending=("07.04",))
    assert codes(found(one, child, setting=beside, prescriber=general), "block") == set()
    assert codes(found(one, child, setting=CLINIC, prescriber=general), "block") == set()


# -- ways of supply ---------------------------------------------------------------------------------------------------

# R3-077 (4), with what stands for the other groups.
BANNED_IN_RETAIL = (
    "地高辛 丙吡胺 奎尼丁 哌唑嗪 普鲁卡因胺 普罗帕酮 胺碘酮 奎宁 氨茶碱 胆茶碱 异丙肾上腺素 苯妥英 卡马西平 拉莫三嗪 "
    "水合氯醛 达比加群 华法林 替格瑞洛 西洛他唑 扑米酮 碳酸锂 异氟烷 七氟烷 恩氟烷 地氟烷 秋水仙碱 米非司酮 环丙孕酮 "
    "卡前列甲酯 雌二醇 米索前列醇 地诺前列酮 法罗培南 夫西地酸 伏立康唑 利奈唑胺 奈诺沙星 泊沙康唑 头孢地尼 伊曲康唑 "
    "左奥硝唑 头孢泊肟"
).split()


@pytest.mark.rule("R3-077", "R3-078")
@pytest.mark.parametrize("substance", BANNED_IN_RETAIL)
def test_what_is_banned_in_online_retail_may_be_picked_up(substance: str) -> None:
    listed = [one for one in drugs() if one.name != "夫西地酸乳膏" and substance in one.substance.split("+")[0]]
    listed = [one for one in listed if "+" not in one.substance]
    assert listed
    for one in listed:
        ways = ways_of_supply(rx(line(one.name), line("氯雷他定片")))
        assert ways.whole == {"hospital-window", "hospital-delivery", "pharmacy-pickup"}, one.name
        assert "online-retail" in ways.lines[2]
        assert [(barred.line, barred.rule) for barred in ways.barred] == [(1, "R3-077")]


@pytest.mark.rule("R3-076", "R3-078")
def test_one_banned_line_bars_the_whole() -> None:
    assert len(ways_of_supply(rx(line("氯雷他定片"))).whole) == 4
    assert ways_of_supply(rx(line("氯雷他定片"), line("艾司唑仑片"))).whole == {"hospital-window"}
    assert ways_of_supply(rx(line("人血白蛋白"))).whole == {"hospital-window", "hospital-delivery"}
    assert "online-retail" in ways_of_supply(rx(line("甘精胰岛素注射液"))).whole
    assert "online-retail" not in ways_of_supply(rx(line("依诺肝素钠注射液"))).whole
    assert "online-retail" in ways_of_supply(rx(line("夫西地酸乳膏"))).whole
    assert ways_of_supply(formula("黄芪", "罂粟壳 3")).whole == {"hospital-window"}
    assert ways_of_supply(formula("黄芪", "斑蝥 0.03")).whole == {"hospital-window"}
    assert len(ways_of_supply(formula("黄芪")).whole) == 4
    assert ways_of_supply(rx()).whole == frozenset()


# -- the lists --------------------------------------------------------------------------------------------------------


def test_each_row_of_each_list_says_whence_it_comes() -> None:
    for file in sorted(knowledge.DATA.glob("*.csv")):
        rows = knowledge.table(file.stem)
        assert rows, file
        assert all(row.source and row.tag and row.since for row in rows), file
        if "zh" in rows[0].cells:
            assert all(row.text.zh and row.text.en and None not in row.cells for row in rows), file
    pairs = sum(len(row.words("a")) * len(row.words("b")) for row in knowledge.table("interactions"))
    assert pairs > 700


def test_a_row_holds_only_in_its_days() -> None:
    one = rx(line("硝酸甘油片"), line("枸橼酸西地那非片"))
    assert "A5" in codes(found(one))
    assert "A5" not in codes(found(one, day=date(2007, 4, 30)))


# Examples of the insurance's library that our catalogue does not hold.
ELSEWHERE = set(
    "灯盏花素注射液 丹参注射液 儿童清肺口服液 金振口服液 牛黄抱龙丸 波生坦分散片 玛巴洛沙韦干混悬剂 "
    "复方聚乙二醇(3350)电解质散 艾附暖宫丸 安宫止血颗粒 奥特康唑胶囊 阿帕他胺片 爱普列特片".split()
)


def test_every_word_of_the_lists_names_something() -> None:
    known = {token for one in drugs() for token in knowledge.tokens_of_drug(one.code)}
    known |= {token for one in slices() for token in knowledge.tokens_of_slice(one)}
    columns = ("tokens", "a", "b", "solvents", "patent", "slices", "slice")
    words = {
        word
        for file in knowledge.DATA.glob("*.csv")
        for row in knowledge.table(file.stem)
        for column in columns
        if column in row.cells
        for word in row.words(column)
        if not word.isascii() or (word[0] in "DZ" and word[1:].isdigit() and len(word) == 5)
    }
    assert words - known == ELSEWHERE
