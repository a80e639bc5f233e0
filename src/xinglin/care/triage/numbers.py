"""Numbers in a complaint: how long, how old, how hot, and what was measured."""

import re
from dataclasses import dataclass
from typing import Final

_DIGITS: Final = {
    **{c: n for n, c in enumerate("零一二三四五六七八九")},
    "〇": 0,
    "两": 2,
    "俩": 2,
    "仨": 3,
}
NUMBER: Final = r"(?:\d+(?:\.\d+)?|[零一二三四五六七八九十两俩仨百]+)"
_UNITS: Final = {
    "分钟": 1 / 1440,
    "小时": 1 / 24,
    "个钟": 1 / 24,
    "钟头": 1 / 24,
    "天": 1,
    "日": 1,
    "夜": 1,
    "晚上": 1,
    "周": 7,
    "星期": 7,
    "礼拜": 7,
    "月": 30,
    "年": 365,
    "minutes": 1 / 1440,
    "hours": 1 / 24,
    "hour": 1 / 24,
    "days": 1,
    "day": 1,
    "weeks": 7,
    "week": 7,
    "months": 30,
    "month": 30,
    "years": 365,
    "year": 365,
}
_UNIT: Final = "|".join(sorted(_UNITS, key=len, reverse=True))
_SPAN: Final = re.compile(
    rf"(?P<before>孕|怀孕|怀着|怀了|产后第?|第|停经)?(?P<n>{NUMBER}|半|好几|几|数|大半|一整)(?P<more>来|多|几)?\s*个?(?P<half>半)?多?\s*"
    rf"(?P<unit>{_UNIT})(?P<half2>半)?(?P<after>多?前|大的?|的?(?:宝宝|婴|娃|孩|小孩|儿子|女儿|闺女)|岁| ?old)?"
)
_AGE: Final = re.compile(rf"(?P<n>{NUMBER})(?P<more>多|来|几)?\s*(?:周岁|岁)(?P<half>半)?")
_YOUNG: Final = re.compile(
    rf"(?:宝宝|娃|孩子|婴儿|小孩|出生|生下来|刚生|儿子|女儿|闺女|满)[才刚满已有了]*(?P<n>{NUMBER}|半)\s*个?(?P<unit>月|天|周)(?P<more>多|半)?"
)
_HEAT: Final = re.compile(
    r"(?P<n>3[4-9]|4[0-2])(?:[.点](?P<tenth>\d)|\s*度(?P<tenth2>[\d一二三四五六七八九])|\s*(?:度|℃|°c?|c\b))"
)
_HEAT_SAID: Final = re.compile(r"(?:烧到?|体温到?|温度)\D{0,3}(?P<n>3[4-9]|4[0-2])(?!\d|岁|天|周|个|年|年)")
_HEAT_WORDS: Final = re.compile(r"(?P<n>三十[四五六七八九]|四十[一二]?)度(?P<tenth>[一二三四五六七八九])?")
_PRESSURE: Final = re.compile(r"(?:血压|高压)\D{0,8}?(?P<high>\d{2,3})(?:\s*[/／]\s*(?P<low>\d{2,3}))?")
_PAIR: Final = re.compile(r"(?P<high>1\d\d|2\d\d|[6-9]\d)\s*[/／]\s*(?P<low>\d{2,3})(?!\d)")
_SUGAR: Final = re.compile(r"血糖\D{0,6}?(?P<n>\d{1,2}(?:\.\d+)?)(?!\d|年|天|个|岁|月|周)")
_OXYGEN: Final = re.compile(r"(?:血氧|氧饱和度)\D{0,6}?(?P<n>\d{2})(?!\d)")
_PULSE: Final = re.compile(r"(?:心率|心跳|脉搏)\D{0,6}?(?P<n>\d{2,3})(?!\d|年|天|个)")

FEVER: Final = 37.3
LOW: Final = 35.5
DAY: Final = 1.0
WEEKS: Final = 14
MONTHS: Final = 90


@dataclass(frozen=True, slots=True)
class Spans:
    """How long it has lasted, in days: the shortest and the longest that was said. past: whether one was ``… ago``."""

    shortest: float | None
    longest: float | None


