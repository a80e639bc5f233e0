"""Slices: the pairs of the books with their counts, pregnancy, toxic slices, poppy husk, what insurance pays."""

from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest

from tests.care.prescribing.cases import ADULT, CLINIC, ONLINE, WOMAN, codes, formula, found, having, line, rx, told
from xinglin.care.prescribing.forms import SliceLine
from xinglin.care.prescribing.slices import footnote_of, unpaid
from xinglin.tables.catalogues import slices, tcm_slice

# A.1 and A.2, names as the rule library of the insurance reads them.
ACONITE = "川乌 生川乌 制川乌 草乌 生草乌 制草乌 附子 盐附子 附片 黑顺片 白附片 淡附片 泡附片 天雄 侧子".split()
AGAINST_ACONITE = (
    "白及 白蔹 半夏 生半夏 清半夏 姜半夏 法半夏 贝母 川贝母 浙贝母 平贝母 湖北贝母 土贝母 紫贝母 瓜蒌 瓜蒌皮 瓜蒌子 "
    "炒瓜蒌子 瓜蒌仁霜 天花粉"
).split()
AGAINST_LIQUORICE = "海藻 大戟 京大戟 醋京大戟 甘遂 生甘遂 醋甘遂".split()
AGAINST_VERATRUM = (
    "人参 人参片 园参 山参 野山参 移山参 生晒参 白人参 白干参 白糖参 糖参 红参 红参片 边条参 大力参 党参 党参片 "
    "米炒党参 太子参 明党参 玄参 元参 沙参 南沙参 北沙参 苦参 细辛 北细辛 辽细辛 华细辛 白芍 炒白芍 酒白芍 赤芍 "
    "炒赤芍 酒赤芍"
).split()
GINSENG = AGAINST_VERATRUM[:15]
FEARS = (
    ("硫黄 生硫黄 制硫黄", "朴硝 芒硝 皮硝 玄明粉 牙硝"),
    ("水银", "砒霜 白砒 红砒"),
    ("狼毒 生狼毒 醋狼毒", "密陀僧"),
    ("巴豆 生巴豆 巴豆霜", "牵牛子 牵牛 炒牵牛子 黑丑 白丑 二丑"),
    ("丁香 公丁香 母丁香", "郁金 川郁金 广郁金 温郁金 黄郁金 黑郁金 黄丝郁金 绿丝郁金 白丝郁金"),
    ("川乌 生川乌 制川乌 草乌 生草乌 制草乌 附子 天雄", "犀角 犀角片 广角 水牛角"),
    ("牙硝 玄明粉", "三棱 京三棱 醋三棱"),
    ("官桂 肉桂 桂枝", "赤石脂 煅赤石脂"),
    (" ".join(GINSENG), "五灵脂 醋灵脂 糖灵脂 灵脂 灵脂米 灵脂块"),
)
REVERSED = [
    (300, list(product(ACONITE, AGAINST_ACONITE))),
    (
        16,
        [
            *product(("甘草", "炙甘草"), AGAINST_LIQUORICE),
            ("甘草", "芫花"),
            ("炙甘草", "醋芫花"),
        ],
    ),
    (36, [("藜芦", one) for one in AGAINST_VERATRUM]),
    (200, [pair for left, right in FEARS for pair in product(left.split(), right.split())]),
]


@pytest.mark.rule("R3-090", "R3-091")
@pytest.mark.parametrize(("count", "pairs"), REVERSED, ids=["aconite", "liquorice", "veratrum", "fears"])
def test_every_pair_of_the_books_is_blocked_online_and_signed_elsewhere(
    count: int, pairs: list[tuple[str, str]]
) -> None:
    assert len(pairs) == count
    for one, other in pairs:
        either = formula(f"{one} 1", f"{other} 1", doses=1)
        assert ("block", (1, 2)) in told(found(either, setting=ONLINE), "E32"), (one, other)
        assert ("sign", (1, 2)) in told(found(either, setting=CLINIC), "E32"), (one, other)


@pytest.mark.rule("R3-091")
def test_the_pairs_follow_processed_names_and_not_names_alike() -> None:
    assert told(found(formula("炮附片", "姜半夏"), setting=ONLINE), "E32") == [("block", (1, 2))]
    assert told(found(formula("酒丹参", "藜芦 0.3"), setting=ONLINE), "E32") == [("block", (1, 2))]
    assert told(found(formula("白附子 3", "半夏 6"), setting=ONLINE), "E32") == []
    assert told(found(formula("白附片", "半夏 6"), setting=ONLINE), "E32") == [("block", (1, 2))]
    assert told(found(formula("黄芪", "党参"), setting=ONLINE), "E32") == []


def test_a_name_is_normalised_once_and_for_all() -> None:
    for one in slices():
        for name in (one.name, *one.aliases, f"炒{one.name}", f"酒{one.name}"):
            known = tcm_slice(name)
            assert tcm_slice(known.name) == known


def test_pairs_reach_into_patent_medicines_and_what_is_at_hand() -> None:
    assert ("sign", (1,)) in told(found(formula("法半夏 6"), having("附子理中丸")), "E32")
    both = rx(line("附子理中丸"), line("川贝枇杷糖浆"), diagnoses=("J20.900",))
    assert ("sign", (1, 2)) in told(found(both), "E32")


