"""Words in free text that make data special: a list with its date and sources (R7-031).

A word raises, nothing lowers. What is denied of somebody's past ("否认精神病史") says nothing of a disease and does not
count; the result of a test does, whatever it is ("HIV阴性"): that somebody was tested is what few hands may know.
"""

import re
from dataclasses import dataclass
from typing import Final

from xinglin.fhir.sources import cites

VERSION: Final = "2026-11"


@dataclass(frozen=True, slots=True)
class Words:
    """Words of one special class, as clinicians write them; ASCII ones count whatever their case."""

    label: str
    words: tuple[str, ...]
    source: str


TABLE: Final = cites("R7-022", "R7-031")(
    (
        Words(
            "hiv",
            ("艾滋病", "获得性免疫缺陷", "人类免疫缺陷病毒", "HIV"),
            "艾滋病防治条例 第三十九条, 第五十六条; ICD-10 B20-B24, Z21",
        ),
        Words(
            "mental",
            (
                *("精神分裂", "双相情感障碍", "双相障碍", "躁狂发作", "抑郁发作", "抑郁症", "抑郁障碍", "偏执性精神病"),
                *("分裂情感性障碍", "精神发育迟滞", "癫痫所致精神障碍", "严重精神障碍"),
                *("schizophreni", "bipolar disorder", "major depressi"),
            ),
            "精神卫生法 第二十三条; 严重精神障碍管理治疗工作规范 (2018); ICD-10 F00-F99",
        ),
        Words(
            "std",
            (
                *("梅毒", "淋病", "尖锐湿疣", "生殖器疱疹", "生殖道沙眼衣原体", "软下疳"),
                *("syphilis", "gonorrh"),
            ),
            "性病防治管理办法 第二条; ICD-10 A50-A64",
        ),
        Words(
            "reproductive",
            (*("人工流产", "药物流产", "引产", "不孕症", "不育症", "试管婴儿", "体外受精", "人工授精", "辅助生殖"),),
            "人类辅助生殖技术管理办法; ICD-10 O00-O08, N46, N97, Z31",
        ),
        Words(
            "gene",
            (
                *("基因突变", "致病性变异", "外显子组", "全基因组测序", "基因检测报告", "染色体核型"),
                "ome sequencing",
            ),
            "人类遗传资源管理条例 第二条",
        ),
    )
)

# The text before a word, in its own clause, that denies it of the past.
_DENIED: Final = re.compile(r"(?:否认|无|没有|denies|no history of)[^，。；;.!！?？\n:：]{0,24}$", re.IGNORECASE)
_PAST: Final = re.compile(r"[^，。；;.!！?？\n]{0,24}?(?:病史|史|history)")
_LIST: Final = re.compile(r"(?:否认|denies|no history of)[^。；;.!！?？\n]{0,60}$", re.IGNORECASE)
_NEAR: Final = 64

_LABELS: Final = {word.lower(): row.label for row in TABLE for word in row.words}
_ANY: Final = re.compile(
    "|".join(re.escape(word) for word in sorted(_LABELS, key=lambda one: (-len(one), one))), re.IGNORECASE
)
# A look at the bytes first, as most texts hold none. English words are sought one by one without their first letter,
# which may be a capital; Chinese ones by one pattern over what is not ASCII, which is little: words stay whole there,
# and what only seems to be one is read afterwards.
_ENGLISH: Final = (b"HIV", *(word[1:].encode() for word in _LABELS if word.isascii() and word != "hiv"))
_CHINESE: Final = re.compile("|".join(word for word in _LABELS if not word.isascii()))
_ASCII: Final = bytes(range(128))


def suspect(tail: bytes) -> bool:
    """Tell quickly whether bytes of JSON may hold one of the words; escaped texts have to be read."""
    if any(map(tail.__contains__, _ENGLISH)):
        return True
    if b"\\u" in tail:
        return True
    rest = tail.translate(None, _ASCII)
    return bool(rest) and _CHINESE.search(rest.decode()) is not None


@cites("R7-031")
def classes(text: str) -> frozenset[str]:
    """Give the special classes that a text speaks of."""
    return frozenset(_LABELS[found[0].lower()] for found in _ANY.finditer(text) if not _is_denied(text, found))


def _is_denied(text: str, found: re.Match[str]) -> bool:
    before = text[max(0, found.start() - _NEAR) : found.start()]
    if _LIST.search(before) is not None:
        return True
    return _DENIED.search(before) is not None and _PAST.match(text, found.end(), found.end() + _NEAR) is not None