def number(text: str) -> float:
    """Read a number, in figures or in Chinese: 两 2, 十二 12, 二十 20, 半 0.5."""
    if text in {"半", "大半"}:
        return 0.5
    if text in {"几", "数", "好几"}:
        return 3
    if text == "一整":
        return 1
    if text[0].isdigit():
        return float(text)
    total, digit = 0, 0
    for char in text:
        if char == "百":
            total += (digit or 1) * 100
            digit = 0
        elif char == "十":
            total += (digit or 1) * 10
            digit = 0
        else:
            digit = _DIGITS[char]
    return float(total + digit)


def spans(text: str) -> Spans:
    """Read how long a complaint has lasted; ages and weeks of pregnancy are none."""
    found = [length(match) for match in _SPAN.finditer(text) if _lasts(match)]
    return Spans(min(found, default=None), max(found, default=None))


def _lasts(match: re.Match[str]) -> bool:
    after = match["after"] or ""
    return not match["before"] and not after.startswith(("大", "的", "宝", "婴", "娃", "孩", "小", "岁", "old", " old"))


def length(match: re.Match[str]) -> float:
    """Give the days of a span."""
    amount = number(match["n"])
    if match["more"] == "来" or (match["more"] == "几" and match["n"] == "十"):
        amount += 1
    if match["half"] or match["half2"]:
        amount += 0.5
    return amount * _UNITS[match["unit"]]


def long_ago(clause: str) -> bool:
    """Tell whether a clause speaks of something at least a month ago (三年前)."""
    return any(match["after"] in {"前", "多前"} and length(match) >= _UNITS["月"] for match in _SPAN.finditer(clause))


def age_days(text: str) -> int | None:
    """Read an age, in days; None: none is said."""
    if match := _AGE.search(text):
        return int((number(match["n"]) + (0.5 if match["half"] else 0)) * 365)
    for match in _SPAN.finditer(text):
        after = match["after"] or ""
        if not match["before"] and after and not after.endswith("前") and match["unit"] in {"天", "日", "周", "月"}:
            return int(length(match))
    if match := _YOUNG.search(text):
        return int(number(match["n"]) * _UNITS[match["unit"]])
    return 14 if re.search(r"新生儿|月子娃|没满月|未满月|不满月|刚出生|newborn", text) else None


def temperatures(text: str) -> tuple[float, ...]:
    """Give the temperatures that are said, in °C."""
    found = [float(one["n"]) + _tenth(one["tenth"] or one["tenth2"] or "0") for one in _HEAT.finditer(text)]
    found += [float(one["n"]) for one in _HEAT_SAID.finditer(text)]
    found += [number(one["n"]) + _tenth(one["tenth"] or "0") for one in _HEAT_WORDS.finditer(text)]
    return tuple(found)


def _tenth(text: str) -> float:
    return number(text) / 10


def heat(text: str) -> frozenset[str]:
    """Give the facts of the temperatures."""
    found = temperatures(text)
    if not found:
        return frozenset()
    most = max(found)
    facts = {f"temp-{n}" for n in (38, 39, 40) if most >= n}
    return frozenset(facts | ({"fever"} if most >= FEVER else set()) | ({"low-temp"} if most < LOW else set()))


def measured(text: str) -> frozenset[str]:
    """Give the facts of pressure (mmHg), blood sugar (mmol/L), oxygen (%) and pulse (a minute)."""
    facts: set[str] = set()
    for one in (*_PRESSURE.finditer(text), *_PAIR.finditer(text)):
        facts |= _pressure(int(one["high"]), int(one["low"] or 0))
    for one in _SUGAR.finditer(text):
        value = float(one["n"])
        facts |= {"sugar-low"} if value < 3.9 else {"sugar-high"} if value >= 16.7 else set()
    facts |= {"spo2-low" for one in _OXYGEN.finditer(text) if int(one["n"]) < 94}
    for one in _PULSE.finditer(text):
        beats = int(one["n"])
        facts |= {"pulse-fast"} if beats >= 150 else {"pulse-slow"} if beats < 40 else set()
    return frozenset(facts)


def _pressure(high: int, low: int) -> set[str]:
    facts = {f"bp-{n}" for n in (160, 180, 200) if high >= n}
    if low >= 110:
        facts |= {"bp-160", "bp-180"}
    return facts | ({"bp-low"} if high < 90 and (low or high > 50) else set())