@pytest.mark.rule("RA-001", "R3-090")
def test_slices_in_pregnancy() -> None:
    pregnant = replace(WOMAN, pregnant="yes")
    for setting in (ONLINE, CLINIC):
        assert told(found(formula("莪术 6"), pregnant, setting=setting), "T4") == [("block", (1,))]
        assert told(found(formula("桃仁"), pregnant, setting=setting), "T4") == [("sign", (1,))]
        assert told(found(formula("皂荚 1"), pregnant, setting=setting), "T4") == [("sign", (1,))]
    assert told(found(formula("桃仁"), replace(WOMAN, pregnant="unknown")), "T4") == [("warn", (1,))]
    assert told(found(formula("桃仁"), ADULT), "T4") == []


@pytest.mark.rule("R3-090")
def test_more_than_the_pharmacopoeia_is_signed_twice() -> None:
    assert told(found(formula("细辛 3")), "T5") == []
    assert told(found(formula("细辛 3.1")), "T5") == [("sign", (1,))]


@pytest.mark.rule("R3-093")
def test_oversized_prescriptions_are_leads() -> None:
    names = [one.name for one in slices() if one.dose_high_g and one.dose_high_g >= 10 and not one.incompatible][:31]
    assert len(names) == 31
    assert "E33" not in codes(found(formula(*names[:30])))
    assert "E33" in codes(found(formula(*names)), "warn")
    assert told(found(formula("细辛 9")), "E34") == []
    assert told(found(formula("细辛 9.1")), "E34") == [("warn", (1,))]


@pytest.mark.rule("R3-054")
def test_disease_and_syndrome_are_both_needed() -> None:
    assert "T1" in codes(found(formula("党参", tcm_syndrome="")), "block")
    assert "T1" in codes(found(formula("党参", tcm_disease="")), "block")
    assert "T1" not in codes(found(formula("党参")))
    assert told(found(formula("无此药")), "T2") == [("block", (1,))]


# A.4; 生 where the law says so.
TOXIC = (
    "砒石 红砒 白砒 砒霜 水银 生马钱子 生川乌 生草乌 生白附子 生附子 生半夏 生南星 生巴豆 斑蝥 青娘虫 红娘虫 生甘遂 "
    "生狼毒 生藤黄 生千金子 生天仙子 闹羊花 雪上一枝蒿 红升丹 白降丹 蟾酥 洋金花 红粉 轻粉 雄黄"
).split()


@pytest.mark.rule("R1-053")
@pytest.mark.parametrize("name", TOXIC)
def test_the_toxic_medicines_of_law_are_banned_online(name: str) -> None:
    one = formula(f"{name} 0.001", doses=3)
    assert ("block", (1,)) in told(found(one, setting=ONLINE), "CONTROLLED_DRUG_REQUEST")
    assert "CONTROLLED_DRUG_REQUEST" not in codes(found(one))
    assert ("block", (1,)) in told(found(one), "T3")
    assert ("block", (1,)) not in told(found(replace(one, doses=2)), "T3")


@pytest.mark.rule("R1-053")
def test_processed_forms_are_outside_the_list() -> None:
    for name in ("制川乌", "法半夏", "马钱子", "附子", "醋甘遂"):
        assert "CONTROLLED_DRUG_REQUEST" not in codes(found(formula(f"{name} 0.1"), setting=ONLINE))


@pytest.mark.rule("R1-052")
def test_poppy_husk() -> None:
    sound = formula("罂粟壳 3", "甘草 3", doses=3, kind="narcotic")
    assert "T3" not in codes(found(sound))
    assert ("block", (1,)) in told(found(sound, setting=ONLINE), "CONTROLLED_DRUG_REQUEST")
    honey = formula("蜜罂粟壳 3", "甘草 3", doses=3, kind="narcotic")
    assert ("block", (1,)) in told(found(honey, setting=ONLINE), "CONTROLLED_DRUG_REQUEST")
    for wrong in (
        replace(sound, kind="tcm"),
        replace(sound, doses=4),
        replace(sound, lines=sound.lines[:1]),
        formula("罂粟壳 7", "甘草 3", doses=3, kind="narcotic"),
        formula("罂粟壳 2", "甘草 3", doses=3, kind="narcotic"),
    ):
        assert ("block", (1,)) in told(found(wrong), "T3")


@pytest.mark.rule("R3-094", "RA-002")
def test_what_insurance_pays_depends_on_the_whole() -> None:
    def given(*names: str) -> tuple[int, ...]:
        return unpaid(tuple(SliceLine(name, Decimal(10)) for name in names))

    assert given("黄芪", "大枣", "枸杞子") == (1, 2, 3)
    assert given("黄芪", "大枣", "枸杞子", "防风") == ()
    assert given("黄芪", "阿胶", "防风") == (2,)
    assert given("黄芪", "阿胶") == (1, 2)
    assert given("黄芪", "无此药", "防风") == (2,)
    assert given() == ()


def test_footnotes_are_known() -> None:
    assert [footnote_of(name) for name in ("附子", "薄荷", "车前子", "阿胶", "党参", "无此药")] == [
        *("先煎", "后下", "包煎", "烊化"),
        "",
        "",
    ]
