"""Names: surnames by their shares in Henan, given names by sex and year of birth, of the Hui (回族) their own surnames.

Shares are approximate (general knowledge of the annual name reports of the Ministry of Public Security and of the
region's clans); the files in `data` hold them.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from xinglin.city.stream import Stream, Weighted

DATA: Final = resources.files("xinglin.city") / "data"
HAN: Final = "01"
HUI: Final = "03"
UYGUR: Final = "05"
# GB/T 3304 codes and their shares: about 2 % of Jiaozuo are of a minority, most of them Hui.
_ETHNIC: Final = Weighted(((HAN, 0.979), (HUI, 0.016), ("11", 0.002), ("02", 0.0015), ("08", 0.0010), (UYGUR, 0.0005)))
_HUI_SURNAMES: Final = Weighted(
    zip("马丁买拜闪白沙哈穆海张李王杨刘", (30, 12, 9, 8, 7, 6, 5, 4, 3, 3, 4, 3, 3, 2, 1), strict=True)
)
_UYGUR_GIVEN: Final = {
    "male": ("艾力", "买买提", "吐尔逊", "库尔班"),
    "female": ("阿依古丽", "古丽娜尔", "热依汗", "帕提古丽"),
}
_UYGUR_FAMILY: Final = ("买买提", "阿不都拉", "吐尔逊", "艾合买提")
LISTED: Final = 0.45  # design: so many bear one of the commonest names of their years, the others one put together


@dataclass(frozen=True, slots=True)
class Given:
    """Given names of one sex and time: the commonest whole, and characters to put others together."""

    names: tuple[str, ...]
    first: str
    second: str


def rows(file: str) -> Iterator[dict[str, str]]:
    """Read the rows of a file of `data`."""
    yield from csv.DictReader((DATA / file).read_text(encoding="utf-8").splitlines())


@cache
def surnames() -> Weighted[str]:
    """Give the 200 commonest surnames."""
    return Weighted((row["name"], float(row["weight"])) for row in rows("surnames.csv"))


@cache
def _given() -> dict[str, tuple[tuple[int, Given], ...]]:
    found: dict[str, list[tuple[int, Given]]] = {"male": [], "female": []}
    for row in rows("given_names.csv"):
        given = Given(tuple(row["names"].split()), row["first"], row["second"])
        found[row["sex"]].append((int(row["period"]), given))
    return {sex: tuple(sorted(of, key=lambda one: one[0], reverse=True)) for sex, of in found.items()}


def ethnic_group(stream: Stream) -> str:
    """Draw the ethnic group of a household (GB/T 3304)."""
    return _ETHNIC.draw(stream)


def surname(stream: Stream, ethnic: str = HAN) -> str:
    """Draw a family name."""
    if ethnic == HUI:
        return _HUI_SURNAMES.draw(stream)
    return stream.pick(_UYGUR_FAMILY) if ethnic == UYGUR else surnames().draw(stream)


def given_name(stream: Stream, sex: str, born: int, ethnic: str = HAN) -> str:
    """Draw a given name as it was usual in the year *born*."""
    if ethnic == UYGUR:
        return stream.pick(_UYGUR_GIVEN[sex])
    usual = next(given for since, given in _given()[sex] if born >= since)
    if stream.unit() < LISTED:
        return stream.pick(usual.names)
    return stream.pick(usual.first) + stream.pick(usual.second)


def whole(family: str, given: str, ethnic: str = HAN) -> str:
    """Write the whole name; names of Uygurs stand with the middle dot, own name first."""
    return f"{given}·{family}" if ethnic == UYGUR else family + given
